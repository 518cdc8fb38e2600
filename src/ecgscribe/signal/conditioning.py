"""Conditioning: choose leads, resample, filter and scale them, and find where they are lost.

All that is learned or classified starts from `condition`. `ecgscribe.signal.filters` has the steps
for one lead. The scale of a recorded file uses the signal on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.leads import N_LEADS, best_leads, pick_leads
from ecgscribe.record import LazyRecord, Record
from ecgscribe.signal.bad_samples import REACH_S, bridge_bad_samples
from ecgscribe.signal.filters import (
    DELAY,
    FLAT_S,
    REACH_BLOCKS,
    SATURATED_S,
    SCALE_BLOCK,
    filter_lead,
    invalid_samples,
    scale,
)
from ecgscribe.signal.lead_statistics import LeadStatistics, measure_leads
from ecgscribe.signal.long_gaps import Recorded, without_long_gaps
from ecgscribe.signal.noisy_leads import noisy_steps
from ecgscribe.signal.windows import (
    FS,
    Clock,
    Span,
    ceil_div,
    rate_ratio,
    samples_to_steps,
    steps_to_samples,
)

__all__ = [
    "FS_RANGE",
    "MIN_DURATION",
    "ConditionedSignal",
    "Conditioner",
    "choose_leads",
    "condition",
    "warn_of_lost_leads",
]


PART_STEPS = 900 * FS
"""Steps that are conditioned at a time."""
PART_SAMPLES = 900 * 360
"""Samples in which lost leads are found at a time."""
NOISE_JUDGED_S = 60.0
"""Seconds of each such part in which it is judged which leads are noise."""
MIN_DURATION = 1.0
"""Shortest recording in seconds."""
FS_RANGE = (100.0, 2000.0)
"""Lowest and highest sampling frequency in Hz."""


Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ConditionedSignal:
    """A record as the network sees it.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned leads at `FS` Hz; a typical QRS spans about 2. A missing lead is zero.
    unscaled : ndarray of float32, shape (n_steps, 2)
        The same before it is scaled, in the unit of each lead.
    lost : ndarray of bool, shape (n_steps, len(leads))
        Whether each lead is lost, or noise next to one that shows beats.
    ratio : Fraction
        Steps per sample of the record.
    leads : tuple of str
        Names of the chosen leads.
    n_samples : int
        Length of the record.
    """

    signal: NDArray[np.float32]
    unscaled: NDArray[np.float32]
    lost: NDArray[np.bool_]
    ratio: Fraction
    leads: tuple[str, ...]
    n_samples: int

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether at least one lead is not lost, shape (n_steps,)."""
        return np.asarray(~np.logical_and.reduce(self.lost, axis=1))


def choose_leads(
    record: Record | LazyRecord, leads: Sequence[str | int] | None = None
) -> tuple[int, ...]:
    """Choose one or two leads to annotate from.

    Parameters
    ----------
    record : Record or LazyRecord
    leads : sequence of str or int, optional
        Names or numbers of the leads to use; by default the ECG leads with the smallest share that
        is lost or noise, and among equals the usual rhythm leads.

    Returns
    -------
    tuple of int
        Columns of the record.

    Raises
    ------
    FormatError
        If a named lead is missing, or no lead is ECG.

    Warns
    -----
    SignalWarning
        If signals are left out because they are not ECG.
    """
    lazy = record.lazy()
    columns = _candidates(lazy, leads)
    if len(columns) <= N_LEADS:
        return columns
    return _best(measure_leads(without_long_gaps(lazy).record, columns)).columns


def _measure_chosen_leads(record: LazyRecord, leads: Sequence[str | int] | None) -> LeadStatistics:
    statistics = measure_leads(record, _candidates(record, leads))
    return statistics if len(statistics.columns) <= N_LEADS else _best(statistics)


def _candidates(record: LazyRecord, leads: Sequence[str | int] | None) -> tuple[int, ...]:
    choice = pick_leads(record.leads, record.units, leads, record=record.name)
    if choice.left_out:
        warn(f"{record.name}: not ECG by name or unit, left out: {', '.join(choice.left_out)}")
    return choice.columns


def _best(statistics: LeadStatistics) -> LeadStatistics:
    names, columns = statistics.record.leads, statistics.columns
    return statistics.select(best_leads(names, columns, _shares_lost(statistics)))


def _shares_lost(statistics: LeadStatistics) -> list[float]:
    """Return the share of each lead that is lost, or noise next to one that shows beats."""
    record = statistics.record
    count = np.zeros(len(statistics.columns))
    for begin in range(0, record.n_samples, PART_SAMPLES):
        part = Span(begin, begin + PART_SAMPLES).clipped(0, record.n_samples)
        around = part.padded(_margin(record.fs)).clipped(0, record.n_samples)
        samples = record.read(around.begin, around.end)[:, statistics.columns]
        invalid = np.stack(
            [
                invalid_samples(lead, record.fs, rails=statistics.rails(k))
                for k, lead in enumerate(samples.T)
            ],
            axis=1,
        )
        own = part.within(around.begin)
        lost = invalid[own].mean(axis=0)
        noisy = _shares_noisy(samples[own], invalid[own], statistics, begin)
        count += (lost + (1 - lost) * noisy) * len(part)
    return [float(share) for share in count / max(record.n_samples, 1)]


def _shares_noisy(
    samples: Floats, invalid: NDArray[np.bool_], statistics: LeadStatistics, begin: int
) -> Floats:
    """Return the share of each lead of a part that is noise, judged by its first minute."""
    fs = statistics.record.fs
    minute = samples[: int(NOISE_JUDGED_S * fs)].copy()
    for k, lead in enumerate(minute.T):
        minute[:, k] = 0 if invalid[:, k].all() else statistics.fill(lead, k, begin)
    filtered = filter_lead(minute, fs)
    at = Clock(rate_ratio(fs)).sample_at(np.arange(len(filtered)))
    noisy = noisy_steps(filtered, invalid[np.minimum(at, len(minute) - 1)])
    return np.asarray(noisy.mean(axis=0), dtype=np.float32)


def _margin(fs: float) -> int:
    """Return the samples on each side on which it depends whether a sample is valid."""
    return int(np.ceil(max(FLAT_S, SATURATED_S) * fs)) + 3


@dataclass(frozen=True, eq=False)
class Conditioner:
    """Conditions any part of a recording as if it conditioned all of it.

    Parameters
    ----------
    recorded : Recorded
        The recording; what is left out of it has no steps.
    statistics : LeadStatistics
        Of the chosen leads, one or two.
    """

    recorded: Recorded
    statistics: LeadStatistics

    @classmethod
    def for_record(
        cls,
        record: Record | LazyRecord,
        *,
        leads: Sequence[str | int] | None = None,
        with_gaps: bool = False,
    ) -> Conditioner:
        """Choose the leads of a recording and measure them.

        Parameters
        ----------
        record : Record or LazyRecord
        leads : sequence of str or int, optional
            Leads to use; see `choose_leads`.
        with_gaps : bool
            Whether long gaps have steps, too; see `ecgscribe.signal.long_gaps`.

        Returns
        -------
        Conditioner

        Raises
        ------
        FormatError
            If the record is shorter than one second, its fs is outside 100-2000 Hz, a named lead is
            missing, or no lead is ECG.
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
        lazy = record.lazy()
        whole = Recorded(lazy, np.empty((0, 2), dtype=np.int64))
        recorded = whole if with_gaps else without_long_gaps(lazy)
        return cls(recorded, _measure_chosen_leads(recorded.record, leads))

    @property
    def record(self) -> LazyRecord:
        """The recording without what is left out."""
        return self.recorded.record

    @property
    def ratio(self) -> Fraction:
        """Steps per sample of the record."""
        return rate_ratio(self.record.fs)

    @property
    def clock(self) -> Clock:
        """Converts between samples of the record and steps."""
        return Clock(self.ratio)

    @property
    def n_steps(self) -> int:
        """Length in steps."""
        return self.clock.n_steps(self.record.n_samples)

    @property
    def n_steps_left_out(self) -> int:
        """Steps that long gaps would have."""
        return self.clock.n_steps(self.recorded.whole.n_samples) - self.n_steps

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of the chosen leads."""
        return tuple(self.record.leads[k] for k in self.statistics.columns)

    def samples_at(self, steps: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the samples of the whole recording that are nearest to (fractional) steps."""
        samples = steps_to_samples(steps, self.ratio, self.record.n_samples)
        return self.recorded.in_whole(samples)

    def steps_at(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the (fractional) steps at samples of the whole recording."""
        return samples_to_steps(self.recorded.in_record(samples), self.ratio)

    def condition(self, begin: int, end: int) -> ConditionedSignal:
        """Condition steps `begin` up to `end`, within ``0 <= begin < end <= n_steps``."""
        record, clock = self.record, self.clock
        blocks = self._blocks(begin, end)
        steps = Span(blocks.begin * SCALE_BLOCK, blocks.end * SCALE_BLOCK)
        if blocks.end >= self._n_blocks:  # the last block includes the rest
            steps = Span(steps.begin, self.n_steps)
        around = steps.padded(self._reach).clipped(0, self.n_steps)
        # From a sample that coincides with a step, so that the filters see the same phases.
        read = clock.samples_of(around).clipped(0, record.n_samples)
        samples = record.read(read.begin, read.end)
        sample_of_step = clock.sample_at(np.arange(steps.begin, steps.end, dtype=np.int64))
        at = np.minimum(sample_of_step, record.n_samples - 1) - read.begin
        filtered_steps = steps.within(clock.step_at(read.begin))
        wanted = Span(begin, end).within(steps.begin)
        # Lead by lead in memory, as rows of two leads are slow to reduce.
        filtered = np.zeros((len(at), len(self.statistics.columns)), dtype=np.float32, order="F")
        lost = np.zeros(filtered.shape, dtype=np.bool_, order="F")
        for k, column in enumerate(self.statistics.columns):
            lead = np.ascontiguousarray(samples[:, column])
            lost[:, k] = invalid_samples(lead, record.fs, rails=self.statistics.rails(k))[at]
            if not lost[:, k].all():
                lead = bridge_bad_samples(lead, record.fs)
                filled = self.statistics.fill(lead, k, read.begin)
                filtered[:, k] = filter_lead(filled, record.fs)[filtered_steps]
        noisy = noisy_steps(filtered, lost)
        signal = np.zeros((end - begin, N_LEADS), dtype=np.float32)
        unscaled = np.zeros_like(signal)
        for k in np.flatnonzero(~lost.all(axis=0)).tolist():
            scaled = scale(filtered[:, k], lost[:, k], first=blocks.begin, n_blocks=self._n_blocks)
            scaled[noisy[:, k]] = 0
            signal[:, k], unscaled[:, k] = scaled[wanted], filtered[wanted, k]
        lost = (lost | noisy)[wanted]
        return ConditionedSignal(signal, unscaled, lost, self.ratio, self.leads, record.n_samples)

    @property
    def _n_blocks(self) -> int:
        return max(self.n_steps // SCALE_BLOCK, 1)

    @property
    def _reach(self) -> int:
        """Steps on each side on which a filtered step depends, and whether it is lost."""
        margin = max(_margin(self.record.fs), int(np.ceil(REACH_S * self.record.fs))) * self.ratio
        return int(np.ceil(DELAY * FS)) + 2 + ceil_div(margin.numerator, margin.denominator)

    def _blocks(self, begin: int, end: int) -> Span:
        """Return the blocks on which the scale of steps `begin` up to `end` depends."""
        blocks = Span(begin // SCALE_BLOCK - 1, end // SCALE_BLOCK + 2).padded(REACH_BLOCKS)
        first = min(max(blocks.begin, 0), self._n_blocks - 1)
        return Span(first, blocks.end)


def warn_of_lost_leads(name: str, leads: Sequence[str], lost: Sequence[int], n_steps: int) -> None:
    """Warn of each lead that is lost for more than half of the record.

    Parameters
    ----------
    name : str
        Of the record.
    leads : sequence of str
        Names of the leads.
    lost : sequence of int
        Steps in which each is lost.
    n_steps : int
        Length of the record.
    """
    for lead, steps in zip(leads, lost, strict=True):
        if steps > 0.5 * n_steps:
            warn(
                f"{name}: lead {lead} cannot be read for {100 * steps / n_steps:.0f}% of "
                "the recording"
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
        If a lead is lost for more than half of the record, or signals are not ECG.
    """
    conditioner = Conditioner.for_record(record, leads=leads, with_gaps=True)
    n_steps = conditioner.n_steps
    signal = np.zeros((n_steps, N_LEADS), dtype=np.float32)
    unscaled = np.zeros_like(signal)
    lost = np.zeros((n_steps, len(conditioner.leads)), dtype=np.bool_)

    def one_part(begin: int) -> None:
        end = min(begin + PART_STEPS, n_steps)
        part = conditioner.condition(begin, end)
        signal[begin:end], lost[begin:end] = part.signal, part.lost
        unscaled[begin:end] = part.unscaled

    with ThreadPoolExecutor(N_LEADS) as pool:
        list(pool.map(one_part, range(0, n_steps, PART_STEPS)))
    warn_of_lost_leads(record.name, conditioner.leads, lost.sum(axis=0).tolist(), n_steps)
    return ConditionedSignal(
        signal, unscaled, lost, conditioner.ratio, conditioner.leads, conditioner.record.n_samples
    )
