"""Draw the beats that the networks of a run get wrong on patients that they have not seen.

Run it as ``python experiments/show_errors.py RUN DIR``, with ``ECGSCRIBE_DATA`` set to the folder
of the databases. Every record is annotated by the network of the fold that held it out.
``DIR/errors.csv`` lists every missed, extra and misclassified beat. For each kind of error a
folder holds strips of the most confident ones, with the reference above and the model below.
Records of DS2 are not used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ecgscribe import Annotation, Record, annotate, datasets, load_model, plots
from ecgscribe.files import write_csv
from ecgscribe.metrics.ec57 import compare
from ecgscribe.symbols import AAMI_CLASSES

STRIPS_PER_KIND = 12
AROUND_S = 3.0


def find_errors(reference: Annotation, test: Annotation) -> list[dict[str, Any]]:
    """List the errors of one record: kind as in ``S-N`` (reference, test; ``o`` is no beat)."""
    reference, test = reference.beats(), test.beats()
    pairs = compare(reference, test, start=0.0, mapping="literature").pairs
    true_class, test_class, probability = reference.class_index, test.class_index, test.probability
    errors = []
    for r, t in zip(pairs.reference_index, pairs.test_index, strict=True):
        true = AAMI_CLASSES[true_class[r]] if r >= 0 else "o"
        predicted = AAMI_CLASSES[test_class[t]] if t >= 0 else "o"
        if true == predicted:
            continue
        sample = int(reference.sample[r] if r >= 0 else test.sample[t])
        confidence = float(np.max(probability[t])) if t >= 0 and probability is not None else 1.0
        errors.append(
            {"kind": f"{true}-{predicted}", "sample": sample, "confidence": round(confidence, 3)}
        )
    return errors


def draw(record: Record, reference: Annotation, test: Annotation, sample: int, path: Path) -> None:
    """Draw one error: the reference's beats above, the model's below."""
    start = max(sample / record.fs - AROUND_S, 0.0)
    end = min(start + 2 * AROUND_S, record.duration)
    figure = Figure(figsize=(11, 7.6))
    figure.subplots_adjust(hspace=0.3)
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
    rows.sort(key=lambda row: (row["kind"], -row["confidence"]))
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "errors.csv", rows)
    for kind in sorted({row["kind"] for row in rows}):
        of_kind = [row for row in rows if row["kind"] == kind]
        sys.stdout.write(f"{kind}: {len(of_kind)}\n")
        for k, row in enumerate(of_kind[:STRIPS_PER_KIND]):
            place = f"{row['record'].replace('/', '-')}-{row['sample']}"
            draw(*loaded[row["record"]], row["sample"], out / kind / f"{k:02d}-{place}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
