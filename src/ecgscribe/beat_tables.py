"""Tables of beats for the beat head to learn from: of records as they are and as they might be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.augment import augment
from ecgscribe.beats import rows_at
from ecgscribe.features import FACTS, SHORTEST_RR, beat_facts, class_facts
from ecgscribe.runtime import Scores
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example, Floats
from ecgscribe.trunk_training import trunk_scores
from ecgscribe.windows import FS

__all__ = ["BeatTable", "fibrillating", "make_tables", "rich_in_ectopy"]

CHUNK_S = 20
"""Seconds of a record that are augmented alike."""
LOGIT_SHIFT = 1.5
"""Deviation of what is added to a copy's class logits, the same for all of its beats: how far the
trunk is off, as a whole, differs from patient to patient."""
FEWEST_ECTOPIC = 10
"""Beats of a class that a record must hold to be made one that is rich in them."""
MOST_ECTOPIC = 0.03
"""Share of ectopic beats up to which another rhythm may be laid over a record."""


@dataclass(frozen=True, eq=False)
class BeatTable:
    """The beats of one record as the beat head sees them.

    Parameters
    ----------
    class_facts : ndarray of float32, shape (n_beats, 16)
        What the trunk says of them; see `ecgscribe.features.class_facts`.
    facts : ndarray of float32, shape (n_beats, n_facts)
    class_index : ndarray of int8, shape (n_beats,)
    """

    class_facts: Floats
    facts: Floats
    class_index: NDArray[np.int8]


def _augmented(example: Example, noise: Sequence[Floats], rng: np.random.Generator) -> Example:
    """Give a copy of a record whose leads and stretches were changed, its beats' marks too."""
    signal = example.signal.copy()
    if rng.random() < 0.5:
        signal = signal[:, ::-1].copy()
    if rng.random() < 0.3:
        signal[:, rng.integers(2)] = 0
    signal *= rng.choice([1, -1], size=2).astype(np.float32)
    chunk = CHUNK_S * FS
    for begin in range(0, len(signal) - chunk + 1, chunk):
        if rng.random() < 0.2:
            signal[begin : begin + chunk] = augment(signal[begin : begin + chunk], noise, rng)
    step = np.sort(np.clip(example.step + rng.normal(0, 1, len(example.step)), 0, len(signal) - 1))
    return Example(example.name, signal, step, example.class_index, example.masked)


def _shifted(logits: Floats, rng: np.random.Generator) -> Floats:
    return np.asarray(logits + rng.normal(0, LOGIT_SHIFT, logits.shape[1]), dtype=np.float32)


def rich_in_ectopy(example: Example, logits: Floats, rng: np.random.Generator) -> BeatTable | None:
    """Leave of a record its S beats (or, where those are few, its V beats) and some around them.

    Where ectopic beats are as many as others, the median of the record calls them normal; few
    recordings show it.

    Parameters
    ----------
    example : Example
    logits : ndarray of float32, shape (n_beats, 5)
        Class logits at its beats.
    rng : numpy.random.Generator

    Returns
    -------
    BeatTable or None
        None where the record holds too few ectopic beats.
    """
    n = len(example.step)
    kind = 1 if np.sum(example.class_index == 1) >= FEWEST_ECTOPIC else 2
    ectopic = np.flatnonzero(example.class_index == kind)
    if len(ectopic) < FEWEST_ECTOPIC:
        return None
    reach = int(rng.integers(1, 4))
    kept = np.zeros(n, dtype=np.bool_)
    for beat in ectopic:
        kept[max(beat - reach, 0) : beat + reach + 1] = True
    length = int(n * rng.uniform(0, 0.3))
    begin = int(rng.integers(0, n - length))
    kept[begin : begin + length] = True
    # Every beat that is left keeps the RR interval before it.
    rr = np.diff(example.step, prepend=example.step[0] - np.median(np.diff(example.step)))
    facts = beat_facts(example.signal, example.step[kept], rhythm=np.cumsum(rr[kept]))
    classes = class_facts(_shifted(logits[kept], rng))
    return BeatTable(classes, facts, example.class_index[kept])


def fibrillating(example: Example, logits: Floats, rng: np.random.Generator) -> BeatTable | None:
    """Lay an irregular rhythm without P waves over the normal beats of a record.

    Where every RR interval differs from the one before, a beat that comes early means nothing;
    few recordings for training show it.

    Parameters
    ----------
    example, logits, rng
        As for `rich_in_ectopy`.

    Returns
    -------
    BeatTable or None
        None where the record is not mostly normal.
    """
    normal = example.class_index == 0
    n = int(normal.sum())
    if n < 2 or np.mean(~normal) > MOST_ECTOPIC:
        return None
    usual = float(np.median(np.diff(example.step))) * rng.uniform(0.6, 1.1)
    rr = usual * np.exp(rng.normal(0, rng.uniform(0.1, 0.28), n))
    rhythm = np.cumsum(np.maximum(rr, 1.4 * SHORTEST_RR * FS))
    facts = beat_facts(example.signal, example.step[normal], rhythm=rhythm)
    p_waves = [FACTS.index(f"p_like_dominant_{lead}") for lead in (1, 2)]
    by_chance = np.clip(rng.normal(0.1, 0.4, (n, 2)), -1, 1)
    facts[:, p_waves] = np.where(facts[:, p_waves] == 0, 0, by_chance)
    classes = class_facts(_shifted(logits[normal], rng))
    return BeatTable(classes, facts, example.class_index[normal])


def make_tables(
    trunk: Any,
    examples: Sequence[Example],
    scores: Sequence[Scores],
    config: TrainingConfig,
    *,
    noise: Sequence[Floats] = (),
    copies: int = 0,
    rhythm_copies: int = 0,
) -> list[BeatTable]:
    """Gather what the trunk says at the reference R-peaks of records, and of copies of them.

    Parameters
    ----------
    trunk : keras.Model
    examples : sequence of Example
    scores : sequence of Scores
        What the trunk says of each of them unchanged.
    config : TrainingConfig
    noise : sequence of ndarray
        Noise recordings for the augmented copies.
    copies : int
        Copies of each record with leads and stretches changed.
    rhythm_copies : int
        Times that `rich_in_ectopy` and `fibrillating` are tried on each record.

    Returns
    -------
    list of BeatTable
        One of each record unchanged, then the copies.
    """
    tables, copied = [], []
    frame = config.architecture.frame

    def logits_of(example: Example, said: Scores) -> Floats:
        return rows_at(said.frame_class, example.step, frame=frame)

    for number, (example, said) in enumerate(zip(examples, scores, strict=True)):
        rng = np.random.default_rng([config.seed, number])
        logits = logits_of(example, said)
        facts = beat_facts(example.signal, example.step)
        tables.append(BeatTable(class_facts(logits), facts, example.class_index))
        for _ in range(copies):
            changed = _augmented(example, noise, rng)
            said_then = trunk_scores(trunk, changed.signal, frame=frame)
            classes = class_facts(_shifted(logits_of(changed, said_then), rng))
            facts = beat_facts(changed.signal, changed.step)
            copied.append(BeatTable(classes, facts, changed.class_index))
        for _ in range(rhythm_copies):
            made = (rich_in_ectopy(example, logits, rng), fibrillating(example, logits, rng))
            copied += [table for table in made if table is not None]
    return [*tables, *copied]
