"""Which recordings an archive is made of: folders, globs, lists and URLs."""

from __future__ import annotations

import posixpath
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from ecgscribe.archive.listing import below, matching
from ecgscribe.archive.on_disk import SourceTable
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.files import check_regular, make_folder
from ecgscribe.formats.finding import NEED_HEADER, SUFFIXES, find_recording
from ecgscribe.formats.wfdb.header import read_header
from ecgscribe.scratch import scratch_folder

__all__ = ["fetch", "find_sources", "is_url", "load_store"]

_SECRET = re.compile(r"://([^/]*@|[^/]*:(?!\d+(/|$))|.*\?.*=)")  # a port is none
_BYTES_A_SAMPLE = 2


def is_url(path: str) -> bool:
    """Return whether a path is a URL, such as ``s3://bucket/100.hea``."""
    return "://" in path


def find_sources(sources: Iterable[str]) -> SourceTable:
    """Find the recordings of an archive, each once, the largest first.

    Parameters
    ----------
    sources : iterable of str
        Folders, which are searched to any depth; globs; recordings; URLs of fsspec of any of these;
        ``@FILE``, a text file that names one of these on each line.

    Returns
    -------
    SourceTable

    Raises
    ------
    FormatError
        If one of them does not exist or has no recording, or the list of them does not fit.
    """
    try:
        table = SourceTable()
        _find(sources, table)
    except sqlite3.OperationalError as error:
        raise FormatError(
            "archive: expected room for the list of recordings in the folder for temporary files, "
            f"found none ({error}); name another one in the environment: TMPDIR"
        ) from error
    return table


def _find(sources: Iterable[str], table: SourceTable) -> bool:
    """Add the recordings of some sources; return whether there are any."""
    any_found = False
    for source in sources:
        _refuse_secrets(source)
        if source.startswith("@"):
            any_found = _find(_lines(Path(source[1:])), table)
        else:
            any_found = _find_expanded(source, table)
        if not any_found:
            raise FormatError(f"{source}: expected recordings, found none; check the path")
    return any_found


def fetch(url: str, folder: Path) -> Path:
    """Copy the files of a recording from a URL into a folder; return its file there.

    Raises
    ------
    FormatError
        If a header names a file outside its own folder.
    """
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    home, name = posixpath.split(str(path))
    make_folder(folder)
    if PurePosixPath(name).suffix.lower() in NEED_HEADER:
        header = str(PurePosixPath(name).with_suffix(".hea"))
        name = header if system.exists(f"{home}/{header}") else name
    for file in _with_named_files(name, folder):
        system.get_file(f"{home}/{file}", str(folder / file))
    return folder / name


def load_store(url: str) -> None:
    """Import the package of a URL's store; what is wrong with it is said when it is used."""
    import fsspec

    with suppress(Exception):
        fsspec.core.url_to_fs(url)


def _with_named_files(name: str, folder: Path) -> Iterator[str]:
    """Yield a file; once it is in the folder, yield those that it names, if it is a header."""
    if PurePosixPath(name).name != name:
        raise FormatError(f"{name}: expected a file next to its header, found one elsewhere")
    if (folder / name).exists():
        return
    yield name
    if name.lower().endswith(".hea"):
        header = read_header(folder / name.removesuffix(".hea"))
        for segment in header.segments:
            if segment.name != "~":
                yield from _with_named_files(f"{segment.name}.hea", folder)
        for signal in header.signals:
            if signal.file_name != "~":
                yield from _with_named_files(signal.file_name, folder)


def _refuse_secrets(source: str) -> None:
    """Raise an error, which does not show it, if a URL holds a password or a signature."""
    if _SECRET.search(source):
        raise FormatError(
            f"{source.partition('://')[0]}://: expected a URL without a user, password or "
            "signature, found one with; give them in the environment, as the store's own program "
            "reads them"
        )


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file that are not blank."""
    check_regular(path)
    try:
        with path.open(encoding="utf-8") as file:
            yield from (line.strip() for line in file if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: expected a text file with a source on each line, cannot read it ({error}); "
            "check the path"
        ) from error


def _find_expanded(source: str, table: SourceTable) -> bool:
    """Add the recordings of a folder, glob, recording or URL; return whether there are any."""
    import fsspec
    from fsspec.core import has_magic

    try:
        system, root = fsspec.core.url_to_fs(
            source if is_url(source) else str(Path(source)), use_listings_cache=False
        )
        files: Iterator[tuple[str, int]]
        if has_magic(root) and not system.exists(root):
            files = matching(system, root)
        elif is_url(source) and (size := _file_size(system, root)) is not None:
            files = iter([(root, size)])
        elif is_url(source) or system.isdir(root):
            files = below(system, root)
        else:
            root = str(find_recording(Path(source)).absolute())
            files = iter([(root, Path(root).stat().st_size)])
        named = _hidden(root)  # no hidden files and folders, unless the source itself names one
        shown = (each for each in files if _hidden(each[0]) == named)
        table.add_files((stem, name, size) for name, size in shown if (stem := _stem(name)) != name)
    except (EcgScribeError, sqlite3.Error):
        raise
    except _errors_of(source) as error:
        raise _refusal(source, error) from error
    is_any = False
    for name, size, is_alone in table.grouped():
        is_any = True
        if is_alone and name.lower().endswith(".hea"):  # no signals of its own name
            size += _size_by_header(system, name)
        table.add(system.unstrip_protocol(name) if is_url(source) else name, size)
    return is_any


def _errors_of(source: str) -> tuple[type[Exception], ...]:
    """Return what listing a source may raise that is no bug; each store has errors of its own."""
    return (Exception,) if is_url(source) else (ValueError, ImportError, OSError)


def _refusal(source: str, error: Exception) -> FormatError:
    """Return what to say of an error of a source."""
    if isinstance(error, ImportError):
        return FormatError(
            f"{source}: expected the package that reads such a URL, found none ({error}); "
            "install it here and on all workers"
        )
    if is_url(source) and not isinstance(error, ValueError | FileNotFoundError):
        said = " ".join(str(error).split()) or type(error).__name__
        return FormatError(
            f"{source}: expected a store that lists its files, found an error ({said}); check its "
            "address, the network, and what it needs in the environment to let you in"
        )
    return FormatError(
        f"{source}: expected a folder, glob, recording or URL, found none ({error}); check the path"
    )


def _file_size(system: Any, name: str) -> int | None:
    """Return the bytes of a recording's file with one request; None for a folder."""
    if _stem(name) == name:
        return None
    about = system.info(name)
    return None if about["type"] == "directory" else int(about.get("size") or 0)


def _size_by_header(system: Any, name: str) -> int:
    """Return about the bytes of the signals that a header states, wherever they are."""
    own = posixpath.basename(name)
    with scratch_folder(Path(tempfile.gettempdir())) as scratch:
        try:
            system.get_file(name, f"{scratch}/{own}")
            header = read_header(scratch / own.removesuffix(".hea"))
        except Exception:  # each store has errors of its own; the worker says so
            return 0
    return (header.n_frames or 0) * header.n_signals * _BYTES_A_SAMPLE


def _hidden(path: str) -> int:
    return f"/{path}".count("/.")


def _stem(name: str) -> str:
    base, suffix = posixpath.splitext(name)
    return base if suffix.lower() in SUFFIXES else name
