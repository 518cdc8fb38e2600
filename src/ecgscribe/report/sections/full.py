"""The appendix with every second of the recording, on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgscribe.report.blocks import Block, Picture
from ecgscribe.report.full_disclosure import LINES
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import TimeEntry, counted, number
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["FullEntry", "FullPageEntry", "full_blocks", "full_entry"]


@dataclass(frozen=True)
class FullPageEntry:
    """A page: when it begins and ends, and the beats on it, all and of V and S."""

    begin: TimeEntry
    end: TimeEntry
    beats: int
    v: int
    s: int


@dataclass(frozen=True)
class FullEntry:
    """The lead that is shown, the minutes of a page, and the pages."""

    lead: str
    minutes: int
    pages: tuple[FullPageEntry, ...]


def full_entry(inputs: ReportInputs) -> FullEntry:
    """Describe the pages.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    FullEntry
    """
    duration = inputs.record.duration
    begins = np.arange(0.0, max(duration, 1.0), 60.0 * LINES).tolist()
    return FullEntry(
        lead=inputs.record.leads[inputs.columns[0]],
        minutes=LINES,
        pages=tuple(_page(inputs, b, min(b + 60.0 * LINES, duration)) for b in begins),
    )


def _page(inputs: ReportInputs, begin: float, end: float) -> FullPageEntry:
    beats = inputs.measures.beats
    first, last = np.searchsorted(beats.time, [begin, end]).tolist()
    numbers = np.bincount(beats.class_index[first:last], minlength=len(AAMI_CLASSES)).tolist()
    return FullPageEntry(
        begin=inputs.time_entry(begin),
        end=inputs.time_entry(end),
        beats=last - first,
        v=numbers[AAMI_CLASSES.index("V")],
        s=numbers[AAMI_CLASSES.index("S")],
    )


def full_blocks(full: FullEntry, pictures: Sequence[bytes]) -> tuple[Block, ...]:
    """Show the pages.

    Parameters
    ----------
    full : FullEntry
    pictures : sequence of bytes
        As of `ecgscribe.report.full_disclosure.full_pages`.

    Returns
    -------
    tuple of Block
    """
    shown: list[Block] = [
        f"Every second of lead {full.lead}, a line per minute, {number(full.minutes)} lines on a "
        "page. The dominant beat is as high as a line; unreadable time is grey. Beats that are not "
        "N have the colours of their classes, as in the strips."
    ]
    for page, png in zip(full.pages, pictures, strict=True):
        beats = f"{counted(page.beats, 'beat')}, of these {number(page.v)} V and {number(page.s)} S"
        title = f"{page.begin.text} to {page.end.text}"
        alt = f"Full disclosure of lead {full.lead}, {title}: {beats}."
        shown.append(Picture(png, alt, f"{beats}.", title=title, whole_page=True))
    return tuple(shown)
