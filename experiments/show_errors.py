"""Draw the beats that the networks of a run get wrong on the patients that they have not seen.

Run it as ``python experiments/show_errors.py RUN DIR`` with the databases found by
``ECGSCRIBE_DATA``: every record is annotated by the network of the fold that held it out.
``DIR/errors.csv`` lists every missed, extra and wrongly classed beat; for each
kind of error a folder holds strips of the most confident ones, the reference's letters over the
model's. Records of DS2 are never looked at.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ecgscribe import Annotation, Record, annotate, datasets, load_model, plots
from ecgscribe.metrics.ec57 import compare
from ecgscribe.symbols import AAMI_CLASSES

STRIPS_OF_EACH = 12
AROUND_S = 3.0


def find_errors(reference: Annotation, test: Annotation) -> list[dict[str, Any]]:
    """List the errors of one record: kind as in ``S-N`` (reference, test; ``o`` is none)."""
    reference, test = reference.beats(), test.beats()
    pairs = compare(reference, test, start=0.0, mapping="literature").pairs
    true_class, test_class, probability = reference.class_index, test.class_index, test.probability
    errors = []
    for r, t in zip(pairs.reference_index, pairs.test_index, strict=True):
        true = AAMI_CLASSES[true_class[r]] if r >= 0 else "o"
        called = AAMI_CLASSES[test_class[t]] if t >= 0 else "o"
        if true == called:
            continue
        sample = int(reference.sample[r] if r >= 0 else test.sample[t])
        sure = float(np.max(probability[t])) if t >= 0 and probability is not None else 1.0
        errors.append({"kind": f"{true}-{called}", "sample": sample, "sure": round(sure, 3)})
    return errors


def draw(record: Record, reference: Annotation, test: Annotation, sample: int, path: Path) -> None:
    """Draw one error: the reference's beats above, the model's below."""
    start = max(sample / record.fs - AROUND_S, 0.0)
    end = min(start + 2 * AROUND_S, record.duration)
    figure = Figure(figsize=(11, 7))
    for axes, annotation in zip(figure.subplots(2, 1), (reference, test), strict=True):
        plots.strip(record, annotation, start=start, end=end, ax=axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, bbox_inches="tight")


def main(run: Path, out: Path) -> None:
    """List and draw the errors of a run's networks, each on its held-out patients."""
    rows: list[dict[str, Any]] = []
    loaded = {}
    for folder in sorted(run.glob("fold-*")):
        model = load_model(folder)
        for name in model.meta["split"]["held_out"]:
            db, _, record_name = name.partition("/")
            record, reference = datasets.load(db, record_name)
            test = annotate(record, model=model)
            loaded[name] = record, reference, test
            rows += [{"record": name, **error} for error in find_errors(reference, test)]
    rows.sort(key=lambda row: (row["kind"], -row["sure"]))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "errors.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["record", "kind", "sample", "sure"])
        writer.writeheader()
        writer.writerows(rows)
    for kind in sorted({row["kind"] for row in rows}):
        of_kind = [row for row in rows if row["kind"] == kind]
        sys.stdout.write(f"{kind}: {len(of_kind)}\n")
        for k, row in enumerate(of_kind[:STRIPS_OF_EACH]):
            place = f"{row['record'].replace('/', '-')}-{row['sample']}"
            draw(*loaded[row["record"]], row["sample"], out / kind / f"{k:02d}-{place}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
