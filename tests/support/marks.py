"""Annotations from a list of marks, each its time in s, its symbol and, if there is one, a note."""

from __future__ import annotations

import numpy as np

from ecgscribe.record import Annotation

Mark = tuple[float, str] | tuple[float, str, str | int]


def annotation(*marks: Mark, fs: float = 100.0) -> Annotation:
    """Return an annotation of these marks, in time order; a note that is a number is a subtype."""
    ordered = sorted(marks, key=lambda mark: mark[0])
    notes = [mark[2] if len(mark) == 3 else "" for mark in ordered]
    return Annotation(
        np.array([round(mark[0] * fs) for mark in ordered], dtype=np.int64),
        np.array([mark[1] for mark in ordered], dtype=np.str_),
        fs,
        subtype=np.array([note if isinstance(note, int) else 0 for note in notes], dtype=np.int64),
        aux_note=np.array([note if isinstance(note, str) else "" for note in notes], np.str_),
    )


def beats(symbols: str, first: float, rr: float) -> list[Mark]:
    """Return one beat for each symbol, the first at `first` s, then every `rr` s."""
    return [(first + k * rr, symbol) for k, symbol in enumerate(symbols)]
