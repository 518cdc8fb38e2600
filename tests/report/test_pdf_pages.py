"""How the PDF of a report fills its pages."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.plots.saving import DPI
from ecgscribe.report.blocks import Block, Page, Picture, Section, Table
from ecgscribe.report.build import report
from ecgscribe.report.pdf import pdf
from support.report_pages import recording_with_ectopy

fpdf = pytest.importorskip("fpdf", reason="fpdf2 is not installed")
PAGE_MM = 297.0 - 10.0 - 14.0  # between the margins


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many mm of each page but the last are full, of the PDFs that are made."""
    heights: list[float] = []
    add_page = fpdf.FPDF.add_page

    def recorded(document: Any, *args: Any, **settings: Any) -> None:
        if document.page_no():
            heights.append(document.get_y() - 10.0)
        add_page(document, *args, **settings)

    monkeypatch.setattr(fpdf.FPDF, "add_page", recorded)
    return heights


def picture_of(width: float, height: float, *, title: str = "") -> Picture:
    """A white picture of so many millimetres; a title makes it a strip."""
    from io import BytesIO

    from PIL import Image

    size = round(width / 25.4 * DPI), round(height / 25.4 * DPI)
    target = BytesIO()
    Image.new("L", size, 255).save(target, format="PNG")
    return Picture(target.getvalue(), "A white picture.", "White.", title=title)


def n_pages(*blocks: Block) -> int:
    section = Section("Hours", blocks)
    data = pdf(Page("Report", "of a test", "For tests.", (), (section,), ()))
    return data.count(b"/Type /Page\n")


def test_a_long_table_begins_where_the_one_before_it_ends() -> None:
    table = Table("Every hour", ("From", "Beats", "Mean"), (("0:00", "4,100", "68/min"),) * 26)
    assert n_pages(table) == 1
    assert n_pages(*[table] * 4) == 3  # 4 of 130 mm, on pages of 271 mm


def test_a_short_table_is_not_divided() -> None:
    long = Table("Every hour", ("From", "Beats", "Mean"), (("0:00", "4,100", "68/min"),) * 36)
    short = Table("By class", ("Class", "Beats", "Share"), (("N", "4,100", "100%"),) * 5)
    assert [n_pages(long), n_pages(long, short), n_pages(long, short, long)] == [1, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("gain", [1.0, 5.0])
def test_no_page_but_the_last_is_a_third_empty(
    gain: float, filled: list[float], tmp_path: Path
) -> None:
    record, annotation = recording_with_ectopy(600.0)
    record = dataclasses.replace(record, signal=(gain * record.signal).astype(np.float32))
    content = report(record, annotation, out=tmp_path / "made.pdf")
    assert len(filled) > 4
    assert min(filled) > 0.65 * PAGE_MM
    assert {strip["mm_per_mv"] for strip in content["strips"]} != {10.0} or gain == 1.0


def test_a_chart_shrinks_to_fit_on_the_rest_of_a_page_and_a_strip_does_not() -> None:
    low, strip, chart = (
        picture_of(180, 60, title="A strip"),
        picture_of(180, 70, title="A strip"),
        picture_of(180, 70),
    )
    assert [n_pages(low, low, strip), n_pages(low, low, chart)] == [2, 1]
    assert n_pages(strip, strip, chart) == 2  # too little is left for a chart that can be read


def test_a_strip_need_not_stay_with_the_text_before_it_but_a_chart_does(
    filled: list[float],
) -> None:
    low, strip = picture_of(180, 60, title="A strip"), picture_of(180, 70, title="A strip")
    chart = picture_of(180, 70)
    for last, begun in ((strip, True), (chart, False)):
        filled.clear()
        sections = Section("First", (low, low)), Section("Second", ("A text.", "A text.", last))
        pdf(Page("Report", "of a test", "For tests.", (), sections, ()))
        assert len(filled) == 1
        assert (filled[0] > 200) == begun


def test_a_row_higher_than_a_page_is_cut_into_several() -> None:
    names = ", ".join(f"lead {k}" for k in range(3000))
    assert n_pages(Table("Recording", ("", ""), (("Leads", names),))) > 2
    assert n_pages(Table("Recording", ("", ""), (("Lead", "x" * 20_000),))) > 2
    wide = Table("By lead", ("Lead", "a", "b", "c"), (("y" * 9000, "1", "2", "z" * 20_000),))
    assert n_pages(wide) > 2
