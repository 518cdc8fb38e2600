"""How the PDF of a report fills its pages."""

from __future__ import annotations

import pytest

from ecgscribe.report.blocks import Block, Page, Section, Table
from ecgscribe.report.pdf import pdf

pytest.importorskip("fpdf", reason="fpdf2 is not installed")


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


def test_a_row_higher_than_a_page_is_cut_into_several() -> None:
    names = ", ".join(f"lead {k}" for k in range(3000))
    assert n_pages(Table("Recording", ("", ""), (("Leads", names),))) > 2
    assert n_pages(Table("Recording", ("", ""), (("Lead", "x" * 20_000),))) > 2
    wide = Table("By lead", ("Lead", "a", "b", "c"), (("y" * 9000, "1", "2", "z" * 20_000),))
    assert n_pages(wide) > 2
