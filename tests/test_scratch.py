"""What is not finished is removed at the end, also after a process that was killed."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from ecgscribe.files import atomic_write, write_text
from ecgscribe.formats import open_record
from ecgscribe.scratch import remove_scratch


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from ecgscribe.files import atomic_write; "
        "atomic_write(sys.argv[1], lambda path: os.kill(os.getpid(), 9))"
    )
    target = tmp_path / "a.txt"
    subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert [each.name[:11] for each in tmp_path.iterdir()] == [".ecgscribe-"]

    def write_and_look(path: Path) -> None:
        path.write_text("new", encoding="utf-8")
        write_text(tmp_path / "b.txt", "while another writes")  # removes no scratch in use

    atomic_write(target, write_and_look)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.txt", "b.txt"]
    assert target.read_text(encoding="utf-8") == "new"


def test_what_a_killed_process_unpacked_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"II\n" + b"0.1\n" * 1000))
    code = (
        "import os, sys; from ecgscribe.formats import open_record; "
        "record = open_record(sys.argv[1], fs=100); os.kill(os.getpid(), 9)"
    )
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    subprocess.run([sys.executable, "-c", code, str(packed)], check=False)
    (left,) = scratch.iterdir()
    record = open_record(packed, fs=100)
    (used,) = scratch.iterdir()
    assert used != left
    del record
    assert not list(scratch.iterdir())


def test_scratch_of_any_computer_is_removed_where_there_can_be_no_other_process(
    tmp_path: Path,
) -> None:
    (tmp_path / ".ecgscribe-elsewhere-1-2").mkdir()
    (tmp_path / "a").touch()
    remove_scratch(tmp_path)
    remove_scratch(tmp_path / "none")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
