"""Every beat is in a bin; beats of one bin are alike."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.analysis import beat_bins
from ecgscribe.analysis.beat_bins import MOST_SHAPES, OTHER, bin_beats, find_shapes
from ecgscribe.analysis.morphology import beat_waveforms, qrs_correlation
from ecgscribe.analysis.templates import ALIKE
from ecgscribe.record import LazyRecord, Record

Samples = NDArray[np.int64]
FS = 250.0


def drawn(kinds: list[int], *, fs: float = FS, noise: float = 0.0) -> tuple[LazyRecord, Samples]:
    """A record with one beat of a kind per second, each kind a sine of its own period."""
    rng = np.random.default_rng(3)
    time = np.arange(round((len(kinds) + 1) * fs)) / fs
    signal = noise * rng.standard_normal(len(time))
    for k, kind in enumerate(kinds):
        away = time - (k + 1)
        period = 0.05 * 1.5 ** (kind // 2)
        wave = np.sin(2 * np.pi * away / period + 0.5)
        signal += (-1) ** kind * (1 + k / 99) * np.where(np.abs(away) < period / 2, wave, 0)
    record = Record(1000 * signal[:, None].astype(np.float32), fs, ("II",), ("uV",)).lazy()
    return record, np.round(fs * np.arange(1, len(kinds) + 1)).astype(np.int64)


@pytest.mark.parametrize("fs", [128.0, 250.0, 360.0, 1000.0])
def test_each_kind_of_beat_is_a_bin_the_most_frequent_first(fs: float) -> None:
    kinds = [2 if k % 7 == 0 else 1 if k % 3 == 0 else 0 for k in range(120)]
    record, samples = drawn(kinds, fs=fs, noise=0.01)
    shapes, bins = find_shapes(record, samples, (0,))
    assert bins.tolist() == kinds
    assert len(shapes.waves) == 3
    assert shapes.fs <= 250
    assert abs(shapes.waves[0]).max() == pytest.approx(1.5, abs=0.6)  # in mV
    assert bin_beats(record, samples[40:50], shapes).tolist() == kinds[40:50]


def test_beats_of_a_bin_are_as_alike_as_those_of_a_template() -> None:
    record, samples = drawn([k % 3 for k in range(60)], noise=0.1)
    shapes, bins = find_shapes(record, samples, (0,))
    waves = beat_waveforms(record, (0,), samples.tolist())
    for k in range(len(shapes.waves)):
        middle = np.median(waves[bins == k], axis=0)
        alike = [qrs_correlation(wave, middle, FS) or 0.0 for wave in waves[bins == k]]
        assert min(alike) > ALIKE - 0.02


def test_what_resembles_few_others_or_is_flat_is_in_the_bin_of_the_others() -> None:
    record, samples = drawn([0] * 20 + [3, 3] + [0] * 20)
    shapes, bins = find_shapes(record, samples, (0,))
    assert np.flatnonzero(bins == OTHER).tolist() == [20, 21]
    away = np.array([round(0.5 * FS), record.n_samples - 1])  # flat; and beyond the end
    assert bin_beats(record, away, shapes).tolist() == [OTHER, OTHER]
    shapes, bins = find_shapes(record, np.zeros(0, np.int64), (0,))
    assert (len(shapes.waves), len(bins)) == (0, 0)


def test_a_rare_kind_that_few_beats_of_each_piece_have_is_a_bin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = [1 if k % 25 == 24 else 0 for k in range(100)]
    record, samples = drawn(kinds)
    whole = find_shapes(record, samples, (0,))[1]
    monkeypatch.setattr(beat_bins, "_PIECE", 20)
    assert find_shapes(record, samples, (0,))[1].tolist() == whole.tolist() == kinds


def test_there_are_only_so_many_shapes_and_little_is_read_at_once() -> None:
    rng = np.random.default_rng(0)
    signal = np.repeat(rng.standard_normal((60, 125)), 4, axis=0).ravel()
    record = Record(np.tile(signal, 10)[:, None].astype(np.float32), FS, ("II",)).lazy()
    samples = np.arange(60, record.n_samples - 60, 125)
    longest = []

    def read(begin: int, end: int) -> NDArray[np.float32]:
        longest.append(end - begin)
        return record.read(begin, end)

    watched = LazyRecord(read, record.n_samples, FS, record.leads, record.units)
    shapes, bins = find_shapes(watched, samples, (0,))
    assert len(shapes.waves) == MOST_SHAPES
    assert bins.max() == MOST_SHAPES - 1
    assert max(longest) < 1024 * 125 + 200 < record.n_samples
