"""Quality annotations (``~``): the one place that encodes and decodes them.

The subtype of a ``~`` holds from there to the next one. It has bits for the first two leads of a
recording, as in the MIT-BIH databases (https://physionet.org/physiotools/wag/intro.htm): whether
each is *noisy*, and whether it is *lost*, that is, holds no signal. Where every lead is lost or
noisy, the recording is *unreadable*. Of a recording with one lead, ecgscribe writes the bits of
both; a subtype does not describe further leads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.record import Annotation

__all__ = [
    "ALL_READABLE",
    "NONE_READABLE",
    "LeadStates",
    "QualityBits",
    "QualitySpans",
    "decode_subtype",
    "encode_note",
    "encode_subtype",
    "excerpt",
    "readable_seconds",
    "spans",
    "unreadable_spans",
]


class QualityBits(IntFlag):
    """Bits of the subtype of a ``~``."""

    FIRST_NOISY = 0x01
    SECOND_NOISY = 0x02
    FIRST_LOST = 0x10
    SECOND_LOST = 0x20


NONE_READABLE, ALL_READABLE = -1, 0
"""Subtypes as in the MIT-BIH database: with all bits set every lead is lost; with none, no lead is
lost or noisy."""


_NOISY = (QualityBits.FIRST_NOISY, QualityBits.SECOND_NOISY)
_LOST = (QualityBits.FIRST_LOST, QualityBits.SECOND_LOST)


Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LeadStates:
    """What subtypes mean for the first two leads.

    Parameters
    ----------
    lost : ndarray of bool, shape (n, 2)
        Whether each lead is lost.
    noisy : ndarray of bool, shape (n, 2)
        Whether each lead is noisy; false where it is lost.
    """

    lost: Flags
    noisy: Flags

    @property
    def all_lost(self) -> Flags:
        """Whether both leads are lost, shape (n,)."""
        return np.asarray(self.lost.all(axis=1))

    @property
    def unreadable(self) -> Flags:
        """Whether every lead is lost or noisy, shape (n,)."""
        return np.asarray((self.lost | self.noisy).all(axis=1))


def encode_subtype(lost: Flags, *, noisy: Flags | None = None) -> Positions:
    """Return the subtypes that describe the leads of a recording.

    Parameters
    ----------
    lost : ndarray of bool, shape (n, 1) or (n, 2)
        Whether each lead is lost.
    noisy : ndarray of bool, shape (n,), optional
        Whether the leads that are not lost are noisy.

    Returns
    -------
    ndarray of int64, shape (n,)
        `NONE_READABLE` where all leads are lost.
    """
    subtype = np.zeros(len(lost), dtype=np.int64)
    for bit, lead in zip(_LOST, lost.T, strict=False):
        subtype[lead] |= int(bit)
    if noisy is not None:
        for noisy_bit, lost_bit in zip(_NOISY, _LOST, strict=True):
            subtype[noisy & (subtype & int(lost_bit) == 0)] |= int(noisy_bit)
    subtype[lost.all(axis=1)] = NONE_READABLE
    return subtype


def decode_subtype(subtype: Positions) -> LeadStates:
    """Return what subtypes, shape (n,), mean for the first two leads."""
    lost, noisy = (
        np.stack([subtype & int(bit) != 0 for bit in bits], axis=1) for bits in (_LOST, _NOISY)
    )
    return LeadStates(lost, noisy & ~lost)


def encode_note(subtype: int, leads: Sequence[str]) -> str:
    """Return the text that is written with a subtype.

    Parameters
    ----------
    subtype : int
        As `encode_subtype` returns it.
    leads : sequence of str
        Names of the leads.

    Returns
    -------
    str
        Such as ``readable``, ``unreadable`` (all leads are lost) or ``V1 unreadable, noise``.
    """
    if subtype in (NONE_READABLE, ALL_READABLE):
        return "unreadable" if subtype == NONE_READABLE else "readable"
    state = decode_subtype(np.array([subtype]))
    notes = [f"{name} unreadable" for name, lost in zip(leads, state.lost[0], strict=False) if lost]
    return ", ".join(notes + ["noise"] * bool(state.noisy.any()))


@dataclass(frozen=True, eq=False)
class QualitySpans:
    """One span for each ``~``, in time order.

    Parameters
    ----------
    begin, end : ndarray of int64, shape (n,)
        First sample of each, and the one after its last; a span may be empty.
    state : LeadStates
        What holds in each.
    """

    begin: Positions
    end: Positions
    state: LeadStates


def spans(annotation: Annotation, n_samples: int) -> QualitySpans:
    """Return the spans between quality annotations.

    Parameters
    ----------
    annotation : Annotation
        With a ``~`` wherever the quality of a lead changes.
    n_samples : int
        Length of the recording, where the last span ends.
    """
    is_quality = annotation.symbol == "~"
    edge = np.append(annotation.sample[is_quality], n_samples)
    return QualitySpans(edge[:-1], edge[1:], decode_subtype(annotation.subtype[is_quality]))


def unreadable_spans(annotation: Annotation, n_samples: int) -> Positions:
    """Return the spans in which every lead is lost or noisy.

    Parameters
    ----------
    annotation, n_samples
        See `spans`.

    Returns
    -------
    ndarray of int64, shape (m, 2)
        First sample of each and the one after its last; they do not touch.
    """
    all_spans = spans(annotation, n_samples)
    lasting = all_spans.end > all_spans.begin
    bad = all_spans.state.unreadable[lasting]
    edge = np.append(all_spans.begin[lasting], n_samples)
    return np.asarray(edge[runs(bad)])


def readable_seconds(annotation: Annotation, n_samples: int) -> float:
    """Return the time in s in which at least one lead is neither lost nor noisy.

    Parameters
    ----------
    annotation, n_samples
        See `spans`.
    """
    unreadable = unreadable_spans(annotation, n_samples)
    return float(n_samples - np.diff(unreadable, axis=1).sum()) / annotation.fs


def excerpt(annotation: Annotation, begin: int, end: int) -> Annotation:
    """Return the annotations of samples `begin` up to `end`, as of a recording of its own.

    The quality that holds at `begin` is carried over: the excerpt then starts with a ``~``, and has
    neither notes nor scores.
    """
    first, last = np.searchsorted(annotation.sample, [begin, end]).tolist()
    part = annotation.select(slice(first, last))
    part = dataclasses.replace(part, sample=part.sample - begin, n_samples=end - begin)
    earlier = np.flatnonzero(annotation.symbol[:first] == "~")
    if len(earlier) == 0:
        return part
    return Annotation(
        sample=np.append(0, part.sample),
        symbol=np.append("~", part.symbol),
        fs=part.fs,
        subtype=np.append(annotation.subtype[earlier[-1]], part.subtype),
        name=part.name,
        mapping=part.mapping,
        n_samples=part.n_samples,
    )
