"""The page in a browser: open, zoom, correct, undo, reload; by keys and by mouse."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ecgscribe.web.edits import EditFile

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no browser found: apt-get install chromium"),
]


@contextmanager
def server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "ecgscribe", "serve", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield run
        finally:
            run.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def page() -> Iterator[Page]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install '.[dev]'"
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.extend(_foreign(request.url)))
        yield page
        browser.close()
    assert not problems


def _foreign(url: str) -> list[str]:
    return [] if url.startswith(("http://127.0.0.1:", "data:")) else [url]


def opened(page: Page, port: int, reviewer: str = "Jane") -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector("#main:not([hidden])", timeout=60_000)
    shows(page, "#scale", "mm/s")
    page.wait_for_selector("#histogram[data-beats]")  # the last that is drawn
    page.fill("#reviewer", reviewer)
    page.press("#reviewer", "Tab")
    page.focus("#strip")


def edits(page: Page, number: int) -> None:
    text = f"{number} edit" + "s" * (number != 1)
    shows(page, "#edits", f"^{text}$")


def shows(page: Page, selector: str, pattern: str) -> None:
    """Wait until the text of an element matches; the policy of the page lets no script be sent."""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_text(re.compile(pattern), timeout=20_000)


def counted(page: Page, letter: str) -> int:
    row = page.locator("#summary tr", has_text=re.compile(rf"^{letter} ")).first
    return int(row.locator("td").inner_text())


def test_correct_undo_and_reload(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        before = counted(page, "V")
        page.keyboard.press(".")
        assert "ms" in page.inner_text("#spoken")
        page.keyboard.press("f")
        edits(page, 1)
        assert counted(page, "F") == 1
        page.keyboard.press("z")
        edits(page, 0)
        assert (counted(page, "V"), counted(page, "F")) == (before, 0)
        page.keyboard.press("y")
        edits(page, 1)
        place = page.inner_text("#scale")
        page.reload()
        page.wait_for_selector("#main:not([hidden])")
        edits(page, 1)
        assert page.inner_text("#scale") == place


def test_scales_are_true_and_kept_when_the_window_is_resized(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        per_mm = 96 / 25.4
        for key, speed in (("1", 12.5), ("2", 25.0), ("3", 50.0)):
            page.keyboard.press(key)
            shows(page, "#scale", f"^{speed:g} mm/s")
            shown = page.inner_text("#scale")
            width = page.evaluate("document.querySelector('#strip').clientWidth")
            seconds = float(shown.split(" · ")[3].split()[0])
            assert seconds == pytest.approx(width / per_mm / speed, abs=0.06)
        page.set_viewport_size({"width": 820, "height": 900})
        shows(page, "#scale", r"^50 mm/s · 10 mm/mV .* 4\.3 s$")
        page.keyboard.press("w")
        shows(page, "#scale", "120 s$")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_click_on_a_mark_selects_and_elsewhere_adds(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.keyboard.press("3")
        samples = page.evaluate(
            "async () => { const [r] = await (await fetch('/api/recordings')).json();"
            "return (await (await fetch(`/api/recordings/${r.key}/beats`)).json()).sample }"
        )
        per_second = 50 * 96 / 25.4
        at = next(s for s in samples if s > 125) / 250 * per_second
        page.click("#strip", position={"x": at, "y": 100})
        shows(page, "#selected", "^1 selected")
        page.keyboard.press("x")
        edits(page, 1)
        page.keyboard.press("Escape")
        page.click("#strip", position={"x": at + 9, "y": 100})
        edits(page, 2)
        kept = EditFile(folder / "made.hea.review.sqlite").edits("Jane")
        assert [edit.kind for edit in kept] == ["delete", "add"]
        assert abs(kept[1].content["sample"] - kept[0].content["samples"][0]) <= 3


def test_a_selection_on_the_histogram_is_relabelled_in_one_act(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.evaluate("document.querySelector('#lorenz').scrollIntoView()")
        box = page.locator("#lorenz").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 2, box["y"] + 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 250, box["y"] + 250)
        page.mouse.up()
        shows(page, "#selected", r"^\d\d+ selected")
        number = int(page.inner_text("#selected").split()[0])
        page.keyboard.press("q")
        edits(page, 1)
        assert counted(page, "Q") == number


def test_the_server_dies_in_the_middle_and_nothing_is_lost(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port) as run:
        opened(page, port)
        page.keyboard.press(".")
        page.keyboard.press("f")
        edits(page, 1)
        run.kill()
        run.wait()
        page.keyboard.press("v")
        shows(page, "#message", ".")
    with server(folder, port):
        page.reload()
        page.wait_for_selector("#main:not([hidden])")
        edits(page, 1)
        assert counted(page, "F") == 1


def test_an_edit_needs_a_name(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port, reviewer="")
        page.keyboard.press(".")
        page.keyboard.press("v")
        shows(page, "#message", "name")
        assert page.evaluate("document.activeElement.id") == "reviewer"
