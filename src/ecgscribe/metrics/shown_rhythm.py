"""What an annotation shows: readable beats, ventricular rhythm, and events.

It shows *ventricular rhythm* from ``[`` to ``]``, where a ``(VT``, ``(VFL`` or ``(VF`` is in force,
and in a run of at least 3 V. It marks an *event* where it shows ventricular rhythm or standstill
(``(ASYS``), and in a pause: from a note (``"``) that begins with ``PSE``, as in the MIT-BIH
Arrhythmia Database, or with ``pause``, to the next beat, ``~`` or ``+``. A mere absence of beats is
no event.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.metrics.rhythm_spans import flutter_spans, rhythm_spans
from ecgscribe.metrics.spans import Spans, hold, union
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["event_spans", "is_readable", "ventricular_spans"]


_V = AAMI_CLASSES.index("V")
_RUN_BEATS, _RUN_GAP_S = 3, 2.0
_PAUSE_NOTES = ("pse", "pause")


def is_readable(test: Annotation, n_samples: int) -> NDArray[np.bool_]:
    """Return which annotations are beats in readable signal, shape (n,).

    Of an annotation without `quality`, as it is read from a file, only ``~`` marks what is not.

    Parameters
    ----------
    test : Annotation
    n_samples : int
        Length of the recording in samples.
    """
    return test.readable & ~hold(unreadable_spans(test, n_samples), test.sample)


def ventricular_spans(test: Annotation, n_samples: int) -> Spans:
    """Return where an annotation shows ventricular rhythm.

    That is from ``[`` to ``]``, where a ``(VT``, ``(VFL`` or ``(VF`` is in force, and from the
    first to the last beat of a run of at least 3 V (literature mapping), each at most 2 s after the
    one before, none of them unreadable.

    Parameters
    ----------
    test : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        First sample of each and the one after its last; they neither overlap nor touch.
    """
    is_beat = test.class_index >= 0
    sample = test.sample[is_beat]
    v = (is_readable(test, n_samples) & (test.class_index == _V))[is_beat]
    joined = v[1:] & v[:-1] & (np.diff(sample) <= _RUN_GAP_S * test.fs)
    first, last = runs(joined).T
    long = last - first + 1 >= _RUN_BEATS
    of_beats = np.stack([sample[first[long]], sample[last[long]] + 1], axis=1)
    rhythms = rhythm_spans(test, n_samples).of("VT", "VFL", "VF", "VFIB")
    return union(flutter_spans(test, n_samples), rhythms, of_beats)


def event_spans(test: Annotation, n_samples: int) -> Spans:
    """Return where an annotation marks ventricular rhythm, standstill or a pause.

    Parameters
    ----------
    test : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        First sample of each and the one after its last; they neither overlap nor touch.
    """
    notes = [note.lower().startswith(_PAUSE_NOTES) for note in test.aux_note.tolist()]
    begin = test.sample[(test.symbol == '"') & np.array(notes, dtype=np.bool_)]
    is_end = (test.class_index >= 0) | np.isin(test.symbol, ("~", "+"))
    ends = np.append(test.sample[is_end], n_samples)
    end = ends[np.searchsorted(ends[:-1], begin, side="right")]
    standstill = rhythm_spans(test, n_samples).of("ASYS")
    pauses = np.stack([begin, end], axis=1)
    return union(ventricular_spans(test, n_samples), standstill, pauses)
