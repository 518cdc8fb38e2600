"""Read the tables that mark all records of a database at once: labels, and windows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.datasets.catalogue import find_database
from ecgscribe.datasets.database import MARKS, Database, Marks
from ecgscribe.datasets.folders import locate, marking_file
from ecgscribe.errors import DatasetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Windows", "read_labels", "read_windows"]


_LABELS = frozenset("NAO~")
_WINDOW_COLUMNS = ("record", "start_s", "end_s", "ventricular")


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Windows of a record, each marked by the rhythm in force at its end.

    Parameters
    ----------
    start, end : ndarray of float64, shape (n_windows,)
        Where each begins and ends, in s.
    ventricular : ndarray of bool, shape (n_windows,)
        True if the rhythm is ventricular fibrillation, flutter or tachycardia.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    ventricular: NDArray[np.bool_]


def read_labels(
    db: str | Database = "cinc2017", *, data_dir: str | Path | None = None
) -> dict[str, str]:
    """Read the label of each recording as a whole.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
    data_dir : str or Path, optional
        See `ecgscribe.datasets.locate`.

    Returns
    -------
    dict of str to str
        By record: N (normal sinus rhythm), A (atrial fibrillation), O (another rhythm) or ``~``
        (too noisy to classify).

    Raises
    ------
    DatasetError
        If there is no such database, or its table is missing or holds something else.
    """
    path, rows = _table(find_database(db), "labels", data_dir)
    labels = {row[0]: row[1] for row in rows if len(row) == 2}
    if not labels or not set(labels.values()) <= _LABELS:
        raise DatasetError(
            f"{path}: expected a record and N, A, O or ~ in each line, found something else; "
            "fetch it again"
        )
    return labels


def read_windows(
    db: str | Database = "cudb", *, data_dir: str | Path | None = None
) -> dict[str, Windows]:
    """Read the windows of each record from a table.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
    data_dir : str or Path, optional
        See `ecgscribe.datasets.locate`.

    Returns
    -------
    dict of str to Windows
        By record.

    Raises
    ------
    DatasetError
        If there is no such database, or its table is missing or holds something else.
    """
    path, rows = _table(find_database(db), "windows", data_dir)
    try:
        if tuple(next(rows)) != _WINDOW_COLUMNS:
            raise ValueError
        by_record: dict[str, list[tuple[float, float, bool]]] = {}
        for name, start, end, ventricular in rows:
            by_record.setdefault(name, []).append((float(start), float(end), ventricular == "1"))
    except (ValueError, StopIteration) as error:
        raise DatasetError(
            f"{path}: expected the columns {', '.join(_WINDOW_COLUMNS)}, found something else; "
            "replace it"
        ) from error
    return {name: _windows(of_record) for name, of_record in by_record.items()}


def _windows(rows: list[tuple[float, float, bool]]) -> Windows:
    import numpy as np  # here, as the help of a command does not need it

    start, end, ventricular = zip(*rows, strict=True)
    return Windows(
        start=np.array(start, dtype=np.float64),
        end=np.array(end, dtype=np.float64),
        ventricular=np.array(ventricular, dtype=np.bool_),
    )


def _table(
    database: Database, kind: Marks, data_dir: str | Path | None
) -> tuple[Path, Iterator[list[str]]]:
    """Return the path of a table, and its rows that are not empty."""
    db = database.name
    if kind not in database.marks:
        raise DatasetError(
            f"{db}: expected {MARKS[kind]}, found {' and '.join(MARKS[k] for k in database.marks)};"
            " choose another database"
        )
    folder = locate(database, data_dir=data_dir)
    path = marking_file(database, folder, kind, "")
    if path is None:
        raise DatasetError(
            f"{db}: expected {database.marks[kind][0]} in {folder}, found none; run "
            f"`ecgscribe fetch {db}`"
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return path, (row for row in csv.reader(text.splitlines()) if row)
