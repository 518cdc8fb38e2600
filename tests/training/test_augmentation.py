"""Augmentation of a window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS
from ecgscribe.training.augmentation import (
    add_noise,
    augment,
    electrode_contact,
    electrode_motion,
    noise_gain,
)

Floats = NDArray[np.float32]
few = settings(max_examples=50, deadline=None)
N = 10 * FS
FIRST, SECOND = 200, 900
RECORDED = [np.random.default_rng(9).normal(0, 5, size=(3 * N, 2)).astype(np.float32)]


def window() -> Floats:
    """A window with one tall spike per lead, each at its own step."""
    made = np.ones((N, 2), dtype=np.float32)
    made[FIRST, 0] = made[SECOND, 1] = 1000
    return made


@few
@given(seed=st.integers(0, 10_000), recorded=st.booleans())
def test_augment_returns_a_new_window_of_the_same_shape(seed: int, recorded: bool) -> None:
    given_ = window()
    changed = augment(given_, RECORDED if recorded else [], np.random.default_rng(seed))
    assert changed.shape == (N, 2)
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    np.testing.assert_array_equal(given_, window())


@few
@given(seed=st.integers(0, 10_000))
def test_the_same_seed_gives_the_same_window(seed: int) -> None:
    first, second = (augment(window(), RECORDED, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_augment_swaps_flips_drops_and_silences_leads_at_its_rates() -> None:
    many = [augment(window(), RECORDED, np.random.default_rng(seed)) for seed in range(600)]
    tall = [x for x in many if np.abs(x).max() > 100]
    spike = [[int(np.abs(x[:, k]).argmax()) for k in range(2)] for x in tall]
    swapped = [at[0] == SECOND or at[1] == FIRST for at in spike]
    assert 0.2 < np.mean(swapped) < 0.4
    gains = np.array([x[at, [0, 1]] / 1000 for x, at in zip(tall, spike, strict=True)]).ravel()
    gains = gains[np.abs(gains) > 0.1]  # the rest lie in a lead that was dropped
    assert 0.15 < np.mean(gains < 0) < 0.35
    assert 0.7 < np.median(np.abs(gains)) < 1.4
    dropped = [not x[:, 0].any() or not x[:, 1].any() for x in many]
    assert 0.1 < np.mean(dropped) < 0.3
    silent = np.array([(~x.any(axis=1)).sum() for x in many]) / FS
    assert 0.05 < np.mean(silent > 0) < 0.2
    assert 2 < silent.max() <= 4


# --- noise ---


@few
@given(seed=st.integers(0, 999), snr=st.floats(-6, 24), level=st.floats(0.01, 100))
def test_noise_has_the_snr_that_was_asked_for(seed: int, snr: float, level: float) -> None:
    noise = np.random.default_rng(seed).normal(0.3, level, size=500).astype(np.float32)
    added = noise_gain(noise, snr) * noise.astype(np.float64)
    # As nst defines it: the QRS's peak-to-peak value, squared, over eight, against mean square.
    signal_power = 2.0**2 / 8
    assert 10 * np.log10(signal_power / np.mean(added**2)) == pytest.approx(snr, abs=1e-3)


def test_a_qrs_in_the_form_of_a_sine_has_the_power_that_the_definition_gives() -> None:
    sine = np.sin(2 * np.pi * np.arange(1000) / 100).astype(np.float32)  # peak to peak 2
    assert noise_gain(sine, 0.0) == pytest.approx(1.0, rel=1e-4)


def test_silent_noise_has_no_gain() -> None:
    assert noise_gain(np.zeros(100, dtype=np.float32), 0.0) == 0.0


@few
@given(seed=st.integers(0, 10_000), recorded=st.booleans())
def test_noise_is_added_in_place_to_one_span(seed: int, recorded: bool) -> None:
    noisy = np.zeros((N, 2), dtype=np.float32)
    add_noise(noisy, RECORDED if recorded else [], np.random.default_rng(seed))
    assert np.isfinite(noisy).all()
    power = float(np.mean(noisy.astype(np.float64) ** 2))
    assert power <= 0.5 * 10**0.6 * 1.01  # no louder than -6 dB


def test_recorded_noise_is_used() -> None:
    ramp = np.arange(1, 3 * N + 1, dtype=np.float32)[:, None] * np.ones(2, np.float32)
    ramps = 0
    for seed in range(40):
        noisy = np.zeros((N, 2), dtype=np.float32)
        add_noise(noisy, [ramp], np.random.default_rng(seed))
        steps = np.diff(noisy[noisy[:, 0] != 0, 0])
        ramps += len(steps) > FS and bool(np.allclose(steps, steps[0], rtol=0.2) and steps[0] > 0)
    assert ramps > 5


@few
@given(seed=st.integers(0, 999), n=st.integers(1, 3000))
def test_electrode_noise_is_finite_whatever_its_length(seed: int, n: int) -> None:
    for make in (electrode_motion, electrode_contact):
        noise = make(n, np.random.default_rng(seed))
        assert noise.shape == (n, 2)
        assert noise.dtype == np.float32
        assert np.isfinite(noise).all()
        assert np.array_equal(noise, make(n, np.random.default_rng(seed)))


def test_leads_jump_together_and_come_back() -> None:
    noise = electrode_contact(60 * FS, np.random.default_rng(3))
    loud = np.abs(noise) > 0.3 * np.abs(noise).max(axis=0)
    assert np.mean(loud[loud[:, 0], 1]) > 5 * np.mean(loud[:, 1])
    assert np.abs(noise.mean(axis=0)).max() < 0.05 * np.abs(noise).max()
