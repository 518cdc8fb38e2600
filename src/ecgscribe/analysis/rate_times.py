"""How long the heart is fast or slow, and its mean rate by day and by night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries

__all__ = ["DAY_H", "FAST", "SLOW", "RateTimes", "rate_times"]


FAST, SLOW = 100.0, 50.0
"""Beats per minute above and below which the time is measured."""
DAY_H = (6, 22)
"""Hours between which it is day."""


@dataclass(frozen=True)
class RateTimes:
    """Seconds above `FAST` and below `SLOW`, and mean rates by day and by night per minute.

    The mean rates are None where no interval counts, or the time of day is not known.
    """

    fast_s: float
    slow_s: float
    day: float | None
    night: float | None


def rate_times(
    beats: BeatSeries, rates: NDArray[np.float64], *, start: datetime | None
) -> RateTimes:
    """Measure fast and slow time, and the mean rates by day and by night.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.
    rates : ndarray of float64, shape (n_beats,)
        Heart rate over the intervals that end at each beat; each stands for its last interval.
    start : datetime or None
        Time of day at the start of the recording.

    Returns
    -------
    RateTimes
    """
    with np.errstate(invalid="ignore"):  # NaN where too few intervals follow one another
        fast, slow = rates > FAST, rates < SLOW
    day = night = None
    if start is not None:
        first = start.hour + start.minute / 60 + start.second / 3600
        hour = (first + beats.time / 3600) % 24
        is_day = (hour >= DAY_H[0]) & (hour < DAY_H[1])
        day, night = _mean_rate(beats, is_day), _mean_rate(beats, ~is_day)
    return RateTimes(
        fast_s=float(beats.rr[fast].sum()), slow_s=float(beats.rr[slow].sum()), day=day, night=night
    )


def _mean_rate(beats: BeatSeries, chosen: NDArray[np.bool_]) -> float | None:
    rr = beats.rr[chosen & beats.has_rr]
    return float(60.0 / rr.mean()) if len(rr) else None
