"""Tables of samples as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import format_errors, resolve_fs, to_float32
from ecgscribe.formats.mitdb_export import EXPORT_FS, in_millivolts, is_export
from ecgscribe.formats.sample_times import Clock, Timing, append_rows, placed, timing
from ecgscribe.formats.table_columns import (
    MOSTLY,
    Roles,
    as_numbers,
    column_roles,
    heading_of,
    lead_names,
    lead_units,
)
from ecgscribe.formats.table_layout import COMMENTS, MISSING, Layout, is_missing
from ecgscribe.formats.table_rows import open_rows
from ecgscribe.formats.table_times import ColumnTimes
from ecgscribe.formats.time_names import is_time_name, seconds_per_unit
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.record import LazyRecord, Record, has_date

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["open_csv"]


_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_ROW = 1 << 20
"""Bytes of a row: more than ten thousand leads have."""
_HEAD_BYTES = 65_536  # show the layout
_PART_ROWS = 200_000


def open_csv(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read a table with one column per lead, separated by commas, semicolons, tabs or blanks.

    Columns of times or sample numbers are left out; they give the sampling frequency where their
    unit is known, and samples that are missing by them are NaN. A row of lead names and one of
    units may come first, and above them comments or lines such as ``Sample Rate,512 hertz``. The
    export of mitdb is recognised by its ``'sample #'`` column and its range of values, and is
    converted to mV at 360 Hz. A cell that is empty, or holds what stands for a missing value, such
    as ``-`` or ``NaN``, is NaN. See `ecgscribe.formats.reading.Reader`.

    Warns
    -----
    SignalWarning
        If a column of text is left out, or one that rises evenly although its name is no time; if
        rows are in another order than their times, or are comments or headings.
    """
    with format_errors(path, "a table with one numeric column a lead"):
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if len(head) == _HEAD_BYTES and not _LINE_END.search(head):
            raise _endless_row(path, _HEAD_BYTES)
        _check_rows(path)
        layout = Layout.of(head)
        if layout.preamble.in_blocks:
            _check_one_block(path)
        if not layout.width:
            raise FormatError(
                f"{path}: expected rows of numbers, found none; save one row per sample"
            )
        table = _read(path, layout, leads)
        signal, units = table.signal, list(table.units)
        stated, start = layout.preamble.fs, layout.preamble.start
        counts = table.times is not None and table.times.n_counted == len(signal)
        if fs in (None, EXPORT_FS) and is_export(layout, signal, counts=counts):
            stated, units = EXPORT_FS, ["mV"] * len(units)
            signal = in_millivolts(signal)
        times = Timing()
        if table.times is not None:
            is_clock = is_time_name(table.times.name) and table.times.is_clock
            times = timing(path, table.times.name, table.times.clock, given=fs or stated)
            if times.fs is None and is_clock:
                warn(
                    f"{path}: the times in {table.times.name!r} have no unit in which they fit "
                    "the sampling frequency; they are not used"
                )
            of_rows = table.times.start or table.start
            if of_rows is not None:
                of_rows -= timedelta(seconds=times.behind)
            start = _start(of_rows or times.start, start)
        record = Record(
            signal=signal,
            fs=resolve_fs(
                path, stated if stated is not None else times.fs if fs is None else fs, fs
            ),
            leads=table.leads,
            units=tuple(units),
            name=path.stem,
            start=start,
        )
        return placed(record, times.places)


def _check_rows(path: Path) -> None:
    """Raise an error for a row of any length, which pandas would hold whole, several times."""
    length = 0
    with path.open("rb") as file:
        while block := file.read(_LONGEST_ROW):
            first = _LINE_END.search(block)
            length += len(block) if first is None else first.start()
            if length > _LONGEST_ROW:
                raise _endless_row(path, _LONGEST_ROW)
            if first is not None:
                length = len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))


def _check_one_block(path: Path) -> None:
    """Raise an error for a text of LabChart with several blocks, each with its own start."""
    with path.open("rb") as file:
        n_blocks = sum(line.startswith(b"Interval=") for line in file)
    if n_blocks > 1:
        raise FormatError(
            f"{path}: expected one block of LabChart, found {n_blocks}; export each block to a "
            "file of its own"
        )


def _endless_row(path: Path, length: int) -> FormatError:
    return FormatError(
        f"{path}: expected rows of numbers, found {length} characters without an end of line; save "
        "one row per sample"
    )


@dataclass(frozen=True, eq=False)
class _Table:
    """The leads to keep of a table: their names and units, their signal, and the times."""

    leads: tuple[str, ...]
    units: tuple[str, ...]
    signal: NDArray[np.float32]
    times: ColumnTimes | None
    start: datetime | None
    """By a column of times other than that of `times`."""


def _read(path: Path, layout: Layout, leads: Sequence[str] | None) -> _Table:
    """Read a table part by part, so that no more than its samples is in memory."""
    import pandas as pd

    roles: Roles | None = None
    columns: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    signal = np.empty((0, 0), np.float32)
    times: ColumnTimes | None = None
    start: datetime | None = None
    day_first = _is_day_first(layout)
    try:
        with (
            open_rows(path, layout) as file,
            pd.read_csv(
                file,
                header=None,
                skiprows=layout.n_skipped,
                na_values=[*MISSING],
                sep=layout.separator,
                decimal=layout.decimal,
                encoding=layout.encoding,
                compression=None,  # not by the suffix: what was recognised is what is read
                skipinitialspace=True,
                chunksize=_PART_ROWS,
                thousands=layout.thousands,
                comment="#" if layout.preamble.in_blocks else None,
                usecols=range(layout.width)
                if layout.ends_empty or layout.preamble.in_blocks
                else None,
            ) as parts,
        ):
            for each in parts:
                part = _without_notes(path, layout, each)
                if roles is None:
                    _check_width(path, layout, part)
                    part = _upright(layout, part)
                    roles = column_roles(path, layout, part)
                    every_name, keep = lead_names(path, layout, roles.leads, leads)
                    every_unit = lead_units(layout, roles.leads)
                    columns = tuple(roles.leads[k] for k in keep)
                    names = tuple(every_name[k] for k in keep)
                    units = tuple(every_unit[k] for k in keep)
                    signal = np.empty((0, len(columns)), np.float32)
                    if roles.times is not None:
                        name, unit = heading_of(layout, roles.times)
                        times = ColumnTimes(name, Clock(seconds_per_unit(name, unit)), day_first)
                    if roles.dated is not None:
                        first_of = [str(part[roles.dated].iloc[0])]
                        start = parse_times(first_of, day_first=day_first)[1]
                if times is not None and roles.times is not None:
                    days = None if roles.days is None else part[roles.days]
                    times.add(part[roles.times], days)
                first = layout.n_skipped + 1 + len(signal)
                leads_of_part = [_numbers(path, layout, part[k], first) for k in columns]
                append_rows(signal, np.stack(leads_of_part, axis=1))
    except pd.errors.ParserError as error:
        found = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise FormatError(
            f"{path}: expected as many cells in every row as in the first, found another number "
            f"({found[:100]}); correct the row"
        ) from error
    if roles is None:
        raise FormatError(f"{path}: expected rows of numbers, found none; save one row per sample")
    return _Table(names, units, signal, times, start)


def _start(of_rows: datetime | None, stated: datetime | None) -> datetime | None:
    """Return the start by the first row, or else by what stands above the table."""
    if of_rows is not None and not has_date(of_rows) and stated is not None and has_date(stated):
        return datetime.combine(stated.date(), of_rows.time())
    return of_rows or stated


def _is_day_first(layout: Layout) -> bool:
    """Return whether the units say that days come before months, or the commas that it is usual."""
    units = " ".join(layout.heading[1]).lower() if len(layout.heading) > 1 else ""
    return "dd/mm" in units or layout.decimal == ","


def _check_width(path: Path, layout: Layout, part: pd.DataFrame) -> None:
    if layout.heading and len(layout.heading[0]) != part.shape[1]:
        are_decimals = layout.separator == "," and part.shape[1] == 2 * len(layout.heading[0])
        advice = "separate columns by semicolons, not by commas as decimals" if are_decimals else ""
        raise FormatError(
            f"{path}: expected {len(layout.heading[0])} columns as its first row names, found "
            f"{part.shape[1]}; {advice or 'correct the file'}"
        )
    if layout.doubtful:
        warn(
            f"{path}: the first row ({layout.doubtful}) is far from the next ones and was taken "
            "for column names"
        )


def _without_notes(path: Path, layout: Layout, part: pd.DataFrame) -> pd.DataFrame:
    """Leave out comments between the rows, and headings that come again, as in joined files."""
    import pandas as pd

    if part[0].dtype.kind in "iufb":
        return part
    texts = part[0].astype(str).str.strip(" '\"")
    is_note = texts.str.startswith(COMMENTS) & ~texts.map(is_missing)
    if layout.heading and layout.heading[0][0]:
        is_note |= texts == layout.heading[0][0]
    if not 0 < is_note.mean() < MOSTLY:  # more of them are a column of text
        return part
    warn(f"{path}: comments or headings between the rows, left out: {int(is_note.sum())}")
    kept = part[~is_note].reset_index(drop=True)
    for k in kept:
        if kept[k].dtype.kind not in "iufb":
            cells = kept[k].where(kept[k].isna(), kept[k].astype(str).str.strip())
            numbers = pd.to_numeric(cells.str.replace(layout.decimal, "."), errors="coerce")
            kept[k] = numbers if (numbers.isna() == kept[k].isna()).all() else kept[k]
    return kept


def _upright(layout: Layout, part: pd.DataFrame) -> pd.DataFrame:
    """Return a table without names whose leads are rows with one row per sample."""
    in_rows = not layout.heading and len(part) < part.shape[1] and len(part) < _PART_ROWS
    return part.T.reset_index(drop=True) if in_rows else part


def _numbers(path: Path, layout: Layout, column: pd.Series[Any], first: int) -> NDArray[np.float32]:
    """Return the samples of a lead; a cell that is neither a number nor missing is an error."""
    values = as_numbers(column)
    if column.dtype.kind not in "iufb":
        wrong = np.flatnonzero(np.isnan(values) & ~column.map(lambda c: is_missing(str(c))))
        if len(wrong):
            name, _ = heading_of(layout, int(column.name))  # type: ignore[call-overload]
            raise FormatError(
                f"{path}: expected numbers in {name}, found {str(column.iloc[wrong[0]])[:40]!r} "
                f"in row {first + int(wrong[0])}; correct it, or leave the cell empty"
            )
    return to_float32(values)
