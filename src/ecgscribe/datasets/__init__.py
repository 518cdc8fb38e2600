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
    Database,
    find_database,
    split_records,
    subject,
)
from ecgscribe.datasets.loading import (
    BASE_URL,
    VerifyResult,
    absent_files,
    available,
    default_dir,
    fetch,
    load,
    locate,
    noise,
    verify,
)

__all__ = [
    "BASE_URL",
    "DATABASES",
    "DS1",
    "DS2",
    "MITDB",
    "NOISE",
    "NSTDB",
    "PACED",
    "SVDB",
    "Database",
    "VerifyResult",
    "absent_files",
    "available",
    "default_dir",
    "fetch",
    "find_database",
    "load",
    "locate",
    "noise",
    "split_records",
    "subject",
    "verify",
]
