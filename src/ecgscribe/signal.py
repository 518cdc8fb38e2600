"""Conditioning: choose leads, resample, filter and scale; and say what cannot be read.

Everything that is learned or drawn from the signal starts from `condition`. Its filters are
linear-phase and reach `DELAY` seconds ahead, offline and live alike; the scale of a recorded file
is taken from both sides.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.record import Record
from ecgscribe.windows import FS, rate_ratio

__all__ = [
    "DELAY",
    "Conditioned",
    "choose_leads",
    "condition",
    "filter_lead",
    "long_runs",
    "unreadable",
]

N_LEADS = 2
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
FLAT_S = 1.0
SATURATED_S = 0.2
LARGE_OFFSET = 10.0
"""Times the lead's whole range."""
MIN_DURATION = 1.0
FS_RANGE = (100.0, 2000.0)

# Signals that patient monitors and polysomnographs store beside the ECG.
_NOT_ECG = re.compile(
    r"pleth|ppg|spo2|sao2|resp|abp|\bart|bp\b|pap|cvp|icp|co2|emg|eeg|eog|temp|flow|thor|abdo"
    r"|marker|event|trigger|status|noise|accel|\bacc",
    re.IGNORECASE,
)
# Not NU: that is also what a file that names no unit is given.
_NOT_ECG_UNITS = {"mmhg", "%", "pm", "bpm", "cmh2o", "l/min", "degc", "ohm", "kohm", "g"}
# Leads in which the QRS stands out best, in the order in which they are preferred.
_PREFERRED = ("mlii", "ii", "v5", "v4", "v2", "v1", "i", "v3", "v6", "avf", "iii", "avl", "avr")


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


def _is_ecg(name: str, unit: str) -> bool:
    return not _NOT_ECG.search(name) and unit.strip().lower() not in _NOT_ECG_UNITS


def choose_leads(record: Record, leads: Sequence[str | int] | None = None) -> tuple[int, ...]:
    """Choose up to two leads to annotate from.

    Parameters
    ----------
    record : Record
    leads : sequence of str or int, optional
        Names or numbers of the leads to use; by default the ECG leads that have the least
        unreadable signal, and of several such the usual rhythm leads.

    Returns
    -------
    tuple of int
        One or two columns of ``record.signal``, in the record's order unless `leads` gives one.

    Raises
    ------
    FormatError
        If a named lead is absent, or no lead is ECG.
    """
    if leads is not None:
        names = [name.lower() for name in record.leads]
        chosen = []
        for lead in leads:
            text = str(lead).strip().lower()
            if text in names:
                chosen.append(names.index(text))
            elif text.isdecimal() and int(text) < len(names):
                chosen.append(int(text))
            else:
                raise FormatError(
                    f"{record.name}: expected leads among {', '.join(record.leads)}, "
                    f"found {lead!r}; name one of those"
                )
        if not 1 <= len(chosen) <= N_LEADS or len(set(chosen)) < len(chosen):
            raise FormatError(
                f"{record.name}: expected one or two different leads, "
                f"found {', '.join(map(str, leads)) or 'none'}; name one or two"
            )
        return tuple(chosen)
    ecg = [k for k in range(len(record.leads)) if _is_ecg(record.leads[k], record.units[k])]
    if not ecg:
        raise FormatError(
            f"{record.name}: expected an ECG lead, found only {', '.join(record.leads) or 'none'}; "
            "name the lead to use with --leads if one of them is ECG"
        )
    others = [record.leads[k] for k in range(len(record.leads)) if k not in ecg]
    if others:
        warnings.warn(
            f"{record.name}: not ECG by name or unit, left out: {', '.join(others)}",
            SignalWarning,
            stacklevel=3,
        )
    if len(ecg) > N_LEADS:

        def rank(k: int) -> tuple[float, int, int]:
            name = record.leads[k].lower()
            lost = float(np.mean(unreadable(record.signal[:, k], record.fs)))
            preferred = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
            return round(lost, 2), preferred, k

        ecg = sorted(ecg, key=rank)[:N_LEADS]
    return tuple(sorted(ecg))


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


def unreadable(lead: NDArray[np.float32], fs: float) -> NDArray[np.bool_]:
    """Tell where one lead holds no signal: no valid sample, flat, or at the rail.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
    fs : float
        Sampling frequency in Hz.

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
    valid = lead[~invalid]
    rail = (lead == valid.max()) | (lead == valid.min())
    saturated = long_runs(rail, max(int(SATURATED_S * fs), 2))
    return np.asarray(invalid | flat | saturated)


def _fill(lead: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bridge invalid samples by straight lines, and take away an offset that dwarfs the signal."""
    valid = np.isfinite(lead)
    if not valid.any():
        return np.zeros_like(lead)
    if not valid.all():
        at = np.flatnonzero(valid)
        lead = np.interp(np.arange(len(lead)), at, lead[at]).astype(np.float32)
    # The low-pass lets 1e-4 of a constant through to other frequencies, as any resampler does.
    low, high = lead.min(), lead.max()
    offset = low + (high - low) / 2
    return lead - offset if abs(offset) > LARGE_OFFSET * (high - low) else lead


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
    from scipy.signal import oaconvolve, resample_poly

    ratio = rate_ratio(fs)
    up, down = ratio.numerator, ratio.denominator
    half = int(np.ceil(LOW_PASS_REACH * fs * up))
    window: Any = _low_pass(fs, up)  # taps are allowed, though scipy's types deny it
    if up == down:  # where nothing is to be resampled, resample_poly leaves the low-pass out
        steps = oaconvolve(np.pad(lead, half, mode="edge"), window, mode="valid")
    else:
        steps = resample_poly(lead, up, down, window=window, padtype="edge")
    baseline = uniform_filter1d(steps, BASELINE_BOX, mode="nearest")
    baseline = uniform_filter1d(baseline, BASELINE_BOX, mode="nearest")
    return np.asarray(steps - baseline, dtype=np.float32)


def _scale(steps: NDArray[np.float32], lost: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Divide by half of the local peak-to-peak value; zero where there is none.

    Blocks that are `lost` to the last step do not count: neither may the rounding noise of a dead
    electrode be brought to the height of a QRS, nor what it leaves of a lead be blown up.
    """
    if lost.all():
        return np.zeros_like(steps)
    n_blocks = max(len(steps) // SCALE_BLOCK, 1)
    block = min(SCALE_BLOCK, len(steps))
    height = np.ptp(steps[: n_blocks * block].reshape(n_blocks, block), axis=1)
    gone = lost[: n_blocks * block].reshape(n_blocks, block).all(axis=1)
    # Where the only signal lies in the rest after the last block, that rest sets the scale.
    height[gone] = np.ptp(steps) if gone.all() else np.nan
    reach = min(SCALE_BLOCKS, 2 * n_blocks - 1) // 2
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(height, reach, mode="symmetric"), 2 * reach + 1
    )
    known = ~np.isnan(around).all(axis=1)
    centre = (np.arange(n_blocks)[known] + 0.5) * block
    at_step = np.interp(np.arange(len(steps)), centre, np.nanmedian(around[known], axis=1) / 2)
    scaled = np.zeros_like(steps)
    np.divide(steps, at_step, out=scaled, where=at_step > 0, casting="unsafe")
    return np.clip(scaled, -20, 20)


def condition(record: Record, *, leads: Sequence[str | int] | None = None) -> Conditioned:
    """Condition a record for the network.

    Parameters
    ----------
    record : Record
    leads : sequence of str or int, optional
        Leads to use; see `choose_leads`.

    Returns
    -------
    Conditioned

    Raises
    ------
    FormatError
        If the record is shorter than one second, its fs lies outside 100-2000 Hz, or no lead is
        ECG.

    Warns
    -----
    SignalWarning
        If a lead cannot be read for more than half of the record.
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
    chosen = choose_leads(record, leads)
    ratio = rate_ratio(record.fs)
    n_steps = -(-record.n_samples * ratio.numerator // ratio.denominator)
    at = np.minimum(
        (np.arange(n_steps) * ratio.denominator) // ratio.numerator, record.n_samples - 1
    )

    def one_lead(k: int) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
        lead = record.signal[:, k]
        lost = unreadable(lead, record.fs)
        lost_steps = lost[at]
        column = _scale(filter_lead(_fill(lead), record.fs), lost_steps)
        return column, lost_steps, float(lost.mean())

    with ThreadPoolExecutor(N_LEADS) as pool:
        columns, lost, shares = zip(*pool.map(one_lead, chosen), strict=True)
    for k, share in zip(chosen, shares, strict=True):
        if share > 0.5:
            warnings.warn(
                f"{record.name}: lead {record.leads[k]} cannot be read "
                f"for {100 * share:.0f}% of the recording",
                SignalWarning,
                stacklevel=2,
            )
    signal = np.zeros((n_steps, N_LEADS), dtype=np.float32)
    signal[:, : len(columns)] = np.stack(columns, axis=1)
    return Conditioned(
        signal=signal,
        lost=np.stack(lost, axis=1),
        ratio=ratio,
        leads=tuple(record.leads[k] for k in chosen),
        n_samples=record.n_samples,
    )
