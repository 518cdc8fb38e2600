"""Measure `ecgscribe archive`: scaling, overhead, memory by size, and a plan for a million.

``python benchmarks/archive.py [--recordings 48] [--minutes 30] [--rounds 3] [--many 1000 10000
100000]`` writes archive.md next to this file. The machine must be idle.

Recordings are made. Runs on one worker, on two, and the sum of annotating alone take turns, and the
medians of their ratios count. What starting takes is left out: as many recordings as there are
workers are annotated in a run of their own, whose time is subtracted.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # as in a worker

import numpy as np

from ecgscribe import formats, load_model
from ecgscribe.archive.bundles import bundles
from ecgscribe.archive.on_disk import Source
from ecgscribe.archive.tables import FOLDERS
from ecgscribe.archive.task import Options, annotate_source
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.files import write_text
from ecgscribe.pipeline.annotate import annotate

HERE = Path(__file__).parent
FS = 250.0
SEEDS = 4
"""Recordings of one length are copies of so many."""
PATIENCE_S = 300
LIGHT_WORKERS = 2
PLANNED, WORKERS = 1_000_000, 100
PLANNED_S = {"10 s": (10.0, 40), "24 h": (86_400.0, 1)}
"""Lengths that are planned with, in seconds, and how many recordings are annotated to know."""


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds by the clock, and of processors."""

    wall: float
    cpu: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu)


@dataclass(frozen=True)
class Many:
    """What many recordings took of the client and the scheduler: peaks in MB, CPU seconds."""

    number: int
    client_mb: float
    scheduler_mb: float
    client_s: float
    scheduler_s: float
    rate: float


def say(text: str) -> None:
    """Show what is measured now, and when that began."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def make(folder: Path, number: int, seconds: float) -> None:
    """Write recordings of one lead."""
    folder.mkdir()
    signals = [
        synthesize(duration=seconds, seed=seed, fs=FS, leads=1)[0].signal
        for seed in range(min(SEEDS, number))
    ]
    for k in range(number):
        np.save(folder / f"r{k:06d}.npy", signals[k % len(signals)])


def now() -> Cost:
    """Return the time, and what this process and all that have ended below it have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Cost(time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used))


def archive(folder: Path, workers: int) -> Cost:
    """Return what an archive of a folder takes on this computer."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "ecgscribe", "archive", str(folder), "-o", scratch]
        began = now()
        subprocess.run(
            [*command, "--workers", str(workers), "--fs", f"{FS:g}", "--quiet"], check=True
        )
        return now() - began


def alone(folder: Path) -> Cost:
    """Return what it takes to annotate the recordings one after the other, as the command does."""
    model = load_model()
    with tempfile.TemporaryDirectory() as scratch:
        began = now()
        for path in sorted(folder.iterdir()):
            annotation = annotate(formats.open_record(path, fs=FS), model=model, threads=1)
            formats.write(annotation, Path(scratch) / f"{path.stem}.{formats.DEFAULT_ANNOTATOR}")
        return now() - began


def scaling(root: Path, recordings: int, minutes: float, rounds: int) -> Iterator[str]:
    """Yield the table of scaling and overhead."""
    make(root / "long", recordings, 60 * minutes)
    for workers in (1, 2):
        make(root / f"first{workers}", workers, 60 * minutes)
    alone(root / "first1")  # what is loaded at first is not counted
    runs: dict[str, list[Cost]] = {"annotate alone": [], "1": [], "2": []}
    for k in range(rounds):
        say(f"scaling, round {k + 1} of {rounds}")
        runs["annotate alone"].append(alone(root / "long"))
        for workers in (1, 2):
            cost = archive(root / "long", workers) - archive(root / f"first{workers}", workers)
            share = recordings / (recordings - workers)
            runs[f"{workers}"].append(Cost(cost.wall * share, cost.cpu * share))
    hours = recordings * minutes / 60
    rows = [
        (name, f"{wall:.1f}", f"{median(each.cpu for each in costs):.1f}",
         f"{recordings / wall:.2f}", f"{hours / wall:.2f}")
        for name, costs in runs.items()
        for wall in [median(each.wall for each in costs)]
    ]  # fmt: skip
    yield f"{recordings} recordings of {minutes:g} minutes, {rounds} rounds."
    yield table(["workers", "wall s", "CPU s", "recordings/s", "hours of ECG/s"], rows)
    one, two, by_itself = runs["1"], runs["2"], runs["annotate alone"]
    efficiency = median(a.wall / b.wall / 2 for a, b in zip(one, two, strict=True))
    wall = median(a.wall / b.wall - 1 for a, b in zip(one, by_itself, strict=True))
    cpu = median(a.cpu / b.cpu - 1 for a, b in zip(one, by_itself, strict=True))
    yield (
        f"Scaling efficiency of two workers: {efficiency:.2f}. Compared with annotating alone, one "
        f"worker changes the time by {wall:+.1%} and the CPU time by {cpu:+.1%}. These three are "
        "medians of the ratios within a round; the table has the medians of the seconds."
    )


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, int]]:
    """Start a scheduler and two light workers; yield its address and process."""
    file = folder / "scheduler.json"
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = ["dask_worker", "--nthreads", "1", "--preload", str(HERE / "archive_light.py")]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *options, "--no-dashboard",
             "--scheduler-file", str(file)], stderr=subprocess.DEVNULL,
        )
        for name, *options in (scheduler, *[worker] * LIGHT_WORKERS)
    ]  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        while not (file.is_file() and (found := re.search(r"tcp://[^\"]+", file.read_text()))):
            if time.monotonic() > end:
                raise TimeoutError("expected a scheduler, found none")
            time.sleep(0.1)
        from distributed import Client

        with Client(found.group()) as client:
            client.wait_for_workers(LIGHT_WORKERS, timeout=PATIENCE_S)
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


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def many(root: Path, number: int) -> Many:
    """Return what so many recordings take of the client and the scheduler."""
    say(f"memory with {number:,} recordings")
    folder = root / f"many{number}"
    folder.mkdir()
    for k in range(number):
        (folder / f"r{k:06d}.csv").write_bytes(b"0\n")
    with tempfile.TemporaryDirectory() as scratch, cluster(Path(scratch)) as (address, scheduler):
        began, used = time.perf_counter(), cpu_s(scheduler)
        client = subprocess.Popen(
            [sys.executable, "-m", "ecgscribe", "archive", str(folder), "-o", f"{scratch}/out",
             "--scheduler", address, "--quiet"]
        )  # fmt: skip
        client_mb = client_s = 0.0
        while client.poll() is None:
            with suppress(IndexError):  # it is just ending, and has no memory any more
                client_mb, client_s = peak_mb(client.pid), cpu_s(client.pid)
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        if client.returncode:
            raise subprocess.CalledProcessError(client.returncode, client.args)
        return Many(
            number,
            client_mb,
            peak_mb(scheduler),
            client_s,
            cpu_s(scheduler) - used,
            number / seconds,
        )


def tasks(number: int, size: int, *, of: int, threads: int) -> int:
    """Return the tasks that recordings of so many bytes are, where they are some of an archive."""
    sources = (Source(f"{k}", size) for k in range(number))
    return sum(1 for _ in bundles(sources, number=of, threads=threads))


def plan(root: Path, runs: Sequence[Many]) -> Iterator[str]:
    """Yield what a million recordings on a hundred workers take, from what was measured."""
    least, most = runs[0], runs[-1]
    more = most.number - least.number
    client_s = (most.client_s - least.client_s) / more
    sent = [tasks(each.number, 2, of=each.number, threads=LIGHT_WORKERS) for each in (least, most)]
    task_s = (most.scheduler_s - least.scheduler_s) / (sent[1] - sent[0])
    yield (
        f"The client takes {1000 * client_s:.2f} ms of CPU time per recording, the scheduler "
        f"{1000 * task_s:.2f} ms per task (differences of the first and the last row above)."
    )
    rows = []
    cpu_of(root / "loads", 1, 10.0)  # what is loaded at first is not counted
    for name, (seconds, number) in PLANNED_S.items():
        say(f"plan, recordings of {name}")
        folder, out = root / f"of {name}", root / f"of {name}, annotated"
        cost = cpu_of(folder, number, seconds) / number
        read, written = size_of(folder) / number, size_of(out) / number
        a_task = 10_000 / tasks(10_000, round(read), of=PLANNED, threads=WORKERS)
        rate = WORKERS / cost
        rows.append((
            name, f"{cost:.3f}", f"{PLANNED * cost / WORKERS / 3600:.1f}", f"{rate:,.1f}",
            f"{a_task:.0f}", f"{rate / a_task:.2f}", f"{rate / a_task * task_s:.2%}",
            f"{rate * client_s:.1%}", f"{PLANNED * read / 1e9:,.0f}",
            f"{PLANNED * written / 1e9:,.1f}",
        ))  # fmt: skip
    yield table(
        ["length", "CPU s each", "hours", "recordings/s", "recordings a task", "tasks/s",
         "of the scheduler's CPU", "of the client's CPU", "GB read", "GB written"],
        rows,
    )  # fmt: skip


def cpu_of(folder: Path, number: int, seconds: float) -> float:
    """Make recordings in a folder, and return the CPU seconds that a worker needs for all."""
    out = folder.with_name(f"{folder.name}, annotated")
    make(folder, number, seconds)
    for each in FOLDERS:
        (out / each).mkdir(parents=True)
    began = now()
    for path in folder.iterdir():
        annotate_source(str(path), str(out), load_model(), Options(fs=FS))
    return (now() - began).cpu


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder, to any depth."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, the first column to the left."""
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description="Measure ecgscribe archive.")
    parser.add_argument("--recordings", type=int, default=48, help="long ones (default: 48)")
    parser.add_argument("--minutes", type=float, default=30.0, help="of each (default: 30)")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--many", type=int, nargs="+", default=[1000, 10_000, 100_000], metavar="N",
        help="numbers of recordings for the memory (default: 1000 10000 100000)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=HERE / "archive.md", help="the page")
    options = parser.parse_args()
    if options.recordings < 3 or max(options.many) < 2 * min(options.many) or min(options.many) < 1:
        parser.error(
            "expected three --recordings at least, and --many that are at least twice as many"
        )
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        page = ["# An archive", f"Measured by `python benchmarks/archive.py` on {os.cpu_count()} "
                "CPUs, on synthetic recordings of one lead at 250 Hz."]  # fmt: skip
        page += ["## Scaling and overhead", *scaling(
            root, options.recordings, options.minutes, options.rounds)]  # fmt: skip
        runs = [many(root, number) for number in sorted(options.many)]
        rows = [
            (f"{each.number:,}", f"{each.client_mb:.0f}", f"{each.scheduler_mb:.0f}",
             f"{each.client_s:.1f}", f"{each.scheduler_s:.1f}", f"{each.rate:,.0f}")
            for each in runs
        ]  # fmt: skip
        page += [
            "## Memory", "Two workers that keep a row of each recording without annotating it, and "
            "a scheduler and a client of which that makes no difference.",
            table(["recordings", "client, peak MB", "scheduler, peak MB", "client, CPU s",
                   "scheduler, CPU s", "recordings/s"], rows),
        ]  # fmt: skip
        page += [f"## A plan for {PLANNED:,} recordings and {WORKERS} workers", *plan(root, runs)]
    text = "\n\n".join(page) + "\n"
    write_text(options.out, text, force=True)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
