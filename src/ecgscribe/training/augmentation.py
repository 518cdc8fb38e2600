"""Augment a conditioned window: gain, polarity, order of leads, lost leads, baseline, noise.

`augment` changes a window in all of these ways at random; `draw_noise` and `noise_gain` make noise
and scale it to an SNR.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.filters import filter_lead
from ecgscribe.signal.windows import FS

__all__ = [
    "add_noise",
    "augment",
    "draw_noise",
    "electrode_contact",
    "electrode_motion",
    "noise_gain",
]
Floats = NDArray[np.float32]

QRS_PEAK_TO_PEAK = 2.0
"""Amplitude of a QRS in a conditioned signal, which `ecgscribe.signal.conditioning` scales so."""


def noise_gain(noise: Floats, snr_db: float) -> float:
    """Return the gain that scales noise to an SNR relative to a conditioned QRS.

    The power of the signal is the square of the QRS peak-to-peak amplitude over eight, as the
    program nst of the WFDB Software Package defines it.
    """
    power = float(np.mean(noise.astype(np.float64) ** 2))
    if power == 0:
        return 0.0
    return float(np.sqrt(QRS_PEAK_TO_PEAK**2 / 8 / power / 10 ** (snr_db / 10)))


def electrode_motion(n: int, rng: np.random.Generator) -> Floats:
    """Make two leads of synthetic electrode-motion noise: bumps as wide as a QRS or T wave."""
    noise = np.zeros((n, 2), dtype=np.float32)
    for _ in range(rng.poisson(1.5 * n / FS)):
        width = rng.uniform(0.02, 0.25) * FS
        reach = int(3 * width)
        centre = int(rng.integers(0, n))
        begin, end = max(centre - reach, 0), min(centre + reach, n)
        at = (np.arange(begin, end) - centre) / width
        bump = np.exp(-0.5 * at**2) * (1 if rng.random() < 0.5 else at)
        noise[begin:end] += bump[:, None] * rng.normal(size=2)
    return noise


def electrode_contact(n: int, rng: np.random.Generator) -> Floats:
    """Make two leads of potentials that jump when an electrode moves and then decay, filtered.

    Both leads jump at the same time, as after a movement of the body, but by different amounts.
    """
    noise = np.zeros((n, 2))
    for _ in range(rng.poisson(rng.uniform(0.4, 2) * n / FS)):
        fade = np.exp(rng.uniform(np.log(0.05), np.log(1.5))) * FS
        begin = int(rng.integers(0, n))
        since = np.arange(min(int(5 * fade), n - begin))
        jump = np.exp(-since / fade) * (1 - np.exp(-since / (0.15 * fade)))
        noise[begin : begin + len(since)] += jump[:, None] * rng.standard_t(3, size=2)
    return np.stack([filter_lead(lead.astype(np.float32), FS) for lead in noise.T], axis=1)


def draw_noise(n: int, recorded: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Draw one kind of noise: recorded in half of the draws, synthetic in the others.

    Parameters
    ----------
    n : int
        Steps.
    recorded : sequence of ndarray, shape (m_steps, 2)
        Filtered noise recordings to cut from, each of at least `n` steps.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n, 2)
    """
    kind = rng.integers(0, 4)
    if kind == 0 and rng.random() < 0.5:
        return rng.normal(size=(n, 2)).astype(np.float32)
    if kind == 0:
        return electrode_contact(n, rng)
    if kind == 1 or not recorded:
        return electrode_motion(n, rng)
    source = recorded[int(rng.integers(len(recorded)))]
    at = int(rng.integers(0, len(source) - n + 1))
    return source[at : at + n, :: 1 if rng.random() < 0.5 else -1]


def add_noise(window: Floats, recorded: Sequence[Floats], rng: np.random.Generator) -> None:
    """Add one kind of noise at a random SNR to a window or a part of it, in place.

    Parameters
    ----------
    window : ndarray of float32, shape (n_steps, 2)
    recorded : sequence of ndarray, shape (m_steps, 2)
        See `draw_noise`.
    rng : numpy.random.Generator
    """
    n = len(window)
    begin, end = 0, n
    if rng.random() < 0.6:
        begin, end = np.sort(rng.integers(0, n + 1, size=2))
        if end - begin < FS:
            return
    noise = draw_noise(end - begin, recorded, rng)
    for lead in range(2):
        if rng.random() < 0.85:
            window[begin:end, lead] += noise[:, lead] * noise_gain(
                noise[:, lead], rng.uniform(-6, 24)
            )


def augment(window: Floats, recorded: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Return an augmented copy of one window.

    Parameters
    ----------
    window : ndarray of float32, shape (n_steps, 2)
    recorded : sequence of ndarray, shape (m_steps, 2)
        Filtered noise recordings; see `add_noise`.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n_steps, 2)
    """
    changed = window.copy()
    if rng.random() < 0.3:
        changed = changed[:, ::-1].copy()
    changed *= np.exp(rng.normal(0, 0.25, size=2)) * rng.choice([1, 1, 1, -1], size=2)
    if rng.random() < 0.25:
        t = np.arange(len(changed))[:, None] / FS
        sway = np.sin(2 * np.pi * (rng.uniform(0.05, 0.6) * t + rng.random(2)))
        changed *= np.exp(rng.uniform(0, 0.35) * sway)
    if rng.random() < 0.5:
        add_noise(changed, recorded, rng)
    if rng.random() < 0.2:
        changed[:, rng.integers(2)] = 0
    if rng.random() < 0.1:
        begin = int(rng.integers(len(changed)))
        changed[begin : begin + int(rng.uniform(0.5, 4) * FS)] = 0
    return changed
