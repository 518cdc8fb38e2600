"""Pipes and devices in the place of any file that a command reads or writes: nothing waits."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from support.command_line import error_line

INPUT = "expected a regular file, found a folder, a pipe or a device"
OUTPUT = "expected a regular file to write, found a pipe or a device"


class WaitedError(Exception):
    """A command that waits for a pipe."""


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise WaitedError

    earlier = signal.signal(signal.SIGALRM, stop)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, earlier)


def special(path: Path, *, device: bool) -> Path:
    if device:
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    return path


@pytest.mark.parametrize("device", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        "annotate GOOD -o . --model FILE.json",
        "adapt GOOD --ref ref --model FILE.json",
        "stream --fs 360 --leads I --model FILE.json",
        "info FILE.csv",
        "report FILE",
        "explain FILE.hea --at 3",
        "plot FILE.edf",
        "score GOOD.ref FILE",
        "score GOOD.ref FILE.edf",
        "score FILE.atr GOOD.ref",
        "score GOOD.ref FILEannotations.txt",
        "report GOOD --annotations FILE",
        "report GOOD --patient FILE.toml",
        "train --config FILE.toml",
        "archive FILE.txt -o out",
    ],
)
def test_no_pipe_or_device_is_read(
    command: str,
    device: bool,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (name,) = (word for word in command.split() if word.startswith("FILE"))
    special(tmp_path / name, device=device)
    words = command.replace("GOOD", str(good.with_suffix(""))).split()
    assert INPUT in error_line(capsys, *words, code=1)


@pytest.mark.parametrize("device", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        "annotate GOOD -o . --force",
        "adapt GOOD --ref ref -o . --force",
        "plot GOOD --annotator ref -o good.png --force",
        "report GOOD --annotator ref -o good.html --force",
        "report GOOD --annotator ref -o other.html --force",
        "explain GOOD --at 3 -o good.png --force",
    ],
)
def test_no_pipe_or_device_is_replaced(
    command: str,
    device: bool,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("good.scribe", "good.adapted", "good.png", "good.html", "other.json")
    made = {special(tmp_path / name, device=device) for name in names}
    words = command.replace("GOOD", str(good.with_suffix(""))).split()
    assert OUTPUT in error_line(capsys, *words, code=1)
    assert set(tmp_path.iterdir()) == made
    assert not any(path.is_file() for path in made)


def test_the_lock_of_an_archive_is_a_file(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dask")
    special(tmp_path / ".lock", device=False)
    assert main(["archive", str(good), "-o", str(tmp_path)]) == 1
    assert INPUT in capsys.readouterr().err
