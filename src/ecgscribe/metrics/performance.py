"""The metrics of a published table, from confusion matrices and scored beats: pure functions.

Matrices are the 7 x 7 confusion matrices of `ecgscribe.metrics.ec57`: rows are the reference
classes N S V F Q and the extra beats O X, columns the test classes n s v f q and the missed beats
o x. All metrics are end to end: a missed beat stays in the denominator of its class, and an extra
beat is a false positive of the class it was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.comparison import N_CLASSES, Comparison
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = [
    "ClassScores",
    "Detections",
    "Doubles",
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
    "qrs_f1",
    "qrs_scores",
    "ratio",
    "reliability",
    "sensitivity_at",
]


MACRO = slice(0, 4)  # N, S, V, F; without Q, which is unreliable: DS2 has seven Q beats


Doubles = NDArray[np.float64]
_Int = NDArray[np.int64]


def ratio(part: ArrayLike, whole: ArrayLike) -> Doubles:
    """Divide elementwise; NaN where the denominator is not positive."""
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
        Sensitivity: share of the class's reference beats, missed beats included, that were
        classified so.
    pp : ndarray of float64
        Positive predictivity (+P): share of the beats with this predicted class, extra beats
        included, that are of the class.
    f1 : ndarray of float64
        Their harmonic mean; NaN where the class has no reference beat.
    """

    se: Doubles
    pp: Doubles
    f1: Doubles


def class_scores(matrix: ArrayLike) -> ClassScores:
    """Score each class from confusion matrices, missed and extra beats included.

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


def macro_f1(matrix: ArrayLike) -> Doubles:
    """Return the mean F1, shape (...,), over those of N, S, V and F that have reference beats."""
    f1 = class_scores(matrix).f1[..., MACRO]
    defined = np.isfinite(f1)
    return ratio(np.where(defined, f1, 0.0).sum(axis=-1), defined.sum(axis=-1))


def accuracy(matrix: ArrayLike) -> Doubles:
    """Return the pooled accuracy, shape (...,); missed and extra beats count as errors."""
    counts = np.asarray(matrix)
    hits = np.trace(counts[..., :N_CLASSES, :N_CLASSES], axis1=-2, axis2=-1)
    return ratio(hits, counts.sum(axis=(-2, -1)))


def qrs_scores(matrix: ArrayLike) -> tuple[Doubles, Doubles]:
    """Return Se and +P of the R-peaks regardless of class, each of shape (...,)."""
    hits, reference, test = _counts_of(matrix, slice(0, N_CLASSES))
    return ratio(hits, reference), ratio(hits, test)


def qrs_f1(matrix: ArrayLike) -> Doubles:
    """Return F1 of the R-peaks regardless of class, shape (...,); NaN without reference beats."""
    hits, reference, test = _counts_of(matrix, slice(0, N_CLASSES))
    return np.where(reference > 0, ratio(2 * hits, reference + test), np.nan)


def abnormal_f1(matrix: ArrayLike) -> Doubles:
    """Return F1 of abnormal (S, V, F or Q) against normal (N), shape (...,)."""
    hits, reference, test = _counts_of(matrix, slice(1, N_CLASSES))
    return np.where(reference > 0, ratio(2 * hits, reference + test), np.nan)


def _counts_of(matrix: ArrayLike, classes: slice) -> tuple[_Int, _Int, _Int]:
    """Count hits, reference beats and test beats of a group of classes, each of shape (...,)."""
    counts = np.asarray(matrix)
    hits = counts[..., classes, classes].sum(axis=(-2, -1))
    reference = counts[..., classes, :].sum(axis=(-2, -1))
    test = counts[..., :, classes].sum(axis=(-2, -1))
    return hits, reference, test


@dataclass(frozen=True, eq=False)
class Detections:
    """The beats of a test annotator, scored as detections of abnormal beats.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        Probability 1 - p_N that the beat is abnormal, of each detected beat.
    abnormal : ndarray of bool, shape (n,)
        True where the beat matches an abnormal reference beat; an extra beat is never abnormal.
    matched : ndarray of bool, shape (n,)
        False where the beat is an extra beat.
    missed : int
        Abnormal reference beats without a match: no threshold recalls them.
    """

    score: Doubles
    abnormal: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    missed: int


def detections(
    comparison: Comparison, reference: Annotation, test: Annotation, *, mapping: Mapping
) -> Detections:
    """Turn the pairs of a comparison into scored detections of abnormal beats.

    Parameters
    ----------
    comparison : Comparison
        The result of `ecgscribe.metrics.ec57.compare` for the two annotations.
    reference, test : Annotation
        The annotations that were compared; `test` must have a `probability`.
    mapping : {"literature", "ec57"}
        Table that defines which reference beats are normal.

    Returns
    -------
    Detections

    Raises
    ------
    ValueError
        If `test` has no probabilities.
    """
    beats = test.beats()
    if beats.probability is None:
        raise ValueError(
            f"annotation {test.name}: expected probabilities, found none; annotate with a model"
        )
    is_abnormal = class_indices(reference.beats().symbol, mapping=mapping) > 0
    in_reference, in_test = comparison.pairs.reference_index, comparison.pairs.test_index
    detected = in_test >= 0
    matched = in_reference >= 0
    abnormal = np.zeros(len(in_test), dtype=np.bool_)
    abnormal[matched] = is_abnormal[in_reference[matched]]
    return Detections(
        score=1.0 - beats.probability[in_test[detected], 0].astype(np.float64),
        abnormal=abnormal[detected],
        matched=matched[detected],
        missed=int(abnormal[~detected].sum()),
    )


@dataclass(frozen=True, eq=False)
class PrCurve:
    """Precision (+P) against recall (Se), one point per distinct score, from the highest down.

    Parameters
    ----------
    recall, precision, threshold : ndarray of float64, shape (m,)
        Se, +P, and the lowest score that is classified as abnormal.
    positives : int
        Number of abnormal beats, missed beats included.
    """

    recall: Doubles
    precision: Doubles
    threshold: Doubles
    positives: int


def descending(score: Doubles) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the order of descending score, and the last position of each run of equal scores."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) if len(order) else order
    return order, ends


def pr_curve(score: ArrayLike, abnormal: ArrayLike, *, missed: int = 0) -> PrCurve:
    """Return precision and recall at every threshold; beats of equal score share one point.

    Parameters
    ----------
    score : array_like, shape (n,)
        Score of each detected beat.
    abnormal : array_like of bool, shape (n,)
        True where the beat is abnormal.
    missed : int
        Abnormal beats that were not detected; they count in the denominator of recall only.

    Returns
    -------
    PrCurve
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
    """Return the area under the curve as average precision: precision summed over steps of recall.

    There is no interpolation, and recall that is never reached adds nothing. NaN without abnormal
    beats.
    """
    if curve.positives == 0:
        return float("nan")
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def sensitivity_at(curve: PrCurve, *, precision: float = 0.95) -> float:
    """Return the highest recall with at least this `precision`; 0 where no threshold has it.

    NaN without abnormal beats.
    """
    if curve.positives == 0:
        return float("nan")
    return float(np.max(curve.recall[curve.precision >= precision], initial=0.0))


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted probability against observed frequency, one value per bin.

    Parameters
    ----------
    predicted : ndarray of float64, shape (bins,)
        Mean probability of the beats in the bin; NaN if the bin is empty.
    observed : ndarray of float64, shape (bins,)
        Share of these beats that are abnormal; NaN if the bin is empty.
    count : ndarray of int64, shape (bins,)
        Number of beats in the bin.
    """

    predicted: Doubles
    observed: Doubles
    count: NDArray[np.int64]


def reliability(probability: ArrayLike, abnormal: ArrayLike, *, bins: int = 10) -> Reliability:
    """Return the reliability curve over bins of equal width from 0 to 1."""
    p = np.asarray(probability, dtype=np.float64)
    index = np.clip((p * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    predicted = np.bincount(index, weights=p, minlength=bins)
    observed = np.bincount(index, weights=np.asarray(abnormal, dtype=np.float64), minlength=bins)
    return Reliability(ratio(predicted, count), ratio(observed, count), count)


def brier_score(probability: ArrayLike, abnormal: ArrayLike) -> float:
    """Return the mean squared error of the probability (Brier, Mon Weather Rev 78:1-3, 1950)."""
    p = np.asarray(probability, dtype=np.float64)
    return float(np.mean((p - np.asarray(abnormal)) ** 2)) if len(p) else float("nan")


def offsets_ms(comparison: Comparison, reference: Annotation, test: Annotation) -> Doubles:
    """Return test minus reference in ms for every matched pair, shape (n_matched,)."""
    pairs = comparison.pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    expected = reference.beats().sample[pairs.reference_index[both]] / reference.fs
    detected = test.beats().sample[pairs.test_index[both]] / test.fs
    return np.asarray((detected - expected) * 1000.0, dtype=np.float64)
