"""Heart rate variability against formulas written out, known spectra and sleepecg."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ecgscribe import formats
from ecgscribe.analysis.hrv import variability
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.record import Annotation
from support.rhythms import FS, beats_of, irregular, modulated

Doubles = NDArray[np.float64]


def test_time_domain_equals_the_formulas_without_ectopic_beats() -> None:
    time, symbols = irregular(400, ectopic=0.1)
    beats = beats_of(time, symbols=symbols)
    nn: list[float] = []
    steps: list[float] = []
    for k in range(1, len(beats)):
        now = 1000.0 * float(beats.sample[k] - beats.sample[k - 1]) / FS
        if symbols[k] == "N" and symbols[k - 1] == "N":
            nn.append(now)
            if k > 1 and symbols[k - 2] == "N":
                before = 1000.0 * float(beats.sample[k - 1] - beats.sample[k - 2]) / FS
                steps.append(now - before)
    mean = sum(nn) / len(nn)
    result = variability(beats, float(time[-1]))
    assert result.nn_intervals == len(nn)
    assert result.nn_seconds == pytest.approx(sum(nn) / 1000)
    assert result.time is not None
    assert result.time.mean_nn == pytest.approx(mean)
    assert result.time.sdnn == pytest.approx(
        math.sqrt(sum((x - mean) ** 2 for x in nn) / (len(nn) - 1))
    )
    assert result.time.rmssd == pytest.approx(math.sqrt(sum(d * d for d in steps) / len(steps)))
    # Without gaps there is one more NN interval than differences.
    above = sum(abs(d) > 50 for d in steps)
    assert result.time.pnn50 == pytest.approx(100 * above / (len(steps) + 1))


def test_a_difference_of_just_50_ms_is_not_more() -> None:
    # At 360 Hz it is 18 samples; as floats, such differences come out at 50 ms and a bit.
    steps = np.tile([294, 276, 250], 60)
    sample = np.cumsum(steps)
    beats = beat_series(Annotation(sample, np.full(len(sample), "N"), 360.0), int(sample[-1]) + 1)
    result = variability(beats, float(beats.time[-1])).time
    more = np.sum(np.abs(np.diff(steps[1:])) > 18)
    assert result is not None
    assert result.pnn50 == pytest.approx(100 * more / (len(steps) - 1))


def test_segment_means_equal_the_formulas() -> None:
    time, _ = irregular(2000)
    beats = beats_of(time)
    result = variability(beats, 1500.0).spectrum
    means, deviations = [], []
    for k in range(5):
        rr = [
            1000 * beats.rr[i]
            for i in range(1, len(beats))
            if 300 * k <= beats.time[i] < 300 * (k + 1)
        ]
        means.append(sum(rr) / len(rr))
        deviations.append(math.sqrt(sum((x - means[-1]) ** 2 for x in rr) / (len(rr) - 1)))
    assert result is not None
    assert result.segments == 5
    assert result.sdnn_index == pytest.approx(sum(deviations) / 5)
    centre = sum(means) / 5
    assert result.sdann == pytest.approx(math.sqrt(sum((m - centre) ** 2 for m in means) / 4))
    assert result.interpolated == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(("lf_ms", "hf_ms"), [(40.0, 20.0), (10.0, 30.0), (25.0, 25.0)])
def test_power_of_a_sine_is_half_its_square(lf_ms: float, hf_ms: float) -> None:
    time = modulated(lf_ms, hf_ms, seconds=900)
    result = variability(beats_of(time), float(time[-1])).spectrum
    assert result is not None
    assert result.segments == 3
    assert result.lf == pytest.approx(lf_ms**2 / 2, rel=0.05)
    assert result.hf == pytest.approx(hf_ms**2 / 2, rel=0.05)
    assert result.lf_hf == pytest.approx(result.lf / result.hf, rel=0.05)


SEGMENTS = 4


def sleepecg_features(time: Doubles) -> dict[str, Doubles]:
    """Compute the features of sleepecg of every five minutes but the first, which begins early."""
    from sleepecg.feature_extraction import extract_features
    from sleepecg.io.sleep_readers import SleepRecord

    record = SleepRecord(
        sleep_stages=np.zeros(SEGMENTS + 1, dtype=np.int64),
        sleep_stage_duration=300,
        heartbeat_times=time,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features, _, names = extract_features(
            [record],
            lookforward=300,
            sleep_stage_duration=300,
            feature_selection=["hrv-time", "hrv-frequency"],
        )
    return dict(zip(names, features[0][1:].T, strict=True))


def compare_with_sleepecg(time: Doubles) -> None:
    other = sleepecg_features(time)
    segments = []
    for k in range(1, SEGMENTS + 1):
        first, last = np.searchsorted(time, [300.0 * k, 300.0 * (k + 1)])
        # One beat more: the interval that ends just inside counts too.
        result = variability(beats_of(time[first - 1 : last] - 300.0 * k + 2.0), 300.0).time
        assert result is not None
        segments.append([result.mean_nn, result.sdnn, result.rmssd, result.pnn50])
    mean, sdnn, rmssd, pnn50 = np.array(segments).T
    np.testing.assert_allclose(mean, 1000 * other["meanNN"], rtol=1e-3)
    np.testing.assert_allclose(sdnn, 1000 * other["SDNN"], rtol=0.01)
    np.testing.assert_allclose(rmssd, 1000 * other["RMSSD"], rtol=0.01)
    # Some differences of exactly 50 ms count there as more.
    np.testing.assert_allclose(pnn50, 100 * other["pNN50"], atol=2.5)
    # It interpolates linearly, which removes a fifth or more of HF, and takes one periodogram.
    spectrum = variability(beats_of(time - 300.0), 300.0 * SEGMENTS).spectrum
    assert spectrum is not None
    assert spectrum.segments == SEGMENTS
    # Its LF begins at the first frequency above 0.04 Hz; here LF includes its neighbour, too.
    assert 0.8 < spectrum.lf / (1e6 * other["LF"].mean()) < 1.5
    assert 0.9 < spectrum.hf / (1e6 * other["HF"].mean()) < 1.5
    assert spectrum.lf_hf is not None
    assert 0.6 < spectrum.lf_hf / other["LF_HF_ratio"].mean() < 1.4


def slow_power(rr: Doubles, time: Doubles, *, low: float, high: float) -> float:
    """Resample, window and transform step by step; the area under the density in a band."""
    even = CubicSpline(time, rr)(np.arange(max(0.0, time[0]), min(300.0, time[-1]), 0.25))
    even = even - even.mean()
    n = min(600, len(even) // 2)
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * k / n) for k in range(n)])
    frequency = np.arange(n + 1) / (2 * n) * 4.0
    waves = np.exp(-2j * np.pi * np.outer(frequency, np.arange(n)) / 4.0)
    parts = []
    for begin in range(0, len(even) - n + 1, n - n // 2):
        transform = waves @ (window * even[begin : begin + n])
        parts.append(2 * np.abs(transform) ** 2 / (4.0 * (window**2).sum()))
    density = np.mean(parts, axis=0)
    area = 0.0
    for k in range(len(frequency) - 1):
        if frequency[k] >= low and frequency[k + 1] < high:
            area += (density[k] + density[k + 1]) / 2 * (frequency[k + 1] - frequency[k])
    return area


def test_power_equals_the_method_step_by_step() -> None:
    time, _ = irregular(390)
    beats = beats_of(time)
    result = variability(beats, 300.0).spectrum
    inside = (beats.time < 300.0) & beats.has_rr
    rr, at = 1000 * beats.rr[inside], beats.time[inside]
    assert result is not None
    assert result.lf == pytest.approx(slow_power(rr, at, low=0.04, high=0.15), rel=1e-6)
    assert result.hf == pytest.approx(slow_power(rr, at, low=0.15, high=0.4), rel=1e-6)


def test_a_few_missing_beats_hardly_change_the_power() -> None:
    time = modulated(30, 15, seconds=900)
    symbols = np.full(len(time), "N")
    symbols[50::60] = "V"
    whole = variability(beats_of(time), 900.0).spectrum
    part = variability(beats_of(time, symbols=symbols), 900.0).spectrum
    assert whole is not None
    assert part is not None
    assert part.interpolated > 3
    assert part.lf == pytest.approx(whole.lf, rel=0.15)
    assert part.hf == pytest.approx(whole.hf, rel=0.2)


def test_a_synthetic_rhythm_agrees_with_sleepecg() -> None:
    compare_with_sleepecg(modulated(35, 20, seconds=1520))


@pytest.mark.mitdb
@pytest.mark.parametrize("name", ["100", "103", "115", "122"])
def test_real_rhythms_agree_with_sleepecg(name: str, data_dir: Path) -> None:
    annotation = formats.read_annotation(data_dir / "mitdb" / name, "atr")
    beats = annotation.beats()
    time = beats.sample / beats.fs
    # Ectopic or not: only the arithmetic is compared, on the same intervals.
    compare_with_sleepecg(time[time < 1520])


def test_a_segment_with_too_many_gaps_is_left_out() -> None:
    time = modulated(20, 20, seconds=900)
    symbols = np.full(len(time), "N")
    inside = np.flatnonzero((time > 300) & (time < 600))
    symbols[inside[::4]] = "V"  # leaves half of its intervals
    result = variability(beats_of(time, symbols=symbols), 900.0)
    assert result.whole_segments == 3
    assert result.spectrum is not None
    assert result.spectrum.segments == 2


def test_too_few_intervals_give_no_figures() -> None:
    short = variability(beats_of(modulated(20, 20, seconds=50)), 50.0)
    assert (short.time, short.spectrum, short.whole_segments) == (None, None, 0)
    none = variability(beats_of(np.array([1.0])), 600.0)
    assert (none.nn_intervals, none.time, none.spectrum) == (0, None, None)
    # A minute of NN intervals of which no two follow one another.
    time, _ = irregular(300)
    apart = variability(beats_of(time, symbols=np.array(["N", "N", "V"] * 100)), float(time[-1]))
    assert apart.nn_seconds > 60
    assert apart.time is None


def test_a_perfectly_even_rhythm_has_no_ratio() -> None:
    result = variability(beats_of(np.arange(0, 601.0)), 600.0)
    assert result.time is not None
    assert (result.time.sdnn, result.time.rmssd, result.time.pnn50) == (0, 0, 0)
    assert result.spectrum is not None
    assert (result.spectrum.lf, result.spectrum.hf, result.spectrum.lf_hf) == (0, 0, None)


@pytest.mark.parametrize("rate", [41, 58, 77, 133])
@pytest.mark.parametrize("fs", [128.0, 250.0, 257.3, 360.0])
def test_an_even_rhythm_has_no_ratio_whatever_its_rate(rate: int, fs: float) -> None:
    sample = np.arange(0, 700 * fs, round(60 * fs / rate)).astype(np.int64)
    beats = beat_series(Annotation(sample, np.full(len(sample), "N"), fs), int(sample[-1]) + 1)
    result = variability(beats, 600.0)
    assert result.time is not None
    assert (result.time.rmssd, result.time.pnn50) == (0, 0)
    assert result.time.sdnn == pytest.approx(0, abs=1e-9)
    assert result.spectrum is not None
    assert (result.spectrum.lf, result.spectrum.hf, result.spectrum.lf_hf) == (0, 0, None)


def test_heart_rate_variability_needs_no_neurokit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neurokit2", None)  # importing it is then an error
    assert variability(beats_of(modulated(20, 20, seconds=400)), 400.0).spectrum is not None
