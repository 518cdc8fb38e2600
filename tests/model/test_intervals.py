"""What intervals show of fibrillation, and how it joins what the signal shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.intervals import (
    HALO,
    LEAST_SCORE,
    WINDOW,
    fibrillation_by_second,
    interval_features,
    with_intervals,
)
from ecgscribe.model.rhythm import N_INTERVAL_FEATURES, N_RHYTHMS, Rhythm
from ecgscribe.signal.windows import FS

Floats = NDArray[np.float32]


class Judge:
    """Answers with the interval, and shows how far each R-peak is from the ends of its window."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def embed(self, signal: Floats) -> Floats:
        raise NotImplementedError

    def classify(self, seconds: Floats) -> Floats:
        raise NotImplementedError

    def judge_intervals(self, intervals: Floats) -> Floats:
        n, length, width = intervals.shape
        assert width == N_INTERVAL_FEATURES
        self.lengths += [length] * n
        place = np.arange(length)
        near = np.minimum(place, length - 1 - place)
        return np.asarray(np.broadcast_to(near, (n, length)), dtype=np.float32)


def scores(n: int, score: float = 0.9) -> Floats:
    return np.full(n, score, dtype=np.float32)


def test_a_steady_rhythm_shows_nothing_but_its_rate() -> None:
    for rr, expected in ((0.8, 0.0), (0.4, 3 * np.log(0.5))):
        features = interval_features(np.linspace(0, 39 * rr, 40))
        assert features.shape == (40, N_INTERVAL_FEATURES)
        np.testing.assert_allclose(features[:, [0, 1, 2, 4]], 0, atol=1e-5)
        np.testing.assert_allclose(features[:, 3], expected, atol=1e-5)


def test_an_early_beat_shows_in_the_intervals_around_it() -> None:
    rr = np.full(40, 0.8)
    rr[20:22] = 0.5, 1.1
    features = interval_features(np.cumsum(rr))
    ratio = 3 * np.log(0.5 / 0.8)
    # The interval before the early beat is 0.5 s: against its neighbourhood and the one before.
    np.testing.assert_allclose(features[20, :3], [ratio, ratio, 5 * np.log(0.8 / 0.5)], rtol=1e-5)
    np.testing.assert_allclose(features[:18, :3], 0, atol=1e-5)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_r_peaks_have_no_interval(n: int) -> None:
    assert not interval_features(np.zeros(n)).any()


def test_too_few_r_peaks_have_no_opinion() -> None:
    r_peaks = np.array([1.0, 2.0, 3.0]) * FS
    assert fibrillation_by_second(Judge(), r_peaks[:2], scores(2), 5) is None
    assert fibrillation_by_second(Judge(), r_peaks, scores(3, LEAST_SCORE - 0.01), 5) is None
    assert fibrillation_by_second(Judge(), r_peaks, scores(3), 5) is not None


def test_a_second_has_the_logit_of_the_nearest_r_peak() -> None:
    r_peaks = np.array([0.4, 1.6, 4.0, 8.9, 9.3]) * FS
    logit = fibrillation_by_second(Judge(), r_peaks, scores(5), 11)
    assert logit is not None
    # The judge says 0, 1, 2, 1, 0.
    assert logit.tolist() == [0, 1, 1, 2, 2, 2, 1, 1, 1, 0, 0]


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 1500))
def test_every_r_peak_is_judged_within_a_window_that_shows_what_is_around_it(n: int) -> None:
    judge = Judge()
    logit = fibrillation_by_second(judge, np.linspace(0.5, n - 0.5, n) * FS, scores(n), n)
    assert logit is not None
    assert set(judge.lengths) == {min(n, WINDOW)}
    near_edge = np.minimum(np.arange(n), np.arange(n)[::-1])
    assert np.all(logit >= np.minimum(near_edge, HALO - 1))


def one_second(**probability: float) -> Floats:
    row = np.zeros((1, N_RHYTHMS), dtype=np.float32)
    for name, value in probability.items():
        row[0, Rhythm[name]] = value
    return row


def test_both_opinions_count_alike() -> None:
    joined = with_intervals(
        one_second(PLAIN=0.6, FIBRILLATION=0.2, NOISE=0.2), np.array([np.log(4.0)], np.float32)
    )
    # Odds of 1 to 4 and of 4 to 1.
    assert joined[0, Rhythm.FIBRILLATION] == pytest.approx(0.5, abs=1e-6)
    assert joined[0, Rhythm.PLAIN] / joined[0, Rhythm.NOISE] == pytest.approx(3, rel=1e-5)


def test_regular_intervals_do_not_hide_flutter_of_the_atria() -> None:
    shown = one_second(FIBRILLATION=0.7, PLAIN=0.3)
    joined = with_intervals(shown, np.array([-9.0], dtype=np.float32))
    np.testing.assert_allclose(joined, shown, atol=1e-3)


@pytest.mark.parametrize("name", ["TACHYCARDIA", "FLUTTER", "STANDSTILL"])
def test_intervals_do_not_hide_what_kills(name: str) -> None:
    joined = with_intervals(
        one_second(**{name: 0.98, "PLAIN": 0.02}), np.array([20.0], dtype=np.float32)
    )
    assert joined[0, Rhythm[name]] > 0.95


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.1, 1.0, 9.0]), min_size=N_RHYTHMS, max_size=N_RHYTHMS).filter(
        sum
    ),
    st.floats(-30, 30),
)
def test_probabilities_stay_probabilities(weights: list[float], logit: float) -> None:
    before = np.array([weights], dtype=np.float32) / np.float32(sum(weights))
    joined = with_intervals(before, np.array([logit], dtype=np.float32))
    assert joined.dtype == np.float32
    assert joined.min() >= 0
    assert joined.sum() == pytest.approx(1, abs=1e-5)
