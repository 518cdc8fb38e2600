"""Cut, halo, stitch and targets: the only place where sample indices are converted.

Three clocks meet here. A *sample* is one of the record's own. A *step* is one of the conditioned
signal at `FS` Hz. A *frame* is one of the network's trunk and spans `STEPS_PER_FRAME` steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FS",
    "STEPS_PER_FRAME",
    "Grid",
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
"""Steps of the conditioned signal that one trunk frame spans (16 frames a second)."""


def rate_ratio(fs: float) -> Fraction:
    """Give the ratio of `FS` to `fs` as the fraction that resampling uses.

    The same fraction converts positions, so that rounding it cannot make them drift.
    """
    return (Fraction(FS) / Fraction(fs).limit_denominator(1000)).limit_denominator(2000)


def samples_to_steps(sample: NDArray[np.int64], ratio: Fraction) -> NDArray[np.float64]:
    """Convert positions in the record's samples to (fractional) steps."""
    return np.asarray(sample, dtype=np.float64) * (ratio.numerator / ratio.denominator)


def steps_to_samples(
    step: NDArray[np.float64], ratio: Fraction, n_samples: int
) -> NDArray[np.int64]:
    """Convert (fractional) steps to the nearest samples within the record."""
    sample = np.rint(np.asarray(step) * (ratio.denominator / ratio.numerator)).astype(np.int64)
    return np.clip(sample, 0, max(n_samples - 1, 0))


def frame_of(step: NDArray[np.float64], n_frames: int) -> NDArray[np.int64]:
    """Give the trunk frame whose span holds each step."""
    frame = np.floor((np.asarray(step) + 0.5) / STEPS_PER_FRAME).astype(np.int64)
    return np.clip(frame, 0, max(n_frames - 1, 0))


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
        Context at each end of a window whose scores are thrown away where a neighbour has better.
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
        """Number of positions that each window alone answers for."""
        return self.length - 2 * self.halo

    @property
    def starts(self) -> range:
        """Start of each window; the first begins one halo before position 0."""
        return range(-self.halo, max(self.n, 1) - self.halo, self.core)


def cut(
    sequence: NDArray[np.float32], grid: Grid, first: int, last: int, *, begin: int = 0
) -> NDArray[np.float32]:
    """Cut windows `first` up to `last` of the grid; zeros stand outside the sequence.

    Parameters
    ----------
    sequence : ndarray of float32, shape (n, channels)
        The whole, or the part of it that those windows span.
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
    scores: NDArray[np.float32],
    grid: Grid,
    first: int,
    into: NDArray[np.float32],
    *,
    every: int = 1,
) -> None:
    """Write the core of each window's scores to its place in the whole sequence.

    Parameters
    ----------
    scores : ndarray of float32, shape (windows, grid.length / every, channels)
        Scores of consecutive windows, one for `every` positions of the grid.
    grid : Grid
        Its halo and core are multiples of `every`.
    first : int
        Number of the first window in `scores`.
    into : ndarray of float32, shape (n, channels)
        Where to write; changed in place.
    every : int
        Positions of the grid that one score stands for.
    """
    halo, core = grid.halo // every, grid.core // every
    for row, window in enumerate(scores):
        begin = (first + row) * core
        end = min(begin + core, len(into))
        into[begin:end] = window[halo : halo + end - begin]


def peak_targets(step: NDArray[np.float64], n: int, *, width: float) -> NDArray[np.float32]:
    """Make the R-peak target at every step.

    Parameters
    ----------
    step : ndarray, shape (n_beats,)
        R-peaks in steps.
    n : int
        Number of steps.
    width : float
        Seconds. Positive: a Gaussian of that standard deviation. Negative: a rectangle that
        reaches that far to each side, as the ``classic`` preset wants it.

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
    position: NDArray[np.int64], class_index: NDArray[np.int8], n: int, *, reach: int
) -> NDArray[np.int8]:
    """Spread each beat's class over the positions around it; -1 stands where there is no beat.

    Parameters
    ----------
    position : ndarray of int, shape (n_beats,)
        Frames or steps of the R-peaks.
    class_index : ndarray of int8, shape (n_beats,)
    n : int
        Number of positions.
    reach : int
        How far a class reaches to each side.
    """
    target = np.full(n, -1, dtype=np.int8)
    for offset in sorted(range(-reach, reach + 1), key=abs, reverse=True):
        at = position + offset
        inside = (at >= 0) & (at < n)
        target[at[inside]] = class_index[inside]
    return target
