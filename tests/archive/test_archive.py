"""An archive on a real cluster of processes: complete, resumed, and with what fails listed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
import warnings
from contextlib import nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

pytest.importorskip("distributed")

import distributed
import pyarrow.parquet
from distributed.versions import VersionMismatchWarning

from ecgscribe import __version__
from ecgscribe.archive import versions as archive_versions
from ecgscribe.archive.cluster import check_cluster, cluster_client
from ecgscribe.archive.versions import version_differences
from ecgscribe.cli.main import main
from ecgscribe.errors import EcgScribeError
from support.archives import (
    archived,
    cluster,
    content,
    finish,
    start,
    wait_for_results,
    workers_of,
)  # fmt: skip
from support.command_line import error_line, made
from support.wfdb_files import save

ROOT = Path(__file__).resolve().parents[2]
COUNT = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``in`` of recordings, one of which cannot be read."""
    root = tmp_path_factory.mktemp("archive")
    for k in range(COUNT):
        save(made(f"r{k}", duration=20 + k), root / "in")
    (root / "in" / "bad.edf").write_bytes(b"no recording")
    return root


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> dict[str, bytes]:
    """What an archive of ``in`` contains if nothing goes wrong."""
    code, said = archived("in", "-o", "whole", "--workers", 3, cwd=folder)
    assert code == 1, said
    assert f"{COUNT} annotated, 0 there already, 1 failed" in said
    assert said.count("bad.edf: expected a recording that ecgscribe reads") == 1
    return content(folder / "whole")


@pytest.mark.slow
def test_every_recording_is_listed(
    folder: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    table = pyarrow.parquet.read_table("whole/recordings.parquet")
    assert table.schema.metadata[b"ecgscribe_schema"] == b"2"
    rows = table.to_pylist()
    assert [row["status"] for row in rows] == ["failed"] + ["done"] * COUNT
    assert len([name for name in undisturbed if name.startswith("beats/")]) == COUNT
    assert any(row["pvc_burden"] for row in rows[1:])
    assert main(["archive", "--summary", "whole"]) == 0
    shown = capsys.readouterr().out
    assert f"{COUNT + 1}: {COUNT} annotated, 1 failed" in shown
    assert len(shown.splitlines()) == 20


@pytest.mark.slow
def test_killed_workers_change_nothing(folder: Path, undisturbed: dict[str, bytes]) -> None:
    process = start("in", "-o", "workers", "--workers", 3, cwd=folder)
    for count in (1, 4):
        wait_for_results(folder / "workers", count)
        os.kill(workers_of(process)[0], signal.SIGKILL)
    code, said = finish(process)
    assert code == 1, said
    assert content(folder / "workers") == undisturbed


@pytest.mark.slow
def test_run_that_was_killed_is_resumed_and_nothing_differs(
    folder: Path, undisturbed: dict[str, bytes]
) -> None:
    dest = folder / "resumed"
    process = start("in", "-o", "resumed", "--workers", 3, cwd=folder)
    wait_for_results(dest, 3)
    process.send_signal(signal.SIGSTOP)  # it must not end before the other has started
    code, said = archived("in", "-o", "resumed", "--workers", 1, cwd=folder)
    assert (code, said.count("\n")) == (1, 1), said
    assert "expected an archive that no other run writes, found one at work" in said
    process.kill()
    finish(process)
    assert not (dest / "recordings.parquet").exists()
    kept = {path: path.stat().st_mtime_ns for path in dest.glob("results/*.json")}
    code, said = archived("in", "-o", "resumed", "--workers", 3, cwd=folder)
    assert code == 1, said
    there = re.search(r"(\d+) there already", said)
    assert there is not None
    assert int(there.group(1)) >= 3
    unchanged = [path for path, at in kept.items() if path.stat().st_mtime_ns == at]
    assert len(unchanged) >= 3
    assert content(dest) == undisturbed


@pytest.mark.parametrize("memory", ["lots", "1MB"])
def test_memory_that_no_process_can_work_with_is_refused(tmp_path: Path, memory: str) -> None:
    save(made("r"), tmp_path / "in")
    code, said = archived("in", "-o", "out", "--workers", 1, "--memory", memory, cwd=tmp_path)
    assert (code, said.count("\n")) == (1, 1), said
    assert f"--memory: expected a size such as 2GiB, found '{memory}'" in said


@pytest.mark.slow
def test_recording_that_exhausts_memory_is_listed_and_the_others_are_not(tmp_path: Path) -> None:
    for k in range(4):
        save(made(f"r{k}", duration=12), tmp_path / "in")
    samples = np.zeros((100_000_000, 1), np.float32)
    np.savez(tmp_path / "in" / "poison.npz", signal=samples, fs=360.0)
    code, said = archived("in", "-o", "out", "--workers", 3, "--memory", "500MiB", cwd=tmp_path)
    (tmp_path / "in" / "poison.npz").unlink()  # it is large
    assert code == 1, said
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "recordings.parquet").to_pylist()
    assert {Path(row["recording"]).name: row["status"] for row in rows} == {
        "poison.npz": "failed", **{f"r{k}.hea": "done" for k in range(4)}
    }  # fmt: skip
    assert "workers died of it" in rows[0]["error"]


@pytest.mark.slow
def test_cluster_that_is_there_is_used(tmp_path: Path) -> None:
    save(made("r"), tmp_path / "in")
    with cluster(tmp_path) as (address, _):
        code, said = archived(f"file://{tmp_path}/in", "-o", "out", "--scheduler", address,
                              cwd=tmp_path)  # fmt: skip
    assert (code, said) == (
        0,
        "ecgscribe: out: 1 annotated, 0 there already, 0 failed\n",
    )
    (row,) = pyarrow.parquet.read_table(tmp_path / "out" / "recordings.parquet").to_pylist()
    assert (row["recording"], row["beats"] > 20) == (f"file://{tmp_path}/in/r.hea", True)


@pytest.mark.slow
def test_on_a_terminal_the_address_of_the_dashboard_is_shown(tmp_path: Path) -> None:
    save(made("r"), tmp_path / "in")
    terminal, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = start("in", "-o", "out", "--workers", 1, cwd=tmp_path, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # raised once the other side is closed
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert finish(process)[0] == 0
    assert re.search(rb"the cluster's dashboard is http://127\.0\.0\.1:\d+/status\r\n", shown)
    assert b"0/1 [" in shown  # while none is done
    assert b"1 annotated" in shown


# What a user can get wrong


def test_other_versions_are_named() -> None:
    mine = {"dask": "2026.8.0", "distributed": "2026.8.0"}
    other = {"dask": "2025.1.0", "distributed": "2026.8.0"}
    worker = {"packages": mine | {"ecgscribe": None}}
    versions = {"client": {"packages": mine}, "scheduler": {"packages": other}}
    same = {"packages": mine | {"ecgscribe": __version__}}
    assert version_differences(versions | {"workers": {"tcp://b": same, "tcp://a": worker}}) == [
        "the scheduler has dask 2025.1.0, this process 2026.8.0",
        f"the worker tcp://a has ecgscribe (none), this process {__version__}",
    ]


@pytest.mark.slow
def test_scheduler_that_an_other_dask_runs_is_named_with_its_version(tmp_path: Path) -> None:
    code = (
        "import asyncio\n"
        "from distributed.core import Server\n"
        "async def main():\n"
        "    def versions(): return {'packages': {'dask': '2025.1.0', 'distributed': '2025.1.0'}}\n"
        "    server = Server({'versions': versions})\n"  # and no other answers that we understand
        "    await server.listen('tcp://127.0.0.1:0')\n"
        "    print(server.address, flush=True)\n"
        "    await asyncio.sleep(3600)\n"
        "asyncio.run(main())"
    )
    save(made("r"), tmp_path / "in")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        address = other.stdout.readline().strip()
        code_of, said = archived("in", "-o", "out", "--scheduler", address, cwd=tmp_path)
        other.kill()
    assert (code_of, said.count("\n")) == (1, 1), said
    assert f"{address}: expected the same versions everywhere" in said
    assert f"the scheduler has dask 2025.1.0, this process {version('dask')};" in said


def test_dask_prints_no_table_of_versions_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> nullcontext[None]:
        warnings.warn("Mismatched versions found", VersionMismatchWarning, stacklevel=2)
        return nullcontext()

    monkeypatch.setattr(distributed, "Client", connect)
    with cluster_client("tcp://127.0.0.1:1", workers=1, memory="auto"):  # warnings are errors
        pass


def test_version_of_a_scheduler_is_said_before_it_has_workers() -> None:
    mine = {"packages": {"dask": "2", "distributed": "2"}}
    versions = {"client": mine, "scheduler": {"packages": {"dask": "1", "distributed": "2"}}}
    client = Mock(get_versions=Mock(return_value=versions | {"workers": {}}))
    with pytest.raises(EcgScribeError, match="the scheduler has dask 1, this process 2; install"):
        check_cluster(client, "tcp://127.0.0.1:1", Path("out/.lock"))


def test_without_dask_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        archive_versions, "find_spec", lambda name: None if name == "dask" else name
    )
    line = error_line(capsys, "archive", tmp_path, "-o", tmp_path / "out", code=1)
    assert line == (
        "ecgscribe: archive: expected the packages dask, found none; "
        "pip install 'ecgscribe[archive]'"
    )


@pytest.mark.parametrize(
    "arguments",
    [(), ("in",), ("-o", "out"), ("in", "--summary", "out"),
     ("in", "-o", "out", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"),
     ("in", "-o", "s3://ward/out"), ("--summary", "s3://ward/out")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "expected" in error_line(capsys, "archive", *arguments, code=2)


def test_folder_without_an_archive_has_no_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = error_line(capsys, "archive", "--summary", tmp_path, code=1)
    assert "expected an archive, found no results in it" in line
