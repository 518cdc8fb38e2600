"""The beats of a live stream of late, and the class of those that are due."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.changes import hidden
from ecgscribe.live.conditioner import HOP, LiveSignal
from ecgscribe.model.features import BEFORE, waveforms
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores
from ecgscribe.pipeline.peaks import REFRACTORY_S
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["CLASS_AHEAD", "HISTORY_STEPS", "LiveBeats"]


CLASS_AHEAD = 216
"""Steps that follow an R-peak before it is given its class (1.7 s)."""
HISTORY = 128
"""Beats, at most, that rhythm and shape are told against."""
HISTORY_STEPS = 160 * FS
RUN = 64
"""Beats that the beat head sees."""


Floats = NDArray[np.float32]
Positions = NDArray[np.float64]


class LiveBeats:
    """R-peaks in time order; those at the end have no class yet."""

    def __init__(self) -> None:
        self._step = np.zeros(0)
        self._height = np.zeros(0, dtype=np.float32)
        self._logits = np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32)
        self._classed = 0

    def add(
        self, step: Positions, height: Floats, *, since: float, until: float
    ) -> tuple[Positions, Floats]:
        """Take the R-peaks between two steps that follow the last one by the refractory time.

        Returns
        -------
        step, height : ndarray, shape (n,)
            Of those that were taken.
        """
        last = self._step[-1] if len(self._step) else -np.inf
        new = (step >= max(since, last + REFRACTORY_S * FS)) & (step < until)
        step, height = step[new], height[new]
        if len(step) == 0:
            return step, height
        self._step = np.append(self._step, step)
        self._height = np.append(self._height, height)
        none = np.zeros((len(step), len(AAMI_CLASSES)), dtype=np.float32)
        self._logits = np.concatenate([self._logits, none])
        return step, height

    def look_again(self, scores: Scores, *, begin: int, end: int) -> None:
        """Read the trunk's classes of late R-peaks from the window that begins at a step.

        So the class of each is taken from the last window before it is due.
        """
        late = slice(int(np.searchsorted(self._step, end - CLASS_AHEAD - HOP)), None)
        self._logits[late] = scores.class_logits_at(self._step[late] - begin)

    def classify(
        self, model: Model, live: LiveSignal, *, until: float
    ) -> tuple[Positions, Floats, Floats]:
        """Give the beats before a step that have no class yet, and what the beat head says.

        Returns
        -------
        step : ndarray of float64, shape (n,)
        of_class : ndarray of float32, shape (n, 5)
        of_beat : ndarray of float32, shape (n,)
        """
        if self._classed == len(self._step) or self._step[self._classed] >= until:
            return (
                np.zeros(0),
                np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32),
                np.zeros(0, dtype=np.float32),
            )
        new = np.arange(len(self._step)) >= self._classed
        due = new & (self._step < until)
        beat = ~(new & hidden(live, self._step))
        of_class, of_beat = self._probabilities(model, live, beat)
        kept = beat & ~(new & (of_beat < model.thresholds.beat))
        if (kept != beat).any():  # without the others the rhythm is another
            of_class, _ = self._probabilities(model, live, kept)
        beat = kept
        given = due & beat
        found = self._step[given], of_class[given], of_beat[given]
        # What is due and no beat is gone for good; what comes later is asked again.
        self._keep(~due | beat)
        self._classed = int(np.sum(self._step < until))
        return found

    def _probabilities(
        self, model: Model, live: LiveSignal, beat: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Give the probabilities of the beats; those of the others stay zero."""
        at = np.flatnonzero(beat)
        step, height, logits = self._step[at], self._height[at], self._logits[at]
        of_class = np.zeros((len(beat), len(AAMI_CLASSES)), dtype=np.float32)
        of_beat = np.zeros(len(beat), dtype=np.float32)
        if len(at) == 0:
            return of_class, of_beat
        step = step - live.first
        features = model.head.features(
            step,
            slice(0, len(step)),
            logits=logits,
            peak_scores=height,
            waveforms=waveforms(live.since(live.first), step),
        )
        predicted = model.head.predict(features[None, -RUN:])
        of_class[at[-RUN:]], of_beat[at[-RUN:]] = (probability[0] for probability in predicted)
        return of_class, of_beat

    def _keep(self, kept: NDArray[np.bool_] | slice) -> None:
        self._step, self._height = self._step[kept], self._height[kept]
        self._logits = self._logits[kept]

    def forget(self, live: LiveSignal) -> None:
        """Let go of beats beyond the history, all of which have their class."""
        gone = int(np.searchsorted(self._step, live.end - HISTORY_STEPS + BEFORE))
        gone = min(max(gone, len(self._step) - HISTORY), self._classed)
        if gone > 0:
            self._classed -= gone
            self._keep(slice(gone, None))
