"""Measure how long ecgscribe and other detectors take for 24 hours of ECG, in one run.

``python benchmarks/speed.py [--data-dir DIR] [--records N] [--model M]``
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ecgscribe import datasets
from ecgscribe.annotate import annotate
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.peers import PEERS, detect, require_peers
from ecgscribe.record import Annotation, Record
from ecgscribe.runtime import load_model

YARDSTICK = "XQRS (wfdb Python)"
WARM_UP_S = 30


def joined(records: Sequence[Record]) -> Record:
    """Put records of two leads end to end, as one long recording."""
    signal = np.concatenate([r.signal for r in records])
    return Record(signal, records[0].fs, ("ECG1", "ECG2"), name="joined")


def seconds(annotator: Callable[[Record], Annotation], records: Sequence[Record]) -> float:
    """Time an annotator over records, after a first call that is not counted."""
    first = records[0]
    annotator(dataclasses.replace(first, signal=first.signal[: round(WARM_UP_S * first.fs)]))
    start = time.perf_counter()
    for record in records:
        annotator(record)
    return time.perf_counter() - start


def main() -> int:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Time ecgscribe and other detectors in one run.")
    parser.add_argument("--data-dir", help="folder that holds mitdb")
    parser.add_argument("--records", type=int, default=48, help="how many records (default: all)")
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
    taken = {
        "ecgscribe, 2 leads, with classes": seconds(
            partial(annotate, model=model), [joined(records)]
        )
    }
    for peer in PEERS:
        sys.stderr.write(f"speed: {peer}\n")
        taken[peer] = seconds(partial(detect, peer=peer), records)
    hours = sum(r.duration for r in records) / 3600
    lines = [
        f"{hours:.1f} hours ({len(records)} records of mitdb), {os.cpu_count()} CPUs, "
        f"model {model.hash[:12]}",
        "",
        "| annotator | seconds | share of XQRS's time |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {k} | {t:.1f} | {t / taken[YARDSTICK]:.3f} |" for k, t in taken.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
