"""Processes that are ended, limited or deprived: outputs are whole and equal, or not there."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from ecgscribe.files import atomic_write
from support.command_line import ecgscribe, made, only_error
from support.wfdb_files import save

FORMATS = ["wfdb", "csv", "json", "parquet", "edf"]
NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three recordings in one folder."""
    folder = tmp_path_factory.mktemp("batch")
    return [save(made(name), folder) for name in NAMES]


def arguments(batch: list[Path], fmt: str, out: Path) -> list[str]:
    return ["annotate", *map(str, batch), "-f", fmt, "-o", str(out), "--force", "--quiet"]


def files(folder: Path) -> dict[str, bytes]:
    """Contents of the files in a folder by name; temporary folders are left out."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def end(command: list[str], out: Path, number: signal.Signals, after: float) -> int:
    """End a call by a signal, some seconds after something of it appeared; its exit status."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("ecgscribe")), *command], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and not any(out.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.0002)
    time.sleep(after)
    process.send_signal(number)
    return process.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", FORMATS)
def test_killed_while_it_writes_nothing_is_torn_and_a_rerun_is_equal(
    fmt: str, batch: list[Path], tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    out.mkdir()
    assert main(arguments(batch, fmt, whole)) == 0
    end(arguments(batch, fmt, out), out, signal.SIGKILL, random.uniform(0, 0.05))
    for name, data in files(out).items():
        assert data == files(whole)[name]
    assert main(arguments(batch, fmt, out)) == 0
    assert files(out) == files(whole)
    assert sorted(p.name for p in out.iterdir()) == sorted(p.name for p in whole.iterdir())


@pytest.mark.slow
def test_report_killed_while_it_writes_tears_nothing_and_a_rerun_clears(
    batch: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = ["report", str(batch[0]), "-o", str(out / "a.html"), "--force", "--quiet"]
    end(command, out, signal.SIGKILL, random.uniform(0, 0.01))
    for data in files(out).values():
        assert data.rstrip().endswith((b"</html>", b"}"))
    assert main(command) == 0
    assert not [path for path in out.iterdir() if not path.is_file()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_nothing_is_torn_and_nothing_left(
    number: signal.Signals, batch: list[Path], tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    out.mkdir()
    assert main(arguments(batch, "json", whole)) == 0
    status = end(arguments(batch, "json", out), out, number, 0.0)
    assert status in (0, 128 + number)  # 0: it had ended before the signal came
    assert {path.name for path in out.iterdir()} == set(files(out))
    for name, data in files(out).items():
        assert data == files(whole)[name]
    assert main(arguments(batch, "json", out)) == 0
    assert files(out) == files(whole)
    assert {path.name for path in out.iterdir()} == set(files(out))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_in_the_middle_of_a_file_leaves_nothing(
    number: signal.Signals,
    code: int,
    batch: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def half(data: object, path: Path, **_: object) -> None:
        def write(target: Path) -> None:
            target.write_text("half")
            assert len(list(tmp_path.iterdir())) == 1
            signal.raise_signal(number)

        atomic_write(path, write)

    monkeypatch.setattr("ecgscribe.formats.write", half)
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    inherited = signal.signal(number, usual)  # ignored where the tests run in the background
    try:
        assert main(["annotate", str(batch[0]), "-o", str(tmp_path), "--quiet"]) == code
        assert signal.getsignal(number) == usual
    finally:
        signal.signal(number, inherited)
    assert capsys.readouterr().err.strip() == "ecgscribe: stopped"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fmt", FORMATS)
def test_file_size_limit_is_one_line_and_leaves_nothing(
    fmt: str, batch: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, before[1]))
    try:
        status = main(arguments(batch[:1], fmt, tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the system refused" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_one_thread_and_alone_and_by_name_give_the_same_bytes(
    batch: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, alone, by_name = (tmp_path / name for name in ("together", "alone", "by-name"))
    assert main(arguments(batch, "json", together)) == 0
    with monkeypatch.context() as patch:
        patch.setattr("ecgscribe.pipeline.detection.MOST_WORKERS", 1)
        assert main(arguments(batch[1:2], "json", alone)) == 0
    monkeypatch.chdir(batch[0].parent)
    assert main(arguments([Path("b")], "json", by_name)) == 0
    expected = {name: data for name, data in files(together).items() if name.startswith("b.")}
    assert expected
    assert files(alone) == files(by_name) == expected


@pytest.mark.slow
def test_few_open_files_and_no_home_are_enough(
    batch: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    run = ecgscribe(
        *arguments(batch, "wfdb", tmp_path),
        limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)),
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(files(tmp_path)) == [f"{name}.scribe" for name in NAMES]


@pytest.mark.slow
def test_vanished_working_directory(batch: list[Path], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    run = ecgscribe(*arguments(batch[:1], "csv", tmp_path), cwd=gone, limit=gone.rmdir)
    assert (run.returncode, run.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.scribe.csv"]
    gone.mkdir()
    assert "a.hea" in only_error(ecgscribe("annotate", "a", cwd=gone, limit=gone.rmdir))
