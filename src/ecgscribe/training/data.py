"""Load the recordings of a training run, by folds of patients."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import patient
from ecgscribe.errors import DatasetError, ModelError
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example, load_examples, make_example, recorded_noise
from ecgscribe.training.weak_labels import load_weak_examples

__all__ = ["TrainingData", "folds", "load_training_data", "synthetic_data", "training_names"]

Floats = NDArray[np.float32]

SYNTHETIC_PATIENTS = 30
SYNTHETIC_S = 180.0
"""Length of each synthetic recording in seconds."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The recordings of a training run.

    Parameters
    ----------
    examples : list of Example
    fold : list of int
        Fold of each example; records of one patient share theirs.
    noise : list of ndarray of float32, shape (n_steps, 2)
        Noise recordings for augmentation.
    hashes : dict
        SHA-256 of each record's files.
    weak : dict of int to list of Example
        Recordings that are labelled as a whole, by fold; see `ecgscribe.training.weak_labels`.
    """

    examples: list[Example]
    fold: list[int]
    noise: list[Floats]
    hashes: dict[str, str]
    weak: dict[int, list[Example]] = field(default_factory=dict)

    def split(self, fold: int | None) -> tuple[list[Example], list[Example]]:
        """Return the examples to train on, and those of the fold that is held out, if any."""
        pairs = list(zip(self.examples, self.fold, strict=True))
        return [e for e, k in pairs if k != fold], [e for e, k in pairs if k == fold]


def folds() -> dict[str, int]:
    """Return the fold of each training record, by names such as ``mitdb/101``."""
    text = resources.files("ecgscribe.training").joinpath("folds.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


def load_training_data(
    config: TrainingConfig, *, data_dir: str | Path | None = None
) -> TrainingData:
    """Load the records of the databases that a configuration names, with their folds.

    Records that are not on disk are left out.

    Parameters
    ----------
    config : TrainingConfig
    data_dir : str or Path, optional
        Where the databases are; see `ecgscribe.datasets.locate`.

    Returns
    -------
    TrainingData

    Raises
    ------
    DatasetError
        If no record is left to train on, or to hold out.
    ModelError
        If it names a database without folds.
    """
    names = training_names(config, data_dir)
    return TrainingData(
        load_examples(names, data_dir=data_dir),
        list(names.values()),
        recorded_noise(data_dir=data_dir),
        _data_hashes(list(names), data_dir),
        load_weak_examples(config.folds, data_dir=data_dir) if config.beats.weak else {},
    )


def training_names(config: TrainingConfig, data_dir: str | Path | None) -> dict[str, int]:
    """Return the fold of each record to train on, by its name; see `load_training_data`."""
    table = folds()
    trainable = dict.fromkeys(name.partition("/")[0] for name in table)
    if unknown := set(config.databases) - set(trainable):
        raise ModelError(
            f"expected databases among {' and '.join(trainable)}, "
            f"found {', '.join(sorted(unknown))}; correct the configuration"
        )
    names: dict[str, int] = {}
    for db in config.databases:
        present = {f"{db}/{record}" for record in datasets.available(db, data_dir=data_dir)}
        for name in present.intersection(table):
            names[name] = table[name] % config.folds
    by_fold: dict[int, list[str]] = {}
    for name in table:
        if name in names:
            by_fold.setdefault(names[name], []).append(name)
    too_few = ""
    if len(by_fold) < 2:
        too_few = f"{len(names)} records of {len(by_fold)}"
    elif config.is_classic and config.fold not in by_fold:
        too_few = f"none of fold {config.fold}"
    if too_few:
        raise DatasetError(
            f"expected records of several folds, found {too_few}; choose databases and folds, and "
            "fetch what is missing"
        )
    kept = {n for group in by_fold.values() for n in group[: config.limit or None]}
    return {name: names[name] for name in table if name in kept}


def synthetic_data(config: TrainingConfig) -> TrainingData:
    """Make synthetic recordings of many patients, with their folds."""
    examples = [
        make_example(f"synthetic/{k}", *synthesize(patient(k), seed=k, duration=SYNTHETIC_S))
        for k in range(SYNTHETIC_PATIENTS)
    ]
    return TrainingData(examples, [k % config.folds for k in range(len(examples))], [], {})


def _data_hashes(names: Sequence[str], data_dir: str | Path | None) -> dict[str, str]:
    """Return the SHA-256 over the files of each record."""
    hashes = {}
    for name in names:
        db, _, record = name.partition("/")
        digest = hashlib.sha256()
        for path in sorted(datasets.locate(db, data_dir=data_dir).glob(f"{record}*")):
            digest.update(path.read_bytes())
        hashes[name] = digest.hexdigest()
    return hashes
