"""The folder of an archive: one run at a time writes it, and leaves nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecgscribe.archive.tables import EXTRAS, FOLDERS
from ecgscribe.errors import EcgScribeError
from ecgscribe.files import check_regular, remove_scratch

__all__ = ["LOCK", "only_run", "remove_unfinished"]

LOCK = ".lock"
"""File of the folder that a run holds while it is at work."""


@contextmanager
def only_run(dest: Path) -> Iterator[None]:
    """Hold the lock of an archive; the system lets go of it if this process is killed."""
    import fcntl

    check_regular(dest / LOCK)
    with (dest / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EcgScribeError(
                f"{dest}: expected an archive that no other run writes, found one at work; wait "
                "for it, or choose another folder"
            ) from None
        yield


def remove_unfinished(dest: Path) -> None:
    """Remove what a run or a worker that was killed left half-written."""
    for folder in (dest, *(dest / name for name in (*FOLDERS, *EXTRAS))):
        remove_scratch(folder)
