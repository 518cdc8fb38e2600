"""Lay the beats of a recording out in another rhythm.

Each beat keeps its signal from before its P wave to the end of its T wave; what lies between is
stretched or cut to the new RR interval, and where beats come so close that a P wave falls on the
T wave before it, the two are added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example, Positions

__all__ = ["SHORTEST_RR", "Plan", "as_recorded", "lay_out"]

Floats = NDArray[np.float32]


P_BEGINS, P_ENDS = 0.24, 0.06
"""Seconds before the R-peak within which the P wave lies."""
T_ENDS = 0.42
"""Seconds after the R-peak until which a beat keeps its signal."""
QRS_BEFORE, QRS_AFTER = 0.07, 0.1
"""Seconds around the R-peak that no wave of another beat is added to."""
SHORTEST_RR = 0.3
"""Seconds that beats are laid out apart at least."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How the beats of a record are to come.

    Parameters
    ----------
    beat : ndarray of int64, shape (n,)
        Which beat of the record each of the new ones is.
    rr : ndarray of float64, shape (n,)
        Seconds from the beat before; the first is not used.
    class_index : ndarray of int8, shape (n,)
    p_wave : ndarray of float32, shape (n, 2)
        What the P wave is multiplied with, in each lead.
    """

    beat: NDArray[np.int64]
    rr: Positions
    class_index: NDArray[np.int8]
    p_wave: Floats


def _sample(signal: Floats, at: Positions) -> Floats:
    """Give the signal at fractional steps, shape (n, 2)."""
    at = np.clip(at, 0, len(signal) - 1.001)
    low = at.astype(np.int64)
    part = (at - low)[:, None].astype(np.float32)
    value: Floats = signal[low] * (1 - part) + signal[low + 1] * part
    return value


def _reaches(step: Positions) -> tuple[Positions, Positions]:
    """Give how far before and after its R-peak each beat keeps its signal, in steps."""
    rr = np.diff(step)
    before = np.concatenate(([FS], rr))
    after = np.concatenate((rr, [FS]))
    return np.minimum(P_BEGINS * FS, 0.4 * before), np.minimum(T_ENDS * FS, 0.55 * after)


def _with_p_waves(signal: Floats, step: Positions, factor: Floats, before: Positions) -> Floats:
    """Multiply the P wave of each beat, told from the line between its ends."""
    changed = signal.copy()
    for k in np.flatnonzero(np.any(factor != 1, axis=1)):
        begin, end = int(step[k] - before[k]), int(step[k] - P_ENDS * FS)
        if begin < 0 or end - begin < 4 or end >= len(signal):
            continue
        line = np.linspace(0, 1, end - begin, dtype=np.float32)[:, None]
        line = signal[begin] * (1 - line) + signal[end] * line
        changed[begin:end] = line + factor[k] * (signal[begin:end] - line)
    return changed


def lay_out(example: Example, plan: Plan) -> Example:
    """Lay the beats of a record out as planned.

    Parameters
    ----------
    example : Example
    plan : Plan

    Returns
    -------
    Example
        Nothing in it is masked.
    """
    source = example.step[plan.beat]
    before, after = _reaches(example.step)
    factor = np.ones((len(example.step), 2), dtype=np.float32)
    factor[plan.beat] = plan.p_wave
    signal = _with_p_waves(example.signal, example.step, factor, before)
    # What lies free between the T wave of a beat and the P wave of the next, as recorded.
    gap = np.maximum(np.diff(example.step) - after[:-1] - before[1:], 1.0)
    free_after = np.append(gap, 1.0)[plan.beat]
    free_before = np.insert(gap, 0, 1.0)[plan.beat]
    before, after = before[plan.beat], after[plan.beat]
    rr = np.clip(plan.rr * FS, SHORTEST_RR * FS, None)
    place = np.cumsum(rr) - rr[0] + FS
    pieces = [_sample(signal, np.arange(int(place[0])) - place[0] + source[0])]
    for j in range(1, len(place)):
        t = np.arange(int(place[j - 1]), int(place[j])).astype(np.float64)
        since, until = t - place[j - 1], place[j] - t
        a, b = min(after[j - 1], rr[j] - QRS_BEFORE * FS), min(before[j], rr[j] - QRS_AFTER * FS)
        free = rr[j] - a - b
        if free >= 1:
            past = np.clip(since - a, 0, free)
            ahead = np.clip(until - b, 0, free)
            left = np.minimum(since, a) + past * min(free_after[j - 1] / free, 1)
            right = np.minimum(until, b) + ahead * min(free_before[j] / free, 1)
            weight = (past / free)[:, None].astype(np.float32)
            piece = _sample(signal, source[j - 1] + left) * (1 - weight)
            piece += _sample(signal, source[j] - right) * weight
        else:
            both = (until <= b) & (since <= a)
            from_left = _sample(signal, source[j - 1] + np.minimum(since, a))
            from_right = _sample(signal, source[j] - np.minimum(until, b))
            share = np.clip((since - (rr[j] - b)) / max(a + b - rr[j], 1), 0, 1)[:, None]
            edges = _sample(signal, np.array([source[j] - b, source[j - 1] + a]))
            level = edges[0] * (1 - share) + edges[1] * share
            piece = np.where((since <= a)[:, None], from_left, from_right)
            piece = np.where(both[:, None], from_left + from_right - level, piece)
        pieces.append(piece.astype(np.float32))
    last = np.arange(int(place[-1]), int(place[-1]) + FS) - place[-1] + source[-1]
    pieces.append(_sample(signal, last))
    whole = np.concatenate(pieces).astype(np.float32)
    masked = np.zeros(len(whole), dtype=np.bool_)
    return Example(example.name, whole, place, plan.class_index, masked)


def as_recorded(example: Example) -> Plan:
    """Give the plan by which the beats come as they were recorded, to be changed."""
    n = len(example.step)
    rr = np.diff(example.step, prepend=example.step[0] - FS) / FS
    return Plan(np.arange(n), rr, example.class_index.copy(), np.ones((n, 2), dtype=np.float32))
