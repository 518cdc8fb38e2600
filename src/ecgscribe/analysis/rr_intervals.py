"""The one definition of an RR interval, and the heart rates that intervals make.

An interval counts where both of its beats are readable, no other beat lies between them, no span
between them is unreadable, that is, lost or noisy in every lead, and no annotation of ventricular
flutter lies between them. A normal-to-normal (NN) interval is one between two beats of class N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation

__all__ = [
    "PAUSE_S",
    "RATE_INTERVALS",
    "BeatSeries",
    "Extreme",
    "beat_series",
    "mean_rate",
    "pauses",
    "rate_extremes",
    "rates",
]


RATE_INTERVALS = 8
"""Consecutive RR intervals whose mean is a lowest or highest heart rate. No standard names the
number; recorders use 4 to 16."""
PAUSE_S = 2.0
"""An RR interval that is longer is a pause (Kusumoto et al., Circulation 2019;140:e382-e482, call
3 s or more clinically significant; Holter reports count from 2 s)."""


_FLUTTER = ("[", "!", "]")  # its beginning, its waves, which are not beats, and its end


Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BeatSeries:
    """The readable beats of a recording, and the RR intervals between them.

    Parameters
    ----------
    sample : ndarray of int64, shape (n,)
        Position of each beat.
    class_index : ndarray of int8, shape (n,)
        Index of the AAMI class of each beat.
    index : ndarray of int64, shape (n,)
        Index of each beat in the annotation.
    rr : ndarray of float64, shape (n,)
        RR interval in s that ends at each beat; NaN where no interval counts.
    fs : float
        Sampling frequency in Hz.
    in_noise : int
        Number of beats that are left out, because they are not readable.
    """

    sample: NDArray[np.int64]
    class_index: NDArray[np.int8]
    index: NDArray[np.int64]
    rr: Doubles
    fs: float
    in_noise: int

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def time(self) -> Doubles:
        """Seconds from the start of the recording, shape (n,)."""
        return self.sample / self.fs

    @property
    def has_rr(self) -> Flags:
        """Whether an RR interval ends at each beat, shape (n,)."""
        return ~np.isnan(self.rr)

    @property
    def normal(self) -> Flags:
        """Whether an NN interval ends at each beat, shape (n,)."""
        both = np.zeros(len(self), dtype=np.bool_)
        both[1:] = (self.class_index[1:] == 0) & (self.class_index[:-1] == 0)
        return both & self.has_rr


def beat_series(annotation: Annotation, n_samples: int) -> BeatSeries:
    """Select the readable beats and compute the RR intervals between them.

    Parameters
    ----------
    annotation : Annotation
        Beats, and a ``~`` wherever the signal quality changes. If it holds no quality per beat,
        beats inside unreadable spans are left out.
    n_samples : int
        Length of the recording.

    Returns
    -------
    BeatSeries
    """
    spans = unreadable_spans(annotation, n_samples)
    beats = np.flatnonzero(annotation.class_index >= 0)
    sample = annotation.sample[beats]
    readable = annotation.readable[beats]
    if annotation.quality is None:
        readable = readable & ~_inside(sample, spans)
    keep = np.flatnonzero(readable)
    rr = np.full(len(keep), np.nan)
    if len(keep) > 1:
        at = sample[keep]
        distance = np.diff(at)
        # The next readable beat is the next of all, and no unreadable span begins in between.
        adjacent = (np.diff(keep) == 1) & (distance > 0)
        ended = np.searchsorted(spans[:, 1], at[:-1], side="right")
        clear = np.searchsorted(spans[:, 0], at[1:]) == ended
        flutter = np.cumsum(np.isin(annotation.symbol, _FLUTTER))[beats[keep]]
        counts = adjacent & clear & (np.diff(flutter) == 0)
        rr[1:] = np.where(counts, distance / annotation.fs, np.nan)
    return BeatSeries(
        sample=sample[keep],
        class_index=annotation.class_index[beats][keep],
        index=beats[keep],
        rr=rr,
        fs=annotation.fs,
        in_noise=len(beats) - len(keep),
    )


def _inside(sample: NDArray[np.int64], spans: NDArray[np.int64]) -> Flags:
    begun = np.searchsorted(spans[:, 0], sample, side="right")
    ended = np.searchsorted(spans[:, 1], sample, side="right")
    return np.asarray(begun > ended)


@dataclass(frozen=True)
class Extreme:
    """A lowest or highest heart rate.

    Parameters
    ----------
    rate : float
        Beats per minute.
    first, last : int
        Indices of the first and the last beat of its intervals.
    """

    rate: float
    first: int
    last: int


def mean_rate(beats: BeatSeries) -> float | None:
    """Return the mean heart rate over all RR intervals in 1/min; None without an interval."""
    rr = beats.rr[beats.has_rr]
    return None if len(rr) == 0 else float(60.0 / rr.mean())


def rates(beats: BeatSeries, *, intervals: int = RATE_INTERVALS) -> Doubles:
    """Return the heart rate over the last RR intervals at each beat.

    Parameters
    ----------
    beats : BeatSeries
    intervals : int
        Number of consecutive intervals in each mean.

    Returns
    -------
    ndarray of float64, shape (n,)
        Beats per minute, of all classes; NaN where one of the intervals does not count.
    """
    rate = np.full(len(beats), np.nan)
    if len(beats) > intervals:
        windows = np.lib.stride_tricks.sliding_window_view(beats.has_rr[1:], intervals)
        # From the first beat to the last: a sum of intervals is not exact.
        seconds = (beats.sample[intervals:] - beats.sample[:-intervals]) / beats.fs
        rate[intervals:] = np.where(windows.all(axis=1), 60.0 * intervals / seconds, np.nan)
    return rate


def rate_extremes(
    beats: BeatSeries, *, intervals: int = RATE_INTERVALS
) -> tuple[Extreme, Extreme] | None:
    """Find the lowest and the highest heart rate.

    Parameters
    ----------
    beats : BeatSeries
    intervals : int
        Number of consecutive intervals in each mean.

    Returns
    -------
    tuple of Extreme or None
        Lowest and highest, the first of each; None where too few intervals follow one another.
    """
    rate = rates(beats, intervals=intervals)
    if np.isnan(rate).all():
        return None
    low, high = int(np.nanargmin(rate)), int(np.nanargmax(rate))
    return (
        Extreme(float(rate[low]), low - intervals, low),
        Extreme(float(rate[high]), high - intervals, high),
    )


def pauses(beats: BeatSeries, *, longer_than: float = PAUSE_S) -> NDArray[np.int64]:
    """Return the indices of beats at the end of a pause, a longer RR interval; shape (m,)."""
    return np.flatnonzero(beats.has_rr & (np.nan_to_num(beats.rr) > longer_than))
