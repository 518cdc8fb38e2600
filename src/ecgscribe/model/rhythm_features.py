"""Rhythm features: log ratios of RR intervals, and how far the rhythm repeats itself.

Ratios make a premature beat look the same at any heart rate. An interval is compared with its
neighbourhood's median and with the record's median, mean and upper quartile: where ectopic beats
are the majority, as in bigeminy, the median calls them normal and the others do not.

Being early means little where no interval is like another, as in atrial fibrillation. How far the
rhythm repeats itself is measured by the terms of sample entropy (Richman and Moorman, Am J Physiol
Heart Circ Physiol 278(6):H2039-H2049, 2000) over the neighbouring beats: the share of pairs of
intervals that are alike, and of those the share that are followed by alike ones, which stays high
where early beats come in a pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.order_statistics import quantiles, rolling_quantile, rolling_sum
from ecgscribe.signal.windows import FS

__all__ = [
    "FAR",
    "LARGEST_LOG_RATIO",
    "LONGEST_RR",
    "NEAR",
    "RATIO_GAIN",
    "RHYTHM_FEATURE_NAMES",
    "SHORTEST_RR",
    "USUAL_RR",
    "UsualIntervals",
    "rhythm_features",
    "usual_intervals",
]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NEAR, FAR = 17, 65
"""RR intervals of the neighbourhood, and of the wider one for irregularity."""
LONGEST_RR = 3.0
SHORTEST_RR = 0.2
USUAL_RR = 0.8
"""Seconds, 75/min, that the interval itself is compared with."""
LAGS = 12
"""Beats between two intervals, at most, that are compared for regularity."""
SAME = 0.06
"""Difference of their logarithms up to which two intervals are alike."""


# The network learns best from inputs of the order of one, and extremes must not outweigh the rest.
RATIO_GAIN = 3.0
"""Brings the logarithms of ratios to the order of one."""
LARGEST_LOG_RATIO = 1.5
"""Ratios beyond 4.5 and 1 / 4.5 count as these."""
IRREGULARITY_GAIN = 5.0
LARGEST_IRREGULARITY = 0.5
"""Median change from beat to beat, as a share of the interval, beyond which more means nothing."""
LEAST_IRREGULARITY = 0.03
"""What is added where a deviation is divided by the irregularity: no rhythm is quite regular."""
LARGEST_DEVIATION = 4.0
"""Deviations, in units of the irregularity, beyond which more means nothing."""
SHARE_GAIN = 2.0
"""Brings shares to the order of one."""


class UsualIntervals(NamedTuple):
    """RR intervals of a record, in seconds."""

    median: float
    mean: float
    upper: float


def usual_intervals(r_peaks: Doubles) -> UsualIntervals:
    """Return what the RR intervals of a record are compared with.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps; at least two.
    """
    return _usual(_intervals(r_peaks))


def _intervals(r_peaks: Doubles) -> Doubles:
    return np.clip(np.diff(r_peaks) / FS, SHORTEST_RR, LONGEST_RR)


def _usual(intervals: Doubles) -> UsualIntervals:
    median, upper = quantiles(intervals, 0.5, 0.75)
    return UsualIntervals(float(median), float(intervals.mean()), float(upper))


@dataclass(frozen=True, eq=False)
class _Rhythm:
    """RR intervals of the beats of one segment, in seconds, and those around them."""

    before: Doubles
    after: Doubles
    previous: Doubles
    near: Doubles
    near_upper: Doubles
    usual: UsualIntervals
    irregular_near: Doubles
    irregular_far: Doubles
    alike: Doubles
    predictable: Doubles


def _ratio(part: Doubles, whole: Doubles | float) -> Doubles:
    logarithm = np.log(part / np.maximum(whole, SHORTEST_RR))
    return np.asarray(RATIO_GAIN * np.clip(logarithm, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))


def _irregularity(value: Doubles) -> Doubles:
    return np.asarray(IRREGULARITY_GAIN * np.minimum(value, LARGEST_IRREGULARITY))


def _deviation(rhythm: _Rhythm) -> Doubles:
    logarithm = np.log(rhythm.before / rhythm.near)
    deviation = logarithm / (rhythm.irregular_near + LEAST_IRREGULARITY)
    return np.asarray(np.clip(deviation, -LARGEST_DEVIATION, LARGEST_DEVIATION))


_FEATURES: dict[str, Callable[[_Rhythm], Doubles]] = {
    "rr_before/near": lambda rr: _ratio(rr.before, rr.near),
    "rr_after/near": lambda rr: _ratio(rr.after, rr.near),
    "rr_before/median": lambda rr: _ratio(rr.before, rr.usual.median),
    "rr_after/median": lambda rr: _ratio(rr.after, rr.usual.median),
    "rr_before/mean": lambda rr: _ratio(rr.before, rr.usual.mean),
    "rr_after/mean": lambda rr: _ratio(rr.after, rr.usual.mean),
    "rr_before/upper": lambda rr: _ratio(rr.before, rr.usual.upper),
    "rr_after/upper": lambda rr: _ratio(rr.after, rr.usual.upper),
    "rr_before/near_upper": lambda rr: _ratio(rr.before, rr.near_upper),
    "rr_before/previous": lambda rr: _ratio(rr.before, rr.previous),
    "rr_after/rr_before": lambda rr: _ratio(rr.after, rr.before),
    "pair/near": lambda rr: _ratio(rr.before + rr.after, 2 * rr.near),
    "irregular_near": lambda rr: _irregularity(rr.irregular_near),
    "irregular_far": lambda rr: _irregularity(rr.irregular_far),
    "rr_near": lambda rr: _ratio(rr.near, USUAL_RR),
    "rr_before": lambda rr: _ratio(rr.before, USUAL_RR),
    "rr_before/irregular": _deviation,
    "alike": lambda rr: SHARE_GAIN * rr.alike,
    "predictable": lambda rr: SHARE_GAIN * rr.predictable,
}
RHYTHM_FEATURE_NAMES: tuple[str, ...] = tuple(_FEATURES)


def rhythm_features(
    r_peaks: Doubles, segment: slice, usual: UsualIntervals | None = None
) -> dict[str, Floats]:
    """Compute the rhythm features of each beat of one segment.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps: those of the segment, and `FAR` or all that there are to each side.
    segment : slice
        Which of them the segment is.
    usual : UsualIntervals, optional
        Those of the record; by default of the segment.

    Returns
    -------
    dict
        From each of `RHYTHM_FEATURE_NAMES` to its values, shape (beats of the segment,); zeros
        where there is no interval.
    """
    if len(r_peaks) < 2:
        n = segment.stop - segment.start
        return {name: np.zeros(n, dtype=np.float32) for name in _FEATURES}
    rhythm = _rhythm(r_peaks, segment, usual)
    return {name: of(rhythm).astype(np.float32) for name, of in _FEATURES.items()}


def _rhythm(r_peaks: Doubles, segment: slice, usual: UsualIntervals | None) -> _Rhythm:
    begin = max(segment.start - FAR, 0)
    rr = _intervals(r_peaks[begin : segment.stop + FAR])
    own = slice(segment.start - begin, segment.stop - begin)
    # Stands for what is missing before the first and after the last beat of the record.
    missing = quantiles(rr[own.start : own.stop - 1] if own.stop - own.start > 1 else rr, 0.5)[0]
    before = np.concatenate(([missing], rr))
    after = np.concatenate((rr, [missing]))
    previous = np.concatenate(([missing], before[:-1]))
    near = rolling_quantile(before, NEAR)
    change = np.abs(np.diff(before, prepend=before[0]))
    alike, predictable = _regularity(before)
    return _Rhythm(
        before=before[own],
        after=after[own],
        previous=previous[own],
        near=near[own],
        near_upper=rolling_quantile(before, NEAR, 0.75)[own],
        usual=_usual(before[own]) if usual is None else usual,
        irregular_near=(rolling_quantile(change, NEAR) / near)[own],
        irregular_far=(rolling_quantile(change, FAR) / near)[own],
        alike=alike[own],
        predictable=predictable[own],
    )


def _regularity(interval: Doubles) -> tuple[Doubles, Doubles]:
    """Return the share of alike pairs around each interval, and of those that continue alike."""
    logarithm = np.log(interval)
    n = len(interval)
    # No interval is alike to one before the first, which is no number.
    padded = np.concatenate([np.full(LAGS, np.nan), logarithm])
    earlier = np.lib.stride_tricks.sliding_window_view(padded, LAGS)[:n]
    same = np.abs(logarithm[:, None] - earlier) < SAME
    counts = np.zeros((3, n))  # pairs, those alike, and those followed by alike ones
    counts[0, :-1] = np.minimum(np.arange(n - 1), LAGS)
    counts[1, :-1] = same[:-1].sum(axis=1)
    counts[2, :-1] = (same[:-1] & same[1:]).sum(axis=1)
    pairs, alike, followed = rolling_sum(counts, FAR)
    share = alike / np.maximum(pairs, 1)
    # Where hardly any are alike, what follows them is taken to be as it is anywhere.
    predictable = (followed + share) / (alike + 1)
    return share, predictable
