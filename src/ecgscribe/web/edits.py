"""The edits of a recording, in an SQLite file next to it.

Nothing is overwritten: the model's annotation is stored once, and each edit is a row with who and
when. An edit that is undone stays, marked; one that can no longer be redone, too.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError

__all__ = ["ADJUDICATE", "Edit", "EditFile", "edit_path"]


ADJUDICATE = "adjudicate"
"""Kind of the edits by which one reviewer decides between two others."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS arrays (name TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS edits (
    id INTEGER PRIMARY KEY, reviewer TEXT NOT NULL, made TEXT NOT NULL, kind TEXT NOT NULL,
    content TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'done'
);
CREATE TABLE IF NOT EXISTS marks (
    reviewer TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, made TEXT NOT NULL,
    PRIMARY KEY (reviewer, kind, key)
);
"""
_WAIT_S = 10.0


@dataclass(frozen=True)
class Edit:
    """One act of a reviewer.

    Parameters
    ----------
    reviewer : str
    made : str
        When, in UTC, as ISO 8601 writes it.
    kind : str
        One of `ecgscribe.web.changes.KINDS`, or what the server makes itself:
        `ecgscribe.web.adapting.ADAPT`, or `ADJUDICATE`.
    content : mapping
        What was changed, see there.
    """

    reviewer: str
    made: str
    kind: str
    content: Mapping[str, Any]


def edit_path(recording: Path) -> Path:
    """Return the file that holds the edits of a recording."""
    return recording.with_name(f"{recording.name}.review.sqlite")


class EditFile:
    """The stored annotation and the edits of one recording.

    Every call opens the file anew, so that any thread may call, and each change is on the disk
    when the call returns.

    Parameters
    ----------
    path : Path
        It is made when something is first stored.
    writable : bool
        Without it, the file is only read; it is then to be one that nobody writes.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path, self._writable = path, writable

    def arrays(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Return stored arrays; None if there are none of that name."""
        if not self.path.is_file():
            return None
        with self._open() as file:
            row = file.execute("SELECT data FROM arrays WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as found:
            return dict(found)

    def last_name(self, begin: str) -> str | None:
        """Return the name, of those that begin so, under which arrays were stored last."""
        rows = self._rows(
            "SELECT name FROM arrays WHERE substr(name, 1, length(?)) = ? ORDER BY rowid DESC",
            begin,
            begin,
        )
        return str(rows[0][0]) if rows else None

    def store_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store arrays under a name, in place of any before."""
        data = io.BytesIO()
        np.savez(data, **dict(arrays))  # type: ignore[arg-type]
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO arrays VALUES (?, ?)", (name, data.getvalue()))

    def add(self, reviewer: str, kind: str, content: Mapping[str, Any]) -> None:
        """Store an edit; those that were undone can then no longer be redone."""
        with self._open() as file:
            file.execute(
                "UPDATE edits SET state = 'dropped' WHERE reviewer = ? AND state = 'undone'",
                (reviewer,),
            )
            file.execute(
                "INSERT INTO edits (reviewer, made, kind, content) VALUES (?, ?, ?, ?)",
                (reviewer, _now(), kind, json.dumps(content)),
            )

    def undo(self, reviewer: str) -> bool:
        """Undo the last edit of a reviewer; return whether there was one."""
        return self._mark(reviewer, "done", "undone", "MAX")

    def redo(self, reviewer: str) -> bool:
        """Redo the edit of a reviewer that was undone last; return whether there was one."""
        return self._mark(reviewer, "undone", "done", "MIN")

    def edits(self, reviewer: str) -> list[Edit]:
        """Return the edits of a reviewer that hold, in order."""
        return [
            Edit(who, made, kind, json.loads(content))
            for who, made, kind, content in self._rows(
                "SELECT reviewer, made, kind, content FROM edits "
                "WHERE reviewer = ? AND state = 'done' ORDER BY id",
                reviewer,
            )
        ]

    def undone(self, reviewer: str) -> int:
        """Return how many edits can be redone."""
        rows = self._rows(
            "SELECT COUNT(*) FROM edits WHERE reviewer = ? AND state = 'undone'", reviewer
        )
        return int(rows[0][0]) if rows else 0

    def reviewers(self) -> list[str]:
        """Return who has edited or marked something."""
        rows = self._rows("SELECT reviewer FROM edits UNION SELECT reviewer FROM marks ORDER BY 1")
        return [str(row[0]) for row in rows]

    def mark(self, reviewer: str, kind: str, key: str, *, on: bool) -> None:
        """Set or remove a mark: an event that was seen, a strip to keep."""
        with self._open() as file:
            if on:
                values = (reviewer, kind, key, _now())
                file.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", values)
            else:
                file.execute(
                    "DELETE FROM marks WHERE reviewer = ? AND kind = ? AND key = ?",
                    (reviewer, kind, key),
                )

    def marks(self, reviewer: str, kind: str) -> list[str]:
        """Return the keys of the marks of one kind."""
        rows = self._rows(
            "SELECT key FROM marks WHERE reviewer = ? AND kind = ? ORDER BY made", reviewer, kind
        )
        return [str(row[0]) for row in rows]

    def _mark(self, reviewer: str, before: str, after: str, which: str) -> bool:
        with self._open() as file:
            changed = file.execute(
                f"UPDATE edits SET state = ? WHERE id = (SELECT {which}(id) FROM edits "
                "WHERE reviewer = ? AND state = ?)",
                (after, reviewer, before),
            )
            return changed.rowcount > 0

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if not self.path.is_file():
            return []
        with self._open() as file:
            return file.execute(query, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connection()) as file, file:
                yield file
        except sqlite3.Error as error:
            if not self._writable:
                raise FormatError(
                    f"{self.path.name}: expected edits that ecgscribe serve wrote, the system "
                    f"could not read them ({error}); copy the file again"
                ) from error
            raise FormatError(
                f"{self.path.name}: expected to keep edits in this file next to the recording, "
                f"the system refused ({error}); check the permissions of the folder"
            ) from error

    def _connection(self) -> sqlite3.Connection:
        if not self._writable:
            # A copy that was made while edits were written comes with a second file.
            has_log = self.path.with_name(f"{self.path.name}-wal").exists()
            address = f"{self.path.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"
            return sqlite3.connect(address, timeout=_WAIT_S, uri=True)
        file = sqlite3.connect(self.path, timeout=_WAIT_S)
        try:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            file.executescript(_SCHEMA)
        except sqlite3.Error:
            file.close()
            raise
        return file


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
