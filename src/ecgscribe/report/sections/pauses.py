"""The section on pauses, and on time without beats."""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.analysis.pauses import NO_CLASS, Pause
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Block, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import TimeEntry, counted, number, time_cell
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["PauseEntry", "PausesEntry", "pauses_blocks", "pauses_entry"]


_WHAT = {False: "pause", True: "no beats: pause or lead off"}


@dataclass(frozen=True)
class PauseEntry:
    """Time without beats: what it is, and the classes of the beats around it."""

    length_s: float
    at: TimeEntry
    what: str
    between: str


@dataclass(frozen=True)
class PausesEntry:
    """The limit, the number of pauses, that of gaps without beats, and all of them by length."""

    longer_than_s: float | None
    count: int
    gaps: int
    longest_s: float | None
    all: tuple[PauseEntry, ...]


def pauses_entry(inputs: ReportInputs) -> PausesEntry:
    """Describe the pauses.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    PausesEntry
    """
    pauses = sorted(inputs.measures.pauses, key=lambda pause: pause.begin - pause.end)
    entries = tuple(_pause_entry(inputs, pause) for pause in pauses)
    return PausesEntry(
        longer_than_s=rounded(inputs.measures.pause_s, 2),
        count=sum(not pause.is_gap for pause in pauses),
        gaps=sum(pause.is_gap for pause in pauses),
        longest_s=entries[0].length_s if entries else None,
        all=entries,
    )


def _pause_entry(inputs: ReportInputs, pause: Pause) -> PauseEntry:
    fs = inputs.record.fs
    before = "the start" if pause.before == NO_CLASS else AAMI_CLASSES[pause.before]
    after = "the end" if pause.after == NO_CLASS else AAMI_CLASSES[pause.after]
    return PauseEntry(
        length_s=round((pause.end - pause.begin) / fs, 2),
        at=inputs.time_entry(pause.begin / fs),
        what=_WHAT[pause.is_gap],
        between=f"{before} and {after}",
    )


def pauses_blocks(pauses: PausesEntry, *, n_beats: int) -> tuple[Block, ...]:
    """Show all pauses.

    Parameters
    ----------
    pauses : PausesEntry
    n_beats : int
        Number of readable beats.

    Returns
    -------
    tuple of Block
    """
    limit = number(pauses.longer_than_s)
    if not pauses.all and n_beats < 2:
        return ("Not judged, as no two beats are readable.",)
    if not pauses.all:
        return (f"No RR interval exceeds {limit} s (unreadable spans excluded).",)
    exceed = "interval exceeds" if pauses.count == 1 else "intervals exceed"
    text = f"{number(pauses.count)} RR {exceed} {limit} s."
    if pauses.gaps:
        text += (
            f" In {counted(pauses.gaps, 'more span')} there are no beats although the signal is "
            "quiet: each may be a pause, or a lead that was off."
        )
    rows = tuple(
        (time_cell(pause.at), number(pause.length_s, " s", digits=2), pause.what, pause.between)
        for pause in pauses.all
    )
    return (
        text,
        Table("All pauses, the longest first", ("Time", "Length", "What", "Between"), rows),
    )
