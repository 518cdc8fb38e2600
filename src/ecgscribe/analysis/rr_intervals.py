"""RR intervals that can be trusted, and the heart rate that they make.

An interval counts where both of its beats can be read, no other beat lies between them, and no
stretch between them is lost or noisy in every lead, or marked as ventricular flutter. A
normal-to-normal (NN) interval is one between two beats of class N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.quality_annotations import dark, unreadable_spans
from ecgscribe.record import Annotation

__all__ = [
    "PAUSE_S",
    "RATE_INTERVALS",
    "Beats",
    "Extreme",
    "counted",
    "intervals",
    "mean_rate",
    "pauses",
    "rate_extremes",
    "rates",
]


def intervals(annotation: Annotation) -> tuple[Annotation, NDArray[np.float64]]:
    """Give the beats and the RR interval in s before each, NaN where a beat may lie unseen."""
    beats = annotation.beats()
    rr = np.diff(beats.sample, prepend=np.int64(0)) / beats.fs
    rr[:1] = np.nan
    rr[rr <= 0] = np.nan
    begin, stop = dark(annotation).T
    before = np.insert(beats.sample, 0, 0)[:-1]
    inside = np.searchsorted(begin, beats.sample) > np.searchsorted(stop, before, side="right")
    seen = beats.readable
    rr[inside | ~seen | ~np.insert(seen, 0, False)[:-1]] = np.nan
    return beats, rr


RATE_INTERVALS = 8
"""Consecutive RR intervals that a lowest or highest heart rate is the mean of. No standard names
the number; recorders use 4 to 16."""
PAUSE_S = 2.0
"""An RR interval that is longer is a pause (Kusumoto et al., Circulation 2019;140:e382-e482, call
3 s or more clinically significant; Holter reports count from 2 s)."""


_FLUTTER = ("[", "!", "]")  # its beginning, its waves, which are not beats, and its end


Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Beats:
    """The beats of a recording that count, and the intervals between them.

    Parameters
    ----------
    sample : ndarray of int64, shape (n,)
        Their positions.
    class_index : ndarray of int8, shape (n,)
        Index of each one's AAMI class.
    index : ndarray of int64, shape (n,)
        Where each stands in the annotation.
    rr : ndarray of float64, shape (n,)
        Seconds since the beat before; NaN where that is not known.
    fs : float
        Sampling frequency in Hz.
    in_noise : int
        Number of beats that do not count.
    """

    sample: NDArray[np.int64]
    class_index: NDArray[np.int8]
    index: NDArray[np.int64]
    rr: Floats
    fs: float
    in_noise: int

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def time(self) -> Floats:
        """Seconds from the start of the recording, shape (n,)."""
        return self.sample / self.fs

    @property
    def known(self) -> Flags:
        """Whether the interval before each beat counts, shape (n,)."""
        return ~np.isnan(self.rr)

    @property
    def normal(self) -> Flags:
        """Whether the interval before each beat is one from N to N, shape (n,)."""
        both = np.zeros(len(self), dtype=np.bool_)
        both[1:] = (self.class_index[1:] == 0) & (self.class_index[:-1] == 0)
        return both & self.known


def counted(annotation: Annotation, n_samples: int) -> Beats:
    """Choose the beats that count, and tell the intervals between them.

    Parameters
    ----------
    annotation : Annotation
        Beats, and ``~`` where the signal cannot be read. Where it holds no quality of each beat,
        those inside an unreadable stretch do not count.
    n_samples : int
        Length of the recording.

    Returns
    -------
    Beats
    """
    stretches = unreadable_spans(annotation, n_samples)
    every = np.flatnonzero(annotation.class_index >= 0)
    sample = annotation.sample[every]
    good = annotation.readable[every]
    if annotation.quality is None:
        good = good & ~_inside(sample, stretches)
    keep = np.flatnonzero(good)
    rr = np.full(len(keep), np.nan)
    if len(keep) > 1:
        at = sample[keep]
        step = np.diff(at)
        # The next beat that counts is the next of all, and no bad stretch begins in between.
        alone = (np.diff(keep) == 1) & (step > 0)
        ended = np.searchsorted(stretches[:, 1], at[:-1], side="right")
        clear = np.searchsorted(stretches[:, 0], at[1:]) == ended
        flutter = np.cumsum(np.isin(annotation.symbol, _FLUTTER))[every[keep]]
        rr[1:] = np.where(alone & clear & (np.diff(flutter) == 0), step / annotation.fs, np.nan)
    return Beats(
        sample=sample[keep],
        class_index=annotation.class_index[every][keep],
        index=every[keep],
        rr=rr,
        fs=annotation.fs,
        in_noise=len(every) - len(keep),
    )


def _inside(sample: NDArray[np.int64], stretches: NDArray[np.int64]) -> Flags:
    begun = np.searchsorted(stretches[:, 0], sample, side="right")
    ended = np.searchsorted(stretches[:, 1], sample, side="right")
    return np.asarray(begun > ended)


@dataclass(frozen=True)
class Extreme:
    """A lowest or highest heart rate.

    Parameters
    ----------
    rate : float
        Beats a minute.
    first, last : int
        Numbers of the beats that it reaches from and to.
    """

    rate: float
    first: int
    last: int


def mean_rate(beats: Beats) -> float | None:
    """Give the intervals that count a minute of their time; None if there are none."""
    rr = beats.rr[beats.known]
    return None if len(rr) == 0 else float(60.0 / rr.mean())


def rates(beats: Beats, *, intervals: int = RATE_INTERVALS) -> Floats:
    """Give the heart rate over the intervals that end at each beat.

    Parameters
    ----------
    beats : Beats
    intervals : int
        How many consecutive intervals each is the mean of.

    Returns
    -------
    ndarray of float64, shape (n,)
        Beats a minute, of all classes; NaN where not all of the intervals count.
    """
    rate = np.full(len(beats), np.nan)
    if len(beats) > intervals:
        windows = np.lib.stride_tricks.sliding_window_view(beats.rr[1:], intervals)
        rate[intervals:] = 60.0 * intervals / windows.sum(axis=1)
    return rate


def rate_extremes(
    beats: Beats, *, intervals: int = RATE_INTERVALS
) -> tuple[Extreme, Extreme] | None:
    """Find the lowest and the highest heart rate.

    Parameters
    ----------
    beats : Beats
    intervals : int
        How many consecutive intervals each is the mean of.

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


def pauses(beats: Beats, *, longer_than: float = PAUSE_S) -> NDArray[np.int64]:
    """Find the beats that end a pause, an interval that counts and is longer; shape (m,)."""
    return np.flatnonzero(beats.known & (np.nan_to_num(beats.rr) > longer_than))
