"""A recording annotated as if it came live, to measure how good the live path is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ecgscribe.live.events import LiveBeat, RhythmChange, SignalChange
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import Model
from ecgscribe.quality_annotations import encode_subtype
from ecgscribe.record import Annotation, Record
from ecgscribe.rhythms import RhythmMarks, RhythmSpan, encode_rhythms
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["annotate_live"]


def annotate_live(record: Record, *, model: Model | None = None) -> Annotation:
    """Annotate a recording as if it came live.

    Parameters
    ----------
    record : Record
    model : Model, optional
        The model in the package by default.

    Returns
    -------
    Annotation
        As `ecgscribe.annotate` returns it, with a ``~`` wherever leads are lost or no longer lost,
        and the rhythms from where they are reported to begin, if the model recognises them.
    """
    stream = Stream(record.fs, columns=record.leads, model=model)
    events = [*stream.push(record.signal), *stream.close()]
    beats = [event for event in events if isinstance(event, LiveBeat)]
    changes = [
        event
        for event in events
        if isinstance(event, SignalChange) and event.kind in ("unreadable", "readable")
    ]
    rhythms = _rhythm_marks(
        [event for event in events if isinstance(event, RhythmChange)], record.n_samples
    )
    n_marks, n_beats = len(rhythms.sample), len(beats)
    of_beats = slice(n_marks, n_marks + n_beats)
    n = n_marks + n_beats + len(changes)
    probability = np.full((n, len(AAMI_CLASSES)), np.nan, dtype=np.float32)
    subtype, score = np.zeros(n, dtype=np.int64), np.full(n, np.nan, dtype=np.float32)
    note = np.full(n, "", dtype=rhythms.aux_note.dtype)
    note[:n_marks], score[:n_marks] = rhythms.aux_note, rhythms.score
    if beats:
        probability[of_beats] = [beat.probability for beat in beats]
        score[of_beats] = [beat.score for beat in beats]
    if changes:
        lost = np.array([[name in change.leads for name in stream.leads] for change in changes])
        subtype[n_marks + n_beats :] = encode_subtype(lost)
    symbols = [*rhythms.symbol, *(beat.symbol for beat in beats), *["~"] * len(changes)]
    samples = [*rhythms.sample, *(b.sample for b in beats), *(c.sample for c in changes)]
    sample, symbol = np.array(samples, dtype=np.int64), np.array(symbols, dtype=np.str_)
    order = np.argsort(sample, kind="stable")
    return Annotation(
        sample[order],
        symbol[order],
        record.fs,
        subtype=subtype[order],
        aux_note=note[order],
        probability=probability[order],
        score=score[order],
        name=record.name,
        start=record.start,
        n_samples=record.n_samples,
    )


def _rhythm_marks(changes: Sequence[RhythmChange], n_samples: int) -> RhythmMarks:
    """Return the annotations of rhythms, each of which lasts until the next one begins."""
    last = max(n_samples - 1, 0)
    edges = pairwise([*(change.sample for change in changes), last])
    return encode_rhythms(
        [
            RhythmSpan(begin=begin, end=end, kind=change.kind, probability=change.probability)
            for change, (begin, end) in zip(changes, edges, strict=True)
        ]
    )
