"""Signals without a heart: what a network must hear to learn that there may be no beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.windows import FS
from ecgscribe.training.augmentation import electrode_motion

__all__ = ["heartless"]


Floats = NDArray[np.float32]
Generator = np.random.Generator


def _wander(n: int, period_s: float, rng: Generator) -> NDArray[np.float64]:
    """Draw what changes slowly, about every `period_s`: normal, shape (n,)."""
    knots = np.arange(0, n + 2 * period_s * FS, period_s * FS)
    return np.interp(np.arange(n), knots, rng.normal(size=len(knots)))


def smooth_wave(n: int, rng: Generator) -> Floats:
    """Make a wave of 0.3 to 8 Hz whose rate and height wander."""
    rate = np.exp(rng.uniform(np.log(0.3), np.log(8)))
    phase = 2 * np.pi * np.cumsum(rate * np.exp(rng.uniform(0, 0.2) * _wander(n, 2, rng))) / FS
    height = np.exp(rng.uniform(0, 1) * _wander(n, 5, rng))
    wave = height * (np.sin(phase) + rng.uniform(0, 0.4) * np.sin(2 * phase + rng.uniform(0, 6)))
    return (wave[:, None] * rng.uniform(-1, 1, size=2)).astype(np.float32)


def coloured_noise(n: int, rng: Generator) -> Floats:
    """Make noise from white to brown that swells and fades."""
    spectrum = np.fft.rfft(rng.normal(size=(n, 2)), axis=0)
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / FS), 0.5)
    noise = np.fft.irfft(spectrum * frequency[:, None] ** -rng.uniform(0, 1.25), n, axis=0)
    swelling = np.exp(rng.uniform(0, 1) * _wander(n, 3, rng))
    return (noise * swelling[:, None]).astype(np.float32)


def heartless(n: int, recorded: Sequence[Floats], rng: Generator) -> Floats:
    """Make a conditioned signal in which no heart beats.

    Parameters
    ----------
    n : int
        Steps, a minute or more.
    recorded : sequence of ndarray, shape (m_steps, 2)
        Noise recordings to cut from, beside what is made.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n, 2)
        Scaled as a recording is, so that noise alone is as high as a QRS.
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
