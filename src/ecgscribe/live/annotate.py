"""A recording annotated as if it came live, to measure how good the live path is."""

from __future__ import annotations

import numpy as np

from ecgscribe.live.events import LiveBeat, SignalChange
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import Model
from ecgscribe.quality_annotations import encode_subtype
from ecgscribe.record import Annotation, Record
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
        As `ecgscribe.annotate` returns it, with a ``~`` wherever leads are lost or no longer lost.
    """
    stream = Stream(record.fs, columns=record.leads, model=model)
    events = [*stream.push(record.signal), *stream.close()]
    beats = [event for event in events if isinstance(event, LiveBeat)]
    changes = [
        event
        for event in events
        if isinstance(event, SignalChange) and event.kind in ("unreadable", "readable")
    ]
    lost = np.array([[name in change.leads for name in stream.leads] for change in changes])
    n, n_beats = len(beats) + len(changes), len(beats)
    probability = np.full((n, len(AAMI_CLASSES)), np.nan, dtype=np.float32)
    subtype, score = np.zeros(n, dtype=np.int64), np.full(n, np.nan, dtype=np.float32)
    if beats:
        probability[:n_beats] = [beat.probability for beat in beats]
        score[:n_beats] = [beat.score for beat in beats]
    if changes:
        subtype[n_beats:] = encode_subtype(lost)
    samples = [beat.sample for beat in beats] + [change.sample for change in changes]
    sample = np.array(samples, dtype=np.int64)
    symbol = np.array([beat.symbol for beat in beats] + ["~"] * len(changes), dtype=np.str_)
    order = np.argsort(sample, kind="stable")
    return Annotation(
        sample[order],
        symbol[order],
        record.fs,
        subtype=subtype[order],
        probability=probability[order],
        score=score[order],
        name=record.name,
        start=record.start,
    )
