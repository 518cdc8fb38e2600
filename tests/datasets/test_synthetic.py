from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import DEMO, PATIENT_RANGES, SyntheticSettings, patient

SEEDS = st.integers(0, 10_000)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, duration=st.floats(0.02, 90.0))
def test_beats_are_in_order_inside_the_signal_at_physiologic_intervals(
    seed: int, duration: float
) -> None:
    record, annotation = synthesize(patient(seed), seed=seed, duration=duration)
    assert record.n_samples == round(duration * record.fs)
    assert record.signal.dtype == np.float32
    assert np.isfinite(record.signal).all()
    assert np.all((annotation.sample >= 0) & (annotation.sample < record.n_samples))
    assert (annotation.class_index >= 0).all()
    rr = np.diff(annotation.sample) / record.fs
    assert np.all((rr > 0.25) & (rr < 3.0))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_a_clean_r_peak_is_the_largest_deflection_of_its_neighbourhood(seed: int) -> None:
    record, annotation = synthesize(patient(seed), seed=seed, duration=20.0, noise=0.0)
    reach = round(0.05 * record.fs)
    near = round(0.02 * record.fs) + 1
    for sample in annotation.sample:
        if reach <= sample < record.n_samples - reach:
            part = record.signal[sample - reach : sample + reach + 1, 0]
            baseline = np.linspace(part[0], part[-1], len(part))
            peak = np.argmax(np.abs(part - baseline))
            assert abs(int(peak) - reach) <= near


@pytest.mark.parametrize("fs", [128.0, 360.0, 1000.0])
def test_the_same_seed_gives_the_same_recording_and_another_seed_another(fs: float) -> None:
    first, beats = synthesize(seed=4, fs=fs, duration=20)
    again, beats_again = synthesize(seed=4, fs=fs, duration=20)
    other, _ = synthesize(seed=5, fs=fs, duration=20)
    np.testing.assert_array_equal(first.signal, again.signal)
    np.testing.assert_array_equal(beats.sample, beats_again.sample)
    assert not np.array_equal(first.signal, other.signal)


def test_noise_changes_the_signal_and_not_the_beats() -> None:
    clean, beats = synthesize(seed=1, noise=0.0)
    noisy, same = synthesize(seed=1, noise=3.0)
    np.testing.assert_array_equal(beats.sample, same.sample)
    np.testing.assert_array_equal(beats.symbol, same.symbol)
    assert np.std(noisy.signal - clean.signal) > 0.1


def test_only_the_requested_classes_occur() -> None:
    rates: dict[str, Any] = {"s_rate": 0.3, "v_rate": 0.3, "f_rate": 0.3}
    _, all_four = synthesize(classes=("N", "S", "V", "F"), duration=120, **rates)
    _, normal = synthesize(classes=("N",), duration=120, bigeminy=1.0, **rates)
    assert set(all_four.symbol) == {"N", "A", "V", "F"}
    assert set(normal.symbol) == {"N"}


def test_ventricular_beats_are_early_wide_and_followed_by_a_full_pause() -> None:
    record, beats = synthesize(
        duration=300, noise=0, s_rate=0, couplets=0, sinus_arrhythmia=0, drift=0, jitter=0
    )
    rr = np.diff(beats.sample) / record.fs
    at = np.flatnonzero(beats.symbol[1:-1] == "V") + 1
    sinus = 60 / SyntheticSettings().heart_rate
    assert len(at) > 5
    assert np.all(rr[at - 1] < 0.75 * sinus)
    np.testing.assert_allclose(rr[at - 1] + rr[at], 2 * sinus, atol=0.02)
    assert _width(record.signal[:, 0], beats.sample[at]) > 1.5 * _width(
        record.signal[:, 0], beats.sample[beats.symbol == "N"][5:20]
    )


def test_supraventricular_beats_are_early_narrow_and_followed_by_a_partial_pause() -> None:
    record, beats = synthesize(
        duration=300, noise=0, v_rate=0, couplets=0, sinus_arrhythmia=0, drift=0, jitter=0
    )
    rr = np.diff(beats.sample) / record.fs
    at = np.flatnonzero(beats.symbol[1:-1] == "A") + 1
    sinus = 60 / SyntheticSettings().heart_rate
    assert len(at) > 5
    assert np.all(rr[at - 1] < 0.85 * sinus)
    assert np.all(rr[at - 1] + rr[at] < 2 * sinus)
    assert _width(record.signal[:, 0], beats.sample[at]) < 1.2 * _width(
        record.signal[:, 0], beats.sample[beats.symbol == "N"][5:20]
    )


def _width(lead: np.ndarray, samples: np.ndarray) -> float:
    """Median count of samples above half of the R-peak."""
    parts = [np.abs(lead[s - 40 : s + 41]) for s in samples if 40 <= s < len(lead) - 41]
    return float(np.median([np.sum(part > part[40] / 2) for part in parts]))


def test_bigeminy_alternates() -> None:
    _, beats = synthesize(duration=60, bigeminy=1.0, couplets=0.0, s_rate=0.0)
    assert np.all((beats.symbol[1:] == "V") != (beats.symbol[:-1] == "V"))


def test_fibrillation_is_irregular_and_has_no_supraventricular_beats() -> None:
    record, chaotic = synthesize(duration=120, fibrillation=1.0, v_rate=0.0, s_rate=0.5)
    _, sinus = synthesize(duration=120, v_rate=0.0, s_rate=0.0)
    assert set(chaotic.symbol) == {"N"}
    assert np.std(np.diff(chaotic.sample)) > 2 * np.std(np.diff(sinus.sample))
    assert np.isfinite(record.signal).all()


def test_polarity_inverts_every_lead() -> None:
    up, _ = synthesize(noise=0.0, duration=10, leads=3)
    down, _ = synthesize(noise=0.0, duration=10, leads=3, polarity=-1)
    assert up.leads == ("ECG1", "ECG2", "ECG3")
    np.testing.assert_array_equal(up.signal, -down.signal)


def test_the_demo_is_outside_the_ranges_of_patients() -> None:
    assert DEMO.fs not in {patient(seed).fs for seed in range(200)}
    for key in ("qrs_width", "v_width", "wander", "mains"):
        low, high = PATIENT_RANGES[key]
        assert not low <= getattr(DEMO, key) <= high


def test_a_patient_stays_the_same_and_differs_from_the_next() -> None:
    assert patient(3) == patient(3)
    assert patient(3) != patient(4)
    for key, (low, high) in PATIENT_RANGES.items():
        assert low <= getattr(patient(3), key) <= high


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fs", 0.0),
        ("leads", 0),
        ("classes", ("N", "Q")),
        ("heart_rate", 500.0),
        ("polarity", 0),
        ("v_rate", 1.5),
    ],
)
def test_a_setting_out_of_range_is_named_in_one_line(key: str, value: Any) -> None:
    overrides: dict[str, Any] = {key: value}
    with pytest.raises(ValueError, match=f"expected {key} to be .*, found .*; change it") as caught:
        synthesize(**overrides)
    assert "\n" not in str(caught.value)


def test_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        synthesize(duration=0.0)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="heartrate"):
        synthesize(heartrate=70)


def test_half_an_hour_takes_seconds_at_most() -> None:
    begin = time.process_time()
    synthesize(duration=1800)
    assert time.process_time() - begin < 5.0  # about 0.3 s; the margin is for slow machines
