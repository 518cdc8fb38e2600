"""A folder of one's own annotated recordings, as a database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.datasets.catalogue import DATABASES, find_database
from ecgscribe.datasets.database import RECORD, Database, Marks
from ecgscribe.errors import DatasetError, FormatError
from ecgscribe.formatting import did_you_mean

if TYPE_CHECKING:
    from ecgscribe.record import Annotation

__all__ = ["open_database", "own_database"]


_ANNOTATIONS = (f"{RECORD}.atr", f"{RECORD}annotations.txt", f"{RECORD}.ann")
_IN_RECORDING = tuple(f"{RECORD}{suffix}" for suffix in (".edf", ".EDF", ".bdf", ".BDF"))
"""Recordings that may hold their annotations themselves."""


def open_database(db: str | Database, *, annotator: str | None = None) -> Database:
    """Return a database by its name, or a folder of one's own recordings as a database.

    Parameters
    ----------
    db : str or Database
        A key of `DATABASES`, else a folder (see `own_database`); a database is returned as it is.
    annotator : str, optional
        Suffix of the reference annotations in a folder.

    Returns
    -------
    Database

    Raises
    ------
    DatasetError
        If there is neither such a database nor such a folder, or the folder holds no annotated
        recording.
    """
    if isinstance(db, Database) or db in DATABASES:
        if annotator is not None:
            raise DatasetError(
                "expected no extension of annotations for a database that ecgscribe knows, found "
                f"{annotator}; leave it out, or name a folder"
            )
        return find_database(db)
    folder = Path(db)
    if not folder.is_dir():
        hint = did_you_mean(db, DATABASES, otherwise="choose one of them, or name a folder")
        raise DatasetError(
            f"expected a database out of {', '.join(DATABASES)}, or a folder of annotated "
            f"recordings, found {db}; {hint}"
        )
    return own_database(folder, annotator=annotator)


def own_database(folder: str | Path, *, annotator: str | None = None) -> Database:
    """Return the annotated recordings of a folder as a database; each is its own subject.

    Parameters
    ----------
    folder : str or Path
        Recordings of any format that ecgscribe reads, with their annotations next to them: WFDB
        (``.atr``), ISHNE (``.ann``), the CSV export of mitdb, or those within EDF+. Recordings
        without annotations are left out.
    annotator : str, optional
        Suffix of the annotation files, if it is another one.

    Returns
    -------
    Database
        Named as the folder. Marked are beats; or rhythms, if no recording has beats.

    Raises
    ------
    DatasetError
        If the folder holds no annotated recording.
    FormatError
        If an annotation file is damaged.
    """
    from ecgscribe import formats

    path = Path(folder)
    patterns = (*_ANNOTATIONS, *_IN_RECORDING)
    if annotator is not None:
        patterns = (f"{RECORD}.{annotator.removeprefix('.')}",)
    recordings = sorted(formats.recordings_in(path))
    records = tuple(name for name in recordings if _is_annotated(path, name, patterns))
    if not records:
        raise DatasetError(
            f"{path}: expected annotated recordings, found {len(recordings) or 'no'} recordings "
            f"and no annotations; put {patterns[0].replace(RECORD, 'NAME')} next to each, or name "
            "the extension of their annotations"
        )
    kind: Marks = "beats" if _any_beats(path, records, patterns) else "rhythms"
    name = path.resolve().name
    return Database(
        name=name,
        title=name,
        records=records,
        splits={"all": records},
        citation="",
        licence="",
        marks={kind: patterns},
        path=path,
    )


def _is_annotated(folder: Path, name: str, patterns: Iterable[str]) -> bool:
    files = _annotation_files(folder, name, patterns)
    return any(file.suffix.lower() not in (".edf", ".bdf") or _holds_any(file) for file in files)


def _holds_any(recording: Path) -> bool:
    """Return whether a recording holds annotations itself."""
    try:
        return len(_read(recording)) > 0
    except FormatError:
        return False


def _any_beats(folder: Path, records: Iterable[str], patterns: Iterable[str]) -> bool:
    """Return whether a beat is annotated in one of the recordings; most often in the first."""
    files = (_annotation_files(folder, name, patterns)[0] for name in records)
    return any(len(_read(file).beats()) > 0 for file in files)


def _annotation_files(folder: Path, name: str, patterns: Iterable[str]) -> list[Path]:
    files = (folder / pattern.replace(RECORD, name) for pattern in patterns)
    return [file for file in files if file.is_file()]


def _read(file: Path) -> Annotation:
    """Read annotations for their symbols alone, so that the sampling frequency does not matter."""
    from ecgscribe import formats

    try:
        return formats.read_annotation(file)
    except FormatError:
        return formats.read_annotation(file, fs=1.0)
