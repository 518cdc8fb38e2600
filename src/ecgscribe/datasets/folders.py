"""Where databases are: find, download and verify them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgscribe.datasets.catalogue import find_database
from ecgscribe.datasets.database import RECORD, Database, Marks
from ecgscribe.datasets.download import SUMS, download, is_intact, read_sums
from ecgscribe.errors import DatasetError

__all__ = [
    "BASE_URL",
    "VerifyResult",
    "absent_files",
    "available",
    "default_dir",
    "fetch",
    "find_file",
    "find_record",
    "locate",
    "marking_file",
    "recorded",
    "verify",
]


BASE_URL = "https://physionet.org/files"
"""Address of the databases: ``<database>/<version>/`` follows."""


@dataclass(frozen=True)
class VerifyResult:
    """Result of comparing a database with its published sums.

    Parameters
    ----------
    ok : tuple of str
        Intact files.
    bad : tuple of str
        Files that differ.
    absent : tuple of str
        Missing files that ecgscribe needs.
    """

    ok: tuple[str, ...]
    bad: tuple[str, ...]
    absent: tuple[str, ...]


def locate(db: str | Database, *, data_dir: str | Path | None = None) -> Path:
    """Return the folder of a database.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
    data_dir : str or Path, optional
        The folder itself, or one that holds a folder named `db`. By default the environment
        variable ``ECGSCRIBE_DATA``, or else the folder that `fetch` fills.

    Returns
    -------
    Path
        A folder that holds at least one record of the database.

    Raises
    ------
    DatasetError
        If there is no such folder.
    """
    database = find_database(db)
    if database.path is not None:
        return database.path
    name = database.name
    root = default_dir() if not data_dir else Path(data_dir)
    for folder in (root / name, root):
        if any(find_record(database, folder, record) for record in database.records):
            return folder
    raise DatasetError(
        f"{name}: expected its records in {root / name}, found none; run `ecgscribe fetch {name}`, "
        "or point --data-dir or ECGSCRIBE_DATA at a copy"
    )


def default_dir() -> Path:
    """Return the folder that holds the databases unless another one is given."""
    return Path(os.environ.get("ECGSCRIBE_DATA") or _cache())


def absent_files(db: str | Database, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Return the missing files of a database that ecgscribe needs; see `locate`."""
    database = find_database(db)
    folder = locate(database, data_dir=data_dir)
    return tuple(name for name in database.files if find_file(database, folder, name) is None)


def available(db: str | Database, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Return the records of a database that the folder holds; see `locate` for `data_dir`."""
    database = find_database(db)
    folder = locate(database, data_dir=data_dir)
    return tuple(name for name in database.records if find_record(database, folder, name))


def recorded(db: str | Database, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Return those of the `available` records whose signals the folder holds, too."""
    database = find_database(db)
    folder = locate(database, data_dir=data_dir)
    return tuple(
        name
        for name in available(database, data_dir=data_dir)
        if name not in database.without_signal and _has_signals(database, folder, name)
    )


def _has_signals(database: Database, folder: Path, name: str) -> bool:
    header, *signals = database.signal_files(name)
    if find_file(database, folder, header) is None:  # a recording of another format
        return True
    return all(find_file(database, folder, file) for file in signals)


def find_file(database: Database, folder: Path, name: str) -> Path | None:
    """Return where a file of a database is; None if it is missing.

    Parameters
    ----------
    database : Database
        The database.
    folder : Path
        Its folder; see `locate`.
    name : str
        Published name of the file, with its folder.

    Returns
    -------
    Path, optional
    """
    return next((path for path in database.places(folder, name) if path.is_file()), None)


def find_record(database: Database, folder: Path, name: str) -> Path | None:
    """Return the path of a record, without a suffix; None if it is missing.

    Parameters
    ----------
    database : Database
        The database.
    folder : Path
        Its folder; see `locate`.
    name : str
        The record.

    Returns
    -------
    Path, optional
    """
    if database.path is not None:
        return folder / name if name in database.records else None
    for path in database.places(folder, database.file(RECORD, name)):
        if Path(f"{path}.hea").is_file() or Path(f"{path}.csv").is_file():
            return path
    return None


def fetch(
    db: str,
    *,
    to: str | Path | None = None,
    base_url: str = BASE_URL,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Download a database from PhysioNet, every file verified.

    Intact files are kept and damaged ones replaced, so a second call resumes where the first one
    stopped.

    Parameters
    ----------
    db : str
        Name of the database; see `DATABASES`.
    to : str or Path, optional
        Folder in which the folder `db` is created; by default one in the user's cache.
    base_url : str
        Address that ``<database>/<version>/`` follows.
    progress : callable, optional
        Called with the number of files done and of all files, after each file.

    Returns
    -------
    Path
        The folder of the database.

    Raises
    ------
    DatasetError
        If the server cannot be reached, or files are missing there or damaged.
    """
    database = find_database(db)
    folder = Path(to or _cache()) / db
    download(_url(database, base_url), folder, database.files, progress=progress)
    return folder


def verify(db: str | Database, *, data_dir: str | Path | None = None) -> VerifyResult:
    """Compare every file in the folder with the published sums.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
    data_dir : str or Path, optional
        See `locate`.

    Returns
    -------
    VerifyResult
        Intact, damaged and missing files.

    Raises
    ------
    DatasetError
        If the database or its list of sums is missing.
    """
    database = find_database(db)
    folder = locate(database, data_dir=data_dir)
    if not (folder / SUMS).is_file():
        raise DatasetError(
            f"{folder}: expected {SUMS} to verify against, found none; get it from "
            f"{_url(database, BASE_URL)}/{SUMS}, or run `ecgscribe fetch {database.name}`"
        )
    sums = read_sums(folder)
    # Only the files that ecgscribe reads may be elsewhere: others there have names in common.
    places = {name: folder / name for name in sums}
    places |= {
        name: path
        for name in database.files
        if name in sums and (path := find_file(database, folder, name))
    }
    existing = {name: path for name, path in places.items() if path.is_file()}
    intact = {name for name, path in existing.items() if is_intact(path, sums[name])}
    return VerifyResult(
        ok=tuple(sorted(intact)),
        bad=tuple(sorted(set(existing) - intact)),
        absent=absent_files(database, data_dir=folder),
    )


def marking_file(database: Database, folder: Path, kind: Marks, name: str) -> Path | None:
    """Return the file that marks a record; None if it is missing.

    Parameters
    ----------
    database : Database
        The database.
    folder : Path
        Its folder; see `locate`.
    kind : str
        Kind of marking.
    name : str
        The record; any, if one table marks all.

    Returns
    -------
    Path, optional
    """
    for pattern in database.marks[kind]:
        file = database.file(pattern, name) if RECORD in pattern else pattern
        path = find_file(database, folder, file)
        if path is not None:
            return path
    return None


def _url(database: Database, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/{database.slug or database.name}/{database.version}"


def _cache() -> Path:
    # pooch asks the same package; importing pooch opens a socket to find out about IPv6.
    from platformdirs import user_cache_path

    return user_cache_path("ecgscribe")
