"""Measure `ecgscribe archive`: scaling from one worker to two, overhead, and memory by size.

``python benchmarks/archive.py [--recordings 60] [--minutes 30] [--tiny 1000 10000] [--rounds 3]``

Recordings are made. Runs on one worker, on two, and the sum of `ecgscribe.annotate` alone take
turns, and the medians of their ratios count, so that what else the machine does hardly shows. For
the memory, a scheduler and two workers are processes of their own, as on a cluster.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from ecgscribe import annotate, formats, load_model
from ecgscribe.datasets.synthetic import synthesize

FS = 250.0
TINY_S = 10.0
SEEDS = 10
"""Recordings of one length are copies of so many."""
PATIENCE_S = 60


def make(folder: Path, number: int, seconds: float) -> None:
    """Write recordings as CSV of one lead, which name themselves."""
    folder.mkdir()
    texts = []
    for seed in range(min(SEEDS, number)):
        record, _ = synthesize(duration=seconds, seed=seed, fs=FS, leads=1)
        rows = "\n".join(f"{value:.3f}" for value in record.signal[:, 0].tolist())
        texts.append(f"II (mV)\n{rows}\n")
    for k in range(number):
        (folder / f"r{k:06d}.csv").write_text(texts[k % len(texts)])


def seconds_of_archive(folder: Path, workers: int) -> float:
    """Return the seconds of a run, without those of one that has nothing to do: starting up."""
    times = []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(2):
            command = [sys.executable, "-m", "ecgscribe", "archive", str(folder), "-o", scratch]
            command += ["--workers", str(workers), "--fs", f"{FS:g}", "--quiet"]
            began = time.perf_counter()
            subprocess.run(command, check=True)
            times.append(time.perf_counter() - began)
    return times[0] - times[1]


def seconds_alone(folder: Path) -> float:
    """Return the seconds that it takes to annotate the recordings one after the other."""
    model = load_model()
    began = time.perf_counter()
    for path in sorted(folder.iterdir()):
        annotate(formats.open_record(path, fs=FS), model=model)
    return time.perf_counter() - began


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, int]]:
    """Start a scheduler and two workers; yield its address and process."""
    file = folder / "scheduler.json"
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    commands = [scheduler, *[["dask_worker", "--nthreads", "1"]] * 2]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *options, "--no-dashboard",
             "--scheduler-file", str(file)], stderr=subprocess.DEVNULL,
        )
        for name, *options in commands
    ]  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        while not (file.is_file() and (found := re.search(r"tcp://[^\"]+", file.read_text()))):
            if time.monotonic() > end:
                raise TimeoutError("expected a scheduler, found none")
            time.sleep(0.1)
        time.sleep(5)  # the workers
        yield found.group(), running[0].pid
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(PATIENCE_S)


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has held so far."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def memory(folder: Path, number: int) -> tuple[float, float, float]:
    """Return the peak of the client and of the scheduler in MB, and the recordings a second."""
    with tempfile.TemporaryDirectory() as scratch, cluster(Path(scratch)) as (address, scheduler):
        command = [sys.executable, "-m", "ecgscribe", "archive", str(folder)]
        command += ["-o", f"{scratch}/out", "--scheduler", address, "--fs", f"{FS:g}", "--quiet"]
        began = time.perf_counter()
        client = subprocess.Popen(command)
        peak = 0.0
        while client.poll() is None:
            with_status = Path(f"/proc/{client.pid}/status")
            if "VmHWM" in with_status.read_text():
                peak = max(peak, peak_mb(client.pid))
            time.sleep(0.2)
        if client.returncode:
            raise subprocess.CalledProcessError(client.returncode, command)
        return peak, peak_mb(scheduler), number / (time.perf_counter() - began)


def main() -> int:
    """Measure, and print two Markdown tables."""
    parser = argparse.ArgumentParser(description="Measure ecgscribe archive.")
    parser.add_argument("--recordings", type=int, default=60, help="long ones (default: 60)")
    parser.add_argument("--minutes", type=float, default=30.0, help="of each (default: 30)")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--tiny", type=int, nargs="*", default=[1000, 10_000],
        help="numbers of recordings of 10 s for the memory (default: 1000 10000)",
    )  # fmt: skip
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        make(root / "long", options.recordings, 60 * options.minutes)
        rows = []
        for _ in range(options.rounds):
            one, two = (seconds_of_archive(root / "long", workers) for workers in (1, 2))
            rows.append((one, two, seconds_alone(root / "long")))
        one, two, alone = (median(column) for column in zip(*rows, strict=True))
        hours = options.recordings * options.minutes / 60
        efficiency = median(first / second / 2 for first, second, _ in rows)
        overhead = median(first / third - 1 for first, _, third in rows)
        sys.stdout.write(
            "| workers | seconds | recordings a second | hours of ECG a second |\n"
            "| ---: | ---: | ---: | ---: |\n"
            f"| annotate alone | {alone:.1f} | {options.recordings / alone:.2f} | "
            f"{hours / alone:.2f} |\n"
            f"| 1 | {one:.1f} | {options.recordings / one:.2f} | {hours / one:.2f} |\n"
            f"| 2 | {two:.1f} | {options.recordings / two:.2f} | {hours / two:.2f} |\n\n"
            f"Scaling efficiency of two workers {efficiency:.2f}; one worker takes "
            f"{100 * overhead:.0f}% more than annotate alone.\n\n"
            "| recordings of 10 s | client, peak MB | scheduler, peak MB | recordings a second |\n"
            "| ---: | ---: | ---: | ---: |\n"
        )
        for number in options.tiny:
            folder = root / f"tiny-{number}"
            make(folder, number, TINY_S)
            client, scheduler, rate = memory(folder, number)
            sys.stdout.write(f"| {number:,} | {client:.0f} | {scheduler:.0f} | {rate:.1f} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
