"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from ecgscribe.errors import DatasetError, FormatError
from ecgscribe.files import (
    atomic_write,
    check_regular,
    file_hash,
    file_sums,
    make_folder,
    refuse_existing,
    refuse_input,
    whole_folder,
    write_text,
    write_together,
)


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(FormatError, match=r"the system refused \(the disk is full"):
        atomic_write(tmp_path / "a.txt", half)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_by_force_and_only_by_a_whole_one(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "first")
    with pytest.raises(FormatError, match="expected a new file, found one already there"):
        write_text(path, "second")
    with pytest.raises(FormatError, match="already there"):
        refuse_existing(path)
    with pytest.raises(ValueError, match="no"):
        atomic_write(path, lambda _: int("no"), force=True)
    assert path.read_text() == "first"
    write_text(path, "µ", force=True)
    assert path.read_bytes() == b"\xc2\xb5"
    refuse_existing(tmp_path / "b.txt")


@pytest.mark.parametrize("force", [False, True])
def test_what_no_file_replaces_is_refused(force: bool, tmp_path: Path) -> None:
    folder, pipe, device = (tmp_path / name for name in ("folder", "pipe", "device"))
    folder.mkdir()
    os.mkfifo(pipe)
    device.symlink_to(os.devnull)
    with pytest.raises(FormatError, match="found a folder; add a name"):
        refuse_existing(folder, force=force)
    for path in (pipe, device):
        with pytest.raises(FormatError, match="found a pipe or a device; choose another name"):
            write_text(path, "text", force=force)
    assert pipe.is_fifo()


def test_a_link_to_nowhere_is_a_file_that_exists(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(FormatError, match="link: expected a new file, found one already there"):
        refuse_existing(link)
    write_text(link, "text", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
    assert link.read_text(encoding="utf-8") == "text"


def test_a_folder_is_made_or_refused_in_one_line(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(FormatError, match="expected a folder to write into, cannot make it"):
            make_folder(path)
    with pytest.raises(FormatError, match="expected a file name to write, found a folder"):
        write_text(tmp_path / "a", "")


def test_sums_are_those_of_the_whole_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "text" * 100_000)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert file_hash(path) == expected
    assert file_sums([str(path)]) == [{"name": "a.txt", "sha256": expected}]


def test_of_two_that_write_one_file_the_second_is_told(tmp_path: Path) -> None:
    def slow(path: Path) -> None:
        path.write_text("slow")
        write_text(tmp_path / "a.txt", "fast")  # done by another program in the meantime

    with pytest.raises(FormatError, match="expected a new file, found one already there"):
        atomic_write(tmp_path / "a.txt", slow)
    assert (tmp_path / "a.txt").read_text() == "fast"
    atomic_write(tmp_path / "a.txt", lambda path: path.write_text("forced"), force=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["forced"]


def test_without_links_a_file_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write_text(tmp_path / "a.txt", "first")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first"]


def test_an_input_is_never_replaced(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "mine")
    (tmp_path / "b.txt").symlink_to(path)
    for target in (path, tmp_path / "b.txt"):
        with pytest.raises(FormatError, match="found one that is read; choose another name"):
            refuse_input(target, [tmp_path / "none", path])
    refuse_input(tmp_path / "c.txt", [path])


def test_files_that_belong_together_are_all_written_or_none(tmp_path: Path) -> None:
    page, numbers = tmp_path / "a.html", tmp_path / "a.json"
    write_together({page: b"page", numbers: b"numbers"})
    assert [page.read_bytes(), numbers.read_bytes()] == [b"page", b"numbers"]
    page.unlink()
    with pytest.raises(FormatError, match=r"a\.json: expected a new file, found one already there"):
        write_together({page: b"new", numbers: b"new"})
    assert not page.exists()
    write_together({page: b"new", numbers: b"new"}, force=True)
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"new", b"new"]


def test_names_that_are_no_utf_8_are_escaped_in_text(tmp_path: Path) -> None:
    path = write_text(tmp_path / "page.md", os.fsdecode(b"r\xff"))
    assert path.read_text(encoding="utf-8") == "r\\udcff"


def test_files_of_a_folder_are_all_written_or_none(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def write(last: str, *, force: bool = False) -> None:
        with whole_folder(out, force=force) as scratch:
            write_text(scratch / "a.txt", last)
            (scratch / "in").mkdir()
            write_text(scratch / "in" / last, last)
            if last == "full":
                raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FormatError, match="File name too long") as caught:
        write("n" * 300)
    assert ".ecgscribe-" not in str(caught.value)
    with pytest.raises(FormatError, match="No space left"):
        write("full")
    assert [file for file in out.rglob("*") if file.is_file()] == []
    write("b")
    with pytest.raises(FormatError, match=r"out/a\.txt: expected a new file"):
        write("c")
    assert {file: file.read_text() for file in out.rglob("*") if file.is_file()} == {
        out / "a.txt": "b",
        out / "in" / "b": "b",
    }
    write("c", force=True)
    assert sorted(file.name for file in out.rglob("*")) == ["a.txt", "b", "c", "in"]
    assert (out / "a.txt").read_text() == "c"


def test_with_no_room_for_the_second_file_the_first_is_not_left(tmp_path: Path) -> None:
    page, numbers = tmp_path / "a.html", tmp_path / "none" / "a.json"
    with pytest.raises(FormatError, match="the system refused"):
        write_together({page: b"page", numbers: b"numbers"})
    assert list(tmp_path.iterdir()) == []


def test_if_the_second_file_appears_at_the_last_moment_the_first_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, numbers = tmp_path / "a.html", tmp_path / "a.json"
    link = Path.hardlink_to

    def late(self: Path, target: Path) -> None:
        if self == numbers:
            numbers.write_text("of another program")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    with pytest.raises(FormatError, match="found one already there"):
        write_together({page: b"page", numbers: b"numbers"})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of another program"]


def test_no_pipe_is_read_or_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="expected a regular file, found a folder, a pipe or"):
        check_regular(tmp_path / "pipe", error=DatasetError)
    with pytest.raises(FormatError, match="expected a regular file to write, found a pipe or a"):
        write_text(tmp_path / "pipe", "text", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    check_regular(write_text(tmp_path / "file", "text"))
    check_regular(tmp_path / "absent")
