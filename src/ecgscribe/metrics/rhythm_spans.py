"""Spans of rhythm in an annotation: between the notes of ``+``, and from ``[`` to ``]``.

A ``+`` holds a rhythm's label after a parenthesis, such as ``(AFIB``, and the rhythm is in force
from there to the next (https://physionet.org/physiotools/wag/annot.htm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.metrics.spans import Spans, hold, union
from ecgscribe.record import Annotation
from ecgscribe.rhythms import RhythmSpan

__all__ = [
    "UNNAMED",
    "RhythmSpans",
    "flutter_spans",
    "marked_rhythms",
    "named_rhythms",
    "rhythm_spans",
]


UNNAMED = "?"
"""Label of what is marked to be no ventricular flutter or fibrillation, and nothing else."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RhythmSpans:
    """The rhythms of a recording, in time order.

    Parameters
    ----------
    begin, end : ndarray of int64, shape (n,)
        First sample of each, and the one after its last: the first of the next.
    label : ndarray of str, shape (n,)
        Label of each without the parenthesis, such as ``AFIB``; never that of the one before.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    label: NDArray[np.str_]

    def of(self, *labels: str) -> Spans:
        """Return the spans in which one of these rhythms is in force, shape (m, 2)."""
        chosen = np.isin(self.label, labels)
        return union(np.stack([self.begin[chosen], self.end[chosen]], axis=1))


def rhythm_spans(annotation: Annotation, n_samples: int) -> RhythmSpans:
    """Return the spans between the notes of rhythm.

    Before the first note no rhythm is known. A ``+`` without a label, and one that repeats the
    rhythm in force, change nothing.

    Parameters
    ----------
    annotation : Annotation
        With a ``+`` wherever the rhythm changes.
    n_samples : int
        Length of the recording in samples, where the last span ends.

    Returns
    -------
    RhythmSpans
    """
    notes = annotation.select(annotation.symbol == "+")
    notes = notes.select(np.array([note[:1] == "(" for note in notes.aux_note], dtype=np.bool_))
    begin = np.minimum(notes.sample, n_samples)
    label = np.array([note[1:].strip() for note in notes.aux_note], dtype=np.str_)
    # Of two notes on one sample the last holds.
    lasts = np.diff(begin, append=n_samples) > 0
    return _spans_of(begin[lasts], label[lasts], n_samples)


def marked_rhythms(annotation: Annotation, n_samples: int) -> RhythmSpans:
    """Return the rhythms that a reference marks in either way: by notes, and by ``[`` and ``]``.

    From ``[`` to ``]`` the rhythm is ``VFL``. A reference that has these and no notes, as cudb's,
    says of all other time that it is something else: `UNNAMED`.

    Parameters
    ----------
    annotation : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    RhythmSpans
    """
    noted, flutter = rhythm_spans(annotation, n_samples), flutter_spans(annotation, n_samples)
    if len(flutter) == 0:
        return noted
    start = np.zeros(1, dtype=np.int64)
    begin = np.unique(np.concatenate([noted.begin if len(noted.begin) else start, flutter.ravel()]))
    begin = begin[begin < n_samples]
    label = np.append(noted.label, UNNAMED)[
        np.searchsorted(noted.begin, begin, side="right") - 1  # the last one before any note
    ]
    label = np.where(hold(flutter, begin), "VFL", label)
    return _spans_of(begin, label, n_samples)


def _spans_of(begin: NDArray[np.int64], label: NDArray[np.str_], n_samples: int) -> RhythmSpans:
    """Return spans up to the next label that differs."""
    changes = np.append(True, label[1:] != label[:-1])[: len(label)]
    begin, label = begin[changes], label[changes]
    return RhythmSpans(begin=begin, end=np.append(begin, n_samples)[1:], label=label)


def named_rhythms(annotation: Annotation, n_samples: int) -> tuple[RhythmSpan, ...]:
    """Return the spans of `marked_rhythms` that have a name, in time order.

    Parameters
    ----------
    annotation : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    tuple of RhythmSpan
    """
    marked = marked_rhythms(annotation, n_samples)
    spans = zip(marked.begin.tolist(), marked.end.tolist(), marked.label.tolist(), strict=True)
    return tuple(
        RhythmSpan(begin=begin, end=end, kind=label)
        for begin, end, label in spans
        if label != UNNAMED
    )


def flutter_spans(annotation: Annotation, n_samples: int) -> Spans:
    """Return ventricular flutter or fibrillation, from a ``[`` to its ``]``, both included.

    Parameters
    ----------
    annotation : Annotation
        Further ``[`` inside a span change nothing, nor does a ``]`` outside.
    n_samples : int
        Length of the recording in samples, where a span without a ``]`` ends.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        In time order; they neither overlap nor touch.
    """
    at = np.flatnonzero(np.isin(annotation.symbol, ("[", "]")))
    opens = annotation.symbol[at] == "["
    edge = np.append(annotation.sample[at] + ~opens, n_samples)[runs(opens)]
    return union(np.minimum(edge, n_samples))
