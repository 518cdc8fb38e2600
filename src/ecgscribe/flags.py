"""Runs of true values among flags, such as samples that are lost or beats that are S."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["long_runs", "runs"]


Flags = NDArray[np.bool_]


def runs(flag: Flags) -> NDArray[np.int64]:
    """Return the first position of each run of true values, and the one after its last.

    Parameters
    ----------
    flag : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n_runs, 2)
    """
    return np.flatnonzero(np.diff(flag, prepend=False, append=False)).reshape(-1, 2)


def long_runs(flag: Flags, least: int) -> Flags:
    """Return only the runs of true values that have at least `least` of them; shape (n,)."""
    kept = np.zeros(len(flag), dtype=np.bool_)
    if np.count_nonzero(flag) < least:
        return kept
    edges = runs(flag)
    for begin, end in edges[edges[:, 1] - edges[:, 0] >= least].tolist():
        kept[begin:end] = True
    return kept
