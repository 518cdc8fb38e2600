"""Confidence intervals by bootstrap over patients.

Records of one patient, and beats of one record, are not independent: patients are drawn, with
replacement, and every figure is taken again over the drawn ones (Efron & Tibshirani, An
Introduction to the Bootstrap, 1993). Nothing is compared or sorted again for a resample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.performance import Detections, FloatArray, descending

__all__ = ["bootstrap_abnormal", "interval", "patient_weights"]


def patient_weights(n_patients: int, *, resamples: int = 1000, seed: int = 0) -> NDArray[np.int64]:
    """How often each patient is drawn in each resample with replacement.

    Returns
    -------
    ndarray of int64, shape (resamples, n_patients)
        Each row sums to `n_patients`.
    """
    chance = np.full(n_patients, 1.0 / max(n_patients, 1))
    return np.random.default_rng(seed).multinomial(n_patients, chance, size=resamples)


def interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Middle `level` of the resamples in which a figure is defined; NaN where in none."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_abnormal(
    patients: Sequence[Detections], weights: NDArray[np.int64], *, precision: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Average precision and `sensitivity_at` of every resample of patients.

    All beats are sorted once; a resample is then a weight on each, so that a patient drawn twice
    counts twice and one not drawn counts nothing.

    Parameters
    ----------
    patients : sequence of Detections
        One a patient, in the order of the columns of `weights`.
    weights : ndarray of int64, shape (resamples, n_patients)
        From `patient_weights`.
    precision : float
        The +P that the sensitivity is given at.

    Returns
    -------
    tuple of ndarray of float64, each of shape (resamples,)
        NaN where a resample holds no abnormal beat.
    """
    results = np.full((2, len(weights)), np.nan)
    if not patients:
        return results[0], results[1]
    order, ends = descending(np.concatenate([p.score for p in patients]))
    truth = np.concatenate([p.abnormal for p in patients])[order].astype(np.float64)
    owner = np.repeat(np.arange(len(patients)), [len(p.score) for p in patients])[order]
    positives = weights @ np.array([p.abnormal.sum() + p.missed for p in patients])
    for i in np.flatnonzero(positives > 0):
        drawn = weights[i].astype(np.float64)[owner]
        hits = np.cumsum(drawn * truth)[ends]
        called = np.cumsum(drawn)[ends]
        # Before the first drawn beat nothing is called: such points add no recall either.
        kept = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
        results[0, i] = np.sum(np.diff(hits, prepend=0.0) * kept) / positives[i]
        results[1, i] = np.max(hits[kept >= precision], initial=0.0) / positives[i]
    return results[0], results[1]
