"""Standstill: from one beat to the next, and only where a heart beats before or after it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.pipeline.step_spans import LEAST_S, StepSpan
from ecgscribe.signal.windows import FS

__all__ = ["beside_a_heart", "standstill_spans", "sure_beats"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


EDGE_S = 1.5
"""Seconds at each end by which a standstill may reach further than its seconds: to the beat."""
BESIDE_S = 10
"""Seconds within which a standstill has beats or a ventricular rhythm beside it: a heart stands
still only after it has beaten. Otherwise a lead is off."""
BEATS_BESIDE = 3
"""Beats that must lie there: in noise, a single one may be false."""


def standstill_spans(smooth: Floats, beats: Doubles, rest: Flags, n_steps: int) -> list[StepSpan]:
    """Return where the heart stands still.

    Parameters
    ----------
    smooth : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Probabilities of every whole second, smoothed.
    beats : ndarray of float64, shape (n,)
        R-peaks in steps; none lies within a standstill.
    rest : ndarray of bool, shape (n_seconds,)
        Seconds that no other rhythm takes.
    n_steps : int
        Length of the recording.

    Returns
    -------
    list of StepSpan
        In time order, each of `LEAST_S` or longer.
    """
    still = smooth[:, Rhythm.STANDSTILL]
    at = beats.astype(np.int64)
    spans = []
    for begin, end in runs((still > 0.5) & rest).tolist():
        stop = end * FS if end < len(still) else n_steps
        first, last = np.searchsorted(at, [begin * FS, stop]).tolist()
        # A second with a beat is no standstill, but the rest of it is: up to the beat.
        edges = [begin * FS - 1, *at[first:last].tolist(), stop]
        if first and _is_near(int(at[first - 1]), begin * FS, rest):
            edges[0] = int(at[first - 1])
        if last < len(at) and _is_near(int(at[last]), stop, rest):
            edges[-1] = int(at[last])
        for before, after in pairwise(edges):
            if after - before - 1 >= LEAST_S * FS:
                mean = float(still[begin:end].mean())
                spans.append(StepSpan(begin=before + 1, end=after, kind="ASYS", probability=mean))
    return spans


def sure_beats(beats: Doubles, smooth: Floats) -> Doubles:
    """Return the beats of seconds in which a rhythm shows, and not noise.

    Parameters
    ----------
    beats : ndarray of float64, shape (n,)
        R-peaks in steps.
    smooth : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Probabilities of every whole second, smoothed.
    """
    second = np.minimum(beats.astype(np.int64) // FS, len(smooth) - 1)
    shows = smooth[:, Rhythm.PLAIN] + smooth[:, Rhythm.FIBRILLATION] > 0.5
    return np.asarray(beats[shows[second]])


def beside_a_heart(
    still: Sequence[StepSpan], beats: Doubles, ventricular: Sequence[StepSpan]
) -> list[StepSpan]:
    """Leave out groups of standstills with neither beats nor flutter around or in between.

    Parameters
    ----------
    still : sequence of StepSpan
        In time order; those at most `BESIDE_S` apart are a group.
    beats : ndarray of float64, shape (n,)
        R-peaks in steps; see `sure_beats`.
    ventricular : sequence of StepSpan
        Ventricular rhythms.
    """
    reach = BESIDE_S * FS
    edges = np.array([edge for span in ventricular for edge in (span.begin, span.end)])
    # A ventricular rhythm is as sure as several beats.
    signs = np.sort(np.concatenate([beats, np.repeat(edges, BEATS_BESIDE)]))
    starts = [k for k in range(len(still)) if not k or still[k].begin - still[k - 1].end > reach]
    kept: list[StepSpan] = []
    for first, last in pairwise([*starts, len(still)]):
        group = still[first:last]
        begin, end = group[0].begin, group[-1].end
        around = _n_within(signs, begin - reach, begin) + _n_within(signs, end, end + reach)
        between = [_n_within(signs, one.end, other.begin) for one, other in pairwise(group)]
        if max([around, *between]) >= BEATS_BESIDE:
            kept += group
    return kept


def _n_within(signs: Doubles, begin: int, end: int) -> int:
    """Count those from `begin` to `end`, both included."""
    first, last = np.searchsorted(signs, begin), np.searchsorted(signs, end, side="right")
    return int(last - first)


def _is_near(beat: int, edge: int, rest: Flags) -> bool:
    """Return whether a span may reach from `edge` to a beat, only over seconds that are left."""
    first, last = sorted((beat // FS, min(edge // FS, len(rest) - 1)))
    return abs(beat - edge) <= EDGE_S * FS and bool(rest[first : last + 1].all())
