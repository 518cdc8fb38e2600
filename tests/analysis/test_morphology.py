from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import (
    AFTER_S,
    BEFORE_S,
    MOST_SAMPLED,
    beat_waveforms,
    qrs_correlation,
    qrs_width,
    shapes,
)
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.record import Annotation, LazyRecord, Record

FS = 500.0
Doubles = NDArray[np.float64]


def beat(width_s: float, *, height: float = 1.0, noise: float = 0.0) -> Doubles:
    """One lead with a triangular QRS of that width around the R-peak."""
    time = np.arange(-BEFORE_S, AFTER_S, 1 / FS)
    triangle = height * np.clip(1 - np.abs(time) / (width_s / 2), 0, None)
    rng = np.random.default_rng(0)
    return np.asarray((triangle + noise * rng.standard_normal(len(time)))[:, None])


@pytest.mark.parametrize("width_s", [0.06, 0.08, 0.12, 0.16, 0.2])
def test_width_of_a_triangle(width_s: float) -> None:
    width = qrs_width(beat(width_s), FS)
    assert width == pytest.approx(width_s, abs=0.015)
    assert qrs_width(beat(width_s, height=-3.0), FS) == pytest.approx(width)


def test_noise_and_a_flat_signal_have_no_width() -> None:
    assert qrs_width(beat(0.1, noise=0.3), FS) is None
    assert qrs_width(0 * beat(0.1), FS) is None
    assert qrs_width(np.nan * beat(0.1), FS) is None
    assert qrs_width(beat(0.1, noise=0.002), FS) == pytest.approx(0.1, abs=0.02)


def test_correlation_allows_a_small_shift() -> None:
    narrow, wide = beat(0.08), beat(0.2)
    assert qrs_correlation(narrow, narrow, FS) == pytest.approx(1)
    assert qrs_correlation(7 * narrow, narrow, FS) == pytest.approx(1)
    assert qrs_correlation(np.roll(narrow, 5, axis=0), narrow, FS) == pytest.approx(1)
    between = qrs_correlation(wide, narrow, FS)
    assert between is not None
    assert 0.4 < between < 0.9
    opposite = qrs_correlation(-wide, narrow, FS)
    assert opposite is not None
    assert opposite < 0
    assert qrs_correlation(0 * narrow, narrow, FS) is None
    assert qrs_correlation(np.nan * narrow, narrow, FS) is None


def synthetic_record(n_seconds: int, reads: list[int] | None = None) -> LazyRecord:
    """One beat per second, every fifth of them wide, in microvolts."""
    signal = np.zeros((int(n_seconds * FS), 1), dtype=np.float32)
    before = round(BEFORE_S * FS)
    for second in range(1, n_seconds - 1):
        at = int(second * FS) - before
        one = beat(0.16 if second % 5 == 0 else 0.08)
        signal[at : at + len(one)] += 1000 * one
    record = Record(signal, FS, ("II",), ("uV",)).lazy()

    def read(begin: int, end: int) -> NDArray[np.float32]:
        if reads is not None:
            reads.append(end - begin)
        return signal[begin:end]

    return LazyRecord(read, record.n_samples, FS, ("II",), ("uV",))


def test_shapes_are_medians_of_each_class_read_piece_by_piece() -> None:
    reads: list[int] = []
    record = synthetic_record(300, reads)
    second = np.arange(300)
    symbols = np.where(second % 5 == 0, "V", "N")
    beats = beat_series(Annotation((second * FS).astype(np.int64), symbols, FS), record.n_samples)
    measured = shapes(record, beats, [0])
    assert [(s.class_name, s.count, len(s.beats)) for s in measured] == [
        ("N", 240, MOST_SAMPLED), ("V", 60, 59),
    ]  # fmt: skip
    assert measured[0].qrs_s == pytest.approx(0.08, abs=0.015)
    assert measured[1].qrs_s == pytest.approx(0.16, abs=0.015)
    assert measured[0].median.max() == pytest.approx(1.0, abs=0.01)  # mV
    assert sum(reads) < record.n_samples  # less than the whole of it
    assert max(reads) <= (BEFORE_S + AFTER_S) * FS + 1


def test_a_beat_at_the_edge_is_cut_with_what_there_is() -> None:
    record = synthetic_record(4)
    (first,) = beat_waveforms(record, [0], [10])
    assert np.isnan(first[: round(BEFORE_S * FS) - 10]).all()
    assert np.isfinite(first[round(BEFORE_S * FS) - 10 :]).all()
    none = beat_series(Annotation(np.array([10]), np.array(["N"]), FS), record.n_samples)
    assert shapes(record, none, [0]) == ()
