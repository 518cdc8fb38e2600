"""An archive survives what goes wrong around it: nothing is lost, and nothing is half done."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")

import pyarrow.parquet

from support.archives import (
    archived,
    cluster,
    content,
    finish,
    start,
    wait_for_results,
    workers_of,
)  # fmt: skip
from support.command_line import ecgscribe, made, only_error
from support.wfdb_files import save

pytestmark = pytest.mark.slow

STORES = Path(__file__).with_name("stores")
COUNT = 9
FULL = os.environ.get("ECGSCRIBE_TEST_ROUNDS") == "full"
"""Whether each process is killed as often as it takes to believe it: 20 times, or 5."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``in`` of recordings."""
    root = tmp_path_factory.mktemp("faults")
    for k in range(COUNT):
        save(made(f"r{k}", duration=20 + k), root / "in")
    return root


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> dict[str, bytes]:
    """What an archive of ``in`` contains if nothing goes wrong."""
    code, said = archived("in", "-o", "whole", "--workers", 3, cwd=folder)
    assert code == 0, said
    return content(folder / "whole")


@pytest.fixture
def odd_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes that a test starts know the store ``odd://``."""
    paths = [str(STORES), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def rows_of(dest: Path) -> dict[str, dict[str, Any]]:
    rows = pyarrow.parquet.read_table(dest / "recordings.parquet").to_pylist()
    return {Path(row["recording"]).name: row for row in rows}


@pytest.mark.usefixtures("odd_store")
def test_recording_that_hangs_is_listed_and_those_with_it_are_done(tmp_path: Path) -> None:
    for k in range(30):
        save(made(f"r{k:02d}", duration=12), tmp_path / "in")
    save(made("hang", duration=12), tmp_path / "in")
    code, said = archived(
        f"odd://{tmp_path}/in", "-o", "out", "--workers", 1, "--time-limit", 6, cwd=tmp_path
    )
    assert code == 1, said
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 31
    failed = {name: row["error"] for name, row in rows.items() if row["status"] != "done"}
    assert list(failed) == ["hang.hea"]
    assert "3 workers died of it or were ended as it took too long" in failed["hang.hea"]


@pytest.mark.usefixtures("odd_store")
def test_store_that_fails_one_request_in_ten_loses_nothing(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "in", tmp_path / "in")
    source = f"odd://{tmp_path}/in"
    code, said = archived(source, "-o", "out", "--workers", 3, cwd=tmp_path)
    assert code == 0, said
    asked = list((tmp_path / "in").glob("*.asked"))
    assert asked  # requests failed
    for each in asked:
        each.unlink()
    found = content(tmp_path / "out")
    assert len(rows_of(tmp_path / "out")) == COUNT
    (tmp_path / "out").rename(tmp_path / "first")
    for file in (tmp_path / "in").iterdir():
        Path(f"{file}.asked").touch()  # now none fails
    assert archived(source, "-o", "out", "--workers", 1, cwd=tmp_path)[0] == 0
    assert content(tmp_path / "out") == found


@pytest.mark.parametrize("number", range(20 if FULL else 2))
def test_worker_that_is_killed_at_any_moment_changes_nothing(
    folder: Path, undisturbed: dict[str, bytes], number: int
) -> None:
    dest = folder / f"worker{number}"
    process = start("in", "-o", dest.name, "--workers", 3, cwd=folder)
    wait_for_results(dest, 1)
    time.sleep(random.uniform(0, 1.5))
    if workers := workers_of(process):
        os.kill(random.choice(workers), signal.SIGKILL)
    code, said = finish(process)
    assert code == 0, said
    assert content(dest) == undisturbed


@pytest.mark.parametrize("number", range(5 if FULL else 1))
def test_client_that_is_killed_at_any_moment_loses_nothing(
    folder: Path, undisturbed: dict[str, bytes], number: int
) -> None:
    dest = folder / f"client{number}"
    process = start("in", "-o", dest.name, "--workers", 3, cwd=folder)
    wait_for_results(dest, 1)
    time.sleep(random.uniform(0, 1.5))
    process.kill()
    finish(process)
    code, said = archived("in", "-o", dest.name, "--workers", 3, cwd=folder)
    assert code == 0, said
    assert content(dest) == undisturbed


@pytest.mark.parametrize("number", range(5 if FULL else 1))
def test_scheduler_that_dies_is_said_and_the_next_run_goes_on(
    folder: Path, undisturbed: dict[str, bytes], number: int
) -> None:
    dest = folder / f"scheduler{number}"
    with cluster(folder, workers=3) as (address, processes):
        process = start("in", "-o", dest.name, "--scheduler", address, cwd=folder)
        wait_for_results(dest, 1 + number)
        processes[0].kill()
        code, said = finish(process)
    assert code == 1, said
    assert said.count("\n") == 1, said
    assert "expected the scheduler to stay, lost it" in said
    assert archived("in", "-o", dest.name, "--workers", 3, cwd=folder)[0] == 0
    assert content(dest) == undisturbed


def test_worker_without_its_network_for_a_while_loses_nothing(
    folder: Path, undisturbed: dict[str, bytes]
) -> None:
    dest = folder / "network"
    process = start("in", "-o", dest.name, "--workers", 3, cwd=folder)
    wait_for_results(dest, 1)
    silent = workers_of(process)[0]
    os.kill(silent, signal.SIGSTOP)  # it neither answers nor hears
    time.sleep(30 if FULL else 5)
    os.kill(silent, signal.SIGCONT)
    code, said = finish(process)
    assert code == 0, said
    assert content(dest) == undisturbed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a few recordings."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_is_said_and_with_room_the_next_run_goes_on(
    folder: Path, undisturbed: dict[str, bytes], small_disk: Path
) -> None:
    dest = small_disk / "out"
    code, said = archived("in", "-o", dest, "--workers", 3, cwd=folder)
    assert code == 1, said
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert not [name for name in content(dest) if ".ecgscribe-" in name]
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    code, said = archived("in", "-o", dest, "--workers", 3, cwd=folder)
    assert code == 0, said
    assert content(dest) == undisturbed


def test_workers_that_cannot_start_are_one_line(folder: Path) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (24, 24))
    run = ecgscribe("archive", "in", "-o", "few", "--workers", 1, cwd=folder, limit=limit)
    assert "expected processes of workers to start, they do not (Too many open files)" in (
        only_error(run)
    )


def test_secret_in_the_environment_is_nowhere(
    folder: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-show-this")
    code, said = archived("in", "-o", "secret", "--workers", 1, cwd=folder)
    assert code == 0
    found = content(folder / "secret")
    assert found == undisturbed
    assert not [name for name, data in found.items() if b"do-not-show-this" in data]
    assert "do-not-show-this" not in said


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.5])
def test_ctrl_c_while_the_cluster_starts_is_one_line(seconds: float, tmp_path: Path) -> None:
    for k in range(40):  # more than can be done by then
        save(made(f"a{k}", duration=60), tmp_path / "in")
    process = subprocess.Popen(
        [sys.executable, "-m", "ecgscribe", "archive", "in", "-o", "out", "--workers", "2"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (workers := workers_of(process)):
        assert time.monotonic() < end
        time.sleep(0.001)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all processes get it
    assert finish(process) == (130, "ecgscribe: stopped\n")
    assert not any(_runs(pid) for pid in workers)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path.name for path in files if path.name.startswith(".")] == [".lock"]
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_text())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_failure_of_a_name_that_is_no_utf_8_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / os.fsdecode(b"r\xff\xe9  x.edf")).write_bytes(b"no recording")
    code, said = archived("in", "-o", "out", "--workers", 1, "--quiet", cwd=tmp_path)
    assert code == 1
    (line,) = said.splitlines()
    assert line.count("x.edf") == 1
