"""Which records a database holds, how they are divided, and whose they are."""

from __future__ import annotations

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
    "records_of",
    "split_records",
    "subject",
]


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
NSTDB: tuple[str, ...] = (
    *(f"{n}e{snr}" for n in ("118", "119") for snr in ("00", "06", "12", "18", "24", "_6")),
    *NOISE,
)


DATABASES: dict[str, tuple[str, ...]] = {"mitdb": MITDB, "svdb": SVDB, "nstdb": NSTDB}
"""Records of each database."""


_SPLITS: dict[str, dict[str, tuple[str, ...]]] = {
    "mitdb": {"ds1": DS1, "ds2": DS2, "all": MITDB, "paced": PACED},
    "svdb": {"all": SVDB},
    "nstdb": {"all": tuple(name for name in NSTDB if name not in NOISE)},
}


def records_of(db: str) -> tuple[str, ...]:
    """Give the records of a database.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.

    Returns
    -------
    tuple of str
        Names, in order.

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
    """Give the records of a split.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
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
    records_of(db)
    splits = _SPLITS[db]
    if split not in splits:
        raise DatasetError(
            f"{db}: expected a split out of {', '.join(splits)}, found {split}; choose one of them"
        )
    return splits[split]


def subject(db: str, record: str) -> str:
    """Name the person a record was taken from, across databases.

    Records 201 and 202 of mitdb are one subject; the annotated records of nstdb are 118 and 119
    of mitdb with noise.

    Parameters
    ----------
    db : {"mitdb", "svdb", "nstdb"}
        The database.
    record : str
        The record.

    Returns
    -------
    str
        The same for records of the same person.
    """
    if db == "nstdb" and record not in NOISE:
        db, record = "mitdb", record[:3]
    if db == "mitdb" and record == "202":
        record = "201"
    return f"{db}-{record}"
