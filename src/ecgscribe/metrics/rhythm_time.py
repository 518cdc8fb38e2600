"""What is shown in the time of each rhythm, for databases that mark rhythms and not beats.

Time is counted by the second, and in pieces of 4 s as papers on shock advice do (Picon et al.,
PLoS One 14:e0216756, 2019). A second belongs to the rhythm in force at its end; 2 s on either side
of a change of rhythm are left out, as readers place a change no better than that. Counts of
recordings add up, so that a bootstrap over patients sums and reweights them.

What a test annotation shows as ventricular and as an event is defined in
`ecgscribe.metrics.shown_rhythm`. A second is shown as something where at least half of it is; what
is shown as ventricular may be marked as unreadable, too, and then counts as both.

A piece is 4 consecutive seconds of one rhythm, none of them left out, laid from where the rhythm
begins to count; a rest is dropped. It is called ventricular where at least half of it, 2 s, is
shown so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.errors import FormatError
from ecgscribe.metrics.performance import Doubles, ratio
from ecgscribe.metrics.rhythm_spans import marked_rhythms
from ecgscribe.metrics.shown_rhythm import event_spans, ventricular_spans
from ecgscribe.metrics.spans import covered
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation

__all__ = [
    "GROUPS",
    "MARGIN_S",
    "MEASURES",
    "PIECE_S",
    "ShockScores",
    "TimeShares",
    "rhythm_time",
    "shock_scores",
    "time_shares",
    "window_time",
]


GROUPS: tuple[str, ...] = (
    "VT",
    "VF",
    "sinus",
    "supraventricular",
    "ASYS",
    "NOISE",
    "HGEA",
    "VER",
    "other",
    "ventricular window",
    "other window",
)
"""Rows of the counts. VF also holds flutter; sinus block, bigeminy and nodal rhythm;
supraventricular paced rhythm; other what has no group. The last two are those of `window_time`."""


MEASURES: tuple[str, ...] = (
    "seconds",
    "ventricular",
    "unreadable",
    "event",
    "pieces",
    "ventricular pieces",
)
"""Columns of the counts: seconds, those of them that are shown as ventricular, as unreadable and
with an event, pieces, and those of them that are called ventricular."""


MARGIN_S = 2
"""Seconds on either side of a change of rhythm that are left out."""
PIECE_S = 4
"""Length of a piece in seconds."""


_GROUP_OF = {
    **dict.fromkeys(("VT",), 0),
    **dict.fromkeys(("VF", "VFL", "VFIB"), 1),
    **dict.fromkeys(("N", "NSR", "BI", "B", "SBR", "NOD"), 2),
    **dict.fromkeys(("AFIB", "SVTA", "PM"), 3),
    **{label: GROUPS.index(label) for label in ("ASYS", "NOISE", "HGEA", "VER")},
}
_OTHER, _VENTRICULAR_WINDOW, _OTHER_WINDOW = 8, 9, 10
_LEFT_OUT = -1
_SHOCKED, _NOT_SHOCKED = [0, 1, _VENTRICULAR_WINDOW], [2, 3, 4, _OTHER_WINDOW]


_Int = NDArray[np.int64]


def rhythm_time(reference: Annotation, test: Annotation, *, n_samples: int) -> _Int:
    """Count the seconds of each rhythm of the reference, and how the test annotation shows them.

    Parameters
    ----------
    reference : Annotation
        With a ``+`` wherever the rhythm changes, or ``[`` and ``]`` around ventricular flutter and
        fibrillation; see `ecgscribe.metrics.rhythm_spans.marked_rhythms`. Before the first ``+`` no
        second counts.
    test : Annotation
        Of the same recording.
    n_samples : int
        Length of the recording in samples; an incomplete last second does not count.

    Returns
    -------
    ndarray of int64, shape (11, 6)
        Counts, `GROUPS` by `MEASURES`.

    Raises
    ------
    FormatError
        If the two annotations differ in sampling frequency.
    """
    if reference.fs != test.fs:
        raise FormatError(
            f"annotation {test.name}: expected the reference's sampling frequency "
            f"{reference.fs:g} Hz, found {test.fs:g} Hz; compare annotations of one recording"
        )
    rhythms = marked_rhythms(reference, n_samples)
    edges = _second_edges(n_samples, test.fs)
    group_of_span = [_GROUP_OF.get(label, _OTHER) for label in rhythms.label.tolist()]
    span = np.searchsorted(rhythms.begin, edges[1:], side="left")  # 0 before the first note
    group = np.array([_LEFT_OUT, *group_of_span], dtype=np.int64)[span]
    # The first note begins no change: what was before it is not known.
    changes, margin = rhythms.begin[1:], MARGIN_S * test.fs
    next_change = np.searchsorted(changes, edges[:-1] - margin, side="right")
    near = np.append(changes, np.iinfo(np.int64).max)[next_change] < edges[1:] + margin
    return _counts(np.where(near, _LEFT_OUT, group), span, test, edges, n_samples)


def window_time(
    ventricular: ArrayLike, test: Annotation, *, n_samples: int, width: int = 5
) -> _Int:
    """Count the seconds of windows that are labelled, and how the test annotation shows them.

    A label is that of the rhythm in force at the end of its window, so that a change may lie in a
    window or in the one before. Windows count whose neighbours have the same label.

    Parameters
    ----------
    ventricular : array_like of bool, shape (n,)
        Whether each window is ventricular fibrillation, flutter or tachycardia. The first begins
        with the recording, and each where the one before it ends.
    test : Annotation
    n_samples : int
        Length of the recording in samples.
    width : int
        Length of each window in seconds.

    Returns
    -------
    ndarray of int64, shape (11, 6)
        Counts, `GROUPS` by `MEASURES`; all in the rows ``ventricular window`` and ``other window``.

    Raises
    ------
    ValueError
        If the windows are longer than the recording.
    """
    label = np.asarray(ventricular, dtype=np.bool_)
    edges = _second_edges(n_samples, test.fs)
    if len(label) * width > len(edges) - 1:
        raise ValueError(
            f"expected windows within the {len(edges) - 1} s of the recording, found {len(label)} "
            f"of {width} s; take the windows of this record"
        )
    edges = edges[: len(label) * width + 1]
    same = label[1:] == label[:-1]
    counts = np.append(True, same) & np.append(same, True)
    group = np.where(label, _VENTRICULAR_WINDOW, _OTHER_WINDOW)
    group = np.repeat(np.where(counts[: len(label)], group, _LEFT_OUT), width)
    return _counts(group, group, test, edges, n_samples)


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeShares:
    """Shares of the time in each rhythm, each of shape (..., 11), from 0 to 1; NaN without time.

    Parameters
    ----------
    ventricular, unreadable, event : ndarray of float64
        Share of the seconds that is shown as ventricular, as unreadable, and with an event.
    pieces : ndarray of float64
        Share of the pieces of 4 s that is called ventricular.
    """

    ventricular: Doubles
    unreadable: Doubles
    event: Doubles
    pieces: Doubles


def time_shares(counts: ArrayLike) -> TimeShares:
    """Return shares from counts, or from sums of counts, of shape (..., 11, 6)."""
    table = np.asarray(counts)
    seconds, pieces = table[..., 0], table[..., 4]
    return TimeShares(
        ventricular=ratio(table[..., 1], seconds),
        unreadable=ratio(table[..., 2], seconds),
        event=ratio(table[..., 3], seconds),
        pieces=ratio(table[..., 5], pieces),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ShockScores:
    """Pieces of 4 s, as papers on shock advice count them; each of shape (...).

    Ventricular tachycardia, flutter and fibrillation are to be shocked; the sinus and
    supraventricular groups and standstill are not. Noise, HGEA, VER and other do not count.

    Parameters
    ----------
    tp, fn, tn, fp : ndarray of int64
        Pieces to be shocked that are called ventricular, and that are not; pieces not to be
        shocked that are not called so, and that are.
    se, sp : ndarray of float64
        Sensitivity and specificity, from 0 to 1; NaN without such pieces.
    """

    tp: _Int
    fn: _Int
    tn: _Int
    fp: _Int
    se: Doubles
    sp: Doubles


def shock_scores(counts: ArrayLike) -> ShockScores:
    """Return scores from counts, or from sums of counts, of shape (..., 11, 6)."""
    table = np.asarray(counts)
    pieces, called = table[..., 4], table[..., 5]
    positives, tp = (x[..., _SHOCKED].sum(axis=-1) for x in (pieces, called))
    negatives, fp = (x[..., _NOT_SHOCKED].sum(axis=-1) for x in (pieces, called))
    return ShockScores(
        tp=tp,
        fn=positives - tp,
        tn=negatives - fp,
        fp=fp,
        se=ratio(tp, positives),
        sp=ratio(negatives - fp, negatives),
    )


def _second_edges(n_samples: int, fs: float) -> _Int:
    """Return the first sample of every complete second, and the one after the last."""
    edges: _Int = np.rint(np.arange(int(n_samples / fs) + 2) * fs).astype(np.int64)
    return edges[edges <= n_samples]


def _counts(group: _Int, span: _Int, test: Annotation, edges: _Int, n_samples: int) -> _Int:
    """Count seconds and pieces of each group.

    Parameters
    ----------
    group, span : ndarray of int64, shape (seconds,)
        Group of each second, or `_LEFT_OUT`; no piece reaches from one span into another.
    test : Annotation
    edges : ndarray of int64, shape (seconds + 1,)
    n_samples : int
    """
    length = np.diff(edges)
    shown = [
        covered(spans, edges)
        for spans in (
            ventricular_spans(test, n_samples),
            unreadable_spans(test, n_samples),
            event_spans(test, n_samples),
        )
    ]
    table = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for column, weight in enumerate([length > 0, *(2 * part >= length for part in shown)]):
        table[:, column] = np.bincount(group[weight & (group >= 0)], minlength=len(GROUPS))
    first = _first_of_pieces(group, span)
    whole = edges[first + PIECE_S] - edges[first]
    before = np.append(0, np.cumsum(shown[0]))
    called = 2 * (before[first + PIECE_S] - before[first]) >= whole
    table[:, 4] = np.bincount(group[first], minlength=len(GROUPS))
    table[:, 5] = np.bincount(group[first[called]], minlength=len(GROUPS))
    return table


def _first_of_pieces(group: _Int, span: _Int) -> _Int:
    """Return the first second of each piece."""
    second = np.arange(len(group))
    begins = np.append(True, (np.diff(group) != 0) | (np.diff(span) != 0))[: len(group)]
    begin = np.maximum.accumulate(np.where(begins, second, 0))
    run_ends = np.append(np.flatnonzero(begins)[1:], len(group))
    end = run_ends[np.cumsum(begins) - 1]
    is_first = (second - begin) % PIECE_S == 0
    return np.flatnonzero(is_first & (second + PIECE_S <= end) & (group >= 0))
