"""Measure how many live patients one core can follow.

``python benchmarks/live.py [--data-dir DIR] [--record R] [--seconds S] [--patients N] [--model M]``
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import load_model

CHUNK_S = 0.1
WARM_UP_S = 150.0
"""Until then the history of beats grows, and the work with it."""


def main() -> int:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(
        description="Count the live patients that one core can follow."
    )
    parser.add_argument("--data-dir", help="folder that holds mitdb")
    parser.add_argument("--record", default="119", help="record of mitdb (default: 119)")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="seconds per patient (default: 60)"
    )
    parser.add_argument("--patients", type=int, default=4, help="patients in parallel (default: 4)")
    parser.add_argument(
        "--model", default="default", help="model to time (default: the one in the package)"
    )
    options = parser.parse_args()
    try:
        model = load_model(options.model)
        record, _ = datasets.load("mitdb", options.record, data_dir=options.data_dir)
    except EcgScribeError as error:
        sys.stderr.write(f"live: {error}\n")
        return 1
    streams = [Stream(record.fs, record.leads, model=model) for _ in range(options.patients)]
    warm, chunk = round(WARM_UP_S * record.fs), round(CHUNK_S * record.fs)
    for stream in streams:
        stream.push(record.signal[:warm])
    taken = []
    beats = 0
    for begin in range(warm, warm + round(options.seconds * record.fs), chunk):
        start = time.process_time()
        for stream in streams:
            beats += len(stream.push(record.signal[begin : begin + chunk]))
        taken.append(time.process_time() - start)
    cpu = sum(taken) / options.patients
    sys.stdout.write(
        f"{options.seconds / cpu:.0f} patients per core: "
        f"{1000 * cpu / options.seconds:.1f} ms of CPU per second of {len(record.leads)} leads "
        f"at {record.fs:g} Hz, "
        f"{60 * beats / options.patients / options.seconds:.0f} beats per minute, "
        f"{np.max(taken) * 1000 / options.patients:.1f} ms at most per push; "
        f"model {model.hash[:12]}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
