"""What the sequence of beats changes: S begins from one beat to the next, N does not.

A supraventricular beat comes early, and a supraventricular tachycardia begins from one beat to the
next. Where the rate only rises, in exercise or fever, every beat is normal however fast it is;
where it leaps, none of them is (`ecgscribe.pipeline.sudden_tachycardia`). And a fusion beat lies in
shape between the normal and the ventricular beats of its recording: without any of those there is
none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.rhythm import StepSpan
from ecgscribe.pipeline.sudden_tachycardia import sudden_tachycardia
from ecgscribe.signal.filters import runs
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["apply_sequence", "begins_suddenly", "n_to_s", "temper_s"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

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
STEADY = 1.15
"""Times by which an RR interval is at most longer or shorter than those of a run that holds on."""
LONGEST_AGO = 60
"""Beats before a run of S among which it may have begun as one of N."""
STILL_S = 0.3
"""Part of the probability of S that is left where rhythm or sequence speak against S. Of such beats
of unseen patients 18% are S, both here and in what is called atrial fibrillation; their mean
probability was 0.6."""
FEWEST_V = 3
"""Ventricular beats of a recording below which no beat is fusion."""


def apply_sequence(
    beats: ClassifiedCandidates, thresholds: Thresholds, rhythms: Sequence[StepSpan] = ()
) -> ClassifiedCandidates:
    """Classify the beats of a recording knowing the beats around them.

    Parameters
    ----------
    beats : ClassifiedCandidates
        Those that are written, in time order.
    thresholds : Thresholds
    rhythms : sequence of StepSpan
        In time order.

    Returns
    -------
    ClassifiedCandidates
        The same beats. In a sudden tachycardia that is no atrial fibrillation, the probability of N
        is added to that of S. In a run of S that does not begin suddenly, most of that of S is
        added to N; and where there are hardly any V, that of F to the other classes.
    """
    probability = beats.class_probability.copy()
    rr = np.diff(beats.r_peaks, prepend=np.nan)
    leaps = sudden_tachycardia(rr / FS)
    for span in rhythms:
        if span.kind == "AFIB":
            leaps[slice(*np.searchsorted(beats.r_peaks, [span.begin, span.end]))] = False
    n_to_s(probability, leaps)
    predicted = decide(probability, thresholds)
    if np.count_nonzero(predicted == V) < FEWEST_V:
        rows = predicted == F
        probability[rows, F] = 0
        probability[rows] /= np.maximum(probability[rows].sum(axis=1, keepdims=True), 1e-9)
        predicted = decide(probability, thresholds)
    for begin, end in runs(predicted == S):
        if not leaps[begin:end].any() and not begins_suddenly(rr, begin, end):
            temper_s(probability, slice(begin, end))
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
        A short run at the very begin of a recording is given the benefit of the doubt. A run may
        have begun earlier: beats before it at the same rate, called N, are of the same run.
    """
    if end - begin >= LONG_RUN:
        if any(_falls(rr, k) for k in range(max(begin - REACH, 2), begin + REACH + 1)):
            return True
    else:
        near = range(max(begin - REACH, 2), min(begin + REACH + 1, end))
        if begin <= 1 or any(_is_early(rr, k) for k in near):
            return True
    first = _first_at_the_rate(rr, begin, end)
    return 1 < first < begin and _is_early(rr, first) and _falls(rr, first)


def n_to_s(class_probability: Floats, rows: Flags | slice) -> None:
    """Add the probability of N to that of S in some rows, in place.

    Parameters
    ----------
    class_probability : ndarray of float32, shape (n, 5)
    rows : ndarray of bool, shape (n,), or slice
    """
    class_probability[rows, S] += class_probability[rows, N]
    class_probability[rows, N] = 0


def temper_s(class_probability: Floats, rows: Flags | slice) -> None:
    """Add most of the probability of S to that of N in some rows, in place.

    Parameters
    ----------
    class_probability : ndarray of float32, shape (n, 5)
    rows : slice or ndarray of bool, shape (n,)
    """
    moved = (1 - STILL_S) * class_probability[rows, S]
    class_probability[rows, N] += moved
    class_probability[rows, S] -= moved


def _is_early(rr: Doubles, beat: int) -> bool:
    """Return whether a beat comes early after the three before it."""
    return bool(rr[beat] <= EARLY * rr[max(beat - 3, 1) : beat].max())


def _falls(rr: Doubles, beat: int) -> bool:
    """Return whether the RR intervals are shorter from a beat on."""
    return bool(np.median(rr[beat : beat + 5]) <= FAST * np.median(rr[max(beat - 5, 1) : beat]))


def _first_at_the_rate(rr: Doubles, begin: int, end: int) -> int:
    """Return the first of the beats before a run, without a break, that are as fast as it is."""
    rate = np.median(rr[begin : min(begin + 5, end)])
    before = rr[max(begin - LONGEST_AGO, 1) : begin]
    others = np.flatnonzero((before > STEADY * rate) | (before < rate / STEADY))
    return begin - len(before) + (int(others[-1]) + 1 if len(others) else 0)
