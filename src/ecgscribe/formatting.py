"""How times, numbers and questions about mistyped names are written."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from datetime import datetime, timedelta

__all__ = ["did_you_mean", "format_both_times", "format_time", "percent", "rounded", "utf8"]


_CUTOFF = 0.65
"""Least similarity, 0 to 1: that of MLI and MLII is 0.86, that of ptbdb and mitdb 0.6."""


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", prefix: str = "") -> str:
    """Ask whether a similar name was meant.

    Parameters
    ----------
    word : str
        The unknown name.
    known : iterable of str
        The names that exist; case does not matter.
    otherwise : str
        Text to return if no name is similar.
    prefix : str
        Text before each name; not compared.

    Returns
    -------
    str
        A question with up to three names, the most similar first, such as ``did you mean MLII?``.

    Examples
    --------
    >>> did_you_mean("mli", ["MLII", "V1"])
    'did you mean MLII?'
    """
    by_lower = {name.lower(): name for name in known}
    similar = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=_CUTOFF)
    names = [prefix + by_lower[name] for name in similar]
    if not names:
        return otherwise
    return f"did you mean {' or '.join(filter(None, (', '.join(names[:-1]), names[-1])))}?"


def format_time(
    seconds: float, *, start: datetime | None = None, hours: bool = False, digits: int = 0
) -> str:
    """Format a time, rounded to the nearest second, halves up.

    Parameters
    ----------
    seconds : float
        Time since the start of the recording, or length of a span.
    start : datetime, optional
        Start of the recording; with it, the text is the time of day, hh:mm:ss.
    hours : bool
        Write hours even if there are none.
    digits : int
        Digits of the seconds after the point; round to these instead. Not for the time of day.

    Returns
    -------
    str
        h:mm:ss, or m:ss below an hour unless `hours` is true.

    Examples
    --------
    >>> format_time(59.6)
    '1:00'
    >>> format_time(59.6, hours=True)
    '0:01:00'
    >>> format_time(59.6, digits=3)
    '0:59.600'
    """
    if start is not None:
        day = start.replace(year=2000)  # any: the last year has no later one to go on to
        return f"{day + timedelta(seconds=seconds + 0.5):%H:%M:%S}"
    parts = math.floor(abs(seconds) * 10**digits + 0.5)
    sign = "-" if seconds < 0 < parts else ""
    whole, fraction = divmod(parts, 10**digits)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{hour}:{minute:02d}:{second:02d}" if hour or hours else f"{minute}:{second:02d}"
    return f"{sign}{text}" + (f".{fraction:0{digits}d}" if digits else "")


def format_both_times(seconds: float, start: datetime | None, *, digits: int = 0) -> str:
    """Format the time of day, where it is known, and the time from the start.

    Parameters
    ----------
    seconds : float
        Time since the start of the recording.
    start : datetime or None
        Start of the recording.
    digits : int
        As `format_time` takes them, for the time from the start.

    Returns
    -------
    str

    Examples
    --------
    >>> format_both_times(59.6, None)
    '0:01:00 from the start'
    >>> format_both_times(59.6, datetime(2026, 3, 1, 22, 16))
    '22:17:00 (0:01:00 from the start)'
    """
    since = f"{format_time(seconds, hours=True, digits=digits)} from the start"
    return since if start is None else f"{format_time(seconds, start=start)} ({since})"


def rounded(value: float | None, digits: int) -> float | int | None:
    """Round a number, to an int with 0 digits; None if it is missing, NaN or infinite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0 if digits else round(float(value))  # no -0.0


def percent(part: float, whole: float) -> float:
    """Return a share in percent, rounded to one digit, or to two below one percent."""
    share = 100.0 * part / whole if whole else 0.0
    return round(share, 1 if share >= 1 else 2)


def utf8(text: str) -> str:
    """Return a text that UTF-8 can hold: bytes of a file's name that no letter has become ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")
