"""Rhythm annotations (``+``): the one place that names, encodes and decodes them.

The note of a ``+`` names the rhythm that holds from there to the next one, as in the MIT-BIH
databases (https://physionet.org/physiotools/wag/intro.htm): ``(N``, ``(AFIB``, ``(AFL``,
``(SVTA``, ``(VT``, ``(VFL``. ecgscribe also writes ``(ASYS`` for standstill, as vfdb does. ``[``
and ``]`` enclose ventricular flutter and fibrillation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RHYTHM_KINDS",
    "RHYTHM_NAMES",
    "RhythmKind",
    "RhythmMarks",
    "RhythmSpan",
    "decode_rhythms",
    "encode_rhythms",
]


RhythmKind = Literal["N", "AFIB", "AFL", "SVTA", "VT", "VFL", "ASYS"]
"""Rhythms that ecgscribe recognises."""


RHYTHM_KINDS: tuple[RhythmKind, ...] = get_args(RhythmKind)


RHYTHM_NAMES: dict[str, str] = {
    "N": "no arrhythmia of these",
    "AFIB": "atrial fibrillation or flutter",
    "AFL": "regular atrial flutter",
    "SVTA": "supraventricular tachyarrhythmia",
    "VT": "ventricular tachycardia",
    "VFL": "ventricular flutter or fibrillation",
    "ASYS": "standstill",
}


@dataclass(frozen=True, kw_only=True)
class RhythmSpan:
    """A part of a recording with one rhythm.

    Parameters
    ----------
    begin, end : int
        First sample, and the one after the last.
    kind : str
        Its note without the parenthesis, such as ``AFIB``: one of `RHYTHM_KINDS`, or what a
        reference annotation names.
    probability : float
        Mean probability of the rhythm over the span; NaN where none was predicted.
    """

    begin: int
    end: int
    kind: str
    probability: float = math.nan


class RhythmMarks(NamedTuple):
    """Rhythm annotations in time order, with ``[`` and ``]``; arrays of shape (n,)."""

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    aux_note: NDArray[np.str_]
    score: NDArray[np.float32]
    """Probability of the rhythm that begins; NaN for ``[`` and ``]``."""


def encode_rhythms(spans: Sequence[RhythmSpan]) -> RhythmMarks:
    """Return a ``+`` where each rhythm begins, and ``[`` and ``]`` around ventricular flutter.

    Parameters
    ----------
    spans : sequence of RhythmSpan
        In time order, without gaps; the ``]`` of the last one is put at its end.
    """
    rows: list[tuple[int, str, str, float]] = []
    for span in spans:
        rows.append((span.begin, "+", f"({span.kind}", span.probability))
        if span.kind == "VFL":
            rows += [(span.begin, "[", "", math.nan), (span.end, "]", "", math.nan)]
    # A rhythm begins where flutter ends: its end comes first.
    rows.sort(key=lambda row: (row[0], row[1] != "]"))
    sample, symbol, note, score = zip(*rows, strict=True) if rows else ((),) * 4
    return RhythmMarks(
        np.array(sample, dtype=np.int64),
        np.array(symbol, dtype=np.str_),
        np.array(note, dtype=np.str_),
        np.array(score, dtype=np.float32),
    )


def decode_rhythms(
    sample: NDArray[np.int64],
    symbol: NDArray[np.str_],
    aux_note: NDArray[np.str_],
    *,
    probability: NDArray[np.float32] | None = None,
    n_samples: int | None = None,
) -> tuple[RhythmSpan, ...]:
    """Return the spans of the rhythm annotations among annotations in time order.

    Parameters
    ----------
    sample, symbol, aux_note : ndarray, shape (n,)
        See `ecgscribe.record.Annotation`.
    probability : ndarray of float32, shape (n,), optional
        Of the rhythm that begins there.
    n_samples : int, optional
        Length of the recording; without it, the last span ends with the last annotation.

    Returns
    -------
    tuple of RhythmSpan
        They follow one another without a gap; empty spans are left out.
    """
    at = np.flatnonzero((symbol == "+") & np.char.startswith(aux_note, "("))
    if len(at) == 0:
        return ()
    end = np.append(sample[at[1:]], int(sample[-1]) + 1 if n_samples is None else n_samples)
    return tuple(
        RhythmSpan(
            begin=int(sample[i]),
            end=int(stop),
            kind=str(aux_note[i])[1:].strip(),
            probability=math.nan if probability is None else float(probability[i]),
        )
        for i, stop in zip(at.tolist(), end.tolist(), strict=True)
        if stop > sample[i]
    )
