"""Files that are written whole or not at all, and the SHA-256 of files."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.scratch import scratch_folder

__all__ = [
    "atomic_write",
    "check_regular",
    "file_hash",
    "file_sums",
    "make_folder",
    "read_toml",
    "refusals",
    "refuse_existing",
    "refuse_input",
    "whole_folder",
    "write_bytes",
    "write_csv",
    "write_text",
    "write_together",
]


def check_regular(path: Path, *, error: type[EcgScribeError] = FormatError) -> None:
    """Raise an error if a path is a pipe, a device or a folder: reading one may never end.

    Parameters
    ----------
    path : Path
        A file to be read, or to be replaced; it need not be there.
    error : type, optional
        Of the error that is raised.

    Raises
    ------
    EcgScribeError
        If it exists and is no regular file; of the type `error`.
    """
    if path.exists() and not path.is_file():
        raise error(
            f"{path}: expected a regular file, found a folder, a pipe or a device; copy its "
            "content to a file"
        )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sums(files: Iterable[str | Path]) -> list[dict[str, str]]:
    """Return the ``name`` and the ``sha256`` of each file."""
    return [{"name": file.name, "sha256": file_hash(file)} for file in map(Path, files)]


def read_toml(
    path: Path, *, error: type[EcgScribeError] = FormatError, like: str = ""
) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : Path
    error : type, optional
        Of the error that is raised.
    like : str, optional
        An example line for the message where the file is something else.

    Raises
    ------
    EcgScribeError
        If the file cannot be read, or is not TOML; of the type `error`.
    """
    check_regular(path, error=error)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as reason:
        raise error(f"{path}: expected a TOML file, found none; check the name") from reason
    except OSError as reason:
        raise error(
            f"{path}: expected a TOML file, the system refused ({reason.strerror}); check the name"
        ) from reason
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        wanted = f"TOML such as {like}" if like else "TOML"
        raise error(f"{path}: expected {wanted}, found: {reason}; correct the file") from reason


def make_folder(path: Path) -> None:
    """Make a folder to write into, and those above it; it may exist.

    Raises
    ------
    FormatError
        If the system refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(
            f"{path}: expected a folder to write into, cannot make it ({error.strerror}); "
            "choose another one"
        ) from error


def refuse_existing(path: Path, *, force: bool = False) -> None:
    """Raise an error if a file that is to be written already exists.

    Parameters
    ----------
    path : Path
    force : bool
        Accept one that can be replaced.

    Raises
    ------
    FormatError
        If it does, or if there is something else that no file replaces.
    """
    _refuse_special(path)
    if not force and os.path.lexists(path):  # also a link to nowhere
        raise FormatError(
            f"{path}: expected a new file, found one already there; choose another name or "
            "replace it with --force"
        )


def refuse_input(path: Path, files: Iterable[Path]) -> None:
    """Raise an error if a file that is to be written is one of those read, even under another name.

    Raises
    ------
    FormatError
        If it is, or if it is a folder, a pipe or a device.
    """
    _refuse_special(path)
    for file in files:
        if path.exists() and file.exists() and path.samefile(file):
            raise FormatError(
                f"{path}: expected a file to write, found one that is read; choose another name "
                "(--force does not replace an input)"
            )


def _refuse_special(path: Path) -> None:
    """Raise an error for a folder, a pipe or a device, which no file replaces, even with force."""
    if path.is_dir():
        raise FormatError(f"{path}: expected a file name to write, found a folder; add a name")
    if path.exists() and not path.is_file():
        raise FormatError(
            f"{path}: expected a regular file to write, found a pipe or a device; choose another "
            "name"
        )


def atomic_write(path: str | Path, write: Callable[[Path], object], *, force: bool = False) -> Path:
    """Write a file under a temporary name, then move it to `path` in one step.

    Parameters
    ----------
    path : str or Path
        Where the file goes; its folder must exist.
    write : callable
        Writes the file. It gets the temporary path, which has the same file name and is in a new
        folder next to `path`: on the same file system, the move cannot be half done.
    force : bool
        Replace an existing file.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FormatError
        If the file exists and `force` is false, or if the system refuses (no permission, no folder,
        disk full). No partial file is left.
    """
    path = Path(path)
    _write_all({path: write}, force=force)
    return path


def write_together(contents: Mapping[Path, bytes], *, force: bool = False) -> None:
    """Write several files, all of them or none.

    Parameters
    ----------
    contents : mapping of Path to bytes
        What each file holds; see `atomic_write`.
    force : bool
        Replace existing files.

    Raises
    ------
    FormatError
        As `atomic_write` raises it, for the first file that cannot be written.
    """

    def writer(data: bytes) -> Callable[[Path], object]:
        return lambda target: target.write_bytes(data)

    _write_all({path: writer(data) for path, data in contents.items()}, force=force)


def _write_all(writers: Mapping[Path, Callable[[Path], object]], *, force: bool) -> None:
    """Write all files under temporary names, then give them theirs."""
    for path in writers:
        refuse_existing(path, force=force)
    with ExitStack() as stack:
        sources = {p: stack.enter_context(_scratch(p, write)) for p, write in writers.items()}
        _move_all(sources, force=force)


def _move_all(sources: Mapping[Path, Path], *, force: bool) -> None:
    """Give all files their names, or none."""
    moved: list[Path] = []
    try:
        for path, source in sources.items():
            with refusals(path):
                _move(source, path, force=force)
            moved.append(path)
    except BaseException:
        if not force:  # then they were not there before
            for path in moved:
                path.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(folder: Path, *, force: bool = False) -> Iterator[Path]:
    """Write files of a folder, all of them or none.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    force : bool
        Replace existing files.

    Yields
    ------
    Path
        A folder to write them into. At the end of the block they move into `folder`, each into a
        folder of the same name as there.

    Raises
    ------
    FormatError
        As `atomic_write` raises it, for the first file that cannot be written.
    """
    make_folder(folder)
    with refusals(folder), scratch_folder(folder) as scratch:
        try:
            yield scratch
        except FormatError as error:
            error.args = (str(error).replace(str(scratch), str(folder)),)
            raise
        files = sorted(path for path in scratch.rglob("*") if path.is_file())
        sources = {folder / file.relative_to(scratch): file for file in files}
        for path in sources:
            refuse_existing(path, force=force)
            make_folder(path.parent)
        _move_all(sources, force=force)


@contextmanager
def _scratch(path: Path, write: Callable[[Path], object]) -> Iterator[Path]:
    """Write a file of the same name in a new folder next to it, which is removed at the end."""
    with ExitStack() as stack:
        with refusals(path):
            folder = stack.enter_context(scratch_folder(path.parent))
            write(folder / path.name)
            with (folder / path.name).open("r+b") as file:
                os.fsync(file.fileno())  # some file systems report only now that the disk is full
        yield folder / path.name


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Say in one line that the system refused to write a file."""
    try:
        yield
    except FileExistsError:  # written by another program in the meantime
        refuse_existing(path)
        raise
    except OSError as error:
        raise FormatError(
            f"{path}: expected to write this file, the system refused "
            f"({error.strerror or error}); check folder, permissions and free space"
        ) from error


def _move(source: Path, path: Path, *, force: bool) -> None:
    """Give a file its name in one step; without `force`, only if no other file has it."""
    if not force:
        try:
            path.hardlink_to(source)
        except FileExistsError:
            raise
        except OSError:  # not every file system has links
            refuse_existing(path)
        else:
            return
    os.replace(source, path)  # noqa: PTH105 (the call that promises atomicity)


def write_text(path: str | Path, text: str, *, force: bool = False) -> Path:
    """Write `text` as UTF-8, whole or not at all; see `atomic_write`.

    Bytes of a file's name that are no UTF-8 are written as escapes.
    """
    return write_bytes(path, text.encode("utf-8", "backslashreplace"), force=force)


def write_bytes(path: str | Path, data: bytes, *, force: bool = False) -> Path:
    """Write `data`, whole or not at all; see `atomic_write`."""
    return atomic_write(path, lambda target: target.write_bytes(data), force=force)


def write_csv(path: str | Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as CSV, whole or not at all; replace a file that exists.

    Parameters
    ----------
    path : str or Path
    rows : sequence of mapping
        Values by column. Columns are in order of appearance; a missing value is empty.

    Returns
    -------
    Path
        `path`.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    return write_text(path, text.getvalue(), force=True)
