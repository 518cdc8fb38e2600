"""Draw balanced batches of windows with their targets, to train the trunk."""

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

__all__ = ["BalancedSampler", "ExamplePool", "Targets", "draw_batch", "draw_starts", "make_targets"]

Floats = NDArray[np.float32]

WINDOW_CLASSES = {1: 0.45, 2: 0.35, 3: 0.2}
"""Relative frequency with which windows are drawn around a beat of S, V and F."""
BALANCED_PART = 0.5
"""Probability that a balanced draw is made for a rare class, not uniformly."""
MOST_COUNTED = 200
"""Beats of a class above which a record is not drawn more often for that class."""
CLASS_REACH_S = 0.05
"""Seconds on each side of an R-peak that have its class where a frame is one step."""


class BalancedSampler:
    """Draws beats of rare classes: first the class, then the record, then the beat.

    So no class is represented by one record. A record with more beats of a class is drawn more
    often for it, in proportion to the root of their number.

    Parameters
    ----------
    class_index : sequence of ndarray of int8, shape (n_beats,)
        Classes of the beats of each record.
    weight : mapping of int to float
        Relative frequency of each rare class, by its index. Classes without beats are not drawn.
    """

    def __init__(
        self, class_index: Sequence[NDArray[np.int8]], weight: Mapping[int, float]
    ) -> None:
        self._class_index, self._classes = class_index, list(weight)
        counts = np.array([[np.sum(of_beats == k) for k in weight] for of_beats in class_index])
        by_class = np.array(list(weight.values())) * (counts.sum(axis=0) > 0)
        by_record = np.sqrt(np.minimum(counts, MOST_COUNTED)).astype(np.float64)
        self._by_class = by_class / max(by_class.sum(), 1e-9)
        self._by_record = by_record / np.maximum(by_record.sum(axis=0), 1e-9)
        self.has_beats = bool(by_class.any())
        """Whether there is a beat of a rare class to draw."""

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """Draw a beat; return the index of its record and its index in that record."""
        k = int(rng.choice(len(self._classes), p=self._by_class))
        record = int(rng.choice(len(self._class_index), p=self._by_record[:, k]))
        beats = np.flatnonzero(self._class_index[record] == self._classes[k])
        return record, int(rng.choice(beats))


def draw_starts(
    examples: Sequence[Example],
    n: int,
    length: int,
    rng: np.random.Generator,
    *,
    balanced: bool,
) -> list[tuple[int, int]]:
    """Draw windows: the index of an example, and the step at which the window starts.

    Parameters
    ----------
    examples : sequence of Example
    n : int
        Number of windows.
    length : int
        Steps per window.
    rng : numpy.random.Generator
    balanced : bool
        Draw half of the windows around a beat of S, V or F, with `BalancedSampler`; otherwise
        draw all of them uniformly.

    Returns
    -------
    list of (int, int)
    """
    sampler = BalancedSampler([e.class_index for e in examples], WINDOW_CLASSES)
    durations = np.array([len(e.signal) for e in examples], dtype=np.float64)
    drawn = []
    for _ in range(n):
        if balanced and sampler.has_beats and rng.random() < BALANCED_PART:
            which, beat = sampler.draw(rng)
            start = int(examples[which].r_peaks[beat] - rng.uniform(0, length))
        else:
            which = int(rng.choice(len(examples), p=durations / durations.sum()))
            start = int(rng.integers(0, max(len(examples[which].signal) - length, 1)))
        # A few windows extend beyond an end of the record, as they do in use.
        low, high = -FS, len(examples[which].signal) - length + FS
        drawn.append((which, int(np.clip(start, low, max(low, high)))))
    return drawn


@dataclass(frozen=True, eq=False)
class Targets:
    """The outputs that the trunk should have for one example.

    Parameters
    ----------
    peak : ndarray of float32, shape (n_steps,)
        R-peak score; -1 where the reference is unknown.
    frame_class : ndarray of int8, shape (n_frames,)
        AAMI class; -1 where there is no beat.
    """

    peak: Floats
    frame_class: NDArray[np.int8]


def make_targets(example: Example, config: TrainingConfig) -> Targets:
    """Make the targets of one example: R-peaks at every step, classes at every frame."""
    steps_per_frame = config.architecture.steps_per_frame
    n_steps = len(example.signal)
    n_frames = -(-n_steps // steps_per_frame)
    peak = peak_targets(example.r_peaks, n_steps, width=config.trunk.peak_width)
    peak[example.masked] = -1
    if steps_per_frame == 1:
        position, reach = np.rint(example.r_peaks).astype(np.int64), int(CLASS_REACH_S * FS)
    else:
        position, reach = frame_of(example.r_peaks, n_frames), 1
    return Targets(peak, class_targets(position, example.class_index, n_frames, reach=reach))


@dataclass(frozen=True, eq=False)
class ExamplePool:
    """Records that windows are drawn from.

    Parameters
    ----------
    examples : sequence of Example
    targets : sequence of Targets
        Targets of the same examples.
    weight : float
        Fraction of the windows of a batch that is drawn from this pool.
    """

    examples: Sequence[Example]
    targets: Sequence[Targets]
    weight: float


def draw_batch(
    pools: Sequence[ExamplePool],
    noise: Sequence[Floats],
    config: TrainingConfig,
    *,
    epoch: int,
    index: int,
) -> tuple[Floats, dict[str, Floats]]:
    """Draw one batch.

    Its content depends only on the seed, the epoch and its index in the epoch, not on earlier
    batches, so that a resumed run draws the batches of a run that was not interrupted.

    Parameters
    ----------
    pools : sequence of ExamplePool
    noise : sequence of ndarray
        Noise recordings for augmentation.
    config : TrainingConfig
    epoch : int
        Number of the epoch.
    index : int
        Index of the batch within the epoch.

    Returns
    -------
    signal : ndarray of float32, shape (batch, n_steps, 2)
    target : dict of ndarray of float32
        ``peak``, shape (batch, n_steps, 1), and ``frame_class``, shape (batch, n_frames).
    """
    rng = np.random.default_rng([config.seed, epoch, index])
    steps_per_frame = config.architecture.steps_per_frame
    length = int(config.trunk.window_s * FS) // STEPS_PER_FRAME * STEPS_PER_FRAME
    balanced = config.imbalance.sampling == "balanced"
    signals, peaks, classes = [], [], []
    counts = rng.multinomial(config.trunk.batch, [pool.weight for pool in pools])
    for pool, n in zip(pools, counts, strict=True):
        for which, at in draw_starts(pool.examples, n, length, rng, balanced=balanced):
            frame = at // steps_per_frame
            start = frame * steps_per_frame
            signal = _window(pool.examples[which].signal, start, length, 0)
            signals.append(augment(signal, noise, rng) if config.imbalance.augment else signal)
            target = pool.targets[which]
            peaks.append(_window(target.peak, start, length, 0)[:, None])
            classes.append(_window(target.frame_class, frame, length // steps_per_frame, -1))
    frame_class = np.stack(classes).astype(np.float32)
    return np.stack(signals), {"peak": np.stack(peaks), "frame_class": frame_class}


def _window(sequence: NDArray[Any], start: int, length: int, outside: float) -> NDArray[Any]:
    """Cut a window that may extend beyond the ends of the sequence."""
    window = np.full((length, *sequence.shape[1:]), outside, dtype=sequence.dtype)
    begin, end = max(start, 0), min(start + length, len(sequence))
    window[begin - start : end - start] = sequence[begin:end]
    return window
