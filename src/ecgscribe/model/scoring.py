"""Score signals and beats in overlapping windows, whatever network computes the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS, STEPS_PER_FRAME, Grid, cut, frame_of, stitch
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT

__all__ = [
    "BEAT_CORE",
    "BEAT_HALO",
    "BEAT_WINDOW",
    "Floats",
    "Network",
    "Scores",
    "beat_grid",
    "score_beats",
    "score_signal",
    "score_windows",
    "trunk_grid",
]


WINDOW_S = 120
HALO_S = 4
BATCH = 2
"""Windows that are scored at once: more are no faster, and each takes 13 MB."""
BEAT_WINDOW = 256
BEAT_HALO = 32
BEAT_CORE = BEAT_WINDOW - 2 * BEAT_HALO


Floats = NDArray[np.float32]


class Network(Protocol):
    """What computes scores: a trunk over the signal and, for ``default``, a head over beats."""

    @property
    def steps_per_frame(self) -> int:
        """Steps that one frame of the trunk spans."""

    def predict_trunk(self, windows: Floats) -> tuple[Floats, Floats]:
        """Score windows as they are.

        Parameters
        ----------
        windows : ndarray of float32, shape (n, n_steps, 2)
            `n_steps` is a multiple of `steps_per_frame`.

        Returns
        -------
        peak : ndarray of float32, shape (n, n_steps, 1)
        frame_class : ndarray of float32, shape (n, n_steps / steps_per_frame, 5)
            See `Scores`.
        """

    def predict_beats(self, logit_features: Floats, features: Floats) -> Floats:
        """Predict the classes of runs of beats as they are.

        Parameters
        ----------
        logit_features, features : ndarray of float32, shape (n, n_beats, n_features)
            See `ecgscribe.model.features.logit_features` and
            `ecgscribe.model.features.beat_features`.

        Returns
        -------
        ndarray of float32, shape (n, n_beats, 6)
            Probabilities of the five classes and of no beat.
        """


@dataclass(frozen=True, eq=False)
class Scores:
    """The trunk's output for a signal.

    Parameters
    ----------
    peak : ndarray of float32, shape (n_steps,)
        Score of the R-peak, 0 to 1.
    frame_class : ndarray of float32, shape (n_frames, 5)
        Logits of the AAMI class.
    steps_per_frame : int
        Steps that a frame spans.
    """

    peak: Floats
    frame_class: Floats
    steps_per_frame: int

    def class_logits_at(self, r_peaks: NDArray[np.float64]) -> Floats:
        """Return the class logits of the frames that hold the R-peaks.

        Parameters
        ----------
        r_peaks : ndarray of float64, shape (n_beats,)
            In steps from the first one that is scored.

        Returns
        -------
        ndarray of float32, shape (n_beats, 5)
        """
        n_frames = len(self.frame_class)
        if self.steps_per_frame == STEPS_PER_FRAME:
            return self.frame_class[frame_of(r_peaks, n_frames)]
        return self.frame_class[np.clip(np.rint(r_peaks).astype(np.int64), 0, n_frames - 1)]


def trunk_grid(n_steps: int) -> Grid:
    """Return the windows in which the trunk scores a signal."""
    return Grid(n_steps, WINDOW_S * FS, HALO_S * FS)


def beat_grid(n_beats: int) -> Grid:
    """Return the windows in which the beat head classifies the beats of a recording.

    Each window answers for `BEAT_CORE` beats.
    """
    return Grid(n_beats, BEAT_WINDOW, BEAT_HALO)


def score_windows(
    network: Network, signal: Floats, grid: Grid, first: int, last: int, *, begin: int = 0
) -> Scores:
    """Score the windows `first` up to `last` of a signal.

    Parameters
    ----------
    network : Network
    signal : ndarray of float32, shape (n_steps, 2)
        The whole conditioned signal, or the part of it that those windows span.
    grid : Grid
        Windows of the whole; see `trunk_grid`.
    first, last : int
        Range of windows.
    begin : int
        Position in the whole of the first row of `signal`.

    Returns
    -------
    Scores
        From ``first * grid.core`` on, as far as the windows answer.
    """
    steps_per_frame = network.steps_per_frame
    n = min(last * grid.core, grid.n) - first * grid.core
    peak = np.zeros((n, 1), dtype=np.float32)
    frame_class = np.zeros((-(-n // steps_per_frame), len(AAMI_CLASSES)), dtype=np.float32)
    for at in range(first, last, BATCH):
        windows = cut(signal, grid, at, min(at + BATCH, last), begin=begin)
        peaks, classes = network.predict_trunk(windows)
        stitch(peaks, grid, at - first, peak)
        stitch(classes, grid, at - first, frame_class, every=steps_per_frame)
    return Scores(peak[:, 0], frame_class, steps_per_frame)


def score_signal(network: Network, signal: Floats) -> Scores:
    """Score a whole conditioned signal, shape (n_steps, 2); see `score_windows`."""
    grid = trunk_grid(len(signal))
    return score_windows(network, signal, grid, 0, len(grid.starts))


def score_beats(network: Network, logit_features: Floats, features: Floats) -> Floats:
    """Predict the classes of all R-peak candidates of a recording, in windows of them.

    Parameters
    ----------
    network : Network
    logit_features, features : ndarray of float32, shape (n_beats, n_features)
        See `Network.predict_beats`.

    Returns
    -------
    ndarray of float32, shape (n_beats, 6)
        Probabilities of the five classes and of no beat.
    """
    grid = beat_grid(len(features))
    probability = np.zeros((len(features), NO_BEAT + 1), dtype=np.float32)
    if len(features):
        windows = (cut(x, grid, 0, len(grid.starts)) for x in (logit_features, features))
        stitch(network.predict_beats(*windows), grid, 0, probability)
    return probability
