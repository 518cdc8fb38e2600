"""Times that are written as texts, such as ``0:00.003`` or ``2026-01-02T10:00:00.004``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import NO_DATE

__all__ = ["parse_times"]


_DAY_S = 86_400
_CLOCK = re.compile(r"(-?)(?:(\d+):)?(\d+):(\d+(?:[.,]\d*)?)")
_COLON_MS = re.compile(r"(\d\d?:\d\d:\d\d):(\d{3})(?!\d)")
"""A time of day with milliseconds after another colon."""
_OF_DAY = re.compile(r"[1-9]\d:\d\d:\d\d|0[1-9]:\d\d:\d\d")
"""A time of day, not one since a start: with two digits of an hour that is not 0."""
_DATE = re.compile(r"(?<![\d:.])(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)")


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

    plain = [_COLON_MS.sub(r"\1.\2", text.strip(" '\"[]")) for text in texts]
    clock = [_CLOCK.fullmatch(text) for text in plain]
    if any(clock):
        seconds = np.array([math.nan if m is None else _clock_seconds(m) for m in clock])
        of_day = texts[0].strip(" '\"").startswith("[") or _OF_DAY.match(plain[0]) is not None
        is_start = of_day and 0 <= seconds[0] < _DAY_S
        midnight = datetime.combine(NO_DATE, time())
        return seconds, midnight + timedelta(seconds=seconds[0]) if is_start else None
    found = _DATE.search(plain[0]) if plain else None
    # pandas would also swap month and day of 2026-03-04.
    day_first = found is not None and (day_first or found[2] == "." or int(found[1]) > 12)
    dates = pd.to_datetime(pd.Series(plain), errors="coerce", format="mixed", dayfirst=day_first)
    if dates.isna().all():
        return np.full(len(plain), math.nan), None
    first = dates.dropna().iloc[0]
    seconds = np.asarray((dates - first).dt.total_seconds(), dtype=np.float64)
    start = first.to_pydatetime().replace(tzinfo=None) if not pd.isna(dates.iloc[0]) else None
    return seconds, start


def _clock_seconds(match: re.Match[str]) -> float:
    sign, hours, minutes, seconds = match.groups()
    value = (int(hours or 0) * 60 + int(minutes)) * 60 + float(seconds.replace(",", "."))
    return -value if sign else value
