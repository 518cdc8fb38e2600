"""Measure the report of a day: time and memory of the command, size of the page, time to open it.

``python benchmarks/report_day.py --data-dir DIR [--hours 24] [--folder DIR] [--full]``

The day is made of the records of mitdb that are not paced, one after the other. The page is opened
in Chromium by Playwright, where both are installed.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ecgscribe import formats

FS, GAIN = 360, 200.0
PACED = ("102", "104", "107", "217")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
START = "22:16:32 01/01/2026"


def join_day(data: Path, target: Path, hours: float) -> None:
    """Write the records one after the other as WFDB in 16 bits, one record at a time."""
    names = sorted(path.stem for path in (data / "mitdb").glob("*.atr"))
    wanted = round(hours * 3600 * FS)
    written = 0
    with target.with_suffix(".dat").open("wb") as file:
        for name in itertools.cycle(name for name in names if name not in PACED):
            if written == wanted:
                break
            signal = formats.read(data / "mitdb" / name).signal[: wanted - written]
            counts = np.rint(np.nan_to_num(signal) * GAIN)
            file.write(np.clip(counts, -32767, 32767).astype("<i2").tobytes())
            written += len(signal)
    lines = [f"{target.name} 2 {FS} {written} {START}"]
    lines += [f"{target.name}.dat 16 {GAIN:g}/mV 16 0 0 0 0 {lead}" for lead in ("ECG1", "ECG2")]
    target.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def seconds_to_open(page: Path) -> float | None:
    """Return the seconds until a page and its pictures are shown; None without a browser."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None or find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        tab = browser.new_page()
        began = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="load")
        tab.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        seconds = time.perf_counter() - began
        browser.close()
    return seconds


def main() -> int:
    """Make the day, report on it, and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Measure the report of a day.")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder that holds mitdb")
    parser.add_argument("--hours", type=float, default=24.0, help="length (default: 24)")
    parser.add_argument("--folder", type=Path, help="where to keep the day and its page")
    parser.add_argument("--full", action="store_true", help="with the full disclosure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        day, page = folder / "day", folder / "day.html"
        join_day(options.data_dir, day, options.hours)
        command = [sys.executable, "-m", "ecgscribe", "report", str(day), "-o", str(page)]
        command += ["--force", "--quiet", *(["--full"] if options.full else [])]
        began = time.perf_counter()
        subprocess.run(command, check=True)
        wall = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        opened = seconds_to_open(page.resolve())
        hours = formats.open_record(day).duration / 3600
        shown = "" if opened is None else f"{opened:.2f}"
        sys.stdout.write(
            "| hours | wall s | CPU s | peak MB | page, MB | opened in s |\n"
            "| ---: | ---: | ---: | ---: | ---: | ---: |\n"
            f"| {hours:.1f} | {wall:.1f} | {used.ru_utime + used.ru_stime:.1f} | "
            f"{used.ru_maxrss / 1024:.0f} | {page.stat().st_size / 1e6:.2f} | {shown} |\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
