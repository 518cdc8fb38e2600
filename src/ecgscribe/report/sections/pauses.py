"""The section on pauses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgscribe.analysis.rr_intervals import PAUSE_S
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import TimeEntry, number
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["PauseEntry", "PausesEntry", "pauses_blocks", "pauses_entry"]


_MOST_LISTED = 5


@dataclass(frozen=True)
class PauseEntry:
    """A pause, and the classes of the beats around it."""

    length_s: float
    at: TimeEntry
    between: str


@dataclass(frozen=True)
class PausesEntry:
    """Number of pauses, the rule, and the longest of them."""

    longer_than_s: float
    count: int
    longest: tuple[PauseEntry, ...]


def pauses_entry(inputs: ReportInputs) -> PausesEntry:
    """Describe the pauses.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    PausesEntry
    """
    rr, ends = inputs.measures.beats.rr, inputs.measures.pauses
    longest = ends[np.argsort(-rr[ends], kind="stable")][:_MOST_LISTED].tolist()
    return PausesEntry(
        longer_than_s=PAUSE_S,
        count=len(ends),
        longest=tuple(_pause_entry(inputs, k) for k in longest),
    )


def _pause_entry(inputs: ReportInputs, k: int) -> PauseEntry:
    beats = inputs.measures.beats
    before, after = (AAMI_CLASSES[beats.class_index[j]] for j in (k - 1, k))
    return PauseEntry(
        length_s=round(float(beats.rr[k]), 2),
        at=inputs.time_entry(float(beats.time[k - 1])),
        between=f"{before} and {after}",
    )


def pauses_blocks(pauses: PausesEntry) -> tuple[str | Table, ...]:
    """Show the longest pauses.

    Parameters
    ----------
    pauses : PausesEntry

    Returns
    -------
    tuple of str or Table
    """
    limit = number(pauses.longer_than_s)
    if pauses.count == 0:
        return (f"No RR interval exceeds {limit} s (unreadable spans excluded).",)
    rows = tuple(
        (pause.at.text, number(pause.length_s, " s", digits=2), pause.between)
        for pause in pauses.longest
    )
    exceed = "interval exceeds" if pauses.count == 1 else "intervals exceed"
    return (
        f"{number(pauses.count)} RR {exceed} {limit} s.",
        Table("The longest pauses", ("Time", "Length", "Between"), rows),
    )
