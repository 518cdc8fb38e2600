"""The times of samples, where a file holds them: which column they are, and what they say.

A column of times, or of sample numbers, is not a lead. It gives the sampling frequency, and shows
where samples are missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.counters import LEAST_ROWS
from ecgscribe.formats.time_names import counts_down, is_counter_name, is_time_name
from ecgscribe.formatting import format_time
from ecgscribe.record import LazyRecord, Record

__all__ = [
    "Clock",
    "Timing",
    "append_rows",
    "check_gaps",
    "date_of",
    "epoch_unit",
    "placed",
    "timing",
]


_SAMPLED = 2**20
"""Differences that the median step is taken from, about, in a long recording."""
_DAY_S = 86_400
MAX_GAPS_S = 31 * _DAY_S
"""Longest time without samples in one recording: more is an error of the clock."""
_AGREE = 0.01
"""Largest difference between a clock and the sampling frequency given, as a share of it."""
_BLOCK = 1024
"""Samples that outlast the packets in which many recorders send them."""
_MANY_GAPS = 0.01
"""Share of samples with a gap before them from which on the clock is too uneven to show gaps."""
_NEAR_WHOLE = 0.2
"""Difference of a step from a whole number of samples up to which a clock is even."""
_DEDUCED_HZ = (40.0, 20_000.0)
"""Sampling frequencies that a column of times may show whose unit its values alone give."""
_EPOCH_S = (1e8, 4.1e9)
"""Seconds since 1970 in 1973 and in 2099: as any other unit, such a number is far from a date."""
_UNITS = (1.0, 1e-3, 1e-6, 1e-9)
_DAYS_TO_1970 = (25_569, 719_529)
"""The number of 1 January 1970 in the days of Excel and of MATLAB."""
_SINCE_1970 = (10_957, 47_482)
"""Days since then in 2000 and in 2100."""
_FIRST_YEAR, _POLAR = 2000, datetime(2000, 1, 1) - datetime(1970, 1, 1)
"""Nanoseconds from 1970 to an earlier year count from 2000 instead, as sensors of Polar do."""
_HELD = 20.0
"""Samples with one time from which on a clock is too coarse to see single missing samples."""
_PACKETS = 0.9
"""Share of packets of one length, and of one time apart, from which on others are exceptions."""
_EXACT_STEPS = 1e5
"""Mean steps in one step from which on it is kept in 64 bits, as 32 would round it to samples."""


Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timing:
    """What the times of samples say.

    Parameters
    ----------
    fs : float or None
        Sampling frequency in Hz; None if they do not show it.
    places : ndarray of int64, shape (n,), or None
        Position of each sample, if samples are missing or in another order.
    start : datetime or None
        Time of the first sample in UTC, if the times count from 1970, or in days as Excel's do.
    behind : float
        Seconds from the earliest sample to the first one in the file.
    """

    fs: float | None = None
    places: NDArray[np.int64] | None = None
    start: datetime | None = None
    behind: float = 0.0


class Clock:
    """The times of samples, part by part, kept as the steps between them: half the memory.

    Parameters
    ----------
    unit : float, optional
        Seconds per unit of the times, if it is known. Times may then begin anew at midnight.
    """

    def __init__(self, unit: float | None = None) -> None:
        self.unit = unit
        self.first = self.last = math.nan
        self.is_finite = True
        self.long_steps: dict[int, float] = {}
        self._steps = np.empty(0, np.float32)
        self._n_midnights = 0
        self._before: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no time was added."""
        return self._before is None

    def add(self, times: Doubles) -> None:
        """Add the times of the next samples, an array of shape (n,)."""
        if len(times) == 0:
            return
        if self._before is None:
            self.first = self._before = float(times[0])
            times = times[1:]
        steps = np.diff(times, prepend=self._before)
        self.is_finite &= bool(np.isfinite(self._before) and np.isfinite(times).all())
        if len(times) == 0 or not self.is_finite:
            return
        self._before = float(times[-1])
        day = math.nan if self.unit is None else _DAY_S / self.unit
        midnight = np.abs(steps / day + 1) < 1 / _DAY_S
        if midnight.any():
            steps[midnight] += day
            self._n_midnights += int(np.count_nonzero(midnight))
        self.last = self._before + (day * self._n_midnights if self._n_midnights else 0.0)
        for k in np.flatnonzero(np.abs(steps) > _EXACT_STEPS * np.mean(np.abs(steps))):
            self.long_steps[len(self._steps) + int(k)] = float(steps[k])
        with np.errstate(over="ignore"):
            append_rows(self._steps, steps.astype(np.float32))

    def steps(self) -> NDArray[np.float32]:
        """Return the steps between all times, shape (samples - 1,); not a copy."""
        return self._steps

    def times(self) -> Doubles:
        """Return all times from the first on, shape (samples,)."""
        steps = self._steps.astype(np.float64)
        steps[list(self.long_steps)] = list(self.long_steps.values())
        return np.append(0.0, np.cumsum(steps))


def append_rows(array: NDArray[np.float32], rows: NDArray[np.float32]) -> None:
    """Lengthen an array of which there is no view, in place: no second one is in memory."""
    n_rows = len(array)
    array.resize((n_rows + len(rows), *array.shape[1:]), refcheck=False)
    array[n_rows:] = rows


def epoch_unit(first: float, last: float) -> float | None:
    """Return the seconds in a unit of times that count from 1970: of s, ms, us or ns.

    Parameters
    ----------
    first, last : float
        The first and the last time.

    Returns
    -------
    float or None
        The only unit in which both are dates; None if there is none, as for times from a start.
    """
    low, high = _EPOCH_S
    return next((unit for unit in _UNITS if low <= first * unit < last * unit <= high), None)


def timing(
    path: Path,
    name: str,
    times: Doubles | Clock,
    *,
    unit: float | None = None,
    given: float | None,
) -> Timing:
    """Compare the times of samples with their number.

    Parameters
    ----------
    path : Path
        The file, for messages.
    name : str
        What the times are called there.
    times : ndarray of float64, shape (n,), or Clock
    unit : float, optional
        Seconds per unit of the times, if it is known; a `Clock` has its own.
    given : float, optional
        Sampling frequency from the caller or from elsewhere in the file in Hz.

    Raises
    ------
    FormatError
        If the times are not those of the frequency given, or leave out more than `MAX_GAPS_S`.

    Warns
    -----
    SignalWarning
        If samples are missing, or the times are too uneven to show where.
    """
    if isinstance(times, Clock):
        clock = times
    else:
        clock = Clock(unit)
        clock.add(times)
    if len(clock.steps()) + 1 < LEAST_ROWS or not clock.is_finite:
        return Timing()
    order = _order(name, clock)
    if order is None:
        return _timing(path, name, clock, given)
    warn(f"{path}: the rows are not in the order of {name!r}; the samples are put in that order")
    since = clock.times()
    ordered = Clock(clock.unit)
    ordered.add(clock.first + since[order])
    found = _timing(path, name, ordered, given)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order)) if found.places is None else found.places
    behind = round(-float(since[order[0]]) * (ordered.unit or 0.0), 3)  # the steps have 24 bits
    return replace(found, places=places, behind=behind)


def _timing(path: Path, name: str, clock: Clock, given: float | None) -> Timing:
    steps = clock.steps()
    duration = clock.last - clock.first
    step, held = _step(steps, duration)
    if step <= 0:
        return Timing()
    unit = clock.unit = clock.unit if clock.unit is not None else _unit(step, clock, given)
    start = _start(clock, unit)
    distinct = np.unique(np.round(steps[:100_000] / step, 3))
    resolution = float(np.min(np.diff(distinct))) if len(distinct) > 1 else 0.0
    longest = max(0.75, min(1.5 * resolution, 1.5), held - 1)
    samples = steps  # in the same memory: a day has 20 million
    samples /= step
    back = np.count_nonzero(samples < -0.5)
    gaps = np.flatnonzero(samples > longest + held)
    are_few = len(gaps) <= max(_MANY_GAPS * len(steps), 1)
    shows_gaps = not back and (are_few or (held == 1 and _is_even(samples, step, unit)))
    if shows_gaps and len(gaps) and held == 1:
        step = _step_between_gaps(samples, gaps, step, duration)
    fs = None if unit is None else _whole(1 / (step * unit))
    if fs is not None and given is not None and abs(fs - given) > _AGREE * given:
        raise FormatError(
            f"{path}: expected {given:g} Hz as given, found {fs:.6g} Hz by the times in {name!r}; "
            "leave the given frequency out or correct the file"
        )
    if not shows_gaps:
        if abs(duration / step - len(steps)) > 0.01 * len(steps) or back:
            warn(
                f"{path}: the times in {name!r} are uneven or step back; they are not used, and "
                "samples may be missing"
            )
        return Timing(fs, start=start)
    exact = [clock.long_steps.get(int(k), math.nan) / step for k in gaps]
    missing = np.round(np.where(np.isnan(exact), samples[gaps], exact) - held)
    if unit is not None and held == 1:
        fs = _whole((len(steps) + missing.sum()) / (duration * unit))
    if len(gaps) == 0:
        return Timing(fs, start=start)
    rate = given or fs or 1 / step
    check_gaps(path, float(missing.sum()), rate)
    warn(
        f"{path}: samples are missing in {len(gaps)} places by the times in "
        f"{name!r}, {format_time(missing.sum() / rate, digits=1)} in all; left empty"
    )
    places = np.ones(len(steps) + 1, np.int64)
    places[0] = 0
    places[gaps + 1] += missing.astype(np.int64)
    return Timing(fs, np.cumsum(places, out=places), start)


def _order(name: str, clock: Clock) -> NDArray[np.int64] | None:
    """Return the rows in the order of their times if it is another than that of the file.

    Only if no two have one time, and few are missing: a clock that was set back, or that begins
    anew at midnight, shows no order.
    """
    is_clock = is_time_name(name) or is_counter_name(name)
    if not is_clock or counts_down(name) or not np.any(clock.steps() < 0):
        return None
    times = clock.times()
    order = np.argsort(times, kind="stable")
    steps = np.diff(times[order])
    samples = steps / np.median(steps)
    is_whole = np.all(samples > 0.5) and samples.sum() < 1.5 * len(samples)
    return order if is_whole and _is_even(samples, 1.0, None) else None


def _is_even(samples: NDArray[np.floating[Any]], step: float, unit: float | None) -> bool:
    """Return whether nearly all steps are whole numbers of samples.

    A step of a decimal fraction of a second, such as 1 ms, may be one or two samples of any
    frequency: it shows no single missing samples. Nor does a time that several samples share.
    """
    decades = math.log10(step * unit) if unit is not None else 0.5
    off = np.abs(samples - np.round(samples))
    is_fine = abs(decades - round(decades)) > _AGREE and np.mean(samples < 0.5) < _MANY_GAPS
    return bool(is_fine and np.mean(off < _NEAR_WHOLE) > 1 - _MANY_GAPS)


def _step_between_gaps(
    samples: NDArray[np.float32], gaps: NDArray[np.int64], step: float, duration: float
) -> float:
    """Return the step that fits the whole duration, and scale the steps in samples by it."""
    for _ in range(5):
        missing = np.round(samples[gaps] - 1).sum(dtype=np.float64)
        better = duration / (len(samples) + missing)
        samples *= step / better
        step = better
    return step


def _step(steps: NDArray[np.float32], duration: float) -> tuple[float, float]:
    """Return the time from sample to sample, and the samples that have one time in a coarse clock.

    The second is 1 for a clock that is fine enough to show single samples.
    """
    some = steps[:_SAMPLED].astype(np.float64)
    ticks = np.flatnonzero(some)
    rows, ticked = np.diff(ticks), some[ticks[1:]]
    held = float(np.median(rows)) if len(rows) > 1 else 1.0
    block = min(_BLOCK, len(steps) // 4)
    if held > _HELD or (held > 1 and np.mean(rows == held) > _PACKETS):
        usual = np.abs(ticked / np.median(ticked) - 1) < 0.5  # the others are gaps
        if np.mean(usual) <= _PACKETS:
            usual[:] = True
        step, mean = float(np.median(ticked)) / held, ticked[usual].sum() / rows[usual].sum()
        return (float(mean) if abs(mean - step) < 0.05 * step else step), held
    if np.count_nonzero(some < 0) > len(some) / (4 * block):  # it begins anew again and again
        return float(np.median(some[some > 0])) if np.any(some > 0) else 0.0, 1.0
    if len(steps) <= _SAMPLED:
        times = np.append(0.0, np.cumsum(some))
        sums = times[block:] - times[:-block]
    else:
        whole = steps[: len(steps) // block * block].reshape(-1, block)
        sums = whole.sum(axis=1, dtype=np.float64)
    step, mean = float(np.median(sums)) / block, duration / len(steps)
    # Without gaps of any length the mean is more precise.
    tick = float(np.quantile(np.abs(some), 1 - _MANY_GAPS / 10))
    return (mean if abs(mean - step) <= tick / block else step), 1.0


def _start(clock: Clock, unit: float | None) -> datetime | None:
    """Return the first time as a date, in UTC if the times count from 1970."""
    days = _days_to_1970(clock.first)
    if unit == _DAY_S and days is not None:
        return _after(clock.first, days)
    if unit is None or epoch_unit(clock.first, clock.last) != unit:
        return None
    return _since_1970(clock.first, unit)


def date_of(number: float) -> datetime | None:
    """Return the date that a number alone stands for: a time since 1970, or days of MATLAB."""
    unit = epoch_unit(number, number * (1 + 1e-9))
    if unit is not None:
        return _since_1970(number, unit)
    days = _days_to_1970(number)
    return None if days != _DAYS_TO_1970[1] else _after(number, days)


def _since_1970(number: float, unit: float) -> datetime:
    start = datetime.fromtimestamp(number * unit, UTC).replace(tzinfo=None)
    return start + _POLAR if unit == _UNITS[-1] and start.year < _FIRST_YEAR else start


def _after(number: float, days_to_1970: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(seconds=round((number - days_to_1970) * _DAY_S, 3))


def _unit(step: float, clock: Clock, given: float | None) -> float | None:
    """Return the seconds per unit: that of dates, or what makes a step one sample of `given` Hz."""
    low, high = _DEDUCED_HZ
    epoch = epoch_unit(clock.first, clock.last)
    if epoch is not None and low <= 1 / (step * epoch) <= high:
        return epoch
    if _days_to_1970(clock.first) is not None and low <= 1 / (step * _DAY_S) <= high:
        return float(_DAY_S)
    if given is None:
        return 1.0 if step < 0.5 and low <= 1 / step <= high else None
    for unit in (*_UNITS, 60.0, 3600.0, float(_DAY_S)):
        if abs(1 / (step * unit) - given) <= _AGREE * given:
            return unit
    # Not a number of samples: a time in seconds at another frequency.
    return 1.0 if step < 0.5 else None


def _days_to_1970(first: float) -> int | None:
    """Return the number of 1 January 1970 if a time may be in the days of Excel or of MATLAB."""
    low, high = _SINCE_1970
    return next((n for n in _DAYS_TO_1970 if low <= first - n <= high), None)


def _whole(fs: float) -> float:
    """Return the nearest whole number if it is as near as a rounded time allows."""
    return float(round(fs)) if abs(fs - round(fs)) <= 1e-3 * fs else fs


def check_gaps(path: Path, n_missing: float, fs: float) -> None:
    """Raise an error if a recording leaves out more samples than any clock would.

    Parameters
    ----------
    path : Path
        The file, for the message.
    n_missing : float
        Samples of all gaps together.
    fs : float
        Sampling frequency in Hz.

    Raises
    ------
    FormatError
        If they last longer than `MAX_GAPS_S`.
    """
    if n_missing / fs > MAX_GAPS_S:
        raise FormatError(
            f"{path}: expected gaps of at most {MAX_GAPS_S // _DAY_S} days between samples, found "
            f"{n_missing / fs / _DAY_S:.4g} days; correct the times, or cut the file at the gap"
        )


def placed(record: Record, places: NDArray[np.int64] | None) -> LazyRecord:
    """Return a recording with each sample at its place, and NaN between them; None as it is."""
    if places is None:
        return record.lazy()
    signal = record.signal
    if np.any(np.diff(places) < 0):
        order = np.argsort(places)
        places, signal = places[order], signal[order]

    def read(begin: int, end: int) -> NDArray[np.float32]:
        piece = np.full((max(end - begin, 0), signal.shape[1]), np.nan, dtype=np.float32)
        first, last = np.searchsorted(places, [begin, end])
        piece[places[first:last] - begin] = signal[first:last]
        return piece

    return replace(record.lazy(), reader=read, n_samples=int(places[-1]) + 1)
