"""What an archive has of each recording while it is made, on disk: memory does not grow with it."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

__all__ = ["Source", "SourceTable", "sorted_on_disk"]

_TEMPORARY = ""  # SQLite keeps such a database in a file without a name, apart from 2 MB


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


class SourceTable:
    """Recordings, each once, the largest first."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(_TEMPORARY)
        weakref.finalize(self, self._database.close)
        self._database.execute("CREATE TABLE file (stem TEXT, name TEXT, size INTEGER)")
        self._database.execute(
            "CREATE TABLE source (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID"
        )

    def __len__(self) -> int:
        (number,) = self._database.execute("SELECT count(*) FROM source").fetchone()
        return int(number)

    def __iter__(self) -> Iterator[Source]:
        rows = self._database.execute("SELECT path, size FROM source ORDER BY size DESC, path")
        for path, size in rows:  # holds `self`, and so the database, as a generator
            yield Source(_path(path), size)

    def add(self, path: str, size: int) -> None:
        """Add a recording; one that is there already is replaced."""
        self._database.execute("REPLACE INTO source VALUES (?, ?)", (_text(path), size))

    def add_files(self, files: Iterable[tuple[str, str, int]]) -> None:
        """Add files that may be recordings: name without suffix, name, bytes."""
        self._database.execute("DELETE FROM file")
        rows = ((_text(stem), _text(name), size) for stem, name, size in files)
        self._database.executemany("INSERT INTO file VALUES (?, ?, ?)", rows)

    def grouped(self) -> Iterator[tuple[str, int, bool]]:
        """Yield one of the files that `add_files` added last for each name without suffix.

        That is the header of WFDB, if there is one, with the bytes of all of that name, and whether
        they are all its own.
        """
        rows = self._database.execute(
            "SELECT coalesce(max(CASE WHEN name LIKE '%.hea' THEN name END), min(name)), "
            "sum(size), count(*) = 1 FROM file GROUP BY stem"
        )
        for name, size, is_alone in rows:
            yield _path(name), size, bool(is_alone)


def sorted_on_disk(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts in order, by their code points."""
    with closing(sqlite3.connect(_TEMPORARY)) as database:
        database.execute("CREATE TABLE text (text TEXT PRIMARY KEY) WITHOUT ROWID")
        database.executemany("INSERT INTO text VALUES (?)", ((text,) for text in texts))
        yield from (text for (text,) in database.execute("SELECT text FROM text ORDER BY text"))


def _text(path: str) -> str:
    """Return a path, whose bytes need not be UTF-8, as text that SQLite takes, in its order."""
    return os.fsencode(path).decode("latin-1")


def _path(text: str) -> str:
    return os.fsdecode(text.encode("latin-1"))
