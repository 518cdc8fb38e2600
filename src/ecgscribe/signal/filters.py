"""What conditioning does to one lead: find invalid samples, resample, filter and scale.

The filters have linear phase and look `DELAY` seconds ahead, offline and live alike.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs
from ecgscribe.signal.windows import FS, rate_ratio

__all__ = [
    "BASELINE_BOX",
    "BRIDGED_S",
    "DELAY",
    "FLAT_S",
    "LOW_PASS_REACH",
    "REACH_BLOCKS",
    "SATURATED_S",
    "SCALE_BLOCK",
    "SCALE_BLOCKS",
    "filter_lead",
    "invalid_samples",
    "nan_median",
    "scale",
]


LOW_PASS_HZ = 40.0
LOW_PASS_REACH = 0.06
"""Seconds on each side of a sample that the anti-aliasing filter spans; its attenuation is 60 dB
20 Hz above its edge."""
BASELINE_BOX = 51
"""Steps of each of two moving averages whose cascade is the baseline (0.4 s each)."""
DELAY = LOW_PASS_REACH + (BASELINE_BOX - 1) / FS
"""Seconds of signal after a sample on which its conditioned value depends, except for the scale."""
SCALE_BLOCK = 2 * FS
SCALE_BLOCKS = 15
"""Number of blocks of two seconds whose median peak-to-peak value is the scale."""
REACH_BLOCKS = SCALE_BLOCKS // 2
"""Blocks on each side on which the scale of one depends."""
FLAT_S = 1.0
"""Seconds with one value from which on a lead is flat."""
SATURATED_S = 0.2
"""Seconds at the highest or lowest value from which on a lead is saturated."""
BRIDGED_S = 0.1
"""Spans that are shorter hide no beat, even if every lead is lost: conditioning bridges them."""


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def invalid_samples(lead: Floats, fs: float, *, rails: tuple[float, float] | None = None) -> Flags:
    """Return where one lead holds no signal: samples that are missing, flat or saturated.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
    fs : float
        Sampling frequency in Hz.
    rails : tuple of float, optional
        The lead's lowest and highest value; by default those in `lead`.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        True where samples are NaN or infinite, in spans of at least 1 s with one value, and in
        spans of at least 0.2 s at the lead's highest or lowest value.
    """
    missing = ~np.isfinite(lead)
    if missing.all():
        return missing
    same = np.concatenate(([False], lead[1:] == lead[:-1]))
    flat = long_runs(same, max(int(FLAT_S * fs) - 1, 1))
    flat[:-1] |= flat[1:]  # a run begins one sample before the first that repeats another
    if rails is None:
        valid = lead[~missing]
        rails = valid.min(), valid.max()
    rail = (lead == rails[0]) | (lead == rails[1])
    saturated = long_runs(rail, max(int(SATURATED_S * fs), 2))
    return np.asarray(missing | flat | saturated)


@lru_cache(maxsize=8)
def _low_pass(fs: float, up: int) -> Floats:
    """Design the low-pass filter at `up` times `fs`; a live stream needs it again and again."""
    from scipy.signal import firwin

    half = int(np.ceil(LOW_PASS_REACH * fs * up))
    taps = firwin(2 * half + 1, LOW_PASS_HZ, window=("kaiser", 5.65), fs=fs * up)
    return np.asarray(taps, dtype=np.float32)


def filter_lead(lead: Floats, fs: float) -> Floats:
    """Resample one lead to `FS` and pass about 1 to 40 Hz, without shifting it.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,) or (n_samples, n)
        Finite samples in any unit; each lead is filtered on its own.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_steps,) or (n_steps, n)
        In the same unit.

    Notes
    -----
    Both filters have linear phase: a low-pass with a Kaiser window, applied while resampling, and
    the signal minus its triangular moving average over 0.8 s.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import resample_poly, upfirdn

    ratio = rate_ratio(fs)
    up, down = ratio.numerator, ratio.denominator
    half = int(np.ceil(LOW_PASS_REACH * fs * up))
    window: Any = _low_pass(fs, up)  # SciPy accepts taps, but its types do not
    if up == down:  # resample_poly would skip the low-pass filter
        edges = [(half, half), *((0, 0) for _ in lead.shape[1:])]
        steps = upfirdn(window, np.pad(lead, edges, mode="edge"), axis=0)[2 * half : -2 * half]
    else:
        steps = resample_poly(lead, up, down, window=window, padtype="edge")
    baseline = uniform_filter1d(steps, BASELINE_BOX, axis=0, mode="nearest")
    baseline = uniform_filter1d(baseline, BASELINE_BOX, axis=0, mode="nearest")
    return np.asarray(steps - baseline, dtype=np.float32)


def scale(
    steps: Floats,
    lost: Flags,
    *,
    first: int = 0,
    n_blocks: int | None = None,
) -> Floats:
    """Divide a lead by half of its local peak-to-peak value.

    Blocks that are `lost` from end to end do not count, so that the rounding noise of a dead
    electrode is not amplified to the height of a QRS. Where no block nearby counts, the lead is
    zero.

    Parameters
    ----------
    steps : ndarray of float32, shape (n_steps,)
        A filtered lead, or a part of one: whole blocks, and the rest after the last one.
    lost : ndarray of bool, shape (n_steps,)
        Where the lead is lost.
    first : int
        Index of the part's first block.
    n_blocks : int, optional
        Number of blocks of the whole lead, if this is a part.

    Returns
    -------
    ndarray of float32, shape (n_steps,)
        The first and the last `REACH_BLOCKS` of a part differ from the whole lead.
    """
    if lost.all():
        return np.zeros_like(steps)
    own = max(len(steps) // SCALE_BLOCK, 1)
    block = min(SCALE_BLOCK, len(steps))
    height = np.ptp(steps[: own * block].reshape(own, block), axis=1)
    gone = np.asarray(lost[: own * block].reshape(own, block).all(axis=1))
    if own * block < len(steps):  # the rest belongs to the last block
        last = slice((own - 1) * block, None)
        height[-1], gone[-1] = np.ptp(steps[last]), lost[last].all()
    height[gone] = np.nan
    # A short lead has fewer blocks on each side.
    reach = min(SCALE_BLOCKS, 2 * (n_blocks or own) - 1) // 2
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(height, reach, mode="symmetric"), 2 * reach + 1
    )
    counts = ~np.isnan(around).all(axis=1)
    middle = np.full(own, np.nan, dtype=np.float32)
    middle[counts] = nan_median(around[counts]) / 2
    at_step = np.zeros(len(steps), dtype=np.float32)
    at_step[: own * block] = _between(middle, block).reshape(-1)
    at_step[own * block :] = middle[-1] if counts[-1] else 0
    at_step[at_step <= 0] = np.inf
    scaled = np.divide(steps, at_step, out=at_step)
    return np.clip(scaled, -20, 20, out=scaled)


def nan_median(values: Floats) -> Floats:
    """Return the median over the last axis without NaNs, NaN where no value remains.

    Parameters
    ----------
    values : ndarray of float32, shape (..., n)

    Returns
    -------
    ndarray of float32, shape (...)
    """
    ordered = np.sort(values, axis=-1)  # NaNs come last
    count = np.count_nonzero(~np.isnan(values), axis=-1)[..., None]
    both = np.concatenate([(count - 1) // 2, count // 2], axis=-1)
    return np.asarray(np.take_along_axis(ordered, both, axis=-1).mean(axis=-1))


def _between(middle: Floats, block: int) -> Floats:
    """Interpolate from the middles of blocks to their steps, shape (n_blocks, block).

    A block with a neighbour that is NaN keeps its value on that side; a block that is NaN is zero.
    """
    after = np.append(middle[1:], np.float32(np.nan))
    before = np.insert(middle[:-1], 0, np.float32(np.nan))
    after, before = (np.where(np.isnan(x), middle, x) for x in (after, before))
    rise, fall, middle = (np.nan_to_num(x) for x in (after - middle, middle - before, middle))
    ramp = (np.arange(block, dtype=np.float32) - block / 2) / block
    down, up = np.minimum(ramp, 0), np.maximum(ramp, 0)
    return np.asarray(middle[:, None] + rise[:, None] * up + fall[:, None] * down)
