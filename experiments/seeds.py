"""Fit the final network with other seeds: ``python experiments/seeds.py RUN DIR SEED...``.

RUN is the folder of a finished ``ecgscribe train``. All seeds share its cross-fitted trunks; each
has its own heads, and so its own calibration and thresholds, and its own final trunk. The model of
a seed is written to ``DIR/seed-K/model.json``. An interrupted run resumes when started again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

from ablate import Idea, fit_idea, log

from ecgscribe.training.config import TrainingConfig, complete
from ecgscribe.training.cross_fitting import fit_final
from ecgscribe.training.data import load_training_data
from ecgscribe.training.export import export_model


def main(run: Path, out: Path, seeds: list[int]) -> None:
    """Fit and export the network of each seed."""
    shipped = json.loads((run / "model.json").read_text(encoding="utf-8"))
    data = load_training_data(complete(TrainingConfig()))
    for seed in seeds:
        config = dataclasses.replace(complete(TrainingConfig()), seed=seed)
        folder = out / f"seed-{seed}"
        fitted = fit_idea(Idea(), run, config, out, folder)
        network = fit_final(data, fitted.tables, config, folder, log)
        meta = shipped | {
            "calibration": fitted.calibration.to_json(),
            "thresholds": fitted.thresholds.to_json(beat_head=True),
            "config": dataclasses.asdict(config),
            "unseen_patients": {k: round(v, 5) for k, v in fitted.metrics.items()},
        }
        model = export_model(network, config.architecture, meta, folder, "model")
        log(f"seed {seed}: {model.path}")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(seed) for seed in sys.argv[3:]])
