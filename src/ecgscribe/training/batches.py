"""Draw balanced batches of windows, with their targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS, STEPS_PER_FRAME, class_targets, frame_of, peak_targets
from ecgscribe.training.augmentation import augment
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example

__all__ = ["Pool", "RareBeats", "Targets", "draw_batch", "draw_starts", "make_targets"]

Floats = NDArray[np.float32]


RARE = {1: 0.45, 2: 0.35, 3: 0.2}
"""How often windows are drawn for S, V and F, against each other."""


CLASS_REACH_S = 0.05
"""Seconds to each side of an R-peak that have its class where a frame is one step."""


class RareBeats:
    """Draws beats of rare classes: the class first, then the record, then the beat.

    So no record's habit stands for a class. One with many beats of a class shows it more often,
    but by the root of their number.

    Parameters
    ----------
    class_index : sequence of ndarray of int8, shape (n_beats,)
        Classes of the beats of each record.
    weight : mapping
        From the index of each rare class to how often it is drawn, against the others that occur.
    """

    def __init__(
        self, class_index: Sequence[NDArray[np.int8]], weight: Mapping[int, float]
    ) -> None:
        self._class_index, self._kinds = class_index, list(weight)
        counts = np.array([[np.sum(c == kind) for kind in weight] for c in class_index])
        by_class = np.array(list(weight.values())) * (counts.sum(axis=0) > 0)
        by_record = np.sqrt(np.minimum(counts, 200)).astype(np.float64)
        self._by_class = by_class / max(by_class.sum(), 1e-9)
        self._by_record = by_record / np.maximum(by_record.sum(axis=0), 1e-9)
        self.occur = bool(by_class.any())
        """Whether there is a beat to draw."""

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """Draw one: the number of its record, and its own number in that."""
        k = int(rng.choice(len(self._kinds), p=self._by_class))
        record = int(rng.choice(len(self._class_index), p=self._by_record[:, k]))
        return record, int(rng.choice(np.flatnonzero(self._class_index[record] == self._kinds[k])))


def draw_starts(
    examples: Sequence[Example],
    n: int,
    length: int,
    rng: np.random.Generator,
    *,
    balanced: bool,
) -> list[tuple[int, int]]:
    """Draw windows: which example, and at which step it starts.

    Parameters
    ----------
    examples : sequence of Example
    n : int
        Number of windows.
    length : int
        Steps of a window.
    rng : numpy.random.Generator
    balanced : bool
        Half of the windows are drawn around a beat of S, V or F, as `RareBeats` does; without it
        every window is drawn uniformly.

    Returns
    -------
    list of (int, int)
    """
    rare = RareBeats([e.class_index for e in examples], RARE)
    durations = np.array([len(e.signal) for e in examples], dtype=np.float64)
    drawn = []
    for _ in range(n):
        if balanced and rare.occur and rng.random() < 0.5:
            which, beat = rare.draw(rng)
            start = int(examples[which].step[beat] - rng.uniform(0, length))
        else:
            which = int(rng.choice(len(examples), p=durations / durations.sum()))
            start = int(rng.integers(0, max(len(examples[which].signal) - length, 1)))
        # A few windows reach over an end of the record, as they do in use.
        low, high = -FS, len(examples[which].signal) - length + FS
        drawn.append((which, int(np.clip(start, low, max(low, high)))))
    return drawn


@dataclass(frozen=True, eq=False)
class Targets:
    """What the trunk is to say of one example.

    Parameters
    ----------
    peak : ndarray of float32, shape (n_steps,)
        Score of the R-peak; -1 where nothing is known.
    frame_class : ndarray of int8, shape (n_frames,)
        AAMI class; -1 where there is no beat.
    """

    peak: Floats
    frame_class: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Pool:
    """Records that windows are drawn from.

    Parameters
    ----------
    examples : sequence of Example
    targets : sequence of Targets
        Of the same examples.
    share : float
        Part of the windows of a batch that is drawn from here.
    """

    examples: Sequence[Example]
    targets: Sequence[Targets]
    share: float


def make_targets(example: Example, config: TrainingConfig) -> Targets:
    """Make the targets of one example: R-peaks at every step, classes at every frame."""
    every = config.architecture.steps_per_frame
    n_steps = len(example.signal)
    n_frames = -(-n_steps // every)
    peak = peak_targets(example.step, n_steps, width=config.trunk.peak_width)
    peak[example.masked] = -1
    if every == 1:
        position, reach = np.rint(example.step).astype(np.int64), int(CLASS_REACH_S * FS)
    else:
        position, reach = frame_of(example.step, n_frames), 1
    return Targets(peak, class_targets(position, example.class_index, n_frames, reach=reach))


def _window(sequence: NDArray[Any], start: int, length: int, outside: float) -> NDArray[Any]:
    """Cut a window that may reach over the ends of the sequence."""
    window = np.full((length, *sequence.shape[1:]), outside, dtype=sequence.dtype)
    begin, end = max(start, 0), min(start + length, len(sequence))
    window[begin - start : end - start] = sequence[begin:end]
    return window


def draw_batch(
    pools: Sequence[Pool],
    noise: Sequence[Floats],
    config: TrainingConfig,
    *,
    number: int,
    index: int,
) -> tuple[Floats, dict[str, Floats]]:
    """Draw one batch; the seed, the pass and its place in the pass alone decide what it holds.

    Parameters
    ----------
    pools : sequence of Pool
    noise : sequence of ndarray
        Noise recordings for augmentation.
    config : TrainingConfig
    number : int
        Number of the pass.
    index : int
        Number of the batch within the pass.

    Returns
    -------
    signal : ndarray of float32, shape (batch, n_steps, 2)
    target : dict of ndarray of float32
        ``peak``, shape (batch, n_steps, 1), and ``frame_class``, shape (batch, n_frames).
    """
    rng = np.random.default_rng([config.seed, number, index])
    every = config.architecture.steps_per_frame
    length = int(config.trunk.window_s * FS) // STEPS_PER_FRAME * STEPS_PER_FRAME
    balanced = config.imbalance.sampling == "balanced"
    signals, peaks, classes = [], [], []
    counts = rng.multinomial(config.trunk.batch, [pool.share for pool in pools])
    for pool, n in zip(pools, counts, strict=True):
        for which, at in draw_starts(pool.examples, n, length, rng, balanced=balanced):
            start = at // every * every
            signal = _window(pool.examples[which].signal, start, length, 0)
            signals.append(augment(signal, noise, rng) if config.imbalance.augment else signal)
            target = pool.targets[which]
            peaks.append(_window(target.peak, start, length, 0)[:, None])
            classes.append(_window(target.frame_class, start // every, length // every, -1))
    frame_class = np.stack(classes).astype(np.float32)
    return np.stack(signals), {"peak": np.stack(peaks), "frame_class": frame_class}
