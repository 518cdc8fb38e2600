"""Signals and annotations as text: the CSV export of the MIT-BIH databases, and plain CSV.

The export consists of ``100.csv``, with the columns ``'sample #','MLII','V5'`` (quotes included)
in ADC units, and ``100annotations.txt``, the output of ``rdann -v`` of the WFDB Software Package.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import UNKNOWN_UNIT, format_errors, resolve_fs, to_float32
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.formats.sample_times import (
    LEAST_ROWS,
    Clock,
    Timing,
    append_rows,
    epoch_unit,
    gapped_reader,
    is_counter_name,
    is_time_name,
    parse_times,
    rises_evenly,
    seconds_per_unit,
    timing,
    unwrapped,
)
from ecgscribe.formats.table_layout import Layout, is_missing
from ecgscribe.formats.table_rows import open_rows
from ecgscribe.record import Annotation, LazyRecord, Record, has_date

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPORT_SUFFIX", "open_csv", "read_export_annotation"]


EXPORT_SUFFIX = "annotations.txt"


# From the headers of mitdb: 360 Hz, 11 bits over 10 mV, gain 200 per mV, zero at 1024.
_EXPORT_FS, _EXPORT_GAIN, _EXPORT_ZERO, _EXPORT_TOP = 360.0, 200.0, 1024.0, 2047
_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_ROW = 1 << 20
"""Bytes of a row: more than ten thousand leads have."""
_HEAD_BYTES = 65_536  # show the layout
_PART_ROWS = 200_000
_MOSTLY = 0.5
"""Share of cells without a number from which on a column holds text."""
_POSITION = {"sample #", "sample", "time", "t", "index", "elapsed time"}
"""Names of a first column that is left out even if its values do not show that it is a time."""
_DAY = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_UNIT_AFTER_NAME = re.compile(
    r"[\[(]\s*([mnuµμ]?V)\s*[\])]\s*$|[/_]\s*([mnuµμ]V)\s*$", re.IGNORECASE
)
_ROW = re.compile(r"\s*[\d:.]+\s+(\d+)\s+(\S+)\s+(-?\d+)\s+(\d+)\s+(\d+)(?:\s+(\S.*))?")


def open_csv(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read a table with one column per lead, separated by commas, semicolons, tabs or blanks.

    Columns of times or sample numbers are left out; they give the sampling frequency where their
    unit is known, and samples that are missing by them are NaN. A row of lead names and one of
    units may come first, and above them comments or lines such as ``Sample Rate,512 hertz``. The
    export of mitdb is recognised by its ``'sample #'`` column and its range of values, and is
    converted to mV at 360 Hz. A cell that is empty or ``-`` is NaN. See
    `ecgscribe.formats.reading.Reader`.

    Warns
    -----
    SignalWarning
        If a column of text is left out, or one that rises evenly although its name is no time.
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
        if fs in (None, _EXPORT_FS) and _is_export(layout, table):
            stated, units = _EXPORT_FS, ["mV"] * len(units)
            signal = (signal - _EXPORT_ZERO) / np.float32(_EXPORT_GAIN)
        times = Timing()
        if table.times is not None:
            times = timing(path, table.times.name, table.times.clock, given=fs or stated)
            if times.fs is None and is_time_name(table.times.name) and table.times.is_clock:
                warn(
                    f"{path}: the times in {table.times.name!r} have no unit in which they fit "
                    "the sampling frequency; they are not used"
                )
            start = _start(table.times.start or table.start or times.start, start)
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
        if times.places is None:
            return record.lazy()
        return dataclasses.replace(
            record.lazy(),
            reader=gapped_reader(signal, times.places),
            n_samples=int(times.places[-1]) + 1,
        )


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


@dataclass(eq=False)
class _Times:
    """A column of times: its name, its values, the start, and whether it counts 0, 1, 2 …."""

    name: str
    clock: Clock
    day_first: bool
    start: datetime | None = None
    n_counted: int | None = 0
    n_in_round: float | None = None
    _count: float = 0.0

    def add(self, column: pd.Series[Any], days: pd.Series[Any] | None) -> None:
        """Add the times of a part of the table, whose days may be in another column."""
        if column.dtype.kind in "iuf":
            values = self._unwrapped(column.to_numpy(dtype=np.float64))
            if self.n_counted is not None:
                end = self.n_counted + len(values)
                counts = np.array_equal(values, np.arange(self.n_counted, end))
                self.n_counted = end if counts else None
            self.clock.add(values)
            return
        seconds, start = parse_times(_texts(column, days), day_first=self.day_first)
        if self.clock.is_empty:
            self.start, self.clock.unit = start, 1.0
        elif start is not None and self.start is not None:
            seconds = seconds + (start - self.start).total_seconds()
        self.n_counted = None
        self.clock.add(seconds)

    @property
    def is_clock(self) -> bool:
        """Whether the times do not count samples."""
        steps = self.clock.steps()[:_PART_ROWS]
        return len(steps) >= LEAST_ROWS and float(np.median(steps)) != 1

    def _unwrapped(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of a counter that begins again at 0 as those of one that goes on."""
        if self.clock.is_empty and self.clock.unit is None and len(unwrapped(values)):
            self.n_in_round, self._count = float(values.max()) + 1, float(values[0])
        if self.n_in_round is None or not len(values):
            return values
        steps = np.diff(values, prepend=self._count % self.n_in_round) % self.n_in_round
        counts = self._count + np.cumsum(steps)
        self._count = float(counts[-1])
        return np.asarray(counts)


@dataclass(frozen=True, eq=False)
class _Table:
    """The leads to keep of a table: their names and units, their signal, and the times."""

    leads: tuple[str, ...]
    units: tuple[str, ...]
    signal: NDArray[np.float32]
    times: _Times | None
    start: datetime | None
    """By a column of times other than that of `times`."""


@dataclass(frozen=True)
class _Roles:
    """Which columns are leads, times and days, and another that shows the start."""

    leads: tuple[int, ...]
    times: int | None
    days: int | None
    dated: int | None


def _read(path: Path, layout: Layout, leads: Sequence[str] | None) -> _Table:
    """Read a table part by part, so that no more than its samples is in memory."""
    import pandas as pd

    roles: _Roles | None = None
    columns: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    signal = np.empty((0, 0), np.float32)
    times: _Times | None = None
    start: datetime | None = None
    day_first = _is_day_first(layout)
    try:
        with (
            open_rows(path, layout) as file,
            pd.read_csv(
                file,
                header=None,
                skiprows=layout.n_skipped,
                na_values=["-"],
                sep=layout.separator,
                decimal=layout.decimal,
                encoding=layout.encoding,
                compression=None,  # not by the suffix: what was recognised is what is read
                skipinitialspace=True,
                chunksize=_PART_ROWS,
                thousands="," if layout.in_thousands else None,
                comment="#" if layout.preamble.in_blocks else None,
                usecols=range(layout.width)
                if layout.ends_empty or layout.preamble.in_blocks
                else None,
            ) as parts,
        ):
            for part in parts:
                if roles is None:
                    _check_width(path, layout, part)
                    roles = _roles(path, layout, part)
                    every_name, keep = _leads(path, layout, roles.leads, leads)
                    every_unit = _units(layout, roles.leads)
                    columns = tuple(roles.leads[k] for k in keep)
                    names = tuple(every_name[k] for k in keep)
                    units = tuple(every_unit[k] for k in keep)
                    signal = np.empty((0, len(columns)), np.float32)
                    if roles.times is not None:
                        name, unit = _heading_of(layout, roles.times)
                        times = _Times(name, Clock(seconds_per_unit(name, unit)), day_first)
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
        raise FormatError(
            f"{path}: expected {len(layout.heading[0])} columns as its first row names, found "
            f"{part.shape[1]}; correct the file"
        )
    if layout.doubtful:
        warn(
            f"{path}: the first row ({layout.doubtful}) is far from the next ones and was taken "
            "for column names"
        )


def _heading_of(layout: Layout, column: int) -> tuple[str, str]:
    """Return the name and the unit of a column."""
    rows = [row[column] for row in layout.heading[:2]]
    return _written_name(layout, column) or f"column {column + 1}", "".join(rows[1:])


def _units(layout: Layout, columns: Sequence[int]) -> list[str]:
    """Return the unit of each lead: below its name, after it, or from above the table."""
    stated = layout.preamble.units
    above = stated[0] if len(stated) == 1 else ""
    each = dict(zip(columns, stated, strict=True)) if len(stated) == len(columns) else {}
    units = []
    for k in columns:
        below = layout.heading[1][k] if len(layout.heading) > 1 else ""
        after = _UNIT_AFTER_NAME.search(_written_name(layout, k) or "")
        named = after[1] or after[2] if after else ""
        units.append(below or named or each.get(k, above) or UNKNOWN_UNIT)
    return units


def _written_name(layout: Layout, column: int) -> str | None:
    """Return the name of a column, which may be empty; None if the columns have none."""
    if layout.heading:
        return layout.heading[0][column]
    named = layout.preamble.leads
    return named[column] if len(named) == layout.width else None


def _roles(path: Path, layout: Layout, part: pd.DataFrame) -> _Roles:
    """Return which columns hold leads and times, by the first rows."""
    every = range(part.shape[1])
    written = {k: _written_name(layout, k) for k in every}
    empty = {k for k in every if part[k].isna().all() and len(every) > 1 and len(part) > LEAST_ROWS}
    empty = {k for k in empty if not written[k]}
    values = {k: _as_numbers(part[k]) for k in every if k not in empty}
    text = {
        k
        for k, numbers in values.items()
        if part[k].dtype.kind not in "iufb"
        and np.mean(np.isnan(numbers)) > _MOSTLY
        and not part[k].isna().all()
    }
    evenly = {k for k in values if k not in text and rises_evenly(values[k])}
    names = {k: _heading_of(layout, k)[0] for k in values}
    times = {k for k in values if is_time_name(written[k] or "")}
    days = {k for k in text if _holds_days(part[k])}
    dated = {
        k
        for k in text - days
        if not np.isnan(parse_times([str(cell) for cell in part[k]])[0]).all()
    }
    times = (times - text) | dated | days
    times |= {k for k in evenly if is_counter_name(written[k])}
    if (written[0] or "").lower() in _POSITION:
        times.add(0)
    by_value = evenly - times
    if by_value and (by_value | times | text) != set(values):
        listed = ", ".join(names[k] for k in sorted(by_value))
        warn(f"{path}: rises evenly like a time or a counter, left out: {listed}")
        times |= by_value
    notes = text - times
    if notes:
        listed = ", ".join(names[k] for k in sorted(notes))
        warn(f"{path}: text, not numbers, left out: {listed}")
    columns = tuple(k for k in values if k not in times | notes)
    if not columns:
        raise FormatError(f"{path}: expected at least one lead, found none; add a column")
    # A column whose unit is known shows the frequency; any other at least what is missing.
    known = [
        k
        for k in sorted(times)
        if k in text
        or seconds_per_unit(*_heading_of(layout, k))
        or (len(values[k]) and epoch_unit(values[k][0], values[k][-1]))
    ]
    usable = [k for k in known or sorted(times) if k in text or not np.isnan(values[k]).any()]
    usable = [k for k in usable if k not in days]
    # The finest clock; of equal ones one that is called a time, and of those the first.
    finest = sorted(usable, key=lambda k: (-part[k].nunique(), not is_time_name(written[k] or "")))
    at = finest[0] if finest else None
    return _Roles(
        columns,
        at,
        min(days) if days and at in dated and not _DAY.search(str(part[at].iloc[0])) else None,
        next((k for k in sorted(dated) if k != at), None),
    )


def _holds_days(column: pd.Series[Any]) -> bool:
    return all(_DAY.fullmatch(str(cell)) for cell in column.iloc[:LEAST_ROWS])


def _texts(column: pd.Series[Any], days: pd.Series[Any] | None) -> list[str]:
    if days is None:
        return [str(cell) for cell in column]
    pairs = zip(days, column, strict=True)
    return [f"{day} {str(cell).replace(',', '.')}" for day, cell in pairs]


def _as_numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    import pandas as pd

    if column.dtype.kind not in "iufb":
        column = column.astype(str).str.replace("\N{MINUS SIGN}", "-")
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def _numbers(path: Path, layout: Layout, column: pd.Series[Any], first: int) -> NDArray[np.float32]:
    """Return the samples of a lead; a cell that is neither a number nor missing is an error."""
    values = _as_numbers(column)
    if column.dtype.kind not in "iufb":
        wrong = np.flatnonzero(np.isnan(values) & ~column.map(lambda c: is_missing(str(c))))
        if len(wrong):
            name, _ = _heading_of(layout, int(column.name))  # type: ignore[call-overload]
            raise FormatError(
                f"{path}: expected numbers in {name}, found {str(column.iloc[wrong[0]])[:40]!r} "
                f"in row {first + int(wrong[0])}; correct it, or leave the cell empty"
            )
    return to_float32(values)


def _leads(
    path: Path, layout: Layout, columns: Sequence[int], leads: Sequence[str] | None
) -> tuple[list[str], list[int]]:
    """Return the names of the columns of leads, and those to keep."""
    if any(layout.heading[0] if layout.heading else ()):
        names = short_names([layout.heading[0][k] for k in columns])
        return names, chosen_leads(path, names, leads)
    named = layout.preamble.leads
    if named and len(named) <= layout.width:
        every = [None] * (layout.width - len(named)) + list(named)
        own = list(named) if len(named) == len(columns) else [every[k] for k in columns]
        names = short_names(own)
        return names, chosen_leads(path, names, leads)
    return unnamed_leads(path, len(columns), leads)


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
            fs=_EXPORT_FS if fs is None else fs,
            subtype=np.array([int(row[2]) for row in rows], np.int64),
            aux_note=np.array([row[5] or "" for row in rows], np.str_),
            name=path.name.removesuffix(EXPORT_SUFFIX),
        )


def _is_export(layout: Layout, table: _Table) -> bool:
    if not layout.heading or layout.heading[0][0].lower() != "sample #" or table.times is None:
        return False
    return bool(
        table.times.n_counted == len(table.signal)
        and np.all((table.signal >= 0) & (table.signal <= _EXPORT_TOP))
        and np.array_equal(table.signal, np.round(table.signal))
    )
