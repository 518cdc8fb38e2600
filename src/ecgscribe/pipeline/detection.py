"""Detect the R-peaks of a recording block by block, so that only some blocks are in memory.

The trunk's windows are on a grid that does not move with the blocks, and the candidates do not
depend on where blocks end: each hands its rest, from the last quiet place on, to the next one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores, score_windows, trunk_grid
from ecgscribe.model.seconds import Seconds, embed_windows
from ecgscribe.model.shape_features import waveforms
from ecgscribe.pipeline.candidates import Candidates, FaintPeaks
from ecgscribe.pipeline.lead_availability import LeadAvailability, lead_availability
from ecgscribe.pipeline.peaks import find_peaks, place_peaks
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.filters import BRIDGED_S
from ecgscribe.signal.windows import FS, ceil_div

__all__ = ["BLOCK_WINDOWS", "FAINT", "ROOM", "DetectedBlock", "detect_r_peaks", "last_quiet_step"]


BLOCK_WINDOWS = 8
"""Windows of the trunk, each of 112 s, that are conditioned and scored at once."""
MOST_WORKERS = 4
FAINT = 0.2
"""Least score of an R-peak in ventricular tachycardia, whose wide beats no trunk has learned. In
vfdb/611 it gives 140 a minute at 138, in 420 163 at 182, where 0.5 gives 126 and 103."""
QUIET = 32
"""Steps without a score of an R-peak, a quarter of a second, at which blocks can be cut: more
than `ecgscribe.pipeline.peaks.REFRACTORY_S`, and than twice the reach of an R-peak's place."""
ROOM = 64
"""Steps of signal on each side of a part of a block that its waveforms may reach into."""


Floats = NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class DetectedBlock:
    """What was detected in one block of a recording.

    Parameters
    ----------
    candidates : Candidates
        R-peak candidates, of the block up to its last quiet place.
    faint : FaintPeaks
        Other R-peaks there; none if the model has no rhythm network.
    availability : LeadAvailability
        Of the whole block.
    seconds : Seconds, optional
        What is kept for the rhythm of the whole block; none if the model has no rhythm network.
    is_last : bool
        Whether no block follows.
    """

    candidates: Candidates
    faint: FaintPeaks
    availability: LeadAvailability
    seconds: Seconds | None
    is_last: bool


@dataclass(frozen=True, eq=False)
class _ScoredBlock:
    """Consecutive steps with their scores, and the signal around them.

    Parameters
    ----------
    begin : int
        First step.
    scores : Scores
    unreadable : ndarray of bool, shape (n_steps,)
        Whether all leads are lost, for longer than conditioning bridges.
    signal_begin : int
        First step of `signal`.
    signal : ndarray of float32, shape (n, 2)
        `ROOM` steps or more to each side, as far as the recording goes.
    """

    begin: int
    scores: Scores
    unreadable: NDArray[np.bool_]
    signal_begin: int
    signal: Floats

    def __len__(self) -> int:
        return len(self.scores.peak)

    @property
    def end(self) -> int:
        """Step after the last."""
        return self.begin + len(self)

    def part(self, begin: int, end: int) -> _ScoredBlock:
        """Return rows `begin`, at a frame's begin, up to `end`, and `ROOM` around in the signal."""
        per_frame = self.scores.steps_per_frame
        frames = slice(begin // per_frame, ceil_div(end, per_frame))
        first = max(self.begin + begin - ROOM - self.signal_begin, 0)
        last = self.begin + end + ROOM - self.signal_begin
        return _ScoredBlock(
            self.begin + begin,
            Scores(self.scores.peak[begin:end], self.scores.frame_class[frames], per_frame),
            self.unreadable[begin:end],
            self.signal_begin + first,
            self.signal[first:last],
        )

    def followed_by(self, other: _ScoredBlock) -> _ScoredBlock:
        """Return this block and the one that begins where it ends, as one."""
        shared = other.signal_begin - self.signal_begin
        signals = [self.signal[:shared], other.signal] if shared > 0 else [other.signal[-shared:]]
        ours, theirs = self.scores, other.scores
        return _ScoredBlock(
            self.begin,
            Scores(
                np.concatenate([ours.peak, theirs.peak]),
                np.concatenate([ours.frame_class, theirs.frame_class]),
                ours.steps_per_frame,
            ),
            np.concatenate([self.unreadable, other.unreadable]),
            self.signal_begin,
            np.concatenate(signals),
        )


def detect_r_peaks(
    model: Model,
    conditioner: Conditioner,
    *,
    block_windows: int = BLOCK_WINDOWS,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[DetectedBlock]:
    """Detect the R-peaks of a recording, block by block.

    Parameters
    ----------
    model : Model
    conditioner : Conditioner
        Of the recording.
    block_windows : int
        Windows of the trunk per block; the candidates do not depend on it.
    threads : int, optional
        Blocks that are scored at once; by default one for each processor, `MOST_WORKERS` at most.
    progress : callable, optional
        Called after each block with the steps done and those of the whole.

    Yields
    ------
    DetectedBlock
        All of the recording in time order.
    """
    threshold, n_steps = model.thresholds.peak, conditioner.n_steps
    least = threshold if model.rhythm is None else min(threshold, FAINT)
    rest: _ScoredBlock | None = None
    for own, availability, seconds in _score_blocks(
        model, conditioner, block_windows, threads or min(os.cpu_count() or 1, MOST_WORKERS)
    ):
        block = own if rest is None else rest.followed_by(own)
        is_last = block.end == n_steps
        cut = len(block) if is_last else last_quiet_step(block.scores, least)
        candidates, faint = _find_candidates(block.part(0, cut), threshold, least)
        yield DetectedBlock(candidates, faint, availability, seconds, is_last)
        rest = block.part(cut, len(block))
        if progress is not None:
            progress(block.end, n_steps)


def _score_blocks(
    model: Model, conditioner: Conditioner, block_windows: int, threads: int
) -> Iterator[tuple[_ScoredBlock, LeadAvailability, Seconds | None]]:
    n_windows = len(trunk_grid(conditioner.n_steps).starts)
    ranges = [
        (first, min(first + block_windows, n_windows))
        for first in range(0, n_windows, block_windows)
    ]
    score = partial(_score_block, model, conditioner)
    return map(score, ranges) if threads == 1 else _map_ahead(score, ranges, threads)


def _score_block(
    model: Model, conditioner: Conditioner, windows: tuple[int, int]
) -> tuple[_ScoredBlock, LeadAvailability, Seconds | None]:
    """Condition and score some windows of the trunk."""
    grid, (first, last) = trunk_grid(conditioner.n_steps), windows
    begin, end = first * grid.core, min(last * grid.core, grid.n)
    signal_begin = max(begin - grid.halo, 0)
    conditioned = conditioner.condition(signal_begin, min(end + grid.halo, grid.n))
    scores = score_windows(model.network, conditioned.signal, grid, first, last, begin=signal_begin)
    own = slice(begin - signal_begin, end - signal_begin)
    unreadable = long_runs(~conditioned.readable, round(BRIDGED_S * FS))[own]
    block = _ScoredBlock(begin, scores, unreadable, signal_begin, conditioned.signal)
    seconds = None
    if model.rhythm is not None:
        parts = (conditioned.signal, conditioned.unscaled, conditioned.lost)
        seconds = embed_windows(model.rhythm, *parts, grid, first, last, begin=signal_begin)
    return block, lead_availability(conditioned.lost, own, begin=begin), seconds


def _map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Map in order, with as many items in work as there are threads; stop if not asked on."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Result]] = deque()
        try:
            for item in items:
                ahead.append(pool.submit(function, item))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def last_quiet_step(scores: Scores, threshold: float) -> int:
    """Return where to cut: in the last `QUIET` steps without an R-peak, at a frame; or 0."""
    loud = np.flatnonzero(np.concatenate(([True], scores.peak >= threshold, [True])))
    long = np.flatnonzero(np.diff(loud) > QUIET)
    cut = int(loud[long[-1] + 1]) - 1 - QUIET // 2 if len(long) else 0
    return cut - cut % scores.steps_per_frame


def _find_candidates(
    block: _ScoredBlock, threshold: float, least: float
) -> tuple[Candidates, FaintPeaks]:
    """Find the candidates and the faint peaks of a block that begins and ends in a quiet place."""
    offset = block.begin - block.signal_begin
    # Lower peaks never push out a higher one: the candidates are those that there are without.
    peaks, peak_scores = find_peaks(block.scores.peak, threshold=least)
    placed = place_peaks(peaks + offset, block.signal)
    rows = np.clip(placed.astype(np.int64) - offset, 0, len(block.unreadable) - 1)
    readable = ~block.unreadable[rows]
    placed, peak_scores = placed[readable], peak_scores[readable]
    is_faint = peak_scores.astype(np.float64) < threshold
    faint = FaintPeaks(placed[is_faint] + block.signal_begin, peak_scores[is_faint])
    placed, peak_scores = placed[~is_faint], peak_scores[~is_faint]
    candidates = Candidates(
        placed + block.signal_begin,
        peak_scores,
        block.scores.class_logits_at(placed - offset),
        waveforms(block.signal, placed),
    )
    return candidates, faint
