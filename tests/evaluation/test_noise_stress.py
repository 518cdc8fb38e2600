"""Noise added at a stated SNR, as the reference program adds it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.evaluation import noise_stress
from ecgscribe.record import Annotation, Record

FS = 360.0


def _noise(seconds: int = 900, level: float = 0.5) -> Record:
    signal = np.random.default_rng(0).normal(0, level, (int(seconds * FS), 2)).astype(np.float32)
    return Record(signal=signal, fs=FS, leads=("noise1", "noise2"), name="em")


@pytest.fixture(scope="module")
def made() -> tuple[Record, Annotation]:
    return synthesize(duration=700, fs=int(FS), noise=0, seed=1)


def test_noise_comes_and_goes_every_two_minutes_from_five_on() -> None:
    at = np.array([0, 299.9, 300, 419.9, 420, 539.9, 540, 659.9, 660]) * FS
    on = noise_stress.in_noise(np.rint(at).astype(np.int64), FS)
    np.testing.assert_array_equal(on, [0, 0, 1, 1, 0, 0, 1, 1, 0])


def test_quiet_spans_change_by_a_constant_level_only(made: tuple[Record, Annotation]) -> None:
    record, _ = made
    noisy = noise_stress.add_noise(record, _noise(), np.array([1.0, 2.0]))
    difference = noisy.signal - record.signal
    before = slice(0, int(300 * FS))
    np.testing.assert_allclose(difference[before], 0, atol=0.003)
    between = difference[int(420 * FS) : int(540 * FS)]
    assert np.all(np.ptp(between, axis=0) <= 0.0051)
    noisy_span = difference[int(300 * FS) : int(420 * FS)]
    np.testing.assert_allclose(noisy_span.std(axis=0), [0.5, 1.0], rtol=0.05)


def test_nothing_jumps_where_noise_comes_or_goes(made: tuple[Record, Annotation]) -> None:
    record, _ = made
    noise = replace(_noise(), signal=_noise().signal * 0 + 3)  # nothing but an offset of 3 mV
    noisy = noise_stress.add_noise(record, noise, np.array([1.0, 1.0]))
    np.testing.assert_allclose(noisy.signal, record.signal, atol=0.011)


@pytest.mark.parametrize("snr_db", [12.0, -6.0])
def test_the_gain_brings_the_noise_to_its_snr(
    made: tuple[Record, Annotation], snr_db: float
) -> None:
    record, reference = made
    gain = noise_stress.gains(record, reference, _noise(), snr_db=snr_db)
    beats = reference.beats()
    at = beats.sample[(beats.class_index == 0) & (beats.sample > 18)][:, None]
    qrs = np.ptp(record.signal[at + np.arange(-18, 19)], axis=1).mean(axis=0)
    power = (gain * 0.5) ** 2
    np.testing.assert_allclose(10 * np.log10(qrs**2 / 8 / power), snr_db, atol=0.3)


def test_noise_that_does_not_fit_is_refused(made: tuple[Record, Annotation]) -> None:
    record, _ = made
    gain = np.ones(2)
    with pytest.raises(FormatError, match=r"noise as long as the record .* found 36000"):
        noise_stress.add_noise(record, _noise(100), gain)
    with pytest.raises(FormatError, match="found 2 at 250 Hz"):
        noise_stress.add_noise(record, replace(_noise(), fs=250.0), gain)
    one = replace(_noise(), signal=_noise().signal[:, :1], leads=("n",), units=("mV",))
    with pytest.raises(FormatError, match="found 1 at 360 Hz"):
        noise_stress.add_noise(record, one, gain)


@pytest.mark.mitdb
def test_noisy_records_are_those_of_the_reference_program(
    data_dir: Path, reference_dir: Path
) -> None:
    with (reference_dir / "nst" / "gains.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    noise = datasets.noise("em", data_dir=data_dir)
    for name, snr_db in (("100", "12"), ("232", "-6")):
        record, _ = datasets.load("mitdb", name, data_dir=data_dir)
        mine = [row for row in rows if (row["record"], row["snr_db"]) == (name, snr_db)]
        gain = np.array([float(row["gain"]) for row in sorted(mine, key=lambda r: r["signal"])])
        noisy = noise_stress.add_noise(record, noise, gain)
        units = np.rint(noisy.signal.astype(np.float64) / 0.005).astype(np.int64)[:649_999]
        sums = [int(row["checksum_649999"]) for row in sorted(mine, key=lambda r: r["signal"])]
        assert (units.sum(axis=0) % 65_536).tolist() == sums


@pytest.mark.mitdb
def test_gains_are_those_of_the_reference_program(data_dir: Path, reference_dir: Path) -> None:
    with (reference_dir / "nst" / "gains.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["snr_db"] == "6"]
    noise = datasets.noise("em", data_dir=data_dir)
    ratios = []
    for name in sorted({row["record"] for row in rows}):
        loaded = datasets.load("mitdb", name, data_dir=data_dir)
        gains = noise_stress.gains(*loaded, noise, snr_db=6)
        for row in rows:
            if row["record"] == name:
                ratios.append(gains[int(row["signal"])] / float(row["gain"]))
    # The program takes the amplitude of the noise a little otherwise: up to 0.2 dB.
    assert len(ratios) == 44
    assert 0.975 < min(ratios) < max(ratios) < 1
