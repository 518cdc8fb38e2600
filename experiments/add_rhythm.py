"""Train the rhythm networks of a finished run: ``python experiments/add_rhythm.py RUN``.

``ecgscribe train --resume`` does the same, but first computes the tables of the beat heads anew.
Set ``ECGSCRIBE_DATA`` to the folder of the databases. RUN gets ``rhythm-unseen.csv``, and its model
and those of its folds a rhythm network; networks that are fitted are not fitted again. Its log is
in ``rhythm/log.txt``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ecgscribe import load_model
from ecgscribe.training.config import RhythmTraining, TrainingConfig
from ecgscribe.training.data import load_training_data
from ecgscribe.training.keras_backend import import_keras
from ecgscribe.training.rhythm import train_rhythm
from ecgscribe.training.run_folder import open_run


def main(run: Path) -> None:
    """Read the settings that concern the rhythm from the run, and train."""
    settings = json.loads((run / "config.json").read_text(encoding="utf-8"))
    schedule = RhythmTraining()
    if "rhythm" in settings:
        databases = tuple(settings["rhythm"].pop("databases"))
        schedule = RhythmTraining(databases=databases, **settings["rhythm"])
    config = TrainingConfig(
        seed=settings["seed"], folds=settings["folds"], limit=settings["limit"], rhythm=schedule
    )
    of_folds = {k: load_model(run / f"fold-{k}") for k in range(config.folds)}
    import_keras()
    data = load_training_data(config)
    log = open_run(run / "rhythm", config, resume=True, progress=print)
    train_rhythm(load_model(run), of_folds, data, config, run, log)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
