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

from ecgscribe.flags import runs
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.pipeline.sudden_runs import (
    DOUBTFUL_S,
    begins_suddenly,
    of_the_run,
    rate_to_hold,
    stands_out,
)
from ecgscribe.pipeline.sudden_tachycardia import follow, sudden_tachycardia
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["PART_OF_N", "apply_sequence", "n_to_s", "s_logit", "temper_s"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = slice | NDArray[np.bool_] | NDArray[np.intp]

N, S, V, F = (AAMI_CLASSES.index(name) for name in "NSVF")

STILL_S = 0.3
"""Part of the probability of S that is left where rhythm or sequence speak against S. Of such beats
of unseen patients 18% are S, both here and in what is called atrial fibrillation; their mean
probability was 0.6."""
PART_OF_N = 0.5
"""Part of the probability of N that is added to that of S in a run that stands out."""
SMALLEST = 1e-3
"""Added to probabilities, so that a logit is finite."""
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
        The same beats. In a sudden tachycardia that is no atrial fibrillation, and where a fast run
        of S holds its rate, the probability of N is added to that of S; in a run of doubtful S that
        stands out, half of it. In a run of S that does not begin suddenly, most of that of S is
        added to N; and where there are hardly any V, that of F to the other classes.
    """
    probability = beats.class_probability.copy()
    rr = np.diff(beats.r_peaks, prepend=np.nan)
    fibrillates = np.zeros(len(beats), dtype=np.bool_)
    for span in rhythms:
        if span.kind == "AFIB":
            fibrillates[slice(*np.searchsorted(beats.r_peaks, [span.begin, span.end]))] = True
    leaps = sudden_tachycardia(rr / FS) & ~fibrillates
    n_to_s(probability, leaps)
    predicted = decide(probability, thresholds)
    if np.count_nonzero(predicted == V) < FEWEST_V:
        rows = predicted == F
        probability[rows, F] = 0
        probability[rows] /= np.maximum(probability[rows].sum(axis=1, keepdims=True), 1e-9)
        predicted = decide(probability, thresholds)
    is_n, is_s = predicted == N, predicted == S
    for begin, end in runs(is_s).tolist():
        own = slice(begin, end)
        if not leaps[own].any() and not begins_suddenly(rr, begin, end, is_n):
            temper_s(probability, own)
            is_n[own], is_s[own] = True, False
    may_be_s = is_n & ~fibrillates & (beats.class_probability[:, S] > DOUBTFUL_S)
    logit = s_logit(beats.class_probability)
    for begin, end in runs(may_be_s | is_s).tolist():
        own = slice(begin, end)
        if not is_s[own].all() and stands_out(rr, logit, begin, end, is_n):
            rows = begin + np.flatnonzero(of_the_run(rr, begin, end) & ~is_s[own])
            n_to_s(probability, rows, PART_OF_N)
            is_n[rows], is_s[rows] = False, True
    goes_on_to = 0
    for begin, end in runs(is_s).tolist():
        rate = rate_to_hold(rr, begin, end, is_n) if begin >= goes_on_to else None
        if rate is not None:
            of_it = follow(rr, end, rate)
            goes_on_to = end + len(of_it)
            own = slice(end, goes_on_to)
            rows = end + np.flatnonzero(of_it & is_n[own] & ~fibrillates[own])
            n_to_s(probability, rows)
            is_n[rows] = False
    return dataclasses.replace(beats, class_probability=probability)


def s_logit(class_probability: Floats) -> Doubles:
    """Return the logit of S against N of each beat, shape (n,)."""
    odds = class_probability[:, [S, N]].astype(np.float64) + SMALLEST
    return np.log(odds[:, 0] / odds[:, 1])


def n_to_s(class_probability: Floats, rows: Rows, part: float = 1.0) -> None:
    """Add the probability of N, or a part of it, to that of S in some rows, in place.

    Parameters
    ----------
    class_probability : ndarray of float32, shape (n, 5)
    rows : slice or ndarray
    part : float
    """
    moved = part * class_probability[rows, N]
    class_probability[rows, S] += moved
    class_probability[rows, N] -= moved


def temper_s(class_probability: Floats, rows: Rows) -> None:
    """Add most of the probability of S to that of N in some rows, in place.

    Parameters
    ----------
    class_probability : ndarray of float32, shape (n, 5)
    rows : slice or ndarray
    """
    moved = (1 - STILL_S) * class_probability[rows, S]
    class_probability[rows, N] += moved
    class_probability[rows, S] -= moved
