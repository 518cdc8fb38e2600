"""Make noise-only signals, from which a network learns that a signal may hold no beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.record import Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.windows import FS
from ecgscribe.training.augmentation import electrode_motion

__all__ = ["coloured_noise", "noise_only_signal", "smooth_wave"]

Floats = NDArray[np.float32]


def noise_only_signal(n: int, recorded: Sequence[Floats], rng: Generator) -> Floats:
    """Make a conditioned signal without any beat: a smooth wave, made noise or recorded noise.

    Parameters
    ----------
    n : int
        Steps, a minute or more.
    recorded : sequence of ndarray, shape (m_steps, 2)
        Noise recordings to cut from, in addition to made noise.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Scaled as a recording is, so that the noise has the amplitude of a QRS.
    """
    kind = int(rng.integers(0, 4))
    if kind == 0:
        noise = smooth_wave(n, rng)
    elif kind == 1:
        noise = coloured_noise(n, rng)
    elif kind == 2 or not recorded:
        noise = electrode_motion(n, rng) + np.float32(0.05) * coloured_noise(n, rng)
    else:
        source = recorded[int(rng.integers(len(recorded)))]
        noise = np.take(source, int(rng.integers(len(source))) + np.arange(n), axis=0, mode="wrap")
    if rng.random() < 0.3:
        noise = np.repeat(noise[:, :1], 2, axis=1)
    return condition(Record(noise.astype(np.float32), float(FS), ("1", "2"))).signal


def smooth_wave(n: int, rng: Generator) -> Floats:
    """Make a wave of 0.3 to 8 Hz whose rate and amplitude vary slowly, shape (n, 2)."""
    rate = np.exp(rng.uniform(np.log(0.3), np.log(8)))
    phase = 2 * np.pi * np.cumsum(rate * np.exp(rng.uniform(0, 0.2) * _slow_change(n, 2, rng))) / FS
    amplitude = np.exp(rng.uniform(0, 1) * _slow_change(n, 5, rng))
    harmonic = rng.uniform(0, 0.4) * np.sin(2 * phase + rng.uniform(0, 6))
    wave = amplitude * (np.sin(phase) + harmonic)
    return (wave[:, None] * rng.uniform(-1, 1, size=2)).astype(np.float32)


def coloured_noise(n: int, rng: Generator) -> Floats:
    """Make noise between white and brown whose amplitude varies slowly, shape (n, 2)."""
    spectrum = np.fft.rfft(rng.normal(size=(n, 2)), axis=0)
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / FS), 0.5)
    noise = np.fft.irfft(spectrum * frequency[:, None] ** -rng.uniform(0, 1.25), n, axis=0)
    amplitude = np.exp(rng.uniform(0, 1) * _slow_change(n, 3, rng))
    return (noise * amplitude[:, None]).astype(np.float32)


def _slow_change(n: int, period_s: float, rng: Generator) -> NDArray[np.float64]:
    """Draw a normally distributed value every `period_s`, interpolated in between, shape (n,)."""
    knots = np.arange(0, n + 2 * period_s * FS, period_s * FS)
    return np.interp(np.arange(n), knots, rng.normal(size=len(knots)))
