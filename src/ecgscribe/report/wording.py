"""How a report writes times and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ecgscribe.formatting import format_time
from ecgscribe.report.blocks import Cell, Link

__all__ = [
    "NONE",
    "TimeEntry",
    "counted",
    "episode_name",
    "number",
    "per_minute",
    "share",
    "strip_cell",
    "strip_id",
    "time_cell",
    "time_entry",
]


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
    strip : int or None
        Number of the first strip that shows it.
    """

    seconds: float
    text: str
    strip: int | None


def time_entry(seconds: float, *, start: datetime | None, strip: int | None = None) -> TimeEntry:
    """Write a time of a recording.

    Parameters
    ----------
    seconds : float
        Since the start of the recording.
    start : datetime or None
        Start of the recording.
    strip : int, optional
        Number of the strip that shows it.

    Returns
    -------
    TimeEntry
    """
    text = format_time(seconds, hours=True)
    if start is not None:
        text = f"{format_time(seconds, start=start)} ({text})"
    return TimeEntry(round(seconds, 3), text, strip)


def strip_id(strip: int) -> str:
    """Return what a `Link` to a strip names."""
    return f"strip-{strip}"


def strip_cell(text: str, strip: int | None) -> Cell:
    """Write a text, as a link to a strip if there is one."""
    return text if strip is None else Link(text, strip_id(strip))


def time_cell(at: TimeEntry) -> Cell:
    """Write a time, as a link to the strip that shows it if there is one."""
    return strip_cell(at.text, at.strip)


_EPISODES = {
    "VFL": "ventricular flutter or fibrillation",
    "VT": "ventricular tachycardia",
    "ASYS": "standstill",
    "AFIB": "atrial fibrillation or flutter",
}
# What else the notes of the PhysioNet databases name.
_OTHER_RHYTHMS = {
    "N": "no arrhythmia annotated",
    "NSR": "sinus rhythm",
    "AB": "atrial bigeminy",
    "B": "ventricular bigeminy",
    "T": "ventricular trigeminy",
    "BI": "first degree heart block",
    "BII": "second degree heart block",
    "HGEA": "frequent ventricular ectopy",
    "IVR": "idioventricular rhythm",
    "NOD": "nodal rhythm",
    "NOISE": "noise",
    "P": "paced rhythm",
    "PM": "paced rhythm",
    "PREX": "pre-excitation",
    "SBR": "sinus bradycardia",
    "SVTA": "supraventricular tachyarrhythmia",
    "VER": "ventricular escape rhythm",
}


def episode_name(kind: str) -> str:
    """Name a rhythm, such as ``Ventricular tachycardia``; its label if it is not known."""
    name = _EPISODES.get(kind) or _OTHER_RHYTHMS.get(kind) or kind
    return f"{name[:1].upper()}{name[1:]}"


def counted(count: int, one: str, several: str | None = None) -> str:
    """Write a number of things, such as ``1 pause`` or ``3 pauses``."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"


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
