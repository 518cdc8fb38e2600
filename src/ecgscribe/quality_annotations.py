"""Quality annotations (``~``): the one place that encodes and decodes their bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import Annotation

__all__ = [
    "ALL_READABLE",
    "LOST_BITS",
    "NOISY_BITS",
    "NONE_READABLE",
    "dark",
    "last_sample",
    "noisy",
    "readable_seconds",
    "unreadable",
    "unreadable_spans",
]


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


NOISY_BITS, LOST_BITS = (0x01, 0x02), (0x10, 0x20)
"""Bits of the subtype of ``~`` that say, of the first and the second lead, that it is noisy or
cannot be read, as in the MIT-BIH database."""


def unreadable_spans(annotation: Annotation, n_samples: int) -> NDArray[np.int64]:
    """List the stretches that are lost or noisy in every lead.

    Parameters
    ----------
    annotation : Annotation
        With ``~`` wherever that changes; each holds until the next.
    n_samples : int
        Length of the recording.

    Returns
    -------
    ndarray of int64, shape (m, 2)
        First sample of each and the one after its last; they do not touch.
    """
    mark = annotation.symbol == "~"
    subtype = annotation.subtype[mark]
    bad = np.logical_and.reduce(
        [subtype & (noisy | lost) != 0 for noisy, lost in zip(NOISY_BITS, LOST_BITS, strict=True)]
    )
    edge = np.append(annotation.sample[mark], n_samples)
    keep = bad & (np.diff(edge) > 0)
    begin, end = edge[:-1][keep], edge[1:][keep]
    apart = np.append(True, begin[1:] > end[:-1])[: len(begin)]
    return np.stack([begin[apart], end[np.append(apart[1:], True)[: len(end)]]], axis=1)


def readable_seconds(annotation: Annotation, n_samples: int) -> float:
    """Sum up the time in which a lead, at least, is neither lost nor noisy.

    Parameters
    ----------
    annotation, n_samples
        See `unreadable_spans`.
    """
    stretches = unreadable_spans(annotation, n_samples)
    return float(n_samples - np.diff(stretches, axis=1).sum()) / annotation.fs


NONE_READABLE, ALL_READABLE = -1, 0
"""Subtypes of ``~`` as in the MIT-BIH database: all bits set, no signal can be read; 0, all can."""
