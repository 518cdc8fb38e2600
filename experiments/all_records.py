"""Find the R-peaks of all 48 mitdb records, each by a network that has not seen the patient.

Run it as ``python experiments/all_records.py DIR`` with the databases found by ``ECGSCRIBE_DATA``.
A research run: five trunks, on all of mitdb and svdb but one patient-wise fold each, none of which
ships. Its table goes to ``experiments/all_records.csv``. DIR keeps the trunks; a run that was
killed goes on.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import sys
from functools import partial
from pathlib import Path

import keras

from ecgscribe import annotate, datasets, load_model
from ecgscribe._views import r_peak_rows
from ecgscribe.cross_fitting import TrainingData
from ecgscribe.evaluate import Scored, annotate_records, log_ds2
from ecgscribe.export import export_model
from ecgscribe.network import build_network
from ecgscribe.training import folds
from ecgscribe.training_config import TrainingConfig, complete
from ecgscribe.training_data import load_examples, recorded_noise
from ecgscribe.trunk_training import fit_trunk

TABLE = Path(__file__).parent / "all_records.csv"
LOG = Path(__file__).parent / "ds2.csv"
PASSES = 10
COLUMNS = ("set", "records", "window", "start", "reference", "missed", "extra")


def fold_of_all() -> dict[str, int]:
    """Give the fold of every record: those of training as in training, the others dealt round."""
    table = folds()
    others = [name for name in datasets.DS2 + datasets.PACED if name != "202"]
    table |= {f"mitdb/{name}": k % 5 for k, name in enumerate(sorted(others))}
    return table | {"mitdb/202": table["mitdb/201"]}  # one patient


def log(line: str) -> None:
    """Say how far the run is."""
    sys.stderr.write(f"{line}\n")


def main(out: Path) -> None:
    """Fit the trunks, annotate each fold by the one that has not seen it, and write the table."""
    config = complete(TrainingConfig())
    config = dataclasses.replace(config, trunk=dataclasses.replace(config.trunk, passes=PASSES))
    table = fold_of_all()
    data = TrainingData(load_examples(table), list(table.values()), recorded_noise(), {})
    meta = {"name": "all-records"} | {
        k: load_model().meta[k] for k in ("thresholds", "calibration")
    }
    scored: list[Scored] = []
    for fold in sorted(set(data.fold)):
        folder = out / f"fold-{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(config.seed + 1 + fold)
        network = build_network(config.architecture)
        training, held_out = data.split(fold)
        fit_trunk(network.get_layer("trunk"), training, held_out, data.noise, config, folder, log)
        # The beat head is not fitted: R-peaks do not depend on it.
        model = export_model(network, config.architecture, meta, folder, "model")
        names = [name for name, k in table.items() if k == fold and name.startswith("mitdb/")]
        records = [name.removeprefix("mitdb/") for name in names]
        log_ds2(LOG, model_hash=model.hash, purpose=f"R-peaks of all 48 records, fold {fold}")
        scored += annotate_records(partial(annotate, model=model), records)
    rows = r_peak_rows(scored, annotator="all_records")
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "se", "pp", "f1"])
        for row in rows:
            se, pp = row["se"]["value"], row["pp"]["value"]
            f1 = 2 * se * pp / (se + pp)
            writer.writerow([*(row[key] for key in COLUMNS), *(f"{x:.5f}" for x in (se, pp, f1))])


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]))
