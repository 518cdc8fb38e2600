"""Measure memory and time for recordings of an hour to a fortnight, each in a new process.

``python benchmarks/memory.py [--hours 1 6 24 72 336] [--suffix .scribe] [--folder DIR]``
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import SignalWarning
from ecgscribe.formats.writing import write
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import LazyRecord

FS, LEADS, GAIN = 360, ("ECG1", "ECG2"), 1000.0
TILE_S = 1800
HOURS = (1, 6, 24, 72, 336)


def stream_to_disk(path: Path, hours: float) -> None:
    """Write a recording as WFDB in 16 bits, half an hour at a time.

    A few synthetic tiles follow one another, each with its own amplitude. One minute of each is
    lost.
    """
    tiles = [
        synthesize(duration=TILE_S, fs=FS, seed=seed, heart_rate=rate, leads=2)[0].signal
        for seed, rate in enumerate((62.0, 75.0, 94.0))
    ]
    rng = np.random.default_rng(0)
    n = round(hours * 3600 * FS)
    with path.with_suffix(".dat").open("wb") as file:
        for k, begin in enumerate(range(0, n, TILE_S * FS)):
            tile = tiles[k % len(tiles)] * rng.uniform(0.5, 2)
            tile[600 * FS : 660 * FS] = 0
            counts = np.clip(np.rint(tile * GAIN), -32767, 32767).astype("<i2")
            file.write(counts[: n - begin].tobytes())
    lines = [f"{path.name} {len(LEADS)} {FS} {n}"]
    lines += [f"{path.name}.dat 16 {GAIN:g}/mV 16 0 0 0 0 {lead}" for lead in LEADS]
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def open_16_bits(path: Path) -> LazyRecord:
    """Open a recording of `stream_to_disk`."""
    size = path.with_suffix(".dat").stat().st_size
    row = 2 * len(LEADS)

    def read(begin: int, end: int) -> NDArray[np.float32]:
        with path.with_suffix(".dat").open("rb") as file:
            file.seek(begin * row)
            counts = np.frombuffer(file.read((end - begin) * row), dtype="<i2")
        return counts.reshape(-1, len(LEADS)).astype(np.float32) / np.float32(GAIN)

    return LazyRecord(read, size // row, float(FS), LEADS, name=path.name)


def measure(path: Path, suffix: str) -> dict[str, float]:
    """Annotate a recording and write its beats, in this process."""
    warnings.simplefilter("ignore", SignalWarning)
    model = load_model()
    wall, cpu = time.perf_counter(), time.process_time()
    annotation = annotate(open_16_bits(path), model=model)
    annotated = time.perf_counter() - wall, time.process_time() - cpu
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall = time.perf_counter()
    write(annotation, path.with_suffix(suffix), force=True)
    return {
        "beats": int(np.count_nonzero(annotation.symbol != "~")),
        "wall": annotated[0],
        "cpu": annotated[1],
        "peak": before,
        "write": time.perf_counter() - wall,
        "peak_written": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> int:
    """Measure each length in a new process, and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Measure memory and time of long recordings.")
    parser.add_argument("--hours", type=float, nargs="+", default=HOURS, help="lengths to measure")
    parser.add_argument("--suffix", default=".scribe", help="format to write (default: .scribe)")
    parser.add_argument("--folder", help="folder for the recordings (1.7 GB for 14 days)")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        sys.stdout.write(json.dumps(measure(options.measure, options.suffix)))
        return 0
    sys.stdout.write(
        "| hours | beats | peak MB | wall s | CPU s | CPU s per hour | "
        f"writing {options.suffix}: s | peak MB |\n"
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for hours in options.hours:
            sys.stderr.write(f"memory: {hours:g} hours\n")
            path = Path(folder) / "long"
            stream_to_disk(path, hours)
            command = [sys.executable, __file__, "--measure", str(path), "--suffix"]
            run = subprocess.run([*command, options.suffix], stdout=subprocess.PIPE, check=True)
            m = json.loads(run.stdout)
            sys.stdout.write(
                f"| {hours:g} | {m['beats']:,} | {m['peak']:.0f} | {m['wall']:.1f} | "
                f"{m['cpu']:.1f} | {m['cpu'] / hours:.2f} | {m['write']:.1f} | "
                f"{m['peak_written']:.0f} |\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
