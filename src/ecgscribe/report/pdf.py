"""A report's page as PDF, by fpdf2: the same sections and the same text as the HTML."""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.formatting import utf8
from ecgscribe.report.blocks import Block, Box, Bullets, Cell, Link, Page, Picture, Section, Table

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["pdf"]


_FONT = "DejaVu"  # comes with matplotlib and covers the letters of most names
_MARGIN_MM = 10.0
_WIDTH_MM = 210.0 - 2 * _MARGIN_MM
_SOFT, _INK, _LINE, _ACCENT = (85, 96, 110), (28, 36, 48), (213, 219, 226), (0, 114, 178)
_BAND = (243, 246, 249)
_BOTTOM_MM = 14.0  # with the number of the page
_MOST_LETTERS = 100  # of a cell that widen its column; more would leave the others no room
_NARROW_MM = 12.0  # of a column that needs all of it
_MOST_LINES = 40  # of a row; more would not fit on a page
_TABLE_BEGINS_MM = 60.0  # of a table that stay together; a longer one repeats its header
_LEAST_FACTOR = 0.65  # by which a chart shrinks at most to fit on the rest of a page
_TEXTS_MM = 16.0  # title and caption of a picture


def pdf(page: Page) -> bytes:
    """Render the page.

    Parameters
    ----------
    page : Page

    Returns
    -------
    bytes
        A PDF of A4 pages; strips are to scale.
    """
    document = _document(page)
    links = _Links(document)
    _head(document, page)
    _contents(document, page, links)
    for section in page.sections:
        _section(document, section, links)
    _foot(document, page)
    logger = logging.getLogger("fpdf.output")
    level = logger.level
    logger.setLevel(logging.ERROR)  # else it warns of each letter that the font lacks
    try:
        return bytes(document.output())
    finally:
        logger.setLevel(level)


class _Links:
    """The links of a document; a place may be linked to before it is written."""

    def __init__(self, document: FPDF) -> None:
        self._document = document
        self._by_target: dict[str, int] = {}

    def to(self, target: str) -> int:
        """Return the link to a target."""
        if target not in self._by_target:
            self._by_target[target] = self._document.add_link()
        return self._by_target[target]

    def of(self, cell: Cell) -> int | None:
        """Return the link of a cell; None for plain text, and for another file."""
        return self.to(cell.target) if isinstance(cell, Link) and not cell.file else None

    def place(self, target: str) -> None:
        """Let the links to a target lead to where the document is now."""
        self._document.set_link(
            self.to(target), y=self._document.get_y(), page=self._document.page_no()
        )


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Link) else cell


def _document(page: Page) -> FPDF:
    from fpdf import FPDF
    from matplotlib import get_data_path

    class Numbered(FPDF):
        """Writes the number of each page below it."""

        def footer(self) -> None:
            self.set_y(-_MARGIN_MM)
            self.set_font(_FONT, size=7)
            self.set_text_color(*_SOFT)
            self.cell(0, 5, f"{page.title}, page {self.page_no()} of {{nb}}", align="C")

    document = Numbered(format="A4")
    fonts = Path(get_data_path()) / "fonts" / "ttf"
    document.add_font(_FONT, fname=fonts / "DejaVuSans.ttf")
    document.add_font(_FONT, "B", fname=fonts / "DejaVuSans-Bold.ttf")
    document.set_margin(_MARGIN_MM)
    document.c_margin = 0
    document.set_auto_page_break(True, margin=_BOTTOM_MM)
    document.set_title(utf8(page.title))
    document.set_lang("en")
    document.set_creator("ecgscribe")
    document.add_page()
    return document


def _write(document: FPDF, text: str, size: float, *, style: str = "", soft: bool = False) -> None:
    from fpdf.enums import XPos, YPos

    document.set_font(_FONT, style, size)
    document.set_text_color(*(_SOFT if soft else _INK))
    document.multi_cell(0, 0.5 * size, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _rule(document: FPDF, colour: tuple[int, int, int], width: float) -> None:
    document.set_draw_color(*colour)
    document.set_line_width(width)
    y = document.get_y() + 0.5
    document.line(_MARGIN_MM, y, _MARGIN_MM + _WIDTH_MM, y)
    document.set_y(y + 1.5)


def _head(document: FPDF, page: Page) -> None:
    _write(document, page.title, 17, style="B")
    _write(document, page.subtitle, 9, soft=True)
    _write(document, page.notice, 8, style="B")
    _rule(document, _ACCENT, 0.6)
    columns = 4
    width = (_WIDTH_MM - 2 * (columns - 1)) / columns
    top = document.get_y() + 1
    for k, (name, value) in enumerate(page.key_figures):
        x, y = _MARGIN_MM + k % columns * (width + 2), top + k // columns * 14
        document.set_fill_color(*_BAND)
        document.rect(x, y, width, 12, style="F")
        for text, size, style, colour, down in (
            (name, 7, "", _SOFT, 1.2),
            (value, 11, "B", _INK, 5.2),
        ):
            document.set_xy(x + 1.5, y + down)
            document.set_font(_FONT, style, size)
            document.set_text_color(*colour)
            document.cell(width - 3, 5, text)
    document.set_xy(_MARGIN_MM, top + -(-len(page.key_figures) // columns) * 14)


def _contents(document: FPDF, page: Page, links: _Links) -> None:
    document.ln(2)
    _write_parts(
        document,
        [part for section in page.sections for part in (Link(section.title, section.id), "   ")],
        links,
        8.5,
    )


def _write_parts(document: FPDF, parts: Sequence[Cell], links: _Links, size: float) -> None:
    """Write parts of a paragraph, links among them, in one flow."""
    document.set_font(_FONT, "", size)
    for part in parts:
        link = links.of(part)
        document.set_text_color(*(_INK if link is None else _ACCENT))
        document.write(0.5 * size, _text(part), link=link or "")
    document.ln(0.5 * size)


def _section(document: FPDF, section: Section, links: _Links) -> None:
    if document.will_page_break(16 + _beginning(section.blocks)):
        document.add_page()
    document.ln(4)
    links.place(section.id)
    _write(document, section.title, 12, style="B")
    _rule(document, _LINE, 0.2)
    for block in section.blocks:
        if isinstance(block, Table):
            _table(document, block, links)
        elif isinstance(block, Picture):
            _picture(document, block, links)
        elif isinstance(block, Box):
            _box(document, block)
        elif isinstance(block, Bullets):
            for item in block.items:
                _write_parts(document, ("\N{BULLET} ", *item), links, 9)
                document.ln(1)
        else:
            _write(document, block, 8.5)
            document.ln(1.5)


def _table(document: FPDF, table: Table, links: _Links) -> None:
    from fpdf.enums import Align, TableBordersLayout
    from fpdf.fonts import FontFace

    if document.will_page_break(min(_height(table), _TABLE_BEGINS_MM)):
        document.add_page()
    _write(document, table.caption, 7.5, soft=True)
    pairs = len(table.header) == 2
    document.set_fill_color(255, 255, 255)
    document.set_font(_FONT, size=7.5 if len(table.header) > 7 else 8.5)
    document.set_text_color(*_INK)
    document.set_draw_color(*_LINE)
    document.set_line_width(0.2)
    letters = [
        min(max(len(_text(row[k])) for row in (table.header, *table.rows)), _MOST_LETTERS) + 3
        for k in range(len(table.header))
    ]
    letter_mm = 1.7 if len(table.header) <= 7 else 1.5
    natural = [letter_mm * n for n in letters]
    columns = (0.3 * _WIDTH_MM, 0.7 * _WIDTH_MM) if pairs else _fitting(natural)
    width = min(sum(columns), _WIDTH_MM)
    em = document.font_size
    most = [max(int(_MOST_LINES * each / em), 1) for each in columns]
    with document.table(
        width=width,
        col_widths=columns,
        align=Align.L,
        text_align=["LEFT" if table.is_text(k) else "RIGHT" for k in range(len(table.header))],
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=_SOFT),
        line_height=4.6,
        padding=(0.3, 2, 0.3, 0),
    ) as drawn:
        for row in (table.header, *table.rows):
            for part in _row_parts(row, most):
                shown = drawn.row()
                for cell in part:
                    shown.cell(_text(cell), link=links.of(cell))
    document.ln(2)


def _fitting(widths: Sequence[float]) -> tuple[float, ...]:
    """Make columns fit on the page, in mm: only what is wide gives way."""
    excess = sum(widths) - _WIDTH_MM
    wide = [max(each - _NARROW_MM, 0) for each in widths]
    part = min(excess / sum(wide), 1) if excess > 0 else 0
    return tuple(each - part * more for each, more in zip(widths, wide, strict=True))


def _row_parts(row: Sequence[Cell], most: Sequence[int]) -> Iterator[Sequence[Cell]]:
    """Cut a row that may be higher than a page into several, given letters per cell at most."""
    cells = [
        textwrap.wrap(cell, letters) if isinstance(cell, str) and len(cell) > letters else [cell]
        for cell, letters in zip(row, most, strict=True)
    ]
    return zip_longest(*cells, fillvalue="")


def _beginning(blocks: Sequence[Block]) -> float:
    """Return how many mm of a section stay with its title: its texts and what they explain.

    A strip may follow them on the next page, as it cannot shrink.
    """
    height = 0.0
    for block in blocks:
        if isinstance(block, Table):
            return height + min(_height(block), _TABLE_BEGINS_MM)
        if isinstance(block, Picture) and block.title and height:
            return height
        height += _least_height(block)
        if not isinstance(block, str):
            break
    return height


def _height(block: Block) -> float:
    """Estimate how high a block is on paper, in mm."""
    if isinstance(block, Table):
        return 12.0 + 5.3 * (1 + len(block.rows))
    if isinstance(block, Picture):
        return _factor(block) * block.printed_mm[1] + _TEXTS_MM
    if isinstance(block, Box):
        return block.height_mm + 8.0
    if isinstance(block, Bullets):
        return 6.0 * len(block.items)
    return 12.0


def _factor(picture: Picture) -> float:
    """Make smaller what is wider than the page, or too high, as noise may be."""
    width, height = picture.printed_mm
    return min(_WIDTH_MM / width, (245.0 if picture.whole_page else 190.0) / height, 1.0)


def _least_height(block: Block) -> float:
    """Return how little of a page is enough for a block: what is to scale keeps its size."""
    if isinstance(block, Picture) and not block.title:
        return _LEAST_FACTOR * (_height(block) - _TEXTS_MM) + _TEXTS_MM
    return _height(block)


def _picture(document: FPDF, picture: Picture, links: _Links) -> None:
    width, height = picture.printed_mm
    factor = _factor(picture)
    if document.will_page_break(_least_height(picture)):
        document.add_page()
    elif document.will_page_break(_height(picture)):
        room = document.page_break_trigger - document.get_y() - _TEXTS_MM
        factor = room / height
    if picture.id:
        links.place(picture.id)
    if picture.title:
        _write(document, picture.title, 9, style="B")
    document.image(
        io.BytesIO(picture.png), w=factor * width, h=factor * height, alt_text=picture.alt
    )
    for png, wide, high in picture.rows[1:]:
        smaller = min(_WIDTH_MM / wide, 1.0)
        if document.will_page_break(smaller * high + 16.0):
            document.add_page()
        document.image(io.BytesIO(png), w=smaller * wide, h=smaller * high, alt_text=picture.alt)
    document.ln(0.5)
    back = () if picture.back is None else (" ", picture.back)
    _write_parts(document, (picture.caption, *back), links, 8)
    document.ln(3)


def _box(document: FPDF, box: Box) -> None:
    if document.will_page_break(_height(box)):
        document.add_page()
    _write(document, box.title, 7.5, soft=True)
    document.set_draw_color(*_SOFT)
    document.set_line_width(0.2)
    document.rect(_MARGIN_MM, document.get_y(), _WIDTH_MM, box.height_mm)
    document.set_y(document.get_y() + box.height_mm + 3)


def _foot(document: FPDF, page: Page) -> None:
    if document.will_page_break(10 + 8 * len(page.foot)):
        document.add_page()
    document.ln(4)
    _rule(document, _ACCENT, 0.6)
    for line in page.foot:
        _write(document, line, 7.5, soft=True)
