"""All beats of a recording, with what is needed to classify one of them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.candidates import is_beat, is_written
from ecgscribe.pipeline.classification import SegmentClassifier
from ecgscribe.pipeline.detection import detect_r_peaks
from ecgscribe.pipeline.lead_availability import LeadAvailability, join_availability
from ecgscribe.pipeline.signal_quality import quality_at, scale_quality, signal_quality
from ecgscribe.signal.conditioning import Conditioner

__all__ = ["DetectedBeats", "detect_beats"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DetectedBeats:
    """All beats of a recording, including those that `ecgscribe.annotate` leaves out.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps.
    peak_scores : ndarray of float32, shape (n_beats,)
        Scores of the R-peaks, 0 to 1.
    logits : ndarray of float32, shape (n_beats, 5)
        Class logits of the trunk.
    beat_probability : ndarray of float32, shape (n_beats,)
        Probability that each is a beat.
    quality : ndarray of float32, shape (n_beats,)
        Signal quality, 0 to 1.
    annotated : ndarray of bool, shape (n_beats,)
        False for doubtful beats in noise, which are not annotated.
    """

    r_peaks: Doubles
    peak_scores: Floats
    logits: Floats
    beat_probability: Floats
    quality: Floats
    annotated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.r_peaks)


def detect_beats(
    model: Model,
    conditioner: Conditioner,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> DetectedBeats:
    """Detect the beats of a recording; their waveforms are not kept.

    Parameters
    ----------
    model : Model
    conditioner : Conditioner
        The recording.
    progress : callable, optional
        As for `ecgscribe.annotate`.

    Returns
    -------
    DetectedBeats
    """
    classifier = SegmentClassifier(model.head)
    columns: list[tuple[Doubles, Floats, Floats, Floats]] = []
    availability: list[LeadAvailability] = []
    for block in detect_r_peaks(model, conditioner, progress=progress):
        classified = classifier.push(block.candidates, is_last=block.is_last)
        done = classified.candidates
        scores = (done.peak_scores, done.logits, classified.beat_probability)
        columns.append((done.r_peaks, *scores))
        availability.append(block.availability)
    r_peaks, peak_scores, logits, beat_probability = (
        np.concatenate(column) for column in zip(*columns, strict=True)
    )
    unreadable = join_availability(availability).unreadable_spans()
    index = signal_quality(r_peaks, beat_probability, conditioner.n_steps, unreadable=unreadable)
    quality = quality_at(r_peaks, scale_quality(index, model.thresholds.noise))
    annotated = is_written(beat_probability, quality, model.thresholds)
    beat = is_beat(beat_probability, model.thresholds)
    return DetectedBeats(
        r_peaks[beat],
        peak_scores[beat],
        logits[beat],
        beat_probability[beat],
        quality[beat],
        annotated[beat],
    )
