"""One annotation as the program rxr reads it: its runs, and the longest run near a time.

ANSI/AAMI EC57 leaves open what begins and ends a run next to fibrillation, a change of rhythm or
unreadable signal. The rules here are those of rxr (WFDB Software Package 10.7.0): they were
inferred from what it prints, and give the same numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ecgscribe.metrics.switches import (
    ATRIAL_RHYTHMS,
    FAR,
    VENTRICULAR_RHYTHMS,
    rhythm_name,
)
from ecgscribe.quality_annotations import decode_subtype
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = ["LONG", "Kind", "Run", "Track", "tracks"]


LONG = 6
"""The length that stands for any run of more than five beats, and for fibrillation."""


Kind = Literal["V", "S"]


_N, _S, _V, _F = range(4)  # of AAMI_CLASSES

# What an annotation means for runs of one kind: one character each, so that a window is a string.
_BEAT = "1"  # a beat of the kind
_BREAK = "0"  # any other beat, or the signal of both leads is lost
_ONSET = "<"  # fibrillation or flutter of the kind begins
_END = ">"  # ... and ends
_OTHER_ONSET = "|"  # fibrillation or flutter of the other kind begins
_NOTHING = "."


class Run(NamedTuple):
    """Consecutive beats of one kind.

    Parameters
    ----------
    first : int
        Sample of the first beat, or where fibrillation begins.
    last : int or None
        Sample of the last beat, or where fibrillation ends; None if another beat follows the
        onset of fibrillation at once.
    length : int
        Number of beats; fibrillation counts as `LONG` from its onset.
    """

    first: int
    last: int | None
    length: int


@dataclass(frozen=True, eq=False)
class Track:
    """The annotations that matter to runs of one kind, in time order.

    Parameters
    ----------
    sample : list of int
        Where each is.
    codes : str
        What each means: one character each.
    first, stop : list of int
        Where each span of fibrillation or flutter of the kind begins and ends.
    """

    sample: list[int]
    codes: str
    first: list[int]
    stop: list[int]

    def runs(self, start: int) -> list[Run]:
        """Return the runs from sample `start` on; what lies before it does not count."""
        found: list[Run] = []
        i = bisect_left(self.sample, start)
        length, first, last = 0, start, None
        if self._has_fibrillation(start, start):
            length = LONG  # fibrillation that began earlier is a long run, too
        for at, code in zip(self.sample[i:], self.codes[i:], strict=True):
            if code == _BEAT:
                first = at if length == 0 else first
                length, last = length + 1, at
            elif code == _BREAK:
                if length:
                    found.append(Run(first, last, length))
                length, last = 0, None
            elif code == _ONSET and length == 0:
                # Within a run the onset does not lengthen it.
                length, first = LONG, at
            elif code == _END and length:
                last = at
        if length:
            found.append(Run(first, last, length))
        return found

    def longest(self, begin: int, end: int) -> int:
        """Return the length of the longest run from `begin` to `end`, both included.

        Only beats inside the window count; 0 if there are none, at most `LONG`.
        """
        # The program takes time before the first sample for fibrillation.
        if begin < 0 or self._has_fibrillation(begin, end):
            return LONG
        # Unlike in `runs`, the onset of the other kind of fibrillation ends a run.
        window = self.codes[bisect_left(self.sample, begin) : bisect_right(self.sample, end)]
        window = window.replace(_OTHER_ONSET, _BREAK).replace(_END, "").replace(_NOTHING, "")
        return min(max(map(len, window.split(_BREAK))), LONG)

    def _has_fibrillation(self, begin: int, end: int) -> bool:
        k = bisect_right(self.first, end)
        return k > 0 and self.stop[k - 1] >= begin


class _Reader:
    """Goes through an annotation once and keeps which fibrillation is in progress."""

    def __init__(self) -> None:
        self.sample: list[int] = []
        self.codes: dict[Kind, list[str]] = {"V": [], "S": []}
        self.first: dict[Kind, list[int]] = {"V": [], "S": []}
        self.stop: dict[Kind, list[int]] = {"V": [], "S": []}
        self.atrial = False

    def beat(self, at: int, index: int) -> None:
        # Fusion beats belong to ventricular runs, and normal beats in atrial fibrillation or
        # flutter to supraventricular runs. Any other beat ends a run, also inside fibrillation.
        is_s = index == _S or (index == _N and self.atrial)
        self._add(at, _BEAT if index in (_V, _F) else _BREAK, _BEAT if is_s else _BREAK)

    def signal_lost(self, at: int) -> None:
        # Runs end, and fibrillation is in progress no longer. Its rhythm stays in force, though:
        # normal beats that follow in atrial fibrillation still belong to supraventricular runs.
        self._switch("V", at, False)
        self._switch("S", at, False)
        self._add(at, _BREAK, _BREAK)

    def change(self, at: int, *, ventricular: bool, atrial: bool | None = None) -> None:
        """Change the rhythm; None leaves atrial fibrillation as it is."""
        v, s = self._switch("V", at, ventricular), _NOTHING
        if atrial is not None:
            s = self._switch("S", at, atrial)
            self.atrial = atrial
        if v == _ONSET and s == _NOTHING:
            s = _OTHER_ONSET
        if s == _ONSET and v == _NOTHING:
            v = _OTHER_ONSET
        self._add(at, v, s)

    def _switch(self, kind: Kind, at: int, on: bool) -> str:
        first, stop = self.first[kind], self.stop[kind]
        if on == (len(first) > len(stop)):
            return _NOTHING
        (first if on else stop).append(at)
        return _ONSET if on else _END

    def _add(self, at: int, ventricular: str, supraventricular: str) -> None:
        self.sample.append(at)
        self.codes["V"].append(ventricular)
        self.codes["S"].append(supraventricular)

    def track(self, kind: Kind) -> Track:
        self._switch(kind, FAR, False)
        return Track(self.sample, "".join(self.codes[kind]), self.first[kind], self.stop[kind])


def tracks(annotation: Annotation, *, mapping: Mapping) -> dict[Kind, Track]:
    """Read an annotation for runs of V and of S.

    Ventricular flutter or fibrillation begins at ``[`` or at a ``+`` that names it, and ends at
    ``]`` or at a ``+`` with another rhythm, whichever comes first; atrial fibrillation or flutter
    lasts from one ``+`` to another.

    Parameters
    ----------
    annotation : Annotation
        Beats, ``+``, ``[``, ``]`` and ``~`` count; all else is ignored.
    mapping : {"ec57", "literature"}
        Table from symbols to classes.

    Returns
    -------
    dict of {"V", "S"} to Track
    """
    reader = _Reader()
    classes = class_indices(annotation.symbol, mapping=mapping)
    lost = (annotation.symbol == "~") & decode_subtype(annotation.subtype).all_lost
    counts = (classes >= 0) | lost | np.isin(annotation.symbol, ("+", "[", "]"))
    columns = (annotation.sample, classes, annotation.symbol, annotation.aux_note)
    for at, index, symbol, note in zip(*(c[counts].tolist() for c in columns), strict=True):
        if index >= 0:
            reader.beat(at, index)
        elif symbol == "~":
            reader.signal_lost(at)
        elif symbol == "+":
            name = rhythm_name(note)
            reader.change(
                at, ventricular=name in VENTRICULAR_RHYTHMS, atrial=name in ATRIAL_RHYTHMS
            )
        else:
            reader.change(at, ventricular=symbol == "[")
    return {"V": reader.track("V"), "S": reader.track("S")}
