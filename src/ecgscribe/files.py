"""Files that are written whole or not at all, and the SHA-256 of files."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ecgscribe.errors import FormatError

__all__ = ["atomic_write", "file_hash", "file_sums", "write_bytes", "write_csv", "write_text"]


def file_sums(files: Iterable[str | Path]) -> list[dict[str, str]]:
    """Give name and SHA-256 of files."""
    sums = []
    for file in map(Path, files):
        with file.open("rb") as stream:
            sums.append(
                {"name": file.name, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
            )
    return sums


def atomic_write(path: str | Path, write: Callable[[Path], object], *, force: bool = False) -> Path:
    """Let `write` make a file under a temporary name, then move it to `path` in one step.

    Parameters
    ----------
    path : str or Path
        Where the file goes; its folder must exist.
    write : callable
        Called with the temporary path, which has the same file name and lies in a new folder
        beside `path` (the same file system, so that the move cannot be half done).
    force : bool
        Replace a file that is there.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FormatError
        If the file is there and `force` is false, or if the system refuses (no permission, no
        folder, disk full). Nothing half-written is left.
    """
    path = Path(path)
    if path.is_dir():
        raise FormatError(f"{path}: expected a file name to write, found a folder; add a name")
    if path.exists() and not force:
        raise FormatError(
            f"{path}: expected a new file, found one already there; choose another name or "
            "replace it with --force"
        )
    scratch = None
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".ecgscribe-", dir=path.parent))
        write(scratch / path.name)
        with (scratch / path.name).open("r+b") as file:
            os.fsync(file.fileno())  # some file systems tell only now that the disk is full
        os.replace(scratch / path.name, path)  # noqa: PTH105 (the name the promise is known by)
    except OSError as error:
        raise FormatError(
            f"{path}: expected to write this file, the system refused "
            f"({error.strerror or error}); check folder, permissions and free space"
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return path


def write_text(path: str | Path, text: str, *, force: bool = False) -> Path:
    """Write `text` as UTF-8, whole or not at all; see `atomic_write`."""
    return write_bytes(path, text.encode("utf-8"), force=force)


def write_bytes(path: str | Path, data: bytes, *, force: bool = False) -> Path:
    """Write `data`, whole or not at all; see `atomic_write`."""
    return atomic_write(path, lambda target: target.write_bytes(data), force=force)


def write_csv(path: str | Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as CSV, whole or not at all; replace a file that is there.

    Parameters
    ----------
    path : str or Path
    rows : sequence of mapping
        Values by column. Columns are written in order of appearance; a missing value is empty.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    return write_text(path, text.getvalue(), force=True)


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
