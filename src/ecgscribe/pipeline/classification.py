"""Classify R-peak candidates as they come: segment by segment, in windows of them.

However they come, the result is what `ecgscribe.model.features.beat_features` and
`ecgscribe.model.beat_head.predict_in_windows` return for all of them at once. Only those are kept
in memory that a later result depends on: a segment and a half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.beat_head import BeatHead, predict_in_windows
from ecgscribe.model.features import SEGMENT
from ecgscribe.model.rhythm_features import FAR
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import BEAT_CORE, BEAT_HALO
from ecgscribe.model.second_features import shapes_of
from ecgscribe.model.seconds import Seconds
from ecgscribe.model.traits import no_traits, traits_of
from ecgscribe.pipeline.candidates import (
    Candidates,
    ClassifiedCandidates,
    FaintPeaks,
    is_beat,
)
from ecgscribe.pipeline.detection import DetectedBlock
from ecgscribe.pipeline.lead_availability import LeadAvailability, join_availability
from ecgscribe.signal.windows import ceil_div
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["Classified", "ClassifiedRecording", "SegmentClassifier", "classify_beats"]


Floats = NDArray[np.float32]


class ClassifiedRecording(NamedTuple):
    """What is left of a whole recording once its candidates are classified."""

    candidates: ClassifiedCandidates
    """All of them, false detections too; see `ecgscribe.pipeline.candidates.is_beat`."""
    availability: LeadAvailability
    faint: FaintPeaks
    seconds: Seconds | None
    """None if the model has no rhythm network."""


def classify_beats(model: Model, blocks: Iterable[DetectedBlock]) -> ClassifiedRecording:
    """Classify the R-peak candidates of a recording.

    Each candidate is first classified among all; those that are beats are then classified again,
    as the rhythm is another one without the false detections.

    Parameters
    ----------
    model : Model
    blocks : iterable of DetectedBlock
        See `ecgscribe.pipeline.detection.detect_r_peaks`.

    Returns
    -------
    ClassifiedRecording
    """
    among_all, among_beats = SegmentClassifier(model.head), SegmentClassifier(model.head)
    r_peaks, peak_scores, beat_probability, shapes = [], [], [], []
    class_probability, traits = [], []
    availability, faint, seconds = [], [], []
    for block in blocks:
        scored = among_all.push(block.candidates, is_last=block.is_last)
        beats = scored.candidates[is_beat(scored.beat_probability, model.thresholds)]
        classified = among_beats.push(beats, is_last=block.is_last)
        r_peaks.append(scored.candidates.r_peaks)
        peak_scores.append(scored.candidates.peak_scores)
        beat_probability.append(scored.beat_probability)
        class_probability.append(classified.class_probability)
        shapes.append(scored.shapes)
        traits.append(classified.traits)
        availability.append(block.availability)
        faint.append(block.faint)
        seconds += [] if block.seconds is None else [block.seconds]
    of_beat = _joined(beat_probability)
    of_class = np.zeros((len(of_beat), len(AAMI_CLASSES)), dtype=np.float32)
    alike = no_traits(len(of_beat))
    beat = is_beat(of_beat, model.thresholds)
    of_class[beat], alike[beat] = _joined(class_probability), _joined(traits)
    candidates = ClassifiedCandidates(
        _joined(r_peaks), of_beat, of_class, _joined(peak_scores), _joined(shapes), alike
    )
    return ClassifiedRecording(
        candidates,
        join_availability(availability),
        FaintPeaks.join(faint),
        Seconds.join(seconds) if seconds else None,
    )


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Join arrays and empty their list, so that a long recording is not in memory twice."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


class Classified(NamedTuple):
    """Candidates with their class probabilities and the probability that they are beats."""

    candidates: Candidates
    class_probability: Floats
    beat_probability: Floats
    shapes: Floats
    """See `ecgscribe.model.second_features.shapes_of`."""
    traits: NDArray[np.float16]
    """See `ecgscribe.model.traits`."""


class SegmentClassifier:
    """Classifies candidates as they come, and holds back those that depend on later ones.

    Parameters
    ----------
    head : BeatHead
    """

    def __init__(self, head: BeatHead) -> None:
        self._head = head
        self._before = np.zeros(0)  # R-peaks before the next segment that its rhythm depends on
        self._waiting = Candidates.none()  # those of the next segment, and some of later ones
        self._described = Candidates.none()  # those with features that are still needed
        self._features: list[Floats] = []
        self._windows_done = 0  # windows over the described candidates that are classified

    def push(self, candidates: Candidates, *, is_last: bool) -> Classified:
        """Take the candidates that follow, and classify those that no later one can change.

        Parameters
        ----------
        candidates : Candidates
        is_last : bool
            Whether no more follow; all that are left are then classified.

        Returns
        -------
        Classified
            The ones that follow those of the last call.
        """
        self._waiting = Candidates.join([self._waiting, candidates])
        parts = []
        while len(self._waiting) > SEGMENT + SEGMENT // 2:
            self._describe_segment(SEGMENT)
            parts.append(self._classify((len(self._described) - BEAT_HALO) // BEAT_CORE))
        if is_last and len(self._waiting):
            self._describe_segment(len(self._waiting))
            parts.append(self._classify(ceil_div(len(self._described), BEAT_CORE)))
        if not parts:
            nothing = np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32)
            none = shapes_of(nothing, ())
            return Classified(Candidates.none(), nothing, nothing[:, 0], none, no_traits(0))
        joined, *others = zip(*parts, strict=True)
        return Classified(Candidates.join(joined), *(np.concatenate(other) for other in others))

    def _describe_segment(self, n: int) -> None:
        """Compute the features of the next segment, of `n` candidates."""
        segment, self._waiting = self._waiting[:n], self._waiting[n:]
        around = [self._before, segment.r_peaks, self._waiting.r_peaks[:FAR]]
        features = self._head.features(
            np.concatenate(around),
            slice(len(self._before), len(self._before) + n),
            logits=segment.logits,
            peak_scores=segment.peak_scores,
            waveforms=segment.waveforms,
        )
        self._before = segment.r_peaks[-FAR:]
        self._described = Candidates.join([self._described, segment])
        self._features.append(features)

    def _classify(self, n_windows: int) -> Classified:
        """Classify the first windows over the described candidates that are not yet done."""
        features = np.concatenate(self._features)
        of_class, of_beat = predict_in_windows(
            self._head, features, first=self._windows_done, last=n_windows
        )
        begin = self._windows_done * BEAT_CORE
        own = slice(begin, begin + len(of_beat))
        near = shapes_of(features[own], self._head.feature_names)
        done = self._described[own]
        alike = traits_of(features[own], self._head.feature_names, done.waveforms)
        # The last of these windows is kept: the next one overlaps with it.
        keep = slice((n_windows - 1) * BEAT_CORE, None)
        self._described, self._features = self._described[keep], [features[keep]]
        self._windows_done = 1
        return Classified(done, of_class, of_beat, near, alike)
