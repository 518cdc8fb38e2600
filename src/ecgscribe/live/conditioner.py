"""The conditioned signal of a live stream: what `condition` makes of a file, hop by hop.

A hop is cut on the stream's own clock, from a stretch of samples that the clock alone decides, so
that it never shows how the samples came in. Filters are those of a file. The scale is the median
of blocks as there, but of past ones.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from math import gcd
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.leads import N_LEADS
from ecgscribe.signal.filters import (
    BASELINE_BOX,
    LOW_PASS_REACH,
    SCALE_BLOCK,
    SCALE_BLOCKS,
    filter_lead,
    invalid_samples,
)
from ecgscribe.signal.lead_statistics import without_large_offset
from ecgscribe.signal.windows import FS, rate_ratio

__all__ = ["FIRST_HOP", "HOP", "LiveSignal"]


HOP = 40
"""Steps from one look at the signal to the next (0.31 s); a multiple of a frame."""
FIRST_HOP = 7 * HOP
"""Steps before the first look: the first block must be whole to tell the scale."""
RECENT = 8 * FS
"""Steps that may yet be scaled anew."""
BEHIND = 3 * FS // 2
"""Steps before a hop that are looked at again: that a lead is flat shows only after 1 s."""
CHANGE_BLOCK = FS
CHANGE_BLOCKS = 3
"""A change of scale shows in the median of this many blocks of one second."""
CHANGE = 6.0
"""Least change of the scale that is taken for one at once; smaller ones follow the median."""


MOST_PHASES = 16
"""Ways, at most, in which a hop lies between samples for its filters to be kept as matrices."""


Floats = NDArray[np.float32]


@lru_cache(maxsize=2 * MOST_PHASES)
def _hop_filter(fs: float, n_samples: int, first: int) -> Floats:
    """Give the filters of a hop as one matrix, shape (`HOP`, n_samples): they are linear.

    So a hop costs one product instead of the overhead of some calls.

    Parameters
    ----------
    fs : float
    n_samples : int
        Samples that the hop is filtered from.
    first : int
        Step of those that the hop begins with.
    """
    filtered = filter_lead(np.eye(n_samples, dtype=np.float32), fs)
    return np.ascontiguousarray(filtered[first : first + HOP])


def _fill(lead: Floats) -> Floats:
    """Bridge invalid samples by straight lines, and take away an offset that dwarfs the signal."""
    at = np.flatnonzero(np.isfinite(lead))
    if len(at) == 0:
        return np.zeros_like(lead)
    if len(at) < len(lead):
        lead = np.interp(np.arange(len(lead)), at, lead[at]).astype(np.float32)
    return without_large_offset(lead, lead.min(), lead.max())


class _Tail:
    """The last rows of a sequence that grows, `keep` of them and up to as many again."""

    def __init__(self, keep: int, like: NDArray[Any]) -> None:
        self._rows = np.zeros((2 * keep, like.shape[1]), dtype=like.dtype)
        self._keep = keep
        self._held = 0
        self.first = 0
        """Number of the first row that is held."""

    def append(self, rows: NDArray[Any]) -> None:
        if self._held + len(rows) > len(self._rows):
            gone = self._held - self._keep
            self._rows[: self._keep] = self._rows[gone : self._held].copy()
            self.first, self._held = self.first + gone, self._keep
        self._rows[self._held : self._held + len(rows)] = rows
        self._held += len(rows)

    def since(self, begin: int) -> NDArray[Any]:
        """Rows from number `begin` on, as far as they are held; a view."""
        return self._rows[max(begin - self.first, 0) : self._held]


class LiveSignal:
    """One or two leads of a stream, conditioned as far as the samples that came allow.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz.
    n_leads : int
        One or two.
    history : int
        Steps to keep, a multiple of a frame and at least twice `RECENT`.
    """

    def __init__(self, fs: float, n_leads: int, *, history: int) -> None:
        self.fs, self.n_leads = fs, n_leads
        self.ratio = rate_ratio(fs)
        up = self.ratio.numerator
        self._few_phases = up // gcd(up, HOP) <= MOST_PHASES
        self.n_samples = 0
        """Samples that came so far."""
        self.end = 0
        """Steps that are conditioned."""
        self._raw = np.zeros((0, n_leads), dtype=np.float32)
        self._waiting: list[Floats] = []
        self._extremes = np.tile(np.array([[np.inf], [-np.inf]], dtype=np.float32), n_leads)
        self._heights: list[deque[float]] = [deque(maxlen=SCALE_BLOCKS) for _ in range(n_leads)]
        self._scale = np.zeros(N_LEADS)
        nothing = np.zeros((0, N_LEADS), dtype=np.float32)
        self._steps = _Tail(RECENT, nothing)
        self._signal = _Tail(history, nothing)
        self._lost = _Tail(RECENT, np.zeros((0, n_leads), dtype=np.bool_))

    def push(self, samples: Floats) -> None:
        """Take samples, shape (n, n_leads)."""
        self._waiting.append(samples)
        self.n_samples += len(samples)

    @property
    def next_end(self) -> int:
        """Step up to which the next hop conditions."""
        return self.end + HOP if self.end else FIRST_HOP

    def needed(self, end: int) -> int:
        """Count the samples without which the signal up to step `end` cannot be conditioned."""
        ahead = end - 1 + BASELINE_BOX - 1
        return self._sample(ahead) + int(np.ceil(LOW_PASS_REACH * self.fs)) + 2

    @property
    def n_steps(self) -> int:
        """Steps that the samples so far make."""
        return -(-self.n_samples * self.ratio.numerator // self.ratio.denominator)

    @property
    def first(self) -> int:
        """First step that is kept."""
        return self._signal.first

    def since(self, begin: int) -> Floats:
        """Conditioned signal from step `begin` on, shape (n, 2); a view."""
        return self._signal.since(begin)

    def lost_since(self, begin: int) -> NDArray[np.bool_]:
        """Tell which leads cannot be read from step `begin` on, shape (n, n_leads)."""
        return self._lost.since(begin)

    def window(self, n: int) -> Floats:
        """Give the last `n` steps; zeros stand before the first."""
        window = np.zeros((n, N_LEADS), dtype=np.float32)
        rows = self.since(self.end - n)
        window[n - len(rows) :] = rows
        return window

    def _sample(self, step: int) -> int:
        return step * self.ratio.denominator // self.ratio.numerator

    def _start(self, step: int) -> int:
        """Sample from which to filter, so that steps from `step` on are as if from the first."""
        behind = self._sample(step - BASELINE_BOX) - int(np.ceil(LOW_PASS_REACH * self.fs)) - 2
        # Only there do a sample and a step fall on one moment.
        return max(behind, 0) // self.ratio.denominator * self.ratio.denominator

    def advance(self) -> None:
        """Condition the next hop; after the last sample, zeros follow."""
        if self._waiting:
            self._raw = np.concatenate([self._raw, *self._waiting])
            self._waiting = []
        begin, end = self.end, self.next_end
        stop = min(self.needed(end), self.n_samples)
        begin_raw = self._raw_begin(begin)
        raw = self._raw[: stop - begin_raw]
        inside = max(min(end, self.n_steps) - begin, 0)
        steps = np.zeros((end - begin, N_LEADS), dtype=np.float32)
        start = self._start(begin)
        if inside:
            leads = [_fill(lead) for lead in raw[start - begin_raw :].T]
            first = begin - start * self.ratio.numerator // self.ratio.denominator
            # At the stream's ends, where samples are made up, a hop is like no other.
            usual = start > 0 and stop == self.needed(end) and self._few_phases
            filtered = self._filtered(np.stack(leads, axis=1), first, usual=usual)
            steps[:inside, : self.n_leads] = filtered[:inside]
        self._find_lost(raw, begin_raw, begin, end)
        self._steps.append(steps)
        self.end = end
        self._raw = self._raw[self._raw_begin(end) - begin_raw :]
        self._rescale(begin)

    def _filtered(self, leads: Floats, first: int, *, usual: bool) -> Floats:
        """Filter leads and give the steps from number `first` on, those of a hop at least."""
        if usual:
            return _hop_filter(self.fs, len(leads), first) @ leads
        return filter_lead(leads, self.fs)[first:]

    def release(self) -> None:
        """Let go of a large chunk of which only the end is still needed."""
        if not self._waiting:
            self._raw = self._raw.copy()

    def _raw_begin(self, step: int) -> int:
        """First sample that the hop from `step` on, or a later one, looks at."""
        return min(self._start(step), max(self._sample(step - BEHIND), 0))

    def _find_lost(self, raw: Floats, begin_raw: int, begin: int, end: int) -> None:
        step = np.arange(max(begin - BEHIND, 0), end)
        at = step * self.ratio.denominator // self.ratio.numerator - begin_raw
        at = at[at < len(raw)]
        lost = np.zeros((len(step), self.n_leads), dtype=np.bool_)
        for k in range(self.n_leads if len(raw) else 0):
            lead = raw[:, k]
            low, high = self._extremes[:, k]
            valid = lead[np.isfinite(lead)]
            if len(valid):
                low, high = min(low, valid.min()), max(high, valid.max())
                self._extremes[:, k] = low, high
            # What the lead reached before decides what its rails are.
            found = invalid_samples(np.concatenate(([low, high], lead)).astype(np.float32), self.fs)
            lost[: len(at), k] = found[2:][at]
        before = begin - step[0]
        known = self.lost_since(int(step[0]))
        known |= lost[:before]
        self._lost.append(lost[before:])

    def _rescale(self, begin: int) -> None:
        """Scale what a hop added, by the median of the blocks that were whole by then."""
        for block_end in range(begin // SCALE_BLOCK * SCALE_BLOCK, self.end + 1, SCALE_BLOCK):
            if block_end > begin and block_end <= self.n_steps:
                self._measure(block_end)
        if begin == 0 and self.n_steps < SCALE_BLOCK:
            self._measure(self.n_steps)
        self._signal.append(self._scaled(begin, self._scale))

    def _measure(self, block_end: int) -> None:
        begin = max(block_end - SCALE_BLOCK, 0)
        steps, lost = self._steps.since(begin), self.lost_since(begin)
        size = block_end - begin
        for k in range(self.n_leads):
            if not lost[:size, k].all():
                self._heights[k].append(float(np.ptp(steps[:size, k])))
                was, self._scale[k] = self._scale[k], median(self._heights[k]) / 2
                if was == 0 < self._scale[k]:
                    self._scale_since(self._steps.first, k)

    def _scaled(self, begin: int, scale: NDArray[np.float64]) -> Floats:
        steps = self._steps.since(begin)
        known = np.where(scale > 0, scale, 1)
        scaled = np.where(scale > 0, steps / known, 0)
        return np.clip(scaled, -20, 20).astype(np.float32)

    def _scale_since(self, begin: int, lead: int) -> None:
        """Scale a lead anew from step `begin` on."""
        rows = self.since(begin)
        rows[:, lead] = self._scaled(begin, self._scale)[: len(rows), lead]

    def new_scales(self) -> dict[int, float]:
        """Name the leads whose height of late speaks for quite another scale, and that scale."""
        span = CHANGE_BLOCKS * CHANGE_BLOCK
        if self.end < span or self.lost_since(self.end - span).any():
            return {}
        steps = np.ascontiguousarray(self._steps.since(self.end - span).T)
        height = np.ptp(steps.reshape(N_LEADS, CHANGE_BLOCKS, CHANGE_BLOCK), axis=2)
        scale = (np.sort(height, axis=1)[:, CHANGE_BLOCKS // 2] / 2).tolist()
        return {
            k: scale[k]
            for k, was in enumerate(self._scale[: self.n_leads].tolist())
            if was > 0 < scale[k] and not was / CHANGE < scale[k] < was * CHANGE
        }

    def window_at(self, n: int, scales: dict[int, float]) -> Floats:
        """Give the last `n` steps of some leads at other scales, and of no others."""
        window = np.zeros((n, N_LEADS), dtype=np.float32)
        scale = np.array([scales.get(k, 0.0) for k in range(N_LEADS)])
        rows = self._scaled(self.end - n, scale)
        window[n - len(rows) :] = rows
        return window

    def change_begins(self, lead: int, scale: float) -> int:
        """Give the step from which another scale of a lead would hold.

        The first whose deflection is too large for the old one, or the one after the last whose
        deflection is too large for the new one.
        """
        begin = self.end - CHANGE_BLOCKS * CHANGE_BLOCK
        size = np.abs(self._steps.since(begin)[:, lead])
        was = self._scale[lead]
        grown = scale > was
        large = np.flatnonzero(size > 2 * (was if grown else scale))
        return begin + (0 if len(large) == 0 else int(large[0] if grown else large[-1] + 1))

    def change_scale(self, lead: int, scale: float, *, begin: int) -> None:
        """Take another scale for a lead from step `begin` on."""
        self._heights[lead].clear()
        self._heights[lead].append(2 * scale)
        self._scale[lead] = scale
        self._extremes[:, lead] = np.inf, -np.inf
        self._scale_since(begin, lead)

    def turn(self, lead: int, until: int) -> None:
        """Turn the polarity of a lead's history up to step `until`."""
        self.since(self.first)[: until - self.first, lead] *= -1
