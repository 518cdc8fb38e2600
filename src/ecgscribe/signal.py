"""Conditioning: choose leads, resample, filter and scale; and say what cannot be read.

Everything that is learned or drawn from the signal starts from `condition`. Its filters are
linear-phase and reach `DELAY` seconds ahead, offline and live alike; the scale of a recorded file
is taken from both sides.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.leads import N_LEADS, pick_leads
from ecgscribe.record import Record, Source
from ecgscribe.survey import Survey, survey
from ecgscribe.windows import FS, rate_ratio

__all__ = [
    "DELAY",
    "Conditioned",
    "Conditioning",
    "choose_leads",
    "condition",
    "filter_lead",
    "long_runs",
    "prepare",
    "scale",
    "unreadable",
    "warn_of_dead_leads",
]

LOW_PASS_HZ = 40.0
LOW_PASS_REACH = 0.06
"""Seconds to each side that the anti-aliasing filter spans: 60 dB down 20 Hz above its edge."""
BASELINE_BOX = 51
"""Steps of each of two moving averages whose cascade is taken for the baseline (0.4 s each)."""
DELAY = LOW_PASS_REACH + (BASELINE_BOX - 1) / FS
"""Seconds of signal after a sample that its conditioned value depends on, scale apart."""
SCALE_BLOCK = 2 * FS
SCALE_BLOCKS = 15
"""The scale is the median peak-to-peak value of this many blocks of two seconds."""
REACH_BLOCKS = SCALE_BLOCKS // 2
"""Blocks to each side that the scale of one depends on."""
PART_STEPS = 900 * FS
PART_SAMPLES = 900 * 360
"""What is conditioned, or looked through, at a time."""
FLAT_S = 1.0
SATURATED_S = 0.2
MIN_DURATION = 1.0
FS_RANGE = (100.0, 2000.0)


@dataclass(frozen=True, eq=False)
class Conditioned:
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


def long_runs(flag: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Keep only the runs of true values that are at least `least` long; shape (n,)."""
    padded = np.concatenate(([False], flag, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    begins, ends = edges[::2], edges[1::2]
    keep = ends - begins >= least
    kept = np.zeros(len(flag), dtype=np.bool_)
    for begin, end in zip(begins[keep], ends[keep], strict=True):
        kept[begin:end] = True
    return kept


def unreadable(
    lead: NDArray[np.float32], fs: float, *, rails: tuple[float, float] | None = None
) -> NDArray[np.bool_]:
    """Tell where one lead holds no signal: no valid sample, flat, or at the rail.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
    fs : float
        Sampling frequency in Hz.
    rails : tuple of float, optional
        The lead's lowest and highest value; by default those of the samples given.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        True at invalid samples, on stretches of at least 1 s with one value, and of at least
        0.2 s at the lead's highest or lowest value.
    """
    invalid = ~np.isfinite(lead)
    if invalid.all():
        return invalid
    same = np.concatenate(([False], lead[1:] == lead[:-1]))
    flat = long_runs(same, max(int(FLAT_S * fs) - 1, 1))
    flat[:-1] |= flat[1:]  # a run begins one sample before the first that repeats another
    if rails is None:
        valid = lead[~invalid]
        rails = valid.min(), valid.max()
    rail = (lead == rails[0]) | (lead == rails[1])
    saturated = long_runs(rail, max(int(SATURATED_S * fs), 2))
    return np.asarray(invalid | flat | saturated)


@lru_cache(maxsize=8)
def _low_pass(fs: float, up: int) -> NDArray[np.float32]:
    """Design the low-pass at `up` times `fs`; a live stream asks for it again and again."""
    from scipy.signal import firwin

    half = int(np.ceil(LOW_PASS_REACH * fs * up))
    taps = firwin(2 * half + 1, LOW_PASS_HZ, window=("kaiser", 5.65), fs=fs * up)
    return np.asarray(taps, dtype=np.float32)


def filter_lead(lead: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Resample one lead to `FS` and pass about 1 to 40 Hz, without shifting it.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
        Finite samples in any unit.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_steps,)
        In the same unit.

    Notes
    -----
    Both filters are linear-phase: a Kaiser-windowed low-pass, applied while resampling, and the
    signal less its triangular moving average over 0.8 s.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import resample_poly, upfirdn

    ratio = rate_ratio(fs)
    up, down = ratio.numerator, ratio.denominator
    half = int(np.ceil(LOW_PASS_REACH * fs * up))
    window: Any = _low_pass(fs, up)  # taps are allowed, though scipy's types deny it
    if up == down:  # where nothing is to be resampled, resample_poly leaves the low-pass out
        steps = upfirdn(window, np.pad(lead, half, mode="edge"))[2 * half : -2 * half]
    else:
        steps = resample_poly(lead, up, down, window=window, padtype="edge")
    baseline = uniform_filter1d(steps, BASELINE_BOX, mode="nearest")
    baseline = uniform_filter1d(baseline, BASELINE_BOX, mode="nearest")
    return np.asarray(steps - baseline, dtype=np.float32)


def scale(
    steps: NDArray[np.float32],
    lost: NDArray[np.bool_],
    *,
    first: int = 0,
    n_blocks: int | None = None,
) -> NDArray[np.float32]:
    """Divide by half of the local peak-to-peak value; zero where there is none.

    Blocks that are `lost` to the last step do not count: neither may the rounding noise of a dead
    electrode be brought to the height of a QRS, nor what it leaves of a lead be blown up. Where
    no block around counts, the lead is zero.

    Parameters
    ----------
    steps : ndarray of float32, shape (n_steps,)
        A filtered lead, or a part of one: whole blocks, and what remains after the last.
    lost : ndarray of bool, shape (n_steps,)
        Where it cannot be read.
    first : int
        Number of the part's first block.
    n_blocks : int, optional
        Number of blocks of the whole lead, if it is a part.

    Returns
    -------
    ndarray of float32, shape (n_steps,)
        Within `REACH_BLOCKS` of where a part was cut, not what it is in the whole.
    """
    if lost.all():
        return np.zeros_like(steps)
    own = max(len(steps) // SCALE_BLOCK, 1)
    block = min(SCALE_BLOCK, len(steps))
    height = np.ptp(steps[: own * block].reshape(own, block), axis=1)
    gone = np.asarray(lost[: own * block].reshape(own, block).all(axis=1))
    if own * block < len(steps):  # what remains is part of the last block
        last = slice((own - 1) * block, None)
        height[-1], gone[-1] = np.ptp(steps[last]), lost[last].all()
    height[gone] = np.nan
    # In a short lead, as many blocks as there are to each side.
    reach = min(SCALE_BLOCKS, 2 * (n_blocks or own) - 1) // 2
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(height, reach, mode="symmetric"), 2 * reach + 1
    )
    known = ~np.isnan(around).all(axis=1)
    middle = np.full(own, np.nan, dtype=np.float32)
    middle[known] = np.nanmedian(around[known], axis=1) / 2
    at_step = np.zeros(len(steps), dtype=np.float32)
    at_step[: own * block] = _between(middle, block).reshape(-1)
    at_step[own * block :] = middle[-1] if known[-1] else 0
    scaled = np.zeros_like(steps)
    np.divide(steps, at_step, out=scaled, where=at_step > 0)
    return np.clip(scaled, -20, 20, out=scaled)


def _between(middle: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Interpolate from the middles of blocks to their steps, shape (n_blocks, block).

    A block whose neighbour is not known, NaN, keeps its value to that side; one that is not known
    itself is zero.
    """
    after = np.append(middle[1:], np.nan)
    before = np.insert(middle[:-1], 0, np.nan)
    after, before = (np.where(np.isnan(x), middle, x) for x in (after, before))
    ramp = (np.arange(block, dtype=np.float32) - block / 2) / block
    down, up = np.minimum(ramp, 0), np.maximum(ramp, 0)
    rise = (after - middle)[:, None] * up + (middle - before)[:, None] * down
    return np.nan_to_num(middle[:, None] + rise).astype(np.float32)


def choose_leads(
    record: Record | Source, leads: Sequence[str | int] | None = None
) -> tuple[int, ...]:
    """Choose up to two leads to annotate from; see `ecgscribe.leads.pick_leads`."""
    source = record.source() if isinstance(record, Record) else record
    return pick_leads(source, leads, shares_lost=partial(_shares_lost, source))


def _shares_lost(source: Source, columns: list[int]) -> list[float]:
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
class Conditioning:
    """A recording that is conditioned part by part; every part is what it is in the whole.

    Parameters
    ----------
    source : Source
        The recording.
    survey : Survey
        What was found in the chosen leads, one or two.
    """

    source: Source
    survey: Survey

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

    def part(self, begin: int, end: int) -> Conditioned:
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
        return Conditioned(signal, lost, self.ratio, self.leads, self.source.n_samples)


def _one_at_a_time(source: Source) -> Source:
    """Let no two threads read at once: a file has one place that is read next."""
    lock = Lock()

    def read(begin: int, end: int) -> NDArray[np.float32]:
        with lock:
            return source.read(begin, end)

    return replace(source, read=read)


def prepare(record: Record | Source, *, leads: Sequence[str | int] | None = None) -> Conditioning:
    """Choose leads and look through a recording, so that it can be conditioned in parts.

    Parameters
    ----------
    record : Record or Source
    leads : sequence of str or int, optional
        Leads to use; see `choose_leads`.

    Returns
    -------
    Conditioning

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
    source = record.source() if isinstance(record, Record) else _one_at_a_time(record)
    return Conditioning(source, survey(source, choose_leads(source, leads)))


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


def condition(record: Record | Source, *, leads: Sequence[str | int] | None = None) -> Conditioned:
    """Condition a whole record for the network.

    Parameters
    ----------
    record : Record or Source
    leads : sequence of str or int, optional
        Leads to use; see `choose_leads`.

    Returns
    -------
    Conditioned

    Raises
    ------
    FormatError
        As `prepare` does.

    Warns
    -----
    SignalWarning
        If a lead cannot be read for more than half of the record.
    """
    conditioning = prepare(record, leads=leads)
    n_steps = conditioning.n_steps
    signal = np.zeros((n_steps, N_LEADS), dtype=np.float32)
    lost = np.zeros((n_steps, len(conditioning.leads)), dtype=np.bool_)

    def one_part(begin: int) -> None:
        end = min(begin + PART_STEPS, n_steps)
        part = conditioning.part(begin, end)
        signal[begin:end], lost[begin:end] = part.signal, part.lost

    with ThreadPoolExecutor(N_LEADS) as pool:
        list(pool.map(one_part, range(0, n_steps, PART_STEPS)))
    warn_of_dead_leads(record.name, conditioning.leads, lost.sum(axis=0).tolist(), n_steps)
    return Conditioned(
        signal, lost, conditioning.ratio, conditioning.leads, conditioning.source.n_samples
    )
