"""What the earlier beats of a stream change of the class of those that are like them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.live.likeness import LiveLikeness
from ecgscribe.model.features import SEGMENT
from ecgscribe.model.traits import COEFFICIENTS, N_QRS, TRAITS
from ecgscribe.symbols import AAMI_CLASSES

N, S, V, F = (AAMI_CLASSES.index(name) for name in "NSVF")
Floats = NDArray[np.float32]
QRS = np.random.default_rng(1).normal(size=(2, N_QRS)).astype(np.float32)


def apply(
    likeness: LiveLikeness, at: float, *, qrs: Floats, n: int = 1, **of_class: float
) -> Floats:
    """Classify beats of one shape, a step apart; the rest of their probability is that of N."""
    probability = np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32)
    for name, value in of_class.items():
        probability[:, AAMI_CLASSES.index(name)] = value
    probability[:, N] = 1 - probability.sum(axis=1)
    traits = np.zeros((n, TRAITS), dtype=np.float32)
    traits[:, :N_QRS] = qrs
    return likeness.apply(probability, at + np.arange(n, dtype=np.float64), traits)


def test_a_doubtful_beat_is_what_earlier_ones_with_its_qrs_are() -> None:
    likeness = LiveLikeness()
    apply(likeness, 0, qrs=QRS[0], n=20, V=0.01)
    apply(likeness, 20, qrs=QRS[1], n=8, V=0.97)
    normal, ventricular = (apply(likeness, at, qrs=QRS[at - 28], V=0.4)[0] for at in (28, 29))
    assert normal[V] < 0.1
    assert ventricular[V] > 0.9
    assert ventricular.sum() == pytest.approx(1, abs=1e-6)


def test_fusion_and_the_first_beats_stay() -> None:
    likeness = LiveLikeness()
    np.testing.assert_allclose(apply(likeness, 0, qrs=QRS[0], n=20, V=0.4)[:, V], 0.4)
    changed = apply(likeness, 20, qrs=QRS[0], V=0.3, F=0.3)[0]
    assert changed[F] == pytest.approx(0.3)
    assert changed[V] != pytest.approx(0.3, abs=1e-3)


def test_beats_without_traits_stay_and_judge_none() -> None:
    likeness = LiveLikeness()
    nothing = np.zeros(N_QRS, dtype=np.float32)
    apply(likeness, 0, qrs=nothing, n=9, V=0.97)
    assert apply(likeness, 9, qrs=nothing, V=0.4)[0, V] == pytest.approx(0.4)
    assert apply(likeness, 10, qrs=QRS[0], V=0.4)[0, V] == pytest.approx(0.4)


def test_an_inverted_lead_is_inverted_in_what_was_seen() -> None:
    likeness = LiveLikeness()
    apply(likeness, 0, qrs=QRS[1], n=8, V=0.97)
    likeness.invert(0, 8)
    inverted = QRS[1] * np.where(np.arange(N_QRS) < COEFFICIENTS, -1, 1).astype(np.float32)
    assert apply(likeness, 8, qrs=inverted, V=0.4)[0, V] > 0.9


def test_memory_does_not_grow() -> None:
    likeness = LiveLikeness()
    apply(likeness, 0, qrs=QRS[1], n=9, V=0.97)
    for k in range(3):
        apply(likeness, 9 + k * SEGMENT, qrs=QRS[0], n=SEGMENT, V=0.01)
    forgotten = apply(likeness, 9 + 3 * SEGMENT, qrs=QRS[1], V=0.4)[0]
    assert forgotten[V] < 0.3
    assert len(likeness._traits.since(0)) <= 2 * SEGMENT
