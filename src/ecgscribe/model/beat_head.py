"""What classifies R-peak candidates: a network over many beats, or the trunk alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Calibration, calibrate, softmax, split_no_beat
from ecgscribe.model.features import (
    FEATURE_NAMES,
    LOGIT_FEATURE_NAMES,
    RecordStatistics,
    logit_features,
    segment_features,
)
from ecgscribe.model.scoring import Network, beat_grid
from ecgscribe.signal.windows import cut, stitch
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["BeatHead", "IdentityHead", "NetworkHead", "predict_in_windows"]


Floats = NDArray[np.float32]


class BeatHead(Protocol):
    """What classifies R-peak candidates from features of each and of the ones around it."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `features`; none where the trunk alone decides."""

    def features(
        self,
        r_peaks: NDArray[np.float64],
        segment: slice,
        *,
        logits: Floats,
        peak_scores: Floats,
        waveforms: Floats,
        record: RecordStatistics | None = None,
    ) -> Floats:
        """Compute all that the head sees of each candidate of one segment.

        Parameters
        ----------
        r_peaks : ndarray of float64, shape (n,)
            In steps: those of the segment and their neighbours; see
            `ecgscribe.model.features.segment_features`.
        segment : slice
            Which of them the segment is.
        logits : ndarray of float32, shape (n_beats, 5)
            Class logits of the trunk at the candidates of the segment.
        peak_scores : ndarray of float32, shape (n_beats,)
            Their scores, 0 to 1.
        waveforms : ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
            Their waveforms; see `ecgscribe.model.features.waveforms`.
        record : RecordStatistics, optional
            What they are compared with; by default that of the segment.

        Returns
        -------
        ndarray of float32, shape (n_beats, n_features)
        """

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Classify runs of candidates as they are.

        Parameters
        ----------
        features : ndarray of float32, shape (n_runs, n_beats, n_features)

        Returns
        -------
        class_probability : ndarray of float32, shape (n_runs, n_beats, 5)
            Calibrated probability of each class, if it is a beat.
        beat_probability : ndarray of float32, shape (n_runs, n_beats)
            Probability that it is a beat.
        """


@dataclass(frozen=True, eq=False)
class NetworkHead:
    """The head of a network that has learned from features of rhythm and morphology."""

    network: Network
    calibration: Calibration

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `features`."""
        return LOGIT_FEATURE_NAMES + FEATURE_NAMES

    def features(
        self,
        r_peaks: NDArray[np.float64],
        segment: slice,
        *,
        logits: Floats,
        peak_scores: Floats,
        waveforms: Floats,
        record: RecordStatistics | None = None,
    ) -> Floats:
        """Compute features from the trunk's logits, then those of rhythm and morphology."""
        of_logits = logit_features(logits, peak_scores, record)
        others = segment_features(r_peaks, segment, waveforms, record)
        return np.concatenate([of_logits, others], axis=1)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Classify runs of candidates as they are; see `BeatHead.predict`."""
        parts = np.split(features, [len(LOGIT_FEATURE_NAMES)], axis=-1)
        class_probability, beat_probability = split_no_beat(self.network.predict_beats(*parts))
        return calibrate(class_probability, self.calibration), beat_probability


@dataclass(frozen=True, eq=False)
class IdentityHead:
    """The head of a network without one: the class is the trunk's, and so is the score."""

    calibration: Calibration
    feature_names: tuple[str, ...] = ()

    def features(
        self,
        r_peaks: NDArray[np.float64],
        segment: slice,
        *,
        logits: Floats,
        peak_scores: Floats,
        waveforms: Floats,
        record: RecordStatistics | None = None,
    ) -> Floats:
        """Return the trunk's class probabilities and the score of the R-peak."""
        return np.concatenate([softmax(logits), peak_scores[:, None]], axis=1)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Pass the class probabilities on, calibrated, and the score as it is."""
        n = len(AAMI_CLASSES)
        return calibrate(features[..., :n], self.calibration), features[..., n]


def predict_in_windows(
    head: BeatHead, features: Floats, *, first: int = 0, last: int | None = None
) -> tuple[Floats, Floats]:
    """Classify the R-peak candidates of a recording, in windows of them.

    Parameters
    ----------
    head : BeatHead
    features : ndarray of float32, shape (n_beats, n_features)
    first, last : int
        Range of windows of `ecgscribe.model.scoring.beat_grid`; by default all.

    Returns
    -------
    class_probability, beat_probability : ndarray of float32, shape (n, 5) and (n,)
        Of the beats that those windows answer for; see `BeatHead.predict`.
    """
    grid = beat_grid(len(features))
    last = len(grid.starts) if last is None else last
    n = max(min(last * grid.core, len(features)) - first * grid.core, 0)
    class_probability = np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32)
    beat_probability = np.zeros((n, 1), dtype=np.float32)
    if n > 0:
        of_class, of_beat = head.predict(cut(features, grid, first, last))
        stitch(of_class, grid, 0, class_probability)
        stitch(of_beat[..., None], grid, 0, beat_probability)
    return class_probability, beat_probability[:, 0]
