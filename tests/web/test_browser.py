"""The page in a browser: open, zoom, correct, undo, reload; by keys and by mouse."""

from __future__ import annotations

import dataclasses
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.web.edits import EditFile
from support.wfdb_files import save
from web.conftest import keep_strips

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


def test_a_template_selects_its_beats_and_is_relabelled_in_one_act(
    page: Page, folder: Path
) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.wait_for_selector("#templates button")
        before, normal = counted(page, "V"), counted(page, "N")
        template = page.locator("#templates button", has_text="N a · ")
        number = int(template.inner_text().split("·")[1])
        template.click()
        shows(page, "#selected", f"^{number} selected")
        shows(page, "#templates button[aria-pressed=true]", f"{number} selected")
        page.click("#relabel button[value=V]")
        edits(page, 1)
        assert (counted(page, "N"), counted(page, "V")) == (normal - number, before + number)
        shows(page, "#templates button[aria-pressed=true]", "^V a")
        page.click("#undo")
        edits(page, 0)
        assert (counted(page, "N"), counted(page, "V")) == (normal, before)
        page.keyboard.press("Escape")
        page.focus("#strip")
        page.keyboard.press(".")  # a beat that is selected on the strip shows where it belongs
        shows(page, "#templates button[aria-pressed=true]", "1 selected$")
        shows(page, "#spoken", r"template \w \w+$")


def test_all_pictures_follow_the_theme_of_the_screen(page: Page, folder: Path) -> None:
    port = free_port()
    corner = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data]"
    with server(folder, port):
        opened(page, port)
        page.wait_for_selector("#templates button")
        pictures = [page.locator(which).first for which in ("#templates canvas", "#page")]
        grounds: dict[Literal["dark", "light"], list[int]]
        grounds = {"dark": [21, 24, 27, 255], "light": [255, 255, 255, 255]}
        for theme, ground in grounds.items():
            page.emulate_media(color_scheme=theme)
            until = time.monotonic() + 20
            while [each.evaluate(corner) for each in pictures] != [ground] * len(pictures):
                assert time.monotonic() < until, [each.evaluate(corner) for each in pictures]
                time.sleep(0.1)


def test_every_event_is_counted_and_reached_by_keys(page: Page, folder: Path) -> None:
    events = 230
    keep_strips(folder, events)
    port = free_port()
    with server(folder, port):
        opened(page, port)
        shows(page, "#seen", f"strip: 0 of {events} seen")
        shows(page, "#events-shown", "^1 to 100 of")
        page.click("#events-after")
        shows(page, "#events-shown", "^101 to 200 of")
        page.locator("#events button").last.click()
        page.focus("#strip")
        page.keyboard.press("j")
        shows(page, "#events-shown", "^201 to ")
        shows(page, "#events button[aria-current=true]", "^strip")
        page.keyboard.press("e")
        shows(page, "#seen", f"strip: 1 of {events} seen")
        shows(page, "#events button[aria-current=true]", "^✓ strip")


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


def test_a_span_is_measured_marked_and_taken_back_in_place(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        box = page.locator("#strip").bounding_box()
        assert box is not None
        place = page.inner_text("#scale")
        page.keyboard.down("Shift")
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 800, box["y"] + 100, steps=3)
        page.mouse.up()
        page.keyboard.up("Shift")
        # 600 pixels at 25 mm/s
        shows(page, "#spoken", r"^span 63\d\d ms · 9/min · \d+ intervals, mean \d+ ms, \d+/min$")
        page.click("#spans button[value=AFIB]")
        edits(page, 1)
        row = page.locator("#summary tr", has_text="fibrillation").locator("td")
        assert row.inner_text() == "6 s"
        shows(page, "#findings li >> nth=0", "^Atrial fibrillation")
        shows(page, "#seen", "rhythm: 0 of 1 seen")
        assert page.inner_text("#scale") == place
        assert page.locator("#strip").bounding_box() == box  # it has not moved on the screen
        page.keyboard.press("z")
        edits(page, 0)
        assert page.locator("#summary tr", has_text="fibrillation").count() == 0


def test_names_of_spans_that_follow_at_once_do_not_overlap(page: Page, folder: Path) -> None:
    port = free_port()
    page.add_init_script(
        """window.drawn = [];
        const fill = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          window.drawn.push([text, x, y, this.measureText(text).width]);
          fill.call(this, text, x, y);
        };"""
    )
    names = ("ventricular tachycardia", "ventricular flutter or fibrillation")
    with server(folder, port):
        opened(page, port)
        box = page.locator("#strip").bounding_box()
        assert box is not None
        for k, (name, begin, end) in enumerate(zip(names, (100, 150), (150, 600), strict=True)):
            page.keyboard.down("Shift")
            page.mouse.move(box["x"] + begin, box["y"] + 100)
            page.mouse.down()
            page.mouse.move(box["x"] + end, box["y"] + 100, steps=3)
            page.mouse.up()
            page.keyboard.up("Shift")
            page.locator("#spans button", has_text=name).click()
            edits(page, k + 1)
        page.evaluate("window.drawn.length = 0")
        page.keyboard.press("g")  # draws the strip anew
        found: dict[str, list[float]] = {}
        for _ in range(100):  # the policy of the page lets no function be waited for
            found = {text: rest for text, *rest in page.evaluate("window.drawn") if text in names}
            if len(found) == len(names):
                break
            page.wait_for_timeout(100)
        (x, y, width), (next_x, next_y, _) = (found[name] for name in names)
        assert next_x < x + width
        assert next_y >= y + 12


def test_plots_and_times_are_reached_by_keyboard_alone(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.focus("#histogram")
        for _ in range(60):
            page.keyboard.press("ArrowLeft")
        shows(page, "#spoken", "^RR 0 to 40 ms: 0 intervals$")
        found = 0
        while found < 10:
            page.keyboard.press("ArrowRight")
            spoken = page.inner_text("#spoken")
            assert not spoken.startswith("RR 2360"), "no bin has intervals"
            found = int(spoken.split(": ")[1].split()[0])
        page.keyboard.press("Enter")
        shows(page, "#selected", f"^{found} selected")
        page.keyboard.press("q")
        edits(page, 1)
        assert counted(page, "Q") == found
        page.focus("#lorenz")
        page.keyboard.press("ArrowUp")
        shows(page, "#spoken", r"^RR 880 to 960 ms after 800 to 880 ms: \d+ intervals$")
        page.fill("#goto", "0:01:30")
        page.press("#goto", "Enter")
        shows(page, "#scale", "0:01:25")  # 10 s around it


def test_the_table_of_beats_is_beside_the_strip_and_selects(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        strip, table = (page.locator(each).bounding_box() for each in ("#strip", "#beats"))
        assert strip is not None
        assert table is not None
        assert strip["x"] + strip["width"] <= table["x"]
        assert strip["y"] <= table["y"] < strip["y"] + strip["height"]
        rows = page.locator("#beats tbody tr")
        shows(page, "#in-strip", f"^0:00:00 to 0:00:09: {rows.count()} beats")
        rows.nth(2).locator("button").focus()
        page.keyboard.press("Enter")
        shows(page, "#selected", "^1 selected")
        shows(page, "#beats button[aria-pressed=true]", rows.nth(2).locator("button").inner_text())
        assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
        page.keyboard.press("f")
        edits(page, 1)
        shows(page, "#beats tbody tr >> nth=2", "F.*edited$")
        page.set_viewport_size({"width": 768, "height": 1024})
        shows(page, "#scale", r" 8\.1 s$")
        strip, table = (page.locator(each).bounding_box() for each in ("#strip", "#beats"))
        assert strip is not None
        assert table is not None
        assert strip["y"] + strip["height"] <= table["y"] <= strip["y"] + strip["height"] + 120
        page.keyboard.press("c")
        assert page.is_hidden("#beats")
        page.reload()
        page.wait_for_selector("#main:not([hidden])")
        assert page.is_hidden("#beats")


def test_what_keys_do_is_done_by_buttons_for_a_finger(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.click("#zoom-in")
        shows(page, "#scale", "^37.5 mm/s")
        page.click("#zoom-out")
        shows(page, "#scale", "^25 mm/s")
        page.click("#keep")
        shows(page, "#seen", "strip: 0 of 1 seen")
        page.wait_for_selector("#keep[aria-pressed=true]")
        page.click("#event-seen")
        shows(page, "#message", "^Choose an event first")
        page.locator("#events button").first.click()
        page.click("#event-seen")
        shows(page, "#seen", "strip: 1 of 1 seen")
        page.click("#span")
        box = page.locator("#strip").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 389, box["y"] + 100, steps=3)
        page.mouse.up()
        shows(page, "#spoken", "^span 2000 ms")
        shows(page, "#mark", "Mark the span as")


def test_two_fingers_zoom_and_move_the_strip_and_add_no_beat(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.keyboard.press("PageDown")
        shows(page, "#scale", "^25 mm/s .* 0:00:09 ")
        box = page.locator("#strip").bounding_box()
        assert box is not None
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, *at: float) -> None:
            points = [
                {"x": box["x"] + x, "y": box["y"] + 100, "id": finger}
                for finger, x in enumerate(at)
            ]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 300)
        touch("touchStart", 300, 400)
        touch("touchMove", 300, 450)
        touch("touchMove", 250, 450)
        shows(page, "#scale", "^50 mm/s")
        touch("touchMove", 250, 350)
        shows(page, "#scale", "^25 mm/s")
        touch("touchMove", 100, 200)
        # What was under the middle of the fingers, at 350 pixels, still is, at 150: 2.1 s further.
        shows(page, "#scale", "^25 mm/s .* 0:00:12 ")
        touch("touchEnd", 100)
        touch("touchMove", 300)
        touch("touchEnd")
        shows(page, "#scale", "^25 mm/s .* 0:00:12 ")
        touch("touchStart", 300)
        touch("touchMove", 200)
        touch("touchEnd")
        shows(page, "#scale", "^25 mm/s .* 0:00:13 ")
        edits(page, 0)


def test_a_wave_that_leaves_the_paper_is_marked(page: Page, folder: Path) -> None:
    header = folder / "made.hea"
    header.write_text(re.sub(r"(?<= )[\d.]+(?=(\(-?\d+\))?/mV)", "300", header.read_text()))
    count = """(top) => { const canvas = document.querySelector("#strip");
        const { data } = canvas.getContext("2d").getImageData(0, top, canvas.width, 6);
        let n = 0;
        for (let k = 0; k < data.length; k += 4) n += data[k] < 40 && data[k + 2] > 150;
        return n; }"""
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.click("#gains button[value='5']")
        shows(page, "#scale", "5 mm/mV")
        assert page.evaluate(count, 46) == 0
        page.click("#gains button[value='20']")
        shows(page, "#scale", "20 mm/mV")
        assert page.evaluate(count, 46) > 100


def test_the_day_and_the_page_are_sliders_for_the_keyboard(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.fill("#goto", "0:00:30")
        page.press("#goto", "Enter")
        shows(page, "#scale", "0:00:25")
        page.wait_for_timeout(600)
        page.press("#day", "ArrowRight")
        shows(page, "#scale", "0:00:26")
        shows(page, "#in-strip", "^0:00:26 to 0:00:36: ")
        spoken = page.get_attribute("#day", "aria-valuetext") or ""
        assert re.match(r"0:00:31, \d+ beats per minute$", spoken)
        page.wait_for_timeout(600)
        page.press("#page", "ArrowDown")
        shows(page, "#scale", "0:01:26")
        unnamed = page.evaluate(
            """[...document.querySelectorAll("button, select, input, canvas[tabindex], table")]
            .filter((each) => !(each.ariaLabel || each.getAttribute("aria-labelledby")
              || each.caption || each.labels?.length || each.textContent.trim()))
            .map((each) => each.id)"""
        )
        assert unnamed == []


def test_the_strip_stays_on_the_screen_where_it_leaves_room(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        for height, is_pinned in ((800, True), (450, False)):
            page.set_viewport_size({"width": 1280, "height": height})
            page.wait_for_timeout(300)
            page.locator("#page").scroll_into_view_if_needed()
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            box = page.locator("#strip").bounding_box()
            assert box is not None
            assert (box["y"] == 0) is is_pinned
        page.evaluate("scrollTo(0, 0)")
        page.press("#strip", "End")
        shows(page, "#scale", "0:01:50")
        assert page.evaluate("scrollY") == 0
        page.press("#rows", "End")  # elsewhere it scrolls, as in any page
        page.wait_for_timeout(1000)
        assert page.evaluate("scrollY") > 0


def test_the_time_of_day_and_the_length_of_the_strip_are_stated(page: Page, folder: Path) -> None:
    record = synthesize(duration=1800.0, seed=1, name="long", fs=128.0)[0]
    for path in folder.glob("made*"):
        path.unlink()
    save(dataclasses.replace(record, start=datetime(2026, 1, 1, 23, 46, 32)), folder)
    port = free_port()
    with server(folder, port):
        opened(page, port)
        shows(page, "#scale", " · 23:46:32 · 10.0 s$")
        page.keyboard.press("w")
        shows(page, "#scale", r" · 23:46:32 · 30\.0 min$")
        shows(page, "#in-strip", r"^23:46:32 to 0:16:32: \d{4} beats.*; the first 200 are listed$")
