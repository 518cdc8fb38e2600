"""Measure what each answer to imbalance is worth: runs that differ in one setting.

Run it as ``python experiments/ablate.py RUN DIR`` with the databases found by ``ECGSCRIBE_DATA``.
Every DS1 and svdb patient counts, each scored by networks that have not seen it. At the level of
beats, heads are fitted anew on what the trunks of RUN, a finished ``ecgscribe train``, say; at the
level of the signal, trunks too, in short runs on halves of the patients. A row a run goes to
``experiments/ablation.csv``; runs that are there are skipped.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import shutil
import sys
from pathlib import Path

from ecgscribe.cross_fitting import cross_fit
from ecgscribe.training import load_training_data
from ecgscribe.training_config import (
    BeatTraining,
    Imbalance,
    TrainingConfig,
    TrunkTraining,
    complete,
)
from ecgscribe.trunk_training import write_history

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


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _read_table() -> list[dict[str, str]]:
    if not TABLE.is_file():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _measure(level: str, name: str, config: TrainingConfig, folder: Path) -> None:
    """Fit and measure one variant, unless the table holds it, and add its row."""
    rows = _read_table()
    if (level, name) in {(row["level"], row["variant"]) for row in rows}:
        return
    folder.mkdir(parents=True, exist_ok=True)
    found = cross_fit(load_training_data(config), config, folder, _log)
    figures = {key: f"{value:.4f}" for key, value in found.figures.items()}
    rows.append({"level": level, "variant": name, "seed": str(config.seed), **figures})
    write_history(TABLE, rows)


def main(run: Path, out: Path) -> None:
    """Fit and measure all variants, those of beats first."""
    full = complete(TrainingConfig())
    for name, imbalance in OF_BEATS.items():
        folder = out / f"beats-{name.replace(' ', '-')}"
        for of_fold in sorted(run.glob("fold-*")):
            (folder / of_fold.name).mkdir(parents=True, exist_ok=True)
            for path in (*of_fold.glob("trunk-*.h5"), of_fold / "trunk-state.json"):
                shutil.copyfile(path, folder / of_fold.name / path.name)
        _measure("beats", name, dataclasses.replace(full, imbalance=imbalance), folder)
    for name, imbalance in OF_SIGNAL.items():
        folder = out / f"signal-{name.replace(' ', '-')}"
        config = complete(dataclasses.replace(SHORT, imbalance=imbalance))
        _measure("signal and beats, short runs", name, config, folder)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
