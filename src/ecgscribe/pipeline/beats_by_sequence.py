"""What the sequence of beats changes: no beat is early where none begins suddenly.

A supraventricular beat comes early, and a supraventricular tachycardia begins from one beat to the
next. Where the rate only rises, in exercise or fever, every beat is normal however fast it is. And
a fusion beat lies in shape between the normal and the ventricular beats of its recording: without
any of those there is none.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["apply_sequence", "begins_suddenly"]

Doubles = NDArray[np.float64]

N, S, V, F = (AAMI_CLASSES.index(name) for name in "NSVF")

EARLY = 0.88
"""Part of the longest of the three RR intervals before that the RR interval of an early beat has at
most. Breathing rarely shortens one as much."""
LONG_RUN = 8
"""Beats from which a run must also stay fast."""
FAST = 0.9
"""Part of the median of five RR intervals that the median of the next five has at most where a
long run begins."""
REACH = 2
"""Beats around the first of a run at which it may begin: that one may have been called N or V."""
FEWEST_V = 3
"""Ventricular beats of a recording below which no beat is fusion."""


def apply_sequence(beats: ClassifiedCandidates, thresholds: Thresholds) -> ClassifiedCandidates:
    """Classify the beats of a recording knowing the beats around them.

    Parameters
    ----------
    beats : ClassifiedCandidates
        Those that are written, in time order.
    thresholds : Thresholds

    Returns
    -------
    ClassifiedCandidates
        The same beats. A run of S that does not begin suddenly has the probability of S added to
        that of N, and F that of the other classes where there are hardly any V.
    """
    probability = beats.class_probability.copy()
    predicted = decide(probability, thresholds)
    if np.count_nonzero(predicted == V) < FEWEST_V:
        rows = predicted == F
        probability[rows, F] = 0
        probability[rows] /= np.maximum(probability[rows].sum(axis=1, keepdims=True), 1e-9)
        predicted = decide(probability, thresholds)
    rr = np.diff(beats.r_peaks, prepend=np.nan)
    edges = np.flatnonzero(np.diff(predicted == S, prepend=False, append=False)).tolist()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if not begins_suddenly(rr, begin, end):
            probability[begin:end, N] += probability[begin:end, S]
            probability[begin:end, S] = 0
    return dataclasses.replace(beats, class_probability=probability)


def begins_suddenly(rr: Doubles, begin: int, end: int) -> bool:
    """Return whether a run of beats begins from one beat to the next.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
        From each beat to the one before it; NaN for the first beat of the recording.
    begin, end : int
        The first beat of the run, and the one after its last.

    Returns
    -------
    bool
        A short run at the very begin of a recording is given the benefit of the doubt.
    """
    if end - begin >= LONG_RUN:
        near = range(max(begin - REACH, 2), begin + REACH + 1)
        return any(
            np.median(rr[k : k + 5]) <= FAST * np.median(rr[max(k - 5, 1) : k]) for k in near
        )
    if begin <= 1:
        return True
    near = range(max(begin - REACH, 2), min(begin + REACH + 1, end))
    return any(rr[k] <= EARLY * rr[max(k - 3, 1) : k].max() for k in near)
