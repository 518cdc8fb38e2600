"""Streams of the shell that are closed or full, and the variables of its environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import only_error

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs sh and /dev/full"),
]


def in_shell(command: str, folder: Path, redirect: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"{sys.executable} -m ecgscribe {command} {redirect}",
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&-", "<&-", "<&- >&- 2>&-"])
def test_annotate_goes_on_without_what_is_closed(good: Path, tmp_path: Path, redirect: str) -> None:
    run = in_shell(f"annotate {good} -o . --json", tmp_path, redirect)
    assert run.returncode == 0
    assert run.stderr.count("\n") <= 1  # no traceback
    expected = tmp_path / "expected"
    in_shell(f"annotate {good} -o {expected}", tmp_path, "")
    assert (tmp_path / "good.scribe").read_bytes() == (expected / "good.scribe").read_bytes()


def test_a_batch_goes_on_where_stderr_is_full(good: Path, tmp_path: Path) -> None:
    run = in_shell(f"annotate absent {good} -o .", tmp_path, "2>/dev/full")
    assert run.returncode == 1  # because of the absent one
    assert (tmp_path / "good.scribe").is_file()


@pytest.mark.parametrize("command", ["info {}", "stream --fs 360 --leads MLII,V1 < /dev/null"])
def test_other_commands_end_without_a_traceback(good: Path, tmp_path: Path, command: str) -> None:
    for redirect in (">&-", "2>&-", "2>/dev/full"):
        run = in_shell(command.format(good), tmp_path, redirect)
        assert run.returncode == 0
        assert "Traceback" not in run.stderr


def test_a_batch_goes_on_where_stdout_is_full(good: Path, tmp_path: Path) -> None:
    (tmp_path / "again.dat").write_bytes(good.with_suffix(".dat").read_bytes())
    again = tmp_path / "again.hea"
    again.write_text(good.with_suffix(".hea").read_text().replace("good", "again"))
    run = in_shell(f"annotate {good} {again} -o . --json --quiet", tmp_path, ">/dev/full")
    assert "expected to print the result, stdout refused it (No space" in only_error(run)
    assert (tmp_path / "good.scribe").is_file()
    assert (tmp_path / "again.scribe").is_file()


@pytest.mark.parametrize("command", ["info {}", "plot {} --annotator ref -o a.png"])
def test_a_full_stdout_is_one_line(good: Path, tmp_path: Path, command: str) -> None:
    run = in_shell(command.format(good), tmp_path, ">/dev/full")
    assert "stdout refused it" in only_error(run)


def test_a_stream_from_a_closed_stdin_is_one_line(tmp_path: Path) -> None:
    run = in_shell("stream --fs 360 --leads MLII,V1 --quiet", tmp_path, "<&-")
    assert "found it closed" in only_error(run)


def test_the_environment_of_other_programs_does_not_matter(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    run = in_shell(f"plot {good} --annotator ref -o a.png", tmp_path, "")
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "a.png").is_file()
    assert in_shell(f"annotate {good} -o . --quiet", tmp_path, "").stderr == ""


def test_a_home_that_cannot_be_written_is_not_complained_of(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    run = in_shell(f"plot {good} --annotator ref -o a.png", tmp_path, "")
    assert (run.returncode, run.stderr) == (0, "")
