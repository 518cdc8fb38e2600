"""Heart rate variability of normal-to-normal (NN) intervals.

After the Task Force of the ESC and NASPE (Circulation 1996;93:1043-1065). NeuroKit2 (Makowski et
al., Behav Res Methods 2021;53:1689-1696) computes SDNN, RMSSD, pNN50 and spectra; what is left to
us is which intervals it is given, and the means over segments of five minutes. Class N does not
tell sinus rhythm from atrial fibrillation, in which these figures do not mean what they are known
for.

Powers depend on how a spectrum is estimated: here by Welch's method over windows of 150 s of
intervals resampled by cubic splines at 4 Hz. Other programs come out up to a third higher or lower.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.errors import EcgScribeError

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
"""Time in NN intervals, all together, below which nothing is told."""
LEAST_COVERED = 0.8
"""Part of a segment that NN intervals must cover, as in Vest et al., Physiol Meas 2018;39:105004;
the rest is interpolated for the spectrum."""
LF, HF = (0.04, 0.15), (0.15, 0.4)
"""Bands in Hz."""
_RESAMPLED_HZ = 4.0
_WELCH_S = 150.0
_GRAIN = 2.0**20  # parts of a millisecond: of intervals on it, a difference of 50 ms is just that
_BIN_MS = 50.0  # of a histogram of NeuroKit's whose outcome is not used; coarse, as it is slow


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TimeDomain:
    """Figures over all NN intervals.

    Parameters
    ----------
    mean_nn, sdnn, rmssd : float
        Milliseconds. Successive differences are those of NN intervals that share a beat.
    pnn50 : float
        Percent of NN intervals that differ from the one before by more than 50 ms.
    """

    mean_nn: float
    sdnn: float
    rmssd: float
    pnn50: float


@dataclass(frozen=True)
class Spectrum:
    """Means over the segments of five minutes that can be used.

    Parameters
    ----------
    lf, hf : float
        Power from 0.04 to 0.15 Hz and from 0.15 to 0.4 Hz, in ms².
    lf_hf : float or None
        Mean of the ratio of each segment; None if the rhythm is perfectly even.
    sdnn_index : float
        Mean of the SDNN of each segment, in ms.
    sdann : float or None
        Standard deviation of the mean NN interval of each, in ms; None of one segment.
    segments : int
        How many could be used.
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
        Their time.
    whole_segments : int
        Segments of five minutes that the recording holds.
    time : TimeDomain or None
        None if `nn_seconds` is less than `LEAST_NN_S`.
    spectrum : Spectrum or None
        None if no segment can be used.
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
        The beats that count, of all classes.
    duration : float
        Length of the recording in seconds.

    Returns
    -------
    Variability

    Raises
    ------
    EcgScribeError
        If NeuroKit2 is not installed.
    """
    normal = beats.normal
    rr = np.round(np.where(normal, beats.rr, np.nan) * 1000.0 * _GRAIN) / _GRAIN
    seconds = float(np.nansum(rr)) / 1000.0
    return Variability(
        nn_intervals=int(normal.sum()),
        nn_seconds=seconds,
        whole_segments=int(duration // SEGMENT_S),
        time=_time_domain(rr, beats.time) if seconds >= LEAST_NN_S else None,
        spectrum=_spectrum(rr, beats.time, duration),
    )


def _time_domain(rr: Floats, time: Floats) -> TimeDomain | None:
    """Let NeuroKit compute; `rr` in ms at the end of each interval, NaN where there is no NN."""
    if not np.any(np.isfinite(rr[1:]) & np.isfinite(rr[:-1])):
        return None  # no two successive intervals
    neurokit2 = _neurokit()
    with warnings.catch_warnings():
        # Of an even rhythm, it divides by a variability of zero for figures not used here.
        warnings.simplefilter("ignore")
        table = neurokit2.hrv_time({"RRI": rr, "RRI_Time": time}, binsize=_BIN_MS)
    mean, sdnn, rmssd, pnn50 = (
        float(table[f"HRV_{name}"].iloc[0]) for name in ("MeanNN", "SDNN", "RMSSD", "pNN50")
    )
    return TimeDomain(mean, sdnn, rmssd, pnn50)


def _spectrum(rr: Floats, time: Floats, duration: float) -> Spectrum | None:
    power, mean, deviation, covered = [], [], [], []
    for intervals, at, begin in _segments(rr, time, duration):
        power.append(_power(intervals, at, begin))
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


def _segments(rr: Floats, time: Floats, duration: float) -> Iterator[tuple[Floats, Floats, float]]:
    """Give NN intervals that end in each segment, their times, and when it begins, if enough."""
    finite = np.isfinite(rr)
    rr, time = rr[finite], time[finite]
    for k in range(int(duration // SEGMENT_S)):
        begin = k * SEGMENT_S
        part = slice(*np.searchsorted(time, [begin, begin + SEGMENT_S]))
        if rr[part].sum() / 1000.0 >= LEAST_COVERED * SEGMENT_S:
            yield rr[part], time[part], begin


def _power(rr: Floats, time: Floats, begin: float) -> tuple[float, float]:
    """Give the power of LF and HF in ms² of the NN intervals of one segment."""
    from scipy.integrate import trapezoid
    from scipy.interpolate import CubicSpline

    # Where beats are missing, a straight line: a spline would swing out of bounds there.
    missing = np.maximum(np.rint(1000.0 * np.diff(time) / rr[1:]).astype(int) - 1, 0)
    between = [
        np.linspace(time[k], time[k + 1], missing[k] + 2)[1:-1] for k in np.flatnonzero(missing)
    ]
    beat = np.sort(np.concatenate([time, *between]))
    at = np.arange(max(begin, time[0]), min(begin + SEGMENT_S, time[-1]), 1 / _RESAMPLED_HZ)
    even = CubicSpline(beat, np.interp(beat, time, rr))(at)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        density = _neurokit().signal_psd(
            even, sampling_rate=_RESAMPLED_HZ, method="welch", window=_WELCH_S, normalize=False
        )
    frequency = density["Frequency"].to_numpy()
    power = density["Power"].to_numpy()
    in_band = [(frequency >= low) & (frequency < high) for low, high in (LF, HF)]
    lf, hf = (float(trapezoid(power[band], frequency[band])) for band in in_band)
    return lf, hf


def _neurokit() -> Any:
    """Import NeuroKit2, which takes seconds, where it is needed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import neurokit2
    except ImportError as error:
        raise EcgScribeError(
            "report: expected the package neurokit2 for heart rate variability, found none; "
            "pip install 'ecgscribe[report]'"
        ) from error
    return neurokit2
