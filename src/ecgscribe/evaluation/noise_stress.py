"""Add recorded noise to records at a given SNR, as in the noise stress test of PhysioNet.

The recipe is that of the program nst of the WFDB Software Package (Moody, Muldrow & Mark, Comput
Cardiol 11:381-384, 1984): from 5:00 on, two minutes with noise alternate with two minutes without;
the power of the signal is the square of the QRS peak-to-peak amplitude over eight; the result is in
whole ADC units.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.errors import FormatError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.protocol import STARTS, WINDOWS, r_peak_metrics
from ecgscribe.evaluation.records import AnnotationRun, Annotator, Prepare, RecordSet
from ecgscribe.evaluation.results import RPeakMetrics
from ecgscribe.metrics.performance import Doubles
from ecgscribe.record import Annotation, Record

__all__ = ["BEGINS_S", "add_noise", "gains", "in_noise", "noise_metrics", "noise_runs"]


BEGINS_S = 300.0
"""Where noise begins, in s."""
PERIOD_S = 120.0
"""Duration with noise, and without, in s."""
ADC_STEP = 0.005
"""One ADC unit of mitdb and nstdb, in mV."""
QRS_REACH_S = 0.05
"""Seconds on each side of an R-peak in which the QRS amplitude is measured."""
MEASURED = 300
"""Most QRS complexes, and seconds of noise, in which amplitudes are measured."""
TRIM = 0.05
"""Share of the measured amplitudes that is left out at each end."""
ONLY_NOISE = ", noisy spans only"
"""Suffix of the name of metrics that leave out the spans without noise."""


def in_noise(sample: NDArray[np.int64], fs: float) -> NDArray[np.bool_]:
    """Return which samples lie in spans with noise.

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


def _trimmed_mean(values: Doubles) -> Doubles:
    cut = int(TRIM * len(values))
    mean: Doubles = np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0)
    return mean


def gains(record: Record, reference: Annotation, noise: Record, *, snr_db: float) -> Doubles:
    """Return the gain of the noise for each lead of a record.

    Parameters
    ----------
    record : Record
        Two leads.
    reference : Annotation
        Its beats; the amplitude is measured in the first 300 that are N or S.
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
    result: Doubles = np.sqrt(qrs**2 / 8 / 10 ** (snr_db / 10)) / rms
    return result


def add_noise(record: Record, noise: Record, gain: Doubles) -> Record:
    """Add noise to a record from 5:00 on, two minutes with noise and two without.

    Parameters
    ----------
    record, noise : Record
        In mV, with the same sampling frequency and number of leads; the noise is at least as long
        as the record.
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
            f"found {noise.signal.shape[1]} at {noise.fs:g} Hz; use the noise of nstdb"
        )
    if noise.n_samples < record.n_samples:
        raise FormatError(
            f"{noise.name}: expected noise as long as the record ({record.n_samples} samples), "
            f"found {noise.n_samples}; use the noise of nstdb"
        )
    n = record.n_samples
    clean = np.rint(record.signal.astype(np.float64) / ADC_STEP)
    added = np.rint(noise.signal[:n].astype(np.float64) / ADC_STEP)
    on = in_noise(np.arange(n), record.fs)
    switches = np.flatnonzero(np.diff(on.astype(np.int8))) + 1
    noisy = clean.copy()
    level = np.zeros(clean.shape[1])  # keeps the signal continuous where noise begins or ends
    for begin, end in zip(switches, [*switches[1:], n], strict=True):
        factor = gain if on[begin] else np.zeros_like(gain)
        last = begin - 1
        level = np.trunc(clean[last] + factor * added[last] - noisy[last])
        run = slice(begin, end)
        noisy[run] = np.trunc(clean[run] + factor * added[run] - level)
    return dataclasses.replace(record, signal=(noisy * ADC_STEP).astype(np.float32))


def noise_runs(
    annotator: Annotator, records: RecordSet, snrs_db: Sequence[float]
) -> list[AnnotationRun]:
    """Return one run per SNR, with the noise ``em`` of nstdb added to the records.

    Parameters
    ----------
    annotator : callable
        Annotates a record.
    records : RecordSet
        The records, without noise.
    snrs_db : sequence of float
        Signal-to-noise ratios in dB.

    Returns
    -------
    list of AnnotationRun

    Raises
    ------
    DatasetError
        If the noise is missing.
    """
    if not snrs_db:
        return []
    noise = datasets.noise("em", data_dir=records.data_dir)
    return [
        AnnotationRun(f"em at {snr_db:g} dB", annotator, records, _adder(noise, snr_db))
        for snr_db in snrs_db
    ]


def _adder(noise: Record, snr_db: float) -> Prepare:
    """Return a function that adds noise to a record at this SNR."""

    def noisy(record: Record, reference: Annotation) -> Record:
        return add_noise(record, noise, gains(record, reference, noise, snr_db=snr_db))

    return noisy


def noise_metrics(
    snrs_db: Sequence[float], scored: Sequence[Sequence[Scored]], *, resamples: int = 1000
) -> tuple[RPeakMetrics, ...]:
    """Score R-peaks in noise, from 5:00 within 150 ms.

    Parameters
    ----------
    snrs_db : sequence of float
        Signal-to-noise ratios in dB.
    scored : sequence of sequence of Scored
        The results of `noise_runs`.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    tuple of RPeakMetrics
        Two per SNR: the whole records, and the spans with noise only.
    """
    metrics: list[RPeakMetrics] = []
    for snr_db, items in zip(snrs_db, scored, strict=True):
        noisy = [
            dataclasses.replace(i, reference=_only_noise(i.reference), test=_only_noise(i.test))
            for i in items
        ]
        for of_part, suffix in ((items, ""), (noisy, ONLY_NOISE)):
            of_sets = r_peak_metrics(
                of_part,
                annotator=f"{snr_db:g} dB{suffix}",
                resamples=resamples,
                windows=WINDOWS[:1],
                starts=STARTS[1:],
            )
            metrics += [m for m in of_sets if m.set == "all"]
    return tuple(metrics)


def _only_noise(annotation: Annotation) -> Annotation:
    return annotation.select(in_noise(annotation.sample, annotation.fs))
