"""Use once whatever of ecgscribe rests on another package, and check what comes out.

``python scripts/whole_way.py``, in the environment to be tested, with ``src`` and ``tests`` on
PYTHONPATH; see scripts/test_versions. Exits with 1, and names each step that failed.
"""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pandas as pd

from ecgscribe.cli.main import main as run
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.formats.reading import read, read_annotation
from support.format_files import FS, LEADS, MILLIVOLTS, NEED_FS, WRITERS
from support.wfdb_files import save

DURATION_S = 30.0
TOLERANCE_S = 0.05
"""Largest distance of a beat from where it was made."""
STARTS_S = 60.0
"""Longest that the viewer's server may take to start."""
OTHER_SAMPLES = {"wfdb-segments", "edf-gap"}
"""Formats whose files in the tests hold more than `MILLIVOLTS`: gaps."""
NAMELESS = {"mat", "mat-4", "mat-compressed"}
"""Formats whose files in the tests name no leads; nor do those without a frequency."""
ANNOTATIONS = {"csv": "csv", "json": "json", "parquet": "parquet", "edf": "edf", "wfdb": "scribe"}
"""Formats of annotations, with their suffixes."""


def command(*arguments: object) -> str:
    """Run ecgscribe as its program does; return what it prints."""
    printed, complaints = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(complaints):
        code = run([*map(str, arguments), "--quiet"])
    if code or complaints.getvalue():
        raise AssertionError(f"ecgscribe {arguments[0]} ended with {code}: {complaints.getvalue()}")
    return printed.getvalue()


def check_reading(folder: Path) -> None:
    """Read a file of each format; nothing may warn, such as of a download that failed."""
    for name, writer in WRITERS.items():
        place = folder / name
        place.mkdir()
        file = writer(place)  # wfdb 4.3 writes in a way that pandas 3.1 deprecates
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            record = read(file, fs=FS if name in NEED_FS else None)
        assert record.fs == FS, name
        if name not in OTHER_SAMPLES:
            scale = 1000 if record.units[0] == "uV" else 1
            np.testing.assert_allclose(record.signal / scale, MILLIVOLTS, atol=0.004, err_msg=name)
        if name not in NEED_FS | NAMELESS:
            assert set(LEADS) <= set(record.leads), name


def check_annotating(folder: Path) -> None:
    """Annotate into each format, and read what can be read again."""
    record, known = synthesize(duration=DURATION_S, seed=3, name="made")
    path = save(record, folder)
    for name, suffix in ANNOTATIONS.items():
        out = folder / name
        command("annotate", path, "-o", out, "-f", name)
        (file,) = out.glob(f"*.{suffix}")
        if name == "json":
            assert len(json.loads(file.read_text())["beats"]) == len(known.beats())
            continue
        beats = read_annotation(file, fs=record.fs).beats()
        nearest = np.abs(beats.time[:, None] - known.beats().time).min(axis=0)
        assert len(beats) == len(known.beats()), name
        assert nearest.max() < TOLERANCE_S, name


def check_pages(folder: Path) -> None:
    """Report, plot and explain."""
    record, _ = synthesize(duration=DURATION_S, seed=3, name="made")
    path = save(record, folder)
    for suffix in ("html", "pdf"):
        out = folder / f"{suffix}-report.{suffix}"
        command("report", path, "-o", out)
        assert out.stat().st_size > 10_000, out
    for kind in ("strip", "day", "lorenz", "timeline"):
        out = folder / f"{kind}.png"
        command("plot", path, "--kind", kind, "-o", out)
        assert out.read_bytes().startswith(b"\x89PNG"), out
    why = json.loads(command("explain", path, "--at", "10", "--json", "-o", folder / "why.svg"))
    assert why["class"] in "NSVFQ"
    assert (folder / "why.svg").stat().st_size > 1000


def check_cluster(folder: Path) -> None:
    """Annotate an archive in a process of a local cluster, and summarise it."""
    record, _ = synthesize(duration=DURATION_S, seed=3, name="made")
    save(record, folder / "in")
    program = [sys.executable, "-m", "ecgscribe", "archive", "in", "-o", "out", "--workers", "1"]
    subprocess.run([*program, "--quiet"], cwd=folder, check=True)
    rows = pd.read_parquet(folder / "out" / "recordings.parquet")
    assert len(rows) == 1, rows


def check_viewer(folder: Path) -> None:
    """Start the server of the viewer, and load its page."""
    record, _ = synthesize(duration=DURATION_S, seed=3, name="made")
    save(record, folder)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    program = [sys.executable, "-m", "ecgscribe", "serve", str(folder), "--port", str(port)]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL) as server:
        try:
            assert b"<html" in _page(f"http://127.0.0.1:{port}/", until=monotonic() + STARTS_S)
        finally:
            server.terminate()


def _page(address: str, *, until: float) -> bytes:
    while True:
        try:
            with urllib.request.urlopen(address) as answer:
                return bytes(answer.read())
        except OSError:
            if monotonic() > until:
                raise
            sleep(0.1)


def main() -> int:
    """Run every check; return how many failed."""
    checks: tuple[Callable[[Path], None], ...] = (
        check_reading,
        check_annotating,
        check_pages,
        check_cluster,
        check_viewer,
    )
    failed = 0
    for check in checks:
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(Path(folder))
            except Exception as error:
                failed += 1
                print(f"{check.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
