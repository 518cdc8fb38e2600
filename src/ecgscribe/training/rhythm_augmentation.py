"""Make records with other rhythms, and with fusion beats, from the beats of a recording.

Few recordings hold the rhythms in which normal and supraventricular beats are confused: atrial
runs that outnumber the beats in sinus rhythm, early beats in patients who have few of them, and
fibrillation, in which an early beat means nothing. Here they are made from other recordings: a
function plans the new sequence of beats, and `ecgscribe.training.resequencing` makes the signal.
Fusion beats, which few patients have, are mixed from normal and ventricular ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example
from ecgscribe.training.resequencing import SHORTEST_RR, BeatPlan, identity_plan, resequence

__all__ = [
    "augment_rhythm",
    "changing_rate",
    "early_beats",
    "fibrillation",
    "wandering",
    "with_fusion_beats",
    "with_rhythm",
]

Floats = NDArray[np.float32]

LONGEST_RR = 2.5
"""Longest RR interval of fibrillation in seconds."""
FEWEST_BEATS = 30
"""Beats below which a record is not given another rhythm."""
FEWEST_ECTOPIC = 10
"""Beats of a class below which a record is not made rich in that class."""
STEADY = 0.06
"""Median relative change between RR intervals below which a rhythm is steady."""
MIX_BEFORE, MIX_AFTER, MIX_EDGE = 16, 48, 6
"""Steps around the R-peak over which a fusion beat is mixed, and of the fade at each end."""


def augment_rhythm(example: Example, rng: Generator) -> list[Example]:
    """Return the record in every other rhythm that it allows, and with fusion beats.

    Parameters
    ----------
    example : Example
    rng : numpy.random.Generator

    Returns
    -------
    list of Example
        Named after the record and the rhythm, as in ``mitdb/100/wandering``. Empty for a record
        with ventricular flutter or very few beats.
    """
    if len(example.r_peaks) < FEWEST_BEATS or example.masked.any():
        return []
    changed = [with_rhythm(example, rhythm, rng) for rhythm in RHYTHMS]
    made = [other for other in changed if other is not None]
    if (mixed := with_fusion_beats(example, rng)) is not None:
        made.append(dataclasses.replace(mixed, name=f"{example.name}/fusion_beats"))
    return made


def with_rhythm(
    example: Example,
    rhythm: Callable[[Example, Generator], BeatPlan | None],
    rng: Generator,
    *,
    intervals: NDArray[np.float64] | None = None,
) -> Example | None:
    """Return the record in another rhythm, or None if it does not allow that.

    Parameters
    ----------
    example : Example
    rhythm : callable
        One of `RHYTHMS`.
    rng : numpy.random.Generator
    intervals : ndarray of float64, optional
        RR intervals in seconds, in order, for fibrillation instead of drawn ones.
    """
    if len(example.r_peaks) < FEWEST_BEATS or example.masked.any():
        return None
    plan = rhythm(example, rng)
    if plan is None or len(plan.beat) < FEWEST_BEATS:
        return None
    if rhythm is fibrillation and intervals is not None:
        first = int(rng.integers(len(intervals)))
        recorded = np.take(intervals, first + np.arange(len(plan.rr)), mode="wrap")
        plan.rr[:] = np.clip(recorded * rng.uniform(0.85, 1.15), 1.2 * SHORTEST_RR, LONGEST_RR)
    changed = resequence(example, plan)
    if rhythm is fibrillation:
        waves = _fibrillation_waves(len(changed.signal), rng)
        changed = dataclasses.replace(changed, signal=changed.signal + waves)
    return dataclasses.replace(changed, name=f"{example.name}/{rhythm.__name__}")


def early_beats(example: Example, rng: Generator) -> BeatPlan | None:
    """Make some normal beats of a steady rhythm come early: single, in pairs, or every nth."""
    if not _is_steady(example):
        return None
    plan, median_rr = identity_plan(example), _median_rr(example)
    early = rng.uniform(0.5, 0.87)
    wait = rng.uniform(0.95, 1.4)
    mean_gap = np.exp(rng.uniform(np.log(2), np.log(60)))
    spread = rng.uniform(0, 0.08)
    p_wave = _ectopic_p_wave(rng)
    j = int(rng.integers(2, 20))
    while j < len(plan.beat) - 2:
        count = 1 + int(rng.random() < 0.15)
        if np.any(plan.class_index[j - 1 : j + count + 1] != 0):
            j += 1
            continue
        for k in range(j, j + count):
            before = plan.rr[j - 1] * early if k == j else plan.rr[j]
            plan.rr[k] = before * np.exp(rng.normal(0, spread))
            plan.class_index[k] = 1
            plan.p_wave[k] = p_wave
        plan.rr[j + count] = median_rr * wait * np.exp(rng.normal(0, 0.04))
        regular = mean_gap < 4
        j += count + 1 + (int(mean_gap) - 1 if regular else int(rng.geometric(1 / mean_gap)))
    return plan


def atrial_runs(example: Example, rng: Generator) -> BeatPlan | None:
    """Turn a steady rhythm into atrial runs that alternate with sinus beats and pauses."""
    if not _is_steady(example) or np.mean(example.class_index == 0) < 0.9:
        return None
    plan = identity_plan(example).select(example.class_index != 1)
    sinus = _median_rr(example) * rng.uniform(1.0, 1.5)
    fast = rng.uniform(0.42, 0.78)
    in_sinus = np.exp(rng.uniform(np.log(1.5), np.log(40)))
    in_run = np.exp(rng.uniform(np.log(2), np.log(40)))
    pause, spread = rng.uniform(0.95, 1.8), rng.uniform(0.01, 0.07)
    p_wave = _ectopic_p_wave(rng)
    j, n = 0, len(plan.beat)
    while j < n:
        length = int(rng.geometric(1 / in_sinus))
        for k in range(j, min(j + length, n)):
            plan.rr[k] = sinus * np.exp(rng.normal(0, spread)) * (pause if k == j else 1)
        j += length
        length = int(rng.geometric(1 / in_run))
        for k in range(j, min(j + length, n)):
            if plan.class_index[k] == 0:
                plan.class_index[k] = 1
                plan.p_wave[k] = p_wave
            plan.rr[k] = sinus * fast * np.exp(rng.normal(0, spread))
        j += length
    return plan


def fibrillation(example: Example, rng: Generator) -> BeatPlan | None:
    """Make the rhythm irregular and take the P waves away; no beat is S."""
    if np.mean(example.class_index == 1) > 0.02:
        return None
    plan, median_rr = identity_plan(example), _median_rr(example) * rng.uniform(0.6, 1.1)
    n = len(plan.beat)
    rr = median_rr * np.exp(rng.normal(0, rng.uniform(0.1, 0.3), n))
    plan.rr[:] = np.clip(rr, 1.2 * SHORTEST_RR, LONGEST_RR)
    plan.p_wave[:] = rng.uniform(-0.1, 0.1, size=(n, 2))
    plan.class_index[plan.class_index == 1] = 0
    return plan


def wandering(example: Example, rng: Generator) -> BeatPlan | None:
    """Make a steady sinus rhythm vary with respiration, drift and pause."""
    if not _is_steady(example):
        return None
    plan, median_rr = identity_plan(example), _median_rr(example)
    n = len(plan.beat)
    time = np.cumsum(plan.rr)
    swing = rng.uniform(0.03, 0.25) * np.sin(2 * np.pi * rng.uniform(0.1, 0.35) * time)
    drift = rng.uniform(0, 0.2) * np.sin(2 * np.pi * rng.uniform(0.002, 0.05) * time)
    new_median = median_rr * rng.uniform(0.7, 1.3)
    rr = new_median * np.exp(swing + drift + rng.normal(0, rng.uniform(0.01, 0.05), n))
    rr[rng.random(n) < rng.uniform(0, 0.02)] *= rng.uniform(1.5, 2)
    # Ectopic beats stay as early, and the pauses after them as long, relative to the rhythm.
    ectopic = plan.class_index != 0
    touches = ectopic | np.roll(ectopic, 1)
    plan.rr[:] = np.where(touches, plan.rr * new_median / median_rr, rr)
    return plan


def changing_rate(example: Example, rng: Generator) -> BeatPlan | None:
    """Let the rate of a steady sinus rhythm rise and fall, as in exercise and in sleep.

    Plateaus are joined by ramps. Every beat keeps its class and its P wave; the P wave comes closer
    and the T wave earlier as the rate rises.
    """
    if not _is_steady(example):
        return None
    plan, median_rr = identity_plan(example), _median_rr(example)
    rate = _changing_rate(len(plan.beat), rng)
    spread = np.exp(rng.uniform(np.log(0.004), np.log(0.04)))
    new_rr = 60 / rate * np.exp(rng.normal(0, spread, len(rate)))
    breath = rng.uniform(0, 0.06) * (new_rr / 0.8) * np.sin(np.cumsum(new_rr) * rng.uniform(1, 2.2))
    # Ectopic beats stay as early, and the pauses after them as long, relative to the rhythm.
    ectopic = plan.class_index != 0
    touches = ectopic | np.roll(ectopic, 1)
    plan.rr[:] = np.where(touches, plan.rr / median_rr * (60 / rate), new_rr * (1 + breath))
    faster = np.clip(60 / rate / median_rr, 0.3, 2.0)
    plan.after[:] = faster ** rng.uniform(0.0, 0.7)
    plan.before[:] = faster ** rng.uniform(0.0, 0.4)
    plan.p_wave[:] = faster[:, None] ** -rng.uniform(0, 0.4)
    return plan


def _changing_rate(n: int, rng: Generator) -> NDArray[np.float64]:
    """Draw a rate in 1/min for each of `n` beats: plateaus, joined by ramps."""
    at, rate = [0.0], [float(rng.uniform(50, 110))]
    while at[-1] < n * 60 / 50:
        plateau, ramp = np.exp(rng.uniform(np.log([20, 10]), np.log([400, 420])))
        low, high = (50, 100) if rng.random() < 0.4 else (90, 180)
        at += [at[-1] + plateau, at[-1] + plateau + ramp]
        rate += [rate[-1], float(rng.uniform(low, high))]
    values, time = np.empty(n), 0.0
    for k in range(n):
        values[k] = np.interp(time, at, rate)
        time += 60 / values[k]
    return values


def mostly_ectopic(example: Example, rng: Generator) -> BeatPlan | None:
    """Keep of a record its S beats (V beats if those are few) and some neighbouring beats."""
    kind = 1 if np.sum(example.class_index == 1) >= FEWEST_ECTOPIC else 2
    ectopic = np.flatnonzero(example.class_index == kind)
    if len(ectopic) < FEWEST_ECTOPIC:
        return None
    n = len(example.r_peaks)
    reach = int(rng.integers(1, 4))
    kept = np.zeros(n, dtype=np.bool_)
    for beat in ectopic:
        kept[max(beat - reach, 0) : beat + reach + 1] = True
    length = int(n * rng.uniform(0, 0.3))
    begin = int(rng.integers(0, n - length))
    kept[begin : begin + length] = True
    return identity_plan(example).select(kept)


RHYTHMS: tuple[Callable[[Example, Generator], BeatPlan | None], ...] = (
    early_beats,
    atrial_runs,
    fibrillation,
    wandering,
    changing_rate,
    mostly_ectopic,
)


def with_fusion_beats(example: Example, rng: Generator) -> Example | None:
    """Return the record with some of its normal beats mixed with its own V beats.

    A fusion beat comes in time, as a normal one does, and has a shape between those of the
    record's normal and ventricular beats.
    """
    ventricular = np.flatnonzero(example.class_index == 2)
    r_peaks = np.rint(example.r_peaks).astype(np.int64)
    inside = (r_peaks > MIX_BEFORE) & (r_peaks < len(example.signal) - MIX_AFTER)
    ventricular = ventricular[inside[ventricular]]
    normal = np.flatnonzero((example.class_index == 0) & inside)
    if len(ventricular) < FEWEST_ECTOPIC or len(normal) < FEWEST_ECTOPIC:
        return None
    signal, class_index = example.signal.copy(), example.class_index.copy()
    window = np.ones((MIX_BEFORE + MIX_AFTER, 1), dtype=np.float32)
    edge = np.linspace(0, 1, MIX_EDGE, dtype=np.float32)[:, None]
    window[:MIX_EDGE], window[-MIX_EDGE:] = edge, edge[::-1]
    for k in normal[rng.random(len(normal)) < rng.uniform(0.02, 0.2)]:
        near = ventricular[np.argsort(np.abs(ventricular - k))[:FEWEST_ECTOPIC]]
        other = r_peaks[rng.choice(near)]
        part = window * np.float32(rng.uniform(0.3, 0.7))
        place = slice(r_peaks[k] - MIX_BEFORE, r_peaks[k] + MIX_AFTER)
        mixed = example.signal[other - MIX_BEFORE : other + MIX_AFTER]
        signal[place] = signal[place] * (1 - part) + mixed * part
        class_index[k] = 3
    return dataclasses.replace(example, signal=signal, class_index=class_index)


def _fibrillation_waves(n: int, rng: Generator) -> Floats:
    """Make the waves of fibrillating atria, which show between beats, shape (n, 2)."""
    knots = np.arange(0, n + FS, FS // 2)
    drift = np.interp(np.arange(n), knots, rng.normal(size=len(knots)))
    rate = rng.uniform(4.5, 8) * (1 + 0.1 * drift)
    phase = 2 * np.pi * np.cumsum(rate) / FS
    wave = np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase + 1)
    return (wave[:, None] * rng.uniform(0, 0.12, size=2)).astype(np.float32)


def _median_rr(example: Example) -> float:
    """Return the median RR interval of a record in seconds."""
    return float(np.median(np.diff(example.r_peaks))) / FS


def _is_steady(example: Example) -> bool:
    rr = np.diff(example.r_peaks)
    return float(np.median(np.abs(np.diff(rr)) / rr[1:])) < STEADY


def _ectopic_p_wave(rng: Generator) -> Floats:
    """Draw the P wave of an ectopic focus, as a factor of the sinus P wave in each lead."""
    return rng.uniform(-1, 0.9, size=2).astype(np.float32)
