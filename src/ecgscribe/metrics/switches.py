"""Spans that annotations switch on and off, as the reference programs of EC57 read them.

A ``+`` marks a change of rhythm; its note names the new one, such as ``(AFIB``
(https://physionet.org/physiotools/wag/intro.htm). ``[`` and ``]`` enclose ventricular flutter or
fibrillation. These programs know no length of a recording, so that a span may have no end; where
the length is known, see `ecgscribe.metrics.rhythm_spans`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import Annotation

__all__ = [
    "ATRIAL_RHYTHMS",
    "FAR",
    "VENTRICULAR_RHYTHMS",
    "Spans",
    "flutter_switches",
    "join_switches",
    "rhythm_name",
    "rhythm_switches",
]


FAR = 1 << 62
"""A sample beyond any recording: where a span without an end stops."""


ATRIAL_RHYTHMS = frozenset({"AFIB", "AFL"})
"""Atrial fibrillation and flutter."""


VENTRICULAR_RHYTHMS = frozenset({"VFL", "VF", "VFIB"})
"""Ventricular flutter and fibrillation; databases write the latter in two ways."""


_Int = NDArray[np.int64]
_Bool = NDArray[np.bool_]


class Spans(NamedTuple):
    """Spans that do not overlap, in time order.

    Parameters
    ----------
    first, stop : ndarray of int64, shape (n,)
        First sample of each span, and the one after its last; `FAR` for a span without an end.
    """

    first: _Int
    stop: _Int

    def hold(self, sample: _Int) -> _Bool:
        """Return which samples lie inside a span."""
        k = np.searchsorted(self.first, sample, side="right")
        return sample < np.append(np.int64(-1), self.stop)[k]

    def break_intervals(self, sample: _Int) -> _Bool:
        """Return which intervals between neighbouring samples a span touches; shape (n - 1,)."""
        k = np.searchsorted(self.first, sample[1:], side="left")
        return sample[:-1] < np.append(np.int64(-1), self.stop)[k]

    def clip(self, begin: int, end: int) -> Spans:
        """Return the parts of the spans from `begin` up to `end`; empty parts are left out."""
        first, stop = np.maximum(self.first, begin), np.minimum(self.stop, end)
        return Spans(first[first < stop], stop[first < stop])


def join_switches(switches: Iterable[tuple[int, bool]]) -> Spans:
    """Join switches (sample, on) into spans.

    To switch on what is on, or off what is off, changes nothing.
    """
    first: list[int] = []
    stop: list[int] = []
    for sample, on in switches:
        if on and len(first) == len(stop):
            first.append(sample)
        elif not on and len(first) > len(stop):
            stop.append(sample)
    stop += [FAR] * (len(first) - len(stop))
    return Spans(np.array(first, dtype=np.int64), np.array(stop, dtype=np.int64))


def rhythm_name(aux_note: str) -> str:
    """Return the rhythm that the note of a ``+`` names: ``AFIB`` of ``(AFIB``; '' if none."""
    return aux_note.rstrip("\0 ")[1:] if aux_note.startswith("(") else ""


def rhythm_switches(annotation: Annotation, names: Collection[str]) -> Spans:
    """Return the spans of some rhythms, each from its ``+`` to the next that names another.

    Parameters
    ----------
    annotation : Annotation
        Whatever is not ``+`` is ignored.
    names : collection of str
        The rhythms, without the bracket, such as ``{"AFIB"}``. A change from one to another of
        them does not divide a span.

    Returns
    -------
    Spans
        The last span has no end if no other rhythm follows.
    """
    at = np.flatnonzero(annotation.symbol == "+")
    return join_switches(
        (sample, rhythm_name(note) in names)
        for sample, note in zip(
            annotation.sample[at].tolist(), annotation.aux_note[at].tolist(), strict=True
        )
    )


def flutter_switches(annotation: Annotation) -> Spans:
    """Return ventricular flutter or fibrillation, each span from ``[`` up to its ``]``."""
    at = np.flatnonzero(np.isin(annotation.symbol, ("[", "]")))
    on = annotation.symbol[at] == "["
    return join_switches(zip(annotation.sample[at].tolist(), on.tolist(), strict=True))
