"""Confidence intervals by bootstrap over patients.

Records of one patient, and beats of one record, are not independent. Each resample therefore draws
patients, with replacement, and every metric is computed again over the drawn patients (Efron &
Tibshirani, An Introduction to the Bootstrap, 1993). A resample compares and sorts nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.performance import Detections, Doubles, descending

__all__ = ["bootstrap_abnormal", "interval", "patient_weights"]


def patient_weights(n_patients: int, *, resamples: int = 1000, seed: int = 0) -> NDArray[np.int64]:
    """Draw patients with replacement; return how often each resample draws each patient.

    Returns
    -------
    ndarray of int64, shape (resamples, n_patients)
        Each row sums to `n_patients`.
    """
    chance = np.full(n_patients, 1.0 / max(n_patients, 1))
    return np.random.default_rng(seed).multinomial(n_patients, chance, size=resamples)


def interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Return the central interval that holds a share `level` of the finite values; NaN if none."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_abnormal(
    patients: Sequence[Detections], weights: NDArray[np.int64], *, precision: float = 0.95
) -> tuple[Doubles, Doubles]:
    """Return average precision and `sensitivity_at` of every resample of patients.

    All beats are sorted once. A resample is then a weight per beat: a patient who is drawn twice
    counts twice, and a patient who is not drawn does not count.

    Parameters
    ----------
    patients : sequence of Detections
        One per patient, in the order of the columns of `weights`.
    weights : ndarray of int64, shape (resamples, n_patients)
        The result of `patient_weights`.
    precision : float
        The +P at which the sensitivity is taken.

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
        positive_calls = np.cumsum(drawn)[ends]
        # Points before the first drawn beat have no positive call, and add no recall either.
        pp = np.divide(hits, positive_calls, out=np.zeros_like(hits), where=positive_calls > 0)
        results[0, i] = np.sum(np.diff(hits, prepend=0.0) * pp) / positives[i]
        results[1, i] = np.max(hits[pp >= precision], initial=0.0) / positives[i]
    return results[0], results[1]
