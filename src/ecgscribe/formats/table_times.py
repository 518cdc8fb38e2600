"""A column of times of a table, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.formats.counters import LEAST_ROWS, unwrapped
from ecgscribe.formats.sample_times import Clock
from ecgscribe.formats.table_columns import FEW, MOSTLY, as_numbers
from ecgscribe.formats.time_texts import is_calendar_number, parse_times

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnTimes"]


_FEW_STEPS = 200_000


@dataclass(eq=False)
class ColumnTimes:
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
        numbers = as_numbers(column)
        is_calendar = len(column) > 0 and is_calendar_number(str(column.iloc[0]))
        if is_calendar and column.dtype.kind == "f":  # exact to about 4 ms
            column = (column * 100 // 1).map(lambda cell: f"{cell / 100:.2f}")
        if not (is_calendar or np.mean(np.isnan(numbers)) > MOSTLY):
            values = self._unwrapped(numbers)
            if self.n_counted is not None:
                end = self.n_counted + len(values)
                counts = np.array_equal(values, np.arange(self.n_counted, end))
                self.n_counted = end if counts else None
            self.clock.add(_filled(values))
            return
        seconds, start = parse_times(_texts(column, days), day_first=self.day_first)
        if self.clock.is_empty:
            self.start, self.clock.unit = start, 1.0
        elif start is not None and self.start is not None:
            seconds = seconds + (start - self.start).total_seconds()
        self.n_counted = None
        self.clock.add(_filled(seconds))

    @property
    def is_clock(self) -> bool:
        """Whether the times do not count samples."""
        steps = self.clock.steps()[:_FEW_STEPS]
        return len(steps) >= LEAST_ROWS and float(np.median(steps)) != 1

    def _unwrapped(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of a counter that begins again at 0 as those of one that goes on."""
        if self.clock.is_empty and self.clock.unit is None and len(unwrapped(values)):
            self.n_in_round, self._count = float(np.ptp(values)) + 1, float(values[0])
        if self.n_in_round is None or not len(values):
            return values
        steps = np.diff(values, prepend=self._count % self.n_in_round) % self.n_in_round
        counts = self._count + np.cumsum(steps)
        self._count = float(counts[-1])
        return np.asarray(counts)


def _texts(column: pd.Series[Any], days: pd.Series[Any] | None) -> list[str]:
    if days is None:
        return [str(cell) for cell in column]
    pairs = zip(days, column, strict=True)
    return [f"{day} {str(cell).replace(',', '.')}" for day, cell in pairs]


def _filled(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times with the few that are missing put between their neighbours."""
    missing = np.isnan(times)
    if not 0 < np.mean(missing) < FEW:
        return times
    rows = np.arange(len(times))
    return np.interp(rows, rows[~missing], times[~missing])
