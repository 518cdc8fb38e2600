"""The databases of PhysioNet: their records, how these are divided, and whose they are."""

from __future__ import annotations

from ecgscribe.datasets.database import Database
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
    "find_database",
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
_WITH_NOISE = tuple(
    f"{n}e{snr}" for n in (118, 119) for snr in ("00", "06", "12", "18", "24", "_6")
)
NSTDB: tuple[str, ...] = (*_WITH_NOISE, *NOISE)


_AFDB = (
    "00735", "03665", "04015", "04043", "04048", "04126", "04746", "04908", "04936", "05091",
    "05121", "05261", "06426", "06453", "06995", "07162", "07859", "07879", "07910", "08215",
    "08219", "08378", "08405", "08434", "08455",
)  # fmt: skip
_AFDB_WITHOUT_SIGNAL = ("00735", "03665")
# Records 2k - 1 and 2k of a group, and the five minutes that follow each (n01c), are of one person.
_AFPDB_GROUPS = {"n": 50, "p": 50, "t": 100}
_AFPDB = tuple(
    f"{group}{n:02}{part}"
    for group, count in _AFPDB_GROUPS.items()
    for n in range(1, count + 1)
    for part in (("", "c") if group != "t" else ("",))
)
_AFTDB = tuple(
    f"{group}{n:02}"
    for group, count in (("n", 10), ("s", 10), ("t", 10), ("a", 30), ("b", 20))
    for n in range(1, count + 1)
)
_CINC2017 = tuple(f"A{n:05}" for n in range(1, 8529))
_CUDB = tuple(f"cu{n:02}" for n in range(1, 36))
_LUDB = tuple(str(n) for n in range(1, 201))
_LUDB_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_VFDB = tuple(str(n) for n in (*range(418, 431), 602, 605, 607, *range(609, 613), 614, 615))


def _afpdb_subject(record: str) -> str:
    """Return the subject of a record of afpdb, named by the first of its records."""
    first = (int(record[1:].removesuffix("c")) - 1) // 2 * 2 + 1
    return f"afpdb-{record[0]}{first:02}"


DATABASES: dict[str, Database] = {
    database.name: database
    for database in (
        Database(
            name="mitdb",
            title="MIT-BIH Arrhythmia Database",
            records=MITDB,
            splits={"ds1": DS1, "ds2": DS2, "all": MITDB, "paced": PACED},
            citation="Moody & Mark, IEEE Eng Med Biol 20(3):45-50, 2001",
            megabytes=94,
            marks={"beats": ("{record}.atr",), "rhythms": ("{record}.atr",)},
            subjects={"202": "mitdb-201"},
            dominant={"S": "232", "F": "213"},
        ),
        Database(
            name="svdb",
            title="MIT-BIH Supraventricular Arrhythmia Database",
            records=SVDB,
            splits={"all": SVDB},
            citation="Greenwald, PhD thesis, MIT, 1990",
            megabytes=54,
            realign_annotations=True,
        ),
        Database(
            name="nstdb",
            title="MIT-BIH Noise Stress Test Database",
            records=NSTDB,
            splits={"all": _WITH_NOISE},
            citation="Moody, Muldrow & Mark, Comput Cardiol 11:381-384, 1984",
            megabytes=32,
            unannotated=NOISE,
            subjects={record: f"mitdb-{record[:3]}" for record in _WITH_NOISE},
        ),
        Database(
            name="cinc2017",
            title="PhysioNet/Computing in Cardiology Challenge 2017, training set",
            records=_CINC2017,
            # By number, so that it is the same for all: a tenth that no training sees.
            splits={"all": _CINC2017, "tenth": tuple(r for r in _CINC2017 if r.endswith("3"))},
            citation="Clifford et al., Comput Cardiol 44, 2017",
            slug="challenge-2017",
            megabytes=167,
            marks={"labels": ("REFERENCE-v3.csv", "training2017/REFERENCE.csv")},
            suffixes=("hea", "mat"),
            extras=(),
            folders={f"A{n:02}": f"training/A{n:02}" for n in range(9)},
            other_folders=("training2017",),
        ),
        Database(
            name="afdb",
            title="MIT-BIH Atrial Fibrillation Database",
            records=_AFDB,
            splits={"all": tuple(r for r in _AFDB if r not in _AFDB_WITHOUT_SIGNAL)},
            citation="Moody & Mark, Comput Cardiol 10:227-230, 1983",
            megabytes=635,
            marks={"rhythms": ("{record}.atr",), "peaks": ("{record}.qrs",)},
            without_signal=_AFDB_WITHOUT_SIGNAL,
        ),
        Database(
            name="afpdb",
            title="PAF Prediction Challenge Database",
            records=_AFPDB,
            splits={"all": _AFPDB},
            citation="Moody et al., Comput Cardiol 28:113-116, 2001",
            megabytes=201,
            marks={"peaks": ("{record}.qrs",)},
            subjects={record: _afpdb_subject(record) for record in _AFPDB},
        ),
        Database(
            name="aftdb",
            title="AF Termination Challenge Database",
            records=_AFTDB,
            splits={"all": _AFTDB},
            citation="Moody, Comput Cardiol 31:101-104, 2004",
            megabytes=3,
            marks={"peaks": ("{record}.qrs",)},
            folders={
                **dict.fromkeys("nst", "learning-set"),
                "a": "test-set-a",
                "b": "test-set-b",
            },
            # t01 is the minute after s01; which of test-set-b are of one person is not published.
            subjects={f"t{n:02}": f"aftdb-s{n:02}" for n in range(1, 11)},
        ),
        Database(
            name="vfdb",
            title="MIT-BIH Malignant Ventricular Ectopy Database",
            records=_VFDB,
            splits={"all": _VFDB},
            citation="Greenwald, MS thesis, MIT, 1986",
            megabytes=35,
            marks={"rhythms": ("{record}.atr",)},
        ),
        Database(
            name="cudb",
            title="CU Ventricular Tachyarrhythmia Database",
            records=_CUDB,
            splits={"all": _CUDB},
            citation="Nolle et al., Comput Cardiol 13:515-518, 1986",
            megabytes=7,
            marks={
                "rhythms": ("{record}.atr",),
                "beats": ("{record}.atr",),
                "windows": ("windows.csv",),
            },
            unpublished=("windows",),
        ),
        Database(
            name="ludb",
            title="Lobachevsky University Electrocardiography Database",
            records=_LUDB,
            splits={"all": _LUDB},
            citation="Kalyakulina et al., IEEE Access 8:186181-186190, 2020",
            version="1.0.1",
            megabytes=25,
            marks={"waves": ("{record}.ii",)},
            extras=("RECORDS", "ludb.csv", *(f"{{record}}.{lead}" for lead in _LUDB_LEADS)),
            folders={"": "data"},
        ),
    )
}
"""The databases by name."""


def find_database(db: str | Database) -> Database:
    """Return the database of a name.

    Parameters
    ----------
    db : str or Database
        A key of `DATABASES`; a database is returned as it is.

    Returns
    -------
    Database

    Raises
    ------
    DatasetError
        If there is no such database.
    """
    if isinstance(db, Database):
        return db
    if db not in DATABASES:
        raise DatasetError(
            f"expected a database out of {', '.join(DATABASES)}, found {db}; choose one of them"
        )
    return DATABASES[db]


def split_records(db: str | Database, split: str) -> tuple[str, ...]:
    """Return the records of a split.

    Parameters
    ----------
    db : str or Database
        A key of `DATABASES`, or a database.
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
    database = find_database(db)
    splits = database.splits
    if split not in splits:
        raise DatasetError(
            f"{database.name}: expected a split out of {', '.join(splits)}, found {split}; "
            "choose one of them"
        )
    return splits[split]


def subject(db: str | Database, record: str) -> str:
    """Return the person a record was taken from, across databases.

    Records 201 and 202 of mitdb are of one subject; the annotated records of nstdb are 118 and
    119 of mitdb with noise.

    Parameters
    ----------
    db : str or Database
        A key of `DATABASES`, or a database.
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
