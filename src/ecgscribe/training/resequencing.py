"""Resequence a recording: place its own beats at new RR intervals.

Each beat keeps its signal from the start of its P wave to the end of its T wave. What lies between
two beats is stretched or cut to the new RR interval. Where beats come so close that a P wave falls
on the T wave of the beat before, the two are added.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example

__all__ = ["SHORTEST_RR", "BeatPlan", "identity_plan", "resequence"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

P_BEGINS, P_ENDS = 0.24, 0.06
"""Seconds before the R-peak between which the P wave lies."""
T_ENDS = 0.42
"""Seconds after the R-peak up to which a beat keeps its signal."""
P_MOST, T_MOST = 0.4, 0.55
"""Largest parts of an RR interval that belong to the beat after it and to the beat before it."""
QRS_BEFORE, QRS_AFTER = 0.07, 0.1
"""Seconds around the R-peak to which no wave of another beat is added."""
SHORTEST_RR = 0.3
"""Shortest RR interval of a resequenced recording in seconds."""


@dataclass(frozen=True, eq=False)
class BeatPlan:
    """The sequence in which the beats of a record are to come; its arrays may be changed in place.

    Parameters
    ----------
    beat : ndarray of int64, shape (n,)
        Index of each new beat in the record.
    rr : ndarray of float64, shape (n,)
        Seconds from the beat before; the first is not used.
    class_index : ndarray of int8, shape (n,)
        Class of each new beat.
    p_wave : ndarray of float32, shape (n, 2)
        Factor by which the P wave is multiplied in each lead.
    before, after : ndarray of float64, shape (n,)
        Factors by which the signal before and after the QRS is stretched in time: the P wave comes
        closer, and the T wave earlier, when the rate rises.
    """

    beat: NDArray[np.int64]
    rr: Doubles
    class_index: NDArray[np.int8]
    p_wave: Floats
    before: Doubles
    after: Doubles

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> BeatPlan:
        """Return the plan of some beats: those of a mask, shape (n,), or at these positions."""
        return BeatPlan(*(getattr(self, field.name)[which] for field in dataclasses.fields(self)))


class _Side:
    """The signal of each beat on one side of its R-peak, stretched beyond the QRS.

    Parameters
    ----------
    extent : ndarray of float64, shape (n,)
        Steps that belong to each beat as recorded.
    qrs : float
        Steps next to the R-peak that are not stretched.
    factor : ndarray of float64, shape (n,)
        Factor by which the others are stretched.
    """

    def __init__(self, extent: Doubles, qrs: float, factor: Doubles) -> None:
        self._recorded, self._qrs = extent, np.minimum(qrs, extent)
        self._factor = factor
        self.extent: Doubles = self._qrs + (extent - self._qrs) * factor
        """Steps that belong to each beat now, shape (n,)."""

    def recorded(self, beat: int, distance: Doubles) -> Doubles:
        """Return the recorded distance from the R-peak of a beat that is now at `distance`."""
        qrs, factor = self._qrs[beat], self._factor[beat]
        stretched = qrs + (distance - qrs) / factor
        beyond = self._recorded[beat] + distance - self.extent[beat]
        return np.where(
            distance <= qrs, distance, np.where(distance <= self.extent[beat], stretched, beyond)
        )


def identity_plan(example: Example) -> BeatPlan:
    """Return the plan in which the beats come as they were recorded."""
    n = len(example.r_peaks)
    rr = np.diff(example.r_peaks, prepend=example.r_peaks[0] - FS) / FS
    p_wave = np.ones((n, 2), dtype=np.float32)
    return BeatPlan(
        np.arange(n), rr, example.class_index.copy(), p_wave, before=np.ones(n), after=np.ones(n)
    )


def resequence(example: Example, plan: BeatPlan) -> Example:
    """Return the record with its beats in the order and at the RR intervals of the plan.

    Parameters
    ----------
    example : Example
    plan : BeatPlan

    Returns
    -------
    Example
        Nothing in it is masked.
    """
    source = example.r_peaks[plan.beat]
    before, after = _extents(example.r_peaks)
    factor = np.ones((len(example.r_peaks), 2), dtype=np.float32)
    factor[plan.beat] = plan.p_wave
    signal = _with_p_waves(example.signal, example.r_peaks, factor, before)
    # The recorded signal between the T wave of a beat and the P wave of the next belongs to none.
    gap = np.maximum(np.diff(example.r_peaks) - after[:-1] - before[1:], 1.0)
    free_after = np.append(gap, 1.0)[plan.beat]
    free_before = np.insert(gap, 0, 1.0)[plan.beat]
    leading = _Side(before[plan.beat], QRS_BEFORE * FS, plan.before)
    trailing = _Side(after[plan.beat], QRS_AFTER * FS, plan.after)
    before, after = leading.extent, trailing.extent
    rr = np.clip(plan.rr * FS, SHORTEST_RR * FS, None)
    r_peaks = np.cumsum(rr) - rr[0] + FS
    pieces = [_sample(signal, np.arange(int(r_peaks[0])) - r_peaks[0] + source[0])]
    for j in range(1, len(r_peaks)):
        t = np.arange(int(r_peaks[j - 1]), int(r_peaks[j])).astype(np.float64)
        since, until = t - r_peaks[j - 1], r_peaks[j] - t
        a, b = min(after[j - 1], rr[j] - QRS_BEFORE * FS), min(before[j], rr[j] - QRS_AFTER * FS)
        free = rr[j] - a - b
        if free >= 1:
            # Cross-fade from the signal after the beat before to that before the next beat.
            past = np.clip(since - a, 0, free)
            ahead = np.clip(until - b, 0, free)
            left = np.minimum(since, a) + past * min(free_after[j - 1] / free, 1)
            right = np.minimum(until, b) + ahead * min(free_before[j] / free, 1)
            weight = (past / free)[:, None].astype(np.float32)
            piece = _sample(signal, source[j - 1] + trailing.recorded(j - 1, left)) * (1 - weight)
            piece += _sample(signal, source[j] - leading.recorded(j, right)) * weight
        else:
            # Add the two where they overlap, less the level at which they would meet.
            both = (until <= b) & (since <= a)
            left, right = np.minimum(since, a), np.minimum(until, b)
            from_left = _sample(signal, source[j - 1] + trailing.recorded(j - 1, left))
            from_right = _sample(signal, source[j] - leading.recorded(j, right))
            share = np.clip((since - (rr[j] - b)) / max(a + b - rr[j], 1), 0, 1)[:, None]
            ends = [
                source[j] - leading.recorded(j, np.array([b]))[0],
                source[j - 1] + trailing.recorded(j - 1, np.array([a]))[0],
            ]
            edges = _sample(signal, np.array(ends))
            level = edges[0] * (1 - share) + edges[1] * share
            piece = np.where((since <= a)[:, None], from_left, from_right)
            piece = np.where(both[:, None], from_left + from_right - level, piece)
        pieces.append(piece.astype(np.float32))
    last = np.arange(int(r_peaks[-1]), int(r_peaks[-1]) + FS) - r_peaks[-1] + source[-1]
    pieces.append(_sample(signal, last))
    whole = np.concatenate(pieces).astype(np.float32)
    masked = np.zeros(len(whole), dtype=np.bool_)
    return Example(example.name, whole, r_peaks, plan.class_index, masked)


def _extents(r_peaks: Doubles) -> tuple[Doubles, Doubles]:
    """Return how many steps before and after its R-peak each beat keeps its signal."""
    rr = np.diff(r_peaks)
    before = np.concatenate(([FS], rr))
    after = np.concatenate((rr, [FS]))
    return np.minimum(P_BEGINS * FS, P_MOST * before), np.minimum(T_ENDS * FS, T_MOST * after)


def _with_p_waves(signal: Floats, r_peaks: Doubles, factor: Floats, before: Doubles) -> Floats:
    """Multiply the P wave of each beat, measured from the line between its ends."""
    changed = signal.copy()
    for k in np.flatnonzero(np.any(factor != 1, axis=1)):
        begin, end = int(r_peaks[k] - before[k]), int(r_peaks[k] - P_ENDS * FS)
        if begin < 0 or end - begin < 4 or end >= len(signal):
            continue
        part = np.linspace(0, 1, end - begin, dtype=np.float32)[:, None]
        line = signal[begin] * (1 - part) + signal[end] * part
        changed[begin:end] = line + factor[k] * (signal[begin:end] - line)
    return changed


def _sample(signal: Floats, at: Doubles) -> Floats:
    """Return the signal at fractional steps, interpolated linearly, shape (n, 2)."""
    at = np.clip(at, 0, len(signal) - 1.001)
    low = at.astype(np.int64)
    part = (at - low)[:, None].astype(np.float32)
    value: Floats = signal[low] * (1 - part) + signal[low + 1] * part
    return value
