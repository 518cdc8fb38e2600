"""From probabilities to classes, and what a model file holds for that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.decision import (
    Calibration,
    Thresholds,
    calibrate,
    decide,
    softmax,
    split_no_beat,
)
from ecgscribe.model.runtime import load_model
from ecgscribe.model.scoring import Scores, score_signal
from support.whole_record import classify

Floats = NDArray[np.float32]
few = settings(max_examples=50, deadline=None)


def probabilities(seed: int, n: int = 30) -> Floats:
    drawn: Floats = np.random.default_rng(seed).dirichlet(np.full(5, 0.5), n).astype(np.float32)
    return drawn


@few
@given(seed=st.integers(0, 999), shift=st.floats(-500, 500))
def test_softmax_is_a_distribution_whatever_is_added(seed: int, shift: float) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, size=(20, 5))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax(logits + shift), expected, atol=1e-6)


def test_softmax_of_nothing_is_nothing() -> None:
    assert softmax(np.zeros((0, 5))).shape == (0, 5)


@few
@given(seed=st.integers(0, 999))
def test_a_calibration_that_corrects_nothing_changes_nothing(seed: int) -> None:
    p = probabilities(seed)
    np.testing.assert_allclose(calibrate(p, Calibration()), p, atol=1e-6)


@few
@given(
    seed=st.integers(0, 999),
    temperature=st.floats(0.3, 3),
    bias=st.lists(st.floats(-3, 3), min_size=5, max_size=5),
)
def test_calibration_is_what_its_formula_computes(
    seed: int, temperature: float, bias: list[float]
) -> None:
    p = np.maximum(probabilities(seed), 1e-6)
    result = calibrate(p, Calibration(temperature=temperature, bias=tuple(bias)))
    for row, calibrated in zip(p.tolist(), result, strict=True):
        odds = [x ** (1 / temperature) * np.exp(b) for x, b in zip(row, bias, strict=True)]
        np.testing.assert_allclose(calibrated, np.array(odds) / sum(odds), atol=1e-5)


def test_a_certain_probability_stays_finite() -> None:
    p = np.array([[1, 0, 0, 0, 0]], dtype=np.float32)
    result = calibrate(p, Calibration(temperature=0.5, bias=(0, 1, -4, 0, 0)))
    assert np.isfinite(result).all()
    assert result.sum() == pytest.approx(1)


@few
@given(
    seed=st.integers(0, 999),
    abnormal=st.floats(0.05, 0.95),
    weight=st.lists(st.floats(0.1, 4), min_size=4, max_size=4),
    least=st.lists(st.floats(0, 0.6), min_size=4, max_size=4),
)
def test_a_class_is_decided_by_the_rule(
    seed: int, abnormal: float, weight: list[float], least: list[float]
) -> None:
    p = probabilities(seed)
    thresholds = Thresholds(abnormal=abnormal, weight=tuple(weight), least=tuple(least))
    for row, index in zip(p, decide(p, thresholds), strict=True):
        weighed = [float(x) * w for x, w in zip(row[1:], weight, strict=True)]
        largest = int(np.argmax(weighed))
        is_abnormal = np.float32(1) - row[0] >= abnormal and row[1 + largest] >= least[largest]
        assert index == (1 + largest if is_abnormal else 0)


def test_the_output_of_the_head_is_split_into_class_and_beat() -> None:
    output = np.array([[0.4, 0.1, 0, 0, 0, 0.5], [0, 0, 0, 0, 0, 1]], dtype=np.float32)
    of_class, of_beat = split_no_beat(output)
    np.testing.assert_allclose(of_class[0], [0.8, 0.2, 0, 0, 0])
    np.testing.assert_allclose(of_beat, [0.5, 0], atol=1e-6)
    assert np.isfinite(of_class).all()


def test_classify_gives_a_distribution_a_beat_and_nothing_without_beats() -> None:
    model = load_model()
    signal = np.random.default_rng(0).normal(size=(1280, 2)).astype(np.float32)
    scores = score_signal(model.network, signal)
    step = np.array([3.2, 200.0, 400.5, 1279.0])
    height = np.array([0.4, 0.9, 0.99, 1.0], dtype=np.float32)
    of_class, of_beat = classify(model, signal, scores, step[:0], height[:0])
    assert (of_class.shape, of_beat.shape) == ((0, 5), (0,))
    of_class, of_beat = classify(model, signal, scores, step, height)
    assert (of_class.shape, of_beat.shape) == ((4, 5), (4,))
    np.testing.assert_allclose(of_class.sum(axis=1), 1, atol=1e-5)
    assert np.all((of_beat >= 0) & (of_beat <= 1))


def test_a_model_without_a_beat_head_classifies_by_the_step() -> None:
    classic = load_model("classic")
    classic = replace(classic, calibration=Calibration())
    logits = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    scores = Scores(np.zeros(100, np.float32), logits, 1)
    step, height = np.array([10.2, 50.0]), np.array([0.7, 0.8], np.float32)
    signal = np.zeros((100, 2), np.float32)
    of_class, of_beat = classify(classic, signal, scores, step, height)
    np.testing.assert_allclose(of_class, softmax(logits[[10, 50]]), atol=1e-6)
    np.testing.assert_array_equal(of_beat, height)


# --- what a model file holds ---

THRESHOLDS: dict[str, Any] = {
    "peak": 0.5,
    "beat": 0.1,
    "beat_in_noise": 0.2,
    "abnormal": 0.4,
    "weight": {"S": 0.7, "V": 1.0, "F": 4, "Q": 1.0},
}


def test_thresholds_and_calibration_are_written_as_they_are_read() -> None:
    thresholds = Thresholds.from_json(THRESHOLDS, beat_head=True)
    assert thresholds == Thresholds(
        peak=0.5, beat=0.1, beat_in_noise=0.2, abnormal=0.4, weight=(0.7, 1.0, 4.0, 1.0), noise=0.8
    )
    assert thresholds.to_json(beat_head=True) == THRESHOLDS
    other = replace(thresholds, noise=0.6, least=(0.3, 0.6, 0.5, 0.0))
    assert Thresholds.from_json(other.to_json(beat_head=True), beat_head=True) == other
    content = {"temperature": 1.2, "bias": [0.0, -2.0, -1.0, -3.0, -1.5]}
    assert Calibration.from_json(content).to_json() == content


def test_noise_asks_no_more_of_a_beat_unless_the_file_says_so() -> None:
    content = {name: value for name, value in THRESHOLDS.items() if name != "beat_in_noise"}
    assert Thresholds.from_json(content, beat_head=True).beat_in_noise == 0.1


def test_without_a_beat_head_every_candidate_is_a_beat() -> None:
    thresholds = Thresholds.from_json(THRESHOLDS, beat_head=False)
    assert (thresholds.beat, thresholds.beat_in_noise) == (0, 0)
    assert set(thresholds.to_json(beat_head=False)) == {"peak", "abnormal", "weight"}


@pytest.mark.parametrize("value", [None, "0.5", True, float("nan"), float("inf"), [0.5]])
@pytest.mark.parametrize("key", ["peak", "beat", "beat_in_noise", "abnormal", "noise"])
def test_a_threshold_that_is_no_number_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key}: expected a finite number, found "):
        Thresholds.from_json(THRESHOLDS | {key: value}, beat_head=True)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"temperature": 0, "bias": [0] * 5}, "temperature: expected a positive number, found 0"),
        ({"temperature": 1, "bias": [0] * 4}, "bias: expected 5 numbers, found 4"),
        ({"temperature": 1, "bias": [0, 0, "a", 0, 0]}, "2: expected a finite number, found 'a'"),
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(content: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Calibration.from_json(content)
