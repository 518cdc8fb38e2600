"""A database: its records, the files of each, what is marked in them, and whose they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = ["BY_TABLE", "MARKS", "RECORD", "Database", "Marks"]


Marks = Literal["beats", "rhythms", "labels", "windows", "waves", "peaks"]
"""A kind of marking; `MARKS` describes each."""


MARKS: Mapping[Marks, str] = {
    "beats": "every beat, with its class",
    "rhythms": "where each rhythm begins",
    "labels": "one label for each recording as a whole",
    "windows": "whether the rhythm at the end of each window of 5 s is ventricular (windows.csv)",
    "waves": "onset, peak and end of P wave, QRS complex and T wave",
    "peaks": "R-peaks, found by a program and not corrected by hand",
}
"""What each kind of marking is."""


BY_TABLE: frozenset[Marks] = frozenset({"labels", "windows"})
"""Kinds that one table holds for all records; the others have an annotation file per record."""


RECORD = "{record}"
"""Stands for a record, with its folder, in the name of a file."""


_BEATS: Mapping[Marks, tuple[str, ...]] = {"beats": (f"{RECORD}.atr",)}


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database; one of PhysioNet in `DATABASES` is all that the commands need.

    Parameters
    ----------
    name : str
        Name in commands.
    title : str
        Name in full.
    records : tuple of str
        All records, in order.
    splits : mapping of str to tuple of str
        Annotated records by the name of a split; at least ``all``.
    citation : str
        Publication to cite.
    licence : str
        Licence of the data.
    version : str
        Published version.
    slug : str
        Name in the address, if that is another one.
    megabytes : int
        Size of what `fetch` downloads, about.
    marks : mapping of str to tuple of str
        Files of each kind of marking (see `MARKS`), the one to evaluate on first. ``{record}`` in
        a name is a record. The first name is the published one; the others are read as well.
    unpublished : tuple of str
        Kinds of marking that PhysioNet does not have.
    suffixes : tuple of str
        Suffixes of the header and the signal files of a record.
    extras : tuple of str
        Further published files, such as ``RECORDS``; ``{record}`` in a name is a record.
    folders : mapping of str to str
        Folder of the records whose names begin so; by default that of the database.
    other_folders : tuple of str
        Folders where any of the files may be instead, as in a published archive.
    unannotated : tuple of str
        Records without reference annotations.
    without_signal : tuple of str
        Records with annotations alone.
    subjects : mapping of str to str
        Subject, as in ``mitdb-201``, of each record that is not the only one of its subject.
    dominant : mapping of str to str
        Record that holds most beats of a rare AAMI class, so that results depend on it.
    realign_annotations : bool
        True if the annotations are up to 70 ms off the R-peaks, so that training moves them.
    path : Path, optional
        Where the files are; by default in the folder that holds the databases.
    """

    name: str
    title: str
    records: tuple[str, ...]
    splits: Mapping[str, tuple[str, ...]]
    citation: str
    licence: str = "ODC-By 1.0"
    version: str = "1.0.0"
    slug: str = ""
    megabytes: int = 0
    marks: Mapping[Marks, tuple[str, ...]] = field(default_factory=lambda: _BEATS)
    unpublished: tuple[Marks, ...] = ()
    suffixes: tuple[str, ...] = ("hea", "dat")
    extras: tuple[str, ...] = ("RECORDS",)
    folders: Mapping[str, str] = field(default_factory=dict)
    other_folders: tuple[str, ...] = ()
    unannotated: tuple[str, ...] = ()
    without_signal: tuple[str, ...] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    dominant: Mapping[str, str] = field(default_factory=dict)
    realign_annotations: bool = False
    path: Path | None = None

    @property
    def published_marks(self) -> tuple[Marks, ...]:
        """Kinds of marking that PhysioNet has."""
        return tuple(kind for kind in self.marks if kind not in self.unpublished)

    @property
    def files(self) -> tuple[str, ...]:
        """Files that ecgscribe reads, of the hundreds that are published."""
        patterns = (*self.extras, *(self.marks[kind][0] for kind in self.published_marks))
        tables = (name for name in patterns if RECORD not in name)
        files = (file for record in self.records for file in self._files_of(record, patterns))
        return tuple(dict.fromkeys((*tables, *files)))

    def _files_of(self, record: str, patterns: Iterable[str]) -> Iterator[str]:
        yield from self.signal_files(record)
        if record not in self.unannotated:
            yield from (self.file(name, record) for name in patterns if RECORD in name)

    def signal_files(self, record: str) -> tuple[str, ...]:
        """Return the published files of a record that hold its header and its signals."""
        suffixes = self.suffixes[:1] if record in self.without_signal else self.suffixes
        return tuple(self.file(f"{RECORD}.{suffix}", record) for suffix in suffixes)

    def file(self, pattern: str, record: str) -> str:
        """Return the published name of a file of a record, with its folder.

        Parameters
        ----------
        pattern : str
            Name with ``{record}`` in it.
        record : str
            The record.

        Returns
        -------
        str
        """
        prefixes = [prefix for prefix in self.folders if record.startswith(prefix)]
        folder = f"{self.folders[max(prefixes, key=len)]}/" if prefixes else ""
        return pattern.replace(RECORD, folder + record)

    def places(self, folder: Path, file: str) -> Iterator[Path]:
        """Return where a file may be: where it is published, then in the other folders.

        Parameters
        ----------
        folder : Path
            Folder of the database.
        file : str
            Published name of the file, with its folder.

        Yields
        ------
        Path
        """
        yield folder / file
        base = file.rpartition("/")[2]
        yield from (folder / other / base for other in self.other_folders)

    @property
    def default_split(self) -> str:
        """Split to evaluate on unless another one is chosen."""
        return "ds2" if "ds2" in self.splits else "all"

    def subject(self, record: str) -> str:
        """Return the subject of a record; equal for records of the same person."""
        return self.subjects.get(record, f"{self.name}-{record}")

    def seen_elsewhere(self, records: Collection[str]) -> tuple[str, ...]:
        """Return those of `records` whose subject has an earlier record outside of `records`."""
        return tuple(
            record
            for record, subject in self.subjects.items()
            if record in records
            and subject.startswith(f"{self.name}-")
            and subject.removeprefix(f"{self.name}-") not in records
        )
