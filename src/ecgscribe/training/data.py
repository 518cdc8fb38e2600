"""Load the recordings that a training needs, by folds of patients."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
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

__all__ = ["TrainingData", "folds", "load_training_data"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a training draws from.

    Parameters
    ----------
    examples : list of Example
    fold : list of int
        Fold of each example; records of one patient share theirs.
    noise : list of ndarray of float32, shape (n_steps, 2)
        Noise recordings for augmentation.
    hashes : dict
        SHA-256 of each record's files.
    """

    examples: list[Example]
    fold: list[int]
    noise: list[Floats]
    hashes: dict[str, str]

    def split(self, fold: int | None) -> tuple[list[Example], list[Example]]:
        """Give the examples to train on and those of the fold held out, if any."""
        pairs = list(zip(self.examples, self.fold, strict=True))
        return [e for e, k in pairs if k != fold], [e for e, k in pairs if k == fold]


SYNTHETIC_PATIENTS = 30
SYNTHETIC_S = 180.0


def folds() -> dict[str, int]:
    """Give the fold of each training record, by names such as ``mitdb/101``."""
    text = resources.files("ecgscribe.training").joinpath("folds.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


def synthetic_data(config: TrainingConfig) -> TrainingData:
    examples = [
        make_example(f"synthetic/{k}", *synthesize(patient(k), seed=k, duration=SYNTHETIC_S))
        for k in range(SYNTHETIC_PATIENTS)
    ]
    return TrainingData(examples, [k % config.folds for k in range(len(examples))], [], {})


def load_training_data(
    config: TrainingConfig, *, data_dir: str | Path | None = None
) -> TrainingData:
    """Load the records that a configuration names, of what is at hand, with their folds.

    Raises
    ------
    DatasetError
        If there are none to train on, or none to hold out.
    ModelError
        If it names a database that there are no folds for.
    """
    names = training_names(config, data_dir)
    return TrainingData(
        load_examples(names, data_dir=data_dir),
        list(names.values()),
        recorded_noise(data_dir=data_dir),
        _data_hashes(list(names), data_dir),
    )


def training_names(config: TrainingConfig, data_dir: str | Path | None) -> dict[str, int]:
    """List the records to train on, of what is at hand, with the fold of each."""
    table = folds()
    trainable = dict.fromkeys(name.partition("/")[0] for name in table)
    if unknown := set(config.databases) - set(trainable):
        raise ModelError(
            f"expected databases among {' and '.join(trainable)}, found "
            f"{', '.join(sorted(unknown))}; correct the configuration"
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
    found = ""
    if len(by_fold) < 2:
        found = f"{len(names)} records of {len(by_fold)}"
    elif config.is_classic and config.fold not in by_fold:
        found = f"none of fold {config.fold}"
    if found:
        raise DatasetError(
            f"expected records of several folds, found {found}; choose databases and folds, and "
            "fetch what is absent"
        )
    kept = {n for group in by_fold.values() for n in group[: config.limit or None]}
    return {name: names[name] for name in table if name in kept}


def _data_hashes(names: Sequence[str], data_dir: str | Path | None) -> dict[str, str]:
    """Give the SHA-256 over each record's files."""
    hashes = {}
    for name in names:
        db, _, record = name.partition("/")
        digest = hashlib.sha256()
        for path in sorted(datasets.locate(db, data_dir=data_dir).glob(f"{record}*")):
            digest.update(path.read_bytes())
        hashes[name] = digest.hexdigest()
    return hashes
