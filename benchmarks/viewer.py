"""How smooth the viewer is: frame times in a browser while a long recording is zoomed and panned.

``python benchmarks/viewer.py RECORD [--browser /usr/bin/chromium]``

The recording is annotated first, if it is not yet. Then the page is opened anew, zoomed from all of
it to 2 s and back, and panned at each zoom, one step per frame. A frame without a step is not
counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np

PORT = 8659
# In the page: press keys, one per frame, and return the time from each frame to the next.
_MOVE = """async (keys) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const times = [];
  let last = await frame();
  for (const key of keys) {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times;
}"""
_PANS = 12


def keys() -> list[str]:
    """List the keys of one round: all of the recording, down to 2 s, and back."""
    pan = ["ArrowRight"] * _PANS + ["ArrowLeft"] * (_PANS // 2)
    zooms = 28  # by 1.5 each: a day to 2 s
    down = [key for _ in range(zooms) for key in ("+", *pan)]
    return ["w", *down, *(["-"] * zooms)]


def measure(record: Path, browser_path: str, rounds: int) -> str:
    """Return the frame times and the time to the first strip, as text."""
    from playwright.sync_api import sync_playwright

    address = f"http://127.0.0.1:{PORT}/"
    command = [sys.executable, "-m", "ecgscribe", "serve", str(record), "--port", str(PORT)]
    with subprocess.Popen([*command, "--quiet"]) as server, sync_playwright() as playwright:
        try:
            _wait_for(address)
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            for _ in range(2):  # the first time, it is annotated
                page.goto("about:blank")
                page.goto(address)
                page.wait_for_selector("#main:not([hidden])", timeout=600_000)
            page.locator("#scale", has_text="mm/s").wait_for()
            page.wait_for_timeout(300)
            first = page.evaluate("performance.getEntriesByName('ecgscribe shown')[0].startTime")
            beats = page.locator("#summary td").first.inner_text()
            times = np.concatenate([page.evaluate(_MOVE, keys()) for _ in range(rounds)])
            browser.close()
        finally:
            server.kill()
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    return (
        f"{beats} beats; first strip after {first:.0f} ms; {len(times)} frames: median {p50:.1f} "
        f"ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, longest {times.max():.1f} ms"
    )


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


def main() -> None:
    """Measure one recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    sys.stdout.write(measure(arguments.record, arguments.browser, arguments.rounds) + "\n")


if __name__ == "__main__":
    main()
