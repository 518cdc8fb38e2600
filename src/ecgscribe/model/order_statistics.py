"""Quantiles and sums, of a whole row and of the neighbourhood of each of its values."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["quantiles", "rolling_quantile", "rolling_sum", "smallest"]


Real = TypeVar("Real", np.float32, np.float64)

GROUP = 8
"""Values of which `smallest` looks at the least first."""


def quantiles(values: NDArray[Real], *shares: float) -> NDArray[Real]:
    """Return quantiles along the last axis, shape (shares, ...), linear between ranks.

    The same as NumPy's, which is several times slower where there are few values.
    """
    ordered = np.sort(values, axis=-1)
    last = ordered.shape[-1] - 1
    of_shares = []
    for share in shares:
        rank, beyond = divmod(share * last, 1)
        low, high = ordered[..., int(rank)], ordered[..., min(int(rank) + 1, last)]
        of_shares.append(low + beyond * (high - low))
    return np.stack(of_shares)


def rolling_quantile(values: NDArray[Real], width: int, share: float = 0.5) -> NDArray[Real]:
    """Return a quantile of each value and its neighbours along the last axis; edges repeat.

    Of `width` values, the quantile must fall on one: it is then a rank, which is much faster to
    find, and fastest in one long row.
    """
    from scipy.ndimage import rank_filter

    n, reach = values.shape[-1], width // 2
    padded = values[..., np.clip(np.arange(-reach, n + reach), 0, n - 1)]
    ranked = rank_filter(padded.reshape(-1), round(share * (width - 1)), width)
    return np.asarray(ranked.reshape(padded.shape)[..., reach : reach + n])


def rolling_sum(values: NDArray[Any], width: int) -> NDArray[np.float64]:
    """Sum the values from `width` // 2 before to as many after each, along the last axis."""
    n = values.shape[-1]
    total = np.zeros((*values.shape[:-1], n + 1))
    np.cumsum(values, axis=-1, out=total[..., 1:])
    at = np.arange(n)
    last = np.minimum(at + width // 2 + 1, n)
    return np.asarray(total[..., last] - total[..., np.maximum(at - width // 2, 0)])


def smallest(values: NDArray[Real], count: int) -> NDArray[np.int64]:
    """Return where the `count` smallest values of each row are, or all that there are.

    Each is in one of the `count` groups that have the smallest minima: a group's minimum is found
    several times faster than its place in an order.

    Parameters
    ----------
    values : ndarray, shape (m, n)
    count : int
        At least one.

    Returns
    -------
    ndarray of int64, shape (m, min(count, n))
        In no order, but that the last one is where the largest of them is. Of equal values, those
        that `numpy.argpartition` of the whole row takes.
    """
    n = values.shape[1]
    if n <= count * GROUP:
        return np.argpartition(values, min(count, n) - 1, axis=1)[:, :count]
    in_groups = n - n % GROUP
    grouped = values[:, :in_groups].reshape(len(values), GROUP, n // GROUP)
    group = np.argpartition(grouped.min(axis=1), count - 1, axis=1)[:, :count]
    member = np.arange(GROUP)[:, None] * grouped.shape[2]
    place = (member + group[:, None]).reshape(len(values), GROUP * count)
    rest = np.broadcast_to(np.arange(in_groups, n), (len(values), n - in_groups))
    place = np.concatenate([place, rest], axis=1)
    chosen = np.argpartition(np.take_along_axis(values, place, axis=1), count - 1, axis=1)
    found = np.take_along_axis(place, chosen[:, :count], axis=1)
    # Which of equal values are taken must not depend on the groups: such rows are ordered whole.
    largest = np.take_along_axis(values, found[:, -1:], axis=1)
    tied = np.flatnonzero(np.count_nonzero(values <= largest, axis=1) > count)
    found[tied] = np.argpartition(values[tied], count - 1, axis=1)[:, :count]
    return found
