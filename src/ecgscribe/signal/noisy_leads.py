"""A lead of noise next to one that shows beats: that of a loose electrode, or of one that is off.

Scaled to the height of a QRS, noise would hide the beats of the other lead. Where neither lead
shows beats, as in ventricular fibrillation, neither is called noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.filters import SCALE_BLOCK, nan_median

__all__ = ["NOISE_BLOCKS", "are_noise", "left_out", "noisy_steps", "prominence"]


NOISE_BLOCKS = 5
"""Blocks of two seconds around a block, itself included, whose median decides on it."""
NOISE_HEIGHT = 11.0
"""Height of noise at most, in median changes from step to step. That of Gaussian noise is 8 to 9,
of hum 3, of rounding errors 8, and of the leads of DS1 and svdb less than 11 for 0.03% of the time.
Ventricular tachycardia and fibrillation are smoother, and higher."""
QRS_CHANGE = 10.0
"""Largest change, in the same unit, from which on a lead shows beats: 98% of the time of DS1 and
svdb. That of Gaussian noise is below 5."""


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def prominence(block: Floats, lost: Flags) -> Floats:
    """Measure how far the waves of leads stand out from what changes all the time.

    Parameters
    ----------
    block : ndarray of float32, shape (..., n_steps, n_leads)
        Filtered leads, scaled or not.
    lost : ndarray of bool, of the same shape
        Whether each lead is lost.

    Returns
    -------
    ndarray of float32, shape (..., n_leads, 2)
        Peak-to-peak value and largest change from step to step, both in median changes. NaN for a
        lead of which a step is lost.
    """
    leads = np.ascontiguousarray(np.moveaxis(block, -1, -2))  # rows are much faster to reduce
    change = np.abs(np.diff(leads, axis=-1))
    size = np.stack([np.ptp(leads, axis=-1), change.max(axis=-1)], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        size /= np.median(change, axis=-1)[..., None]
    if lost.any():  # seldom, and its reduction is slow
        size[lost.any(axis=-2)] = np.nan
    return size


def are_noise(prominence: Floats) -> Flags:
    """Return whether each lead is noise next to one that shows beats.

    Parameters
    ----------
    prominence : ndarray of float32, shape (..., n_leads, 2)

    Returns
    -------
    ndarray of bool, shape (..., n_leads)
    """
    shows_beats = prominence[..., 1] >= QRS_CHANGE
    return np.asarray((prominence[..., 0] < NOISE_HEIGHT) & shows_beats.any(-1, keepdims=True))


def noisy_steps(filtered: Floats, lost: Flags) -> Flags:
    """Return where a lead is left out, as it is noise next to one that shows beats.

    Parameters
    ----------
    filtered : ndarray of float32, shape (n_steps, n_leads)
        Filtered leads, or a part of them that begins with a block.
    lost : ndarray of bool, shape (n_steps, n_leads)
        Whether each lead is lost.

    Returns
    -------
    ndarray of bool, shape (n_steps, n_leads)
        The first and the last two blocks of a part differ from the whole leads.
    """
    n_steps, n_leads = filtered.shape
    n = n_steps // SCALE_BLOCK
    if n_leads < 2 or n == 0:
        return np.zeros_like(lost)
    own, shape = slice(n * SCALE_BLOCK), (n, SCALE_BLOCK, n_leads)
    size = prominence(filtered[own].reshape(shape), lost[own].reshape(shape))
    reach = NOISE_BLOCKS // 2
    padded = np.pad(size, ((reach, reach), (0, 0), (0, 0)), mode="symmetric")
    around = np.lib.stride_tricks.sliding_window_view(padded, NOISE_BLOCKS, axis=0)
    middle = nan_median(around)
    of_block = are_noise(middle)
    if not of_block.any():
        return np.zeros_like(lost)
    noisy = of_block.repeat(SCALE_BLOCK, axis=0)
    return left_out(np.pad(noisy, ((0, n_steps - len(noisy)), (0, 0)), mode="edge"), lost)


def left_out(noisy: Flags, lost: Flags) -> Flags:
    """Return where a lead of noise is left out: where another one can be read.

    Parameters
    ----------
    noisy, lost : ndarray of bool, shape (n_steps, n_leads)
        Whether each lead is noise, and whether it is lost.
    """
    return np.asarray(noisy & (~lost & ~noisy).any(axis=1, keepdims=True))
