"""Time without beats: pauses, and gaps that noise or a lost lead hides from the RR intervals.

A *pause* is an RR interval that counts and is longer than a limit. Where a heart stands still for
long, or a lead is off, no beat is found and the time counts as unreadable; no RR interval crosses
it. If the signal there is quiet, that is, never as high as a QRS, this is a *gap*: a pause or a
lead that is off, which only a reader can tell apart. In noise and in ventricular flutter the signal
is not quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rhythm_episodes import RhythmEpisode
from ecgscribe.analysis.rr_intervals import PAUSE_S, BeatSeries, pauses
from ecgscribe.record import Annotation, LazyRecord

__all__ = ["NO_CLASS", "Pause", "times_without_beats"]


NO_CLASS = -1
"""Class of the beat before a gap at the start of a recording, and of that after one at its end."""
_NEAR_BEATS = 8  # to each side, whose QRS a gap is compared with
_PART_S = 0.25  # over which the height of the signal is measured
_MOST_PARTS = 240  # of a gap that are read, spread over it
_QUIET = 0.4  # of the height of a QRS: P waves are lower
_QUIET_SHARE = 0.9  # of the parts of a gap that must be quiet
_AFTER_S, _BEFORE_S = 0.5, 0.15  # from R-peaks at the edges: their QRS and T wave do not count


Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Time without beats.

    Parameters
    ----------
    begin, end : int
        Samples of the beats before and after it, or the start or the end of the recording.
    before, after : int
        Indices of the AAMI classes of these beats; `NO_CLASS` where there is none.
    is_gap : bool
        Whether it is no RR interval that counts, but quiet signal without beats.
    """

    begin: int
    end: int
    before: int
    after: int
    is_gap: bool


def times_without_beats(
    record: LazyRecord,
    annotation: Annotation,
    beats: BeatSeries,
    columns: Sequence[int],
    *,
    longer_than: float = PAUSE_S,
    apart_from: Sequence[RhythmEpisode] = (),
) -> tuple[Pause, ...]:
    """Find pauses and gaps.

    Parameters
    ----------
    record : LazyRecord
        The recording, of which only the pieces in and around possible gaps are read.
    annotation : Annotation
        Its annotations.
    beats : BeatSeries
        Its readable beats.
    columns : sequence of int
        Leads to look at.
    longer_than : float
        Seconds.
    apart_from : sequence of RhythmEpisode
        Rhythms that are annotated: no gap is what a ventricular one explains.

    Returns
    -------
    tuple of Pause
        In time order.
    """
    ends = pauses(beats, longer_than=longer_than)
    found = [
        Pause(
            begin=int(beats.sample[k - 1]),
            end=int(beats.sample[k]),
            before=int(beats.class_index[k - 1]),
            after=int(beats.class_index[k]),
            is_gap=False,
        )
        for k in ends.tolist()
    ]
    counted = {pause.begin for pause in found}
    for gap in _possible_gaps(annotation, record.n_samples, longer_than * record.fs):
        known = gap.begin in counted or _is_explained(gap, apart_from)
        if not known and _is_quiet(record, beats, columns, gap):
            found.append(gap)
    return tuple(sorted(found, key=lambda pause: pause.begin))


def _possible_gaps(annotation: Annotation, n_samples: int, longer_than: float) -> list[Pause]:
    """Return where beats of any quality are too far apart."""
    is_beat = annotation.class_index >= 0
    edge = np.concatenate([[0], annotation.sample[is_beat], [n_samples]])
    class_index = np.concatenate([[NO_CLASS], annotation.class_index[is_beat], [NO_CLASS]])
    return [
        Pause(
            begin=int(edge[k]),
            end=int(edge[k + 1]),
            before=int(class_index[k]),
            after=int(class_index[k + 1]),
            is_gap=True,
        )
        for k in np.flatnonzero(np.diff(edge) > longer_than).tolist()
    ]


def _is_explained(gap: Pause, episodes: Sequence[RhythmEpisode]) -> bool:
    """Return whether ventricular flutter, fibrillation or tachycardia fills most of a gap."""
    inside = sum(
        max(min(gap.end, episode.end) - max(gap.begin, episode.begin), 0)
        for episode in episodes
        if episode.kind in ("VFL", "VT")
    )
    return 2 * inside > gap.end - gap.begin


def _is_quiet(record: LazyRecord, beats: BeatSeries, columns: Sequence[int], gap: Pause) -> bool:
    """Return whether nothing in a gap is as high as a QRS, or every lead is flat or missing."""
    height = _qrs_height(record, beats, columns, gap)
    begin = gap.begin + round(_AFTER_S * record.fs)
    end = gap.end - round(_BEFORE_S * record.fs)
    length = round(_PART_S * record.fs)
    n_parts = min((end - begin) // length, _MOST_PARTS)
    if n_parts < 1 or height is None:
        return False
    parts = _parts(record, columns, begin, n_parts, length, end)
    range_of = np.ptp(parts, axis=1)
    has_signal = np.isfinite(range_of) & (range_of > 0)
    low = has_signal & (range_of < _QUIET * height)
    quiet = low.any(axis=1) | ~has_signal.any(axis=1)
    return bool(quiet.mean() >= _QUIET_SHARE)


def _parts(
    record: LazyRecord, columns: Sequence[int], begin: int, n_parts: int, length: int, end: int
) -> Doubles:
    """Read parts of one length: all that fit if they are few, else some, evenly spread.

    Return an array of shape (n_parts, length, n_leads).
    """
    if n_parts < _MOST_PARTS:
        whole = record.read(begin, begin + n_parts * length)[:, list(columns)]
        return whole.astype(np.float64).reshape(n_parts, length, len(columns))
    first = np.linspace(begin, end - length, n_parts).astype(int).tolist()
    parts = [record.read(k, k + length)[:, list(columns)] for k in first]
    return np.stack(parts).astype(np.float64)


def _qrs_height(
    record: LazyRecord, beats: BeatSeries, columns: Sequence[int], gap: Pause
) -> Doubles | None:
    """Return the height of the QRS of the beats nearby in each lead, in the lead's own unit."""
    first, last = np.searchsorted(beats.sample, [gap.begin, gap.end]).tolist()
    near = beats.sample[max(first - _NEAR_BEATS, 0) : last + _NEAR_BEATS]
    if len(near) == 0:
        return None
    around = round(0.1 * record.fs)
    heights = [
        np.ptp(record.read(max(r - around, 0), r + around)[:, list(columns)], axis=0)
        for r in near.tolist()
        if r + around <= record.n_samples
    ]
    return np.asarray(np.nan_to_num(np.median(heights, axis=0))) if heights else None
