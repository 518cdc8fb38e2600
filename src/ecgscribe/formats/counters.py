"""Columns that rise evenly, as times and counts of samples do, and no signal does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_ROWS", "rises_evenly", "unwrapped"]


LEAST_ROWS = 32
"""Samples from which on a column is judged by its values."""
_LEAST_ROUND = 7
"""Smallest count before a counter begins again at 0."""
_MANY_MISSING = 0.01
"""Share of counts that may be missing."""


def rises_evenly(values: NDArray[Any]) -> bool:
    """Return whether values never fall, as no signal does, but only rise, or count and wrap.

    Values that only fall, as those of a timer that runs out, are such, too.
    """
    if len(values) < LEAST_ROWS or not np.isfinite(values).all():
        return False
    steps = np.diff(values.astype(np.float64))
    if np.all(steps >= 0) or np.all(steps <= 0):
        return bool(np.count_nonzero(steps) > len(steps) / 8)
    up = steps[steps >= 0]
    if len(up) >= len(steps) / 2 and np.ptp(up) == 0 and up[0] > 0:
        down = steps[steps < 0]
        if np.all(values[1:][steps < 0] == values.min()) and np.ptp(down) == 0:
            return True
    return len(unwrapped(values)) > 0


def unwrapped(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return a counter that begins again after each round as one that goes on.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,) or (0,)
        Empty if the values are no such counter. Where counts are missing, so are they here; whole
        rounds that are missing do not show.
    """
    whole = np.asarray(values, dtype=np.float64)
    if len(whole) < LEAST_ROWS or not np.isfinite(whole).all():
        return np.empty(0)
    first, most = whole[0], np.ptp(whole)
    if (
        whole.min() not in (0, 1)
        or most < _LEAST_ROUND
        or not np.all(np.diff(whole)[:LEAST_ROWS] % 1 == 0)
    ):
        return np.empty(0)
    steps = np.diff(whole) % (most + 1)
    if np.mean(steps == 1) < 1 - _MANY_MISSING or not np.any(np.diff(whole) < 0):
        return np.empty(0)
    return np.append(first, first + np.cumsum(steps))
