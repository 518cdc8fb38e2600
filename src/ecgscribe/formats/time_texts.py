"""Times that are written as texts, such as ``0:00.003`` or ``2026-01-02T10:00:00.004``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import NO_DATE

__all__ = ["is_calendar_number", "parse_times"]


_DAY_S = 86_400
_CLOCK = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+) days?,? )?(?:(?P<hours>\d+):)?(?P<minutes>\d+)"
    r":(?P<seconds>\d+(?:[.,]\d*)?)(?: ?(?P<half>[AP])M)?(?: ?(?:Z|UTC|[-+]\d\d:?\d\d))?",
    re.IGNORECASE,
)
_ZONE_NAME = re.compile(r"\[[\w/]+$| (?!UTC|GMT)[A-Z]{2,4}T$")
"""The name of a zone after its offset, whose bracket is stripped, or instead of it."""
_COLON_MS = re.compile(r"(\d\d?:\d\d:\d\d):(\d{3})(?!\d)")
"""A time of day with milliseconds after another colon."""
_OF_DAY = re.compile(r"[1-9]\d:\d\d:\d\d|0[1-9]:\d\d:\d\d")
"""A time of day, not one since a start: with two digits of an hour that is not 0."""
_CALENDAR = re.compile(
    r"((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)(\d{3}|\.\d*)?"
)
"""A date and a time as one number, such as 20260102100000.5."""
_DATE = re.compile(r"(?<![\d:.])(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)")


def is_calendar_number(text: str) -> bool:
    """Return whether a number is a date and a time, such as 20260102100000."""
    return _CALENDAR.fullmatch(text) is not None


def parse_times(
    texts: Sequence[str], *, day_first: bool = False
) -> tuple[NDArray[np.float64], datetime | None]:
    """Read times such as ``0:00.003`` or ``2026-01-02T10:00:00.004``.

    Parameters
    ----------
    texts : sequence of str
    day_first : bool
        Whether ``04/03/2026`` is a day in March; ``04.03.2026`` always is.

    Returns
    -------
    seconds : ndarray of float64, shape (n,)
        From the first date, or from midnight; NaN where a text is none.
    start : datetime or None
        The first, if it has a date; on `ecgscribe.record.NO_DATE` if it is a time of day.
    """
    import pandas as pd

    plain = [_COLON_MS.sub(r"\1.\2", _ZONE_NAME.sub("", text.strip(" '\"[]"))) for text in texts]
    plain = [_spread(text) for text in plain]
    clock = [_CLOCK.fullmatch(text) for text in plain]
    if any(clock):
        seconds = np.array([math.nan if m is None else _clock_seconds(m) for m in clock])
        of_day = texts[0].strip(" '\"").startswith("[") or _OF_DAY.match(plain[0]) is not None
        of_day |= clock[0] is not None and clock[0]["half"] is not None
        is_start = of_day and 0 <= seconds[0] < _DAY_S
        midnight = datetime.combine(NO_DATE, time())
        return seconds, midnight + timedelta(seconds=seconds[0]) if is_start else None
    found = _DATE.search(plain[0]) if plain else None
    # pandas would also swap month and day of 2026-03-04.
    day_first = found is not None and (day_first or found[2] == "." or int(found[1]) > 12)
    about: dict[str, Any] = {"errors": "coerce", "format": "mixed", "dayfirst": day_first}
    dates = pd.to_datetime(pd.Series(plain), utc=True, **about)  # the offset may change in summer
    if dates.isna().all():
        return np.full(len(plain), math.nan), None
    seconds = np.asarray((dates - dates.dropna().iloc[0]).dt.total_seconds(), dtype=np.float64)
    first = pd.to_datetime(pd.Series(plain[:1]), **about).iloc[0]
    is_date = not pd.isna(first) and first.year > 0
    return seconds, first.to_pydatetime().replace(tzinfo=None) if is_date else None


def _spread(text: str) -> str:
    match = _CALENDAR.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, rest = match.groups(default="")
    return f"{year}-{month}-{day} {hour}:{minute}:{second}.{rest.removeprefix('.')}".rstrip(".")


def _clock_seconds(match: re.Match[str]) -> float:
    hours, half = int(match["hours"] or 0), match["half"]
    if half is not None:
        hours = hours % 12 + (12 if half.upper() == "P" else 0)
    hours += 24 * int(match["days"] or 0)
    value = (hours * 60 + int(match["minutes"])) * 60 + float(match["seconds"].replace(",", "."))
    return -value if match["sign"] else value
