"""Score a signal in overlapping windows, whatever network computes the scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS, STEPS_PER_FRAME, Grid, cut, frame_of, stitch
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT

__all__ = [
    "BEAT_CORE",
    "BEAT_HALO",
    "BEAT_WINDOW",
    "Floats",
    "Scores",
    "TrunkScores",
    "rows_at",
    "score_beats",
    "score_signal",
    "score_windows",
    "trunk_grid",
]


def rows_at(frames: Floats, step: NDArray[np.float64], *, frame: int) -> Floats:
    """Gather the trunk's rows at the R-peaks.

    Parameters
    ----------
    frames : ndarray, shape (n_frames, n)
    step : ndarray, shape (n_beats,)
    frame : int
        Steps that a frame spans.

    Returns
    -------
    ndarray, shape (n_beats, n)
    """
    if frame == STEPS_PER_FRAME:
        return frames[frame_of(step, len(frames))]
    return frames[np.clip(np.rint(step).astype(np.int64), 0, len(frames) - 1)]


WINDOW_S = 120
HALO_S = 4
BATCH = 2
"""Windows that are scored at a time: more are no faster, and each takes 13 MB."""
BEAT_WINDOW = 256
BEAT_HALO = 32
BEAT_CORE = BEAT_WINDOW - 2 * BEAT_HALO


Floats = NDArray[np.float32]
TrunkScores = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Scores:
    """What the trunk says of a signal.

    Parameters
    ----------
    peak : ndarray of float32, shape (n_steps,)
        Score of the R-peak, 0 to 1.
    frame_class : ndarray of float32, shape (n_frames, 5)
        Logits of the AAMI class by the frame alone.
    """

    peak: Floats
    frame_class: Floats


def trunk_grid(n_steps: int) -> Grid:
    """Give the windows in which the trunk scores a signal."""
    return Grid(n_steps, WINDOW_S * FS, HALO_S * FS)


def score_windows(
    predict: Callable[[Floats], TrunkScores],
    signal: Floats,
    grid: Grid,
    first: int,
    last: int,
    *,
    begin: int = 0,
    frame: int,
) -> Scores:
    """Score the windows `first` up to `last` of a signal, whatever computes the scores.

    Parameters
    ----------
    predict : callable
        From windows (batch, n_steps, 2) to the trunk's two outputs.
    signal : ndarray of float32, shape (n_steps, 2)
        The whole signal, or the part of it that those windows span.
    grid : Grid
        Windows of the whole; see `trunk_grid`.
    first, last : int
        Range of windows.
    begin : int
        Position in the whole of the first row of `signal`.
    frame : int
        Steps that one frame of the trunk spans.

    Returns
    -------
    Scores
        From ``first * grid.core`` on, as far as the windows answer.
    """
    n = min(last * grid.core, grid.n) - first * grid.core
    peak = np.zeros((n, 1), dtype=np.float32)
    frame_class = np.zeros((-(-n // frame), len(AAMI_CLASSES)), dtype=np.float32)
    for at in range(first, last, BATCH):
        peaks, classes = predict(cut(signal, grid, at, min(at + BATCH, last), begin=begin))
        stitch(peaks, grid, at - first, peak)
        stitch(classes, grid, at - first, frame_class, every=frame)
    return Scores(peak[:, 0], frame_class)


def score_signal(predict: Callable[[Floats], TrunkScores], signal: Floats, *, frame: int) -> Scores:
    """Score a whole conditioned signal, shape (n_steps, 2); see `score_windows`."""
    grid = trunk_grid(len(signal))
    return score_windows(predict, signal, grid, 0, len(grid.starts), frame=frame)


def score_beats(
    predict: Callable[[Floats, Floats], Floats],
    logit_features: Floats,
    features: Floats,
    *,
    first: int = 0,
    last: int | None = None,
) -> Floats:
    """Give the class probabilities of R-peaks of a record, in windows of them.

    Parameters
    ----------
    predict : callable
        From windows of ``logit_features`` and ``facts`` to probabilities.
    class_facts, facts : ndarray of float32, shape (n_beats, n)
        See `ecgscribe.model.features.logit_features` and `ecgscribe.model.features.beat_features`.
    first, last : int
        Range of windows; by default all.

    Returns
    -------
    ndarray of float32, shape (beats that those windows answer for, 6)
        Of the five classes, and of there being no beat. A window answers for `BEAT_CORE` beats.
    """
    grid = Grid(len(features), BEAT_WINDOW, BEAT_HALO)
    last = len(grid.starts) if last is None else last
    n = max(min(last * BEAT_CORE, len(features)) - first * BEAT_CORE, 0)
    probability = np.zeros((n, NO_BEAT + 1), dtype=np.float32)
    if n > 0:
        said = predict(cut(logit_features, grid, first, last), cut(features, grid, first, last))
        stitch(said, grid, 0, probability)
    return probability
