"""Recordings that go together, and the clock that ends a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("distributed")

from ecgscribe.archive import bundles as archive_bundles
from ecgscribe.archive.bundles import annotate_bundle, bundles, first_unfinished
from ecgscribe.archive.dest_folder import make_archive_folder, only_run
from ecgscribe.archive.on_disk import Source
from ecgscribe.archive.tables import result_file
from ecgscribe.archive.task import Options, annotate_source, key_of
from ecgscribe.errors import FormatError
from ecgscribe.model.runtime import load_model
from support.command_line import made
from support.wfdb_files import save


@given(st.lists(st.integers(0, 10**8), max_size=300), st.integers(1, 40))
def test_every_recording_is_in_one_bundle_in_order(sizes: list[int], threads: int) -> None:
    sources = [Source(f"/{k}", size) for k, size in enumerate(sizes)]
    found = list(bundles(sources, number=len(sources), threads=threads))
    assert [path for bundle in found for path in bundle] == [each.path for each in sources]
    assert all(found)


def test_short_recordings_go_together_and_long_ones_alone() -> None:
    long, short = Source("/long", 10**9), [Source(f"/{k}", 1000) for k in range(10_000)]
    found = list(bundles([long, *short], number=10_001, threads=2))
    assert found[0] == ["/long"]
    assert {len(bundle) for bundle in found[1:-1]} == {60}  # of 50 ms each


def test_few_recordings_are_spread_over_the_threads() -> None:
    found = bundles([Source(f"/{k}", 1) for k in range(12)], number=12, threads=3)
    assert [len(bundle) for bundle in found] == [1] * 12


def test_recording_without_its_signals_is_described_as_by_the_other_commands(
    tmp_path: Path,
) -> None:
    path = save(made("a", duration=12), tmp_path)
    path.with_suffix(".dat").unlink()
    header = str(path.with_suffix(".hea"))
    with pytest.raises(FormatError, match=r"signal files complete, found no file a\.dat"):
        annotate_source(header, str(tmp_path / "out"), load_model(), Options())


def test_worker_died_of_the_first_recording_without_a_result(tmp_path: Path) -> None:
    paths = ["/a", "/b", "/c"]
    make_archive_folder(tmp_path)
    with only_run(tmp_path):
        assert first_unfinished(paths, tmp_path) == "/a"
        result_file(tmp_path, key_of("/a")).write_text("{}")
        assert first_unfinished(paths, tmp_path) == "/b"
    os.utime(result_file(tmp_path, key_of("/a")), (0, 0))  # of an earlier run
    with only_run(tmp_path):  # it may have been passed over, or it was that
        assert first_unfinished(paths, tmp_path) is None
        assert first_unfinished(["/a"], tmp_path) == "/a"
        result_file(tmp_path, key_of("/a")).write_text("{}")
        assert first_unfinished(paths, tmp_path) == "/b"


def test_what_a_worker_loads_does_not_count_as_time_of_its_first_recording(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running: list[bool] = []
    calls: list[tuple[str, bool]] = []

    @contextmanager
    def clock(_: float) -> Iterator[None]:
        running.append(True)
        yield
        running.pop()

    def annotate_source(path: str, *_: object) -> bool:
        calls.append((Path(path).name, bool(running)))
        return True

    monkeypatch.setattr(archive_bundles, "time_limit", clock)
    monkeypatch.setattr(archive_bundles, "annotate_source", annotate_source)
    monkeypatch.setattr(archive_bundles, "load_store", annotate_source)
    archive_bundles._load.cache_clear()
    for paths in (["/a", "/b"], ["s3://ward/c"]):
        outcomes = annotate_bundle(paths, str(tmp_path), load_model(), Options(), 1.0)
        assert outcomes == [True] * len(paths)
    archive_bundles._load.cache_clear()
    assert calls == [("made.npy", False), ("a", True), ("b", True), ("c", False), ("c", True)]


HANG = """
import re, sys, time
from ecgscribe.archive.time_limit import time_limit
with time_limit(60):
    with time_limit(0.2):
        pass
    time.sleep(0.5)  # the shorter one is over
print("here", flush=True)
with time_limit(60), time_limit(0.3):
    re.match(r"(a+)+$", "a" * 64 + "b")  # of C, and holds Python's lock
print("never")
"""


def test_what_never_returns_is_ended() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANG], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "here\n", "")
