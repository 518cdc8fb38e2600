"""The numbers of a published table, from confusion matrices and scored beats: pure functions.

Matrices are the seven by seven ones of `ecgscribe.metrics.ec57`: rows are the reference classes
N S V F Q and the extra beats O X, columns the test classes n s v f q and the missed beats o x.
Every rule here is one of end to end measurement: a beat that was missed stays in its class's
denominator, and a beat that is not there counts against whatever it was called.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.comparison import Comparison
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = [
    "ClassScores",
    "Detections",
    "FloatArray",
    "PrCurve",
    "Reliability",
    "abnormal_f1",
    "accuracy",
    "average_precision",
    "brier_score",
    "class_scores",
    "descending",
    "detections",
    "macro_f1",
    "offsets_ms",
    "pr_curve",
    "qrs_scores",
    "ratio",
    "reliability",
    "sensitivity_at",
]


N_CLASSES = 5
MACRO = slice(0, 4)  # N, S, V, F: Q is not promised, and DS2 holds seven of them


FloatArray = NDArray[np.float64]


def ratio(part: ArrayLike, whole: ArrayLike) -> FloatArray:
    """Divide elementwise, with NaN where there is nothing to divide by."""
    top, bottom = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    share = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=share, where=bottom > 0)
    return share


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Scores of the five AAMI classes, each of shape (..., 5), from 0 to 1 or NaN.

    Parameters
    ----------
    se : ndarray of float64
        Sensitivity: beats of the class called so, of all its reference beats, missed ones too.
    pp : ndarray of float64
        Positive predictivity (+P): of all test beats called so, extra ones too.
    f1 : ndarray of float64
        Their harmonic mean; NaN where the class has no reference beat.
    """

    se: FloatArray
    pp: FloatArray
    f1: FloatArray


def class_scores(matrix: ArrayLike) -> ClassScores:
    """Score each class from plain confusion matrices with misses and extras.

    Parameters
    ----------
    matrix : array_like, shape (..., 7, 7)
        Counts, or sums of counts.

    Returns
    -------
    ClassScores
        Arrays of shape (..., 5).
    """
    counts = np.asarray(matrix)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)[..., :N_CLASSES]
    reference = counts.sum(axis=-1)[..., :N_CLASSES]
    test = counts.sum(axis=-2)[..., :N_CLASSES]
    f1 = np.where(reference > 0, ratio(2 * hits, reference + test), np.nan)
    return ClassScores(ratio(hits, reference), ratio(hits, test), f1)


def macro_f1(matrix: ArrayLike) -> FloatArray:
    """Mean F1 of N, S, V and F, shape (...,), over those that have reference beats."""
    f1 = class_scores(matrix).f1[..., MACRO]
    known = np.isfinite(f1)
    return ratio(np.where(known, f1, 0.0).sum(axis=-1), known.sum(axis=-1))


def accuracy(matrix: ArrayLike) -> FloatArray:
    """Pooled accuracy, shape (...,): right beats over all beats, missed and extra ones too."""
    counts = np.asarray(matrix)
    hits = np.trace(counts[..., :N_CLASSES, :N_CLASSES], axis1=-2, axis2=-1)
    return ratio(hits, counts.sum(axis=(-2, -1)))


def qrs_scores(matrix: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Se and +P of the R-peaks whatever their class, each of shape (...,)."""
    counts = np.asarray(matrix)
    found = counts[..., :N_CLASSES, :N_CLASSES].sum(axis=(-2, -1))
    reference = counts[..., :N_CLASSES, :].sum(axis=(-2, -1))
    test = counts[..., :, :N_CLASSES].sum(axis=(-2, -1))
    return ratio(found, reference), ratio(found, test)


def abnormal_f1(matrix: ArrayLike) -> FloatArray:
    """F1 of abnormal beats (S, V, F, Q) called any abnormal class or N, shape (...,)."""
    counts = np.asarray(matrix)
    ill = slice(1, N_CLASSES)
    hits = counts[..., ill, ill].sum(axis=(-2, -1))
    reference = counts[..., ill, :].sum(axis=(-2, -1))
    test = counts[..., :, ill].sum(axis=(-2, -1))
    return np.where(reference > 0, ratio(2 * hits, reference + test), np.nan)


@dataclass(frozen=True, eq=False)
class Detections:
    """The beats a test annotator gave, as a search for abnormal ones.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        Probability that the beat is abnormal, 1 - p_N, of each detected beat.
    abnormal : ndarray of bool, shape (n,)
        True where it matches an abnormal reference beat; an extra beat is never abnormal.
    matched : ndarray of bool, shape (n,)
        False where the beat is an extra one.
    missed : int
        Abnormal reference beats that nothing matches: no threshold recalls them.
    """

    score: FloatArray
    abnormal: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    missed: int


def detections(
    comparison: Comparison, reference: Annotation, test: Annotation, *, mapping: Mapping
) -> Detections:
    """Lay the pairs of a comparison out as scored detections of abnormal beats.

    Parameters
    ----------
    comparison : Comparison
        What `ecgscribe.metrics.ec57.compare` made of the two annotations.
    reference, test : Annotation
        The annotations that were compared; `test` must carry `probability`.
    mapping : {"literature", "ec57"}
        Table that says which reference beats are normal.

    Raises
    ------
    ValueError
        If `test` has no probabilities.
    """
    beats = test.beats()
    if beats.probability is None:
        raise ValueError(f"annotation {test.name}: expected probabilities, found none")
    ill = class_indices(reference.beats().symbol, mapping=mapping) > 0
    in_reference, in_test = comparison.pairs.reference_index, comparison.pairs.test_index
    found = in_test >= 0
    matched = in_reference >= 0
    abnormal = np.zeros(len(in_test), dtype=np.bool_)
    abnormal[matched] = ill[in_reference[matched]]
    return Detections(
        score=1.0 - beats.probability[in_test[found], 0].astype(np.float64),
        abnormal=abnormal[found],
        matched=matched[found],
        missed=int(abnormal[~found].sum()),
    )


@dataclass(frozen=True, eq=False)
class PrCurve:
    """Precision (+P) against recall (Se), one point a distinct score, from the highest down.

    Parameters
    ----------
    recall, precision, threshold : ndarray of float64, shape (m,)
        Se, +P and the lowest score still called abnormal.
    positives : int
        Abnormal beats, those that were not detected too.
    """

    recall: FloatArray
    precision: FloatArray
    threshold: FloatArray
    positives: int


def descending(score: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the order of falling score, and where in it each run of equal scores ends."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) if len(order) else order
    return order, ends


def pr_curve(score: ArrayLike, abnormal: ArrayLike, *, missed: int = 0) -> PrCurve:
    """Precision and recall at every threshold; beats of equal score fall together.

    Parameters
    ----------
    score : array_like, shape (n,)
        Score of each detected beat.
    abnormal : array_like of bool, shape (n,)
        True where it is an abnormal beat.
    missed : int
        Abnormal beats that were not detected; they count in recall's denominator only.
    """
    values = np.asarray(score, dtype=np.float64)
    truth = np.asarray(abnormal, dtype=np.bool_)
    order, ends = descending(values)
    hits = np.cumsum(truth[order])[ends]
    positives = int(truth.sum()) + missed
    return PrCurve(
        recall=ratio(hits, positives),
        precision=ratio(hits, ends + 1),
        threshold=values[order][ends],
        positives=positives,
    )


def average_precision(curve: PrCurve) -> float:
    """Area under the curve as average precision: precision summed over the steps of recall.

    Nothing is interpolated, and the part of recall that is never reached adds nothing; NaN where
    there is no abnormal beat.
    """
    if curve.positives == 0:
        return float("nan")
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def sensitivity_at(curve: PrCurve, *, precision: float = 0.95) -> float:
    """Highest recall at which `precision` is still kept; 0 where none keeps it.

    NaN where there is no abnormal beat.
    """
    if curve.positives == 0:
        return float("nan")
    return float(np.max(curve.recall[curve.precision >= precision], initial=0.0))


@dataclass(frozen=True, eq=False)
class Reliability:
    """Probability said against frequency seen, one value a bin.

    Parameters
    ----------
    predicted : ndarray of float64, shape (bins,)
        Mean probability of the beats in the bin; NaN where it is empty.
    observed : ndarray of float64, shape (bins,)
        Share of them that are abnormal; NaN where it is empty.
    count : ndarray of int64, shape (bins,)
        Beats in the bin.
    """

    predicted: FloatArray
    observed: FloatArray
    count: NDArray[np.int64]


def reliability(probability: ArrayLike, abnormal: ArrayLike, *, bins: int = 10) -> Reliability:
    """Make the reliability curve over bins of equal width from 0 to 1."""
    p = np.asarray(probability, dtype=np.float64)
    index = np.clip((p * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    said = np.bincount(index, weights=p, minlength=bins)
    seen = np.bincount(index, weights=np.asarray(abnormal, dtype=np.float64), minlength=bins)
    return Reliability(ratio(said, count), ratio(seen, count), count)


def brier_score(probability: ArrayLike, abnormal: ArrayLike) -> float:
    """Mean squared distance of probability and outcome (Brier, Mon Weather Rev 78:1-3, 1950)."""
    p = np.asarray(probability, dtype=np.float64)
    return float(np.mean((p - np.asarray(abnormal)) ** 2)) if len(p) else float("nan")


def offsets_ms(comparison: Comparison, reference: Annotation, test: Annotation) -> FloatArray:
    """Test minus reference in ms of every matched pair, shape (n_matched,)."""
    pairs = comparison.pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    at = reference.beats().sample[pairs.reference_index[both]] / reference.fs
    found = test.beats().sample[pairs.test_index[both]] / test.fs
    return np.asarray((found - at) * 1000.0, dtype=np.float64)
