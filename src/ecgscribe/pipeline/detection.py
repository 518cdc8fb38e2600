"""Find the R-peaks of a recording block by block, so that no more than some blocks are in memory.

The trunk's windows lie on a grid that does not move with the blocks, and what is found does not
depend on where these end: each block hands its rest, from the last quiet place on, to the next.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.features import waveforms
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores, score_windows, trunk_grid
from ecgscribe.pipeline.classification import Beats, found
from ecgscribe.pipeline.peaks import find_peaks, place_peaks
from ecgscribe.quality_annotations import ALL_READABLE, NONE_READABLE, encode_subtype
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.filters import BRIDGED_S, long_runs
from ecgscribe.signal.windows import FS

__all__ = ["BLOCK_WINDOWS", "ROOM", "LeadsSeen", "scan"]


BLOCK_WINDOWS = 8
"""Windows of the trunk, each of 112 s, that are conditioned and scored at a time."""
MOST_WORKERS = 4
QUIET = 32
"""Steps without a score of an R-peak, a quarter of a second, that beats can be parted at: more
than `ecgscribe.pipeline.peaks.REFRACTORY_S`, and than twice the reach of an R-peak's place."""
ROOM = 64
"""Steps of signal around a block's rest that its beats may reach into."""


@dataclass(eq=False)
class LeadsSeen:
    """What is known of a recording's leads, as far as it was scanned.

    Parameters
    ----------
    lost : ndarray of int64, shape (n_leads,)
        Steps that each lead cannot be read in.
    unreadable : int
        Steps that no lead can be read in.
    change, state : list of ndarray of int64, shape (n,)
        Steps at which the set of leads that can be read changes, and the subtype of ``~`` from
        there on. A lead's losses of less than a second do not count.
    """

    lost: NDArray[np.int64]
    unreadable: int = 0
    change: list[NDArray[np.int64]] = field(default_factory=list)
    state: list[NDArray[np.int64]] = field(default_factory=list)

    def changes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give all changes, and what holds from each on, shape (n,) both."""
        nothing = [np.zeros(0, dtype=np.int64)]
        return np.concatenate(nothing + self.change), np.concatenate(nothing + self.state)

    def stretches(self) -> NDArray[np.int64]:
        """Give the stretches that no lead can be read in, from step to step, shape (n, 2)."""
        change, state = self.changes()
        none = np.flatnonzero(state == NONE_READABLE)
        return np.stack([change[none], np.append(change, 0)[none + 1]], axis=1)


@dataclass(frozen=True, eq=False)
class _Block:
    """Steps from `begin` on: the signal with room around it, what the trunk says, what is lost."""

    begin: int
    signal_begin: int
    signal: NDArray[np.float32]
    peak: NDArray[np.float32]
    frame_class: NDArray[np.float32]
    hidden: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Lost:
    lost: NDArray[np.int64]
    unreadable: int
    state: NDArray[np.int64]


def scan(
    model: Model,
    conditioner: Conditioner,
    seen: LeadsSeen,
    *,
    block_windows: int = BLOCK_WINDOWS,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Beats]:
    """Find the R-peaks of a recording.

    Parameters
    ----------
    model : Model
    conditioning : Conditioner
        The recording.
    seen : LeadsSeen
        Changed in place: what is found of the leads is added.
    block_windows : int
        Windows of the trunk to a block; the answer does not depend on it.
    progress : callable, optional
        Called after each block with the steps done and those of the whole.

    Yields
    ------
    Beats
        All R-peaks in time order, some at a time.
    """
    threshold = model.thresholds.peak
    rest: _Block | None = None
    state = ALL_READABLE
    for block, lost in _blocks(model, conditioner, block_windows):
        state = _add(seen, lost, block.begin, before=state)
        end = block.begin + len(block.peak)
        if rest is not None:
            block = _joined(rest, block)
        n = len(block.peak)
        cut = (
            n
            if end == conditioner.n_steps
            else _quiet(block.peak, threshold, model.network.steps_per_frame)
        )
        yield _beats(model, _cut(block, 0, cut, model.network.steps_per_frame), threshold)
        rest = _cut(block, cut, n, model.network.steps_per_frame)
        if progress is not None:
            progress(end, conditioner.n_steps)
    if state != ALL_READABLE:  # after the last sample all is well again: that closes a stretch
        seen.change.append(np.array([conditioner.n_steps]))
        seen.state.append(np.array([ALL_READABLE]))


def _blocks(
    model: Model, conditioner: Conditioner, block_windows: int
) -> Iterator[tuple[_Block, _Lost]]:
    """Condition and score all blocks in order, some of them side by side."""
    grid = trunk_grid(conditioner.n_steps)
    windows = range(0, len(grid.starts), block_windows)

    def one_block(first: int) -> tuple[_Block, _Lost]:
        last = min(first + block_windows, len(grid.starts))
        begin, end = first * grid.core, min(last * grid.core, grid.n)
        low = max(begin - grid.halo, 0)
        part = conditioner.condition(low, min(end + grid.halo, grid.n))
        scores = score_windows(model.network, part.signal, grid, first, last, begin=low)
        own = slice(begin - low, end - low)
        every = ~part.readable
        state = _state(part.lost, every)[own]
        hidden = long_runs(every, round(BRIDGED_S * FS))[own]
        lost = _Lost(part.lost[own].sum(axis=0), int(every[own].sum()), state)
        return _Block(begin, low, part.signal, scores.peak, scores.frame_class, hidden), lost

    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[tuple[_Block, _Lost]]] = deque()
        try:
            for first in windows:
                ahead.append(pool.submit(one_block, first))
                if len(ahead) > workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _state(lost: NDArray[np.bool_], every: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the subtype of ``~`` that holds at every step; a lead's short losses do not count."""
    if not lost.any():
        return np.full(len(lost), ALL_READABLE)
    return encode_subtype(np.stack([long_runs(lead, FS) | every for lead in lost.T], axis=1))


def _add(seen: LeadsSeen, lost: _Lost, begin: int, *, before: int) -> int:
    """Add what is lost in a block that follows a `before` state; give the state at its end."""
    seen.lost += lost.lost
    seen.unreadable += lost.unreadable
    change = np.flatnonzero(np.diff(lost.state, prepend=before))
    seen.change.append(begin + change)
    seen.state.append(lost.state[change])
    return int(lost.state[-1])


def _quiet(peak: NDArray[np.float32], threshold: float, frame: int) -> int:
    """Give the end, less half of `QUIET`, of the last stretch that no R-peak lies in; or 0."""
    loud = np.flatnonzero(np.concatenate(([True], peak >= threshold, [True])))
    long = np.flatnonzero(np.diff(loud) > QUIET)
    cut = int(loud[long[-1] + 1]) - 1 - QUIET // 2 if len(long) else 0
    return cut - cut % frame


def _joined(rest: _Block, block: _Block) -> _Block:
    """Put the rest of the block before in front of a block."""
    both = [rest.signal[: block.signal_begin - rest.signal_begin], block.signal]
    if rest.signal_begin >= block.signal_begin:
        both = [block.signal[rest.signal_begin - block.signal_begin :]]
    return _Block(
        rest.begin,
        rest.signal_begin,
        np.concatenate(both),
        np.concatenate([rest.peak, block.peak]),
        np.concatenate([rest.frame_class, block.frame_class]),
        np.concatenate([rest.hidden, block.hidden]),
    )


def _cut(block: _Block, begin: int, end: int, frame: int) -> _Block:
    """Cut a part of a block, whole frames, with room in its signal."""
    low = max(block.begin + begin - ROOM - block.signal_begin, 0)
    high = block.begin + end + ROOM - block.signal_begin
    return _Block(
        block.begin + begin,
        block.signal_begin + low,
        block.signal[low:high],
        block.peak[begin:end],
        block.frame_class[begin // frame : -(-end // frame)],
        block.hidden[begin:end],
    )


def _beats(model: Model, block: _Block, threshold: float) -> Beats:
    """Find the R-peaks of a block that begins and ends in a quiet place."""
    within = block.begin - block.signal_begin
    peak, height = find_peaks(block.peak, threshold=threshold)
    placed = place_peaks(peak + within, block.signal)
    seen = ~block.hidden[np.clip(placed.astype(np.int64) - within, 0, len(block.hidden) - 1)]
    placed, height = placed[seen], height[seen]
    return found(
        placed + block.signal_begin,
        height,
        Scores(block.peak, block.frame_class, model.network.steps_per_frame).class_logits_at(
            placed - within
        ),
        waveforms(block.signal, placed),
    )
