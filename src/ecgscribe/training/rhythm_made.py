"""Make recordings in other rhythms from those that the trunk learns from.

Few long recordings of fibrillation are at hand, and none of their patients without it. The beats of
other recordings are therefore laid out at RR intervals of fibrillation, recorded ones (afdb, which
holds no signals) where they are there, without P waves. Laid out with their P waves at rates that
change, with respiration and with early beats, the same recordings show what is not fibrillation.
Ventricular tachycardia of few people is at hand, ventricular beats of many: these, one after the
other, are a tachycardia that begins in their chamber.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.datasets.resequenced.fibrillation import intervals_within
from ecgscribe.flags import runs
from ecgscribe.model.features import FEATURE_NAMES, beat_features
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.model.second_features import shapes_of
from ecgscribe.model.seconds import heights, typical_heights
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training.examples import Example
from ecgscribe.training.intervals import recorded_marks
from ecgscribe.training.resequencing import SHORTEST_RR, BeatPlan, identity_plan
from ecgscribe.training.rhythm_augmentation import (
    changing_rate,
    early_beats,
    fibrillation,
    wandering,
    with_rhythm,
)
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_records import RhythmRecord

__all__ = [
    "made_records",
    "rhythm_record_of",
    "training_intervals",
    "ventricular_tachycardia",
]

Doubles = NDArray[np.float64]

V = AAMI_CLASSES.index("V")
SEED = 7000
"""Added to the seed of a run, so that these recordings are not those that the trunk learns from."""
PLAIN = (wandering, changing_rate, early_beats)
LEAST_SCORE, LEAST_V_SCORE = 0.7, 0.4
"""Lowest score of a made R-peak candidate, and of one in ventricular tachycardia."""
FEWEST_V = 5
"""Ventricular beats that a recording needs for a tachycardia of its own."""
RUN_S = (4.0, 90.0)
BETWEEN_S = (8.0, 60.0)
"""Shortest and longest tachycardia in seconds, and time between two."""
RATE = (100.0, 240.0)
"""Slowest and fastest tachycardia, per minute."""
FEWEST_INTERVALS = 500
"""RR intervals below which a recording in fibrillation is not used."""


def training_intervals(*, data_dir: str | Path | None = None) -> list[Doubles]:
    """Return the RR intervals in seconds of each recording of afdb while it is in fibrillation.

    Parameters
    ----------
    data_dir : str or Path, optional
        See `ecgscribe.training.intervals.recorded_marks`.
    """
    intervals = []
    for _, rhythms, r_peaks in recorded_marks(data_dir=data_dir):
        own = intervals_within(rhythms, r_peaks)
        usable = own[own > SHORTEST_RR]
        if len(usable) >= FEWEST_INTERVALS:
            intervals.append(usable)
    return intervals


def ventricular_tachycardia(example: Example, rng: Generator) -> BeatPlan | None:
    """Lay out the ventricular beats of a recording in runs, between parts of it as it is.

    Parameters
    ----------
    example : Example
    rng : numpy.random.Generator

    Returns
    -------
    BeatPlan, optional
        None if it has fewer than `FEWEST_V` of them.
    """
    own = np.flatnonzero(example.class_index == V)
    if len(own) < FEWEST_V:
        return None
    plan = identity_plan(example)
    beat, rr = [], []
    at = 1
    while at < len(plan.beat):
        seconds = np.exp(rng.uniform(*np.log(BETWEEN_S)))
        stop = at + max(int(np.searchsorted(np.cumsum(plan.rr[at:]), seconds)), 1)
        beat.append(plan.beat[at:stop])
        rr.append(plan.rr[at:stop])
        at = stop
        interval = 60 / np.exp(rng.uniform(*np.log(RATE)))
        n = max(int(np.exp(rng.uniform(*np.log(RUN_S))) / interval), 4)
        few = rng.choice(own, size=min(len(own), int(rng.integers(1, 9))), replace=False)
        beat.append(rng.choice(few, size=n))
        rr.append(interval * np.exp(rng.normal(0, rng.uniform(0.005, 0.05), n)))
    return dataclasses.replace(plan.select(np.concatenate(beat)), rr=np.concatenate(rr))


def _in_runs(example: Example) -> NDArray[np.int8]:
    """Return the rhythm of the seconds of a recording with made tachycardia."""
    n = len(example.signal) // FS
    label = np.full(n, Rhythm.PLAIN, dtype=np.int8)
    for begin, end in runs(example.class_index == V).tolist():
        first, last = example.r_peaks[[begin, end - 1]] / FS
        label[int(first) : int(last) + 1] = UNKNOWN
        if end - begin >= 4:
            label[int(np.ceil(first)) : int(last)] = Rhythm.TACHYCARDIA
    return label


def rhythm_record_of(
    example: Example,
    fold: int,
    rhythm: Rhythm,
    rng: Generator,
    *,
    label: NDArray[np.int8] | None = None,
) -> RhythmRecord | None:
    """Return an example as a recording with one rhythm; None if it is shorter than a second.

    Parameters
    ----------
    example : Example
        Its reference beats stand for the candidates.
    fold : int
    rhythm : Rhythm
    rng : numpy.random.Generator
        Draws their scores.
    label : ndarray of int8, shape (n_seconds,), optional
        Rhythm of each whole second, if that is not the same throughout.
    """
    n = len(example.signal) // FS
    if n == 0:
        return None
    used = example.signal.any(axis=0)
    unscaled = np.ascontiguousarray(example.signal[: n * FS, used])
    lost = np.zeros(unscaled.shape, dtype=np.bool_)
    least = LEAST_V_SCORE if rhythm is Rhythm.TACHYCARDIA else LEAST_SCORE
    scores = rng.uniform(least, 1, len(example.r_peaks)).astype(np.float32)
    typical = typical_heights(heights(unscaled), lost[::FS])
    if label is None:
        label = np.full(n, rhythm, dtype=np.int8)
    name = f"made/{example.name}"
    near = shapes_of(beat_features(example.signal, example.r_peaks), FEATURE_NAMES)
    return RhythmRecord(name, fold, unscaled, lost, typical, example.r_peaks, scores, near, label)


def made_records(
    examples: Sequence[Example],
    folds: Sequence[int],
    *,
    seed: int,
    data_dir: str | Path | None = None,
) -> list[RhythmRecord]:
    """Make recordings from the examples of a run.

    Parameters
    ----------
    examples : sequence of Example
    folds : sequence of int
        Of each.
    seed : int
    data_dir : str or Path, optional
        See `training_intervals`.

    Returns
    -------
    list of RhythmRecord
        Of each example that allows it, one in atrial fibrillation, one with ventricular tachycardia
        and one in another rhythm.
    """
    recorded = training_intervals(data_dir=data_dir)
    made = []
    for k, (example, fold) in enumerate(zip(examples, folds, strict=True)):
        rng = np.random.default_rng([seed + SEED, k])
        intervals = recorded[int(rng.integers(len(recorded)))] if recorded else None
        plain = PLAIN[int(rng.integers(len(PLAIN)))]
        for plan, rhythm in ((fibrillation, Rhythm.FIBRILLATION), (plain, Rhythm.PLAIN)):
            changed = with_rhythm(example, plan, rng, intervals=intervals)
            record = changed and rhythm_record_of(changed, fold, rhythm, rng)
            made += [record] if record else []
        changed = with_rhythm(example, ventricular_tachycardia, rng)
        if changed is not None:
            label = _in_runs(changed)
            record = rhythm_record_of(changed, fold, Rhythm.TACHYCARDIA, rng, label=label)
            made += [record] if record else []
    return made
