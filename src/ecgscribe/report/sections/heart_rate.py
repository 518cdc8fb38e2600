"""The section on heart rate: mean, lowest and highest."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgscribe.analysis.rr_intervals import RATE_INTERVALS, Extreme
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.sections.hours import HourEntry, hours_table
from ecgscribe.report.wording import NONE, TimeEntry, per_minute

__all__ = ["HeartRateEntry", "RateEntry", "heart_rate_blocks", "heart_rate_entry"]


@dataclass(frozen=True)
class RateEntry:
    """A lowest or highest heart rate in beats per minute, and when it begins."""

    rate: float | None
    at: TimeEntry


@dataclass(frozen=True)
class HeartRateEntry:
    """Heart rate in beats per minute; the extremes are means over so many intervals."""

    intervals: int
    mean: float | None
    lowest: RateEntry | None = field(metadata=key("min"))
    highest: RateEntry | None = field(metadata=key("max"))


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
    return HeartRateEntry(
        intervals=RATE_INTERVALS,
        mean=rounded(inputs.measures.mean_rate, 0),
        lowest=None if extremes is None else _rate_entry(inputs, extremes[0]),
        highest=None if extremes is None else _rate_entry(inputs, extremes[1]),
    )


def _rate_entry(inputs: ReportInputs, extreme: Extreme) -> RateEntry:
    begin = float(inputs.measures.beats.time[extreme.first])
    return RateEntry(rate=rounded(extreme.rate, 0), at=inputs.time_entry(begin))


def heart_rate_blocks(
    rate: HeartRateEntry, hours: tuple[HourEntry, ...]
) -> tuple[str | Table, ...]:
    """Show the heart rate, and a table of hours if there are any.

    Parameters
    ----------
    rate : HeartRateEntry
    hours : tuple of HourEntry

    Returns
    -------
    tuple of str or Table
    """
    if rate.mean is None:
        return ("No two successive beats are readable, so there is no heart rate.",)
    rows = [("Mean", per_minute(rate.mean), NONE)]
    for name, extreme in (("Lowest", rate.lowest), ("Highest", rate.highest)):
        if extreme is not None:
            rows.append((name, per_minute(extreme.rate), extreme.at.text))
    if rate.lowest is None:
        rule = (
            f"There are no {rate.intervals} consecutive RR intervals, so there is no lowest or "
            "highest rate."
        )
    else:
        rule = (
            f"The lowest and the highest rate are means over {rate.intervals} consecutive RR "
            "intervals, the mean is over all readable ones."
        )
    return (
        Table("Heart rate, beats of all classes", ("Rate", "Value", "Time"), tuple(rows)),
        rule,
        *((hours_table(hours),) if hours else ()),
    )
