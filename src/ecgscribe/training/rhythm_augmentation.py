"""Records with another rhythm: a recording's own beats, laid out as they might have come.

Few recordings hold the rhythms in which normal and supraventricular beats are confused: atrial
runs that outnumber the beats in sinus rhythm, early beats in patients who have few of them,
fibrillation, in which being early means nothing. Here they are made from recordings that do not
hold them; and fusion beats, which few patients have, from normal and ventricular ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example
from ecgscribe.training.resequencing import SHORTEST_RR, Plan, as_recorded, lay_out

__all__ = ["remake"]

Floats = NDArray[np.float32]


LONGEST_RR = 2.5
FEWEST_BEATS = 30
"""Beats that a record must hold to be made another."""
FEWEST_ECTOPIC = 10
"""Beats of a class that a record must hold to be made one that is rich in them."""
MIX_BEFORE, MIX_AFTER, MIX_EDGE = 16, 48, 6
"""Steps around the R-peak that a fusion beat is mixed over, and of its edges."""
STEADY = 0.06
"""Median relative change from one RR interval to the next up to which a rhythm is steady."""


Generator = np.random.Generator


def _kept(plan: Plan, kept: NDArray[np.bool_]) -> Plan:
    return Plan(plan.beat[kept], plan.rr[kept], plan.class_index[kept], plan.p_wave[kept])


def _usual(example: Example) -> float:
    return float(np.median(np.diff(example.step))) / FS


def _is_steady(example: Example) -> bool:
    rr = np.diff(example.step)
    return float(np.median(np.abs(np.diff(rr)) / rr[1:])) < STEADY


def _focus(rng: Generator) -> Floats:
    """Draw the P wave of an ectopic focus, against that of the sinus."""
    return rng.uniform(-1, 0.9, size=2).astype(np.float32)


def early_beats(example: Example, rng: Generator) -> Plan | None:
    """Let normal beats of a steady rhythm come early, one by one, in pairs, or every nth."""
    if not _is_steady(example):
        return None
    plan, usual = as_recorded(example), _usual(example)
    early = rng.uniform(0.5, 0.87)
    wait = rng.uniform(0.95, 1.4)
    mean_gap = np.exp(rng.uniform(np.log(2), np.log(60)))
    spread = rng.uniform(0, 0.08)
    focus = _focus(rng)
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
            plan.p_wave[k] = focus
        plan.rr[j + count] = usual * wait * np.exp(rng.normal(0, 0.04))
        regular = mean_gap < 4
        j += count + 1 + (int(mean_gap) - 1 if regular else int(rng.geometric(1 / mean_gap)))
    return plan


def atrial_runs(example: Example, rng: Generator) -> Plan | None:
    """Make of a steady rhythm one in which atrial runs alternate with sinus beats and pauses."""
    if not _is_steady(example) or np.mean(example.class_index == 0) < 0.9:
        return None
    plan, usual = _kept(as_recorded(example), example.class_index != 1), _usual(example)
    sinus = usual * rng.uniform(1.0, 1.5)
    fast = rng.uniform(0.42, 0.78)
    in_sinus = np.exp(rng.uniform(np.log(1.5), np.log(40)))
    in_run = np.exp(rng.uniform(np.log(2), np.log(40)))
    pause, spread = rng.uniform(0.95, 1.8), rng.uniform(0.01, 0.07)
    focus = _focus(rng)
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
                plan.p_wave[k] = focus
            plan.rr[k] = sinus * fast * np.exp(rng.normal(0, spread))
        j += length
    return plan


def fibrillation(example: Example, rng: Generator) -> Plan | None:
    """Lay an irregular rhythm without P waves over a record: its beats stay what they are."""
    if np.mean(example.class_index == 1) > 0.02:
        return None
    plan, usual = as_recorded(example), _usual(example) * rng.uniform(0.6, 1.1)
    n = len(plan.beat)
    rr = usual * np.exp(rng.normal(0, rng.uniform(0.1, 0.3), n))
    plan.rr[:] = np.clip(rr, 1.2 * SHORTEST_RR, LONGEST_RR)
    plan.p_wave[:] = rng.uniform(-0.1, 0.1, size=(n, 2))
    plan.class_index[plan.class_index == 1] = 0
    return plan


def wandering(example: Example, rng: Generator) -> Plan | None:
    """Let a steady sinus rhythm swing with the breath, drift and pause."""
    if not _is_steady(example):
        return None
    plan, usual = as_recorded(example), _usual(example)
    n = len(plan.beat)
    time = np.cumsum(plan.rr)
    swing = rng.uniform(0.03, 0.25) * np.sin(2 * np.pi * rng.uniform(0.1, 0.35) * time)
    drift = rng.uniform(0, 0.2) * np.sin(2 * np.pi * rng.uniform(0.002, 0.05) * time)
    usual *= rng.uniform(0.7, 1.3)
    made = usual * np.exp(swing + drift + rng.normal(0, rng.uniform(0.01, 0.05), n))
    made[rng.random(n) < rng.uniform(0, 0.02)] *= rng.uniform(1.5, 2)
    normal = plan.class_index == 0
    touches = ~normal | np.roll(~normal, 1)
    plan.rr[:] = np.where(touches, plan.rr * usual / _usual(example), made)
    return plan


def mostly_ectopic(example: Example, rng: Generator) -> Plan | None:
    """Leave of a record its S beats (or, where those are few, its V beats) and some around."""
    kind = 1 if np.sum(example.class_index == 1) >= FEWEST_ECTOPIC else 2
    ectopic = np.flatnonzero(example.class_index == kind)
    if len(ectopic) < FEWEST_ECTOPIC:
        return None
    n = len(example.step)
    reach = int(rng.integers(1, 4))
    kept = np.zeros(n, dtype=np.bool_)
    for beat in ectopic:
        kept[max(beat - reach, 0) : beat + reach + 1] = True
    length = int(n * rng.uniform(0, 0.3))
    begin = int(rng.integers(0, n - length))
    kept[begin : begin + length] = True
    return _kept(as_recorded(example), kept)


KINDS: tuple[Callable[[Example, Generator], Plan | None], ...] = (
    early_beats,
    atrial_runs,
    fibrillation,
    wandering,
    mostly_ectopic,
)


def fused(example: Example, rng: Generator) -> Example | None:
    """Mix some normal beats of a record with its own V beats: fusion, by its definition.

    A fusion beat comes in time, as a normal one does, and has a shape between those of the
    record's normal and ventricular beats.
    """
    ventricular = np.flatnonzero(example.class_index == 2)
    step = np.rint(example.step).astype(np.int64)
    inside = (step > MIX_BEFORE) & (step < len(example.signal) - MIX_AFTER)
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
        other = step[rng.choice(near)]
        part = window * np.float32(rng.uniform(0.3, 0.7))
        place = slice(step[k] - MIX_BEFORE, step[k] + MIX_AFTER)
        mixed = example.signal[other - MIX_BEFORE : other + MIX_AFTER]
        signal[place] = signal[place] * (1 - part) + mixed * part
        class_index[k] = 3
    return dataclasses.replace(example, signal=signal, class_index=class_index)


def _waves_of_fibrillation(n: int, rng: Generator) -> Floats:
    """Make the waves that fibrillating atria show between beats, shape (n, 2)."""
    knots = np.arange(0, n + FS, FS // 2)
    drift = np.interp(np.arange(n), knots, rng.normal(size=len(knots)))
    rate = rng.uniform(4.5, 8) * (1 + 0.1 * drift)
    phase = 2 * np.pi * np.cumsum(rate) / FS
    wave = np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase + 1)
    return (wave[:, None] * rng.uniform(0, 0.12, size=2)).astype(np.float32)


def remake(example: Example, rng: Generator) -> list[Example]:
    """Give the record in every other rhythm that it allows.

    Parameters
    ----------
    example : Example
    rng : numpy.random.Generator

    Returns
    -------
    list of Example
        None of a record with ventricular flutter or very few beats.
    """
    made: list[Example] = []
    if len(example.step) < FEWEST_BEATS or example.masked.any():
        return made
    for kind in KINDS:
        plan = kind(example, rng)
        if plan is None or len(plan.beat) < FEWEST_BEATS:
            continue
        changed = lay_out(example, plan)
        if kind is fibrillation:
            waves = _waves_of_fibrillation(len(changed.signal), rng)
            changed = dataclasses.replace(changed, signal=changed.signal + waves)
        made.append(dataclasses.replace(changed, name=f"{example.name}/{kind.__name__}"))
    if (mixed := fused(example, rng)) is not None:
        made.append(dataclasses.replace(mixed, name=f"{example.name}/fused"))
    return made
