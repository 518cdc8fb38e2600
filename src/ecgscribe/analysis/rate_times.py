"""How long the heart is fast or slow, and its mean rate by day and by night."""

from __future__ import annotations

import dataclasses
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

    What is by day or by night is None where the time of day is not known, and a mean rate where no
    interval counts.
    """

    fast_s: float
    slow_s: float
    fast_day_s: float | None = None
    fast_night_s: float | None = None
    slow_day_s: float | None = None
    slow_night_s: float | None = None
    day: float | None = None
    night: float | None = None


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
    times = RateTimes(fast_s=float(beats.rr[fast].sum()), slow_s=float(beats.rr[slow].sum()))
    if start is not None:
        first = start.hour + start.minute / 60 + start.second / 3600
        hour = (first + beats.time / 3600) % 24
        is_day = (hour >= DAY_H[0]) & (hour < DAY_H[1])
        times = dataclasses.replace(
            times,
            fast_day_s=float(beats.rr[fast & is_day].sum()),
            fast_night_s=float(beats.rr[fast & ~is_day].sum()),
            slow_day_s=float(beats.rr[slow & is_day].sum()),
            slow_night_s=float(beats.rr[slow & ~is_day].sum()),
            day=_mean_rate(beats, is_day),
            night=_mean_rate(beats, ~is_day),
        )
    return times


def _mean_rate(beats: BeatSeries, chosen: NDArray[np.bool_]) -> float | None:
    rr = beats.rr[chosen & beats.has_rr]
    return float(60.0 / rr.mean()) if len(rr) else None
