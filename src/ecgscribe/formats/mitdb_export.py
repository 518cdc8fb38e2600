"""The CSV export of the MIT-BIH databases.

It consists of ``100.csv``, with the columns ``'sample #','MLII','V5'`` (quotes included) in ADC
units, and ``100annotations.txt``, the output of ``rdann -v`` of the WFDB Software Package.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import format_errors
from ecgscribe.formats.table_layout import Layout
from ecgscribe.record import Annotation

__all__ = [
    "EXPORT_FS", "EXPORT_SUFFIX", "in_millivolts", "is_export", "read_export_annotation",
]  # fmt: skip


EXPORT_SUFFIX = "annotations.txt"


# From the headers of mitdb: 360 Hz, 11 bits over 10 mV, gain 200 per mV, zero at 1024.
EXPORT_FS, _GAIN, _ZERO, _TOP = 360.0, 200.0, 1024.0, 2047
_ROW = re.compile(r"\s*[\d:.]+\s+(\d+)\s+(\S+)\s+(-?\d+)\s+(\d+)\s+(\d+)(?:\s+(\S.*))?")


def read_export_annotation(path: Path, *, fs: float | None = None) -> Annotation:
    """Read the ``…annotations.txt`` of the CSV export.

    Parameters
    ----------
    path : Path
        The file, with the columns Time, Sample #, Type, Sub, Chan, Num, Aux.
    fs : float, optional
        Sampling frequency in Hz; by default 360, that of mitdb.

    Returns
    -------
    Annotation
        Its `name` is that of the record.

    Raises
    ------
    FormatError
        If the file is missing or a row does not have that form.
    """
    rows: list[Any] = []
    check_regular(path)
    with format_errors(path, "the annotations of a CSV export"):
        lines = path.read_text(encoding="latin-1").splitlines()
    for number, line in enumerate(lines, start=1):
        row = _ROW.fullmatch(line.rstrip(" \t\0"))
        if row is not None:
            rows.append(row.groups())
        elif line.strip() and number > 1:
            raise FormatError(
                f"{path}: expected Time, Sample #, Type, Sub, Chan, Num, Aux in line {number}, "
                f"found {line.strip()[:40]!r}; get a fresh copy"
            )
    with format_errors(path, "sample numbers of at most 64 bits"):
        return Annotation(
            sample=np.array([int(row[0]) for row in rows], np.int64),
            symbol=np.array([row[1] for row in rows], np.str_),
            fs=EXPORT_FS if fs is None else fs,
            subtype=np.array([int(row[2]) for row in rows], np.int64),
            aux_note=np.array([row[5] or "" for row in rows], np.str_),
            name=path.name.removesuffix(EXPORT_SUFFIX),
        )


def is_export(layout: Layout, signal: NDArray[np.float32], *, counts: bool) -> bool:
    """Return whether a table is the CSV export, by its ``'sample #'`` column and its values.

    Parameters
    ----------
    layout : Layout
    signal : ndarray of float32, shape (samples, leads)
    counts : bool
        Whether the first column is 0, 1, 2 ….
    """
    if not counts or not layout.heading or layout.heading[0][0].lower() != "sample #":
        return False
    return bool(
        np.all((signal >= 0) & (signal <= _TOP)) and np.array_equal(signal, np.round(signal))
    )


def in_millivolts(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the counts of the CSV export in mV."""
    return (signal - np.float32(_ZERO)) / np.float32(_GAIN)
