"""How a report writes times and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ecgscribe.formatting import format_time

__all__ = ["NONE", "TimeEntry", "number", "per_minute", "share", "time_entry"]


NONE = "\N{EN DASH}"
"""Stands for a missing value."""


@dataclass(frozen=True)
class TimeEntry:
    """A time of a recording.

    Parameters
    ----------
    seconds : float
        Since the start of the recording.
    text : str
        h:mm:ss since the start, after the time of day where the recording has one.
    """

    seconds: float
    text: str


def time_entry(seconds: float, *, start: datetime | None) -> TimeEntry:
    """Write a time of a recording.

    Parameters
    ----------
    seconds : float
        Since the start of the recording.
    start : datetime or None
        Start of the recording.

    Returns
    -------
    TimeEntry
    """
    text = format_time(seconds, hours=True)
    if start is not None:
        text = f"{format_time(seconds, start=start)} ({text})"
    return TimeEntry(round(seconds, 3), text)


def number(value: float | None, unit: str = "", *, digits: int | None = None) -> str:
    """Write a number with separators of thousands.

    Parameters
    ----------
    value : float or None
        None is written as a dash.
    unit : str
        Written right after it.
    digits : int, optional
        Decimal places; by default as many as the number has.

    Returns
    -------
    str
    """
    if value is None:
        return NONE
    text = f"{value:,.{digits}f}" if digits is not None else f"{value:,}".removesuffix(".0")
    return f"{text}{unit}"


def share(value: float | None) -> str:
    """Write a percentage; a dash for None."""
    return number(value, "%")


def per_minute(value: float | None) -> str:
    """Write a rate; a dash for None."""
    return number(value, "/min")
