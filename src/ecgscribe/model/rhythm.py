"""The rhythms that a network tells apart second by second, what such a network is, and its run."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import softmax

__all__ = [
    "EMBEDDING",
    "HALO_S",
    "N_INTERVAL_FEATURES",
    "N_RHYTHMS",
    "WINDOW_S",
    "Rhythm",
    "RhythmNetwork",
    "RowsOfFeatures",
    "predict_rhythm",
]


Floats = NDArray[np.float32]


class Rhythm(IntEnum):
    """What the network tells apart, in the order of its outputs."""

    PLAIN = 0
    """None of the others: sinus rhythm, but also block, a pacemaker or atrial tachycardia."""
    FIBRILLATION = 1
    """Of the atria, or flutter."""
    TACHYCARDIA = 2
    """Of the ventricles."""
    FLUTTER = 3
    """Of the ventricles, or fibrillation."""
    STANDSTILL = 4
    NOISE = 5


N_RHYTHMS = len(Rhythm)
EMBEDDING = 24
"""Numbers by which the network describes a second of one lead."""
N_INTERVAL_FEATURES = 5
"""Numbers that describe an interval between R-peaks."""
WINDOW_S = 64
"""Seconds that the network over seconds sees at once, as in its training."""
HALO_S = 16
"""Seconds at each end of such a window whose rhythm is taken from the neighbouring one."""
WINDOWS_AT_ONCE = 64


class RhythmNetwork(Protocol):
    """What computes the rhythm; see `ecgscribe.model.rhythm_network`."""

    def embed(self, signal: Floats) -> Floats:
        """Describe the seconds of one lead of each window.

        Parameters
        ----------
        signal : ndarray of float32, shape (n, n_steps, 1)
            Conditioned; `n_steps` is a multiple of `ecgscribe.signal.windows.FS`.

        Returns
        -------
        ndarray of float32, shape (n, n_steps / FS, `EMBEDDING`)
        """

    def classify(self, seconds: Floats) -> Floats:
        """Return the logits of the rhythms of sequences of seconds.

        Parameters
        ----------
        seconds : ndarray of float32, shape (n, n_seconds, `N_SECOND_FEATURES`)
            See `ecgscribe.model.second_features`.

        Returns
        -------
        ndarray of float32, shape (n, n_seconds, `N_RHYTHMS`)
        """

    def judge_intervals(self, intervals: Floats) -> Floats:
        """Return the logit of atrial fibrillation at each R-peak of some sequences.

        Parameters
        ----------
        intervals : ndarray of float32, shape (n, n_beats, `N_INTERVAL_FEATURES`)
            See `ecgscribe.model.intervals.interval_features`.

        Returns
        -------
        ndarray of float32, shape (n, n_beats)
        """


class RowsOfFeatures(Protocol):
    """What a slice of is an ndarray of float32, shape (n, n_features): an ndarray, too."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Floats: ...


def predict_rhythm(network: RhythmNetwork, features: RowsOfFeatures) -> Floats:
    """Predict the rhythm of every second of a recording.

    Parameters
    ----------
    network : RhythmNetwork
    features : RowsOfFeatures
        One row per second; see `ecgscribe.model.second_features.SecondFeatures`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `N_RHYTHMS`)
        Probabilities. Windows lie within the recording: each second is answered by the one in whose
        core it lies, the first and the last seconds by the first and the last window.
    """
    n = len(features)
    logits = np.zeros((n, N_RHYTHMS), dtype=np.float32)
    if n == 0:
        return logits
    length = min(WINDOW_S, n)
    starts = [*range(0, n - length, WINDOW_S - 2 * HALO_S), n - length]
    for k in range(0, len(starts), WINDOWS_AT_ONCE):
        some = starts[k : k + WINDOWS_AT_ONCE]
        seen = features[some[0] : some[-1] + length]
        windows = [seen[start - some[0] :][:length] for start in some]
        of_windows = network.classify(np.stack(windows))
        # A later window replaces what an earlier one said of the seconds behind its halo.
        for start, own in zip(some, of_windows, strict=True):
            skipped = HALO_S if start else 0
            logits[start + skipped : start + length] = own[skipped:]
    return softmax(logits)
