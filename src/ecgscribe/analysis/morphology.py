"""The shape of beats in mV: median beat of each class, QRS width, correlation with the dominant.

Only the pieces around the beats are read. These measurements are for readers of a report; the
model classifies from features of its own (`ecgscribe.model.features`).
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

__all__ = [
    "AFTER_S",
    "BEFORE_S",
    "MOST_SAMPLED",
    "QRS_S",
    "SHIFT_S",
    "Shape",
    "beat_waveforms",
    "median_width",
    "qrs_correlation",
    "qrs_width",
    "shapes",
]


BEFORE_S, AFTER_S = 0.3, 0.5
"""Seconds of a beat around its R-peak."""
MOST_SAMPLED = 200
"""Most beats of a class that are sampled, spread evenly over the recording."""
QRS_S = 0.12
"""Seconds to each side of the R-peak over which beats are compared."""
_WIDEST_S = 0.16  # to each side of the R-peak
_SMOOTH_S = 0.012
_EDGE = 0.11  # of the steepest slope, where a QRS begins and ends
_ABOVE_NOISE = 2.0  # times the median slope, which an edge exceeds
_MOST_NOISE = 0.3  # of the steepest slope; in more, the edges drown
_BREAK_S = 0.016  # that the slope may stay below the edge inside a QRS: the tip of a wave
SHIFT_S = 0.02
"""Seconds by which two beats may be shifted against each other when they are compared."""


Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """Beats of one class.

    Parameters
    ----------
    class_name : str
        Their AAMI class.
    count : int
        Number of beats of the class in the recording.
    beats : ndarray of float64, shape (n, points, leads)
        Sampled beats in mV (or the lead's own unit), less the median of each.
    median : ndarray of float64, shape (points, leads)
        Median of those beats, point by point.
    qrs_s : float or None
        Median width of their QRS in seconds; None where noise hides more than half of them.
    """

    class_name: str
    count: int
    beats: Doubles
    median: Doubles
    qrs_s: float | None


def beat_waveforms(record: LazyRecord, columns: Sequence[int], r_peaks: Sequence[int]) -> Doubles:
    """Read the signal around beats.

    Parameters
    ----------
    record : LazyRecord
    columns : sequence of int
        Leads to read.
    r_peaks : sequence of int
        Samples of the R-peaks.

    Returns
    -------
    ndarray of float64, shape (n_beats, points, n_leads)
        From `BEFORE_S` before to `AFTER_S` after each R-peak, less its median in each lead; in mV
        where the lead's unit is known, NaN outside the recording and where samples are invalid.
    """
    before, after = round(BEFORE_S * record.fs), round(AFTER_S * record.fs)
    beats = np.full((len(r_peaks), before + after, len(columns)), np.nan)
    factors = [MILLIVOLTS.get(record.units[k].lower(), 1.0) for k in columns]
    for beat, r_peak in zip(beats, r_peaks, strict=True):
        first, last = max(r_peak - before, 0), min(r_peak + after, record.n_samples)
        piece = record.read(first, last)[:, list(columns)] * np.array(factors)
        offset = first - (r_peak - before)
        valid = np.isfinite(piece)
        for k in range(len(columns)):
            if valid[:, k].any():
                piece[:, k] -= np.median(piece[valid[:, k], k])
        beat[offset : offset + len(piece)] = piece
    return beats


def shapes(record: LazyRecord, beats: BeatSeries, columns: Sequence[int]) -> tuple[Shape, ...]:
    """Measure the shape of each class that occurs, the most frequent class first.

    Parameters
    ----------
    record : LazyRecord
    beats : BeatSeries
        The readable beats.
    columns : sequence of int
        Leads to measure in.

    Returns
    -------
    tuple of Shape
        The first is the dominant beat; empty if no beat lies wholly inside the recording.
    """
    inside = (beats.sample >= BEFORE_S * record.fs) & (
        beats.sample < record.n_samples - AFTER_S * record.fs
    )
    measured = []
    for index, name in enumerate(AAMI_CLASSES):
        r_peaks = beats.sample[inside & (beats.class_index == index)]
        if len(r_peaks) == 0:
            continue
        waveforms = beat_waveforms(record, columns, _spread(r_peaks, MOST_SAMPLED).tolist())
        measured.append(
            Shape(
                class_name=name,
                count=int(np.sum(beats.class_index == index)),
                beats=waveforms,
                median=np.median(np.nan_to_num(waveforms), axis=0),
                qrs_s=median_width(waveforms, record.fs),
            )
        )
    return tuple(sorted(measured, key=lambda shape: -shape.count))


def _spread(values: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Choose at most so many values, evenly from the first to the last."""
    chosen = np.linspace(0, len(values) - 1, min(most, len(values))).astype(int)
    return np.asarray(values[np.unique(chosen)])


def median_width(beats: Doubles, fs: float) -> float | None:
    """Return the median width of the QRS of beats; None where more than half have none.

    Parameters
    ----------
    beats : ndarray of float64, shape (n, points, leads)
        As `beat_waveforms` returns them.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    float or None
        Seconds.
    """
    widths = [width for beat in beats if (width := qrs_width(beat, fs)) is not None]
    return float(np.median(widths)) if 2 * len(widths) >= len(beats) else None


def _qrs(beat: Doubles, fs: float, shift: int = 0) -> Doubles:
    middle, reach = round(BEFORE_S * fs) + shift, round(QRS_S * fs)
    return beat[middle - reach : middle + reach + 1]


def qrs_correlation(beat: Doubles, dominant: Doubles, fs: float) -> float | None:
    """Correlate a beat's QRS with that of the dominant beat.

    Parameters
    ----------
    beat, dominant : ndarray of float64, shape (points, leads)
        As `beat_waveforms` returns them.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    float or None
        Mean correlation over the leads, -1 to 1, highest over shifts of up to 20 ms; None if a
        lead is flat or has invalid samples.
    """
    if not np.isfinite(beat).all():
        return None
    reach = round(SHIFT_S * fs)
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


def qrs_width(beat: Doubles, fs: float) -> float | None:
    """Estimate the width of a QRS from the slope of the signal over all leads.

    Parameters
    ----------
    beat : ndarray of float64, shape (points, leads)
        As `beat_waveforms` returns it.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    float or None
        Seconds from the first to the last moment around the R-peak at which the slope reaches
        11% of its maximum, or twice its median if that is more; None for a flat signal and in
        noise.
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
