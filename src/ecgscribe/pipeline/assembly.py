"""Assemble the annotation of a recording: beats, quality and rhythm annotations in time order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.lead_availability import LeadAvailability
from ecgscribe.pipeline.signal_quality import quality_at
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.quality_annotations import (
    ALL_READABLE,
    NONE_READABLE,
    encode_note,
    encode_subtype,
)
from ecgscribe.record import READABLE, Annotation, LazyRecord, Record
from ecgscribe.rhythms import RhythmSpan, encode_rhythms
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import CLASS_SYMBOLS, PACED

__all__ = ["assemble"]


Floats = NDArray[np.float32]
Positions = NDArray[np.int64]


def assemble(
    record: Record | LazyRecord,
    conditioner: Conditioner,
    beats: ClassifiedCandidates,
    quality: Floats,
    availability: LeadAvailability,
    rhythms: Sequence[StepSpan],
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
    rhythms : sequence of StepSpan
        In time order; none if the model does not recognise rhythms.
    thresholds : Thresholds
        They decide the class of each beat.

    Returns
    -------
    Annotation
        See `ecgscribe.annotate`.
    """
    marks = _Marks.join(
        [
            _quality_annotations(conditioner, availability, quality),
            _rhythm_annotations(conditioner, rhythms),
        ]
    )
    sample = conditioner.samples_at(beats.r_peaks)
    place = np.where(
        marks.after,
        np.searchsorted(sample, marks.sample, side="right"),
        np.searchsorted(sample, marks.sample, side="left"),
    )
    at = place + np.arange(len(place))
    # Filled rather than inserted into: of many beats, notes take the most memory.
    note = np.full(len(sample) + len(at), "", dtype=marks.note.dtype)
    subtype = np.zeros(len(note), dtype=np.int64)
    note[at], subtype[at] = marks.note, marks.subtype
    symbol = CLASS_SYMBOLS[decide(beats.class_probability, thresholds)]
    if record.paced:
        symbol[symbol != "V"] = PACED
    return Annotation(
        sample=np.insert(sample, place, marks.sample),
        symbol=np.insert(symbol, place, marks.symbol),
        fs=record.fs,
        subtype=subtype,
        aux_note=note,
        probability=np.insert(beats.class_probability, place, np.nan, axis=0),
        score=np.insert(beats.beat_probability, place, marks.score),
        quality=np.insert(quality_at(beats.r_peaks, quality), place, np.nan),
        name=record.name,
        start=record.start,
        n_samples=record.n_samples,
    )


@dataclass(frozen=True, eq=False)
class _Marks:
    """Annotations that are not beats, shape (n,) each."""

    sample: Positions
    symbol: NDArray[np.str_]
    subtype: Positions
    note: NDArray[np.str_]
    score: Floats
    after: NDArray[np.bool_]
    """Whether each follows a beat on the same sample: that beat is outside the span in which all
    leads are lost."""

    @classmethod
    def join(cls, parts: Sequence[_Marks]) -> _Marks:
        """Join several kinds, in time order."""
        names = [f.name for f in dataclasses.fields(cls)]
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        order = np.lexsort((joined["after"], joined["sample"]))
        return cls(**{name: values[order] for name, values in joined.items()})


def _rhythm_annotations(conditioner: Conditioner, rhythms: Sequence[StepSpan]) -> _Marks:
    """Return a ``+`` where each rhythm begins, and ``[`` and ``]`` around flutter."""
    steps = np.array([[span.begin, span.end] for span in rhythms], dtype=np.float64)
    edges = conditioner.samples_at(steps.reshape(-1, 2))
    spans = [
        RhythmSpan(begin=begin, end=end, kind=span.kind, probability=span.probability)
        for span, (begin, end) in zip(rhythms, edges.tolist(), strict=True)
    ]
    marks = encode_rhythms(spans)
    n = len(marks.sample)
    return _Marks(
        marks.sample,
        marks.symbol,
        np.zeros(n, dtype=np.int64),
        marks.aux_note,
        marks.score,
        np.zeros(n, dtype=np.bool_),
    )


def _quality_annotations(
    conditioner: Conditioner, availability: LeadAvailability, quality: Floats
) -> _Marks:
    """Return a ``~`` wherever a lead becomes lost or noisy, or can be read again."""
    n_samples, n_steps = conditioner.recorded.whole.n_samples, conditioner.n_steps
    noisy = quality < READABLE
    noise_edges = np.flatnonzero(np.diff(noisy, prepend=False)) * FS
    step = np.unique(np.concatenate([availability.begin, noise_edges, [n_steps]]))
    lost = availability.lost[np.searchsorted(availability.begin, step, side="right") - 1]
    subtype = encode_subtype(lost, noisy=noisy[np.minimum(step // FS, len(noisy) - 1)])
    subtype[step >= n_steps] = ALL_READABLE  # the last span ends with the recording
    sample = conditioner.samples_at(step.astype(np.float64))
    # Of two changes on one sample the last holds.
    holds = np.diff(sample, append=n_samples + 1) > 0
    sample, subtype = sample[holds], subtype[holds]
    changes = np.diff(subtype, prepend=ALL_READABLE) != 0
    sample, subtype = sample[changes], subtype[changes]
    notes = [encode_note(value, conditioner.leads) for value in subtype.tolist()]
    return _Marks(
        sample,
        np.full(len(sample), "~"),
        subtype,
        np.array(notes, dtype=np.str_),
        np.full(len(sample), np.nan, dtype=np.float32),
        subtype == NONE_READABLE,
    )
