"""Heart rate variability of normal-to-normal (NN) intervals.

After the Task Force of the ESC and NASPE (Circulation 1996;93:1043-1065). Class N includes atrial
fibrillation and paced rhythm, where these figures are not meaningful.

Powers depend on how a spectrum is estimated: here by Welch's method over windows of 150 s of
intervals resampled by cubic splines at 4 Hz. Other programs give up to a third more or less. The
formulas are those of NeuroKit2 (Makowski et al., Behav Res Methods 2021;53:1689-1696), with which
the tests compare every figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries

__all__ = [
    "HF",
    "LEAST_COVERED",
    "LEAST_NN_S",
    "LF",
    "SEGMENT_S",
    "Spectrum",
    "TimeDomain",
    "Variability",
    "variability",
]


SEGMENT_S = 300.0
LEAST_NN_S = 60.0
"""Total time of NN intervals below which no figure is computed."""
LEAST_COVERED = 0.8
"""Part of a segment that NN intervals must cover, as in Vest et al., Physiol Meas 2018;39:105004;
the rest is interpolated for the spectrum."""
LF, HF = (0.04, 0.15), (0.15, 0.4)
"""Bands in Hz."""
_LONG_STEP_MS = 50.0  # successive NN intervals that differ by more count for pNN50
_RESAMPLED_HZ = 4.0
_WELCH_S = 150.0


Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class TimeDomain:
    """Figures over all NN intervals.

    Parameters
    ----------
    mean_nn, sdnn, rmssd : float
        Milliseconds. Successive differences are those of NN intervals that share a beat.
    pnn50 : float
        Percent of successive NN intervals that differ by more than 50 ms.
    """

    mean_nn: float
    sdnn: float
    rmssd: float
    pnn50: float


@dataclass(frozen=True)
class Spectrum:
    """Means over the usable segments of five minutes.

    Parameters
    ----------
    lf, hf : float
        Power from 0.04 to 0.15 Hz and from 0.15 to 0.4 Hz, in ms².
    lf_hf : float or None
        Mean of the ratio of each segment; None if the rhythm is perfectly even.
    sdnn_index : float
        Mean of the SDNN of each segment, in ms.
    sdann : float or None
        Standard deviation of the mean NN interval of each segment, in ms; None for one segment.
    segments : int
        Number of usable segments.
    interpolated : float
        Percent of their time that no NN interval covers.
    """

    lf: float
    hf: float
    lf_hf: float | None
    sdnn_index: float
    sdann: float | None
    segments: int
    interpolated: float


@dataclass(frozen=True)
class Variability:
    """Heart rate variability, as far as the recording allows.

    Parameters
    ----------
    nn_intervals : int
        Number of NN intervals.
    nn_seconds : float
        Their total time.
    whole_segments : int
        Number of segments of five minutes in the recording.
    time : TimeDomain or None
        None if `nn_seconds` is less than `LEAST_NN_S`, or if no two NN intervals share a beat.
    spectrum : Spectrum or None
        None if no segment is usable.
    """

    nn_intervals: int
    nn_seconds: float
    whole_segments: int
    time: TimeDomain | None
    spectrum: Spectrum | None


def variability(beats: BeatSeries, duration: float) -> Variability:
    """Compute heart rate variability.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats, of all classes.
    duration : float
        Length of the recording in seconds.

    Returns
    -------
    Variability
    """
    normal = beats.normal
    nn, time = 1000.0 * beats.rr[normal], beats.time[normal]
    seconds = float(nn.sum()) / 1000.0
    return Variability(
        nn_intervals=len(nn),
        nn_seconds=seconds,
        whole_segments=int(duration // SEGMENT_S),
        time=_time_domain(beats) if seconds >= LEAST_NN_S else None,
        spectrum=_spectrum(nn, time, duration),
    )


def _time_domain(beats: BeatSeries) -> TimeDomain | None:
    normal = beats.normal
    nn = 1000.0 * beats.rr[normal]
    # In whole samples, so that a difference of 50 ms is just that and no more.
    difference = np.diff(beats.sample, n=2)[normal[2:] & normal[1:-1]]
    if len(difference) == 0:
        return None
    long = int(np.sum(1000.0 * np.abs(difference) > _LONG_STEP_MS * beats.fs))
    return TimeDomain(
        mean_nn=float(nn.mean()),
        sdnn=float(nn.std(ddof=1)),
        rmssd=float(np.sqrt(np.mean((1000.0 * difference / beats.fs) ** 2))),
        pnn50=100.0 * long / (len(difference) + 1),  # of the intervals, one more than differences
    )


def _spectrum(nn: Doubles, time: Doubles, duration: float) -> Spectrum | None:
    """Average over segments; `nn` in ms, `time` in s at the end of each interval."""
    power, mean, deviation, covered = [], [], [], []
    for intervals, ends, begin in _segments(nn, time, duration):
        power.append(_power(intervals, ends, begin))
        mean.append(intervals.mean())
        deviation.append(intervals.std(ddof=1))
        covered.append(intervals.sum() / 1000.0 / SEGMENT_S)
    if not power:
        return None
    lf, hf = np.array(power).T
    varies = hf > 0  # an even rhythm has no power at all
    return Spectrum(
        lf=float(lf.mean()),
        hf=float(hf.mean()),
        lf_hf=float((lf[varies] / hf[varies]).mean()) if varies.any() else None,
        sdnn_index=float(np.mean(deviation)),
        sdann=float(np.std(mean, ddof=1)) if len(mean) > 1 else None,
        segments=len(power),
        interpolated=100.0 * max(0.0, 1.0 - float(np.mean(covered))),
    )


def _segments(
    nn: Doubles, time: Doubles, duration: float
) -> Iterator[tuple[Doubles, Doubles, float]]:
    """Yield the NN intervals that end in each usable segment, their times and its begin."""
    for k in range(int(duration // SEGMENT_S)):
        begin = k * SEGMENT_S
        part = slice(*np.searchsorted(time, [begin, begin + SEGMENT_S]))
        if nn[part].sum() / 1000.0 >= LEAST_COVERED * SEGMENT_S:
            yield nn[part], time[part], begin


def _power(nn: Doubles, time: Doubles, begin: float) -> tuple[float, float]:
    """Return the power of LF and HF, in ms², of the NN intervals of one segment."""
    from scipy.integrate import trapezoid

    frequency, density = _density(_resampled(nn, time, begin))
    in_band = [(frequency >= low) & (frequency < high) for low, high in (LF, HF)]
    lf, hf = (float(trapezoid(density[band], frequency[band])) for band in in_band)
    return lf, hf


def _resampled(nn: Doubles, time: Doubles, begin: float) -> Doubles:
    """Interpolate the intervals of one segment at 4 Hz, relative to the first, in ms."""
    from scipy.interpolate import CubicSpline

    # Where beats are missing, a straight line: a spline would swing out of bounds there.
    missing = np.maximum(np.rint(1000.0 * np.diff(time) / nn[1:]).astype(int) - 1, 0)
    between = [
        np.linspace(time[k], time[k + 1], missing[k] + 2)[1:-1] for k in np.flatnonzero(missing)
    ]
    beat = np.sort(np.concatenate([time, *between]))
    at = np.arange(max(begin, time[0]), min(begin + SEGMENT_S, time[-1]), 1 / _RESAMPLED_HZ)
    relative = nn - nn[0]  # exactly zero for an even rhythm, whatever its rate
    return np.asarray(CubicSpline(beat, np.interp(beat, time, relative))(at))


def _density(even: Doubles) -> tuple[Doubles, Doubles]:
    """Return frequencies in Hz and the spectral density in ms²/Hz, by Welch's method."""
    from scipy.signal import welch

    window = min(int(_WELCH_S * _RESAMPLED_HZ), len(even) // 2)
    frequency, density = welch(
        even - even.mean(), fs=_RESAMPLED_HZ, nperseg=window, nfft=2 * window, detrend=False
    )
    return frequency, density
