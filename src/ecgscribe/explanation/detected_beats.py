"""All beats of a recording, with what is needed to classify one of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.candidates import ClassifiedCandidates, is_beat
from ecgscribe.pipeline.classification import classify_beats
from ecgscribe.pipeline.detection import DetectedBlock, detect_r_peaks
from ecgscribe.pipeline.signal_quality import quality_at
from ecgscribe.pipeline.written import WrittenBeats, written_beats
from ecgscribe.signal.conditioning import Conditioner

__all__ = ["DetectedBeats", "detect_beats"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DetectedBeats:
    """All beats that the beat head classifies, also those that `ecgscribe.annotate` leaves out.

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
    class_probability : ndarray of float32, shape (n_beats, 5)
        What the beat head predicts; the rhythm may change it.
    annotated : ndarray of bool, shape (n_beats,)
        False for those that are not annotated: doubtful ones in noise, and in ventricular flutter.
    written : WrittenBeats
        What is annotated: of these beats, and of faint ones in ventricular tachycardia.
    """

    r_peaks: Doubles
    peak_scores: Floats
    logits: Floats
    beat_probability: Floats
    quality: Floats
    class_probability: Floats
    annotated: NDArray[np.bool_]
    written: WrittenBeats

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
    logits: list[Floats] = []

    def keeping_logits(blocks: Iterator[DetectedBlock]) -> Iterator[DetectedBlock]:
        for block in blocks:
            logits.append(block.candidates.logits)
            yield block

    blocks = detect_r_peaks(model, conditioner, progress=progress)
    classified = classify_beats(model, keeping_logits(blocks))
    written = written_beats(model, classified, conditioner.n_steps)
    beat = is_beat(classified.candidates.beat_probability, model.thresholds)
    beats: ClassifiedCandidates = classified.candidates[beat]
    return DetectedBeats(
        beats.r_peaks,
        beats.peak_scores,
        np.concatenate(logits)[beat],
        beats.beat_probability,
        quality_at(beats.r_peaks, written.quality),
        beats.class_probability,
        np.isin(beats.r_peaks, written.beats.r_peaks),
        written,
    )
