"""Trainings of seconds: a small network, a few synthetic patients, two batches per epoch.

As a program, ``python tiny_training.py OUT [--kill]`` trains in a process of its own, which
``--kill`` kills after the first epoch, as a user's kill -9 would.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture
from ecgscribe.training import data, run_folder, train
from ecgscribe.training.config import BeatTraining, TrainingConfig, TrunkTraining

EPOCHS = 3
SIZES = Architecture(
    lstm_units=8, lstm_layers=1, beat_features=8, beat_units=4, n_facts=len(FEATURE_NAMES)
)
CONFIG = TrainingConfig(
    folds=2,
    fold=0,
    architecture=SIZES,
    trunk=TrunkTraining(epochs=EPOCHS, steps=2, batch=4, window_s=4, validate_every=2),
    beats=BeatTraining(epochs=2, steps=2, batch=4, window=16, copies=1),
)


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def train_tiny(out: Path, *, config: TrainingConfig = CONFIG, resume: bool = False) -> Path:
    """Train on a few short synthetic recordings; return the path of the model."""
    with mock.patch.multiple(data, SYNTHETIC_PATIENTS=5, SYNTHETIC_S=40.0):
        return train.train(config, out=out, synthetic=True, resume=resume, progress=_print)


def _kill_after_first_epoch() -> None:
    open_run = run_folder.open_run

    def open_run_to_kill(*arguments: object, **options: object) -> Callable[[str], None]:
        log = open_run(*arguments, **options)  # type: ignore[arg-type]

        def log_and_kill(line: str) -> None:
            log(line)
            if "epoch 1/" in line:
                os.kill(os.getpid(), signal.SIGKILL)

        return log_and_kill

    train.open_run = open_run_to_kill  # type: ignore[attr-defined]


if __name__ == "__main__":
    if "--kill" in sys.argv:
        _kill_after_first_epoch()
    sys.stdout.write(f"{train_tiny(Path(sys.argv[1]))}\n")
