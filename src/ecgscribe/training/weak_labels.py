"""Learn from recordings that are labelled as a whole: cinc2017.

In a recording labelled N (sinus rhythm) all beats that are surely detected are taken to be normal,
and in one labelled A (fibrillation) as well, as no beat is premature there. What a recording
labelled so holds of ectopic beats is wrongly taught, but there is little of it; what it holds of
artefacts is worth more. After Liu et al., Front Physiol 13:850951, 2022, who learned beats from
recordings with labels alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe import datasets
from ecgscribe.errors import DatasetError
from ecgscribe.record import Annotation
from ecgscribe.training.beat_tables import UNKNOWN, BeatTable, make_tables
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example, make_example

__all__ = ["DATABASE", "load_weak_examples", "make_weak_tables"]


DATABASE = "cinc2017"
LABELS = ("N", "A")
"""Labels in which no beat is taken to be ectopic."""
SURE = 0.5
"""Least R-peak score of a candidate that is taken to be a beat."""
FEWEST_BEATS = 8
"""Candidates below which nothing is learned from a recording."""


def load_weak_examples(
    folds: int, *, data_dir: str | Path | None = None
) -> dict[int, list[Example]]:
    """Load the recordings labelled N or A, but those of the split ``tenth``, by fold.

    Parameters
    ----------
    folds : int
        Number of folds. As no patient is known, a recording's fold follows from its number.
    data_dir : str or Path, optional
        Where the database is; see `ecgscribe.datasets.locate`.

    Returns
    -------
    dict of int to list of Example
        Without reference beats; empty without the database.
    """
    try:
        labels = datasets.read_labels(DATABASE, data_dir=data_dir)
    except DatasetError:
        return {}
    kept = set(datasets.split_records(DATABASE, "tenth"))
    examples: dict[int, list[Example]] = {}
    for name in datasets.recorded(DATABASE, data_dir=data_dir):
        if labels.get(name) in LABELS and name not in kept:
            record = datasets.read_record(DATABASE, name, data_dir=data_dir)
            none = Annotation(np.zeros(0, np.int64), np.zeros(0, np.str_), record.fs)
            example = make_example(f"{DATABASE}/{name}", record, none)
            examples.setdefault(int(name[1:]) // 10 % folds, []).append(example)
    return examples


def make_weak_tables(
    trunk: Any, examples: Sequence[Example], config: TrainingConfig
) -> list[BeatTable]:
    """Make the tables of recordings whose beats are all taken to be normal.

    Parameters
    ----------
    trunk : keras.Model
    examples : sequence of Example
    config : TrainingConfig

    Returns
    -------
    list of BeatTable
        Class N where the score is `SURE`, else `UNKNOWN`.
    """
    rng = np.random.default_rng(config.seed)
    in_both = rng.random(len(examples)) < config.beats.weak_in_both
    some = [_in_both(e) if b else e for e, b in zip(examples, in_both, strict=True)]
    tables = make_tables(trunk, some, config).unchanged
    return [
        dataclasses.replace(
            table,
            class_index=np.where(table.peak_score >= SURE, 0, UNKNOWN).astype(np.int8),
            missed=0,
        )
        for table in tables
        if len(table.peak_score) >= FEWEST_BEATS
    ]


def _in_both(example: Example) -> Example:
    """Return a recording of one lead with that lead in both places."""
    return dataclasses.replace(example, signal=example.signal[:, [0, 0]])
