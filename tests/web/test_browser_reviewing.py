"""Adapting, comparing and deciding in a browser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.web.edits import EditFile
from web import test_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

from web.test_browser import counted, edits, free_port, opened, server, shows

page = test_browser.page
pytestmark = test_browser.pytestmark


def test_adapt_to_this_patient_and_take_it_back(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        before = counted(page, "V")
        page.click("#adapt")
        shows(page, "#message", "label some first")
        assert page.is_disabled("#unadapt")
        for k in range(6):
            page.keyboard.press("i")
            shows(page, "#message", f"{k} beats? labelled")
            page.keyboard.press("v")
            edits(page, k + 1)
        labelled = counted(page, "V")
        page.click("#adapt")
        edits(page, 7)
        shows(page, "#adapted", r"^adapted by 6 labels: \d+ beats? changed$")
        assert counted(page, "V") > labelled > before
        page.click("#unadapt")
        edits(page, 8)
        shows(page, "#adapted", "^$")
        assert counted(page, "V") == labelled
        page.keyboard.press("z")
        shows(page, "#adapted", "^adapted by 6")
        page.reload()
        page.wait_for_selector("#main:not([hidden])")
        shows(page, "#adapted", "^adapted by 6")


def test_two_reviewers_differ_and_a_third_decides(page: Page, folder: Path) -> None:
    port = free_port()
    with server(folder, port):
        opened(page, port)
        page.keyboard.press(".")
        page.keyboard.press("f")
        edits(page, 1)
        opened(page, port, reviewer="Joe")
        page.keyboard.press(".")
        page.keyboard.press("q")
        edits(page, 1)
        opened(page, port, reviewer="Ann")
        page.select_option("#first", "Jane")
        page.select_option("#second", "Joe")
        page.click("#compare")
        shows(
            page, "#agreement", r"^\d+ beats alike, 1 not\. Rhythm alike for 100\.00 % of the time"
        )
        shows(page, "#agreement", r" 0 of 1 disagreements decided by Ann\.$")
        shows(page, "#disagreements", "Jane F, Joe Q")
        page.focus("#strip")
        page.keyboard.press("d")
        shows(page, "#decide", r"Jane: F \(H\).*Joe: Q \(L\)")
        page.keyboard.press("h")
        edits(page, 1)
        shows(page, "#agreement", "1 of 1 disagreements decided")
        shows(page, "#disagreements", "^✓ F")
        assert (counted(page, "F"), counted(page, "Q")) == (1, 0)
    (edit,) = EditFile(folder / "made.hea.review.sqlite").edits("Ann")
    assert (edit.kind, edit.content["first"], edit.content["second"]) == (
        "adjudicate", "Jane", "Joe"
    )  # fmt: skip


def test_a_span_that_two_mark_differently_is_decided_by_keys(page: Page, folder: Path) -> None:
    edit_file = EditFile(folder / "made.hea.review.sqlite")
    edit_file.add("Jane", "span", {"begin": 5000, "end": 7500, "as": "AFIB"})
    edit_file.add("Joe", "span", {"begin": 20000, "end": 22500, "as": "unreadable"})
    port = free_port()
    with server(folder, port):
        opened(page, port, reviewer="Ann")
        page.click("#compare")
        shows(page, "#agreement", "Rhythm alike for 91.67 % .* readability for 91.67 %")
        page.focus("#strip")
        page.keyboard.press("d")
        shows(
            page, "#message", "^0:00:20.00 for 10.0 s Jane atrial fibrillation or flutter, Joe no"
        )
        shows(page, "#spoken", "^span 10000 ms")
        page.keyboard.press("h")
        edits(page, 1)
        shows(page, "#message", "^0:01:20.00 for 10.0 s Jane readable, Joe unreadable$")
        page.keyboard.press("l")
        edits(page, 2)
        shows(page, "#agreement", "2 of 2 disagreements decided")
        shows(page, "#message", "^No disagreement is left to decide.$")
        row = page.locator("#summary tr", has_text="atrial fibrillation").locator("td")
        assert row.inner_text() == "10 s"


def test_a_review_of_a_copy_is_chosen_by_the_name_of_its_file(page: Page, folder: Path) -> None:
    own = folder / "made.hea.review.sqlite"
    EditFile(own).add("Joe", "span", {"begin": 5000, "end": 7500, "as": "VT"})
    shutil.copy(own, folder / "made.hea.ward 3.review.sqlite")
    EditFile(own).undo("Joe")
    port = free_port()
    with server(folder, port):
        opened(page, port, reviewer="Ann")
        page.select_option("#first", "Joe")
        page.select_option("#second", "Joe (ward 3)")
        page.click("#compare")
        shows(page, "#disagreements", r"for 10\.0 s Joe no arr.*, Joe \(ward 3\) ventricular tachy")
        page.focus("#strip")
        page.keyboard.press("d")
        page.keyboard.press("l")
        edits(page, 1)
        shows(page, "#agreement", "1 of 1 disagreements decided by Ann")
        (folder / "made.hea.b.review.sqlite").write_text("no database")
        page.keyboard.press("z")
        edits(page, 0)
        shows(page, "#review-problems", r"^made\.hea\.b\.review\.sqlite: expected edits")
