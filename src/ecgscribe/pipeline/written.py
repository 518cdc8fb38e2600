"""Which beats of a recording are written: all that is decided once the whole recording is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import decide
from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.afl_spans import with_flutter
from ecgscribe.pipeline.beats_by_likeness import apply_likeness
from ecgscribe.pipeline.beats_by_rhythm import (
    apply_rhythms,
    grade_by_rhythm,
    killing_spans,
    without_beats,
)
from ecgscribe.pipeline.beats_by_sequence import apply_sequence
from ecgscribe.pipeline.candidates import ClassifiedCandidates, is_cut_off, is_written
from ecgscribe.pipeline.classification import ClassifiedRecording
from ecgscribe.pipeline.lead_availability import LeadAvailability, readable_within
from ecgscribe.pipeline.rhythm import FoundRhythms, find_rhythms
from ecgscribe.pipeline.signal_quality import quality_at, scale_quality, signal_quality
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.pipeline.svta_spans import with_svta
from ecgscribe.record import READABLE
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["WrittenBeats", "written_beats"]

S = AAMI_CLASSES.index("S")


class WrittenBeats(NamedTuple):
    """What an annotation is assembled from."""

    beats: ClassifiedCandidates
    """Those that are written, with the classes that rhythm and sequence leave them."""
    quality: NDArray[np.float32]
    """Of every second, see `ecgscribe.pipeline.signal_quality.scale_quality`."""
    availability: LeadAvailability
    rhythms: list[StepSpan]
    """In time order; none if the model does not recognise rhythms."""


def written_beats(model: Model, classified: ClassifiedRecording, n_steps: int) -> WrittenBeats:
    """Decide which candidates are written, and their class, knowing all that is around them.

    Parameters
    ----------
    model : Model
    classified : ClassifiedRecording
        The recording.
    n_steps : int
        Its length.

    Returns
    -------
    WrittenBeats
    """
    beats, availability, faint, seconds = classified
    del classified  # of a long recording, what is replaced here is too much to keep
    beats = beats[~is_cut_off(beats, n_steps, availability.unreadable_spans())]
    found: FoundRhythms | None = None
    rhythms: list[StepSpan] = []
    if model.rhythm is not None and seconds is not None:
        with ThreadPoolExecutor(1) as pool:  # neither needs the other
            finding = pool.submit(find_rhythms, model.rhythm, seconds, beats, n_steps)
            beats = apply_likeness(beats)
            found = finding.result()
        del seconds
        rhythms = found.spans
        beats = apply_rhythms(beats, faint, rhythms, model.thresholds)
        availability = readable_within(availability, killing_spans(rhythms))
    else:
        beats = apply_likeness(beats)
    index = signal_quality(
        beats.r_peaks,
        beats.beat_probability,
        n_steps,
        unreadable=without_beats(availability.unreadable_spans(), rhythms),
    )
    quality = scale_quality(index, model.thresholds.noise)
    if found is not None:
        quality = grade_by_rhythm(quality, found)
    of_beats = quality_at(beats.r_peaks, quality)
    beats = beats[is_written(beats.beat_probability, of_beats, model.thresholds)]
    beats = apply_sequence(beats, model.thresholds, rhythms)
    is_s = decide(beats.class_probability, model.thresholds) == S
    is_s &= quality_at(beats.r_peaks, quality) >= READABLE
    rhythms = with_flutter(rhythms, beats.r_peaks)
    rhythms = with_svta(rhythms, beats.r_peaks, is_s, beats.class_probability[:, S])
    return WrittenBeats(beats, quality, availability, rhythms)
