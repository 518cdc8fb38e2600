"""From the score's track to R-peaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.pipeline.peaks import (
    CENTROID_REACH,
    PLACE_REACH,
    REFRACTORY_S,
    find_beats,
    find_peaks,
    place_peaks,
)
from ecgscribe.signal.windows import FS

REFRACTORY = int(REFRACTORY_S * FS)
Floats = NDArray[np.float32]


def bumps(centre: list[float], n: int = 1000, *, height: float = 0.9) -> Floats:
    k = np.arange(n)[:, None]
    score: Floats = height * np.exp(-0.5 * ((k - np.array(centre)) / 2) ** 2).sum(axis=1)
    return score.astype(np.float32)


def slow_peaks(score: Floats, threshold: float) -> list[int]:
    """Take the highest maximum that no chosen one is too near to, again and again."""
    around = np.concatenate(([-1], score, [-1]))
    maxima = [
        k
        for k in range(len(score))
        if around[k] < score[k] > around[k + 2] and score[k] >= threshold
    ]
    chosen: list[int] = []
    for k in sorted(maxima, key=lambda k: -score[k]):
        if all(abs(k - other) >= REFRACTORY for other in chosen):
            chosen.append(k)
    return sorted(chosen)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 400), threshold=st.floats(0.05, 0.95))
def test_peaks_are_the_highest_maxima_outside_each_others_refractory_time(
    seed: int, n: int, threshold: float
) -> None:
    score = np.random.default_rng(seed).random(n).astype(np.float32)
    expected = slow_peaks(score, threshold)
    r_peaks, peak_scores = find_peaks(score, threshold=threshold)
    np.testing.assert_array_equal(peak_scores, score[expected])
    assert len(r_peaks) == len(expected)
    assert np.all(np.abs(r_peaks - expected) <= CENTROID_REACH)
    assert np.all((r_peaks >= 0) & (r_peaks <= n - 1))
    assert np.all(np.diff(r_peaks) > 0)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_peak_lies_at_the_centre_of_mass_around_its_maximum(seed: int) -> None:
    score = np.random.default_rng(seed).random(200).astype(np.float32)
    r_peaks, _ = find_peaks(score, threshold=0.5)
    for place, k in zip(r_peaks, slow_peaks(score, 0.5), strict=True):
        around = [j for j in range(k - CENTROID_REACH, k + CENTROID_REACH + 1) if 0 <= j < 200]
        mass = sum(float(score[j]) for j in around)
        centre = sum(j * float(score[j]) for j in around) / mass
        assert place == pytest.approx(centre, abs=1e-4)


@pytest.mark.parametrize("centre", [100.0, 100.25, 100.5, 100.8])
def test_a_peak_is_placed_between_steps(centre: float) -> None:
    r_peaks, _ = find_peaks(bumps([centre]), threshold=0.5)
    assert r_peaks == pytest.approx([centre], abs=0.2)


def test_the_higher_of_two_peaks_within_the_refractory_time_stays() -> None:
    score = bumps([300.0]) + bumps([300.0 + REFRACTORY - 2], height=0.7)
    assert find_peaks(score, threshold=0.5)[0] == pytest.approx([300], abs=0.2)
    score = bumps([300.0]) + bumps([300.0 + REFRACTORY], height=0.7)
    assert len(find_peaks(score, threshold=0.5)[0]) == 2


def test_beats_at_the_very_ends_are_found() -> None:
    r_peaks, peak_scores = find_peaks(bumps([0.0, 999.0]), threshold=0.5)
    assert len(r_peaks) == 2
    assert 0 <= r_peaks[0] < 2
    assert 997 < r_peaks[1] <= 999
    assert peak_scores == pytest.approx([0.9, 0.9])


def test_a_plateau_is_one_peak_at_its_middle() -> None:
    score = np.zeros(100, dtype=np.float32)
    score[50:55] = 1
    assert find_peaks(score, threshold=0.5)[0] == pytest.approx([52])


@pytest.mark.parametrize("n", [0, 1, 500])
def test_no_peak_is_found_below_the_threshold(n: int) -> None:
    r_peaks, peak_scores = find_peaks(np.full(n, 0.1, dtype=np.float32), threshold=0.5)
    assert r_peaks.shape == peak_scores.shape == (0,)
    assert peak_scores.dtype == np.float32


# --- placing ------------------------------------------------------------------------------


def _leads(first: Floats, second: Floats) -> Floats:
    return np.stack([first, second], axis=1).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_placed_peaks_stay_near_and_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(500, 2)).astype(np.float32)
    r_peaks = np.cumsum(rng.uniform(REFRACTORY, 60, 8))
    placed = place_peaks(r_peaks, signal)
    assert np.all(np.abs(placed - r_peaks) <= PLACE_REACH + 1)
    assert np.all(np.diff(placed) > 0)
    assert np.all((placed >= 0) & (placed < 500))


@pytest.mark.parametrize("polarity", [1, -1])
def test_a_peak_is_placed_at_the_larger_of_two_deflections(polarity: int) -> None:
    signal = _leads(polarity * (bumps([300]) * 0.7 - bumps([307])), bumps([300]))
    assert place_peaks(np.array([302.4]), signal) == pytest.approx([307], abs=0.5)


def test_the_second_lead_places_where_the_first_is_flat() -> None:
    flat = np.zeros(1000, dtype=np.float32)
    assert place_peaks(np.array([302.4]), _leads(flat, bumps([300]))) == pytest.approx(
        [300], abs=0.3
    )
    assert place_peaks(np.array([302.4]), _leads(flat, flat)) == pytest.approx([302.4])


def test_no_peaks_are_placed_nowhere() -> None:
    assert len(place_peaks(np.zeros(0), np.zeros((100, 2), dtype=np.float32))) == 0
    assert len(place_peaks(np.zeros(0), np.zeros((0, 2), dtype=np.float32))) == 0


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), since=st.integers(-50, 650))
def test_late_beats_are_those_of_all(seed: int, since: int) -> None:
    rng = np.random.default_rng(seed)
    score = rng.uniform(size=600).astype(np.float32)
    signal = rng.normal(size=(600, 2)).astype(np.float32)
    every, late = (find_beats(score, signal, threshold=0.2, since=s) for s in (0, since))
    n = np.count_nonzero(every[0] >= since)
    assert n <= len(late[0]) <= len(every[0])
    np.testing.assert_array_equal(every[0][len(every[0]) - n :], late[0][len(late[0]) - n :])
    np.testing.assert_array_equal(every[1][len(every[1]) - n :], late[1][len(late[1]) - n :])
