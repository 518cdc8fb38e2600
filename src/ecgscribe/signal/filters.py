"""What conditioning does to one lead: resample, filter and scale; and say what cannot be read.

The filters are linear-phase and reach `DELAY` seconds ahead, offline and live alike.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    "long_runs",
    "scale",
    "unreadable",
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
FLAT_S = 1.0
SATURATED_S = 0.2


def long_runs(flag: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Keep only the runs of true values that are at least `least` long; shape (n,)."""
    if np.count_nonzero(flag) < least:
        return np.zeros(len(flag), dtype=np.bool_)
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
    lead : ndarray of float32, shape (n_samples,) or (n_samples, n)
        Finite samples in any unit; of several leads, each is filtered by itself.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_steps,) or (n_steps, n)
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
        edges = [(half, half), *((0, 0) for _ in lead.shape[1:])]
        steps = upfirdn(window, np.pad(lead, edges, mode="edge"), axis=0)[2 * half : -2 * half]
    else:
        steps = resample_poly(lead, up, down, window=window, padtype="edge")
    baseline = uniform_filter1d(steps, BASELINE_BOX, axis=0, mode="nearest")
    baseline = uniform_filter1d(baseline, BASELINE_BOX, axis=0, mode="nearest")
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
    middle[known] = _median_known(around[known]) / 2
    at_step = np.zeros(len(steps), dtype=np.float32)
    at_step[: own * block] = _between(middle, block).reshape(-1)
    at_step[own * block :] = middle[-1] if known[-1] else 0
    at_step[at_step <= 0] = np.inf
    scaled = np.divide(steps, at_step, out=at_step)
    return np.clip(scaled, -20, 20, out=scaled)


def _median_known(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the median of what is known, not NaN, of each row, one value at least; shape (n,)."""
    ordered = np.sort(values, axis=1)  # what is not known comes last
    known = np.count_nonzero(~np.isnan(values), axis=1)
    row = np.arange(len(values))
    return np.asarray((ordered[row, (known - 1) // 2] + ordered[row, known // 2]) / 2)


def _between(middle: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Interpolate from the middles of blocks to their steps, shape (n_blocks, block).

    A block whose neighbour is not known, NaN, keeps its value to that side; one that is not known
    itself is zero.
    """
    after = np.append(middle[1:], np.float32(np.nan))
    before = np.insert(middle[:-1], 0, np.float32(np.nan))
    after, before = (np.where(np.isnan(x), middle, x) for x in (after, before))
    rise, fall, middle = (np.nan_to_num(x) for x in (after - middle, middle - before, middle))
    ramp = (np.arange(block, dtype=np.float32) - block / 2) / block
    down, up = np.minimum(ramp, 0), np.maximum(ramp, 0)
    return np.asarray(middle[:, None] + rise[:, None] * up + fall[:, None] * down)


BRIDGED_S = 0.1
"""Stretches shorter than this that no lead can be read in do not hide a beat: conditioning bridges
them."""
