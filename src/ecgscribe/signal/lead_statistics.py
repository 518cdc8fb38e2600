"""What conditioning must know of a whole recording before it reads a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import LazyRecord

__all__ = ["Survey", "survey", "without_large_offset"]


CHUNK_S = 60.0
LARGE_OFFSET = 10.0
"""Times the lead's whole range."""
CHUNKS = 16
"""Chunks that are read at a time."""


def without_large_offset(
    lead: NDArray[np.float32], lowest: np.float32, highest: np.float32
) -> NDArray[np.float32]:
    """Take away an offset that dwarfs the range of a lead.

    The low-pass lets 1e-4 of a constant through to other frequencies, as any resampler does.
    """
    offset = lowest + (highest - lowest) / 2
    return lead - offset if abs(offset) > LARGE_OFFSET * (highest - lowest) else lead


@dataclass(frozen=True, eq=False)
class Survey:
    """The range of each lead, and where its valid samples are.

    Parameters
    ----------
    source : LazyRecord
        The recording.
    columns : tuple of int
        The leads that were looked at; each axis of leads below follows it.
    lowest, highest : ndarray of float32, shape (n_leads,)
        Over valid samples; NaN where a lead has none.
    chunk : int
        Samples of a chunk.
    first, last : ndarray of int64, shape (n_chunks, n_leads)
        First and last valid sample of each chunk; -1 where it has none.
    """

    source: LazyRecord
    columns: tuple[int, ...]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    chunk: int
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def fill(self, lead: NDArray[np.float32], k: int, begin: int) -> NDArray[np.float32]:
        """Bridge invalid samples by straight lines, and take away an offset that dwarfs the signal.

        Parameters
        ----------
        lead : ndarray of float32, shape (n_samples,)
            A part of lead k, which has a valid sample somewhere in the recording.
        k : int
        begin : int
            First sample of the part.

        Returns
        -------
        ndarray of float32, shape (n_samples,)
            The lines go from the last valid sample before to the first after, wherever those are.
        """
        valid = np.isfinite(lead)
        if not valid.all():
            at = np.flatnonzero(valid)
            value = lead[at]
            if not valid[0] and (outside := self.before(begin, k)) is not None:
                at = np.concatenate(([outside - begin], at))
                value = np.concatenate(([self._value(outside, k)], value))
            if not valid[-1] and (outside := self.after(begin + len(lead), k)) is not None:
                at = np.concatenate((at, [outside - begin]))
                value = np.concatenate((value, [self._value(outside, k)]))
            lead = np.interp(np.arange(len(lead)), at, value).astype(np.float32)
        return without_large_offset(lead, self.lowest[k], self.highest[k])

    def before(self, sample: int, k: int) -> int | None:
        """Give the last valid sample of lead k before `sample`, or None."""
        begin = sample // self.chunk * self.chunk
        at = self._valid(begin, sample, k)
        if len(at):
            return int(at[-1])
        earlier = self.last[: sample // self.chunk, k]
        return int(earlier.max()) if earlier.max(initial=-1) >= 0 else None

    def after(self, sample: int, k: int) -> int | None:
        """Give the first valid sample of lead k at or after `sample`, or None."""
        end = -(-sample // self.chunk) * self.chunk
        at = self._valid(sample, min(end, self.source.n_samples), k)
        if len(at):
            return int(at[0])
        later = self.first[-(-sample // self.chunk) :, k]
        later = later[later >= 0]
        return int(later[0]) if len(later) else None

    def _value(self, sample: int, k: int) -> np.float32:
        return np.float32(self.source.read(sample, sample + 1)[0, self.columns[k]])

    def _valid(self, begin: int, end: int, k: int) -> NDArray[np.int64]:
        part = self.source.read(begin, end)[:, self.columns[k]]
        return begin + np.flatnonzero(np.isfinite(part))


def survey(source: LazyRecord, columns: Sequence[int]) -> Survey:
    """Look through a recording once, a quarter of an hour at a time.

    Parameters
    ----------
    source : LazyRecord
    columns : sequence of int
        Leads to look at.

    Returns
    -------
    Survey
    """
    chunk = max(round(CHUNK_S * source.fs), 1)
    n_chunks = -(-source.n_samples // chunk)
    begins = np.arange(n_chunks, dtype=np.int64)[:, None] * chunk
    ends = np.minimum(begins + chunk, source.n_samples)
    first = np.repeat(begins, len(columns), axis=1)
    last = np.repeat(ends - 1, len(columns), axis=1)
    lowest, highest = np.full((2, len(columns)), np.nan, dtype=np.float32)
    for begin, part in _pieces(source, chunk * CHUNKS):
        for k, column in enumerate(columns):
            lead = part[:, column]
            low, high = lead.min(), lead.max()
            if not (np.isfinite(low) and np.isfinite(high)):  # NaN wins over every number
                valid = np.isfinite(lead)
                _enter(valid, begin, chunk, first[:, k], last[:, k])
                low, high = (
                    (lead[valid].min(), lead[valid].max()) if valid.any() else (np.nan, np.nan)
                )
            lowest[k], highest[k] = np.fmin(lowest[k], low), np.fmax(highest[k], high)
    return Survey(source, tuple(columns), lowest, highest, chunk, first, last)


def _pieces(source: LazyRecord, length: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for begin in range(0, source.n_samples, length):
        yield begin, source.read(begin, min(begin + length, source.n_samples))


def _enter(
    valid: NDArray[np.bool_],
    begin: int,
    chunk: int,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> None:
    """Write the first and the last valid sample of each chunk of a piece that begins at `begin`."""
    for start in range(0, len(valid), chunk):
        at = np.flatnonzero(valid[start : start + chunk])
        row = (begin + start) // chunk
        first[row], last[row] = (begin + start + at[[0, -1]]) if len(at) else (-1, -1)
