"""Assemble the annotation of a recording: beats and quality annotations in time order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.lead_availability import LeadAvailability
from ecgscribe.pipeline.signal_quality import quality_at
from ecgscribe.quality_annotations import (
    ALL_READABLE,
    NONE_READABLE,
    encode_note,
    encode_subtype,
)
from ecgscribe.record import READABLE, Annotation, LazyRecord, Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS, steps_to_samples
from ecgscribe.symbols import CLASS_SYMBOLS

__all__ = ["assemble"]


Floats = NDArray[np.float32]
Positions = NDArray[np.int64]


def assemble(
    record: Record | LazyRecord,
    conditioner: Conditioner,
    beats: ClassifiedCandidates,
    quality: Floats,
    availability: LeadAvailability,
    thresholds: Thresholds,
) -> Annotation:
    """Assemble the annotation of a recording.

    Parameters
    ----------
    record : Record or LazyRecord
    conditioner : Conditioner
        Of the record.
    beats : ClassifiedCandidates
        Those that are written.
    quality : ndarray of float32, shape (seconds,)
        See `ecgscribe.pipeline.signal_quality.scale_quality`.
    availability : LeadAvailability
    thresholds : Thresholds
        They decide the class of each beat.

    Returns
    -------
    Annotation
        See `ecgscribe.annotate`.
    """
    marks = _quality_annotations(conditioner, availability, quality)
    sample = steps_to_samples(beats.r_peaks, conditioner.ratio, record.n_samples)
    # On the same sample, a beat is outside the span in which all leads are lost.
    place = np.where(
        marks.subtype == NONE_READABLE,
        np.searchsorted(sample, marks.sample, side="right"),
        np.searchsorted(sample, marks.sample, side="left"),
    )
    at = place + np.arange(len(place))
    # Filled rather than inserted into: of many beats, notes take the most memory.
    note = np.full(len(sample) + len(at), "", dtype=marks.note.dtype)
    subtype = np.zeros(len(note), dtype=np.int64)
    note[at], subtype[at] = marks.note, marks.subtype
    symbol = CLASS_SYMBOLS[decide(beats.class_probability, thresholds)]
    return Annotation(
        sample=np.insert(sample, place, marks.sample),
        symbol=np.insert(symbol, place, "~"),
        fs=record.fs,
        subtype=subtype,
        aux_note=note,
        probability=np.insert(beats.class_probability, place, np.nan, axis=0),
        score=np.insert(beats.beat_probability, place, np.nan),
        quality=np.insert(quality_at(beats.r_peaks, quality), place, np.nan),
        name=record.name,
        start=record.start,
    )


@dataclass(frozen=True, eq=False)
class _QualityAnnotations:
    """``~`` annotations: one wherever a lead becomes lost or noisy, or can be read again."""

    sample: Positions
    subtype: Positions
    note: NDArray[np.str_]


def _quality_annotations(
    conditioner: Conditioner, availability: LeadAvailability, quality: Floats
) -> _QualityAnnotations:
    n_samples, n_steps = conditioner.record.n_samples, conditioner.n_steps
    noisy = quality < READABLE
    noise_edges = np.flatnonzero(np.diff(noisy, prepend=False)) * FS
    step = np.unique(np.concatenate([availability.begin, noise_edges, [n_steps]]))
    lost = availability.lost[np.searchsorted(availability.begin, step, side="right") - 1]
    subtype = encode_subtype(lost, noisy=noisy[np.minimum(step // FS, len(noisy) - 1)])
    subtype[step >= n_steps] = ALL_READABLE  # the last span ends with the recording
    sample = steps_to_samples(step.astype(np.float64), conditioner.ratio, n_samples)
    # Of two changes on one sample the last holds.
    holds = np.diff(sample, append=n_samples + 1) > 0
    sample, subtype = sample[holds], subtype[holds]
    changes = np.diff(subtype, prepend=ALL_READABLE) != 0
    sample, subtype = sample[changes], subtype[changes]
    notes = [encode_note(value, conditioner.leads) for value in subtype.tolist()]
    return _QualityAnnotations(sample, subtype, np.array(notes, dtype=np.str_))
