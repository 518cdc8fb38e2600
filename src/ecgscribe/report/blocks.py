"""What a report's page is made of; HTML and PDF both render these."""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.plots.saving import DPI

__all__ = [
    "Block",
    "Box",
    "Bullets",
    "Cell",
    "Link",
    "Page",
    "Picture",
    "Section",
    "Table",
    "section_id",
]


_CHART_MM, _SQUARE_CHART_MM = 70.0, 100.0  # greatest height of a chart in print


@dataclass(frozen=True)
class Link:
    """Text that leads to another place of the page, or to another file.

    Parameters
    ----------
    text : str
    target : str
        `Section.id` or `Picture.id`; may be empty for a file.
    file : str
        URL of the file relative to the page; empty for the page itself.
    """

    text: str
    target: str = ""
    file: str = ""

    @property
    def href(self) -> str:
        """Where it leads to, as HTML writes it."""
        return f"{self.file}#{self.target}" if self.target else self.file


Cell = str | Link
"""Text of a table or of a sentence."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the first column names the row.

    Parameters
    ----------
    caption : str
    header : tuple of str
    rows : tuple of tuple of Cell
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def is_text(self, column: int) -> bool:
        """Return whether a column holds words rather than figures, and so is aligned left."""
        if column == 0 or len(self.header) == 2:
            return True
        cells = [row[column] for row in self.rows]
        return any(isinstance(cell, str) and cell[:1].isalpha() for cell in cells)


@dataclass(frozen=True)
class Bullets:
    """A list of sentences, each of parts that follow one another."""

    items: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A picture as PNG.

    Parameters
    ----------
    png : bytes
    alt : str
        What it shows, for readers who cannot see it.
    caption : str
    title : str
        Written above it, if not empty.
    id : str
        What a `Link` to it names, if not empty.
    back : Link, optional
        Written below it.
    whole_page : bool
        Whether it may fill a page.
    more : tuple of bytes
        Further rows of it, below, which may be on the next page.
    """

    png: bytes
    alt: str
    caption: str
    title: str = ""
    id: str = ""
    back: Link | None = None
    whole_page: bool = False
    more: tuple[bytes, ...] = ()

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height on paper."""
        return _size_mm(self.png)

    @property
    def rows(self) -> tuple[tuple[bytes, float, float], ...]:
        """Each row, with its width and height on paper."""
        return tuple((png, *_size_mm(png)) for png in (self.png, *self.more))

    @property
    def printed_mm(self) -> tuple[float, float]:
        """Width and height in print: of a chart at most so much that pages fill well.

        What has a title is to scale, or a page of its own, and stays as it is.
        """
        width, height = self.size_mm
        if self.title:
            return width, height
        highest = _SQUARE_CHART_MM if height > 0.8 * width else _CHART_MM
        factor = min(highest / height, 1.0)
        return factor * width, factor * height


def _size_mm(png: bytes) -> tuple[float, float]:
    width, height = (int.from_bytes(png[k : k + 4], "big") for k in (16, 20))
    return width / DPI * 25.4, height / DPI * 25.4


@dataclass(frozen=True)
class Box:
    """Empty room to write in by hand, so many millimetres high, with a title."""

    title: str
    height_mm: float


Block = str | Bullets | Table | Picture | Box
"""A paragraph, a list, a table, a picture or a box to write in."""


@dataclass(frozen=True)
class Section:
    """A part of the page: a title, and blocks in order."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def id(self) -> str:
        """What a `Link` to it names."""
        return section_id(self.title)


def section_id(title: str) -> str:
    """Return what a `Link` to the section of a title names."""
    return title.lower().replace(" ", "-")


@dataclass(frozen=True)
class Page:
    """All that is shown.

    Parameters
    ----------
    title, subtitle : str
    notice : str
        What the report is for; it must be on the first page.
    key_figures : tuple of (str, str)
        Name and value of each figure at the top of the page.
    sections : tuple of Section
    foot : tuple of str
    """

    title: str
    subtitle: str
    notice: str
    key_figures: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]
