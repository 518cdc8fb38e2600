"""Conditioning: choose leads, resample, filter and scale; and say what cannot be read.

Everything that is learned or drawn from the signal starts from `condition`. What it does to one
lead stands in `ecgscribe.signal.filters`; the scale of a recorded file is taken from both sides.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.leads import N_LEADS, pick_leads
from ecgscribe.record import LazyRecord, Record
from ecgscribe.signal.filters import (
    DELAY,
    FLAT_S,
    REACH_BLOCKS,
    SATURATED_S,
    SCALE_BLOCK,
    filter_lead,
    scale,
    unreadable,
)
from ecgscribe.signal.lead_statistics import Survey, survey
from ecgscribe.signal.windows import FS, rate_ratio

__all__ = [
    "FS_RANGE",
    "MIN_DURATION",
    "ConditionedSignal",
    "Conditioner",
    "choose_leads",
    "condition",
    "warn_of_dead_leads",
]


PART_STEPS = 900 * FS
PART_SAMPLES = 900 * 360
"""What is conditioned, or looked through, at a time."""
MIN_DURATION = 1.0
FS_RANGE = (100.0, 2000.0)


@dataclass(frozen=True, eq=False)
class ConditionedSignal:
    """A record as the network sees it.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned leads at `FS` Hz; a typical QRS spans about 2. A missing lead is zero.
    lost : ndarray of bool, shape (n_steps, len(leads))
        True where that lead cannot be read.
    ratio : Fraction
        Steps per sample of the record.
    leads : tuple of str
        Names of the chosen leads.
    n_samples : int
        Length of the record.
    """

    signal: NDArray[np.float32]
    lost: NDArray[np.bool_]
    ratio: Fraction
    leads: tuple[str, ...]
    n_samples: int

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether at least one lead can be read, shape (n_steps,)."""
        return np.asarray(~np.logical_and.reduce(self.lost, axis=1))


def choose_leads(
    record: Record | LazyRecord, leads: Sequence[str | int] | None = None
) -> tuple[int, ...]:
    """Choose up to two leads to annotate from; see `ecgscribe.leads.pick_leads`."""
    source = record.lazy() if isinstance(record, Record) else record
    return pick_leads(source, leads, shares_lost=partial(_shares_lost, source))


def _shares_lost(source: LazyRecord, columns: list[int]) -> list[float]:
    """Tell which share of each lead cannot be read."""
    known = survey(source, columns)
    lost = np.zeros(len(columns))
    for begin in range(0, source.n_samples, PART_SAMPLES):
        end = min(begin + PART_SAMPLES, source.n_samples)
        low = max(begin - _margin(source.fs), 0)
        part = source.read(low, min(end + _margin(source.fs), source.n_samples))
        for k, column in enumerate(columns):
            rails = float(known.lowest[k]), float(known.highest[k])
            flag = unreadable(part[:, column], source.fs, rails=rails)
            lost[k] += np.count_nonzero(flag[begin - low : end - low])
    return [float(share) for share in lost / max(source.n_samples, 1)]


def _margin(fs: float) -> int:
    """Give the samples around one that tell whether it lies in a flat or saturated stretch."""
    return int(np.ceil(max(FLAT_S, SATURATED_S) * fs)) + 3


@dataclass(frozen=True, eq=False)
class Conditioner:
    """A recording that is conditioned part by part; every part is what it is in the whole.

    Parameters
    ----------
    source : LazyRecord
        The recording.
    survey : Survey
        What was found in the chosen leads, one or two.
    """

    source: LazyRecord
    survey: Survey

    @classmethod
    def for_record(
        cls, record: Record | LazyRecord, *, leads: Sequence[str | int] | None = None
    ) -> Conditioner:
        """Choose leads and look through a recording, so that it can be conditioned in parts.

        Parameters
        ----------
        record : Record or LazyRecord
        leads : sequence of str or int, optional
            Leads to use; see `choose_leads`.

        Returns
        -------
        Conditioner

        Raises
        ------
        FormatError
            If the record is shorter than one second, its fs lies outside 100-2000 Hz, or no lead is
            ECG.
        """
        if record.duration < MIN_DURATION:
            raise FormatError(
                f"{record.name}: expected at least {MIN_DURATION:g} s of signal, "
                f"found {record.duration:.2f} s; give a longer recording"
            )
        low, high = FS_RANGE
        if not low <= record.fs <= high:
            raise FormatError(
                f"{record.name}: expected fs from {low:g} to {high:g} Hz, found {record.fs:g} Hz; "
                "correct the header or resample the recording"
            )
        source = record.lazy() if isinstance(record, Record) else record
        return cls(source, survey(source, choose_leads(source, leads)))

    @property
    def ratio(self) -> Fraction:
        """Steps per sample of the record."""
        return rate_ratio(self.source.fs)

    @property
    def n_steps(self) -> int:
        """Length in steps."""
        return -(-self.source.n_samples * self.ratio.numerator // self.ratio.denominator)

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of the chosen leads."""
        return tuple(self.source.leads[k] for k in self.survey.columns)

    def condition(self, begin: int, end: int) -> ConditionedSignal:
        """Condition steps `begin` up to `end`, within ``0 <= begin < end <= n_steps``."""
        up, down = self.ratio.numerator, self.ratio.denominator
        n_blocks = max(self.n_steps // SCALE_BLOCK, 1)
        first = min(max(begin // SCALE_BLOCK - 1 - REACH_BLOCKS, 0), n_blocks - 1)
        last = end // SCALE_BLOCK + 2 + REACH_BLOCKS
        low, high = first * SCALE_BLOCK, last * SCALE_BLOCK if last < n_blocks else self.n_steps
        # Whole multiples of the ratio, so that steps fall between samples as in the whole.
        reach = int(np.ceil(DELAY * FS)) + 2 + -(-_margin(self.source.fs) * up // down)
        origin = max(low - reach, 0) // up
        stop = min(-(-(high + reach) * down // up), self.source.n_samples)
        samples = self.source.read(origin * down, stop)
        steps = np.arange(low, high, dtype=np.int64)
        at = np.minimum(steps * down // up, self.source.n_samples - 1) - origin * down
        signal = np.zeros((end - begin, N_LEADS), dtype=np.float32)
        lost = np.zeros((end - begin, len(self.survey.columns)), dtype=np.bool_)
        for k, column in enumerate(self.survey.columns):
            lead = np.ascontiguousarray(samples[:, column])
            rails = float(self.survey.lowest[k]), float(self.survey.highest[k])
            gone = unreadable(lead, self.source.fs, rails=rails)[at]
            lost[:, k] = gone[begin - low : end - low]
            if not gone.all():
                filled = self.survey.fill(lead, k, origin * down)
                filtered = filter_lead(filled, self.source.fs)[low - origin * up :][: high - low]
                scaled = scale(filtered, gone, first=first, n_blocks=n_blocks)
                signal[:, k] = scaled[begin - low : end - low]
        return ConditionedSignal(signal, lost, self.ratio, self.leads, self.source.n_samples)


def warn_of_dead_leads(name: str, leads: Sequence[str], lost: Sequence[int], n_steps: int) -> None:
    """Warn of each lead of which more than half, `lost` of `n_steps`, cannot be read."""
    for lead, steps in zip(leads, lost, strict=True):
        if steps > 0.5 * n_steps:
            warnings.warn(
                f"{name}: lead {lead} cannot be read for {100 * steps / n_steps:.0f}% of "
                "the recording",
                SignalWarning,
                stacklevel=3,
            )


def condition(
    record: Record | LazyRecord, *, leads: Sequence[str | int] | None = None
) -> ConditionedSignal:
    """Condition a whole record for the network.

    Parameters
    ----------
    record : Record or LazyRecord
    leads : sequence of str or int, optional
        Leads to use; see `choose_leads`.

    Returns
    -------
    ConditionedSignal

    Raises
    ------
    FormatError
        As `Conditioner.for_record` does.

    Warns
    -----
    SignalWarning
        If a lead cannot be read for more than half of the record.
    """
    conditioner = Conditioner.for_record(record, leads=leads)
    n_steps = conditioner.n_steps
    signal = np.zeros((n_steps, N_LEADS), dtype=np.float32)
    lost = np.zeros((n_steps, len(conditioner.leads)), dtype=np.bool_)

    def one_part(begin: int) -> None:
        end = min(begin + PART_STEPS, n_steps)
        part = conditioner.condition(begin, end)
        signal[begin:end], lost[begin:end] = part.signal, part.lost

    with ThreadPoolExecutor(N_LEADS) as pool:
        list(pool.map(one_part, range(0, n_steps, PART_STEPS)))
    warn_of_dead_leads(record.name, conditioner.leads, lost.sum(axis=0).tolist(), n_steps)
    return ConditionedSignal(
        signal, lost, conditioner.ratio, conditioner.leads, conditioner.source.n_samples
    )
