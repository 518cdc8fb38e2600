from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import AFTER_S, BEFORE_S, MOST, cut, likeness, qrs_width, shapes
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.record import Annotation, LazyRecord, Record

FS = 500.0
Floats = NDArray[np.float64]


def beat(width_s: float, *, height: float = 1.0, noise: float = 0.0) -> Floats:
    """One lead with a triangular QRS of that width around the R-peak."""
    time = np.arange(-BEFORE_S, AFTER_S, 1 / FS)
    made = height * np.clip(1 - np.abs(time) / (width_s / 2), 0, None)
    rng = np.random.default_rng(0)
    return np.asarray((made + noise * rng.standard_normal(len(time)))[:, None])


@pytest.mark.parametrize("width_s", [0.06, 0.08, 0.12, 0.16, 0.2])
def test_width_of_a_triangle(width_s: float) -> None:
    found = qrs_width(beat(width_s), FS)
    assert found == pytest.approx(width_s, abs=0.015)
    assert qrs_width(beat(width_s, height=-3.0), FS) == pytest.approx(found)


def test_width_is_not_told_of_noise_or_of_nothing() -> None:
    assert qrs_width(beat(0.1, noise=0.3), FS) is None
    assert qrs_width(0 * beat(0.1), FS) is None
    assert qrs_width(np.nan * beat(0.1), FS) is None
    assert qrs_width(beat(0.1, noise=0.002), FS) == pytest.approx(0.1, abs=0.02)


def test_likeness_is_a_correlation_that_allows_a_small_shift() -> None:
    narrow, wide = beat(0.08), beat(0.2)
    assert likeness(narrow, narrow, FS) == pytest.approx(1)
    assert likeness(7 * narrow, narrow, FS) == pytest.approx(1)
    assert likeness(np.roll(narrow, 5, axis=0), narrow, FS) == pytest.approx(1)
    between = likeness(wide, narrow, FS)
    assert between is not None
    assert 0.4 < between < 0.9
    opposite = likeness(-wide, narrow, FS)
    assert opposite is not None
    assert opposite < 0
    assert likeness(0 * narrow, narrow, FS) is None
    assert likeness(np.nan * narrow, narrow, FS) is None


def made_source(n_seconds: int, reads: list[int] | None = None) -> LazyRecord:
    """One beat a second, every fifth of them wide, in microvolts."""
    signal = np.zeros((int(n_seconds * FS), 1), dtype=np.float32)
    before = round(BEFORE_S * FS)
    for second in range(1, n_seconds - 1):
        at = int(second * FS) - before
        one = beat(0.16 if second % 5 == 0 else 0.08)
        signal[at : at + len(one)] += 1000 * one
    source = Record(signal, FS, ("II",), ("uV",)).lazy()

    def read(begin: int, end: int) -> NDArray[np.float32]:
        if reads is not None:
            reads.append(end - begin)
        return signal[begin:end]

    return LazyRecord(read, source.n_samples, FS, ("II",), ("uV",))


def test_shapes_are_medians_of_each_class_read_piece_by_piece() -> None:
    reads: list[int] = []
    source = made_source(300, reads)
    second = np.arange(300)
    symbols = np.where(second % 5 == 0, "V", "N")
    beats = beat_series(Annotation((second * FS).astype(np.int64), symbols, FS), source.n_samples)
    found = shapes(source, beats, [0])
    assert [(s.class_name, s.count, len(s.beats)) for s in found] == [
        ("N", 240, MOST), ("V", 60, 59),
    ]  # fmt: skip
    assert found[0].qrs_s == pytest.approx(0.08, abs=0.015)
    assert found[1].qrs_s == pytest.approx(0.16, abs=0.015)
    assert found[0].median.max() == pytest.approx(1.0, abs=0.01)  # mV
    assert sum(reads) < source.n_samples  # less than the whole of it
    assert max(reads) <= (BEFORE_S + AFTER_S) * FS + 1


def test_a_beat_at_the_edge_is_cut_with_what_there_is() -> None:
    source = made_source(4)
    (first,) = cut(source, [0], [10])
    assert np.isnan(first[: round(BEFORE_S * FS) - 10]).all()
    assert np.isfinite(first[round(BEFORE_S * FS) - 10 :]).all()
    none = beat_series(Annotation(np.array([10]), np.array(["N"]), FS), source.n_samples)
    assert shapes(source, none, [0]) == ()
