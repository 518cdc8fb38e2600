"""The recordings that the viewer may open: those under the given paths, and no others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.formats.finding import find_recording, recordings_in
from ecgscribe.formats.reading import recording_files
from ecgscribe.formats.sniffing import detect_format
from ecgscribe.web.edits import edit_path

__all__ = ["FoundRecording", "Library"]


_MOST = 5000


@dataclass(frozen=True)
class FoundRecording:
    """A recording that may be opened.

    Parameters
    ----------
    key : str
        What requests call it; no path is ever taken from a request.
    name : str
        What the page calls it: its path below the given one.
    path : Path
        Its file; links are resolved.
    """

    key: str
    name: str
    path: Path


class Library:
    """The recordings under some paths.

    Parameters
    ----------
    paths : sequence of Path
        Folders, or recordings.

    Raises
    ------
    FormatError
        If a path does not exist.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._roots = tuple(_root(path) for path in paths)
        self._found: dict[str, FoundRecording] = {}
        self.scan()

    def scan(self) -> list[FoundRecording]:
        """Look again, and return all recordings by name, at most 5,000."""
        found: dict[str, FoundRecording] = {}
        for root, only in self._roots:
            for path in [only] if only is not None else _in_folder(root):
                real = path.resolve()
                if self._is_inside(real):
                    key = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
                    name = path.relative_to(root).as_posix()
                    found.setdefault(key, FoundRecording(key, name, real))
                if len(found) == _MOST:
                    break
        self._found = found
        return sorted(found.values(), key=lambda each: each.name)

    def get(self, key: str) -> FoundRecording:
        """Return one recording, whose files are all under the given paths, its edits included.

        Raises
        ------
        KeyError
            If there is none of that key.
        FormatError
            If it has a file elsewhere.
        """
        found = self._found[key]
        for file in (found.path, *recording_files(found.path), edit_path(found.path)):
            if not self._is_inside(file.resolve()):
                raise FormatError(
                    f"{found.name}: expected its files under the paths that are served, found "
                    f"{file.name} elsewhere; copy it next to the header"
                )
        return found

    def _is_inside(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root, _ in self._roots)


def _root(path: Path) -> tuple[Path, Path | None]:
    """Return a folder, and the recording in it if it is to be the only one."""
    if path.is_dir():
        return path.resolve(), None
    file = find_recording(path).resolve()
    if not _is_recording(file):
        raise FormatError(
            f"{path}: expected a recording or a folder of them, found another file; check the path"
        )
    return file.parent, file


def _is_recording(file: Path) -> bool:
    return file.suffix.lower() == ".hea" or detect_format(file) is not None


def _in_folder(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for stem in sorted(recordings_in(Path(folder))):
            try:
                file = find_recording(Path(folder) / stem)
                if _is_recording(file):
                    yield file
            except (EcgScribeError, OSError):
                continue  # a file that only looks like a recording
