"""The latest rows of a sequence that grows, in an array of constant size."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tail"]


Value = TypeVar("Value", np.float32, np.float64, np.bool_)


class Tail(Generic[Value]):
    """The latest rows of a sequence.

    Parameters
    ----------
    keep : int
        Rows to keep; up to twice as many are held.
    like : ndarray, shape (0, n_columns)
        Determines the columns and their type.
    """

    def __init__(self, keep: int, like: NDArray[Value]) -> None:
        self._rows: NDArray[Value] = np.zeros((2 * keep, like.shape[1]), dtype=like.dtype)
        self._keep = keep
        self._held = 0
        self.first = 0
        """Number of the first row that is held."""

    def append(self, rows: NDArray[Value]) -> None:
        """Add rows, shape (n, n_columns); the oldest ones make room."""
        if self._held + len(rows) > len(self._rows):
            dropped = self._held - self._keep
            self._rows[: self._keep] = self._rows[dropped : self._held].copy()
            self.first, self._held = self.first + dropped, self._keep
        self._rows[self._held : self._held + len(rows)] = rows
        self._held += len(rows)

    def since(self, begin: int) -> NDArray[Value]:
        """Return a view of the rows from number `begin` on, or of all that are held."""
        return self._rows[max(begin - self.first, 0) : self._held]
