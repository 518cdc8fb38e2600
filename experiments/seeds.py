"""Fit the network that is used with other seeds: ``python experiments/seeds.py RUN DIR SEED...``.

RUN is a finished ``ecgscribe train``. Its cross-fitted trunks serve every seed, whose own are the
heads, and so calibration and thresholds, and the trunk that is used. Each seed's model goes to
``DIR/seed-K/model.json``; a run that was killed goes on.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

from ablate import Idea, fit_idea, log

from ecgscribe.training.config import TrainingConfig, complete
from ecgscribe.training.cross_fitting import fit_whole
from ecgscribe.training.data import load_training_data
from ecgscribe.training.export import export_model


def main(run: Path, out: Path, seeds: list[int]) -> None:
    """Fit and export the network of each seed."""
    shipped = json.loads((run / "model.json").read_text(encoding="utf-8"))
    data = load_training_data(complete(TrainingConfig()))
    for seed in seeds:
        config = dataclasses.replace(complete(TrainingConfig()), seed=seed)
        folder = out / f"seed-{seed}"
        found = fit_idea(Idea(), run, config, out, folder)
        network = fit_whole(data, found.tables, config, folder, log)
        meta = shipped | {
            "calibration": found.calibration.to_json(),
            "thresholds": found.thresholds.to_json(beat_head=True),
            "config": dataclasses.asdict(config),
            "unseen_patients": {k: round(v, 5) for k, v in found.figures.items()},
        }
        log(
            f"seed {seed}: {export_model(network, config.architecture, meta, folder, 'model').path}"
        )


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(seed) for seed in sys.argv[3:]])
