"""The signal in tiles: samples, or the lowest and the highest of each block of samples.

A screen has fewer columns than a day has samples. Of each column only the lowest and the highest
sample show, so that nothing is lost where blocks are no wider than a column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord

__all__ = ["BLOCKS", "TILE", "Envelopes", "build_envelopes"]


BLOCKS = (1, 8, 64, 512, 4096)
"""Samples of a block at each level."""
TILE = 2048
"""Blocks of a tile."""
_STORED = 2  # the first level that is kept in memory; finer ones are read as they are needed
_PIECE = 64 * 8192
_USUAL = 99.0  # percentile of the blocks up to which their waves count as usual


Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Envelopes:
    """Lowest and highest samples of a recording in blocks.

    Parameters
    ----------
    record : LazyRecord
    stored : ndarray of float32, shape (blocks, leads, 2)
        Those of the level with blocks of 64 samples.
    """

    record: LazyRecord
    stored: Floats

    @cached_property
    def lean(self) -> tuple[float, ...]:
        """How far the middle of the waves of each lead is above its baseline, in mV."""
        found = []
        for lead in range(self.stored.shape[1]):
            blocks = self.stored[np.isfinite(self.stored[:, lead, 0]), lead]
            if len(blocks) == 0:
                found.append(0.0)
                continue
            baseline = np.median(blocks, axis=0).mean()
            low = np.percentile(blocks[:, 0], 100 - _USUAL)
            high = np.percentile(blocks[:, 1], _USUAL)
            found.append(round(float((low + high) / 2 - baseline), 3))
        return tuple(found)

    def tile(self, level: int, number: int) -> Floats:
        """Return one tile.

        Parameters
        ----------
        level : int
            Index into `BLOCKS`.
        number : int
            The tile begins with block ``number * TILE``.

        Returns
        -------
        ndarray of float32, shape (leads, blocks, 2)
            In mV where the unit is known; NaN where no sample is valid. At level 0 the last axis
            has one value.

        Raises
        ------
        IndexError
            If there is no such tile.
        """
        if not 0 <= level < len(BLOCKS) or number < 0:
            raise IndexError(level)
        size = BLOCKS[level]
        begin = number * TILE * size
        end = min(begin + TILE * size, self.record.n_samples)
        if begin >= end:
            raise IndexError(number)
        if level == 0:
            return np.ascontiguousarray(_millivolts(self.record, begin, end).T[..., None])
        if level < _STORED:
            low_high = _blocks(_millivolts(self.record, begin, end), size)
        else:
            ratio = size // BLOCKS[_STORED]
            kept = self.stored[begin // BLOCKS[_STORED] : -(-end // BLOCKS[_STORED])]
            low_high = _reduced(kept, ratio)
        return np.ascontiguousarray(low_high.transpose(1, 0, 2))


def build_envelopes(
    record: LazyRecord, *, progress: Callable[[int, int], object] | None = None
) -> Floats:
    """Read a recording once, in pieces, and return the blocks that `Envelopes` stores.

    Parameters
    ----------
    record : LazyRecord
    progress : callable, optional
        Called after each piece with the samples done and all.

    Returns
    -------
    ndarray of float32, shape (blocks, leads, 2)
    """
    parts = []
    for begin in range(0, record.n_samples, _PIECE):
        end = min(begin + _PIECE, record.n_samples)
        parts.append(_blocks(_millivolts(record, begin, end), BLOCKS[_STORED]))
        if progress is not None:
            progress(end, record.n_samples)
    return np.concatenate(parts) if parts else np.zeros((0, len(record.leads), 2), np.float32)


def _millivolts(record: LazyRecord, begin: int, end: int) -> Floats:
    factors = [MILLIVOLTS.get(unit.lower(), 1.0) for unit in record.units]
    return np.asarray(record.read(begin, end) * np.array(factors, np.float32), np.float32)


def _blocks(signal: Floats, size: int) -> Floats:
    """Return the lowest and the highest sample of each block, shape (blocks, leads, 2)."""
    n_leads = signal.shape[1]
    missing = -len(signal) % size
    padded = np.concatenate([signal, np.full((missing, n_leads), np.nan, np.float32)])
    each = padded.reshape(-1, size, n_leads)
    return np.stack([np.fmin.reduce(each, axis=1), np.fmax.reduce(each, axis=1)], axis=-1)


def _reduced(low_high: Floats, ratio: int) -> Floats:
    missing = -len(low_high) % ratio
    shape = low_high.shape[1:]
    padded = np.concatenate([low_high, np.full((missing, *shape), np.nan, np.float32)])
    each = padded.reshape(-1, ratio, *shape)
    low, high = np.fmin.reduce(each[..., 0], axis=1), np.fmax.reduce(each[..., 1], axis=1)
    return np.stack([low, high], axis=-1)
