"""Assign every subject of DS1 and svdb to one of five folds, with similar classes in each.

Run it as ``python experiments/make_folds.py > src/ecgscribe/training/folds.json``, with
``ECGSCRIBE_DATA`` set to the folder of the databases. Subjects are taken in order of their share of
a rare class, and each goes to the fold that has least of that class. The two databases are divided
separately. A record that has a fold already keeps it.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from ecgscribe import datasets
from ecgscribe.training.data import folds as present_folds

N_FOLDS = 5


def class_counts(db: str, record: str) -> np.ndarray:
    """Count the beats of each AAMI class in one record, shape (5,)."""
    _, annotation = datasets.load(db, record)
    return np.bincount(annotation.beats().class_index, minlength=5)


def main() -> None:
    """Assign the records of both databases and print the folds as JSON."""
    earlier = present_folds()
    folds: dict[str, int] = {}
    for db, records in (("mitdb", datasets.DS1), ("svdb", datasets.SVDB)):
        present = [r for r in records if (datasets.locate(db) / f"{r}.hea").exists()]
        share = np.stack([class_counts(db, r) for r in present]).astype(float)
        share /= np.maximum(share.sum(axis=0), 1)
        held = np.zeros((N_FOLDS, 5))
        size = np.zeros(N_FOLDS)
        kept = np.array([f"{db}/{record}" in earlier for record in present])
        for k in np.lexsort((-share[:, 1:4].max(axis=1), ~kept)):
            rarest = 1 + int(np.argmax(share[k, 1:4]))
            cost = held[:, rarest] + held[:, 1:4].sum(axis=1) / 3 + size / len(present)
            fold = earlier.get(f"{db}/{present[k]}", int(np.argmin(cost)))
            held[fold] += share[k]
            size[fold] += 1
            folds[f"{db}/{present[k]}"] = fold
    json.dump(dict(sorted(folds.items())), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
