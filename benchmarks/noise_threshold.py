"""Show how much of records, and of noise, each threshold of noise leaves readable.

``python benchmarks/noise_threshold.py [--data-dir DIR] [--model M] [--folds]``

The threshold of `ecgscribe.pipeline.signal_quality` was chosen from this table: DS1 and svdb stay
readable, and noise has no readable beats. The noise is open to training: the first halves of bw and
ma, and signals made by `ecgscribe.training.noise_only`. Neither DS2 nor the signals of
``noise_only.py`` are used. With ``--folds``, DS1, svdb and the hand-held recordings of cinc2017,
grouped by their labels, are read by the networks of a run's folds that have not seen them.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.evaluation.fold_networks import networks_of_folds, networks_of_one
from ecgscribe.evaluation.records import records_of_split
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.candidates import is_beat
from ecgscribe.pipeline.classification import classify_beats
from ecgscribe.pipeline.detection import detect_r_peaks
from ecgscribe.pipeline.signal_quality import quality_at, signal_quality
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.training.noise_only import noise_only_signal

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8, 0.85, 0.9, 0.95)
MADE = 8
"""Half hours of synthetic noise."""

Source = tuple[str, Record, Model]
"""A group, a recording of it, and the network that reads it."""


def sources(model: Model, data_dir: str | None, *, folds: bool) -> Iterator[Source]:
    """Yield the recordings of all groups, each with the network that reads it."""
    sets = [("mitdb", "ds1"), ("svdb", "all"), *[("cinc2017", "tenth")] * folds]
    for db, split in sets:
        labels = datasets.read_labels(db, data_dir=data_dir) if db == "cinc2017" else {}
        records = records_of_split(db, split, model, data_dir=data_dir)
        for network in (networks_of_folds if folds else networks_of_one)(model, records):
            for name in network.names:
                group = f"cinc2017 {labels[name]}" if labels else f"{db} {split}"
                yield group, datasets.read_record(db, name, data_dir=data_dir), network.model
    if not folds:
        yield from ((group, record, model) for group, record in noise(data_dir))


def noise(data_dir: str | None) -> Iterator[tuple[str, Record]]:
    """Yield noise that is open to choices, each with the name of its group."""
    for name in ("bw", "ma"):
        whole = replace(datasets.noise(name, data_dir=data_dir), leads=("1", "2"))
        yield "bw and ma, first halves", whole.lazy().record(0, whole.n_samples // 2)
    rng = np.random.default_rng(5)
    for _ in range(MADE):
        made = np.concatenate([noise_only_signal(FS * 150, [], rng) for _ in range(12)])
        yield "synthetic noise", Record(made, float(FS), ("1", "2"))


def trusted(model: Model, record: Record) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the trust of every second that a lead can be read in, and of every beat."""
    conditioner = Conditioner.for_record(record)
    every, availability, *_ = classify_beats(model, detect_r_peaks(model, conditioner))
    unreadable = availability.unreadable_spans()
    index = signal_quality(
        every.r_peaks, every.beat_probability, conditioner.n_steps, unreadable=unreadable
    )
    r_peaks = every.r_peaks[is_beat(every.beat_probability, model.thresholds)]
    dark = np.zeros(len(index), dtype=np.bool_)
    for begin, end in unreadable // FS:
        dark[begin : end + 1] = True
    return index[~dark], quality_at(r_peaks, index)


def main() -> int:
    """Print a Markdown table: readable beats per hour, and readable time, at each threshold."""
    parser = argparse.ArgumentParser(
        description="Show what each threshold of noise leaves readable."
    )
    parser.add_argument("--data-dir", help="folder that holds the databases")
    parser.add_argument(
        "--model", default="default", help="model (default: the one in the package)"
    )
    parser.add_argument(
        "--folds", action="store_true", help="each recording by a network that has not seen it"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    seconds, beats = defaultdict(list), defaultdict(list)
    try:
        model = load_model(options.model)
        for group, record, network in sources(model, options.data_dir, folds=options.folds):
            sys.stderr.write(f"noise_threshold: {group} {record.name}\n")
            of_second, of_beat = trusted(network, record)
            seconds[group].append(of_second)
            beats[group].append(of_beat)
    except EcgScribeError as error:
        sys.stderr.write(f"noise_threshold: {error}\n")
        return 1
    head = " | ".join(f"{t:g}" for t in THRESHOLDS)
    lines = [f"| readable beats per hour; time | {head} |", "| --- |" + " ---: |" * len(THRESHOLDS)]
    for group in seconds:
        of_second, of_beat = np.concatenate(seconds[group]), np.concatenate(beats[group])
        cells = [
            f"{np.sum(of_beat >= t) / (len(of_second) / 3600):.1f}; "
            f"{100 * np.mean(of_second >= t):.2f}%"
            for t in THRESHOLDS
        ]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    sys.stdout.write(f"model {model.hash[:12]}\n\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
