"""Where two reviewers of one recording differ in rhythm, or in what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics.rhythm_spans import UNNAMED, marked_rhythms
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation

__all__ = ["SPAN_KINDS", "SpanDisagreement", "SpanKind", "agreed_spans", "alike", "differing_spans"]


SpanKind = Literal["rhythm", "quality"]
"""What holds over a span: a rhythm, or ``readable`` or ``unreadable``."""
SPAN_KINDS: tuple[SpanKind, ...] = ("rhythm", "quality")
_SHORTEST_S = 0.15
"""Seconds below which a difference is none, such as between two marks of one onset: the window
within which EC57 matches beats."""


@dataclass(frozen=True)
class SpanDisagreement:
    """A span over which two reviewers differ.

    Parameters
    ----------
    kind : {"rhythm", "quality"}
    begin, end : int
        First sample, and the one after the last.
    answers : tuple of str
        What holds there according to each.
    """

    kind: SpanKind
    begin: int
    end: int
    answers: tuple[str, str]

    @property
    def key(self) -> str:
        """What requests call it."""
        return f"{self.kind} {self.begin} {self.end}"


def differing_spans(
    first: Annotation, second: Annotation, n_samples: int
) -> list[SpanDisagreement]:
    """Return the spans over which two annotations differ in rhythm or readability.

    Parameters
    ----------
    first, second : Annotation
        Where one marks no rhythm, it is ``N``.
    n_samples : int
        Length of the recording.

    Returns
    -------
    list of SpanDisagreement
        In time order for each kind, none shorter than 150 ms.
    """
    shortest = _SHORTEST_S * first.fs
    return [
        SpanDisagreement(kind, begin, end, (one, other))
        for kind in SPAN_KINDS
        for begin, end, (one, other) in _pieces(kind, n_samples, first, second)
        if one != other and end - begin >= shortest
    ]


def agreed_spans(
    first: Annotation, second: Annotation, own: Annotation, n_samples: int
) -> list[tuple[int, int, str]]:
    """Return what a third annotation needs to be as two others where these agree.

    Parameters
    ----------
    first, second, own : Annotation
    n_samples : int
        Length of the recording.

    Returns
    -------
    list of tuple
        Begin, end, and what holds there.
    """
    return [
        (begin, end, one)
        for kind in SPAN_KINDS
        for begin, end, (one, other, mine) in _pieces(kind, n_samples, first, second, own)
        if one == other != mine
    ]


def alike(kind: SpanKind, first: Annotation, second: Annotation, n_samples: int) -> float:
    """Return the part of a recording, from 0 to 1, over which two annotations agree."""
    pieces = _pieces(kind, n_samples, first, second)
    same = sum(end - begin for begin, end, (one, other) in pieces if one == other)
    return same / n_samples if n_samples else 1.0


def _pieces(
    kind: SpanKind, n_samples: int, *annotations: Annotation
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield the spans over which what holds in each annotation stays the same."""
    tracks = [_track(kind, each, n_samples) for each in annotations]
    edges = np.unique(np.concatenate([begin for begin, _ in tracks]))
    held = [label[np.searchsorted(begin, edges, side="right") - 1] for begin, label in tracks]
    columns = np.stack(held, axis=1)
    changes = np.append(True, (columns[1:] != columns[:-1]).any(axis=1))
    edges, columns = edges[changes], columns[changes]
    ends = np.append(edges[1:], n_samples)
    for begin, end, labels in zip(edges.tolist(), ends.tolist(), columns.tolist(), strict=True):
        yield begin, end, tuple(labels)


def _track(
    kind: SpanKind, annotation: Annotation, n_samples: int
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return where what holds may change, from 0 on, and what holds from there."""
    if kind == "rhythm":
        marked = marked_rhythms(annotation, n_samples)
        begin, label = marked.begin, np.where(marked.label == UNNAMED, "N", marked.label)
        usual = "N"
    else:
        begin = unreadable_spans(annotation, n_samples).ravel()
        label = np.resize(["unreadable", "readable"], len(begin))
        usual = "readable"
    inside = begin < n_samples
    begin, label = begin[inside], label[inside]
    if len(begin) == 0 or begin[0] > 0:
        begin, label = np.append(0, begin), np.append(usual, label)
    return begin, label
