"""The databases of PhysioNet on which ecgscribe is trained and evaluated.

`DATABASES` describes each, with its licence and the publication to cite, next to that of PhysioNet:
Goldberger et al., Circulation 101(23):e215-e220, 2000.
"""

from __future__ import annotations

from ecgscribe.datasets.catalogue import (
    DATABASES,
    DS1,
    DS2,
    MITDB,
    NOISE,
    NSTDB,
    PACED,
    SVDB,
    find_database,
    split_records,
    subject,
)
from ecgscribe.datasets.database import MARKS, Database
from ecgscribe.datasets.folders import (
    BASE_URL,
    VerifyResult,
    absent_files,
    available,
    default_dir,
    fetch,
    locate,
    recorded,
    verify,
)
from ecgscribe.datasets.own import open_database, own_database
from ecgscribe.datasets.reading import load, marked, noise, read_annotation, read_record
from ecgscribe.datasets.tables import Windows, read_labels, read_windows

__all__ = [
    "BASE_URL",
    "DATABASES",
    "DS1",
    "DS2",
    "MARKS",
    "MITDB",
    "NOISE",
    "NSTDB",
    "PACED",
    "SVDB",
    "Database",
    "VerifyResult",
    "Windows",
    "absent_files",
    "available",
    "default_dir",
    "fetch",
    "find_database",
    "load",
    "locate",
    "marked",
    "noise",
    "open_database",
    "own_database",
    "read_annotation",
    "read_labels",
    "read_record",
    "read_windows",
    "recorded",
    "split_records",
    "subject",
    "verify",
]
