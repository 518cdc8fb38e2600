"""Make recordings in atrial fibrillation, and regular ones that resemble it, from the trunk's.

Few long recordings of fibrillation are at hand, and none of their patients without it. The beats of
other recordings are therefore laid out at RR intervals of fibrillation, recorded ones (afdb, which
holds no signals) where they are there, without P waves. Laid out with their P waves at rates that
change, with respiration and with early beats, the same recordings show what is not fibrillation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.resequenced.fibrillation import FIBRILLATION_RECORDS, intervals_within
from ecgscribe.errors import DatasetError
from ecgscribe.model.features import FEATURE_NAMES, beat_features
from ecgscribe.model.rhythm import Rhythm, heights, p_waves, typical_heights
from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example
from ecgscribe.training.resequencing import SHORTEST_RR
from ecgscribe.training.rhythm_augmentation import (
    changing_rate,
    early_beats,
    fibrillation,
    wandering,
    with_rhythm,
)
from ecgscribe.training.rhythm_records import RhythmRecord

__all__ = ["made_records", "rhythm_record_of", "training_intervals"]

Doubles = NDArray[np.float64]

SEED = 7000
"""Added to the seed of a run, so that these recordings are not those that the trunk learns from."""
PLAIN = (wandering, changing_rate, early_beats)
LEAST_SCORE = 0.7
"""Lowest score of a made R-peak candidate."""
FEWEST_INTERVALS = 500
"""RR intervals below which a recording in fibrillation is not used."""


def training_intervals(*, data_dir: str | Path | None = None) -> list[Doubles]:
    """Return the RR intervals in seconds of each recording of afdb while it is in fibrillation.

    Those that `ecgscribe.datasets.resequenced` evaluates with are left out.

    Parameters
    ----------
    data_dir : str or Path, optional
        See `ecgscribe.datasets.locate`; without afdb there are none.
    """
    try:
        records = datasets.available("afdb", data_dir=data_dir)
    except DatasetError:
        return []
    intervals = []
    for record in records:
        if record in FIBRILLATION_RECORDS:
            continue
        rhythms, r_peaks = (
            datasets.read_annotation("afdb", record, marks=marks, data_dir=data_dir)
            for marks in ("rhythms", "peaks")
        )
        own = intervals_within(rhythms, r_peaks)
        usable = own[own > SHORTEST_RR]
        if len(usable) >= FEWEST_INTERVALS:
            intervals.append(usable)
    return intervals


def rhythm_record_of(
    example: Example, fold: int, rhythm: Rhythm, rng: Generator
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
    """
    n = len(example.signal) // FS
    if n == 0:
        return None
    used = example.signal.any(axis=0)
    unscaled = np.ascontiguousarray(example.signal[: n * FS, used])
    lost = np.zeros(unscaled.shape, dtype=np.bool_)
    scores = rng.uniform(LEAST_SCORE, 1, len(example.r_peaks)).astype(np.float32)
    typical = typical_heights(heights(unscaled), lost[::FS])
    label = np.full(n, rhythm, dtype=np.int8)
    name = f"made/{example.name}"
    near = p_waves(beat_features(example.signal, example.r_peaks), FEATURE_NAMES)
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
        Of each example that allows it, one in fibrillation and one in another rhythm.
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
    return made
