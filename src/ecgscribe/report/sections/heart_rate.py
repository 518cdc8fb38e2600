"""The section on heart rate: mean, lowest and highest."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgscribe.analysis.rate_times import DAY_H, FAST, SLOW
from ecgscribe.analysis.rr_intervals import RATE_INTERVALS, Extreme
from ecgscribe.formatting import format_time, rounded
from ecgscribe.report.blocks import Block, Cell, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.sections.hours import HourEntry, hours_table
from ecgscribe.report.wording import NONE, TimeEntry, per_minute, time_cell

__all__ = ["HeartRateEntry", "RateEntry", "heart_rate_blocks", "heart_rate_entry"]


@dataclass(frozen=True)
class RateEntry:
    """A lowest or highest heart rate in beats per minute, and when it begins."""

    rate: float | None
    at: TimeEntry


@dataclass(frozen=True)
class HeartRateEntry:
    """Heart rate in beats per minute; the extremes are means over so many intervals.

    Times are spent above `fast` and below `slow` beats per minute; it is day between two hours.
    """

    intervals: int
    extremes_are_normal: bool
    mean: float | None
    lowest: RateEntry | None = field(metadata=key("min"))
    highest: RateEntry | None = field(metadata=key("max"))
    fast: float | None
    fast_time: str
    slow: float | None
    slow_time: str
    day_hours: tuple[int, int]
    day: float | None
    night: float | None


def heart_rate_entry(inputs: ReportInputs) -> HeartRateEntry:
    """Describe the heart rate.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    HeartRateEntry
    """
    extremes = inputs.measures.rate_extremes
    times = inputs.measures.rate_times
    return HeartRateEntry(
        intervals=RATE_INTERVALS,
        extremes_are_normal=inputs.measures.extremes_are_normal,
        mean=rounded(inputs.measures.mean_rate, 0),
        lowest=None if extremes is None else _rate_entry(inputs, extremes[0]),
        highest=None if extremes is None else _rate_entry(inputs, extremes[1]),
        fast=rounded(FAST, 0),
        fast_time=format_time(times.fast_s, hours=True),
        slow=rounded(SLOW, 0),
        slow_time=format_time(times.slow_s, hours=True),
        day_hours=DAY_H,
        day=rounded(times.day, 0),
        night=rounded(times.night, 0),
    )


def _rate_entry(inputs: ReportInputs, extreme: Extreme) -> RateEntry:
    begin = float(inputs.measures.beats.time[extreme.first])
    return RateEntry(rate=rounded(extreme.rate, 0), at=inputs.time_entry(begin))


def heart_rate_blocks(rate: HeartRateEntry, hours: tuple[HourEntry, ...]) -> tuple[Block, ...]:
    """Show the heart rate, and a table of hours if there are any.

    Parameters
    ----------
    rate : HeartRateEntry
    hours : tuple of HourEntry

    Returns
    -------
    tuple of Block
    """
    if rate.mean is None:
        return ("No two successive beats are readable, so there is no heart rate.",)
    rows: list[tuple[Cell, ...]] = [("Mean", per_minute(rate.mean), NONE)]
    for name, extreme in (("Lowest", rate.lowest), ("Highest", rate.highest)):
        if extreme is not None:
            rows.append((name, per_minute(extreme.rate), time_cell(extreme.at)))
    first, last = rate.day_hours
    if rate.day is not None:
        rows.append((f"Mean by day ({first} to {last} h)", per_minute(rate.day), NONE))
    if rate.night is not None:
        rows.append((f"Mean by night ({last} to {first} h)", per_minute(rate.night), NONE))
    rows.append((f"Above {per_minute(rate.fast)}", rate.fast_time, NONE))
    rows.append((f"Below {per_minute(rate.slow)}", rate.slow_time, NONE))
    if rate.lowest is None:
        rule = (
            f"There are no {rate.intervals} consecutive RR intervals, so there is no lowest or "
            "highest rate."
        )
    else:
        which = (
            "intervals from N to N, pauses apart" if rate.extremes_are_normal else "RR intervals"
        )
        rule = (
            f"The lowest and the highest rate are means over {rate.intervals} consecutive {which}; "
            "the mean is over all readable RR intervals. Time above and below (h:mm:ss) is that of "
            f"means over {rate.intervals} RR intervals."
        )
    return (
        Table("Heart rate", ("Rate", "Value", "Time"), tuple(rows)),
        rule,
        *((hours_table(hours),) if hours else ()),
    )
