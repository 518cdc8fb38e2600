"""Whether the rhythm decided the class of a beat, and not what the beat looks like."""

from __future__ import annotations

import numpy as np

from ecgscribe.explanation.detected_beats import DetectedBeats
from ecgscribe.explanation.result import DecidingRhythm
from ecgscribe.metrics.switches import ATRIAL_RHYTHMS
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.signal.windows import FS

__all__ = ["deciding_rhythm"]


def deciding_rhythm(
    beats: DetectedBeats, index: int, thresholds: Thresholds
) -> DecidingRhythm | None:
    """Return the rhythm that decided the class of a beat.

    Parameters
    ----------
    beats : DetectedBeats
        Of the recording.
    index : int
        Index of the beat among those that are written.
    thresholds : Thresholds

    Returns
    -------
    DecidingRhythm, optional
        Ventricular tachycardia decides the class of every beat in it, atrial fibrillation or
        flutter that of the beats whose class would be another without it. None where no rhythm did.
    """
    written = beats.written.beats
    r_peak = written.r_peaks[index]
    for span in beats.written.rhythms:
        if not span.begin <= r_peak < span.end:
            continue
        is_atrial = span.kind in ATRIAL_RHYTHMS
        if span.kind == "VT" or (is_atrial and _is_changed(beats, index, thresholds)):
            return DecidingRhythm(
                kind=span.kind,
                begin=span.begin / FS,
                end=span.end / FS,
                probability=span.probability,
            )
    return None


def _is_changed(beats: DetectedBeats, index: int, thresholds: Thresholds) -> bool:
    """Return whether the beat head alone predicts another class."""
    written = beats.written.beats
    own = int(np.searchsorted(beats.r_peaks, written.r_peaks[index]))
    rows = np.stack([written.class_probability[index], beats.class_probability[own]])
    predicted = decide(rows, thresholds)
    return bool(predicted[0] != predicted[1])
