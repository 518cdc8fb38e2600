"""Samples that a stream has received and still needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleBuffer"]


Floats = NDArray[np.float32]


class SampleBuffer:
    """The latest samples of a stream.

    Parameters
    ----------
    n_leads : int
        Leads of each sample.
    """

    def __init__(self, n_leads: int) -> None:
        self._rows = np.zeros((0, n_leads), dtype=np.float32)
        self._waiting: list[Floats] = []
        self.first = 0
        """Number of the first sample that is held."""
        self.received = 0
        """Samples received so far."""

    def __len__(self) -> int:
        return self.received - self.first

    def push(self, samples: Floats) -> None:
        """Add samples, shape (n, n_leads)."""
        self._waiting.append(samples)
        self.received += len(samples)

    def until(self, stop: int) -> Floats:
        """Return a view of the samples that are held, up to number `stop`; shape (n, n_leads)."""
        if self._waiting:
            self._rows = np.concatenate([self._rows, *self._waiting])
            self._waiting = []
        return self._rows[: max(stop - self.first, 0)]

    def drop_before(self, begin: int) -> None:
        """Drop the samples before number `begin`."""
        self._rows = self._rows[begin - self.first :]
        self.first = begin

    def release(self) -> None:
        """Free the memory of a large chunk of which only the end is still needed."""
        if not self._waiting:
            self._rows = self._rows.copy()
