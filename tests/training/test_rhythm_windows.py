"""Windows for the rhythm network: cut, changed, padded and drawn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.model.rhythm import WINDOW_S, Rhythm
from ecgscribe.model.second_features import N_BEAT_FEATURES
from ecgscribe.model.seconds import heights
from ecgscribe.signal.windows import FS
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_records import RhythmRecord
from ecgscribe.training.rhythm_windows import (
    RhythmPools,
    _begin,
    add_noise,
    cut_window,
    make_standstill,
    to_inputs,
)

Floats = NDArray[np.float32]


def record(
    name: str = "svdb/800", *, n: int = 100, leads: int = 2, label: int = Rhythm.PLAIN
) -> RhythmRecord:
    """A record with a beat in the middle of each second, 2 high in every lead."""
    unscaled = np.zeros((n * FS, leads), dtype=np.float32)
    unscaled[FS // 2 :: FS] = 2
    return RhythmRecord(
        name,
        0,
        unscaled,
        np.zeros(unscaled.shape, dtype=np.bool_),
        np.full(leads, 2, dtype=np.float32),
        np.asarray((np.arange(n) + 0.5) * FS, np.float64),
        np.ones(n, dtype=np.float32),
        np.ones((n, 3, 2), dtype=np.float32),
        np.full(n, label, dtype=np.int8),
    )


def test_a_window_is_a_copy_with_the_candidates_around_it() -> None:
    whole = record()
    window = cut_window(whole, 30)
    assert len(window) == WINDOW_S
    np.testing.assert_array_equal(window.unscaled, whole.unscaled[30 * FS : 94 * FS])
    assert window.r_peaks[0] == (0.5 - 30) * FS
    assert window.r_peaks[-1] == (95.5 - 30) * FS
    window.unscaled[:] = 0
    window.label[:] = 5
    assert whole.unscaled.any()
    assert (whole.label == Rhythm.PLAIN).all()
    assert len(cut_window(whole, 90)) == 10


@pytest.mark.parametrize("seed", range(8))
def test_standstill_is_quiet_and_without_beats(seed: int) -> None:
    window = cut_window(record(), 0)
    make_standstill(window, np.random.default_rng(seed))
    still = np.flatnonzero(window.label == Rhythm.STANDSTILL)
    assert len(still) == still[-1] - still[0] + 1 >= 4
    assert heights(window.unscaled)[still].max() < 1.9
    inside = (window.r_peaks >= still[0] * FS) & (window.r_peaks < (still[-1] + 1) * FS)
    assert not inside.any()
    neighbours = [k for k in (still[0] - 1, still[-1] + 1) if 0 <= k < WINDOW_S]
    assert (window.label[neighbours] == UNKNOWN).all()
    rest = np.setdiff1d(np.arange(WINDOW_S), [*still, *neighbours])
    assert (window.label[rest] == Rhythm.PLAIN).all()
    np.testing.assert_array_equal(heights(window.unscaled)[rest], 2)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_labelled_where_it_drowns_the_beats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = [rng.normal(size=(100 * FS, 2)).astype(np.float32)]
    window = cut_window(record(), 0)
    begin, end = add_noise(window, noise, rng)
    height = heights(window.unscaled)[:, 0]
    is_noise = window.label == Rhythm.NOISE
    if end > begin:
        assert is_noise[begin:end].all()
        assert is_noise.sum() == end - begin
    assert height[is_noise].min(initial=9) > 0.5
    assert height[window.label == Rhythm.PLAIN].max(initial=0) < 6
    changed = height != 2
    assert not (is_noise & ~changed).any()


def test_inputs_are_padded_and_what_is_not_there_is_unknown() -> None:
    window = cut_window(record(n=20), 0)
    window.lost[5 * FS : 6 * FS, 0] = True
    window.lost[7 * FS : 8 * FS] = True
    beats = np.ones((20, N_BEAT_FEATURES), dtype=np.float32)
    signal, readable, rest, label = to_inputs(window, beats, np.array([True, True]))
    assert signal.shape == (WINDOW_S * FS, 2)
    assert not signal[20 * FS :].any()
    assert readable[:20].sum() == 40 - 3
    assert not readable[20:].any()
    assert readable[5].tolist() == [0, 1]
    assert rest[:20, -1].tolist() == [1] * 5 + [0, 1, -1] + [1] * 12
    assert not rest[20:].any()
    assert label[:20].tolist() == [0] * 7 + [UNKNOWN] + [0] * 12
    assert (label[20:] == UNKNOWN).all()


def test_a_lead_that_is_left_out_is_zero() -> None:
    window = cut_window(record(), 0)
    beats = np.zeros((WINDOW_S, N_BEAT_FEATURES), dtype=np.float32)
    signal, readable, rest, _ = to_inputs(window, beats, np.array([False, True]))
    assert not signal[:, 0].any()
    assert signal[:, 1].any()
    assert readable.mean(axis=0).tolist() == [0, 1]
    assert (rest[:, -1] == 0).all()
    one = cut_window(record(leads=1), 0)
    signal, readable, _, _ = to_inputs(one, beats, np.array([True]))
    assert readable.mean(axis=0).tolist() == [1, 0]


def test_plain_records_are_drawn_more_often_where_they_are_irregular() -> None:
    whole = record(n=1000)
    whole.r_peaks[480:520] += np.tile([0, 0.3 * FS], 20)
    middle = float(np.mean(whole.irregular[480:520]))
    assert middle > 0.9
    assert not whole.irregular[:400].any()
    begins = [_begin(whole, "svdb", np.random.default_rng(k)) for k in range(200)]
    around = np.mean([400 < begin < 540 for begin in begins])
    assert around == pytest.approx(0.4 + 0.6 * 140 / 936, abs=0.1)


def test_batches_repeat_with_their_seed_and_hold_what_is_rare() -> None:
    rare = record("vfdb/418", n=300)
    rare.label[100:104] = Rhythm.FLUTTER
    pools = RhythmPools([record(), rare, record("cinc2017/A00001", n=10, leads=1)], [])
    inputs, labels = pools.draw(200, np.random.default_rng(1))
    again, _ = pools.draw(200, np.random.default_rng(1))
    for one, other in zip(inputs, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert len(one) == 200
    assert labels.shape == (200, WINDOW_S)
    with_flutter = (labels == Rhythm.FLUTTER).any(axis=1).mean()
    assert with_flutter > 0.35  # at random, at most a fifth of vfdb's windows would show it


def test_records_without_a_known_rhythm_are_never_drawn() -> None:
    unknown = record("vfdb/418", label=UNKNOWN)
    pools = RhythmPools([record(), unknown], [])
    _, labels = pools.draw(50, np.random.default_rng(2))
    assert ((labels == Rhythm.PLAIN) | (labels == Rhythm.STANDSTILL)).any(axis=1).all()
