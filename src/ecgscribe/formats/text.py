"""Annotations as CSV and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ecgscribe.quality_annotations import decode_subtype
from ecgscribe.record import Annotation, clock_times
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parts", "table_of", "write_csv", "write_json"]


PART = 20_000
"""Annotations that are converted to text at once."""


def write_csv(annotation: Annotation, path: Path) -> None:
    """Write a table of every annotation in time order.

    Parameters
    ----------
    annotation : Annotation
        Beats and others.
    path : Path
        Has the columns of `Annotation.to_frame`, then ``subtype`` and ``aux_note``. An annotation
        that is not a beat has a symbol but no class, normality or probability.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts(annotation)):
            table = table_of(part)
            if "clock" in table:
                table["clock"] = [clock.isoformat() for clock in table["clock"]]
            table.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def parts(annotation: Annotation) -> Iterator[Annotation]:
    """Cut annotations into parts, at least one, so that no table of all of them is in memory."""
    for begin in range(0, max(len(annotation), 1), PART):
        yield annotation.select(slice(begin, begin + PART))


def table_of(annotation: Annotation) -> pd.DataFrame:
    """Return a table of all annotations: the columns of beats, ``subtype`` and ``aux_note``."""
    import pandas as pd

    beat = annotation.class_index >= 0
    beats = annotation.to_frame().astype(object)
    beats.index = pd.Index(np.flatnonzero(beat))
    table = beats.reindex(range(len(annotation)))
    seconds = annotation.sample / annotation.fs
    table["sample"], table["time"] = annotation.sample, seconds
    table["symbol"] = annotation.symbol
    clock = clock_times(annotation.start, seconds)
    if clock is not None:
        table["clock"] = pd.Series(clock, index=table.index, dtype=object)
    table["subtype"], table["aux_note"] = annotation.subtype, annotation.aux_note
    return table


def write_json(annotation: Annotation, path: Path) -> None:
    """Write beats, unreadable spans and other annotations as one JSON object.

    Parameters
    ----------
    annotation : Annotation
        Beats and others.
    path : Path
        Has the keys ``name``, ``fs`` (Hz), ``mapping``, ``beats`` (``sample``, ``time`` in
        seconds, ``class``, ``symbol``, ``normal``, and from a model ``score``, ``quality``,
        ``readable`` and ``probability``), ``unreadable`` (spans in which at least one lead is lost
        and the other lost or noisy: ``start``, ``end`` in samples, null if it lasts to the end of
        the record, ``aux_note``) and ``other`` (``sample``, ``time``, ``symbol``, ``subtype``,
        ``aux_note``).
    """
    about = {
        "name": annotation.name,
        "fs": float(annotation.fs),
        "mapping": annotation.mapping,
    }
    others = annotation.select(annotation.class_index < 0)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_json(about).removesuffix("\n}"))
        _write_list(file, "beats", _beats(annotation))
        _write_list(file, "unreadable", iter([_unreadable(annotation)]))
        _write_list(file, "other", iter([[_other(others, i) for i in range(len(others))]]))
        file.write("\n}\n")


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, allow_nan=False)


def _write_list(file: TextIO, key: str, parts: Iterator[list[dict[str, Any]]]) -> None:
    """Write a key and its list as `json.dumps` would write all parts at once."""
    file.write(f',\n "{key}": [')
    is_empty = True
    for part in parts:
        if part:
            file.write("" if is_empty else ",")
            file.write(_json(part)[1:-2].replace("\n", "\n "))  # without brackets, a level down
            is_empty = False
    file.write("]" if is_empty else "\n ]")


def _beats(annotation: Annotation) -> Iterator[list[dict[str, Any]]]:
    for part in parts(annotation):
        beats = part.beats()
        classes, readable = beats.class_index.tolist(), beats.readable.tolist()
        yield [_beat(beats, i, classes[i], readable[i]) for i in range(len(beats))]


def _beat(annotation: Annotation, i: int, index: int, readable: bool) -> dict[str, Any]:
    beat: dict[str, Any] = {
        "sample": int(annotation.sample[i]),
        "time": float(annotation.sample[i] / annotation.fs),
        "class": AAMI_CLASSES[index],
        "symbol": str(annotation.symbol[i]),
        "normal": index == 0,
    }
    if annotation.score is not None:
        beat["score"] = _number(annotation.score[i])
    if annotation.quality is not None:
        beat["quality"], beat["readable"] = _number(annotation.quality[i]), readable
    if annotation.probability is not None:
        row = annotation.probability[i]
        beat["probability"] = {c: _number(p) for c, p in zip(AAMI_CLASSES, row, strict=True)}
    return beat


def _other(annotation: Annotation, i: int) -> dict[str, Any]:
    return {
        "sample": int(annotation.sample[i]),
        "time": float(annotation.sample[i] / annotation.fs),
        "symbol": str(annotation.symbol[i]),
        "subtype": int(annotation.subtype[i]),
        "aux_note": str(annotation.aux_note[i]),
    }


def _unreadable(annotation: Annotation) -> list[dict[str, Any]]:
    changes = annotation.select(annotation.symbol == "~")
    state = decode_subtype(changes.subtype)
    unreadable = state.unreadable & state.lost.any(axis=1)  # noise alone is among the others
    spans: list[dict[str, Any]] = []
    for i in np.flatnonzero(np.diff(unreadable, prepend=False)):
        sample, note = int(changes.sample[i]), str(changes.aux_note[i])
        if unreadable[i]:
            spans.append({"start": sample, "end": None, "aux_note": note})
        else:
            spans[-1]["end"] = sample
    return spans


def _number(value: np.float32) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
