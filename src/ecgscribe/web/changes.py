"""What edits do to an annotation.

A beat is named by its sample. The annotation itself is never changed: edits make a new one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.quality_annotations import ALL_READABLE, NONE_READABLE
from ecgscribe.record import Annotation
from ecgscribe.rhythms import RHYTHM_KINDS, RhythmSpan, encode_rhythms
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS
from ecgscribe.web.adapting import ADAPT, last_adaptation, with_adaptation
from ecgscribe.web.edits import ADJUDICATE, Edit

__all__ = ["KINDS", "READABILITY", "Reviewed", "apply_edits", "check_edit", "with_notes"]


KINDS = ("add", "relabel", "delete", "move", "span")
READABILITY = ("unreadable", "readable")
"""What a span can be marked as, besides the rhythms."""
_OTHER_SPANS = (*READABILITY, "pause")
_MOST_BEATS = 500_000


@dataclass(frozen=True, eq=False)
class Reviewed:
    """An annotation after edits.

    Parameters
    ----------
    annotation : Annotation
    edited : ndarray of bool, shape (n,)
        Which of its annotations a reviewer added, moved or relabelled.
    ghosts : ndarray of int64, shape (m,)
        Samples of the model's beats that were deleted or moved.
    adapted : ndarray of bool, shape (n,)
        Which have their class from adaptation.
    """

    annotation: Annotation
    edited: NDArray[np.bool_]
    ghosts: NDArray[np.int64]
    adapted: NDArray[np.bool_]


def check_edit(kind: object, content: object, n_samples: int) -> tuple[str, dict[str, Any]]:
    """Return an edit if it has the form that it must have.

    Parameters
    ----------
    kind : str
        ``add`` with ``sample`` and ``class``; ``relabel`` with ``samples`` and ``class``;
        ``delete`` with ``samples``; ``move`` with ``sample`` and ``to``; ``span`` with ``begin``,
        ``end`` and ``as``: one of `ecgscribe.rhythms.RHYTHM_KINDS`, ``unreadable``, ``readable``
        or ``pause``, which deletes the beats inside.
    content : mapping
    n_samples : int
        Length of the recording.

    Raises
    ------
    FormatError
        If it has another form.
    """
    if kind not in KINDS or not isinstance(content, Mapping):
        raise FormatError(f"edit: expected one of {', '.join(KINDS)}, found another")

    def position(key: str, most: int) -> int:
        value = content.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise FormatError(f"edit: expected a sample of the recording as {key}, found none")
        return value

    checked: dict[str, Any] = {}
    if kind in ("add", "move"):
        checked["sample"] = position("sample", n_samples - 1)
    if kind == "move":
        checked["to"] = position("to", n_samples - 1)
    if kind in ("relabel", "delete"):
        samples = content.get("samples")
        if (
            not isinstance(samples, list)
            or not 0 < len(samples) <= _MOST_BEATS
            or not all(type(each) is int and 0 <= each < n_samples for each in samples)
        ):
            raise FormatError("edit: expected a list of samples of the recording, found another")
        checked["samples"] = samples
    if kind in ("add", "relabel"):
        if content.get("class") not in AAMI_CLASSES:
            raise FormatError(f"edit: expected one of {', '.join(AAMI_CLASSES)}, found another")
        checked["class"] = content["class"]
    if kind == "span":
        checked["begin"], checked["end"] = position("begin", n_samples), position("end", n_samples)
        if checked["begin"] >= checked["end"]:
            raise FormatError("edit: expected a span that ends after it begins, found another")
        if content.get("as") not in (*RHYTHM_KINDS, *_OTHER_SPANS):
            raise FormatError("edit: expected a kind of span, found another")
        checked["as"] = content["as"]
    return str(kind), checked


def apply_edits(base: Annotation, edits: Iterable[Edit], n_samples: int) -> Reviewed:
    """Return an annotation after edits.

    Parameters
    ----------
    base : Annotation
        The model's.
    edits : iterable of Edit
        In order. An adaptation is under all others, wherever it is among them.
    n_samples : int
        Length of the recording.

    Returns
    -------
    Reviewed
    """
    done = list(edits)
    base = with_adaptation(base, done)
    is_beat = base.class_index >= 0
    known = dict(zip(base.sample[is_beat].tolist(), base.symbol[is_beat].tolist(), strict=True))
    changed: dict[int, str | None] = {}  # symbol of each beat that is not as the model's
    quality: list[tuple[int, int, bool]] = []
    rhythms: list[tuple[int, int, str]] = []
    for edit in done:
        content = edit.content
        if edit.kind == ADAPT:
            continue  # it is under all others
        if edit.kind == ADJUDICATE:
            changed.update(dict.fromkeys(content["remove"]))
            changed.update({sample: _symbol(name) for sample, name in content["beats"]})
            for begin, end, name in content.get("spans", []):
                if name in READABILITY:
                    quality.append((begin, end, name == "unreadable"))
                else:
                    rhythms.append((begin, end, name))
        elif edit.kind in ("add", "relabel"):
            symbol = _symbol(content["class"])
            samples = [content["sample"]] if edit.kind == "add" else content["samples"]
            for sample in samples:
                if edit.kind == "add" or changed.get(sample, known.get(sample)) is not None:
                    changed[sample] = symbol
        elif edit.kind == "delete":
            changed.update(dict.fromkeys(content["samples"]))
        elif edit.kind == "move":
            moved = changed.get(content["sample"], known.get(content["sample"]))
            if moved is not None:
                changed[content["sample"]] = None
                changed[content["to"]] = moved
        elif content["as"] in RHYTHM_KINDS:
            rhythms.append((content["begin"], content["end"], content["as"]))
        elif content["as"] == "pause":
            inside = (s for s in {*known, *changed} if content["begin"] < s < content["end"])
            changed.update(dict.fromkeys(inside))
        else:
            quality.append((content["begin"], content["end"], content["as"] == "unreadable"))
    touched = np.array(sorted(changed), dtype=np.int64)
    ghosts = np.array([s for s, v in changed.items() if v is None and s in known], np.int64)
    kept = base.select(~(is_beat & np.isin(base.sample, touched)))
    added = {s: v for s, v in sorted(changed.items()) if v is not None}
    rows = _with_beats(kept, added, base)
    rows = _with_rhythms(rows, base, rhythms, n_samples)
    rows = _with_quality(rows, quality, n_samples)
    rows = dataclasses.replace(rows, n_samples=n_samples)
    edited = (rows.class_index >= 0) & np.isin(rows.sample, np.array([*added], dtype=np.int64))
    adaptation = last_adaptation(done)
    samples = [] if adaptation is None else adaptation["samples"]
    adapted = (rows.class_index >= 0) & ~edited & np.isin(rows.sample, samples)
    return Reviewed(rows, edited, np.sort(ghosts), adapted)


def _symbol(name: str) -> str:
    return str(CLASS_SYMBOLS[AAMI_CLASSES.index(name)])


def with_notes(annotation: Annotation, notes: Annotation) -> Annotation:
    """Return annotations with some more, which are no beats, in time order."""
    return _merged(annotation, notes) if len(notes) else annotation


def _with_beats(kept: Annotation, added: Mapping[int, str], base: Annotation) -> Annotation:
    """Add beats: certain ones, of the quality that the model saw there, if it saw any."""
    if not added:
        return kept
    symbols = np.array([*added.values()])
    beats = Annotation(sample=np.array([*added]), symbol=symbols, fs=kept.fs)
    quality = np.ones(len(beats), np.float32)
    if base.quality is not None:
        is_beat = base.class_index >= 0
        at = np.searchsorted(base.sample[is_beat], beats.sample)
        there = base.sample[is_beat][np.minimum(at, is_beat.sum() - 1)] if is_beat.any() else None
        if there is not None:
            same = there == beats.sample
            of_model = base.quality[is_beat][np.minimum(at, is_beat.sum() - 1)]
            quality[same] = of_model[same]
    certain = np.eye(len(AAMI_CLASSES), dtype=np.float32)[beats.class_index]
    return _merged(kept, beats, probability=certain, score=np.ones_like(quality), quality=quality)


def _merged(
    first: Annotation,
    second: Annotation,
    *,
    probability: NDArray[np.float32] | None = None,
    score: NDArray[np.float32] | None = None,
    quality: NDArray[np.float32] | None = None,
) -> Annotation:
    """Join annotations in time order; at one time, those of `second` come first."""
    n = len(second)
    order = np.argsort(np.concatenate([second.sample, first.sample]), kind="stable")

    nothing = np.full(n, np.nan, np.float32)
    five = np.full((n, len(AAMI_CLASSES)), np.nan, np.float32)
    columns: dict[str, Any] = {
        "sample": (first.sample, second.sample),
        "symbol": (first.symbol, second.symbol),
        "subtype": (first.subtype, second.subtype),
        "aux_note": (first.aux_note, second.aux_note),
        "probability": (first.probability, five if probability is None else probability),
        "score": (first.score, nothing if score is None else score),
        "quality": (first.quality, nothing if quality is None else quality),
    }
    joined: dict[str, Any] = {
        name: np.concatenate([other, own])[order]
        for name, (own, other) in columns.items()
        if own is not None
    }
    return dataclasses.replace(first, **joined)


def _with_rhythms(
    rows: Annotation, base: Annotation, marked: Sequence[tuple[int, int, str]], n_samples: int
) -> Annotation:
    if not marked:
        return rows
    spans = list(base.rhythms) or [RhythmSpan(begin=0, end=n_samples, kind="N")]
    if spans[0].begin > 0:
        spans.insert(0, RhythmSpan(begin=0, end=spans[0].begin, kind="N"))
    for begin, end, kind in marked:
        spans = [
            part
            for span in spans
            for part in (
                dataclasses.replace(span, end=min(span.end, begin)),
                dataclasses.replace(span, begin=max(span.begin, end)),
            )
            if part.begin < part.end
        ]
        spans.append(RhythmSpan(begin=begin, end=end, kind=kind, probability=1.0))
        spans.sort(key=lambda span: span.begin)
    marks = encode_rhythms(spans)
    is_rhythm = np.isin(rows.symbol, ["[", "]"])
    is_rhythm |= (rows.symbol == "+") & np.char.startswith(rows.aux_note, "(")
    new = Annotation(
        sample=np.minimum(marks.sample, n_samples - 1),
        symbol=marks.symbol,
        fs=rows.fs,
        aux_note=marks.aux_note,
    )
    return _merged(rows.select(~is_rhythm), new, score=marks.score)


def _with_quality(
    rows: Annotation, marked: Sequence[tuple[int, int, bool]], n_samples: int
) -> Annotation:
    for begin, end, unreadable in marked:
        is_quality = rows.symbol == "~"
        until = np.flatnonzero(is_quality & (rows.sample <= end))
        after = int(rows.subtype[until[-1]]) if len(until) else ALL_READABLE
        inside = is_quality & (rows.sample >= begin) & (rows.sample <= end)
        subtype = [NONE_READABLE if unreadable else ALL_READABLE]
        note = ["unreadable" if unreadable else "readable"]
        sample = [begin]
        if end < n_samples:
            sample, subtype, note = [begin, end], [*subtype, after], [*note, ""]
        new = Annotation(
            sample=np.array(sample),
            symbol=np.full(len(sample), "~"),
            fs=rows.fs,
            subtype=np.array(subtype),
            aux_note=np.array(note),
        )
        rows = _merged(rows.select(~inside), new)
        if rows.quality is not None:
            in_span = (rows.class_index >= 0) & (rows.sample >= begin) & (rows.sample < end)
            quality = rows.quality.copy()
            quality[in_span] = 0.0 if unreadable else 1.0
            rows = dataclasses.replace(rows, quality=quality)
    return rows
