"""The section on heart rate: mean, lowest and highest."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgscribe.analysis.rate_times import DAY_H, FAST, SLOW
from ecgscribe.analysis.rr_intervals import RATE_INTERVALS, Extreme
from ecgscribe.formatting import format_time, rounded
from ecgscribe.report.blocks import Block, Cell, Picture, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.sections.hours import HourEntry, hours_table
from ecgscribe.report.strips import USUAL_RATE
from ecgscribe.report.wording import NONE, TimeEntry, per_minute, strip_cell, time_cell

__all__ = ["HeartRateEntry", "RateEntry", "heart_rate_blocks", "heart_rate_entry"]


@dataclass(frozen=True)
class RateEntry:
    """A lowest or highest heart rate in beats per minute, and when it begins."""

    rate: float | None
    at: TimeEntry


@dataclass(frozen=True)
class HeartRateEntry:
    """Heart rate in beats per minute; the extremes are means over so many intervals.

    Those over all RR intervals are given apart where the extremes are those between normal beats.
    `mean_strip` is the number of the strip with normal beats at the mean heart rate. Times are
    spent above `fast` and below `slow` beats per minute; it is day between two hours.
    """

    intervals: int
    extremes_are_normal: bool
    mean: float | None
    mean_strip: int | None
    lowest: RateEntry | None = field(metadata=key("min"))
    highest: RateEntry | None = field(metadata=key("max"))
    lowest_of_all: RateEntry | None = field(metadata=key("min_of_all"))
    highest_of_all: RateEntry | None = field(metadata=key("max_of_all"))
    fast: float | None
    fast_time: str
    fast_day_time: str | None
    fast_night_time: str | None
    slow: float | None
    slow_time: str
    slow_day_time: str | None
    slow_night_time: str | None
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
    extremes, of_all = inputs.measures.rate_extremes, inputs.measures.all_extremes
    if not inputs.measures.extremes_are_normal:
        of_all = None
    times = inputs.measures.rate_times
    return HeartRateEntry(
        intervals=RATE_INTERVALS,
        extremes_are_normal=inputs.measures.extremes_are_normal,
        mean=rounded(inputs.measures.mean_rate, 0),
        mean_strip=inputs.strip_titled(USUAL_RATE),
        lowest=None if extremes is None else _rate_entry(inputs, extremes[0]),
        highest=None if extremes is None else _rate_entry(inputs, extremes[1]),
        lowest_of_all=None if of_all is None else _rate_entry(inputs, of_all[0]),
        highest_of_all=None if of_all is None else _rate_entry(inputs, of_all[1]),
        fast=rounded(FAST, 0),
        fast_time=format_time(times.fast_s, hours=True),
        fast_day_time=_time(times.fast_day_s),
        fast_night_time=_time(times.fast_night_s),
        slow=rounded(SLOW, 0),
        slow_time=format_time(times.slow_s, hours=True),
        slow_day_time=_time(times.slow_day_s),
        slow_night_time=_time(times.slow_night_s),
        day_hours=DAY_H,
        day=rounded(times.day, 0),
        night=rounded(times.night, 0),
    )


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else format_time(seconds, hours=True)


def _rate_entry(inputs: ReportInputs, extreme: Extreme) -> RateEntry:
    begin = float(inputs.measures.beats.time[extreme.first])
    return RateEntry(rate=rounded(extreme.rate, 0), at=inputs.time_entry(begin))


def heart_rate_blocks(
    rate: HeartRateEntry,
    hours: tuple[HourEntry, ...],
    *,
    trend: bytes | None,
    withheld: bool = False,
) -> tuple[Block, ...]:
    """Show the heart rate, and a table of hours if there are any.

    Parameters
    ----------
    rate : HeartRateEntry
    hours : tuple of HourEntry
    trend : bytes or None
        Heart rate and ectopy over time, as PNG; None without RR intervals.
    withheld : bool
        Whether the classes of the beats are withheld.

    Returns
    -------
    tuple of Block
    """
    if rate.mean is None:
        return ("No two successive beats are readable, so there is no heart rate.",)
    rows: list[tuple[Cell, ...]] = [
        (strip_cell("Mean", rate.mean_strip), per_minute(rate.mean), NONE)
    ]
    which = ", N-N" if rate.extremes_are_normal else ""
    for name, extreme in (
        (f"Lowest{which}", rate.lowest),
        (f"Highest{which}", rate.highest),
        ("Lowest of all beats", rate.lowest_of_all),
        ("Highest of all beats", rate.highest_of_all),
    ):
        if extreme is not None:
            rows.append((name, per_minute(extreme.rate), time_cell(extreme.at)))
    first, last = rate.day_hours
    if rate.day is not None:
        rows.append((f"Mean by day ({first} to {last} h)", per_minute(rate.day), NONE))
    if rate.night is not None:
        rows.append((f"Mean by night ({last} to {first} h)", per_minute(rate.night), NONE))
    above, below = f"Above {per_minute(rate.fast)}", f"Below {per_minute(rate.slow)}"
    for name, time in (
        (above, rate.fast_time),
        (f"{above} by day", rate.fast_day_time),
        (f"{above} by night", rate.fast_night_time),
        (below, rate.slow_time),
        (f"{below} by day", rate.slow_day_time),
        (f"{below} by night", rate.slow_night_time),
    ):
        if time is not None:
            rows.append((name, time, NONE))
    if rate.lowest is None:
        rule = (
            f"There are no {rate.intervals} consecutive RR intervals, so there is no lowest or "
            "highest rate."
        )
    else:
        rule = (
            f"The lowest and the highest rate are means over {rate.intervals} consecutive RR "
            "intervals (N-N: only intervals between normal beats, pauses apart); the mean is over "
            "all readable RR intervals. Time above and below (h:mm:ss) is that of means over "
            f"{rate.intervals} RR intervals."
        )
    return (
        Table("Heart rate", ("Rate", "Value", "Time"), tuple(rows)),
        rule,
        *(() if trend is None else (_trend(rate, trend, withheld=withheld),)),
        *((hours_table(hours, withheld=withheld),) if hours else ()),
    )


def _trend(rate: HeartRateEntry, drawn: bytes, *, withheld: bool) -> Picture:
    shown = f"mean {per_minute(rate.mean)}"
    if rate.lowest is not None and rate.highest is not None:
        shown += f", lowest {per_minute(rate.lowest.rate)} at {rate.lowest.at.text}, highest "
        shown += f"{per_minute(rate.highest.rate)} at {rate.highest.at.text}"
    return Picture(
        drawn,
        f"Trend of the heart rate: {shown}.",
        "Trend of the heart rate: its mean over each part of the recording, and in light blue from "
        f"the lowest to the highest mean over {rate.intervals} RR intervals."
        + ("" if withheld else " Below, the beats of V and of S in equal times."),
    )
