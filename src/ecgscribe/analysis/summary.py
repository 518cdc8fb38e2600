"""The summary of a recording: its leads, length and annotations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.quality_annotations import readable_seconds
from ecgscribe.record import Annotation, LazyRecord, Record, clock_text
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["summarize"]

_PIECE = 1 << 20
"""Samples that are read at once."""


def summarize(
    record: Record | LazyRecord,
    annotation: Annotation | None = None,
    *,
    comments: bool = False,
    start: bool = False,
) -> dict[str, Any]:
    """Summarize a recording, by default without anything that could identify a person.

    Parameters
    ----------
    record : Record or LazyRecord
        The recording, which is read piece by piece.
    annotation : Annotation, optional
        Its annotations.
    comments : bool
        Add the header's free text. In some databases it contains names, dates of birth and
        identifiers.
    start : bool
        Add the wall-clock start.

    Returns
    -------
    dict
        Only types that JSON has: ``name``, ``fs`` (Hz), ``samples``, ``duration`` (s), ``leads``,
        ``units``, ``invalid_samples`` (per lead), ``has_start_time``, ``paced`` (according to the
        header or a ``/`` annotation); with annotations ``readable_seconds`` (according to the
        ``~`` annotations), ``annotations``, ``beats``, ``symbols`` and ``classes`` (counts);
        ``start`` and ``comments`` if they are wanted.
    """
    content: dict[str, Any] = {
        "name": record.name,
        "fs": float(record.fs),
        "samples": record.n_samples,
        "duration": record.duration,
        "leads": list(record.leads),
        "units": list(record.units),
        "invalid_samples": _invalid_samples(record).tolist(),
        "has_start_time": record.start is not None,
        "paced": record.paced,
    }
    if annotation is not None:
        symbols, counts = np.unique(annotation.symbol, return_counts=True)
        classes = annotation.class_index
        content["paced"] = record.paced or "/" in symbols
        content["readable_seconds"] = round(readable_seconds(annotation, record.n_samples), 3)
        content["annotations"] = len(annotation)
        content["beats"] = int(np.sum(classes >= 0))
        content["symbols"] = dict(zip(symbols.tolist(), counts.tolist(), strict=True))
        content["classes"] = {c: int(np.sum(classes == k)) for k, c in enumerate(AAMI_CLASSES)}
    if start:
        content["start"] = None if record.start is None else clock_text(record.start)
    if comments:
        content["comments"] = list(record.comments)
    return content


def _invalid_samples(record: Record | LazyRecord) -> NDArray[np.int64]:
    """Return the number of samples without a value, of each lead."""
    n_invalid = np.zeros(len(record.leads), dtype=np.int64)
    for _, piece in record.lazy().pieces(_PIECE):
        n_invalid += np.isnan(piece).sum(axis=0)
    return n_invalid
