"""Tables of beats for the beat head to learn from: of records as they are and as they might be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.augment import augment
from ecgscribe.beats import rows_at
from ecgscribe.features import beat_facts, class_facts
from ecgscribe.rhythms import remake
from ecgscribe.runtime import Scores
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example, Floats
from ecgscribe.trunk_training import trunk_scores
from ecgscribe.windows import FS

__all__ = ["BeatTable", "make_tables"]

CHUNK_S = 20
"""Seconds of a record that are augmented alike."""
LOGIT_SHIFT = 1.5
"""Deviation of what is added to a copy's class logits, the same for all of its beats: how far the
trunk is off, as a whole, differs from patient to patient."""


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


def _shift(rng: np.random.Generator) -> Floats:
    return rng.normal(0, LOGIT_SHIFT, len(AAMI_CLASSES)).astype(np.float32)


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
        Times that each record is made again in every other rhythm that it allows; see
        `ecgscribe.rhythms`.

    Returns
    -------
    list of BeatTable
        One of each record unchanged, then the copies.
    """
    tables, copied = [], []

    def table(example: Example, said: Scores, shift: Floats | float = 0.0) -> BeatTable:
        logits = rows_at(said.frame_class, example.step, frame=config.architecture.frame)
        facts = beat_facts(example.signal, example.step)
        return BeatTable(class_facts(logits + shift), facts, example.class_index)

    for number, (example, said) in enumerate(zip(examples, scores, strict=True)):
        tables.append(table(example, said))
        rng = np.random.default_rng([config.seed, number])
        others = [example] * copies
        for _ in range(rhythm_copies):
            others += remake(example, rng)
        for other in others:
            changed = _augmented(other, noise, rng)
            said_then = trunk_scores(trunk, changed.signal, frame=config.architecture.frame)
            copied.append(table(changed, said_then, _shift(rng)))
    return [*tables, *copied]
