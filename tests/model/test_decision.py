"""From scores and facts to classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.decision import calibrate, decide, softmax, split_no_beat
from ecgscribe.model.runtime import load_model
from ecgscribe.model.scoring import Scores, rows_at
from ecgscribe.signal.windows import STEPS_PER_FRAME
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
    np.testing.assert_allclose(calibrate(p, {"temperature": 1.0, "bias": [0] * 5}), p, atol=1e-6)


@few
@given(
    seed=st.integers(0, 999),
    temperature=st.floats(0.3, 3),
    bias=st.lists(st.floats(-3, 3), min_size=5, max_size=5),
)
def test_calibration_is_what_its_formula_says(
    seed: int, temperature: float, bias: list[float]
) -> None:
    p = np.maximum(probabilities(seed), 1e-6)
    found = calibrate(p, {"temperature": temperature, "bias": bias})
    for row, result in zip(p.tolist(), found, strict=True):
        odds = [x ** (1 / temperature) * np.exp(b) for x, b in zip(row, bias, strict=True)]
        np.testing.assert_allclose(result, np.array(odds) / sum(odds), atol=1e-5)


def test_a_certain_probability_stays_finite() -> None:
    p = np.array([[1, 0, 0, 0, 0]], dtype=np.float32)
    found = calibrate(p, {"temperature": 0.5, "bias": [0, 1, -4, 0, 0]})
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)


@few
@given(
    seed=st.integers(0, 999),
    abnormal=st.floats(0.05, 0.95),
    weight=st.lists(st.floats(0.1, 4), min_size=4, max_size=4),
)
def test_a_class_is_decided_as_the_rule_says(
    seed: int, abnormal: float, weight: list[float]
) -> None:
    p = probabilities(seed)
    found = decide(p, {"abnormal": abnormal, "weight": dict(zip("SVFQ", weight, strict=True))})
    for row, index in zip(p, found, strict=True):
        if np.float32(1) - row[0] < abnormal:
            assert index == 0
        else:
            weighed = [float(x) * w for x, w in zip(row[1:], weight, strict=True)]
            assert weighed[index - 1] == max(weighed)


def test_features_are_those_of_the_frame_that_holds_the_peak() -> None:
    frames = np.arange(10, dtype=np.float32)[:, None]
    step = np.array([0.0, 7.4, 7.6, 40.0, 79.0, 500.0])
    found = rows_at(frames, step, frame=STEPS_PER_FRAME)
    assert found[:, 0].tolist() == [0, 0, 1, 5, 9, 9]
    assert rows_at(frames, np.array([0.4, 2.6, 30.0]), frame=1)[:, 0].tolist() == [0, 3, 9]


def test_what_the_head_says_is_split_into_class_and_beat() -> None:
    said = np.array([[0.4, 0.1, 0, 0, 0, 0.5], [0, 0, 0, 0, 0, 1]], dtype=np.float32)
    of_class, of_beat = split_no_beat(said)
    np.testing.assert_allclose(of_class[0], [0.8, 0.2, 0, 0, 0])
    np.testing.assert_allclose(of_beat, [0.5, 0], atol=1e-6)
    assert np.isfinite(of_class).all()


def test_classify_gives_a_distribution_a_beat_and_nothing_without_beats() -> None:
    model = load_model()
    signal = np.random.default_rng(0).normal(size=(1280, 2)).astype(np.float32)
    scores = model.score_signal(signal)
    step = np.array([3.2, 200.0, 400.5, 1279.0])
    height = np.array([0.4, 0.9, 0.99, 1.0], dtype=np.float32)
    of_class, of_beat = classify(model, signal, scores, step[:0], height[:0])
    assert (of_class.shape, of_beat.shape) == ((0, 5), (0,))
    of_class, of_beat = classify(model, signal, scores, step, height)
    assert (of_class.shape, of_beat.shape) == ((4, 5), (4,))
    np.testing.assert_allclose(of_class.sum(axis=1), 1, atol=1e-5)
    assert np.all((of_beat >= 0) & (of_beat <= 1))


def test_a_model_without_a_beat_head_classifies_by_the_step() -> None:
    class Classic:
        has_beat_head = False
        frame = 1
        meta = {"calibration": {"temperature": 1.0, "bias": [0.0] * 5}}  # noqa: RUF012

    logits = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    scores = Scores(np.zeros(100, np.float32), logits)
    step, height = np.array([10.2, 50.0]), np.array([0.7, 0.8], np.float32)
    signal = np.zeros((100, 2), np.float32)
    of_class, of_beat = classify(Classic(), signal, scores, step, height)  # type: ignore[arg-type]
    np.testing.assert_allclose(of_class, softmax(logits[[10, 50]]), atol=1e-6)
    np.testing.assert_array_equal(of_beat, height)
