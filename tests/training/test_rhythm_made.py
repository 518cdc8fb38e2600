"""Recordings laid out in fibrillation, and in what resembles it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe.datasets.resequenced import FIBRILLATION_RECORDS
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.formats.wfdb.writing import write_annotation
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.record import Annotation
from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example, make_example
from ecgscribe.training.rhythm_made import (
    made_records,
    rhythm_record_of,
    training_intervals,
    ventricular_tachycardia,
)


@pytest.fixture(scope="module")
def example() -> Example:
    record, annotation = synthesize(duration=120.0, seed=2, noise=0.2, s_rate=0.0, v_rate=0.0)
    return make_example("mitdb/101", record, annotation)


def write_afdb(root: Path, rr: float = 0.7, name: str = "04015") -> None:
    """Write 600 intervals of `rr` in fibrillation, and 100 of 1 s around them."""
    folder = root / "afdb"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.hea").write_text(f"{name} 2 250 1000000\n")
    intervals = np.concatenate([np.ones(50), np.full(600, rr), np.ones(50)])
    sample = np.cumsum(np.round(intervals * 250)).astype(np.int64)
    beats = Annotation(sample=sample, symbol=np.full(len(sample), "N"), fs=250.0)
    write_annotation(beats, folder / f"{name}.qrs")
    rhythms = Annotation(
        sample=np.array([0, sample[49], sample[649] + 1]),
        symbol=np.array(["+"] * 3),
        aux_note=np.array(["(N", "(AFIB", "(N"]),
        fs=250.0,
    )
    write_annotation(rhythms, folder / f"{name}.atr")


def test_intervals_are_those_within_fibrillation(tmp_path: Path) -> None:
    assert training_intervals(data_dir=tmp_path) == []
    write_afdb(tmp_path)
    write_afdb(tmp_path, rr=0.5, name=FIBRILLATION_RECORDS[0])  # with which nothing is trained
    (intervals,) = training_intervals(data_dir=tmp_path)
    assert len(intervals) == 600
    np.testing.assert_allclose(intervals, 0.7)


def test_each_example_gives_one_recording_in_fibrillation_and_one_without(
    example: Example, tmp_path: Path
) -> None:
    made = made_records([example, example], [3, 4], seed=1, data_dir=tmp_path)
    assert [record.fold for record in made] == [3, 3, 4, 4]
    for record in made:
        assert record.database == "made"
        assert len(record.unscaled) == len(record.label) * FS
        assert len(record.r_peaks) == len(record.peak_scores) > 60
        assert record.peak_scores.min() >= 0.7
    rhythms = [set(record.label.tolist()) for record in made]
    assert rhythms == [{Rhythm.FIBRILLATION}, {Rhythm.PLAIN}] * 2

    def irregular(k: int) -> float:
        rr = np.diff(made[k].r_peaks)
        return float(np.median(np.abs(np.diff(rr))) / np.median(rr))

    assert irregular(0) > 0.08
    again = made_records([example], [3], seed=1, data_dir=tmp_path)
    np.testing.assert_array_equal(again[0].unscaled, made[0].unscaled)


def test_ventricular_beats_in_a_row_are_a_tachycardia() -> None:
    recording = synthesize(duration=240.0, seed=3, noise=0.2, s_rate=0.0, v_rate=0.1)
    example = make_example("mitdb/106", *recording)
    made = made_records([example], [2], seed=1)
    (record,) = [record for record in made if record.has(Rhythm.TACHYCARDIA)]
    assert record.name == "made/mitdb/106/ventricular_tachycardia"
    assert (record.label == Rhythm.PLAIN).any()
    inside = record.label[np.minimum(record.r_peaks.astype(int) // FS, len(record.label) - 1)]
    rr = np.diff(record.r_peaks) / FS
    fast = rr[(inside[1:] == Rhythm.TACHYCARDIA) & (inside[:-1] == Rhythm.TACHYCARDIA)]
    assert 60 / 260 < np.quantile(fast, 0.02) < np.quantile(fast, 0.98) < 60 / 90
    # A single ventricular beat of the recording as it is belongs to no rhythm of its own.
    assert np.mean(np.diff(np.flatnonzero(record.label == Rhythm.TACHYCARDIA)) == 1) > 0.7


def test_recordings_with_few_ventricular_beats_have_no_tachycardia(example: Example) -> None:
    assert ventricular_tachycardia(example, np.random.default_rng(0)) is None


def test_recorded_intervals_are_used_where_they_are(example: Example, tmp_path: Path) -> None:
    write_afdb(tmp_path, rr=0.6)
    fibrillation = made_records([example], [0], seed=1, data_dir=tmp_path)[0]
    rr = np.diff(fibrillation.r_peaks) / FS
    assert 0.85 * 0.6 - 0.02 < np.median(rr) < 1.15 * 0.6 + 0.02
    assert np.ptp(np.quantile(rr, [0.1, 0.9])) < 0.03  # as regular as the recorded ones


def test_a_lead_that_is_missing_is_left_out(example: Example) -> None:
    signal = example.signal.copy()
    signal[:, 1] = 0
    one = Example("x/1", signal, example.r_peaks, example.class_index, example.masked)
    record = rhythm_record_of(one, 0, Rhythm.PLAIN, np.random.default_rng(0))
    assert record is not None
    assert record.unscaled.shape[1] == record.lost.shape[1] == len(record.typical) == 1
