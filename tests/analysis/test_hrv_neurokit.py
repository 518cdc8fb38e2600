"""Heart rate variability against NeuroKit2, figure by figure."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.interpolate import CubicSpline

from ecgscribe import formats
from ecgscribe.analysis.hrv import variability
from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series
from support.rhythms import beats_of, irregular

Doubles = NDArray[np.float64]


def neurokit() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2
    return neurokit2


def neurokit_time_domain(beats: BeatSeries) -> list[float]:
    """Compute mean, SDNN, RMSSD and pNN50 by NeuroKit2, intervals apart from NN as missing."""
    # On multiples of 2**-20 ms, as floats of 50 ms and a bit would count for its pNN50.
    rr = np.round(np.where(beats.normal, 1000.0 * beats.rr, np.nan) * 2**20) / 2**20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A coarse histogram: that of the default width is slow, and nothing here uses it.
        table = neurokit().hrv_time({"RRI": rr, "RRI_Time": beats.time}, binsize=50.0)
    return [float(table[f"HRV_{name}"].iloc[0]) for name in ("MeanNN", "SDNN", "RMSSD", "pNN50")]


def neurokit_power(rr: Doubles, time: Doubles, begin: float) -> list[float]:
    """Compute LF and HF of the NN intervals of one segment by NeuroKit2's spectrum."""
    missing = np.maximum(np.rint(1000.0 * np.diff(time) / rr[1:]).astype(int) - 1, 0)
    beat = [time[:1]]
    for k in range(len(missing)):
        beat.append(np.linspace(time[k], time[k + 1], missing[k] + 2)[1:])
    every = np.concatenate(beat)
    at = np.arange(max(begin, time[0]), min(begin + 300.0, time[-1]), 0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        density = neurokit().signal_psd(
            CubicSpline(every, np.interp(every, time, rr))(at),
            sampling_rate=4.0,
            method="welch",
            window=150.0,
            normalize=False,
        )
    frequency, power = density["Frequency"].to_numpy(), density["Power"].to_numpy()
    bands = [(frequency >= low) & (frequency < high) for low, high in ((0.04, 0.15), (0.15, 0.4))]
    return [float(trapezoid(power[band], frequency[band])) for band in bands]


def compare_with_neurokit(beats: BeatSeries, duration: float) -> None:
    """Compare every figure: to a part in 10**7, as NeuroKit2 computes in floats."""
    result = variability(beats, duration)
    assert result.time is not None
    time = result.time
    assert [time.mean_nn, time.sdnn, time.rmssd, time.pnn50] == pytest.approx(
        neurokit_time_domain(beats), rel=1e-7
    )
    power = []
    for begin in np.arange(0, duration - 299.9, 300.0).tolist():
        inside = beats.normal & (beats.time >= begin) & (beats.time < begin + 300.0)
        if beats.rr[inside].sum() >= 240.0:
            power.append(neurokit_power(1000.0 * beats.rr[inside], beats.time[inside], begin))
    if not power:
        assert result.spectrum is None
        return
    lf, hf = np.array(power).T
    spectrum = result.spectrum
    assert spectrum is not None
    assert spectrum.segments == len(power)
    assert [spectrum.lf, spectrum.hf, spectrum.lf_hf] == pytest.approx(
        [lf.mean(), hf.mean(), (lf / hf).mean()], rel=1e-7
    )


@pytest.mark.parametrize("ectopic", [0.0, 0.02, 0.3])
def test_synthetic_rhythms_equal_neurokit(ectopic: float) -> None:
    time, symbols = irregular(2500, ectopic=ectopic)
    compare_with_neurokit(beats_of(time, symbols=symbols), float(time[-1]))


@pytest.mark.mitdb
@pytest.mark.parametrize("name", ["100", "119", "207", "222", "232"])
def test_real_rhythms_equal_neurokit(name: str, data_dir: Path) -> None:
    path = data_dir / "mitdb" / name
    record = formats.open_record(path)
    beats = beat_series(formats.read_annotation(path, "atr"), record.n_samples)
    compare_with_neurokit(beats, record.duration)
