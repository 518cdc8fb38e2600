"""Runs of ``ecgscribe archive`` in processes of their own, and what they leave."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Process = subprocess.Popen[str]
PATIENCE_S = 600
"""Of a computer that is busy with more than the test; what never ends is only found later."""


def start(*arguments: object, cwd: Path, stderr: int = subprocess.PIPE) -> Process:
    command = [sys.executable, "-m", "ecgscribe", "archive", *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, text=True, stderr=stderr)


def finish(process: Process) -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return process.returncode, said


def archived(*arguments: object, cwd: Path) -> tuple[int, str]:
    return finish(start(*arguments, cwd=cwd))


def content(dest: Path) -> dict[str, bytes]:
    """Every file of an archive, hidden ones too."""
    return {str(p.relative_to(dest)): p.read_bytes() for p in dest.rglob("*") if p.is_file()}


def wait_for_results(dest: Path, count: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while len(list((dest / "results").glob("*.json"))) < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def workers_of(process: Process) -> list[int]:
    """The worker processes of a local cluster; the resource tracker is none."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    pids = {int(pid) for each in children for pid in each.read_text().split()}
    return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@contextmanager
def cluster(
    folder: Path, *, workers: int = 1
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers, each a command of Dask's own; yields the address and processes."""
    from distributed import Client

    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = ["dask_worker", "--nthreads", "1"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *options, "--no-dashboard",
             "--scheduler-file", str(file)],
            cwd=folder, stderr=subprocess.DEVNULL,
        )
        for name, *options in (scheduler, *[worker] * workers)
    ]  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        while not (file.is_file() and (found := re.search(r"tcp://[^\"]+", file.read_text()))):
            assert time.monotonic() < end
            time.sleep(0.1)
        with Client(found.group(), timeout=PATIENCE_S) as client:
            client.wait_for_workers(workers, timeout=PATIENCE_S)
        yield found.group(), running
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
