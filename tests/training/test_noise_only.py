"""Noise-only signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.signal.windows import FS
from ecgscribe.training.noise_only import coloured_noise, noise_only_signal, smooth_wave

N = 60 * FS
RECORDED = [np.random.default_rng(9).normal(0, 5, size=(N // 2, 2)).astype(np.float32)]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), recorded=st.booleans())
def test_noise_only_signal_has_the_amplitude_of_a_recording(seed: int, recorded: bool) -> None:
    made = noise_only_signal(N, RECORDED if recorded else [], np.random.default_rng(seed))
    assert made.shape == (N, 2)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    # A conditioned signal spans about 2 in a block of two seconds.
    height = np.ptp(made.reshape(-1, 2 * FS, 2), axis=1)
    assert np.all(np.median(height, axis=0) == pytest.approx(2, abs=0.5))
    again = noise_only_signal(N, RECORDED if recorded else [], np.random.default_rng(seed))
    np.testing.assert_array_equal(made, again)


def test_wave_has_nothing_as_steep_as_a_qrs() -> None:
    for seed in range(20):
        wave = smooth_wave(N, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(wave, axis=0)) ** 2
        fast = np.fft.rfftfreq(N, 1 / FS) > 20
        assert spectrum[fast].sum() < 0.02 * spectrum.sum()


def test_noise_is_of_many_colours() -> None:
    def slope(seed: int) -> float:
        noise = coloured_noise(10 * N, np.random.default_rng(seed))
        power = (np.abs(np.fft.rfft(noise, axis=0)) ** 2).sum(axis=1)
        octaves = np.fft.rfftfreq(10 * N, 1 / FS)
        low, high = (power[(octaves > f) & (octaves < 2 * f)].mean() for f in (2, 16))
        return float(np.log2(low / high) / 3)

    slopes = [slope(seed) for seed in range(20)]
    assert min(slopes) < 0.5
    assert max(slopes) > 2
    assert min(slopes) > -0.2
    assert max(slopes) < 2.7
