"""The columns of a table of samples: which are leads and which times, their names and units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import UNKNOWN_UNIT
from ecgscribe.formats.counters import LEAST_ROWS, rises_evenly
from ecgscribe.formats.lead_names import chosen_leads, short_names, unit_in_name, unnamed_leads
from ecgscribe.formats.sample_times import epoch_unit
from ecgscribe.formats.table_layout import Layout
from ecgscribe.formats.time_names import is_counter_name, is_time_name, seconds_per_unit
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.leads import is_standard

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FEW",
    "MOSTLY",
    "Roles",
    "as_numbers",
    "column_roles",
    "heading_of",
    "lead_names",
    "lead_units",
]


MOSTLY = 0.5
"""Share of cells without a number from which on a column holds text."""
FEW = 0.01
"""Share of times that may be missing."""
_POSITION = {"sample #", "sample", "time", "t", "index", "elapsed time"}
"""Names of a first column that is left out even if its values do not show that it is a time."""
_DAY = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[- ]\w{3}[- ]\d{4}"
)


@dataclass(frozen=True)
class Roles:
    """Which columns are leads, times and days, and another that shows the start."""

    leads: tuple[int, ...]
    times: int | None
    days: int | None
    dated: int | None


def heading_of(layout: Layout, column: int) -> tuple[str, str]:
    """Return the name and the unit of a column."""
    rows = [row[column] for row in layout.heading[:2]]
    return _written_name(layout, column) or f"column {column + 1}", "".join(rows[1:])


def lead_units(layout: Layout, columns: Sequence[int]) -> list[str]:
    """Return the unit of each lead: below its name, after it, or from above the table."""
    stated = layout.preamble.units
    above = stated[0] if len(stated) == 1 else ""
    each = dict(zip(columns, stated, strict=True)) if len(stated) == len(columns) else {}
    units = []
    for k in columns:
        below = layout.heading[1][k].strip(" []()") if len(layout.heading) > 1 else ""
        named = unit_in_name(_written_name(layout, k) or "")
        units.append(below or named or each.get(k, above) or UNKNOWN_UNIT)
    return units


def _written_name(layout: Layout, column: int) -> str | None:
    """Return the name of a column, which may be empty; None if the columns have none."""
    if layout.heading:
        return layout.heading[0][column]
    named = layout.preamble.leads
    return named[column] if len(named) == layout.width else None


def column_roles(path: Path, layout: Layout, part: pd.DataFrame) -> Roles:
    """Return which columns hold leads and times, by the first rows."""
    every = range(part.shape[1])
    written = {k: _written_name(layout, k) for k in every}
    empty = {k for k in every if part[k].isna().all() and len(every) > 1 and len(part) > LEAST_ROWS}
    empty = {k for k in empty if not written[k]}
    values = {k: as_numbers(part[k]) for k in every if k not in empty}
    text = {
        k
        for k, numbers in values.items()
        if part[k].dtype.kind == "b"
        or (
            part[k].dtype.kind not in "iuf"
            and np.mean(np.isnan(numbers)) > MOSTLY
            and not part[k].isna().all()
        )
    }
    evenly = {k for k in values if k not in text and rises_evenly(values[k])}
    names = {k: heading_of(layout, k)[0] for k in values}
    times = {k for k in values if is_time_name(written[k] or "")}
    days = {k for k in text if _holds_days(part[k])}
    dated = {
        k
        for k in text - days
        if not np.isnan(parse_times([str(cell) for cell in part[k]])[0]).all()
    }
    times = (times - text) | dated | days
    times |= {k for k in evenly if is_counter_name(written[k])}
    times |= {k for k in set(values) - text if _is_coarse_time(written[k], values[k])}
    if (written[0] or "").lower() in _POSITION:
        times.add(0)
    by_value = evenly - times
    if by_value and (by_value | times | text) != set(values):
        listed = ", ".join(names[k] for k in sorted(by_value))
        warn(f"{path}: rises evenly like a time or a counter, left out: {listed}")
        times |= by_value
    notes = text - times
    if notes and notes | times == set(values):
        k = min(notes)
        raise FormatError(
            f"{path}: expected a column of numbers, found text in {names[k]}, such as "
            f"{str(part[k].dropna().iloc[0])[:40]!r}; save its numbers alone"
        )
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
        or seconds_per_unit(*heading_of(layout, k))
        or (len(values[k]) and epoch_unit(values[k][0], values[k][-1]))
    ]
    usable = [k for k in known or sorted(times) if np.mean(np.isnan(values[k])) < FEW or k in text]
    usable = [k for k in usable if k not in days]

    def rank(k: int) -> tuple[bool, int, bool]:
        """Begin with the finest clock that does not step back, one that is called a time."""
        steps_back = k not in text and bool(np.any(np.diff(values[k]) < 0))
        return steps_back, -part[k].nunique(), not is_time_name(written[k] or "")

    at = min(usable, key=rank, default=None)
    return Roles(
        columns,
        at,
        min(days) if days and at in dated and not _DAY.search(str(part[at].iloc[0])) else None,
        next((k for k in sorted(dated) if k != at), None),
    )


def _is_coarse_time(name: str | None, values: NDArray[np.float64]) -> bool:
    """Return whether a column that is called a count or a unit of time never falls."""
    if not name or not is_counter_name(name) or is_standard(name):
        return False
    return len(values) > LEAST_ROWS and bool(np.all(np.diff(values) >= 0))


def _holds_days(column: pd.Series[Any]) -> bool:
    return all(_DAY.fullmatch(str(cell)) for cell in column.iloc[:LEAST_ROWS])


def as_numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Return the cells of a column as numbers; NaN where a cell is none."""
    import pandas as pd

    if column.dtype.kind not in "iufb":
        column = column.astype(str).str.strip(" '\"").str.replace("\N{MINUS SIGN}", "-")
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def lead_names(
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
