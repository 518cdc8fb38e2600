"""A strip of a report: a part of the recording on one row of paper or two."""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.report.paper_rows import Row

__all__ = ["USUAL_RATE", "Mark", "Strip"]


USUAL_RATE = "Normal beats at the mean heart rate"
"""Title of a strip."""


@dataclass(frozen=True)
class Mark:
    """An arrow from one time to another, with a text, such as the length of a pause."""

    begin: float
    end: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A part of the recording to show.

    Parameters
    ----------
    title : str
    section : str
        Title of the section that it belongs to.
    rows : tuple of Row
        What the paper shows.
    time : float
        Seconds at which what is shown begins.
    beats : range
        Positions of its beats in the beat series; empty if it shows none in particular.
    class_name : str or None
        AAMI class whose probability goes with it.
    compares : bool
        Whether its first beat is compared with its surroundings.
    rate : float or None
        Heart rate per minute of what it is named for, or the mean on the paper where that has
        none of its own; None where no rate is known.
    detail : str
        What is written first about it.
    marks : tuple of Mark
    """

    title: str
    section: str
    rows: tuple[Row, ...]
    time: float
    beats: range = range(0)
    class_name: str | None = None
    compares: bool = False
    rate: float | None = None
    detail: str = ""
    marks: tuple[Mark, ...] = ()

    def shows(self, seconds: float) -> bool:
        """Return whether a time is on the paper."""
        return any(begin <= seconds < end for begin, end in self.rows)
