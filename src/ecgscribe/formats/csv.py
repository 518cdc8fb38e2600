"""Signals and annotations as text: the CSV export of the MIT-BIH databases, and plain CSV.

The export consists of ``100.csv``, with the columns ``'sample #','MLII','V5'`` (quotes included)
in ADC units, and ``100annotations.txt``, the output of ``rdann -v`` of the WFDB Software Package.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import UNKNOWN_UNIT, format_errors, resolve_fs, to_float32
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["EXPORT_SUFFIX", "is_table", "open_csv", "read_export_annotation"]


EXPORT_SUFFIX = "annotations.txt"


# From the headers of mitdb: 360 Hz, 11 bits over 10 mV, gain 200 per mV, zero at 1024.
_EXPORT_FS, _EXPORT_GAIN, _EXPORT_ZERO, _EXPORT_TOP = 360.0, 200.0, 1024.0, 2047
_FIRST_ROWS = 16  # lines that show the layout
_LONGEST_ROW = 1_000_000  # bytes
_POSITION = {"sample #", "sample", "time", "t", "index", "elapsed time"}
# A number, a time such as 0:00.003, or a missing value.
_NUMBER = re.compile(r"[-+]?(?:[\d.:]+(?:e[-+]?\d+)?|inf|infinity)|nan|-?", re.IGNORECASE)
_ROW = re.compile(r"\s*[\d:.]+\s+(\d+)\s+(\S+)\s+(-?\d+)\s+(\d+)\s+(\d+)(?:\s+(\S.*))?")


def open_csv(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read a table with one column per lead, separated by commas, semicolons or tabs.

    A first column named sample, time or index is left out. A row of lead names and one of units
    may come first. The export of mitdb is recognised by its ``'sample #'`` column and its range
    of values, and is converted to mV at 360 Hz. A cell that is empty or ``-`` is NaN. See
    `ecgscribe.formats.reading.Reader`.
    """
    import pandas as pd

    with format_errors(path, "a CSV file with one numeric column a lead"):
        with path.open("rb") as file:
            rows = list(islice(iter(lambda: file.readline(_LONGEST_ROW), b""), _FIRST_ROWS))
        layout = _Layout.of(b"".join(rows))
        heading = layout.heading
        table = pd.read_csv(
            path,
            header=None,
            skiprows=layout.n_skipped,
            na_values=["-"],
            sep=layout.separator,
            decimal=layout.decimal,
            encoding=layout.encoding,
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
            signal=to_float32(signal[:, keep]),
            fs=resolve_fs(path, None, fs),
            leads=tuple(names[i] for i in keep),
            units=tuple(units[i] for i in keep),
            name=path.stem,
        ).lazy()


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
    return Annotation(
        sample=np.array([int(row[0]) for row in rows], np.int64),
        symbol=np.array([row[1] for row in rows], np.str_),
        fs=_EXPORT_FS if fs is None else fs,
        subtype=np.array([int(row[2]) for row in rows], np.int64),
        aux_note=np.array([row[5] or "" for row in rows], np.str_),
        name=path.name.removesuffix(EXPORT_SUFFIX),
    )


@dataclass(frozen=True)
class _Layout:
    """How a table is written, judged by its first rows.

    Parameters
    ----------
    encoding, separator, decimal : str
        As pandas takes them.
    heading : list of list of str
        The row of names and the row of units, if they come first.
    n_skipped : int
        Lines before the first row of numbers, blank ones included.
    has_numbers : bool
        Whether one of the first three rows holds numbers.
    """

    encoding: str
    separator: str
    decimal: str
    heading: list[list[str]]
    n_skipped: int
    has_numbers: bool

    @classmethod
    def of(cls, data: bytes) -> _Layout:
        """Judge a table by `data`, its first lines."""
        encoding = "utf-8-sig"
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            encoding = "latin-1"
        lines = [(n, line.decode(encoding)) for n, line in enumerate(data.splitlines(), start=1)]
        lines = [(n, line) for n, line in lines if line.strip()][:3]
        last = lines[-1][1] if lines else ""  # of numbers, because names may hold any character
        separator = next((character for character in ";\t" if character in last), ",")
        decimal = "," if separator != "," and "," in last else "."
        rows = [[cell.strip(" \t'\"") for cell in line.split(separator)] for _, line in lines]
        numbers = [all(_NUMBER.fullmatch(c.replace(decimal, ".")) for c in row) for row in rows]
        n_heading = next((k for k, holds in enumerate(numbers[:2]) if holds), len(rows[:2]))
        return cls(
            encoding=encoding,
            separator=separator,
            decimal=decimal,
            heading=rows[:n_heading],
            n_skipped=lines[n_heading - 1][0] if n_heading else 0,
            has_numbers=any(holds and any(row) for row, holds in zip(rows, numbers, strict=True)),
        )


def is_table(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a table of numbers."""
    return b"\0" not in head and _Layout.of(head).has_numbers


def _is_export(position: str, values: NDArray[np.float64]) -> bool:
    signal = values[:, 1:]
    return bool(
        position == "sample #"
        and np.array_equal(values[:, 0], np.arange(len(values)))
        and np.all((signal >= 0) & (signal <= _EXPORT_TOP))
        and np.array_equal(signal, np.round(signal))
    )
