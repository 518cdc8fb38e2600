"""What a report's page is made of; HTML and PDF both render these."""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.plots.saving import DPI

__all__ = ["Page", "Picture", "Section", "Table"]


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the first column names the row, the others are figures.

    Parameters
    ----------
    caption : str
    header : tuple of str
    rows : tuple of tuple of str
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
    """

    png: bytes
    alt: str
    caption: str
    title: str = ""

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height on paper."""
        width, height = (int.from_bytes(self.png[k : k + 4], "big") for k in (16, 20))
        return width / DPI * 25.4, height / DPI * 25.4


@dataclass(frozen=True)
class Section:
    """A part of the page: a title, and paragraphs, tables and pictures in order."""

    title: str
    blocks: tuple[str | Table | Picture, ...]


@dataclass(frozen=True)
class Page:
    """All that is shown.

    Parameters
    ----------
    title, subtitle : str
    key_figures : tuple of (str, str)
        Name and value of each figure at the top of the page.
    sections : tuple of Section
    foot : tuple of str
    """

    title: str
    subtitle: str
    key_figures: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]
