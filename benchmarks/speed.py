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
from ecgscribe.evaluation.baselines import PEERS, detect, require_peers
from ecgscribe.model.network import Architecture, build_network
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.training.keras_scoring import KerasNetwork

YARDSTICK = "XQRS (wfdb Python)"
WARM_UP_S = 480
"""Long enough for every shape of batch to be seen."""
GAIN = 200
"""Of mitdb, in counts a mV: so written, the records are what they were."""


@dataclass(frozen=True)
class Taken:
    """Seconds that something took, of the clock and of all processors together."""

    wall: float
    cpu: float


def joined(records: Sequence[Record]) -> Record:
    """Put records of two leads end to end, as one long recording."""
    signal = np.concatenate([r.signal for r in records])
    return Record(signal, records[0].fs, ("ECG1", "ECG2"), name="joined")


def write(record: Record, folder: Path) -> Path:
    """Write a recording as WFDB in 16 bits; give its path without a suffix."""
    counts = np.rint(record.signal * GAIN).astype("<i2")
    counts.tofile(folder / f"{record.name}.dat")
    lines = [f"{record.name} {len(record.leads)} {record.fs:g} {record.n_samples}"]
    lines += [f"{record.name}.dat 16 {GAIN}/mV 16 0 0 0 0 {lead}" for lead in record.leads]
    (folder / f"{record.name}.hea").write_text("\n".join(lines) + "\n")
    return folder / record.name


def timed(work: Callable[[], object]) -> Taken:
    """Time a call, and the processes that it starts and waits for."""
    before, start = os.times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - start, os.times()
    return Taken(wall, sum(after[:4]) - sum(before[:4]))


def in_process(annotator: Callable[[Record], Annotation], records: Sequence[Record]) -> Taken:
    """Time an annotator over records, after a first call that is not counted."""
    first = records[0]
    annotator(dataclasses.replace(first, signal=first.signal[: round(WARM_UP_S * first.fs)]))
    return timed(lambda: [annotator(record) for record in records])


def command(path: Path, model: str) -> Taken:
    """Time ``ecgscribe annotate`` as a command, from cold: reading and writing are part of it."""
    words = [sys.executable, "-W", "ignore", "-m", "ecgscribe", "annotate", str(path), "--force"]
    words += ["--quiet", "--model", model, "-o", str(path.parent)]
    return timed(lambda: subprocess.run(words, check=True))


def by_keras(path: Path) -> Model | None:
    """Load a model to be run by Keras; None where there is no Keras."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        sys.stderr.write("speed: no Keras, its row is left out; install ecgscribe[train]\n")
        return None
    model = load_model(path)
    network = build_network(Architecture(**model.meta["config"]["architecture"]))
    network.load_weights(model.weight_file("weights"))
    return dataclasses.replace(model, network=KerasNetwork.of(network))


def measures(
    records: Sequence[Record], model: Model, folder: Path
) -> dict[str, Callable[[], Taken]]:
    """Name all that is to be timed."""
    whole = joined(records)
    half_hour = write(dataclasses.replace(joined(records[:1]), name="one"), folder)
    every, where = write(whole, folder), str(model.path)
    keras_model = by_keras(model.path)
    found: dict[str, Callable[[], Taken]] = {
        "ecgscribe, command, one record of 30 minutes": partial(command, half_hour, where),
        "ecgscribe, command, all": partial(command, every, where),
        "ecgscribe, 2 leads, with classes": partial(
            in_process, partial(annotate, model=model), [whole]
        ),
    }
    if keras_model is not None:
        found["the same by Keras"] = partial(
            in_process, partial(annotate, model=keras_model), [whole]
        )
    for peer in PEERS:
        found[peer] = partial(in_process, partial(detect, peer=peer), records)
    return found


def table(taken: dict[str, Taken]) -> list[str]:
    """Give the rows of a Markdown table."""
    yardstick = taken[YARDSTICK]
    lines = [
        "| annotator | wall s | CPU s | wall, share of XQRS's | CPU, share of XQRS's |",
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
    parser = argparse.ArgumentParser(description="Time ecgscribe and other detectors in one run.")
    parser.add_argument("--data-dir", help="folder that holds mitdb")
    parser.add_argument("--records", type=int, default=48, help="how many records (default: all)")
    parser.add_argument(
        "--rounds", type=int, default=1, help="rounds, of which the fastest counts (default: 1)"
    )
    parser.add_argument("--model", default="default", help="model to time (default: the shipped)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    try:
        require_peers()
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
