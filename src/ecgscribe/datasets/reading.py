"""Read records of databases, and their annotations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.datasets.catalogue import NOISE, find_database
from ecgscribe.datasets.database import BY_TABLE, MARKS, RECORD, Database, Marks
from ecgscribe.datasets.folders import available, find_record, locate, marking_file
from ecgscribe.errors import DatasetError

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, Record

__all__ = [
    "load",
    "marked",
    "noise",
    "read_annotation",
    "read_record",
]


def marked(db: str | Database, *, data_dir: str | Path | None = None) -> Marks:
    """Return what to evaluate on: the first kind of marking whose files the folder holds.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
    data_dir : str or Path, optional
        See `locate`.

    Returns
    -------
    str
        A key of `MARKS`; if no file is there, the first kind that the database has.

    Raises
    ------
    DatasetError
        If there is no such database, or it is missing.
    """
    database = find_database(db)
    kinds = tuple(database.marks)
    if len(kinds) == 1:
        return kinds[0]
    folder = locate(database, data_dir=data_dir)
    records = available(database, data_dir=data_dir)
    for kind in kinds:
        names = records[:1] if kind in BY_TABLE else records
        if any(marking_file(database, folder, kind, name) for name in names):
            return kind
    return kinds[0]


def load(
    db: str | Database, name: str, *, data_dir: str | Path | None = None
) -> tuple[Record, Annotation]:
    """Read a record and its reference annotations.

    Parameters
    ----------
    db : str or Database
        A database, or its name; see `DATABASES`.
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
        The reference annotations, of the first of the database's kinds of marking.

    Raises
    ------
    DatasetError
        If there is no such database, or no such record in it or in the folder, or only a table
        marks it; see `ecgscribe.datasets.tables`.
    FormatError
        If a file is damaged.
    """
    from ecgscribe.record import check_within

    database = find_database(db)
    kind = _annotated_kind(database, None)
    _record_path(database, name, data_dir)
    _refuse_unannotated(database, name)
    record = read_record(database, name, data_dir=data_dir)
    annotation = read_annotation(database, name, marks=kind, data_dir=data_dir, fs=record.fs)
    if database.path is not None:  # nobody has checked these before
        check_within(annotation, record)
    return record, annotation


def read_record(db: str | Database, name: str, *, data_dir: str | Path | None = None) -> Record:
    """Read the signals of a record.

    Parameters
    ----------
    db, name, data_dir
        See `load`.

    Returns
    -------
    Record

    Raises
    ------
    DatasetError
        If there is no such database, or no such record in it or in the folder.
    FormatError
        If a file is damaged.
    """
    from ecgscribe import formats

    return formats.read(_record_path(find_database(db), name, data_dir))


def read_annotation(
    db: str | Database,
    name: str,
    *,
    marks: Marks | None = None,
    data_dir: str | Path | None = None,
    fs: float | None = None,
) -> Annotation:
    """Read the reference annotations of a record, whose signals need not be there.

    Parameters
    ----------
    db, name, data_dir
        See `load`.
    marks : str, optional
        Kind of marking, such as ``peaks`` of afdb; by default the first that the database has.
    fs : float, optional
        Sampling frequency in Hz, if neither the file nor the header next to it gives one.

    Returns
    -------
    Annotation

    Raises
    ------
    DatasetError
        If there is no such database, or no such record in it or in the folder, or no annotation
        file marks this.
    FormatError
        If the file is missing or damaged.
    """
    from ecgscribe import formats

    database = find_database(db)
    kind = _annotated_kind(database, marks)
    path = _record_path(database, name, data_dir)
    _refuse_unannotated(database, name)
    folder = locate(database, data_dir=data_dir)
    file = marking_file(database, folder, kind, name)
    suffix = database.marks[kind][0].removeprefix(f"{RECORD}.")
    if file is None:  # the CSV export, or an error that names the missing file
        return formats.read_annotation(path, suffix, fs=fs)
    return formats.read_annotation(file, fs=fs)


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
    return read_record("nstdb", name, data_dir=data_dir)


def _record_path(database: Database, name: str, data_dir: str | Path | None) -> Path:
    """Return the path of a record without a suffix."""
    db = database.name
    if name not in database.records:
        raise DatasetError(f"{db}: expected one of its records, found {name}; see split_records")
    folder = locate(database, data_dir=data_dir)
    path = find_record(database, folder, name)
    if path is None:
        raise DatasetError(
            f"{db}: expected record {name} in {folder}, found none; run `ecgscribe fetch {db}`"
        )
    return path


def _refuse_unannotated(database: Database, name: str) -> None:
    if name in database.unannotated:
        raise DatasetError(
            f"{database.name}: expected an annotated record, found {name}, recorded noise; use "
            "noise()"
        )


def _annotated_kind(database: Database, marks: Marks | None) -> Marks:
    """Return the kind of marking to read, which must be in annotation files."""
    kinds: Mapping[Marks, tuple[str, ...]] = database.marks
    kind = next(iter(kinds)) if marks is None else marks
    if kind in BY_TABLE or kind not in kinds:
        of_database = " and ".join(MARKS[known] for known in kinds)
        wanted = "annotations" if marks is None else MARKS[kind]
        raise DatasetError(
            f"{database.name}: expected {wanted}, found {of_database}; use "
            f"{' or '.join(_READERS.get(known, 'read_annotation()') for known in kinds)}"
        )
    return kind


_READERS: Mapping[Marks, str] = {"labels": "read_labels()", "windows": "read_windows()"}
