"""Spans of rhythm in steps of the conditioned signal, and the whole seconds that they touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS

__all__ = ["LEAST_S", "StepSpan", "span_of_seconds", "touched_seconds"]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


LEAST_S = 3
"""Shortest ventricular rhythm and shortest standstill in seconds."""


@dataclass(frozen=True, kw_only=True)
class StepSpan:
    """A span of one rhythm.

    Parameters
    ----------
    begin, end : int
        First step, and the one after the last.
    kind : str
        See `ecgscribe.rhythms.RHYTHM_KINDS`.
    probability : float
        Mean over its seconds.
    """

    begin: int
    end: int
    kind: RhythmKind
    probability: float

    def __len__(self) -> int:
        return self.end - self.begin


def span_of_seconds(kind: RhythmKind, begin: int, end: int, probability: Floats) -> StepSpan:
    """Make a span of whole seconds.

    Parameters
    ----------
    kind : str
        See `ecgscribe.rhythms.RHYTHM_KINDS`.
    begin, end : int
        First second, and the one after the last.
    probability : ndarray of float32, shape (n_seconds,)
        That of the rhythm in every whole second of the recording.
    """
    mean = float(probability[begin:end].mean())
    return StepSpan(begin=begin * FS, end=end * FS, kind=kind, probability=mean)


def touched_seconds(spans: Sequence[StepSpan], n: int) -> Flags:
    """Return which seconds a span touches, shape (n,)."""
    covered = np.zeros(n, dtype=np.bool_)
    for span in spans:
        covered[span.begin // FS : -(-span.end // FS)] = True
    return covered
