"""The page as a browser shows it: on a phone and on a desk, light and dark, by keyboard."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ecgscribe.plots.saving import DPI
from ecgscribe.report.build import report
from support.report_pages import recording_with_ectopy

pytestmark = pytest.mark.slow

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const lowest = {ratio: 99, text: ""};
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!own.length) continue;
    const a = luminance(numbers(getComputedStyle(element).color));
    const b = luminance(background(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < lowest.ratio) Object.assign(lowest, {ratio, text: own[0].data});
  }
  return lowest;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        shown = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report of three hours, with a long table of hours and every appendix."""
    record, reference = recording_with_ectopy(3 * 3600.0)
    record = dataclasses.replace(record, start=datetime(2026, 3, 1, 21, 0))
    path = tmp_path_factory.mktemp("page") / "made.html"
    report(record, reference, out=path, full=True, comments=True, pause_s=1.0)
    return path


def opened(browser: Any, page_file: Path, width: int, scheme: str = "light") -> Any:
    view = {"width": width, "height": 800}
    tab = browser.new_context(viewport=view, color_scheme=scheme).new_page()
    tab.goto(page_file.as_uri())
    return tab


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window_and_every_picture_is_shown(
    browser: Any, page_file: Path, width: int
) -> None:
    tab = opened(browser, page_file, width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    pictures = tab.evaluate("[...document.images].map((i) => [i.naturalWidth, i.alt.length])")
    assert len(pictures) > 10
    assert all(shown > 0 and alt > 30 for shown, alt in pictures)
    broken = """[...document.querySelectorAll("a")].map((a) => a.getAttribute("href"))
        .filter((href) => !document.getElementById(href.slice(1)))"""
    assert tab.evaluate(broken) == []


def test_every_column_is_reached_by_keyboard_and_its_row_stays_named(
    browser: Any, page_file: Path
) -> None:
    tab = opened(browser, page_file, 390)
    scrolled = 0
    for region in tab.query_selector_all("div.scroll"):
        if region.evaluate("(d) => d.scrollWidth <= d.clientWidth"):
            continue
        scrolled += 1
        region.focus()
        for _ in range(30):
            tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(400)
        left, right, name = region.evaluate(
            """(d) => {
              const edge = d.getBoundingClientRect();
              const last = d.querySelector("thead th:last-child").getBoundingClientRect();
              const name = d.querySelector("tbody th").getBoundingClientRect();
              return [edge.left, edge.right - last.right, name.left];
            }"""
        )
        assert right > -2
        assert name == pytest.approx(left, abs=1)
    assert scrolled > 0


def test_the_headings_of_a_long_table_stay(browser: Any, page_file: Path) -> None:
    tab = opened(browser, page_file, 390)
    moved = tab.evaluate(
        """() => [...document.querySelectorAll("div.scroll")]
          .filter((d) => d.scrollHeight > d.clientHeight + 100)
          .map((d) => {
            d.scrollTop = 100000;
            const head = d.querySelector("thead th").getBoundingClientRect().top;
            return head - d.getBoundingClientRect().top;
          })"""
    )
    assert len(moved) > 0
    assert moved == pytest.approx([0.0] * len(moved), abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_of_every_text_is_at_least_4_5(
    browser: Any, page_file: Path, scheme: str
) -> None:
    lowest = opened(browser, page_file, 1280, scheme).evaluate(CONTRAST)
    assert lowest["ratio"] >= 4.5, lowest


def test_a_print_has_no_heading_alone_and_shows_whole_tables(browser: Any, page_file: Path) -> None:
    tab = opened(browser, page_file, 1280)
    tab.emulate_media(media="print")
    assert tab.evaluate(
        """[...document.querySelectorAll("div.scroll, div.paper")]
          .every((d) => getComputedStyle(d).overflow === "visible")"""
    )
    assert tab.evaluate(
        """[...document.querySelectorAll("h2, h3, caption")]
          .every((d) => getComputedStyle(d).breakAfter === "avoid")"""
    )
    assert tab.evaluate(
        """[...document.querySelectorAll("main p")]
          .every((d) => getComputedStyle(d).breakInside === "avoid")"""
    )
    alone, begun = tab.evaluate(
        """() => {
          const main = document.querySelector("main");
          main.insertAdjacentHTML("beforeend", "<section><h2>A</h2><p>B</p></section>");
          main.insertAdjacentHTML("beforeend", "<section><h2>A</h2><p>B</p><p>C</p></section>");
          return [...main.querySelectorAll("h2 + p")].slice(-2)
            .map((p) => getComputedStyle(p).breakAfter);
        }"""
    )
    # Else several short sections would all move to the next page, with the picture after them.
    assert (alone, begun) == ("auto", "avoid")
    assert tab.pdf().startswith(b"%PDF")


def test_print_makes_charts_smaller_and_keeps_strips_to_scale(
    browser: Any, page_file: Path
) -> None:
    tab = opened(browser, page_file, 1280)
    tab.emulate_media(media="print")
    pictures = tab.evaluate(
        """[...document.querySelectorAll("figure:not(.page)")].map((f) => {
          const image = f.querySelector("img");
          const shown = image.getBoundingClientRect();
          return [f.id !== "", image.naturalWidth, image.naturalHeight,
                  shown.width / 96 * 25.4, shown.height / 96 * 25.4];
        })"""
    )
    charts = [height for is_strip, *_, height in pictures if not is_strip]
    assert len(charts) > 5
    assert max(charts) <= 101
    assert sum(height > 71 for height in charts) == 1  # the Lorenz plot, which is square
    strips = [
        (natural / DPI * 25.4, width) for is_strip, natural, _, width, _ in pictures if is_strip
    ]
    assert len(strips) > 5
    assert all(width == pytest.approx(natural, abs=0.2) for natural, width in strips)
