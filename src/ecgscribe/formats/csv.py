"""Signals and annotations as text: the CSV export of the MIT-BIH databases, and plain CSV.

The export has ``100.csv``, with the columns ``'sample #','MLII','V5'`` (quotes included) in ADC
units, and ``100annotations.txt``, what ``rdann -v`` of the WFDB Software Package prints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import UNKNOWN_UNIT, agreed_fs, as_signal, reading
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.record import Annotation, Record

__all__ = ["EXPORT_SUFFIX", "read_export_annotation", "read_record"]


EXPORT_SUFFIX = "annotations.txt"


# From the headers of mitdb: 360 Hz, 11 bits over 10 mV, gain 200 per mV, zero at 1024.
_EXPORT_FS, _EXPORT_GAIN, _EXPORT_ZERO, _EXPORT_TOP = 360.0, 200.0, 1024.0, 2047
_LONGEST_ROW = 1_000_000  # bytes of a heading
_POSITION = {"sample #", "sample", "time", "t", "index", "elapsed time"}
_ROW = re.compile(r"\s*[\d:.]+\s+(\d+)\s+(\S+)\s+(-?\d+)\s+(\d+)\s+(\d+)(?:\s+(\S.*))?")


def read_record(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> Record:
    """Read a table with one column a lead, separated by commas, semicolons or tabs.

    A first column named sample, time or index is left out. A row of lead names and one of units
    may come first. The export of mitdb is known by its ``'sample #'`` column and its range of
    values, and is turned into mV at 360 Hz.

    Parameters
    ----------
    path : Path
        The file.
    fs : float, optional
        Sampling frequency in Hz; needed for every file but the export of mitdb.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default. Where the file names none, a
        name for every column.

    Returns
    -------
    Record
        NaN where a cell is empty or ``-``; units ``NU`` where the file names none.

    Raises
    ------
    FormatError
        If the file is absent, not numeric, or `fs` is missing.
    """
    import pandas as pd

    with reading(path, "a CSV file with one numeric column a lead"):
        text = _Text(path)
        heading = text.heading()
        table = pd.read_csv(
            path,
            header=None,
            skiprows=len(heading),
            na_values=["-"],
            sep=text.separator,
            decimal=text.decimal,
            encoding=text.encoding,
        )
        values = table.to_numpy(dtype=np.float64)
        columns = values.shape[1]
        if heading and len(heading[0]) != columns:
            raise FormatError(
                f"{path}: expected {len(heading[0])} columns as its first row names, found "
                f"{columns}; correct the file"
            )
        first = 1 if heading and heading[0][0].lower() in _POSITION else 0
        if first == columns:
            raise FormatError(f"{path}: expected at least one lead, found none; add a column")
        signal, units = values[:, first:], [UNKNOWN_UNIT] * (columns - first)
        if heading:
            names = short_names(heading[0][first:])
            keep = chosen_leads(path, names, leads)
        else:
            names, keep = unnamed_leads(path, columns, leads)
        if len(heading) > 1:
            units = [unit or UNKNOWN_UNIT for unit in heading[1][first:]]
        if first and fs in (None, _EXPORT_FS) and _is_export(heading[0][0], values):
            fs, units = _EXPORT_FS, ["mV"] * len(names)
            signal = (signal - _EXPORT_ZERO) / _EXPORT_GAIN
        return Record(
            signal=as_signal(signal[:, keep]),
            fs=agreed_fs(path, None, fs),
            leads=tuple(names[i] for i in keep),
            units=tuple(units[i] for i in keep),
            name=path.stem,
        )


def read_export_annotation(path: Path, *, fs: float | None = None) -> Annotation:
    """Read the ``…annotations.txt`` of the CSV export.

    Parameters
    ----------
    path : Path
        The file, with the columns Time, Sample #, Type, Sub, Chan, Num, Aux.
    fs : float, optional
        Sampling frequency in Hz; that of mitdb by default.

    Returns
    -------
    Annotation
        Named after the record.

    Raises
    ------
    FormatError
        If the file is absent or a row is not of that form.
    """
    rows: list[Any] = []
    with reading(path, "the annotations of a CSV export"):
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
    return Annotation(
        sample=np.array([int(row[0]) for row in rows], np.int64),
        symbol=np.array([row[1] for row in rows], np.str_),
        fs=_EXPORT_FS if fs is None else fs,
        subtype=np.array([int(row[2]) for row in rows], np.int64),
        aux_note=np.array([row[5] or "" for row in rows], np.str_),
        name=path.name.removesuffix(EXPORT_SUFFIX),
    )


class _Text:
    """How a table is written, by its first rows: separator, decimal mark and encoding."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            rows = list(islice(iter(lambda: file.readline(_LONGEST_ROW), b""), 3))
        try:
            lines = [row.decode("utf-8-sig") for row in rows]
            self.encoding = "utf-8-sig"
        except UnicodeDecodeError:
            lines = [row.decode("latin-1") for row in rows]
            self.encoding = "latin-1"
        row = lines[-1] if lines else ""  # of numbers, as names may hold any character
        self.separator = next((mark for mark in ";\t" if mark in row), ",")
        self.decimal = "," if self.separator != "," and "," in row else "."
        self.lines = lines

    def heading(self) -> list[list[str]]:
        """Give the row of names and the row of units that come first, if they do."""
        rows = []
        for line in self.lines[:2]:
            cells = [cell.strip(" \t\r\n'\"") for cell in line.split(self.separator)]
            if all(_is_number(cell.replace(self.decimal, ".")) for cell in cells):
                break
            rows.append(cells)
        return rows


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell in ("", "-")
    return True


def _is_export(position: str, values: NDArray[np.float64]) -> bool:
    signal = values[:, 1:]
    return bool(
        position == "sample #"
        and np.array_equal(values[:, 0], np.arange(len(values)))
        and np.all((signal >= 0) & (signal <= _EXPORT_TOP))
        and np.array_equal(signal, np.round(signal))
    )
