"""From the score of every step to R-peaks, and from there to their place in the signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS

__all__ = ["PLACE_REACH", "REFRACTORY_S", "find_beats", "find_peaks", "place_peaks"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

REFRACTORY_S = 0.2
"""No two R-peaks are closer: the ventricles are refractory for longer than this."""
CENTROID_REACH = 7
"""Steps to each side over which a peak's place is averaged (55 ms). Where the network hesitates
between two deflections of one QRS, the place between them errs least; chosen on the folds, where
3 steps leave a fifth more R-peaks more than 50 ms off."""


PLACE_REACH = 8
"""Steps to each side within which the largest deflection is sought (62 ms)."""
PLACE_SPREAD = 8.0
"""Distance in steps from which on a deflection must be clearly larger."""
FLAT = 0.05
"""Deflection of a conditioned signal, whose QRS reaches about 1, below which a lead is flat."""


def find_peaks(score: Floats, *, threshold: float, since: int = 0) -> tuple[Doubles, Floats]:
    """Find R-peaks in the score at every step.

    Parameters
    ----------
    score : ndarray of float32, shape (n_steps,)
        Score of the R-peak, 0 to 1.
    threshold : float
        Least score of an R-peak.
    since : int
        First step at which the score of a wanted R-peak is highest.

    Returns
    -------
    r_peaks : ndarray of float64, shape (n_beats,)
        In fractional steps: the centre of mass of the score around its maximum.
    peak_scores : ndarray of float32, shape (n_beats,)
        Score at each maximum.
    """
    from scipy import signal

    if len(score) == 0:
        return np.zeros(0), np.zeros(0, dtype=np.float32)
    # A zero at each end lets a beat at the very edge be a maximum.
    padded = np.concatenate(([0], score, [0])).astype(np.float32)
    at, _ = signal.find_peaks(padded, height=threshold, distance=int(REFRACTORY_S * FS))
    at = at[at > since] - 1
    if len(at) == 0:
        return np.zeros(0), np.zeros(0, dtype=np.float32)
    offset = np.arange(-CENTROID_REACH, CENTROID_REACH + 1)
    around = at[:, None] + offset
    weight = np.where(
        (around >= 0) & (around < len(score)), score[np.clip(around, 0, len(score) - 1)], 0
    ).astype(np.float64)
    shift = (weight * offset).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return np.maximum(at + shift, 0), score[at].astype(np.float32)


def place_peaks(r_peaks: Doubles, signal: Floats) -> Doubles:
    """Move R-peaks to where the first lead deflects the most.

    The network knows that there is a beat, and about where; which of two deflections is larger
    shows in the signal. The databases are annotated in the same way: in all but a few beats of DS1
    the annotation is within 8 ms of it.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps, in time order, `REFRACTORY_S` apart.
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal. The second lead counts where the first is flat.

    Returns
    -------
    ndarray of float64, shape (n_beats,)
        In time order, at most `PLACE_REACH` steps from where they were.
    """
    offset = np.arange(-PLACE_REACH - 1, PLACE_REACH + 2)
    around = np.rint(r_peaks).astype(np.int64)[:, None] + offset
    outside = (around < 0) | (around >= len(signal))
    size = np.abs(signal[np.clip(around, 0, len(signal) - 1)]).astype(np.float64)
    first = size[..., 0].max(axis=1, initial=0) > FLAT
    size = np.where(first[:, None], size[..., 0], size[..., 1])
    size = np.where(outside, 0, size * np.exp(-0.5 * (offset / PLACE_SPREAD) ** 2))
    each = np.arange(len(r_peaks))
    best = 1 + size[:, 1:-1].argmax(axis=1)
    left, height, right = (size[each, best + k] for k in (-1, 0, 1))
    # The top of a parabola through the highest step and its neighbours is between steps.
    bend = np.maximum(2 * height - left - right, 1e-9)
    shift = np.clip(0.5 * (right - left) / bend, -0.5, 0.5)
    placed = np.clip(around[each, best] + shift, 0, max(len(signal) - 1, 0))
    return np.where(height > FLAT, placed, r_peaks)


def find_beats(
    score: Floats, signal: Floats, *, threshold: float, since: int = 0
) -> tuple[Doubles, Floats]:
    """Find R-peaks in the score and move them to their place in the signal.

    Parameters
    ----------
    score : ndarray of float32, shape (n_steps,)
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal that was scored.
    threshold : float
        Least score of an R-peak.
    since : int
        First step from which on all R-peaks are wanted; some of those before are returned too.

    Returns
    -------
    r_peaks : ndarray of float64, shape (n_beats,)
    peak_scores : ndarray of float32, shape (n_beats,)
        See `find_peaks` and `place_peaks`.
    """
    # The place of an R-peak may be that far from where its score is highest, and a step more.
    reach = CENTROID_REACH + PLACE_REACH + 1
    r_peaks, peak_scores = find_peaks(score, threshold=threshold, since=max(since - reach, 0))
    return (place_peaks(r_peaks, signal) if len(r_peaks) else r_peaks), peak_scores
