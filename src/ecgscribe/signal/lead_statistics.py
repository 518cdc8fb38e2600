"""Range and valid samples of each lead: what conditioning a part of a recording needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import LazyRecord
from ecgscribe.signal.windows import ceil_div

__all__ = ["LeadStatistics", "measure_leads", "without_large_offset"]


CHUNK_S = 60.0
LARGE_OFFSET = 10.0
"""Least offset that is removed, in ranges of the lead."""
CHUNKS = 16
"""Chunks that are read at a time."""


Floats = NDArray[np.float32]
Positions = NDArray[np.int64]


def without_large_offset(lead: Floats, lowest: np.float32, highest: np.float32) -> Floats:
    """Remove an offset that is much larger than the range of a lead.

    The low-pass filter lets 1e-4 of a constant through to other frequencies, as any resampler does.
    """
    offset = lowest + (highest - lowest) / 2
    return lead - offset if abs(offset) > LARGE_OFFSET * (float(highest) - float(lowest)) else lead


@dataclass(frozen=True, eq=False)
class LeadStatistics:
    """The range of each lead, and the places of its valid samples.

    Parameters
    ----------
    record : LazyRecord
        The recording.
    columns : tuple of int
        Columns of the leads; each axis of leads below follows it.
    lowest, highest : ndarray of float32, shape (n_leads,)
        Over valid samples; NaN if a lead has none.
    chunk : int
        Samples per chunk.
    first, last : ndarray of int64, shape (n_chunks, n_leads)
        First and last valid sample in each chunk; -1 if it has none.
    """

    record: LazyRecord
    columns: tuple[int, ...]
    lowest: Floats
    highest: Floats
    chunk: int
    first: Positions
    last: Positions

    def select(self, columns: Sequence[int]) -> LeadStatistics:
        """Return the statistics of some of the leads, in the order of `columns`."""
        k = [self.columns.index(column) for column in columns]
        return replace(
            self,
            columns=tuple(columns),
            lowest=self.lowest[k],
            highest=self.highest[k],
            first=self.first[:, k],
            last=self.last[:, k],
        )

    def rails(self, k: int) -> tuple[float, float]:
        """Return the lowest and the highest value of lead k, at which it saturates."""
        return float(self.lowest[k]), float(self.highest[k])

    def fill(self, lead: Floats, k: int, begin: int) -> Floats:
        """Bridge missing samples by straight lines, and remove a large offset.

        Parameters
        ----------
        lead : ndarray of float32, shape (n_samples,)
            A part of lead k, which has at least one valid sample in the recording.
        k : int
        begin : int
            First sample of the part.

        Returns
        -------
        ndarray of float32, shape (n_samples,)
            The lines go from the last valid sample before a gap to the first one after it, even
            outside this part.
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
        """Return the last valid sample of lead k before `sample`, or None."""
        begin = sample // self.chunk * self.chunk
        at = self._valid(begin, sample, k)
        if len(at):
            return int(at[-1])
        earlier = self.last[: sample // self.chunk, k]
        return int(earlier.max()) if earlier.max(initial=-1) >= 0 else None

    def after(self, sample: int, k: int) -> int | None:
        """Return the first valid sample of lead k at or after `sample`, or None."""
        chunk = ceil_div(sample, self.chunk)
        at = self._valid(sample, min(chunk * self.chunk, self.record.n_samples), k)
        if len(at):
            return int(at[0])
        later = self.first[chunk:, k]
        later = later[later >= 0]
        return int(later[0]) if len(later) else None

    def _value(self, sample: int, k: int) -> np.float32:
        return np.float32(self.record.read(sample, sample + 1)[0, self.columns[k]])

    def _valid(self, begin: int, end: int, k: int) -> Positions:
        part = self.record.read(begin, end)[:, self.columns[k]]
        return begin + np.flatnonzero(np.isfinite(part))


def measure_leads(record: LazyRecord, columns: Sequence[int]) -> LeadStatistics:
    """Read a recording once, 16 minutes at a time, and measure some of its leads.

    Parameters
    ----------
    record : LazyRecord
    columns : sequence of int
        Columns of the leads.

    Returns
    -------
    LeadStatistics
    """
    chunk = max(round(CHUNK_S * record.fs), 1)
    begins = np.arange(ceil_div(record.n_samples, chunk), dtype=np.int64)[:, None] * chunk
    ends = np.minimum(begins + chunk, record.n_samples)
    first = np.repeat(begins, len(columns), axis=1)
    last = np.repeat(ends - 1, len(columns), axis=1)
    lowest, highest = np.full((2, len(columns)), np.nan, dtype=np.float32)
    for begin, part in record.pieces(chunk * CHUNKS):
        for k, column in enumerate(columns):
            lead = part[:, column]
            low, high = lead.min(), lead.max()
            if not (
                np.isfinite(low) and np.isfinite(high)
            ):  # min and max return NaN if there is one
                valid = np.isfinite(lead)
                _mark_valid(valid, begin, chunk, first[:, k], last[:, k])
                low, high = (
                    (lead[valid].min(), lead[valid].max()) if valid.any() else (np.nan, np.nan)
                )
            lowest[k], highest[k] = np.fmin(lowest[k], low), np.fmax(highest[k], high)
    return LeadStatistics(record, tuple(columns), lowest, highest, chunk, first, last)


def _mark_valid(
    valid: NDArray[np.bool_], begin: int, chunk: int, first: Positions, last: Positions
) -> None:
    """Set the first and the last valid sample of each chunk in a part that begins at `begin`."""
    for start in range(0, len(valid), chunk):
        at = np.flatnonzero(valid[start : start + chunk])
        row = (begin + start) // chunk
        first[row], last[row] = (begin + start + at[[0, -1]]) if len(at) else (-1, -1)
