"""Measure what each idea is worth: runs that differ in one thing.

Run it as ``python experiments/ablate.py RUN DIR [IDEA...]`` with the databases found by
``ECGSCRIBE_DATA``; where ideas of `OF_HEADS` are named, these alone are measured. Every DS1 and
svdb patient counts, each scored by networks that have not seen it. Heads are fitted anew on what
the trunks of RUN, a finished ``ecgscribe train``, say: with three seeds for what the heads learn
from, with one for the answers to imbalance. For those trunks are fitted, too, in short runs on
halves of the patients. A row a run goes to ``experiments/ablation.csv``; runs that are there are
skipped.
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

from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.network import build_network
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.beat_tables import SILENT, UNKNOWN, BeatTable, BeatTables
from ecgscribe.training.config import (
    BeatTraining,
    Imbalance,
    TrainingConfig,
    TrunkTraining,
    complete,
)
from ecgscribe.training.cross_fitting import CrossFit, cross_fit, fit_heads, fit_trunks
from ecgscribe.training.data import load_training_data
from ecgscribe.training.run_folder import write_history

TABLE = Path(__file__).parent / "ablation.csv"
SHORT = TrainingConfig(
    folds=2,
    trunk=TrunkTraining(passes=3, validate_every=3),
    beats=BeatTraining(passes=8, copies=1),
)
OF_BEATS = {
    "all of it": Imbalance(),
    "none of it": Imbalance(sampling="uniform", beat_loss="plain", augment=False),
    "drawn uniformly": Imbalance(sampling="uniform"),
    "class loss plain": Imbalance(beat_loss="plain"),
    "class loss focal": Imbalance(beat_loss="focal"),
    "no augmentation": Imbalance(augment=False),
}
OF_SIGNAL = {
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


def _as_it_is(table: BeatTable) -> BeatTable:
    return table


def _with_reference_only(table: BeatTable) -> BeatTable:
    """Leave out of what is learnt that some R-peaks are none."""
    known = np.where(table.class_index == NO_BEAT, UNKNOWN, table.class_index)
    return dataclasses.replace(table, class_index=known.astype(np.int8))


def _without_facts(names: tuple[str, ...]) -> Callable[[BeatTable], BeatTable]:
    """Make the change that tells a head nothing of these facts."""

    def change(table: BeatTable) -> BeatTable:
        told, class_told = np.isin(FEATURE_NAMES, names), np.isin(LOGIT_FEATURE_NAMES, names)
        return dataclasses.replace(
            table,
            features=np.where(told, np.float32(0), table.features),
            logit_features=np.where(class_told, np.float32(0), table.logit_features),
        )

    return change


@dataclass(frozen=True)
class Idea:
    """What the heads learn from.

    Parameters
    ----------
    told : callable
        Changes each table, in learning and in use.
    learnt : callable
        Changes each table that is learnt from.
    kept : callable
        Whether to learn from a copy of that name.
    """

    told: Callable[[BeatTable], BeatTable] = _as_it_is
    learnt: Callable[[BeatTable], BeatTable] = _as_it_is
    kept: Callable[[str], bool] = lambda name: True


OF_HEADS = {
    "all of it": Idea(),
    "no signals without a heart": Idea(kept=lambda name: name != SILENT),
    "no other rhythms": Idea(kept=lambda name: name == SILENT or name.count("/") < 2),
    "R-peaks that are none not learnt from": Idea(learnt=_with_reference_only),
    "score of the R-peak not told": Idea(
        told=_without_facts(tuple(f for f in LOGIT_FEATURE_NAMES if f.startswith("R-peak")))
    ),
    "regularity not told": Idea(told=_without_facts(REGULARITY)),
    "P waves around not told": Idea(told=_without_facts(P_WAVES)),
    "noise around not told": Idea(told=_without_facts(NOISE)),
}


def log(line: str) -> None:
    """Say how far the run is."""
    sys.stderr.write(f"{line}\n")


def _read_table() -> list[dict[str, str]]:
    if not TABLE.is_file():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _measure(level: str, name: str, seed: int, fit: Callable[[], CrossFit]) -> None:
    """Fit and measure one variant, unless the table holds it, and add its row."""
    key = {"level": level, "variant": name, "seed": str(seed)}
    if any(row | key == row for row in _read_table()):
        return
    figures = {what: f"{value:.4f}" for what, value in fit().figures.items()}
    write_history(TABLE, [*_read_table(), key | figures])


def _cross_fit(config: TrainingConfig, folder: Path, run: Path | None = None) -> CrossFit:
    """Fit trunks (or take them from RUN) and heads by a configuration."""
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
def _gather(run: Path, folder: Path) -> dict[int, BeatTables]:
    """Gather once what the trunks of RUN say."""
    folder.mkdir(parents=True, exist_ok=True)
    _copy_trunks(run, folder)
    full = complete(TrainingConfig())
    return fit_trunks(load_training_data(full), full, folder, log)[1]


def fit_idea(idea: Idea, run: Path, config: TrainingConfig, out: Path, folder: Path) -> CrossFit:
    """Fit new heads on tables changed as an idea says."""
    told, learnt, networks = {}, {}, {}
    for k, of_fold in _gather(run, out / "trunks").items():
        keras.utils.set_random_seed(config.seed + 1 + k)
        networks[k] = build_network(config.architecture)
        (folder / f"fold-{k}").mkdir(parents=True, exist_ok=True)
        unchanged = [idea.told(table) for table in of_fold.unchanged]
        copies = [idea.told(table) for table in of_fold.copies]
        noisy = [idea.told(table) for table in of_fold.noisy]
        told[k] = BeatTables(unchanged, copies, noisy)
        learnt[k] = BeatTables(
            [idea.learnt(table) for table in unchanged],
            [idea.learnt(table) for table in copies if idea.kept(table.name)],
            [],
        )
    return fit_heads(networks, told, config, folder, log, learnt=learnt)


def measure_heads(run: Path, out: Path, ideas: Iterable[str]) -> None:
    """Fit and measure heads by each idea with every seed."""
    for seed in SEEDS:
        config = dataclasses.replace(complete(TrainingConfig()), seed=seed)
        for name in ideas:
            folder = out / f"heads-{name.replace(' ', '-')}-{seed}"
            fit = partial(fit_idea, OF_HEADS[name], run, config, out, folder)
            _measure("heads", name, seed, fit)


def measure_imbalance(run: Path, out: Path) -> None:
    """Fit and measure each answer to imbalance."""
    full = complete(TrainingConfig())
    for name, imbalance in OF_BEATS.items():
        config = dataclasses.replace(full, imbalance=imbalance)
        folder = out / f"beats-{name.replace(' ', '-')}"
        _measure("beats", name, config.seed, partial(_cross_fit, config, folder, run))
    for name, imbalance in OF_SIGNAL.items():
        config = complete(dataclasses.replace(SHORT, imbalance=imbalance))
        folder = out / f"signal-{name.replace(' ', '-')}"
        fit = partial(_cross_fit, config, folder)
        _measure("signal and beats, short runs", name, config.seed, fit)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    run, out, ideas = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    measure_heads(run, out, ideas or OF_HEADS)
    if not ideas:
        measure_imbalance(run, out)
