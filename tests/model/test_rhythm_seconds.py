"""What the rhythm network sees of a second, and how windows of seconds become one answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.decision import softmax
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.rhythm import EMBEDDING, HALO_S, N_RHYTHMS, WINDOW_S, predict_rhythm
from ecgscribe.model.rhythm_features import rhythm_features
from ecgscribe.model.second_features import (
    BEAT_FEATURE_NAMES,
    N_SECOND_FEATURES,
    SecondFeatures,
    beat_features_by_second,
    shapes_of,
)
from ecgscribe.model.seconds import (
    Seconds,
    embed_windows,
    heights,
    relative_amplitude,
    typical_heights,
)
from ecgscribe.signal.windows import FS, Grid

Floats = NDArray[np.float32]


def test_heights_are_peak_to_peak_values_of_whole_seconds() -> None:
    signal = np.zeros((2 * FS + 5, 1), dtype=np.float32)
    signal[3], signal[7], signal[FS + 1] = 2, -1, 5
    np.testing.assert_array_equal(heights(signal), [[3], [5]])


def test_amplitude_is_relative_to_the_lead_and_lost_leads_do_not_count() -> None:
    lost = np.array([[False, False], [False, True], [True, True]])
    height = np.array([[1, 8], [4, 99], [1, 1]], dtype=np.float32)
    typical = np.array([1, 2], dtype=np.float32)
    # Powers of two: (0 + 2) / 2 = 1, then 2, then none; a third of each.
    np.testing.assert_allclose(relative_amplitude(height, typical, lost), [1 / 3, 2 / 3, 0])
    np.testing.assert_allclose(
        relative_amplitude(np.zeros((1, 1), np.float32), typical[:1], lost[:1, :1]), [-2]
    )


def test_the_typical_height_is_the_median_of_seconds_that_are_not_lost() -> None:
    height = np.array([[1, 5], [2, 6], [90, 7]], dtype=np.float32)
    lost = np.array([[False, True], [False, True], [True, True]])
    np.testing.assert_allclose(typical_heights(height, lost), [1.5, 1])


def test_a_second_has_the_features_of_its_last_candidate() -> None:
    r_peaks = np.array([0.2, 0.9, 1.7, 2.6]) * FS
    scores = np.array([0.6, 0.8, 1.0, 0.4], dtype=np.float32)
    near = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    features = beat_features_by_second(r_peaks, scores, near, 8)
    columns = rhythm_features(r_peaks, slice(0, 4))
    of_rhythm = np.stack([columns[name] for name in BEAT_FEATURE_NAMES], axis=1)
    of_beat = np.concatenate([of_rhythm, near[:, :2, 1]], axis=1)  # the larger of the two leads
    # The last one, at 2.6 s, is used until it is 3 s old: in the seconds that end at 3, 4 and 5.
    for second, beat in [(0, 1), (1, 2), (2, 3), (3, 3), (4, 3)]:
        np.testing.assert_array_equal(features[second, :-2], of_beat[beat])
    assert not features[5:, :-2].any()
    # Second 0: from -2 to 3 s all four, mean 0.7; second 4: from 2 to 7 s the last one.
    np.testing.assert_allclose(features[0, -2:], [4 / 5, 0.7], atol=1e-6)
    np.testing.assert_allclose(features[4, -2:], [1 / 5, 0.4], atol=1e-6)
    np.testing.assert_allclose(features[6, -2:], [0, 0])
    assert not beat_features_by_second(r_peaks[:1], scores[:1], near[:1], 3).any()


def test_p_waves_count_where_the_rhythm_is_irregular() -> None:
    interval = np.array([0.79, 0.81] * 75 + [0.6, 1.1] * 75)
    r_peaks, near = np.cumsum(interval) * FS, np.ones((300, 3, 2), dtype=np.float32)
    features = beat_features_by_second(r_peaks, np.ones(300, np.float32), near, 240)
    of_p_waves = features[:, len(BEAT_FEATURE_NAMES) : -2]
    assert not of_p_waves[:90].any()
    assert of_p_waves[150:].all()


class MeanNetwork:
    """Describes a second by its mean, `EMBEDDING` times."""

    def embed(self, signal: Floats) -> Floats:
        means = signal.reshape(len(signal), -1, FS).mean(axis=2)
        return np.repeat(means[..., None], EMBEDDING, axis=2)

    def classify(self, seconds: Floats) -> Floats:
        raise NotImplementedError

    def judge_intervals(self, intervals: Floats) -> Floats:
        raise NotImplementedError


def test_a_second_is_described_by_the_leads_that_are_not_lost() -> None:
    signal = np.tile(np.array([1, 5], dtype=np.float32), (3 * FS, 1))
    lost = np.zeros(signal.shape, dtype=np.bool_)
    lost[FS : 2 * FS - 1, 0] = True  # but for one step
    lost[2 * FS :, 0] = True
    grid = Grid(len(signal), 8 * FS, FS)
    seconds = embed_windows(MeanNetwork(), signal, signal, lost, grid, 0, len(grid.starts))
    np.testing.assert_array_equal(seconds.embedding[:, 0], [3, 3, 5])
    np.testing.assert_array_equal(seconds.lost, [[False, False], [False, False], [True, False]])
    lost[:] = True
    none = embed_windows(MeanNetwork(), signal, signal, lost, grid, 0, len(grid.starts))
    assert not none.embedding.any()


def test_shapes_are_found_by_the_names_of_their_columns() -> None:
    names = ("width_2", "p_near_1", "p_height_near_1", "p_height_near_2", "p_near_2", "width_1")
    near = shapes_of(np.array([[9, 1, 2, 3, 4, 8]], dtype=np.float32), names)
    np.testing.assert_array_equal(near, [[[1, 4], [2, 3], [8, 9]]])
    np.testing.assert_array_equal(shapes_of(np.zeros((1, 0), np.float32), ()), np.zeros((1, 3, 2)))
    nothing = np.zeros((0, len(FEATURE_NAMES)), dtype=np.float32)
    assert shapes_of(nothing, FEATURE_NAMES).shape == (0, 3, 2)


def test_features_are_joined_in_the_order_of_training() -> None:
    n = 3
    embedding = np.arange(n * EMBEDDING, dtype=np.float32).reshape(n, -1)
    lost = np.array([[False, False], [True, False], [True, True]])
    seconds = Seconds(embedding, np.ones((n, 2), np.float32), lost)
    nothing = np.zeros(0, np.float32)
    features = SecondFeatures(seconds, np.zeros(0), nothing, nothing.reshape(0, 3, 2))[:]
    assert features.shape == (n, N_SECOND_FEATURES)
    np.testing.assert_array_equal(features[:, :EMBEDDING], embedding)
    assert not features[:, EMBEDDING:-1].any()
    np.testing.assert_array_equal(features[:, -1], [1, 0, -1])


class Recorder:
    """Answers with the position of each second, and how far it is from the ends of its window."""

    def embed(self, signal: Floats) -> Floats:
        raise NotImplementedError

    def classify(self, seconds: Floats) -> Floats:
        n, length, _ = seconds.shape
        logits = np.zeros((n, length, N_RHYTHMS), dtype=np.float32)
        logits[..., 0] = seconds[..., 0] / 1000
        place = np.arange(length)
        logits[..., 1] = np.minimum(place, length - 1 - place) / 100
        return logits

    def judge_intervals(self, intervals: Floats) -> Floats:
        raise NotImplementedError


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 600))
def test_every_second_is_answered_by_a_window_that_shows_what_is_around_it(n: int) -> None:
    features = np.zeros((n, N_SECOND_FEATURES), dtype=np.float32)
    features[:, 0] = np.arange(n)
    probability = predict_rhythm(Recorder(), features)
    near_edge = np.minimum(np.arange(n), n - 1 - np.arange(n))
    odds = np.log(probability[:, :2] / probability[:, 2:3])
    np.testing.assert_allclose(odds[:, 0], np.arange(n) / 1000, atol=1e-4)
    distance = np.rint(odds[:, 1] * 100)
    assert np.all(distance >= np.minimum(near_edge, min(HALO_S, WINDOW_S) - 1))


def test_a_recording_of_no_whole_second_has_no_rhythm() -> None:
    assert predict_rhythm(Recorder(), np.zeros((0, N_SECOND_FEATURES), np.float32)).shape == (0, 6)


def test_probabilities_are_those_of_the_logits() -> None:
    features = np.zeros((10, N_SECOND_FEATURES), dtype=np.float32)
    expected = softmax(Recorder().classify(features[None])[0])
    assert predict_rhythm(Recorder(), features) == pytest.approx(expected)
