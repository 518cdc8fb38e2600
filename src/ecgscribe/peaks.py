"""From the sigmoid's track to R-peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.windows import FS

__all__ = ["find_peaks"]

REFRACTORY_S = 0.2
"""No two R-peaks lie closer: the ventricles are refractory for longer than this."""
CENTROID_REACH = 7
"""Steps to each side over which a peak's place is averaged (55 ms). Where the network hesitates
between two deflections of one QRS, the place between them errs least; chosen on the folds, where
3 steps leave a fifth more R-peaks more than 50 ms off."""


def find_peaks(
    score: NDArray[np.float32], *, threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Find R-peaks in the score at every step.

    Parameters
    ----------
    score : ndarray of float32, shape (n_steps,)
        Score of the R-peak, 0 to 1.
    threshold : float
        Least score of an R-peak.

    Returns
    -------
    step : ndarray of float64, shape (n_beats,)
        R-peaks in fractional steps: the centre of mass of the score around its maximum.
    height : ndarray of float32, shape (n_beats,)
        Score at each maximum.
    """
    from scipy import signal

    if len(score) == 0:
        return np.zeros(0), np.zeros(0, dtype=np.float32)
    # A zero at each end lets a beat at the very edge be a maximum.
    padded = np.concatenate(([0], score, [0])).astype(np.float32)
    at, _ = signal.find_peaks(padded, height=threshold, distance=int(REFRACTORY_S * FS))
    at = at - 1
    offset = np.arange(-CENTROID_REACH, CENTROID_REACH + 1)
    around = at[:, None] + offset
    weight = np.where(
        (around >= 0) & (around < len(score)), score[np.clip(around, 0, len(score) - 1)], 0
    ).astype(np.float64)
    shift = (weight * offset).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    step = np.maximum(at + shift, 0)
    return step, score[at].astype(np.float32)
