"""The times of samples, where a file holds them: which column they are, and what they say.

A column of times, or of sample numbers, is not a lead. It gives the sampling frequency, and shows
where samples are missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formatting import format_time

__all__ = [
    "Clock",
    "Timing",
    "append_rows",
    "check_gaps",
    "epoch_unit",
    "gapped_reader",
    "rises_evenly",
    "timing",
    "unwrapped",
]


_SAMPLED = 2**20
"""Differences that the median step is taken from, about, in a long recording."""
_DAY_S = 86_400
MAX_GAPS_S = 31 * _DAY_S
"""Longest time without samples in one recording: more is an error of the clock."""
LEAST_ROWS = 32
"""Samples from which on a column is judged by its values."""
_AGREE = 0.01
"""Largest difference between a clock and the sampling frequency given, as a share of it."""
_BLOCK = 1024
"""Samples that outlast the packets in which many recorders send them."""
_LEAST_ROUND = 7
"""Smallest count before a counter begins again at 0."""
_MANY_GAPS = 0.01
"""Share of samples with a gap before them from which on the clock is too uneven to show gaps."""
_DEDUCED_HZ = (40.0, 20_000.0)
"""Sampling frequencies that a column of times may show whose unit its values alone give."""
_EPOCH_S = (1e8, 4.1e9)
"""Seconds since 1970 in 1973 and in 2099: as any other unit, such a number is far from a date."""
_UNITS = (1.0, 1e-3, 1e-6, 1e-9)
_HELD = 20.0
"""Samples with one time from which on a clock is too coarse to see single missing samples."""
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
        Position of each sample, if samples are missing.
    start : datetime or None
        Time of the first sample in UTC, if the times count from 1970.
    """

    fs: float | None = None
    places: NDArray[np.int64] | None = None
    start: datetime | None = None


class Clock:
    """The times of samples, part by part, kept as the steps between them: half the memory.

    Parameters
    ----------
    unit : float, optional
        Seconds per unit of the times, if it is known. Times in seconds may begin anew at midnight.
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
        if self.unit == 1.0:
            midnight = np.abs(steps + _DAY_S) < 1.0
            steps[midnight] += _DAY_S
            self._n_midnights += int(np.count_nonzero(midnight))
        self.last = self._before + _DAY_S * self._n_midnights
        for k in np.flatnonzero(np.abs(steps) > _EXACT_STEPS * np.mean(np.abs(steps))):
            self.long_steps[len(self._steps) + int(k)] = float(steps[k])
        with np.errstate(over="ignore"):
            append_rows(self._steps, steps.astype(np.float32))

    def steps(self) -> NDArray[np.float32]:
        """Return the steps between all times, shape (samples - 1,); not a copy."""
        return self._steps


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


def rises_evenly(values: NDArray[Any]) -> bool:
    """Return whether values never fall, as no signal does, but only rise, or count and wrap.

    Values that only fall, as those of a timer that runs out, are such, too.
    """
    if len(values) < LEAST_ROWS or not np.isfinite(values).all():
        return False
    steps = np.diff(values.astype(np.float64))
    if np.all(steps >= 0) or np.all(steps <= 0):
        return bool(np.count_nonzero(steps) > len(steps) / 8)
    up = steps[steps >= 0]
    if len(up) >= len(steps) / 2 and np.ptp(up) == 0 and up[0] > 0:
        down = steps[steps < 0]
        if np.all(values[1:][steps < 0] == values.min()) and np.ptp(down) == 0:
            return True
    return len(unwrapped(values)) > 0


def unwrapped(values: NDArray[Any]) -> Doubles:
    """Return a counter that begins again at 0 after each round as one that goes on.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,) or (0,)
        Empty if the values are no such counter. Where counts are missing, so are they here; whole
        rounds that are missing do not show.
    """
    whole = np.asarray(values, dtype=np.float64)
    if len(whole) < LEAST_ROWS or not np.isfinite(whole).all():
        return np.empty(0)
    most = whole.max()
    if whole.min() != 0 or most < _LEAST_ROUND or not np.all(np.diff(whole)[:LEAST_ROWS] % 1 == 0):
        return np.empty(0)
    steps = np.diff(whole) % (most + 1)
    if np.mean(steps == 1) < 1 - _MANY_GAPS or not np.any(np.diff(whole) < 0):
        return np.empty(0)
    return np.append(whole[0], whole[0] + np.cumsum(steps))


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
    steps = clock.steps()
    if len(steps) + 1 < LEAST_ROWS or not clock.is_finite:
        return Timing()
    duration = clock.last - clock.first
    step, held = _step(steps, duration)
    if step <= 0:
        return Timing()
    unit = clock.unit if clock.unit is not None else _unit(step, clock, given)
    fs = None if unit is None else _whole(1 / (step * unit))
    if fs is not None and given is not None and abs(fs - given) > _AGREE * given:
        raise FormatError(
            f"{path}: expected {given:g} Hz as given, found {fs:.6g} Hz by the times in {name!r}; "
            "leave the given frequency out or correct the file"
        )
    if unit is not None and fs is not None and abs(1 / (fs * unit) - step) < 1e-6 * step:
        step = 1 / (fs * unit)  # the steps have 24 bits; a gap may be of 10^9 samples
    start = _start(clock, unit)
    distinct = np.unique(np.round(steps[:100_000] / step, 3))
    resolution = float(np.min(np.diff(distinct))) if len(distinct) > 1 else 0.0
    excess = steps  # in the same memory: a day has 20 million
    excess /= step
    excess -= held
    gaps = np.flatnonzero(excess > max(0.75, min(1.5 * resolution, 1.5), held - 1))
    back = np.count_nonzero(excess < -held - 0.5)
    if back or len(gaps) > max(_MANY_GAPS * len(steps), 1):
        if abs(duration / step - len(steps)) > 0.01 * len(steps) or back:
            warn(
                f"{path}: the times in {name!r} are uneven or step back; they are not used, and "
                "samples may be missing"
            )
        return Timing(fs, start=start)
    exact = [clock.long_steps.get(int(k), math.nan) / step - held for k in gaps]
    missing = np.round(np.where(np.isnan(exact), excess[gaps], exact))
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


def _step(steps: NDArray[np.float32], duration: float) -> tuple[float, float]:
    """Return the time from sample to sample, and the samples that have one time in a coarse clock.

    The second is 1 for a clock that is fine enough to show single samples.
    """
    some = steps[:_SAMPLED].astype(np.float64)
    ticks = np.flatnonzero(some)
    held = float(np.median(np.diff(ticks))) if len(ticks) > 2 else 1.0
    if held > _HELD:
        step = float(np.median(some[ticks])) / held
        mean = float(some[ticks[0] + 1 : ticks[-1] + 1].sum()) / float(ticks[-1] - ticks[0])
    else:
        held, block = 1.0, min(_BLOCK, len(steps) // 4)
        if len(steps) <= _SAMPLED:
            times = np.append(0.0, np.cumsum(some))
            sums = times[block:] - times[:-block]
        else:
            whole = steps[: len(steps) // block * block].reshape(-1, block)
            sums = whole.sum(axis=1, dtype=np.float64)
        step, mean = float(np.median(sums)) / block, duration / len(steps)
    # Without gaps of any length the mean is more precise.
    return mean if abs(mean - step) < 0.05 * step else step, held


def _start(clock: Clock, unit: float | None) -> datetime | None:
    """Return the first time as a date in UTC, if the times count from 1970."""
    if unit is None or epoch_unit(clock.first, clock.last) != unit:
        return None
    return datetime.fromtimestamp(clock.first * unit, UTC).replace(tzinfo=None)


def _unit(step: float, clock: Clock, given: float | None) -> float | None:
    """Return the seconds per unit: that of dates, or what makes a step one sample of `given` Hz."""
    low, high = _DEDUCED_HZ
    epoch = epoch_unit(clock.first, clock.last)
    if epoch is not None and low <= 1 / (step * epoch) <= high:
        return epoch
    if given is None:
        return 1.0 if step < 0.5 and low <= 1 / step <= high else None
    for unit in _UNITS:
        if abs(1 / (step * unit) - given) <= _AGREE * given:
            return unit
    # Not a number of samples: a time in seconds at another frequency.
    return 1.0 if step < 0.5 else None


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


def gapped_reader(
    signal: NDArray[np.float32], places: NDArray[np.int64]
) -> Callable[[int, int], NDArray[np.float32]]:
    """Return the reader of a `LazyRecord` whose samples have places, with NaN between them."""

    def read(begin: int, end: int) -> NDArray[np.float32]:
        piece = np.full((max(end - begin, 0), signal.shape[1]), np.nan, dtype=np.float32)
        first, last = np.searchsorted(places, [begin, end])
        piece[places[first:last] - begin] = signal[first:last]
        return piece

    return read
