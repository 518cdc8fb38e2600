"""The databases of PhysioNet on which ecgscribe is trained and evaluated.

MIT-BIH Arrhythmia Database (``mitdb``; Moody & Mark, IEEE Eng Med Biol 20(3):45-50, 2001),
MIT-BIH Supraventricular Arrhythmia Database (``svdb``; Greenwald, PhD thesis, MIT, 1990) and
MIT-BIH Noise Stress Test Database (``nstdb``; Moody, Muldrow & Mark, Comput Cardiol 11:381-384,
1984), all version 1.0.0, ODC-By 1.0, from PhysioNet (Goldberger et al., Circulation
101(23):e215-e220, 2000).
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
