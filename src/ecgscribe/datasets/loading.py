"""Find, download, verify and read databases."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgscribe import formats
from ecgscribe.datasets.catalogue import NOISE, Database, find_database
from ecgscribe.datasets.download import SUMS, download, is_intact, read_sums
from ecgscribe.errors import DatasetError
from ecgscribe.record import Annotation, Record

__all__ = [
    "BASE_URL",
    "VerifyResult",
    "absent_files",
    "available",
    "default_dir",
    "fetch",
    "load",
    "locate",
    "noise",
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


def locate(db: str, *, data_dir: str | Path | None = None) -> Path:
    """Return the folder of a database.

    Parameters
    ----------
    db : str
        Name of the database; see `DATABASES`.
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
    records = find_database(db).records
    root = default_dir() if not data_dir else Path(data_dir)
    for folder in (root / db, root):
        if any(_exists(folder, name) for name in records):
            return folder
    raise DatasetError(
        f"{db}: expected its records in {root / db}, found none; run `ecgscribe fetch {db}`, or "
        "point --data-dir or ECGSCRIBE_DATA at a copy"
    )


def default_dir() -> Path:
    """Return the folder that holds the databases unless another one is given."""
    return Path(os.environ.get("ECGSCRIBE_DATA") or _cache())


def absent_files(db: str, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Return the missing files of a database that ecgscribe needs; see `locate`."""
    folder = locate(db, data_dir=data_dir)
    return tuple(name for name in find_database(db).files if not (folder / name).is_file())


def available(db: str, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Return the records of a database that the folder holds; see `locate` for `data_dir`."""
    folder = locate(db, data_dir=data_dir)
    return tuple(name for name in find_database(db).records if _exists(folder, name))


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


def verify(db: str, *, data_dir: str | Path | None = None) -> VerifyResult:
    """Compare every file in the folder with the published sums.

    Parameters
    ----------
    db : str
        Name of the database; see `DATABASES`.
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
    folder = locate(db, data_dir=data_dir)
    if not (folder / SUMS).is_file():
        raise DatasetError(
            f"{folder}: expected {SUMS} to verify against, found none; get it from "
            f"{_url(find_database(db), BASE_URL)}/{SUMS}, or run `ecgscribe fetch {db}`"
        )
    sums = read_sums(folder)
    existing = [name for name in sums if (folder / name).is_file()]
    intact = {name for name in existing if is_intact(folder / name, sums[name])}
    return VerifyResult(
        ok=tuple(sorted(intact)),
        bad=tuple(sorted(set(existing) - intact)),
        absent=absent_files(db, data_dir=folder),
    )


def load(db: str, name: str, *, data_dir: str | Path | None = None) -> tuple[Record, Annotation]:
    """Read a record and its reference annotations.

    Parameters
    ----------
    db : str
        Name of the database; see `DATABASES`.
    name : str
        The record.
    data_dir : str or Path, optional
        See `locate`. It may also hold the widespread CSV export of mitdb (``100.csv``,
        ``100annotations.txt``).

    Returns
    -------
    record : Record
        The signals.
    annotation : Annotation
        The reference annotations.

    Raises
    ------
    DatasetError
        If there is no such database, or no such record in it or in the folder.
    FormatError
        If a file is damaged.
    """
    database = find_database(db)
    folder = _folder_with(database, name, data_dir)
    if name in database.unannotated:
        raise DatasetError(
            f"{db}: expected an annotated record, found {name}, recorded noise; use noise()"
        )
    return (
        formats.read(folder / name),
        formats.read_annotation(folder / name, database.annotator),
    )


def noise(name: str, *, data_dir: str | Path | None = None) -> Record:
    """Read one of the noise recordings of nstdb.

    Parameters
    ----------
    name : {"bw", "em", "ma"}
        Baseline wander, electrode motion, muscle artefact.
    data_dir : str or Path, optional
        See `locate`.

    Returns
    -------
    Record
        Two leads of half an hour at 360 Hz.

    Raises
    ------
    DatasetError
        If there is no such recording, or the folder does not hold it.
    """
    if name not in NOISE:
        raise DatasetError(
            f"nstdb: expected noise out of {', '.join(NOISE)}, found {name}; choose one of them"
        )
    return formats.read(_folder_with(find_database("nstdb"), name, data_dir) / name)


def _exists(folder: Path, name: str) -> bool:
    return (folder / f"{name}.hea").is_file() or (folder / f"{name}.csv").is_file()


def _folder_with(database: Database, name: str, data_dir: str | Path | None) -> Path:
    db = database.name
    if name not in database.records:
        raise DatasetError(f"{db}: expected one of its records, found {name}; see split_records")
    folder = locate(db, data_dir=data_dir)
    if not _exists(folder, name):
        raise DatasetError(
            f"{db}: expected record {name} in {folder}, found none; run `ecgscribe fetch {db}`"
        )
    return folder


def _url(database: Database, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/{database.name}/{database.version}"


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("ecgscribe"))
