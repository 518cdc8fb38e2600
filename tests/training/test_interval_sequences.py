"""Sequences of R-peaks that the network over intervals learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.datasets.resequenced.fibrillation import FIBRILLATION_RECORDS
from ecgscribe.formats.wfdb.writing import write_annotation
from ecgscribe.model.intervals import LEAST_SCORE, WINDOW
from ecgscribe.model.rhythm import N_INTERVAL_FEATURES, Rhythm
from ecgscribe.record import Annotation
from ecgscribe.signal.windows import FS
from ecgscribe.training.intervals import (
    FEWEST,
    IntervalPools,
    Intervals,
    draw_intervals,
    intervals_of,
    recorded_intervals,
)
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_records import RhythmRecord


def source(name: str, rr: NDArray[np.float64], label: int) -> Intervals:
    labels = np.full(len(rr), label, dtype=np.int8)
    return Intervals(name, None, np.cumsum(rr), labels)


def steady(name: str, label: int = 0) -> Intervals:
    return source(name, np.full(400, 0.8), label)


def test_r_peaks_have_the_rhythm_of_their_second() -> None:
    n = 6
    label = np.array([0, 1, 2, UNKNOWN, 1, 0], dtype=np.int8)
    assert [Rhythm.PLAIN, Rhythm.FIBRILLATION] == [0, 1]
    scores = np.array([0.9, 0.9, 0.9, 0.9, LEAST_SCORE - 0.1, 0.6], dtype=np.float32)
    record = RhythmRecord(
        "x/1", 2, np.zeros((n * FS, 1), np.float32), np.zeros((n * FS, 1), np.bool_),
        np.ones(1, np.float32), np.linspace(0.5, 5.5, n) * FS, scores,
        np.zeros((n, 3, 2), np.float32), label,
    )  # fmt: skip
    found = intervals_of(record)
    assert found.fold == 2
    np.testing.assert_allclose(found.seconds, [0.5, 1.5, 2.5, 3.5, 5.5])
    assert found.label.tolist() == [0, 1, UNKNOWN, UNKNOWN, 0]


def test_recorded_intervals_leave_out_what_evaluates(tmp_path: Path) -> None:
    assert recorded_intervals(data_dir=tmp_path) == []
    (tmp_path / "afdb").mkdir()
    for name in ("04015", FIBRILLATION_RECORDS[0]):
        stem = tmp_path / "afdb" / name
        stem.with_suffix(".hea").write_text(f"{name} 2 250 1000000\n")
        sample = np.arange(1, 9, dtype=np.int64) * 200
        beats = Annotation(sample=sample, symbol=np.full(8, "N"), fs=250.0)
        write_annotation(beats, stem.with_suffix(".qrs"))
        rhythms = Annotation(
            sample=np.array([300, 700, 1100, 1500]),
            symbol=np.array(["+"] * 4),
            aux_note=np.array(["(AFIB", "(AFL", "(N", "(J"]),
            fs=250.0,
        )
        write_annotation(rhythms, stem.with_suffix(".atr"))
    (found,) = recorded_intervals(data_dir=tmp_path)
    assert found.name == "afdb/04015"
    assert found.fold is None
    np.testing.assert_allclose(found.seconds, np.arange(1, 9) * 0.8)
    # Nothing is in force before the first change.
    assert found.label.tolist() == [UNKNOWN, 1, 1, UNKNOWN, UNKNOWN, 0, 0, UNKNOWN]


def test_a_sequence_keeps_its_labels_and_shows_how_irregular_it_is() -> None:
    rng = np.random.default_rng(1)
    irregular = source("afdb/1", rng.uniform(0.4, 1.2, 400), 1)
    for wanted, one in ((1, irregular), (0, steady("svdb/1"))):
        change = []
        for _ in range(50):
            features, label = draw_intervals(one, wanted, rng)
            assert features.shape == (WINDOW, N_INTERVAL_FEATURES)
            assert set(label.tolist()) <= {wanted, UNKNOWN}
            n = int((label != UNKNOWN).sum())
            assert n >= FEWEST
            assert not features[n:].any()
            change.append(np.median(np.abs(features[:n, 1])))
        assert (np.median(change) > 0.5) == bool(wanted)


def test_what_is_too_short_is_not_learned_from() -> None:
    short = source("svdb/1", np.full(FEWEST - 1, 0.8), 0)
    features, label = draw_intervals(short, 0, np.random.default_rng(0))
    assert not features.any()
    assert set(label.tolist()) == {UNKNOWN}


def test_batches_hold_each_database_and_rhythm() -> None:
    sources = [steady("svdb/1"), steady("svdb/2", UNKNOWN), steady("aftdb/1", 1), steady("other/1")]
    features, label = IntervalPools(sources).draw(40, np.random.default_rng(0))
    assert features.shape == (40, WINDOW, N_INTERVAL_FEATURES)
    assert sorted({int(row.max()) for row in label}) == [0, 1]


def test_other_databases_serve_where_those_are_missing() -> None:
    features, label = IntervalPools([steady("vfdb/1")]).draw(4, np.random.default_rng(0))
    assert features.any()
    assert label.max() == 0


def test_the_same_seed_draws_the_same_batch() -> None:
    pools = IntervalPools([steady("svdb/1"), steady("aftdb/1", 1)])
    first, second, other = (pools.draw(8, np.random.default_rng(k))[0] for k in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@pytest.mark.parametrize("wanted", [0, 1])
def test_only_beats_with_the_wanted_label_are_drawn_around(wanted: int) -> None:
    label = np.repeat(np.array([0, 1], dtype=np.int8), 300)
    half = Intervals("mitdb/1", 0, np.linspace(0.8, 480, 600), label)
    for seed in range(20):
        drawn = draw_intervals(half, wanted, np.random.default_rng(seed))[1]
        assert (drawn == wanted).any()
