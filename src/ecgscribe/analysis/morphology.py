"""The shape of beats in mV: the median beat of each class, QRS width and likeness.

Only the pieces around the beats are read. These are measurements for a reader's eye; the model
decides from facts of its own (`ecgscribe.model.features`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["AFTER_S", "BEFORE_S", "MOST", "Shape", "cut", "likeness", "qrs_width", "shapes"]


BEFORE_S, AFTER_S = 0.3, 0.5
"""Seconds of a beat around its R-peak."""
MOST = 60
"""Beats of a class that are looked at, spread evenly over the recording."""
QRS_S = 0.12
"""Seconds to each side of the R-peak that beats are compared over."""
_WIDEST_S = 0.16  # to each side of the R-peak
_SMOOTH_S = 0.012
_EDGE = 0.11  # of the steepest slope, where a QRS begins and ends
_ABOVE_NOISE = 2.0  # times the median slope, below which no edge is sought
_MOST_NOISE = 0.3  # of the steepest slope; in more, the edges drown
_BREAK_S = 0.016  # in a QRS that its slope may stay below the edge: the tip of a wave
_SHIFT_S = 0.02


Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """Beats of one class.

    Parameters
    ----------
    class_name : str
        Its AAMI class.
    count : int
        Beats of the class in the recording.
    beats : ndarray of float64, shape (n, points, leads)
        Those that were looked at, in mV (or the lead's own unit), their medians taken off.
    median : ndarray of float64, shape (points, leads)
        Of those beats, point by point.
    qrs_s : float or None
        Median width of their QRS in seconds; None where noise hides it in more than half.
    """

    class_name: str
    count: int
    beats: Floats
    median: Floats
    qrs_s: float | None


def cut(source: LazyRecord, columns: Sequence[int], samples: Sequence[int]) -> Floats:
    """Read the signal around beats.

    Parameters
    ----------
    source : LazyRecord
    columns : sequence of int
        Leads to read.
    samples : sequence of int
        R-peaks.

    Returns
    -------
    ndarray of float64, shape (n_beats, points, n_leads)
        In mV where the lead's unit is known; NaN where there is no sample.
    """
    before, after = round(BEFORE_S * source.fs), round(AFTER_S * source.fs)
    beats = np.full((len(samples), before + after, len(columns)), np.nan)
    factors = [MILLIVOLTS.get(source.units[k].lower(), 1.0) for k in columns]
    for beat, sample in zip(beats, samples, strict=True):
        first, last = max(sample - before, 0), min(sample + after, source.n_samples)
        piece = source.read(first, last)[:, list(columns)] * np.array(factors)
        offset = first - (sample - before)
        known = np.isfinite(piece)
        for k in range(len(columns)):
            if known[:, k].any():
                piece[:, k] -= np.median(piece[known[:, k], k])
        beat[offset : offset + len(piece)] = piece
    return beats


def shapes(source: LazyRecord, beats: BeatSeries, columns: Sequence[int]) -> tuple[Shape, ...]:
    """Look at the beats of each class that there is, the most frequent class first.

    Parameters
    ----------
    source : LazyRecord
    beats : BeatSeries
        The beats that count.
    columns : sequence of int
        Leads to look at.

    Returns
    -------
    tuple of Shape
        The first is the dominant beat; none where no beat lies whole inside the recording.
    """
    inside = (beats.sample >= BEFORE_S * source.fs) & (
        beats.sample < source.n_samples - AFTER_S * source.fs
    )
    found = []
    for index, name in enumerate(AAMI_CLASSES):
        mine = beats.sample[inside & (beats.class_index == index)]
        if len(mine) == 0:
            continue
        chosen = mine[np.unique(np.linspace(0, len(mine) - 1, min(MOST, len(mine))).astype(int))]
        each = cut(source, columns, chosen.tolist())
        median = np.median(np.nan_to_num(each), axis=0)
        count = int(np.sum(beats.class_index == index))
        found.append(Shape(name, count, each, median, _usual_width(each, source.fs)))
    return tuple(sorted(found, key=lambda shape: -shape.count))


def _usual_width(beats: Floats, fs: float) -> float | None:
    widths = [width for beat in beats if (width := qrs_width(beat, fs)) is not None]
    return float(np.median(widths)) if 2 * len(widths) >= len(beats) else None


def _qrs(beat: Floats, fs: float, shift: int = 0) -> Floats:
    middle, reach = round(BEFORE_S * fs) + shift, round(QRS_S * fs)
    return beat[middle - reach : middle + reach + 1]


def likeness(beat: Floats, dominant: Floats, fs: float) -> float | None:
    """Correlate a beat's QRS with that of the dominant beat.

    Parameters
    ----------
    beat, dominant : ndarray of float64, shape (points, leads)
        As `cut` gives them.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    float or None
        Mean correlation of the leads, -1 to 1, at the shift of up to 20 ms at which it is
        highest; None where a lead is flat or has no samples.
    """
    if not np.isfinite(beat).all():
        return None
    reach = round(_SHIFT_S * fs)
    target = _qrs(dominant, fs)
    target = target - target.mean(axis=0)
    best = None
    for shift in range(-reach, reach + 1):
        part = _qrs(beat, fs, shift)
        part = part - part.mean(axis=0)
        norm = np.sqrt((part**2).sum(axis=0) * (target**2).sum(axis=0))
        if np.all(norm > 0):
            value = float(((part * target).sum(axis=0) / norm).mean())
            best = value if best is None else max(best, value)
    return best


def qrs_width(beat: Floats, fs: float) -> float | None:
    """Estimate the width of a QRS from where its slope, over all leads, rises and dies down.

    Parameters
    ----------
    beat : ndarray of float64, shape (points, leads)
        As `cut` gives it.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    float or None
        Seconds, from the first to the last moment around the R-peak at which the slope reaches
        11% of its steepest, or twice its median if that is more; None where nothing rises, and
        in noise.
    """
    from scipy.ndimage import uniform_filter1d

    if not np.isfinite(beat).all():
        return None
    smooth = uniform_filter1d(beat, max(round(_SMOOTH_S * fs), 1), axis=0, mode="nearest")
    slope = np.abs(np.gradient(smooth, axis=0))
    middle, reach = round(BEFORE_S * fs), round(_WIDEST_S * fs)
    around = slice(middle - reach, middle + reach + 1)
    height = slope[around].max(axis=0)
    if not np.any(height > 0):
        return None
    total = (slope[:, height > 0] / height[height > 0]).mean(axis=1)
    steepest = total[around].max()
    noise = _ABOVE_NOISE * float(np.median(total))
    if noise > _MOST_NOISE * steepest:
        return None
    steep = total[around] >= max(_EDGE * steepest, noise)
    total = total[around]
    first = last = int(np.argmax(total))
    gap = round(_BREAK_S * fs)
    while steep[max(first - 1 - gap, 0) : first].any():
        first = max(first - 1 - gap, 0) + int(np.argmax(steep[max(first - 1 - gap, 0) : first]))
    while steep[last + 1 : last + 2 + gap].any():
        last += 1 + int(np.flatnonzero(steep[last + 1 : last + 2 + gap])[-1])
    return (last - first + 1) / fs
