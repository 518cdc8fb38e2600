"""Arithmetic of spans: join them, find what they hold, and measure how much they cover.

Spans are an array of int64, shape (n, 2): the first sample of each and the one after its last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["NO_SPANS", "Spans", "covered", "hold", "union"]


Spans = NDArray[np.int64]
_Int = NDArray[np.int64]


NO_SPANS: Spans = np.zeros((0, 2), dtype=np.int64)
"""Spans of something that does not occur."""


def union(*spans: Spans) -> Spans:
    """Join spans.

    Parameters
    ----------
    *spans : ndarray of int64, each of shape (n, 2)
        In any order; they may overlap, and empty ones do not count.

    Returns
    -------
    ndarray of int64, shape (m, 2)
        Spans in time order that neither overlap nor touch and hold the same samples.
    """
    every = np.concatenate([NO_SPANS, *spans])
    every = every[every[:, 1] > every[:, 0]]
    if len(every) == 0:
        return NO_SPANS
    every = every[np.argsort(every[:, 0], kind="stable")]
    end = np.maximum.accumulate(every[:, 1])
    first = np.flatnonzero(np.append(True, every[1:, 0] > end[:-1]))
    last = np.append(first[1:], len(every)) - 1
    return np.stack([every[first, 0], end[last]], axis=1)


def hold(spans: Spans, sample: ArrayLike) -> NDArray[np.bool_]:
    """Return which samples lie inside a span.

    Parameters
    ----------
    spans : ndarray of int64, shape (n, 2)
        In time order, none overlapping another; see `union`.
    sample : array_like of int, shape (m,)
        From 0.

    Returns
    -------
    ndarray of bool, shape (m,)
    """
    at = np.asarray(sample, dtype=np.int64)
    begun = np.searchsorted(spans[:, 0], at, side="right")
    return np.asarray(at < np.append(0, spans[:, 1])[begun])


def covered(spans: Spans, edges: ArrayLike) -> _Int:
    """Return how many samples of each interval lie inside spans.

    Parameters
    ----------
    spans : ndarray of int64, shape (n, 2)
        In time order, none overlapping another; see `union`.
    edges : array_like of int, shape (m + 1,)
        First samples of the intervals, ascending from 0, and the one after the last interval.

    Returns
    -------
    ndarray of int64, shape (m,)
    """
    at = np.asarray(edges, dtype=np.int64)
    begun = np.searchsorted(spans[:, 0], at, side="right")
    length = np.append(0, np.cumsum(spans[:, 1] - spans[:, 0]))[begun]
    beyond = np.maximum(np.append(0, spans[:, 1])[begun] - at, 0)  # of the span that `at` is in
    return np.diff(length - beyond)
