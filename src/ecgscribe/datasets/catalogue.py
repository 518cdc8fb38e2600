"""The databases: their records, how these are divided into splits, and whose they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ecgscribe.errors import DatasetError

__all__ = [
    "DATABASES",
    "DS1",
    "DS2",
    "MITDB",
    "NOISE",
    "NSTDB",
    "PACED",
    "SVDB",
    "Database",
    "find_database",
    "split_records",
    "subject",
]


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of PhysioNet; adding one to `DATABASES` is all that the commands need.

    Parameters
    ----------
    name : str
        Name in the address and in commands.
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
    annotator : str
        Suffix of the reference annotations.
    suffixes : tuple of str
        Suffixes of the files of a record, without its annotations.
    unannotated : tuple of str
        Records without reference annotations.
    subjects : mapping of str to str
        Subject, as in ``mitdb-201``, of each record that is not the only one of its subject.
    dominant : mapping of str to str
        Record that holds most beats of a rare AAMI class, so that results depend on it.
    realign_annotations : bool
        True if the annotations are up to 70 ms off the R-peaks, so that training moves them.
    """

    name: str
    title: str
    records: tuple[str, ...]
    splits: Mapping[str, tuple[str, ...]]
    citation: str
    licence: str = "ODC-By 1.0"
    version: str = "1.0.0"
    annotator: str = "atr"
    suffixes: tuple[str, ...] = ("hea", "dat")
    unannotated: tuple[str, ...] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    dominant: Mapping[str, str] = field(default_factory=dict)
    realign_annotations: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """Files that ecgscribe reads, of the hundreds that are published."""
        return (
            "RECORDS",
            *(f"{record}.{suffix}" for record in self.records for suffix in self._suffixes(record)),
        )

    def _suffixes(self, record: str) -> tuple[str, ...]:
        annotated = record not in self.unannotated
        return (*self.suffixes, self.annotator) if annotated else self.suffixes

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


# The inter-patient division of de Chazal et al., IEEE Trans Biomed Eng 51(7):1196-1206, 2004.
DS1: tuple[str, ...] = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122",
    "124", "201", "203", "205", "207", "208", "209", "215", "220", "223", "230",
)  # fmt: skip
DS2: tuple[str, ...] = (
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210",
    "212", "213", "214", "219", "221", "222", "228", "231", "232", "233", "234",
)  # fmt: skip
PACED: tuple[str, ...] = ("102", "104", "107", "217")
MITDB: tuple[str, ...] = tuple(sorted(DS1 + DS2 + PACED))
SVDB: tuple[str, ...] = tuple(
    str(n) for span in (range(800, 813), range(820, 830), range(840, 895)) for n in span
)
NOISE: tuple[str, ...] = ("bw", "em", "ma")
_WITH_NOISE = tuple(
    f"{n}e{snr}" for n in (118, 119) for snr in ("00", "06", "12", "18", "24", "_6")
)
NSTDB: tuple[str, ...] = (*_WITH_NOISE, *NOISE)


DATABASES: dict[str, Database] = {
    database.name: database
    for database in (
        Database(
            name="mitdb",
            title="MIT-BIH Arrhythmia Database",
            records=MITDB,
            splits={"ds1": DS1, "ds2": DS2, "all": MITDB, "paced": PACED},
            citation="Moody & Mark, IEEE Eng Med Biol 20(3):45-50, 2001",
            subjects={"202": "mitdb-201"},
            dominant={"S": "232", "F": "213"},
        ),
        Database(
            name="svdb",
            title="MIT-BIH Supraventricular Arrhythmia Database",
            records=SVDB,
            splits={"all": SVDB},
            citation="Greenwald, PhD thesis, MIT, 1990",
            realign_annotations=True,
        ),
        Database(
            name="nstdb",
            title="MIT-BIH Noise Stress Test Database",
            records=NSTDB,
            splits={"all": _WITH_NOISE},
            citation="Moody, Muldrow & Mark, Comput Cardiol 11:381-384, 1984",
            unannotated=NOISE,
            subjects={record: f"mitdb-{record[:3]}" for record in _WITH_NOISE},
        ),
    )
}
"""The databases by name."""


def find_database(db: str) -> Database:
    """Return the database of a name.

    Parameters
    ----------
    db : str
        A key of `DATABASES`.

    Returns
    -------
    Database

    Raises
    ------
    DatasetError
        If there is no such database.
    """
    if db not in DATABASES:
        raise DatasetError(
            f"expected a database out of {', '.join(DATABASES)}, found {db}; choose one of them"
        )
    return DATABASES[db]


def split_records(db: str, split: str) -> tuple[str, ...]:
    """Return the records of a split.

    Parameters
    ----------
    db : str
        A key of `DATABASES`.
    split : str
        ``ds1``, ``ds2``, ``paced`` or ``all`` of mitdb; ``all`` of the others.

    Returns
    -------
    tuple of str
        Names, in order.

    Raises
    ------
    DatasetError
        If there is no such database or split.
    """
    splits = find_database(db).splits
    if split not in splits:
        raise DatasetError(
            f"{db}: expected a split out of {', '.join(splits)}, found {split}; choose one of them"
        )
    return splits[split]


def subject(db: str, record: str) -> str:
    """Return the person a record was taken from, across databases.

    Records 201 and 202 of mitdb are of one subject; the annotated records of nstdb are 118 and
    119 of mitdb with noise.

    Parameters
    ----------
    db : str
        A key of `DATABASES`.
    record : str
        The record.

    Returns
    -------
    str
        Equal for records of the same person.

    Raises
    ------
    DatasetError
        If there is no such database.
    """
    return find_database(db).subject(record)
