"""Find the R-peaks of all 48 mitdb records, each by a network that has not seen the patient.

Run it as ``python experiments/all_records.py RUN``, with ``ECGSCRIBE_DATA`` set to the folder of
the databases. RUN is the folder of a finished ``ecgscribe train``. Records that it trained on are
annotated by the network of the fold that held them out; so is 202, whose patient is that of 201.
All others are annotated by its final network. The table goes to ``experiments/all_records.csv``.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from ecgscribe import annotate, datasets, load_model
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.output import log_ds2
from ecgscribe.evaluation.protocol import r_peak_metrics
from ecgscribe.evaluation.records import annotate_records
from ecgscribe.files import write_csv
from ecgscribe.training.data import folds

TABLE = Path(__file__).parent / "all_records.csv"
LOG = Path(__file__).parent / "ds2.csv"
COLUMNS = ("set", "records", "window", "start", "reference", "missed", "extra")


def network_of(record: str) -> str:
    """Return the folder, within a run, of the network that has not seen a record's patient."""
    fold = folds().get(datasets.subject("mitdb", record).replace("-", "/"))
    return "." if fold is None else f"fold-{fold}"


def main(run: Path) -> None:
    """Annotate all records, and write the table."""
    by_network: dict[str, list[str]] = {}
    for record in datasets.MITDB:
        by_network.setdefault(network_of(record), []).append(record)
    scored: list[Scored] = []
    for folder, records in by_network.items():
        model = load_model(run / folder / "model.json")
        if set(records) & set(datasets.DS2):
            log_ds2(LOG, model_hash=model.hash, purpose="R-peaks of all 48 records")
        scored += annotate_records(partial(annotate, model=model), records)
    rows = []
    for row in r_peak_metrics(scored, annotator="all_records"):
        shares = {"se": row.se.value, "pp": row.pp.value, "f1": row.f1.value}
        counts = {key: getattr(row, key) for key in COLUMNS}
        rows.append(counts | {key: f"{share:.5f}" for key, share in shares.items()})
    write_csv(TABLE, rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
