"""One beat's decision, taken again with a part of the signal or a fact replaced.

Nothing is approximated: the trunk scores the very window in which it scored the beat, the facts
of its whole run of beats are told anew, and the beat head answers in the window that it answered
in. R-peaks stay where they were found; what is asked is what would be told of the beats there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.features import FAR, logit_features, segment_features, segments, waveforms
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import BEAT_CORE, BEAT_HALO, BEAT_WINDOW, Scores, beat_grid, trunk_grid
from ecgscribe.pipeline.classification import Beats, join, tell
from ecgscribe.pipeline.detection import ROOM, LeadsSeen, scan
from ecgscribe.pipeline.peaks import PLACE_REACH
from ecgscribe.pipeline.signal_quality import grade, quality_at, trust
from ecgscribe.record import READABLE
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS, cut

__all__ = ["Found", "Scene", "find", "scene"]


Floats = NDArray[np.float32]


REACH_S = 3.0
"""Seconds to each side of the beat in which the trunk's answers are taken anew."""


@dataclass(frozen=True, eq=False)
class Found:
    """All beats of a recording, as `ecgscribe.annotate` finds them before it leaves any out.

    Parameters
    ----------
    step : ndarray of float64, shape (n_beats,)
    height : ndarray of float32, shape (n_beats,)
        Scores of the R-peaks.
    logits : ndarray of float32, shape (n_beats, 5)
    score : ndarray of float32, shape (n_beats,)
        Probability that each is a beat.
    quality : ndarray of float32, shape (n_beats,)
    written : ndarray of bool, shape (n_beats,)
        False of those in noise that are too unsure to be written.
    """

    step: NDArray[np.float64]
    height: Floats
    logits: Floats
    score: Floats
    quality: Floats
    written: NDArray[np.bool_]


def find(
    model: Model,
    conditioner: Conditioner,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Found:
    """Find the beats of a recording; their waveforms are not kept."""
    seen = LeadsSeen(np.zeros(len(conditioner.leads), dtype=np.int64))
    every = tell(model, scan(model, conditioner, seen, progress=progress))
    pieces = list(_small(chain([join([])], every)))
    step, height, logits, score = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    thresholds = model.thresholds
    trusted = trust(step, score, conditioner.n_steps, lost=seen.stretches())
    quality = quality_at(step, grade(trusted, thresholds.noise))
    beat = score >= thresholds.beat
    written = (quality >= READABLE) | (score >= thresholds.beat_in_noise)
    return Found(step[beat], height[beat], logits[beat], score[beat], quality[beat], written[beat])


def _small(pieces: Iterable[Beats]) -> Iterator[tuple[NDArray[np.float64], Floats, Floats, Floats]]:
    for piece in pieces:
        yield piece.step.copy(), piece.height.copy(), piece.logits.copy(), piece.score.copy()


@dataclass(frozen=True, eq=False)
class Scene:
    """One beat with all that its class is told from.

    Parameters
    ----------
    model : Model
    found : Found
        All beats of the recording.
    index : int
        The beat.
    runs : tuple of slice
        The runs of beats that the beat head looks at, whole.
    waveform : ndarray of float32, shape (beats of the runs, `WAVEFORM`, 2)
    signal : ndarray of float32, shape (n_steps, 2)
        The window of the conditioned signal in which the trunk scores the beat.
    begin : int
        Step of its first row; negative where the window begins before the recording.
    """

    model: Model
    found: Found
    index: int
    runs: tuple[slice, ...]
    waveform: Floats
    signal: Floats
    begin: int

    @property
    def at(self) -> int:
        """Row of `signal` that the R-peak lies in."""
        return round(float(self.found.step[self.index])) - self.begin

    @property
    def beats(self) -> slice:
        """The beats of the runs."""
        return slice(self.runs[0].start, self.runs[-1].stop)

    def signals(self, changed: Iterable[Floats]) -> Iterator[tuple[Floats, float]]:
        """Tell the beat anew from each of these signals, all of the shape of `signal`.

        Yields
        ------
        probability : ndarray of float32, shape (5,)
            Of the classes, calibrated, if it is a beat.
        score : float
            Probability that it is one.
        """
        for signal in changed:
            peak, frame_class = self.model.network.predict_trunk(signal[None])
            scores = Scores(peak[0, :, 0], frame_class[0], self.model.network.steps_per_frame)
            yield self._answer(*self._read(signal, scores))

    def features(self) -> tuple[Floats, Floats]:
        """Tell class facts and facts of the beats of the runs, as they are."""
        part = self.beats
        logits, height = self.found.logits[part], self.found.height[part]
        return self._class_facts(logits, height), self.segment_features(
            self.found.step, self.waveform
        )

    def segment_features(self, step: NDArray[np.float64], waveform: Floats) -> Floats:
        """Tell the facts of the beats of the runs, with all R-peaks at `step`."""
        told, done = [], 0
        for run in self.runs:
            low = max(run.start - FAR, 0)
            within = slice(run.start - low, run.stop - low)
            n = run.stop - run.start
            told.append(
                segment_features(step[low : run.stop + FAR], within, waveform[done : done + n])
            )
            done += n
        return np.concatenate(told)

    def from_facts(self, of_class: Floats, features: Floats) -> tuple[Floats, float]:
        """Tell the beat from the facts of the beats of the runs; see `signals`."""
        return self._predict(np.concatenate([of_class, features], axis=1))

    def _predict(self, features: Floats) -> tuple[Floats, float]:
        grid = beat_grid(len(self.found.step))
        window = self.index // BEAT_CORE
        windows = cut(features, grid, window, window + 1, begin=self.beats.start)
        probability, score = self.model.head.predict(windows)
        own = self.index - grid.starts[window]
        return probability[0, own], float(score[0, own])

    def _class_facts(self, logits: Floats, height: Floats) -> Floats:
        edges = [run.start - self.beats.start for run in self.runs[1:]]
        parts = zip(np.split(logits, edges), np.split(height, edges), strict=True)
        return np.concatenate([logit_features(*part) for part in parts])

    def _read(self, signal: Floats, scores: Scores) -> tuple[Floats, Floats, Floats]:
        """Take logits, heights and waveforms of the beats nearby from what the trunk says."""
        step = self.found.step[self.beats]
        near = np.abs(step - self.found.step[self.index]) < REACH_S * FS
        near &= (step >= self.begin + ROOM) & (step < self.begin + len(signal) - ROOM)
        row = step[near] - self.begin
        logits, height = self.found.logits[self.beats].copy(), self.found.height[self.beats].copy()
        waveform = self.waveform.copy()
        logits[near] = scores.class_logits_at(row)
        around = np.rint(row).astype(np.int64)[:, None] + np.arange(-PLACE_REACH, PLACE_REACH + 1)
        height[near] = scores.peak[around].max(axis=1)
        waveform[near] = waveforms(signal, row)
        return logits, height, waveform

    def _answer(self, logits: Floats, height: Floats, waveform: Floats) -> tuple[Floats, float]:
        features = []
        for run in self.runs:
            low = max(run.start - FAR, 0)
            part = slice(run.start - self.beats.start, run.stop - self.beats.start)
            features.append(
                self.model.head.features(
                    self.found.step[low : run.stop + FAR],
                    slice(run.start - low, run.stop - low),
                    logits=logits[part],
                    peak_scores=height[part],
                    waveforms=waveform[part],
                )
            )
        return self._predict(np.concatenate(features))


def scene(model: Model, conditioner: Conditioner, found: Found, index: int) -> Scene:
    """Gather what the class of one beat is told from.

    Parameters
    ----------
    model : Model
    conditioning : Conditioner
        The recording.
    found : Found
        Its beats.
    index : int
        One of them.

    Returns
    -------
    Scene
    """
    window = index // BEAT_CORE
    first = window * BEAT_CORE - BEAT_HALO
    runs = tuple(
        run
        for run in segments(len(found.step))
        if run.stop > first and run.start < first + BEAT_WINDOW
    )
    step = found.step[runs[0].start : runs[-1].stop]
    low = max(int(step[0]) - ROOM, 0)
    part = conditioner.condition(low, min(int(step[-1]) + ROOM, conditioner.n_steps))
    grid = trunk_grid(conditioner.n_steps)
    number = min(int(found.step[index]) // grid.core, len(grid.starts) - 1)
    begin = grid.starts[number]
    inside = max(begin, 0)
    own = conditioner.condition(inside, min(begin + grid.length, grid.n))
    signal = cut(own.signal, grid, number, number + 1, begin=inside)[0]
    return Scene(model, found, index, runs, waveforms(part.signal, step - low), signal, begin)
