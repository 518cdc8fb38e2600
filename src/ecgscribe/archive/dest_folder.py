"""The folder of an archive: one run at a time writes it, and leaves nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecgscribe.archive.tables import EXTRAS, FOLDERS, recordings_file
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.files import check_regular, make_folder, refuse_existing
from ecgscribe.scratch import remove_scratch

__all__ = ["LOCK", "make_archive_folder", "only_run", "remove_unfinished"]

LOCK = ".lock"
"""File of the folder that a run holds while it is at work; its time is when the run began."""


def make_archive_folder(dest: Path) -> None:
    """Make the folders of an archive that are missing.

    Raises
    ------
    FormatError
        If the system refuses, or if its table would replace something else.
    """
    table = recordings_file(dest)
    refuse_existing(table, force=True)
    if table.exists() and not (dest / "results").is_dir():
        raise FormatError(
            f"{table}: expected a new folder or that of an archive, found this file of something "
            "else; choose another folder"
        )
    for folder in FOLDERS:
        make_folder(dest / folder)


@contextmanager
def only_run(dest: Path) -> Iterator[None]:
    """Hold the lock of an archive; the system lets go of it if this process is killed."""
    import fcntl

    check_regular(dest / LOCK)
    with (dest / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EcgScribeError(
                f"{dest}: expected an archive that no other run writes, found one at work; wait "
                "for it, or choose another folder"
            ) from None
        (dest / LOCK).touch()
        yield


def remove_unfinished(dest: Path) -> None:
    """Remove what a run or a worker that was killed left half-written."""
    for folder in (dest, *(dest / name for name in (*FOLDERS, *EXTRAS))):
        remove_scratch(folder)
