"""The recent beats of a stream, and the classes of those that are due."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.changes import all_lost_at
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.live.hop_filter import HOP
from ecgscribe.live.likeness import LiveLikeness
from ecgscribe.live.record_so_far import RecordSoFar
from ecgscribe.live.sequence import LiveSequence
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores
from ecgscribe.model.shape_features import BEFORE, waveforms
from ecgscribe.model.traits import TRAITS, traits_of
from ecgscribe.pipeline.candidates import is_beat, near_end
from ecgscribe.pipeline.peaks import REFRACTORY_S
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["CLASS_AHEAD", "HISTORY", "HISTORY_STEPS", "PEAK_AHEAD", "BeatHistory"]


PEAK_AHEAD = 24
"""Steps that must follow an R-peak before it is detected (0.19 s)."""
CLASS_AHEAD = 216
"""Steps that must follow an R-peak before it is classified (1.7 s)."""
HISTORY = 128
"""Latest beats that are kept with their signal."""
HISTORY_STEPS = 160 * FS
RUN = 64
"""Beats that the beat head sees."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


class BeatHistory:
    """Recent R-peaks in time order; the latest ones have no class yet."""

    def __init__(self) -> None:
        self._r_peaks: Doubles = np.zeros(0)
        self._peak_scores = np.zeros(0, dtype=np.float32)
        self._logits = np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32)
        self._n_classified = 0
        self._likeness = LiveLikeness()
        self._sequence = LiveSequence()
        self._record = RecordSoFar()

    def __len__(self) -> int:
        return len(self._r_peaks)

    def add(
        self, r_peaks: Doubles, peak_scores: Floats, *, since: float, until: float
    ) -> tuple[Doubles, Floats]:
        """Add the R-peaks between two steps that are not too close to the last one.

        Parameters
        ----------
        r_peaks : ndarray of float64, shape (n,)
            In steps, in time order.
        peak_scores : ndarray of float32, shape (n,)
            Their scores, 0 to 1.
        since, until : float
            First step, and the one after the last.

        Returns
        -------
        r_peaks, peak_scores : ndarray
            Those that were added.
        """
        last = self._r_peaks[-1] if len(self) else -np.inf
        new = (r_peaks >= max(since, last + REFRACTORY_S * FS)) & (r_peaks < until)
        r_peaks, peak_scores = r_peaks[new], peak_scores[new]
        if len(r_peaks) == 0:
            return r_peaks, peak_scores
        self._r_peaks = np.append(self._r_peaks, r_peaks)
        self._peak_scores = np.append(self._peak_scores, peak_scores)
        zeros = np.zeros((len(r_peaks), len(AAMI_CLASSES)), dtype=np.float32)
        self._logits = np.concatenate([self._logits, zeros])
        return r_peaks, peak_scores

    def update_logits(self, scores: Scores, *, begin: int, end: int) -> None:
        """Take the trunk's class logits of the latest R-peaks from a window of the signal.

        Each R-peak keeps those of the last window before it is classified.

        Parameters
        ----------
        scores : Scores
            The trunk's output for the window.
        begin, end : int
            First step of the window, and the one after its last.
        """
        latest = slice(int(np.searchsorted(self._r_peaks, end - CLASS_AHEAD - HOP)), None)
        self._logits[latest] = scores.class_logits_at(self._r_peaks[latest] - begin)

    def classify(
        self, model: Model, signal: LiveSignal, *, until: float, fibrillates: bool = False
    ) -> tuple[Doubles, Floats, Floats]:
        """Classify the R-peaks before a step that have no class yet.

        Parameters
        ----------
        model : Model
        signal : LiveSignal
        until : float
            The step.
        fibrillates : bool
            Whether the rhythm in force is atrial fibrillation.

        Returns
        -------
        r_peaks : ndarray of float64, shape (n,)
            Those that are beats.
        class_probability : ndarray of float32, shape (n, 5)
        beat_probability : ndarray of float32, shape (n,)
        """
        if self._n_classified == len(self) or self._r_peaks[self._n_classified] >= until:
            nothing = np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32)
            return np.zeros(0), nothing, np.zeros(0, dtype=np.float32)
        new = np.arange(len(self)) >= self._n_classified
        due = new & (self._r_peaks < until)
        candidate = ~(new & all_lost_at(signal, self._r_peaks))
        class_probability, beat_probability, traits = self._predict(model, signal, candidate)
        cut_off = near_end(self._r_peaks, beat_probability)
        beat = candidate & ~(new & (cut_off | ~is_beat(beat_probability, model.thresholds)))
        if (beat != candidate).any():  # the rhythm without the false detections is another
            class_probability, _, traits = self._predict(model, signal, beat)
        done = due & beat
        class_probability[done] = self._likeness.apply(
            class_probability[done], self._r_peaks[done], traits[done]
        )
        at = np.flatnonzero(beat)[-RUN:]
        class_probability[at] = self._sequence.apply(
            class_probability[at],
            self._r_peaks[at],
            done[at],
            model.thresholds,
            fibrillates=fibrillates,
        )
        result = self._r_peaks[done], class_probability[done], beat_probability[done]
        self._record.add(
            self._r_peaks[done],
            logits=self._logits[done],
            peak_scores=self._peak_scores[done],
            waveforms=_waveforms(signal, self._r_peaks[done]),
        )
        # Only false detections that were due are dropped; later ones are examined again.
        self._keep(~due | beat)
        self._n_classified = int(np.sum(self._r_peaks < until))
        return result

    def _predict(
        self, model: Model, signal: LiveSignal, which: Flags
    ) -> tuple[Floats, Floats, Floats]:
        """Return class and beat probabilities and traits of the latest `RUN` of some R-peaks.

        Those of the others are zero.
        """
        at = np.flatnonzero(which)
        class_probability = np.zeros((len(self), len(AAMI_CLASSES)), dtype=np.float32)
        beat_probability = np.zeros(len(self), dtype=np.float32)
        traits = np.zeros((len(self), TRAITS), dtype=np.float32)
        if len(at) == 0:
            return class_probability, beat_probability, traits
        shapes = _waveforms(signal, self._r_peaks[at])
        features = model.head.features(
            self._r_peaks[at],
            slice(0, len(at)),
            logits=self._logits[at],
            peak_scores=self._peak_scores[at],
            waveforms=shapes,
            record=self._record.statistics(),
        )
        of_class, of_beat = model.head.predict(features[None, -RUN:])
        at = at[-RUN:]
        class_probability[at], beat_probability[at] = of_class[0], of_beat[0]
        traits[at] = traits_of(features[-RUN:], model.head.feature_names, shapes[-RUN:])
        return class_probability, beat_probability, traits

    def _keep(self, which: Flags | slice) -> None:
        self._r_peaks, self._peak_scores = self._r_peaks[which], self._peak_scores[which]
        self._logits = self._logits[which]

    def invert(self, lead: int, until: int) -> None:
        """Invert a lead of the beats before a step, as `LiveSignal.invert` does the signal."""
        self._record.invert(lead, until)
        self._likeness.invert(lead, until)

    def drop_old(self, signal: LiveSignal) -> None:
        """Drop beats that are older than the history; all of them are classified."""
        n = int(np.searchsorted(self._r_peaks, signal.end - HISTORY_STEPS + BEFORE))
        n = min(max(n, len(self) - HISTORY), self._n_classified)
        if n > 0:
            self._n_classified -= n
            self._keep(slice(n, None))


def _waveforms(signal: LiveSignal, r_peaks: Doubles) -> Floats:
    return waveforms(signal.since(signal.first), r_peaks - signal.first)
