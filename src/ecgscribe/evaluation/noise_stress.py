"""Add recorded noise to a record at a stated SNR, as the noise stress test of PhysioNet does.

The recipe is that of the program nst of the WFDB Software Package (Moody, Muldrow & Mark, Comput
Cardiol 11:381-384, 1984): noise comes and goes every two minutes from 5:00 on; the signal's power
is the square of the QRS peak-to-peak amplitude over eight; the result is in whole ADC units.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record

__all__ = ["BEGINS_S", "add_noise", "gains", "in_noise"]


BEGINS_S = 300.0
"""Where noise begins, in s."""
PERIOD_S = 120.0
"""How long it stays, and how long it is away."""
ADC_STEP = 0.005
"""mV of one ADC unit of mitdb and nstdb."""
QRS_REACH_S = 0.05
"""Seconds to each side of an R-peak within which the QRS amplitude is taken."""
MEASURED = 300
"""QRS complexes, and seconds of noise, that amplitudes are taken from."""
TRIM = 0.05
"""Share of the measured amplitudes that is left out at each end."""


Samples = NDArray[np.float64]


def in_noise(sample: NDArray[np.int64], fs: float) -> NDArray[np.bool_]:
    """Say which samples lie where noise is added.

    Parameters
    ----------
    sample : ndarray of int64
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of bool
    """
    since = np.asarray(sample) / fs - BEGINS_S
    on: NDArray[np.bool_] = (since >= 0) & (np.floor(since / PERIOD_S) % 2 == 0)
    return on


def _trimmed_mean(values: Samples) -> Samples:
    cut = int(TRIM * len(values))
    mean: Samples = np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0)
    return mean


def gains(record: Record, reference: Annotation, noise: Record, *, snr_db: float) -> Samples:
    """Give the gain of the noise for each lead of a record.

    Parameters
    ----------
    record : Record
        Two leads.
    reference : Annotation
        Its beats; the amplitude is that of the first 300 that are N or S.
    noise : Record
        As many leads at the same sampling frequency.
    snr_db : float
        Signal-to-noise ratio in dB.

    Returns
    -------
    ndarray of float64, shape (n_leads,)
    """
    beats = reference.beats()
    reach = round(QRS_REACH_S * record.fs)
    at = beats.sample[beats.class_index <= 1][:MEASURED]
    at = at[(at >= reach) & (at < record.n_samples - reach)]
    around = record.signal[at[:, None] + np.arange(-reach, reach + 1)].astype(np.float64)
    qrs = _trimmed_mean(np.ptp(around, axis=1))
    second = round(noise.fs)
    n = min(MEASURED, noise.n_samples // second)
    pieces = noise.signal[: n * second].reshape(n, second, -1).astype(np.float64)
    rms = _trimmed_mean(pieces.std(axis=1))
    result: Samples = np.sqrt(qrs**2 / 8 / 10 ** (snr_db / 10)) / rms
    return result


def add_noise(record: Record, noise: Record, gain: Samples) -> Record:
    """Add noise to a record, two minutes of it and two without, from 5:00 on.

    Parameters
    ----------
    record, noise : Record
        In mV, at the same sampling frequency, with as many leads; the noise as long as the record.
    gain : ndarray of float64, shape (n_leads,)
        See `gains`.

    Returns
    -------
    Record

    Raises
    ------
    FormatError
        If the noise does not fit the record.
    """
    if noise.fs != record.fs or noise.signal.shape[1] != record.signal.shape[1]:
        raise FormatError(
            f"{noise.name}: expected noise of {record.signal.shape[1]} leads at {record.fs:g} Hz, "
            f"found {noise.signal.shape[1]} at {noise.fs:g} Hz; take that of nstdb"
        )
    if noise.n_samples < record.n_samples:
        raise FormatError(
            f"{noise.name}: expected noise as long as the record ({record.n_samples} samples), "
            f"found {noise.n_samples}; take that of nstdb"
        )
    n = record.n_samples
    clean = np.rint(record.signal.astype(np.float64) / ADC_STEP)
    added = np.rint(noise.signal[:n].astype(np.float64) / ADC_STEP)
    on = in_noise(np.arange(n), record.fs)
    switches = np.flatnonzero(np.diff(on.astype(np.int8))) + 1
    noisy = clean.copy()
    level = np.zeros(clean.shape[1])  # so that nothing jumps where noise comes or goes
    for begin, end in zip(switches, [*switches[1:], n], strict=True):
        factor = gain if on[begin] else np.zeros_like(gain)
        last = begin - 1
        level = np.trunc(clean[last] + factor * added[last] - noisy[last])
        run = slice(begin, end)
        noisy[run] = np.trunc(clean[run] + factor * added[run] - level)
    return dataclasses.replace(record, signal=(noisy * ADC_STEP).astype(np.float32))
