"""What beats that are alike change of each other's class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.shape_features import BEFORE, SHIFTS, WAVEFORM
from ecgscribe.model.traits import N_QRS, N_RR, TRAITS, no_traits, traits_of
from ecgscribe.pipeline.beats_by_likeness import BLOCK, apply_likeness
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

N, S, V, F = (AAMI_CLASSES.index(name) for name in "NSVF")
Traits = NDArray[np.float16]


def beats(rows: list[dict[int, float]], traits: Traits) -> ClassifiedCandidates:
    """Beats with the probabilities of some classes; the rest is N."""
    n = len(rows)
    probability = np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32)
    for own, row in zip(probability, rows, strict=True):
        own[list(row)] = list(row.values())
        own[N] = 1 - own.sum()
    ones, shapes = np.ones(n, dtype=np.float32), np.zeros((n, 3, 2), dtype=np.float32)
    return ClassifiedCandidates(np.arange(1.0, n + 1) * FS, ones, probability, ones, shapes, traits)


def of_shape(kinds: str) -> Traits:
    """Traits of beats with the same timing, whose QRS are alike where the letter is the same."""
    rng = np.random.default_rng(1)
    qrs = {kind: rng.normal(size=N_QRS) for kind in sorted(set(kinds))}
    traits = no_traits(len(kinds))
    traits[:, :N_QRS] = [qrs[kind] for kind in kinds]
    return traits


def test_a_doubtful_beat_is_what_those_with_its_qrs_are() -> None:
    kinds = "a" * 20 + "b" * 8 + "ab"
    rows = [{V: 0.01}] * 20 + [{V: 0.97}] * 8 + [{V: 0.4}, {V: 0.4}]
    changed = apply_likeness(beats(rows, of_shape(kinds))).class_probability
    assert changed[-2, V] < 0.1
    assert changed[-1, V] > 0.9
    assert changed[:20, V].max() <= 0.01 + 1e-6
    np.testing.assert_allclose(changed.sum(axis=1), 1, atol=1e-6)


def test_a_qrs_that_is_like_none_is_more_doubtful() -> None:
    rows = [{V: 0.0}] * 20 + [{V: 0.65}]
    changed = apply_likeness(beats(rows, of_shape("a" * 20 + "b"))).class_probability
    assert 0.4 < changed[-1, V] < 0.5
    doubtful = [{V: 0.0}] * 20 + [{V: 0.65}] * 9
    changed = apply_likeness(beats(doubtful, of_shape("a" * 20 + "b" * 9))).class_probability
    assert changed[-1, V] > 0.75  # nine of them are no disturbance


def test_a_qrs_of_another_size_is_another() -> None:
    traits = of_shape("b" * 9)
    traits[-1] *= 2.5
    changed = apply_likeness(beats([{V: 0.97}] * 8 + [{V: 0.4}], traits)).class_probability
    assert changed[-1, V] < 0.4


def test_s_is_judged_by_timing() -> None:
    traits = of_shape("a" * 30)
    early = np.arange(30) % 3 == 0
    traits[early, N_QRS : N_QRS + N_RR] = [-0.9, 0.6, -0.9]
    rows = [{S: 0.9} if is_early else {S: 0.02} for is_early in early]
    rows[3], rows[4] = {S: 0.35}, {S: 0.35}
    changed = apply_likeness(beats(rows, traits)).class_probability
    assert changed[3, S] > 0.6
    assert changed[4, S] < 0.15


def test_fusion_stays() -> None:
    rows = [{V: 0.97}] * 20 + [{V: 0.3, F: 0.5}]
    changed = apply_likeness(beats(rows, of_shape("b" * 21))).class_probability
    assert changed[-1, F] == pytest.approx(0.5, abs=1e-6)
    assert changed[-1, V] > 0.45


def test_beats_far_away_do_not_count() -> None:
    n = 3 * BLOCK
    rows = [{V: 0.0}] * n + [{V: 0.5}]
    rows[:50] = [{V: 0.97}] * 50
    kinds = "b" * 50 + "a" * (n - 50) + "b"
    near = apply_likeness(beats(rows, of_shape(kinds))).class_probability
    assert near[-1, V] < 0.4
    rows[-60:-10] = [{V: 0.97}] * 50
    kinds = kinds[:-60] + "b" * 50 + kinds[-10:]
    assert apply_likeness(beats(rows, of_shape(kinds))).class_probability[-1, V] > 0.9


def test_without_traits_or_beats_nothing_changes() -> None:
    rows = [{V: 0.5}] * 5
    same = apply_likeness(beats(rows, no_traits(5))).class_probability
    np.testing.assert_array_equal(same, beats(rows, no_traits(5)).class_probability)
    assert len(apply_likeness(beats([], no_traits(0)))) == 0


@given(st.integers(0, 80), st.integers(0, 2**31))
def test_probabilities_stay_probabilities_in_any_order(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = beats([{}] * n, rng.normal(size=(n, TRAITS)).astype(np.float16))
    own.class_probability[:] = rng.dirichlet(np.full(5, 0.3), size=n).astype(np.float32)
    own.class_probability[rng.random(n) < 0.1] = 0  # no beats
    changed = apply_likeness(own).class_probability
    assert (changed >= 0).all()
    np.testing.assert_allclose(changed.sum(axis=1), own.class_probability.sum(axis=1), atol=1e-5)
    np.testing.assert_array_equal(changed[:, F], own.class_probability[:, F])


def test_traits_keep_shape_and_size_of_a_qrs() -> None:
    at = BEFORE + max(SHIFTS)
    wave = np.zeros((3, WAVEFORM, 2), dtype=np.float32)
    wave[:, at - 6 : at + 7, 0] = np.hanning(13)
    wave[1] += 0.7  # another baseline
    wave[2] *= 2
    features = np.arange(3 * len(FEATURE_NAMES), dtype=np.float32).reshape(3, -1)
    traits = traits_of(features, FEATURE_NAMES, wave)
    assert traits.shape == (3, TRAITS)
    np.testing.assert_allclose(traits[1, :N_QRS], traits[0, :N_QRS], atol=2e-3)
    np.testing.assert_allclose(traits[2, :N_QRS], 2 * traits[0, :N_QRS], rtol=5e-3, atol=2e-3)
    inside = wave[0, at - 12 : at + 12, 0]
    energy = ((inside - inside.mean()) ** 2).sum()
    assert (traits[0, :N_QRS].astype(float) ** 2).sum() == pytest.approx(energy, rel=0.02)
    at_rr = FEATURE_NAMES.index("rr_before/near")
    np.testing.assert_array_equal(traits[:, N_QRS], features[:, at_rr])
    assert not traits_of(features[:, :1], FEATURE_NAMES[:1], wave).any()
