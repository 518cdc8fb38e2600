"""Find the R-peaks of all 48 mitdb records, each by a network that has not seen the patient.

Run it as ``python experiments/all_records.py DIR`` with the databases found by ``ECGSCRIBE_DATA``.
A research run: five networks, on all of mitdb and svdb but one patient-wise fold each, none of
which ships; calibration and thresholds are those of the model in the package. Its table goes to
``experiments/all_records.csv``. DIR keeps the networks; a run that was killed goes on.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from ecgscribe import annotate, datasets, load_model
from ecgscribe._views import r_peak_rows
from ecgscribe.cross_fitting import TrainingData, cross_fit
from ecgscribe.evaluate import Scored, annotate_records, log_ds2
from ecgscribe.export import export_model
from ecgscribe.training import folds
from ecgscribe.training_config import TrainingConfig, complete
from ecgscribe.training_data import load_examples, recorded_noise
from ecgscribe.trunk_training import write_history

TABLE = Path(__file__).parent / "all_records.csv"
LOG = Path(__file__).parent / "ds2.csv"
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
    """Fit the networks, annotate each fold by the one that has not seen it, write the table."""
    config = complete(TrainingConfig())
    table = fold_of_all()
    data = TrainingData(load_examples(table), list(table.values()), recorded_noise(), {})
    shipped = load_model().meta
    meta = {"name": "all-records"} | {k: shipped[k] for k in ("thresholds", "calibration")}
    out.mkdir(parents=True, exist_ok=True)
    scored: list[Scored] = []
    for fold, network in cross_fit(data, config, out, log).networks.items():
        model = export_model(network, config.architecture, meta, out / f"fold-{fold}", "model")
        names = [name for name, k in table.items() if k == fold and name.startswith("mitdb/")]
        records = [name.removeprefix("mitdb/") for name in names]
        log_ds2(LOG, model_hash=model.hash, purpose=f"R-peaks of all 48 records, fold {fold}")
        scored += annotate_records(partial(annotate, model=model), records)
    rows = r_peak_rows(scored, annotator="all_records")
    figures = []
    for row in rows:
        se, pp = row["se"]["value"], row["pp"]["value"]
        shares = {"se": se, "pp": pp, "f1": 2 * se * pp / (se + pp)}
        counts = {key: row[key] for key in COLUMNS}
        figures.append(counts | {key: f"{share:.5f}" for key, share in shares.items()})
    write_history(TABLE, figures)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]))
