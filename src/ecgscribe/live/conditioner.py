"""The conditioned signal of a stream, which grows hop by hop.

Hops are cut by the stream's own clock and filtered from samples that this clock alone determines,
so the sizes of the chunks do not matter. The filters are those of a recorded file. The scale is a
median over blocks as in a file, but over past blocks only.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from ecgscribe.leads import N_LEADS
from ecgscribe.live.hop_filter import HOP, MOST_PHASES, fill_gaps, filter_hop
from ecgscribe.live.lost_leads import LostLeadFinder
from ecgscribe.live.noise import NoisyLeadFinder
from ecgscribe.live.samples import SampleBuffer
from ecgscribe.live.scale import CHANGE_STEPS, ScaleTracker, scaled
from ecgscribe.live.tail import Tail
from ecgscribe.signal.bad_samples import bridge_bad_samples
from ecgscribe.signal.filters import BASELINE_BOX, LOW_PASS_REACH, SCALE_BLOCK, filter_lead
from ecgscribe.signal.noisy_leads import left_out
from ecgscribe.signal.windows import FS, Clock, rate_ratio

__all__ = ["FIRST_HOP", "LiveSignal"]


FIRST_HOP = 7 * HOP
"""Steps before the first look, which needs one whole block to know the scale."""
RECENT = 8 * FS
"""Latest steps that may still get another scale."""
BEHIND = 3 * FS // 2
"""Steps before a hop in which leads may still prove lost: only 1 s of one value is flat."""


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class LiveSignal:
    """One or two leads of a stream, conditioned as far as the samples allow.

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
        self.clock = Clock(rate_ratio(fs))
        phases = self.clock.ratio.numerator // gcd(self.clock.ratio.numerator, HOP)
        self._matrices_fit = phases <= MOST_PHASES
        self.end = 0
        """Steps that are conditioned."""
        self._samples = SampleBuffer(n_leads)
        self._lost_leads = LostLeadFinder(fs, n_leads)
        self._scales = ScaleTracker(n_leads)
        empty = np.zeros((0, N_LEADS), dtype=np.float32)
        self._filtered = Tail(RECENT, empty)
        self._signal = Tail(history, empty)
        self._noisy_leads = NoisyLeadFinder(n_leads)
        no_flags = np.zeros((0, n_leads), dtype=np.bool_)
        self._lost, self._noisy = Tail(RECENT, no_flags), Tail(RECENT, no_flags)

    # What has come

    def push(self, samples: Floats) -> None:
        """Add samples, shape (n, n_leads)."""
        self._samples.push(samples)

    @property
    def n_samples(self) -> int:
        """Samples received so far."""
        return self._samples.received

    @property
    def n_steps(self) -> int:
        """Steps of the samples received so far."""
        return self.clock.n_steps(self.n_samples)

    @property
    def next_end(self) -> int:
        """Step at which the next hop ends."""
        return self.end + HOP if self.end else FIRST_HOP

    def samples_needed(self, end: int) -> int:
        """Return how many samples must have come to condition the signal up to step `end`."""
        ahead = end - 1 + BASELINE_BOX - 1
        return self.clock.sample_at(ahead) + self._filter_reach + 2

    def release(self) -> None:
        """Free the memory of a large chunk of which only the end is still needed."""
        self._samples.release()

    # What is conditioned

    @property
    def first(self) -> int:
        """First step that is kept."""
        return self._signal.first

    def since(self, begin: int) -> Floats:
        """Return a view of the signal from step `begin` on, shape (n, 2)."""
        return self._signal.since(begin)

    def filtered_since(self, begin: int) -> Floats:
        """Return a view of the same before it is scaled: at least of the last `RECENT` steps."""
        return self._filtered.since(begin)

    def lost_since(self, begin: int) -> Flags:
        """Return which leads are lost, or noise, from step `begin` on, shape (n, n_leads)."""
        return np.asarray(self._lost.since(begin) | self._noisy.since(begin))

    def window(self, n: int) -> Floats:
        """Return the last `n` steps, shape (n, 2); zero before the first step."""
        return _last(n, self.since(self.end - n))

    def window_at(self, n: int, scales: dict[int, float]) -> Floats:
        """Return the last `n` steps of some leads at other scales, shape (n, 2); others zero."""
        scale = np.array([scales.get(k, 0.0) for k in range(N_LEADS)])
        return _last(n, scaled(self._filtered.since(self.end - n), scale))

    # The next hop

    def advance(self) -> None:
        """Condition the next hop; zeros follow the last sample."""
        begin, end = self.end, self.next_end
        needed = self.samples_needed(end)
        samples = self._samples.until(min(needed, self.n_samples))
        hop = np.zeros((end - begin, N_LEADS), dtype=np.float32)
        inside = max(min(end, self.n_steps) - begin, 0)
        if inside:
            filtered = self._filter(samples, begin, complete=needed <= self.n_samples)
            hop[:inside, : self.n_leads] = filtered[:inside]
        self._find_lost(samples, begin, end)
        self._filtered.append(hop)
        self.end = end
        self._samples.drop_before(self._first_needed(end))
        self._scale(begin)

    @property
    def _filter_reach(self) -> int:
        """Samples on each side that the anti-aliasing filter spans."""
        return int(np.ceil(LOW_PASS_REACH * self.fs))

    def _filter_start(self, step: int) -> int:
        """Return the sample to filter from so that steps from `step` on are exact."""
        first = self.clock.sample_at(step - BASELINE_BOX) - self._filter_reach - 2
        # Only every so many samples do a sample and a step coincide.
        every = self.clock.ratio.denominator
        return max(first, 0) // every * every

    def _first_needed(self, step: int) -> int:
        """Return the first sample that the hop from `step` on needs, or a later one."""
        return min(self._filter_start(step), max(self.clock.sample_at(step - BEHIND), 0))

    def _filter(self, samples: Floats, begin: int, *, complete: bool) -> Floats:
        """Filter the hop that begins at a step; shape (at least the hop's steps, n_leads)."""
        start = self._filter_start(begin)
        own = slice(start - self._samples.first, None)
        bridged = [bridge_bad_samples(lead, self.fs) for lead in samples.T]
        leads = np.stack([fill_gaps(lead[own]) for lead in bridged], 1)
        first = begin - self.clock.step_at(start)
        # Next to the ends of the stream, where samples are made up, each hop is filtered alone.
        if start > 0 and complete and self._matrices_fit:
            return filter_hop(leads, self.fs, first)
        return filter_lead(leads, self.fs)[first:]

    def _find_lost(self, samples: Floats, begin: int, end: int) -> None:
        """Find lost leads in a hop, and in the steps before it that may still prove lost."""
        step = np.arange(max(begin - BEHIND, 0), end)
        at = self.clock.sample_at(step) - self._samples.first
        at = at[at < len(samples)]
        lost = np.zeros((len(step), self.n_leads), dtype=np.bool_)
        lost[: len(at)] = self._lost_leads.invalid(samples)[at]
        before = begin - int(step[0])
        earlier = self._lost.since(int(step[0]))
        earlier |= lost[:before]
        self._lost.append(lost[before:])

    # Its scale

    def _scale(self, begin: int) -> None:
        """Scale the hop that begins at a step by the blocks that are complete."""
        for block_end in range(begin // SCALE_BLOCK * SCALE_BLOCK, self.end + 1, SCALE_BLOCK):
            if begin < block_end <= self.n_steps:
                self._measure(block_end)
        if begin == 0 and self.n_steps < SCALE_BLOCK:
            self._measure(self.n_steps)
        lost = self._lost.since(begin)
        self._noisy.append(left_out(np.broadcast_to(self._noisy_leads.noisy, lost.shape), lost))
        self._signal.append(self._scaled(begin))

    def _scaled(self, begin: int) -> Floats:
        """Return the filtered leads from step `begin` on at their scales, zero where noise."""
        rows = scaled(self._filtered.since(begin), self._scales.scale)
        noisy = self._noisy.since(begin)
        rows[: len(noisy), : self.n_leads][noisy] = 0
        return rows

    def _measure(self, block_end: int) -> None:
        begin = max(block_end - SCALE_BLOCK, 0)
        size = block_end - begin
        block, lost = self._filtered.since(begin)[:size], self._lost.since(begin)[:size]
        self._noisy_leads.measure(block[:, : self.n_leads], lost)
        for lead in self._scales.measure(block, lost):
            self._scale_again(lead, self._filtered.first)

    def _scale_again(self, lead: int, begin: int) -> None:
        rows = self.since(begin)
        again = self._scaled(begin)
        rows[:, lead] = again[: len(rows), lead]

    def new_scales(self) -> dict[int, float]:
        """Return the new scales of leads whose scale may have changed suddenly."""
        begin = self.end - CHANGE_STEPS
        if begin < 0 or self.lost_since(begin).any():
            return {}
        return self._scales.sudden_changes(self._filtered.since(begin))

    def begin_of_change(self, lead: int, scale: float) -> int:
        """Return the step from which a new scale of a lead holds."""
        begin = self.end - CHANGE_STEPS
        return begin + self._scales.begin_of_change(lead, scale, self._filtered.since(begin))

    def change_scale(self, lead: int, scale: float, *, begin: int) -> float:
        """Use a new scale for a lead from step `begin` on; return its ratio to the one before."""
        ratio = scale / float(self._scales.scale[lead])
        self._scales.replace(lead, scale)
        self._lost_leads.forget_range(lead)
        self._scale_again(lead, begin)
        return ratio

    def invert(self, lead: int, until: int) -> None:
        """Invert the history of a lead up to step `until`."""
        self.since(self.first)[: until - self.first, lead] *= -1


def _last(n: int, rows: Floats) -> Floats:
    """Return `n` rows that end with the given ones; zeros come first."""
    window = np.zeros((n, N_LEADS), dtype=np.float32)
    window[n - len(rows) :] = rows
    return window
