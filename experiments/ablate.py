"""Measure what each answer to imbalance is worth: short runs that differ in one setting.

Run it as ``python experiments/ablate.py DIR`` with the databases found by ``ECGSCRIBE_DATA``. Every
run trains on the same patients and is measured end to end on the held-out ones, which also set
its thresholds; a row a run goes to ``experiments/ablation.csv``. Runs that are there are skipped.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import sys
from functools import partial
from pathlib import Path

from ecgscribe.annotate import annotate
from ecgscribe.evaluate import Scored, annotate_records, evaluate_records
from ecgscribe.runtime import Model, load_model
from ecgscribe.training import train
from ecgscribe.training_config import BeatTraining, Imbalance, TrainingConfig, TrunkTraining

TABLE = Path(__file__).parent / "ablation.csv"
SHORT = TrainingConfig(
    trunk=TrunkTraining(passes=3, validate_every=3),
    beats=BeatTraining(passes=4, copies=1),
)
VARIANTS = {
    "all of it": Imbalance(),
    "R-peak loss not weighted": Imbalance(peak="none"),
    "windows and beats drawn uniformly": Imbalance(sampling="uniform"),
    "class loss plain": Imbalance(beat_loss="plain"),
    "no augmentation": Imbalance(augment=False),
    "class loss focal": Imbalance(beat_loss="focal"),
    "none of it": Imbalance(peak="none", sampling="uniform", beat_loss="plain", augment=False),
}


def measure(model: Model) -> dict[str, float]:
    """Give the figures of a model on the patients that its training held out."""
    items: list[Scored] = []
    for db in ("mitdb", "svdb"):
        names = [n.partition("/")[2] for n in model.meta["split"]["held_out"] if n.startswith(db)]
        items += annotate_records(partial(annotate, model=model), names, db=db)
    report = evaluate_records(items, resamples=0)
    view = next(v for v in report["views"] if v["mapping"] == "literature" and v["start"] == 0)
    peaks = next(r for r in report["r_peaks"] if r["start"] == 0 and r["window"] == 0.05)
    se, pp = peaks["se"]["value"], peaks["pp"]["value"]
    return {
        "auprc": view["abnormal"]["auprc"]["value"],
        "macro_f1": view["macro_f1"]["value"],
        **{f"f1_{c.lower()}": view["classes"][c]["f1"]["value"] for c in "SVF"},
        "r_peak_f1_50ms": 2 * se * pp / (se + pp),
    }


def main(out: Path) -> None:
    """Train and measure each variant that the table does not hold yet."""
    done: list[dict[str, str]] = []
    if TABLE.is_file():
        with TABLE.open(newline="") as file:
            done = list(csv.DictReader(file))
    for name, imbalance in VARIANTS.items():
        if name in {row["variant"] for row in done}:
            continue
        config = dataclasses.replace(SHORT, imbalance=imbalance)
        folder = out / name.replace(" ", "-")
        model = load_model(train(config, out=folder, resume=True))
        figures = {key: f"{value:.4f}" for key, value in measure(model).items()}
        done.append({"variant": name, "seed": str(config.seed), **figures})
        temporary = TABLE.with_suffix(".new")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, done[0])
            writer.writeheader()
            writer.writerows(done)
        temporary.replace(TABLE)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]))
