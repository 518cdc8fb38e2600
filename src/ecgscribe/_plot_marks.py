"""What pictures need to know of annotations: stretches without a signal, and RR intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import Annotation

__all__ = ["dark", "intervals", "last_sample", "noisy", "unreadable"]

Stretches = list[tuple[int, int, int]]

BOTH = 0b11
"""Bits of both leads that subtypes of ``~`` speak of."""


def unreadable(annotation: Annotation, *, end: int) -> Stretches:
    """List the stretches that ``~`` annotations mark as unreadable.

    Parameters
    ----------
    annotation : Annotation
        Annotations of a recording.
    end : int
        Sample at which the last stretch stops if nothing ends it.

    Returns
    -------
    list of (first sample, sample after the last, leads)
        Bit k of `leads` stands for lead k: subtype bits 4 and 5 of WFDB signal quality marks
        (https://physionet.org/physiotools/wag/intro.htm). Each ``~`` ends the one before it.
    """
    marks = [(first, stop, bits >> 4 & BOTH) for first, stop, bits in _marks(annotation, end)]
    return [mark for mark in marks if mark[2]]


def noisy(annotation: Annotation, *, end: int) -> Stretches:
    """List the stretches that ``~`` annotations mark as noise, in leads that can be read.

    As `unreadable`, of subtype bits 0 and 1.
    """
    marks = [
        (first, stop, bits & BOTH & ~(bits >> 4)) for first, stop, bits in _marks(annotation, end)
    ]
    return [mark for mark in marks if mark[2]]


def _marks(annotation: Annotation, end: int) -> Stretches:
    mark = annotation.symbol == "~"
    sample = np.append(annotation.sample[mark], end).tolist()
    return [
        (sample[k], sample[k + 1], bits) for k, bits in enumerate(annotation.subtype[mark].tolist())
    ]


def last_sample(annotation: Annotation) -> int:
    """Give the last sample that is known to belong to the recording."""
    return int(annotation.sample[-1]) if len(annotation) else 0


def dark(annotation: Annotation) -> NDArray[np.int64]:
    """Stretches in which no lead can be read or all is noise, shape (n, 2), in time order."""
    stretches = [
        (first, stop)
        for first, stop, bits in _marks(annotation, last_sample(annotation))
        if (bits | bits >> 4) & BOTH == BOTH
    ]
    return np.array(stretches, dtype=np.int64).reshape(-1, 2)


def intervals(annotation: Annotation) -> tuple[Annotation, NDArray[np.float64]]:
    """Give the beats and the RR interval in s before each, NaN where a beat may lie unseen."""
    beats = annotation.beats()
    rr = np.diff(beats.sample, prepend=np.int64(0)) / beats.fs
    rr[:1] = np.nan
    rr[rr <= 0] = np.nan
    begin, stop = dark(annotation).T
    before = np.insert(beats.sample, 0, 0)[:-1]
    inside = np.searchsorted(begin, beats.sample) > np.searchsorted(stop, before, side="right")
    seen = beats.readable
    rr[inside | ~seen | ~np.insert(seen, 0, False)[:-1]] = np.nan
    return beats, rr
