"""Annotations as CSV and as JSON."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import numpy as np

from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["to_csv", "to_json"]

# Both signals unreadable: bits 4 and 5 of the subtype of a ~ annotation (EC57, as bxb has it).
_UNREADABLE = 0x30


def to_csv(annotation: Annotation) -> str:
    """Give a table of every annotation in time order.

    Parameters
    ----------
    annotation : Annotation
        Beats and others.

    Returns
    -------
    str
        The columns of `Annotation.to_frame`, then ``subtype`` and ``aux_note``. Annotations that
        are not beats have a symbol, and no class, normality or probability.
    """
    import pandas as pd

    beat = annotation.class_index >= 0
    beats = annotation.to_frame().astype(object)
    beats.index = pd.Index(np.flatnonzero(beat))
    table = beats.reindex(range(len(annotation)))
    seconds = annotation.sample / annotation.fs
    table["sample"], table["time"] = annotation.sample, seconds
    table["symbol"] = annotation.symbol
    if annotation.start is not None:
        start = annotation.start
        table["clock"] = [(start + timedelta(seconds=float(t))).isoformat() for t in seconds]
    table["subtype"], table["aux_note"] = annotation.subtype, annotation.aux_note
    return str(table.to_csv(index=False, lineterminator="\n"))


def to_json(annotation: Annotation) -> str:
    """Give beats, unreadable stretches and other annotations as one JSON object.

    Parameters
    ----------
    annotation : Annotation
        Beats and others.

    Returns
    -------
    str
        Keys ``name``, ``fs`` (Hz), ``mapping``, ``beats`` (``sample``, ``time`` in seconds,
        ``class``, ``symbol``, ``normal``, and from a model ``score`` and ``probability``),
        ``unreadable`` (``start``, ``end`` in samples, null where it runs to the end of the
        record, ``aux_note``) and ``other`` (``sample``, ``time``, ``symbol``, ``subtype``,
        ``aux_note``).
    """
    classes = annotation.class_index
    content = {
        "name": annotation.name,
        "fs": float(annotation.fs),
        "mapping": annotation.mapping,
        "beats": [_beat(annotation, i, int(classes[i])) for i in np.flatnonzero(classes >= 0)],
        "unreadable": _unreadable(annotation),
        "other": [_other(annotation, i) for i in np.flatnonzero(classes < 0)],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _beat(annotation: Annotation, i: np.intp, index: int) -> dict[str, Any]:
    beat: dict[str, Any] = {
        "sample": int(annotation.sample[i]),
        "time": float(annotation.sample[i] / annotation.fs),
        "class": AAMI_CLASSES[index],
        "symbol": str(annotation.symbol[i]),
        "normal": index == 0,
    }
    if annotation.score is not None:
        beat["score"] = _number(annotation.score[i])
    if annotation.probability is not None:
        row = annotation.probability[i]
        beat["probability"] = {c: _number(p) for c, p in zip(AAMI_CLASSES, row, strict=True)}
    return beat


def _other(annotation: Annotation, i: np.intp) -> dict[str, Any]:
    return {
        "sample": int(annotation.sample[i]),
        "time": float(annotation.sample[i] / annotation.fs),
        "symbol": str(annotation.symbol[i]),
        "subtype": int(annotation.subtype[i]),
        "aux_note": str(annotation.aux_note[i]),
    }


def _unreadable(annotation: Annotation) -> list[dict[str, Any]]:
    stretches: list[dict[str, Any]] = []
    is_open = False
    for i in np.flatnonzero(annotation.symbol == "~"):
        sample, note = int(annotation.sample[i]), str(annotation.aux_note[i])
        begins = (int(annotation.subtype[i]) & _UNREADABLE) == _UNREADABLE
        if begins and not is_open:
            stretches.append({"start": sample, "end": None, "aux_note": note})
        elif is_open and not begins:
            stretches[-1]["end"] = sample
        is_open = begins
    return stretches


def _number(value: np.float32) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
