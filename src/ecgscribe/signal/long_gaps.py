"""Long gaps of a recording, without a sample of any lead, are left out before it is conditioned.

A recorder may be off for days. All that follows takes time and memory by the length of what it is
given, so that the rest alone is conditioned, scored and classified.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.record import LazyRecord

__all__ = ["BLOCK_S", "Recorded", "without_long_gaps"]


BLOCK_S = 224
"""Seconds of the blocks that are left out: two windows of the trunk, seven of the network over
seconds. So each window begins and ends where it would if all of the recording were analysed."""


Floats = NDArray[np.float32]
Positions = NDArray[np.int64]
Sample = TypeVar("Sample", Positions, NDArray[np.float64])


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recording, and which of its samples are left out.

    Parameters
    ----------
    whole : LazyRecord
        The recording.
    left_out : ndarray of int64, shape (n, 2)
        Spans of samples without a value in any lead, in time order; none adjoin.
    """

    whole: LazyRecord
    left_out: Positions

    @cached_property
    def record(self) -> LazyRecord:
        """The recording without what is left out."""
        if not len(self.left_out):
            return self.whole
        n_samples = self.whole.n_samples - int(self._missing[-1])
        return dataclasses.replace(self.whole, reader=self._read, n_samples=n_samples)

    def in_whole(self, sample: Positions) -> Positions:
        """Return where samples of `record` are in the whole recording."""
        return sample + self._missing[np.searchsorted(self._cuts, sample, side="right")]

    def in_record(self, sample: Sample) -> Sample:
        """Return where samples of the whole recording are in `record`, those left out at a cut."""
        begun = np.searchsorted(self.left_out[:, 0], sample, side="right")
        least = np.append(0, self._cuts)[begun]
        return np.asarray(np.maximum(sample - self._missing[begun], least))

    @property
    def _missing(self) -> Positions:
        """Samples left out before the first cut, the second …, and after the last."""
        return np.append(0, np.cumsum(np.diff(self.left_out)))

    @property
    def _cuts(self) -> Positions:
        """Samples of `record` before which some are left out."""
        return self.left_out[:, 0] - self._missing[:-1]

    def _read(self, begin: int, end: int) -> Floats:
        cuts = self._cuts
        edges = [begin, *cuts[(begin < cuts) & (cuts < end)].tolist(), end]
        first = self.in_whole(np.array(edges[:-1])).tolist()
        parts = [
            self.whole.read(at, at + b - a)
            for at, (a, b) in zip(first, pairwise(edges), strict=True)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def without_long_gaps(record: LazyRecord) -> Recorded:
    """Leave out all but one of adjoining blocks of `BLOCK_S` without a sample of any lead.

    Parameters
    ----------
    record : LazyRecord
        Of a block with a sample at its begin, no more than that is read.

    Returns
    -------
    Recorded
        What is found at either end of a gap is moved back to that end: each is cut in the middle
        of the block that stays.
    """
    length = round(BLOCK_S * record.fs)
    empty = [_is_empty(record, k * length, length) for k in range(record.n_samples // length)]
    adjoining = runs(np.array(empty, dtype=np.bool_))
    adjoining = adjoining[np.diff(adjoining)[:, 0] > 1]
    return Recorded(record, (adjoining + np.array([1, 0])) * length - length // 2)


def _is_empty(record: LazyRecord, begin: int, length: int) -> bool:
    return not any(np.isfinite(record.read(begin, begin + n)).any() for n in (1, length))
