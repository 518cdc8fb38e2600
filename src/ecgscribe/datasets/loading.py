"""The databases of PhysioNet that ecgscribe is trained and measured on.

MIT-BIH Arrhythmia Database (``mitdb``; Moody & Mark, IEEE Eng Med Biol 20(3):45-50, 2001),
MIT-BIH Supraventricular Arrhythmia Database (``svdb``; Greenwald, PhD thesis, MIT, 1990) and
MIT-BIH Noise Stress Test Database (``nstdb``; Moody, Muldrow & Mark, Comput Cardiol 11:381-384,
1984), all version 1.0.0, ODC-By 1.0, from PhysioNet (Goldberger et al., Circulation
101(23):e215-e220, 2000).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgscribe import formats
from ecgscribe.datasets.catalogue import NOISE, records_of
from ecgscribe.datasets.download import SUMS, download, matches, read_sums
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
"""Databases lie under it as ``<database>/1.0.0/``."""


_VERSION = "1.0.0"


@dataclass(frozen=True)
class VerifyResult:
    """What a check of a database against its published sums found.

    Parameters
    ----------
    ok : tuple of str
        Files that are as published.
    bad : tuple of str
        Files that differ.
    absent : tuple of str
        Files that ecgscribe needs and that are not there.
    """

    ok: tuple[str, ...]
    bad: tuple[str, ...]
    absent: tuple[str, ...]


def locate(db: str, *, data_dir: str | Path | None = None) -> Path:
    """Find the folder of a database.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
    data_dir : str or Path, optional
        The folder itself, or one that holds a folder named `db`. By default the environment
        variable ``ECGSCRIBE_DATA``, and without it the folder that `fetch` fills.

    Returns
    -------
    Path
        A folder that holds at least one record of the database.

    Raises
    ------
    DatasetError
        If there is none.
    """
    names = records_of(db)
    root = default_dir() if not data_dir else Path(data_dir)
    for folder in (root / db, root):
        if any(_is_there(folder, name) for name in names):
            return folder
    raise DatasetError(
        f"{db}: expected its records in {root / db}, found none; run `ecgscribe fetch {db}`, or "
        "point --data-dir or ECGSCRIBE_DATA at a copy"
    )


def default_dir() -> Path:
    """Give the folder where databases are looked for unless another one is named."""
    return Path(os.environ.get("ECGSCRIBE_DATA") or _cache())


def absent_files(db: str, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Name the files of a database that ecgscribe reads and that are not there; see `locate`."""
    folder = locate(db, data_dir=data_dir)
    return tuple(name for name in _needed(db) if not (folder / name).is_file())


def available(db: str, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """Give the records of a database that are at hand; see `locate` for `data_dir`."""
    folder = locate(db, data_dir=data_dir)
    return tuple(name for name in records_of(db) if _is_there(folder, name))


def fetch(
    db: str,
    *,
    to: str | Path | None = None,
    base_url: str = BASE_URL,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Download a database from PhysioNet, every file verified.

    What is there and right is kept, what is there and wrong is replaced, so a second call goes
    on where the first one stopped.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
    to : str or Path, optional
        Root under which the folder `db` is made; a folder in the user's cache by default.
    base_url : str
        Address under which ``<database>/1.0.0/`` lies.
    progress : callable, optional
        Called with the number of files done and of all files, after each file.

    Returns
    -------
    Path
        The folder of the database.

    Raises
    ------
    DatasetError
        If the server cannot be reached, or files are absent there or not as published.
    """
    needed = _needed(db)
    folder = Path(to or _cache()) / db
    download(_url(db, base_url), folder, needed, progress=progress)
    return folder


def verify(db: str, *, data_dir: str | Path | None = None) -> VerifyResult:
    """Compare every file that is there with the published sums.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
    data_dir : str or Path, optional
        See `locate`.

    Returns
    -------
    VerifyResult
        Files that are right, wrong and absent.

    Raises
    ------
    DatasetError
        If the database or its list of sums is not there.
    """
    folder = locate(db, data_dir=data_dir)
    if not (folder / SUMS).is_file():
        raise DatasetError(
            f"{folder}: expected {SUMS} to verify against, found none; get it from "
            f"{_url(db, BASE_URL)}/{SUMS}, or run `ecgscribe fetch {db}`"
        )
    sums = read_sums(folder)
    there = [name for name in sums if (folder / name).is_file()]
    right = {name for name in there if matches(folder / name, sums[name])}
    return VerifyResult(
        ok=tuple(sorted(right)),
        bad=tuple(sorted(set(there) - right)),
        absent=absent_files(db, data_dir=folder),
    )


def load(db: str, name: str, *, data_dir: str | Path | None = None) -> tuple[Record, Annotation]:
    """Read a record and its reference annotations.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
    name : str
        The record.
    data_dir : str or Path, optional
        See `locate`. The widespread CSV export of mitdb (``100.csv``, ``100annotations.txt``)
        will do as well.

    Returns
    -------
    record : Record
        The signals.
    annotation : Annotation
        The annotations of ``atr``.

    Raises
    ------
    DatasetError
        If there is no such database, or no such record in it or at hand.
    FormatError
        If a file is damaged.
    """
    folder = _folder_with(db, name, data_dir)
    if name in NOISE:
        raise DatasetError(f"{db}: {name} is recorded noise without annotations; use noise()")
    return formats.read(folder / name), formats.read_annotation(folder / name, "atr")


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
        If there is no such recording or it is not at hand.
    """
    if name not in NOISE:
        raise DatasetError(
            f"nstdb: expected noise out of {', '.join(NOISE)}, found {name}; choose one of them"
        )
    return formats.read(_folder_with("nstdb", name, data_dir) / name)


def _needed(db: str) -> list[str]:
    """Name the files of a database that ecgscribe reads, of the hundreds that are published."""
    names = records_of(db)
    suffixes = {name: ("hea", "dat") if name in NOISE else ("hea", "dat", "atr") for name in names}
    return ["RECORDS", *(f"{name}.{suffix}" for name in names for suffix in suffixes[name])]


def _is_there(folder: Path, name: str) -> bool:
    return (folder / f"{name}.hea").is_file() or (folder / f"{name}.csv").is_file()


def _folder_with(db: str, name: str, data_dir: str | Path | None) -> Path:
    if name not in records_of(db):
        raise DatasetError(f"{db}: expected one of its records, found {name}; see split_records")
    folder = locate(db, data_dir=data_dir)
    if not _is_there(folder, name):
        raise DatasetError(
            f"{db}: expected record {name} in {folder}, found none; run `ecgscribe fetch {db}`"
        )
    return folder


def _url(db: str, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/{db}/{_VERSION}"


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("ecgscribe"))
