"""Three clocks and the conversions between them; windows on a grid, and training targets.

A *sample* is one of the record's own. A *step* is one of the conditioned signal at `FS` Hz. A
*frame* is one of the network's trunk and spans `STEPS_PER_FRAME` steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FS",
    "STEPS_PER_FRAME",
    "Clock",
    "Grid",
    "Span",
    "ceil_div",
    "class_targets",
    "cut",
    "frame_of",
    "peak_targets",
    "rate_ratio",
    "samples_to_steps",
    "steps_to_samples",
    "stitch",
]


FS = 128
"""Conditioning rate in Hz."""


STEPS_PER_FRAME = 8
"""Steps of the conditioned signal in one trunk frame (16 frames per second)."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Step = TypeVar("Step", int, Positions)


def ceil_div(a: int, b: int) -> int:
    """Return ``a / b``, rounded up."""
    return -(-a // b)


def rate_ratio(fs: float) -> Fraction:
    """Return the ratio of `FS` to `fs` as the fraction that resampling uses.

    The same fraction converts positions, so that rounding it cannot make them drift.
    """
    return (Fraction(FS) / Fraction(fs).limit_denominator(1000)).limit_denominator(2000)


def samples_to_steps(sample: Positions, ratio: Fraction) -> Doubles:
    """Convert positions in the record's samples to (fractional) steps."""
    return np.asarray(sample, dtype=np.float64) * (ratio.numerator / ratio.denominator)


def steps_to_samples(step: Doubles, ratio: Fraction, n_samples: int) -> Positions:
    """Convert (fractional) steps to the nearest samples within the record."""
    sample = np.rint(np.asarray(step) * (ratio.denominator / ratio.numerator)).astype(np.int64)
    return np.clip(sample, 0, max(n_samples - 1, 0))


def frame_of(step: Doubles, n_frames: int) -> Positions:
    """Return the trunk frame that contains each step."""
    frame = np.floor((np.asarray(step) + 0.5) / STEPS_PER_FRAME).astype(np.int64)
    return np.clip(frame, 0, max(n_frames - 1, 0))


@dataclass(frozen=True)
class Span:
    """Positions from `begin` up to, but without, `end`.

    Parameters
    ----------
    begin, end : int
        In samples, steps or blocks.
    """

    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def padded(self, n: int) -> Span:
        """Return the span with `n` more positions at each end."""
        return Span(self.begin - n, self.end + n)

    def clipped(self, begin: int, end: int) -> Span:
        """Return the part between `begin` and `end`."""
        return Span(max(self.begin, begin), min(self.end, end))

    def within(self, begin: int) -> slice:
        """Return the slice of the span in an array whose first row is at `begin`."""
        return slice(self.begin - begin, self.end - begin)


@dataclass(frozen=True)
class Clock:
    """Whole samples of a record and whole steps.

    Parameters
    ----------
    ratio : Fraction
        Steps per sample, see `rate_ratio`. A sample and a step coincide every ``ratio.denominator``
        samples, that is, every ``ratio.numerator`` steps.
    """

    ratio: Fraction

    def n_steps(self, n_samples: int) -> int:
        """Return the number of steps of a record."""
        return ceil_div(n_samples * self.ratio.numerator, self.ratio.denominator)

    def sample_at(self, step: Step) -> Step:
        """Return the last sample at or before a step, or before each of several."""
        return step * self.ratio.denominator // self.ratio.numerator

    def samples_of(self, steps: Span) -> Span:
        """Return the samples around steps; the first one coincides with a step."""
        up, down = self.ratio.numerator, self.ratio.denominator
        return Span(steps.begin // up * down, ceil_div(steps.end * down, up))

    def step_at(self, sample: int) -> int:
        """Return the last step at or before a sample."""
        return sample * self.ratio.numerator // self.ratio.denominator


@dataclass(frozen=True)
class Grid:
    """Windows of equal length on a fixed grid from step 0.

    Parameters
    ----------
    n : int
        Length of the sequence.
    length : int
        Length of a window.
    halo : int
        Context at each end of a window; its scores are taken from the neighbouring window.
    """

    n: int
    length: int
    halo: int

    def __post_init__(self) -> None:
        if self.length <= 2 * self.halo:
            raise ValueError(
                f"expected windows longer than two halos, found length {self.length} "
                f"with halo {self.halo}; lengthen the window"
            )

    @property
    def core(self) -> int:
        """Number of positions whose scores come from one window."""
        return self.length - 2 * self.halo

    @property
    def starts(self) -> range:
        """Start of each window; the first begins one halo before position 0."""
        return range(-self.halo, max(self.n, 1) - self.halo, self.core)


def cut(sequence: Floats, grid: Grid, first: int, last: int, *, begin: int = 0) -> Floats:
    """Cut windows `first` up to `last` of the grid; positions outside the sequence are zero.

    Parameters
    ----------
    sequence : ndarray of float32, shape (n, channels)
        The whole sequence, or the part of it that those windows span.
    grid : Grid
    first, last : int
        Range of windows.
    begin : int
        Position in the whole of the first row of `sequence`.

    Returns
    -------
    ndarray of float32, shape (last - first, grid.length, channels)
    """
    windows = np.zeros((last - first, grid.length, sequence.shape[1]), dtype=np.float32)
    for row, start in enumerate(grid.starts[first:last]):
        low, high = max(start, begin), min(start + grid.length, begin + len(sequence))
        windows[row, low - start : high - start] = sequence[low - begin : high - begin]
    return windows


def stitch(
    scores: Floats,
    grid: Grid,
    first: int,
    into: Floats,
    *,
    every: int = 1,
) -> None:
    """Copy the core of each window's scores to its place in the whole sequence.

    Parameters
    ----------
    scores : ndarray of float32, shape (windows, grid.length / every, channels)
        Scores of consecutive windows, one per `every` positions of the grid.
    grid : Grid
        Its halo and core are multiples of `every`.
    first : int
        Index of the first window in `scores`.
    into : ndarray of float32, shape (n, channels)
        Scores of the whole sequence; changed in place.
    every : int
        Positions of the grid per score.
    """
    halo, core = grid.halo // every, grid.core // every
    for row, window in enumerate(scores):
        begin = (first + row) * core
        end = min(begin + core, len(into))
        into[begin:end] = window[halo : halo + end - begin]


def peak_targets(step: Doubles, n: int, *, width: float) -> Floats:
    """Make the R-peak target at every step.

    Parameters
    ----------
    step : ndarray, shape (n_beats,)
        R-peaks in steps.
    n : int
        Number of steps.
    width : float
        Seconds. If positive, the standard deviation of a Gaussian. If negative, half the width of
        a rectangle, which the ``classic`` preset uses.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    reach = int(np.ceil(abs(width) * FS * (3 if width > 0 else 1)))
    offsets = np.arange(-reach, reach + 1)
    at = np.rint(step).astype(np.int64)[:, None] + offsets
    distance = np.abs(at - step[:, None]) / FS
    value = np.exp(-0.5 * (distance / width) ** 2) if width > 0 else distance <= -width
    target = np.zeros(n, dtype=np.float32)
    inside = (at >= 0) & (at < n)
    np.maximum.at(target, at[inside], np.asarray(value, dtype=np.float32)[inside])
    return target


def class_targets(
    position: Positions, class_index: NDArray[np.int8], n: int, *, reach: int
) -> NDArray[np.int8]:
    """Spread each beat's class over the positions around it; -1 where no beat is near.

    Parameters
    ----------
    position : ndarray of int, shape (n_beats,)
        Frames or steps of the R-peaks.
    class_index : ndarray of int8, shape (n_beats,)
    n : int
        Number of positions.
    reach : int
        Positions to each side that get the class.

    Returns
    -------
    ndarray of int8, shape (n,)
    """
    target = np.full(n, -1, dtype=np.int8)
    for offset in sorted(range(-reach, reach + 1), key=abs, reverse=True):
        at = position + offset
        inside = (at >= 0) & (at < n)
        target[at[inside]] = class_index[inside]
    return target
