"""Which recordings an archive is made of: folders, globs, lists and URLs."""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.files import make_folder
from ecgscribe.formats.finding import NEED_HEADER, find_recording, without_suffix
from ecgscribe.formats.wfdb.header import read_header

__all__ = ["Source", "fetch", "find_sources", "is_url"]

_SECRET = re.compile(r"://([^/]*@|[^/]*:(?!\d+(/|$))|.*\?.*=)")  # a port is none
_BYTES_A_SAMPLE = 2


@dataclass(frozen=True)
class Source:
    """A recording.

    Parameters
    ----------
    path : str
        Absolute path of its file, or URL.
    size : int
        Bytes of its files of the same name; without signals there, about those of its signals.
    """

    path: str
    size: int


def is_url(path: str) -> bool:
    """Return whether a path is a URL, such as ``s3://bucket/100.hea``."""
    return "://" in path


def find_sources(sources: Iterable[str]) -> list[Source]:
    """Find the recordings of an archive, each once, the largest first.

    Parameters
    ----------
    sources : iterable of str
        Folders, which are searched to any depth; globs; recordings; URLs of fsspec of any of these;
        ``@FILE``, a text file that names one of these on each line.

    Returns
    -------
    list of Source

    Raises
    ------
    FormatError
        If one of them does not exist or has no recording.
    """
    found: dict[str, Source] = {}
    for source in sources:
        _refuse_secrets(source)
        mine = _listed(source) if source.startswith("@") else _expanded(source)
        if not mine:
            raise FormatError(f"{source}: expected recordings, found none; check the path")
        found |= {each.path: each for each in mine}
    return sorted(found.values(), key=lambda each: (-each.size, each.path))


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


def _listed(source: str) -> list[Source]:
    try:
        lines = Path(source[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{source[1:]}: expected a text file with a source on each line, cannot read it "
            f"({error}); check the path"
        ) from error
    return find_sources(line.strip() for line in lines if line.strip())


def _expanded(source: str) -> list[Source]:
    import fsspec
    from fsspec.core import has_magic

    try:
        system, root = fsspec.core.url_to_fs(source if is_url(source) else str(Path(source)))
        if has_magic(root) and not system.exists(root):
            files = _files(system, root, system.glob(root, detail=True))
        elif system.isdir(root):
            files = _files(system, root, {root: {"type": "directory"}})
        elif not is_url(source):
            root = str(find_recording(Path(source)).absolute())
            files = {root: system.size(root) or 0}
        else:
            files = {root: int(system.size(root) or 0)}
    except (ValueError, ImportError, FileNotFoundError) as error:
        raise FormatError(
            f"{source}: expected a folder, glob, recording or URL, found none ({error}); "
            "check the path"
        ) from error
    names = _recordings(files)
    for name, size in names.items():
        if name.lower().endswith(".hea") and size == files[name]:  # no signals of its own name
            names[name] += _size_by_header(system, name)
    return [
        Source(system.unstrip_protocol(name) if is_url(source) else name, size)
        for name, size in names.items()
    ]


def _size_by_header(system: Any, name: str) -> int:
    """Return about the bytes of the signals that a header states, wherever they are."""
    own = posixpath.basename(name)
    with tempfile.TemporaryDirectory(prefix="ecgscribe-") as scratch:
        try:
            system.get_file(name, f"{scratch}/{own}")
            header = read_header(Path(scratch) / own.removesuffix(".hea"))
        except (EcgScribeError, OSError):
            return 0  # the worker says so
    return (header.n_frames or 0) * header.n_signals * _BYTES_A_SAMPLE


def _files(system: Any, root: str, matches: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the size of each file that matches, and of those in the folders that match.

    No hidden files and folders, unless `root` itself names one.
    """
    files = {name: each for name, each in matches.items() if each["type"] != "directory"}
    for name in matches.keys() - files.keys():
        files |= system.find(name, detail=True)
    named = _hidden(root)
    return {
        name: int(each.get("size") or 0) for name, each in files.items() if _hidden(name) == named
    }


def _hidden(path: str) -> int:
    return sum(part.startswith(".") for part in PurePosixPath(path).parts)


def _recordings(files: Mapping[str, int]) -> dict[str, int]:
    """Return one file of each name that may be a recording, with the bytes of all of that name."""
    kept: dict[str, str] = {}
    size: dict[str, int] = {}
    for name in sorted(files):
        stem = str(without_suffix(Path(name)))
        if stem != name:
            size[stem] = size.get(stem, 0) + files[name]
            if stem not in kept or name.lower().endswith(".hea"):
                kept[stem] = name
    return {name: size[stem] for stem, name in kept.items()}
