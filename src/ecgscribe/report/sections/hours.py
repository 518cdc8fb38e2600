"""The hours of a long recording, one row per hour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgscribe.analysis.measures import usual_extremes
from ecgscribe.analysis.rr_intervals import BeatSeries, mean_rate
from ecgscribe.formatting import percent, rounded
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.wording import TimeEntry, number, share
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["HOURLY_FROM_S", "HourEntry", "hour_entries", "hours_table"]


HOURLY_FROM_S = 2 * 3600.0
"""Length of a recording from which on there is a table of hours."""


@dataclass(frozen=True)
class HourEntry:
    """One hour: readable share, beats, heart rate in beats per minute, ectopy and pauses."""

    begin: TimeEntry = field(metadata=key("from"))
    readable_percent: float
    beats: int
    rate_min: float | None
    rate_mean: float | None
    rate_max: float | None
    v: int = field(metadata=key("V"))
    s: int = field(metadata=key("S"))
    v_runs: int = field(metadata=key("V_runs"))
    s_runs: int = field(metadata=key("S_runs"))
    pauses: int


def hour_entries(inputs: ReportInputs) -> tuple[HourEntry, ...]:
    """Describe every hour from the start.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    tuple of HourEntry
        Empty for a recording shorter than `HOURLY_FROM_S`.
    """
    duration = inputs.record.duration
    if duration < HOURLY_FROM_S:
        return ()
    begins = np.arange(0, duration, 3600.0).tolist()
    return tuple(_hour(inputs, begin, min(begin + 3600.0, duration)) for begin in begins)


def _hour(inputs: ReportInputs, begin: float, end: float) -> HourEntry:
    beats = _between(inputs.measures.beats, begin, end)
    counts = np.bincount(beats.class_index, minlength=len(AAMI_CLASSES)).tolist()
    unreadable = np.clip(inputs.measures.unreadable / inputs.record.fs, begin, end)
    readable = end - begin - float(np.diff(unreadable).sum())
    extremes, _ = usual_extremes(beats, inputs.measures.pause_s)
    return HourEntry(
        begin=inputs.time_entry(begin),
        readable_percent=percent(readable, end - begin),
        beats=len(beats),
        rate_min=None if extremes is None else rounded(extremes[0].rate, 0),
        rate_mean=rounded(mean_rate(beats), 0),
        rate_max=None if extremes is None else rounded(extremes[1].rate, 0),
        v=counts[AAMI_CLASSES.index("V")],
        s=counts[AAMI_CLASSES.index("S")],
        v_runs=_runs(inputs, "V", begin, end),
        s_runs=_runs(inputs, "S", begin, end),
        pauses=sum(
            begin <= pause.begin / inputs.record.fs < end for pause in inputs.measures.pauses
        ),
    )


def _between(beats: BeatSeries, begin: float, end: float) -> BeatSeries:
    part = slice(*np.searchsorted(beats.time, [begin, end]).tolist())
    return BeatSeries(
        sample=beats.sample[part],
        class_index=beats.class_index[part],
        index=beats.index[part],
        rr=beats.rr[part],
        fs=beats.fs,
        in_noise=0,
    )


def _runs(inputs: ReportInputs, class_name: str, begin: float, end: float) -> int:
    """Count the runs that begin in an hour."""
    first = [episode.first for episode in inputs.measures.ectopy[class_name].runs]
    time = inputs.measures.beats.time[np.array(first, dtype=np.int64)]
    return int(np.sum((begin <= time) & (time < end)))


def hours_table(hours: tuple[HourEntry, ...], *, withheld: bool = False) -> Table:
    """Show the hours.

    Parameters
    ----------
    hours : tuple of HourEntry
    withheld : bool
        Whether the classes of the beats are withheld.

    Returns
    -------
    Table
    """
    ectopy = () if withheld else ("V", "V runs", "S", "S runs")
    header = ("From", "Readable", "Beats", "Lowest", "Mean", "Highest", *ectopy, "Pauses")
    rows = tuple(
        (
            hour.begin.text,
            share(hour.readable_percent),
            number(hour.beats),
            *map(number, (hour.rate_min, hour.rate_mean, hour.rate_max)),
            *map(number, () if withheld else (hour.v, hour.v_runs, hour.s, hour.s_runs)),
            number(hour.pauses),
        )
        for hour in hours
    )
    return Table("Hour by hour (rates in beats per minute)", header, rows)
