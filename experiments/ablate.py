"""Measure what each idea is worth, by runs that differ in one thing.

Run it as ``python experiments/ablate.py RUN DIR [IDEA...]``, with ``ECGSCRIBE_DATA`` set to the
folder of the databases. If ideas of `HEAD_IDEAS` are named, only these are measured. Results are
over all patients of DS1 and svdb, each scored by networks that have not seen it.

RUN is the folder of a finished ``ecgscribe train``. New heads are fitted on the outputs of its
trunks: with three seeds for ideas about what the heads learn from, with one seed for the settings
of `ecgscribe.training.config.Imbalance`. For those, trunks are fitted too, in short runs with two
folds. Each run adds a row to ``experiments/ablation.csv``; runs that are in it are skipped.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import keras
import numpy as np

from ecgscribe.files import write_csv
from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.network import build_network
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.beat_tables import NOISE_ONLY, UNKNOWN, BeatTable, BeatTables
from ecgscribe.training.config import (
    BeatTraining,
    Imbalance,
    TrainingConfig,
    TrunkTraining,
    complete,
)
from ecgscribe.training.cross_fitting import CrossFit, cross_fit, fit_heads, fit_trunks
from ecgscribe.training.data import load_training_data

TABLE = Path(__file__).parent / "ablation.csv"
SHORT = TrainingConfig(
    folds=2,
    trunk=TrunkTraining(epochs=3, validate_every=3),
    beats=BeatTraining(epochs=8, copies=1),
)
HEAD_IMBALANCE = {
    "all of it": Imbalance(),
    "none of it": Imbalance(sampling="uniform", beat_loss="plain", augment=False),
    "drawn uniformly": Imbalance(sampling="uniform"),
    "class loss plain": Imbalance(beat_loss="plain"),
    "class loss focal": Imbalance(beat_loss="focal"),
    "no augmentation": Imbalance(augment=False),
}
TRUNK_IMBALANCE = {
    "all of it": Imbalance(),
    "R-peak loss not weighted": Imbalance(peak="none"),
    "none of it": Imbalance(peak="none", sampling="uniform", beat_loss="plain", augment=False),
    "drawn uniformly": Imbalance(sampling="uniform"),
    "no augmentation": Imbalance(augment=False),
}


SEEDS = (1, 2, 3)
P_WAVES = ("p_part_1", "p_part_2", "p_height_near_1", "p_height_near_2")
NOISE = ("distance_near_1", "distance_near_2")
REGULARITY = ("rr_before/irregular", "alike", "predictable", "p_near_1", "p_near_2")


def _unchanged(table: BeatTable) -> BeatTable:
    return table


def _without_false_detections(table: BeatTable) -> BeatTable:
    """Make the class of false detections unknown, so that heads do not learn from them."""
    class_index = np.where(table.class_index == NO_BEAT, UNKNOWN, table.class_index)
    return dataclasses.replace(table, class_index=class_index.astype(np.int8))


def _without_features(names: tuple[str, ...]) -> Callable[[BeatTable], BeatTable]:
    """Return the change that sets these features to 0."""

    def change(table: BeatTable) -> BeatTable:
        removed, removed_logits = np.isin(FEATURE_NAMES, names), np.isin(LOGIT_FEATURE_NAMES, names)
        return dataclasses.replace(
            table,
            features=np.where(removed, np.float32(0), table.features),
            logit_features=np.where(removed_logits, np.float32(0), table.logit_features),
        )

    return change


@dataclass(frozen=True)
class Idea:
    """A change of what the heads learn from.

    Parameters
    ----------
    change : callable
        Changes each table, in training and in use.
    change_training : callable
        Changes each table in training only.
    keeps : callable
        Whether to learn from a copy, by its name.
    weak : bool
        Whether to learn from recordings that are labelled as a whole.
    """

    change: Callable[[BeatTable], BeatTable] = _unchanged
    change_training: Callable[[BeatTable], BeatTable] = _unchanged
    keeps: Callable[[str], bool] = lambda name: True
    weak: bool = True


HEAD_IDEAS = {
    "all of it": Idea(),
    "no noise-only signals": Idea(keeps=lambda name: name != NOISE_ONLY),
    "no other rhythms": Idea(keeps=lambda name: name == NOISE_ONLY or name.count("/") < 2),
    "no rates that rise and fall": Idea(keeps=lambda name: not name.endswith("/changing_rate")),
    "no weak labels": Idea(weak=False),
    "false detections not learned": Idea(change_training=_without_false_detections),
    "no R-peak score": Idea(
        change=_without_features(tuple(f for f in LOGIT_FEATURE_NAMES if f.startswith("R-peak")))
    ),
    "no regularity": Idea(change=_without_features(REGULARITY)),
    "no neighbouring P waves": Idea(change=_without_features(P_WAVES)),
    "no neighbouring noise": Idea(change=_without_features(NOISE)),
}


def log(line: str) -> None:
    """Write one line of progress."""
    sys.stderr.write(f"{line}\n")


def _read_table() -> list[dict[str, str]]:
    if not TABLE.is_file():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _measure(level: str, name: str, seed: int, fit: Callable[[], CrossFit]) -> None:
    """Fit and evaluate one variant and add its row, unless the table holds it."""
    key = {"level": level, "variant": name, "seed": str(seed)}
    if any(row | key == row for row in _read_table()):
        return
    metrics = {what: f"{value:.4f}" for what, value in fit().metrics.items()}
    write_csv(TABLE, [*_read_table(), key | metrics])


def _cross_fit(config: TrainingConfig, folder: Path, run: Path | None = None) -> CrossFit:
    """Fit trunks (or take them from RUN) and heads with a configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    if run is not None:
        _copy_trunks(run, folder)
    return cross_fit(load_training_data(config), config, folder, log)


def _copy_trunks(run: Path, folder: Path) -> None:
    for of_fold in sorted(run.glob("fold-*")):
        (folder / of_fold.name).mkdir(parents=True, exist_ok=True)
        for path in (*of_fold.glob("trunk-*.h5"), of_fold / "trunk-state.json"):
            shutil.copyfile(path, folder / of_fold.name / path.name)


@cache
def _tables(run: Path, folder: Path) -> dict[int, BeatTables]:
    """Make the tables of all folds with the trunks of RUN, once."""
    folder.mkdir(parents=True, exist_ok=True)
    _copy_trunks(run, folder)
    full = complete(TrainingConfig())
    return fit_trunks(load_training_data(full), full, folder, log)[1]


def fit_idea(idea: Idea, run: Path, config: TrainingConfig, out: Path, folder: Path) -> CrossFit:
    """Fit new heads on tables that are changed by an idea."""
    tables, training_tables, networks = {}, {}, {}
    for k, of_fold in _tables(run, out / "trunks").items():
        keras.utils.set_random_seed(config.seed + 1 + k)
        networks[k] = build_network(config.architecture)
        (folder / f"fold-{k}").mkdir(parents=True, exist_ok=True)
        unchanged = [idea.change(table) for table in of_fold.unchanged]
        copies = [idea.change(table) for table in of_fold.copies]
        noisy = [idea.change(table) for table in of_fold.noisy]
        weak = [idea.change(table) for table in of_fold.weak] if idea.weak else []
        tables[k] = BeatTables(unchanged, copies, noisy, weak)
        training_tables[k] = BeatTables(
            [idea.change_training(table) for table in unchanged],
            [idea.change_training(table) for table in copies if idea.keeps(table.name)],
            [],
            weak,
        )
    return fit_heads(networks, tables, config, folder, log, training_tables=training_tables)


def measure_heads(run: Path, out: Path, ideas: Iterable[str]) -> None:
    """Fit and evaluate heads for each idea with every seed."""
    for seed in SEEDS:
        config = dataclasses.replace(complete(TrainingConfig()), seed=seed)
        for name in ideas:
            folder = out / f"heads-{name.replace(' ', '-')}-{seed}"
            fit = partial(fit_idea, HEAD_IDEAS[name], run, config, out, folder)
            _measure(f"heads of {run.name}", name, seed, fit)


def measure_imbalance(run: Path, out: Path) -> None:
    """Fit and evaluate each setting of `Imbalance`."""
    full = complete(TrainingConfig())
    for name, imbalance in HEAD_IMBALANCE.items():
        config = dataclasses.replace(full, imbalance=imbalance)
        folder = out / f"beats-{name.replace(' ', '-')}"
        _measure("beats", name, config.seed, partial(_cross_fit, config, folder, run))
    for name, imbalance in TRUNK_IMBALANCE.items():
        config = complete(dataclasses.replace(SHORT, imbalance=imbalance))
        folder = out / f"signal-{name.replace(' ', '-')}"
        fit = partial(_cross_fit, config, folder)
        _measure("signal and beats, short runs", name, config.seed, fit)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    run, out, ideas = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    measure_heads(run, out, ideas or HEAD_IDEAS)
    if not ideas:
        measure_imbalance(run, out)
