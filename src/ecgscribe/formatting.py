"""How numbers and times are written, and which name was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

__all__ = ["did_you_mean", "format_time", "percent", "rounded"]


_CUTOFF = 0.65
"""Least likeness, 0 to 1: MLI and MLII are alike by 0.86, ptbdb and mitdb by 0.6."""


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", prefix: str = "") -> str:
    """Ask for the names that a word was perhaps meant to be.

    Parameters
    ----------
    word : str
        What was given.
    known : iterable of str
        What could have been; upper and lower case count as the same.
    otherwise : str
        What to say where nothing is near.
    prefix : str
        Put before each name; not compared.

    Returns
    -------
    str
        A question that names up to three, nearest first, such as ``did you mean MLII?``.

    Examples
    --------
    >>> did_you_mean("mli", ["MLII", "V1"])
    'did you mean MLII?'
    """
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=_CUTOFF)
    names = [prefix + by_lower[name] for name in near]
    if not names:
        return otherwise
    return f"did you mean {' or '.join(filter(None, (', '.join(names[:-1]), names[-1])))}?"


def format_time(seconds: float, *, start: datetime | None = None, hours: bool = False) -> str:
    """Write a time, rounded to the nearest second.

    Parameters
    ----------
    seconds : float
        Since the start of the recording, or the length of a span.
    start : datetime, optional
        Start of the recording; with it the text is the time of day, hh:mm:ss.
    hours : bool
        Write hours even where there are none.

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
    """
    if start is not None:
        return f"{start + timedelta(seconds=seconds + 0.5):%H:%M:%S}"
    minutes, second = divmod(int(seconds + 0.5), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}" if hour or hours else f"{minute}:{second:02d}"


def rounded(value: float | None, digits: int) -> float | int | None:
    """Round; to whole numbers with 0 digits, and to nothing what is not known."""
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), digits) + 0.0 if digits else round(float(value))  # no -0.0


def percent(part: float, whole: float) -> float:
    """Give a share in percent, to one digit; to two where it is below one percent."""
    share = 100.0 * part / whole if whole else 0.0
    return round(share, 1 if share >= 1 else 2)
