"""Classify one beat again after a part of the signal or a group of features was replaced.

Nothing is approximated. The trunk scores the same window in which it scored the beat, the features
of the beat's whole segments are recomputed, and the beat head classifies the same window of beats.
R-peaks keep their positions: the question is which class the beats there would get.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.detected_beats import DetectedBeats
from ecgscribe.model.features import segments
from ecgscribe.model.rhythm_features import FAR
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import BEAT_CORE, BEAT_HALO, BEAT_WINDOW, Scores, beat_grid, trunk_grid
from ecgscribe.model.shape_features import waveforms
from ecgscribe.pipeline.detection import ROOM
from ecgscribe.pipeline.peaks import PLACE_REACH
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS, cut

__all__ = ["BeatContext", "beat_context"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


REACH_S = 3.0
"""Seconds on each side of the beat in which the trunk's output is computed again."""


@dataclass(frozen=True, eq=False)
class BeatContext:
    """One beat with everything on which its class depends.

    Parameters
    ----------
    model : Model
    beats : DetectedBeats
        All beats of the recording.
    index : int
        Index of the beat.
    segments : tuple of slice
        The whole segments of beats that the beat head sees; see `ecgscribe.model.features`.
    waveforms : ndarray of float32, shape (n_nearby, `WAVEFORM`, 2)
        Waveforms of the beats of these segments.
    signal : ndarray of float32, shape (n_steps, 2)
        The window of the conditioned signal in which the trunk scores the beat.
    begin : int
        Step of its first row; negative if the window begins before the recording.
    """

    model: Model
    beats: DetectedBeats
    index: int
    segments: tuple[slice, ...]
    waveforms: Floats
    signal: Floats
    begin: int

    @property
    def row(self) -> int:
        """Row of `signal` with the R-peak."""
        return round(float(self.beats.r_peaks[self.index])) - self.begin

    @property
    def nearby(self) -> slice:
        """The beats of the segments."""
        return slice(self.segments[0].start, self.segments[-1].stop)

    @property
    def index_nearby(self) -> int:
        """Index of the beat among those of the segments."""
        return self.index - int(self.nearby.start)

    def features(self, r_peaks: Doubles | None = None) -> Floats:
        """Compute the features of the beats of the segments.

        Parameters
        ----------
        r_peaks : ndarray of float64, shape (n_beats,), optional
            Other positions of all R-peaks of the recording, in steps.

        Returns
        -------
        ndarray of float32, shape (n_nearby, n_features)
            Columns are `ecgscribe.model.beat_head.BeatHead.feature_names`.
        """
        part = self.nearby
        return self._features(
            self.beats.r_peaks if r_peaks is None else r_peaks,
            self.beats.logits[part],
            self.beats.peak_scores[part],
            self.waveforms,
        )

    def classify_signals(self, signals: Iterable[Floats]) -> Iterator[tuple[Floats, float]]:
        """Classify the beat in each of several signals.

        Parameters
        ----------
        signals : iterable of ndarray of float32
            All of the shape of `signal`.

        Yields
        ------
        class_probability : ndarray of float32, shape (5,)
            Calibrated probability of each class, if it is a beat.
        beat_probability : float
            Probability that it is a beat.
        """
        network = self.model.network
        for signal in signals:
            peak, frame_class = network.predict_trunk(signal[None])
            scores = Scores(peak[0, :, 0], frame_class[0], network.steps_per_frame)
            yield self.classify_features(self._features_in(signal, scores))

    def classify_features(self, features: Floats) -> tuple[Floats, float]:
        """Classify the beat by the features of the beats of the segments.

        Parameters
        ----------
        features : ndarray of float32, shape (n_nearby, n_features)

        Returns
        -------
        class_probability : ndarray of float32, shape (5,)
        beat_probability : float
            As `classify_signals` yields them.
        """
        grid = beat_grid(len(self.beats))
        window = self.index // BEAT_CORE
        windows = cut(features, grid, window, window + 1, begin=self.nearby.start)
        class_probability, beat_probability = self.model.head.predict(windows)
        own = self.index - grid.starts[window]
        return class_probability[0, own], float(beat_probability[0, own])

    def _features_in(self, signal: Floats, scores: Scores) -> Floats:
        """Compute features with the trunk's output and the waveforms of another signal."""
        part = self.nearby
        r_peaks = self.beats.r_peaks[part]
        close = np.abs(r_peaks - self.beats.r_peaks[self.index]) < REACH_S * FS
        close &= (r_peaks >= self.begin + ROOM) & (r_peaks < self.begin + len(signal) - ROOM)
        row = r_peaks[close] - self.begin
        logits, peak_scores = self.beats.logits[part].copy(), self.beats.peak_scores[part].copy()
        shapes = self.waveforms.copy()
        logits[close] = scores.class_logits_at(row)
        around = np.rint(row).astype(np.int64)[:, None] + np.arange(-PLACE_REACH, PLACE_REACH + 1)
        peak_scores[close] = scores.peak[around].max(axis=1)
        shapes[close] = waveforms(signal, row)
        return self._features(self.beats.r_peaks, logits, peak_scores, shapes)

    def _features(
        self, r_peaks: Doubles, logits: Floats, peak_scores: Floats, shapes: Floats
    ) -> Floats:
        parts = []
        for segment in self.segments:
            low = max(segment.start - FAR, 0)
            own = slice(segment.start - self.nearby.start, segment.stop - self.nearby.start)
            parts.append(
                self.model.head.features(
                    r_peaks[low : segment.stop + FAR],
                    slice(segment.start - low, segment.stop - low),
                    logits=logits[own],
                    peak_scores=peak_scores[own],
                    waveforms=shapes[own],
                )
            )
        return np.concatenate(parts)


def beat_context(
    model: Model, conditioner: Conditioner, beats: DetectedBeats, index: int
) -> BeatContext:
    """Collect everything on which the class of one beat depends.

    Parameters
    ----------
    model : Model
    conditioner : Conditioner
        The recording.
    beats : DetectedBeats
        Its beats.
    index : int
        Index of one of them.

    Returns
    -------
    BeatContext
    """
    first = index // BEAT_CORE * BEAT_CORE - BEAT_HALO
    seen = tuple(
        segment
        for segment in segments(len(beats))
        if segment.stop > first and segment.start < first + BEAT_WINDOW
    )
    r_peaks = beats.r_peaks[seen[0].start : seen[-1].stop]
    low = max(int(r_peaks[0]) - ROOM, 0)
    part = conditioner.condition(low, min(int(r_peaks[-1]) + ROOM, conditioner.n_steps))
    signal, begin = _trunk_window(conditioner, float(beats.r_peaks[index]))
    return BeatContext(
        model, beats, index, seen, waveforms(part.signal, r_peaks - low), signal, begin
    )


def _trunk_window(conditioner: Conditioner, r_peak: float) -> tuple[Floats, int]:
    """Return the window of the signal in which the trunk scores an R-peak, and its first step."""
    grid = trunk_grid(conditioner.n_steps)
    number = min(int(r_peak) // grid.core, len(grid.starts) - 1)
    begin = grid.starts[number]
    low = max(begin, 0)
    inside = conditioner.condition(low, min(begin + grid.length, grid.n))
    return cut(inside.signal, grid, number, number + 1, begin=low)[0], begin
