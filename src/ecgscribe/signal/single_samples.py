"""Single samples far off their neighbours: errors of transmission, which no heart makes.

A QRS, however narrow, rises and falls within some samples. A sample that lies far from both of its
neighbours, where those before and after it change little from one to the next, is not of a heart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bridge_single_samples"]


LEAST_FS = 200.0
"""Hz. Below it an R-peak may be one sample."""
AROUND_S = 0.05
"""Seconds on each side in which nothing may change as suddenly."""
TIMES = 4.0
"""Times the largest bend of the signal around it that a single sample stands out at least."""


Floats = NDArray[np.float32]


def bridge_single_samples(lead: Floats, fs: float) -> Floats:
    """Replace single samples far off by the mean of their neighbours.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
        In any unit; samples next to one that is not finite stay as they are.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        The lead itself where nothing is replaced. Its first and last three samples stay.
    """
    if fs < LEAST_FS or len(lead) < 7:
        return lead
    with np.errstate(invalid="ignore", over="ignore"):
        bend = np.abs(lead[1:-1] - 0.5 * (lead[:-2] + lead[2:]))  # of sample k + 1
    # Most samples are ruled out by the bends next to their own neighbours.
    least = TIMES * np.maximum(bend[:-4], bend[4:])
    alone = np.flatnonzero(bend[2:-2] > least) + 2
    if len(alone) == 0:
        return lead
    reach = int(AROUND_S * fs)
    offset = np.concatenate([np.arange(-reach, -1), np.arange(2, reach + 1)])
    around = np.pad(bend, reach)[alone[:, None] + reach + offset]
    alone = alone[bend[alone] > TIMES * around.max(axis=1)] + 1
    if len(alone) == 0:
        return lead
    bridged = lead.copy()
    bridged[alone] = 0.5 * (lead[alone - 1] + lead[alone + 1])
    return bridged
