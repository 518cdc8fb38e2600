"""Measure how long ecgscribe and other detectors take for 24 hours of ECG, in one run.

``python benchmarks/speed.py [--data-dir DIR] [--records N] [--rounds R] [--model M]``
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.evaluation.baselines import BASELINES, detect, require_baselines
from ecgscribe.model.network import Architecture, build_network
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.training.keras_scoring import KerasNetwork

YARDSTICK = "XQRS (wfdb Python)"
WARM_UP_S = 480
"""Long enough for every shape of a batch."""
GAIN = 200
"""ADC units per mV of mitdb, so that writing does not change the records."""


@dataclass(frozen=True)
class Taken:
    """Wall time, and CPU time of all processors together, in seconds."""

    wall: float
    cpu: float


def joined(records: Sequence[Record]) -> Record:
    """Join records of two leads, end to end, to one long recording."""
    signal = np.concatenate([r.signal for r in records])
    return Record(signal, records[0].fs, ("ECG1", "ECG2"), name="joined")


def write(record: Record, folder: Path) -> Path:
    """Write a recording as WFDB in 16 bits; return its path without a suffix."""
    counts = np.rint(record.signal * GAIN).astype("<i2")
    counts.tofile(folder / f"{record.name}.dat")
    lines = [f"{record.name} {len(record.leads)} {record.fs:g} {record.n_samples}"]
    lines += [f"{record.name}.dat 16 {GAIN}/mV 16 0 0 0 0 {lead}" for lead in record.leads]
    (folder / f"{record.name}.hea").write_text("\n".join(lines) + "\n")
    return folder / record.name


def timed(work: Callable[[], object]) -> Taken:
    """Measure the time of a call, and of the processes that it starts and waits for."""
    before, start = os.times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - start, os.times()
    return Taken(wall, sum(after[:4]) - sum(before[:4]))


def in_process(annotator: Callable[[Record], Annotation], records: Sequence[Record]) -> Taken:
    """Measure the time of an annotator over records, after a first call that does not count."""
    first = records[0]
    annotator(dataclasses.replace(first, signal=first.signal[: round(WARM_UP_S * first.fs)]))
    return timed(lambda: [annotator(record) for record in records])


def command(path: Path, model: str) -> Taken:
    """Measure the time of the command ``ecgscribe annotate``, reading and writing included."""
    words = [sys.executable, "-W", "ignore", "-m", "ecgscribe", "annotate", str(path), "--force"]
    words += ["--quiet", "--model", model, "-o", str(path.parent)]
    return timed(lambda: subprocess.run(words, check=True))


def by_keras(path: Path) -> Model | None:
    """Load a model to be run by Keras; None where there is no Keras."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        sys.stderr.write("speed: Keras is missing, its row is left out; install ecgscribe[train]\n")
        return None
    model = load_model(path)
    network = build_network(Architecture(**model.meta["config"]["architecture"]))
    network.load_weights(model.weight_file("weights"))
    return dataclasses.replace(model, network=KerasNetwork.of(network))


def measures(
    records: Sequence[Record], model: Model, folder: Path
) -> dict[str, Callable[[], Taken]]:
    """Return everything to measure, by name."""
    whole = joined(records)
    half_hour = write(dataclasses.replace(joined(records[:1]), name="one"), folder)
    every, where = write(whole, folder), str(model.path)
    keras_model = by_keras(model.path)
    to_measure: dict[str, Callable[[], Taken]] = {
        "ecgscribe, command, one record of 30 minutes": partial(command, half_hour, where),
        "ecgscribe, command, all": partial(command, every, where),
        "ecgscribe, 2 leads, with classes": partial(
            in_process, partial(annotate, model=model), [whole]
        ),
    }
    if keras_model is not None:
        to_measure["the same by Keras"] = partial(
            in_process, partial(annotate, model=keras_model), [whole]
        )
    for baseline in BASELINES:
        to_measure[baseline] = partial(in_process, partial(detect, baseline=baseline), records)
    return to_measure


def table(taken: dict[str, Taken]) -> list[str]:
    """Return the lines of a Markdown table."""
    yardstick = taken[YARDSTICK]
    lines = [
        "| annotator | wall s | CPU s | wall, relative to XQRS | CPU, relative to XQRS |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {t.wall:.1f} | {t.cpu:.1f} | {t.wall / yardstick.wall:.3f} | "
        f"{t.cpu / yardstick.cpu:.3f} |"
        for name, t in taken.items()
    ]
    return lines


def main() -> int:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description="Measure the time of ecgscribe and of other detectors."
    )
    parser.add_argument("--data-dir", help="folder that holds mitdb")
    parser.add_argument("--records", type=int, default=48, help="number of records (default: all)")
    parser.add_argument(
        "--rounds", type=int, default=1, help="rounds, the fastest of which counts (default: 1)"
    )
    parser.add_argument(
        "--model", default="default", help="model to measure (default: the one in the package)"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    try:
        require_baselines()
        model = load_model(options.model)
        names = datasets.MITDB[: options.records]
        records = [datasets.load("mitdb", n, data_dir=options.data_dir)[0] for n in names]
    except EcgScribeError as error:
        sys.stderr.write(f"speed: {error}\n")
        return 1
    taken: dict[str, Taken] = {}
    with tempfile.TemporaryDirectory() as folder:
        to_time = measures(records, model, Path(folder))
        for k in range(options.rounds):
            for name, measure in to_time.items():
                sys.stderr.write(f"speed: round {k + 1}, {name}\n")
                again = measure()
                best = taken.get(name, again)
                taken[name] = Taken(min(best.wall, again.wall), min(best.cpu, again.cpu))
    hours = sum(r.duration for r in records) / 3600
    lines = [
        f"{hours:.1f} hours ({len(records)} records of mitdb), {os.cpu_count()} CPUs, "
        f"model {model.hash[:12]}",
        "",
        *table(taken),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
