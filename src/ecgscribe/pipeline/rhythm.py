"""The rhythms of a recording, and where there is none to see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.rhythm import Rhythm, RhythmNetwork
from ecgscribe.model.seconds import Seconds
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.network_spans import rhythm_spans, smoothed
from ecgscribe.pipeline.rhythm_by_second import (
    beats_not_still,
    predict_seconds,
    without_slow_normal,
)
from ecgscribe.pipeline.step_spans import StepSpan

__all__ = ["FoundRhythms", "find_rhythms"]


Floats = NDArray[np.float32]


class FoundRhythms(NamedTuple):
    """The rhythms of a recording, and where there is none to see."""

    spans: list[StepSpan]
    """See `ecgscribe.pipeline.network_spans.rhythm_spans`."""
    noise: Floats
    """Probability that each whole second is noise, averaged as that of the rhythms."""
    no_signal: Floats
    """Probability that it is noise or a standstill, as where a lead is off, averaged alike."""


def find_rhythms(
    network: RhythmNetwork, seconds: Seconds, candidates: ClassifiedCandidates, n_steps: int
) -> FoundRhythms:
    """Find the rhythms of a recording.

    Parameters
    ----------
    network : RhythmNetwork
    seconds : Seconds
        Of the whole recording.
    candidates : ClassifiedCandidates
        All of them, false detections too.
    n_steps : int
        Length of the recording.

    Returns
    -------
    FoundRhythms
    """
    peaks = (candidates.r_peaks, candidates.peak_scores, candidates.shapes)
    probability = without_slow_normal(predict_seconds(network, seconds, *peaks), candidates)
    beats = beats_not_still(candidates.r_peaks, candidates.beat_probability, probability)
    smooth = smoothed(probability)
    noise, still = smooth[:, Rhythm.NOISE], smooth[:, Rhythm.STANDSTILL]
    return FoundRhythms(rhythm_spans(probability, beats, n_steps), noise, noise + still)
