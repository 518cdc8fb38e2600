"""The network: what goes in and comes out of both presets, and that its parts are one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecgscribe.model.features import LOGIT_FEATURE_NAMES
from ecgscribe.model.network import Architecture, build_beat_head, build_network, build_trunk
from support.tiny_training import SIZES

pytestmark = pytest.mark.slow

CLASSIC = replace(SIZES, preset="classic", n_facts=0)
N_STEPS = 96
N_LOGIT_FEATURES = len(LOGIT_FEATURE_NAMES)


def _normal(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("sizes", [SIZES, CLASSIC], ids=lambda sizes: sizes.preset)
@pytest.mark.parametrize("n_steps", [8, N_STEPS])
def test_trunk_scores_every_step_and_every_frame(sizes: Architecture, n_steps: int) -> None:
    peak, frame_class = build_trunk(sizes).predict_on_batch(_normal(3, n_steps, 2))
    n_frames = n_steps // sizes.steps_per_frame
    assert peak.shape == (3, n_steps, 1)
    assert frame_class.shape == (3, n_frames, 5)
    assert np.all((peak > 0) & (peak < 1))


def test_beat_head_gives_probabilities() -> None:
    inputs = [_normal(2, 10, N_LOGIT_FEATURES), _normal(2, 10, SIZES.n_facts)]
    probability = build_beat_head(SIZES).predict_on_batch(inputs)
    assert probability.shape == (2, 10, 6)
    np.testing.assert_allclose(probability.sum(axis=-1), 1, rtol=1e-5)


def test_one_network_gives_both_answers() -> None:
    network = build_network(SIZES)
    trunk, head = network.get_layer("trunk"), network.get_layer("beat_head")
    signal = _normal(2, N_STEPS, 2)
    of_beats = [_normal(2, 4, N_LOGIT_FEATURES), _normal(2, 4, SIZES.n_facts)]
    answers = network.predict_on_batch([signal, *of_beats])
    by_parts = [*trunk.predict_on_batch(signal), head.predict_on_batch(of_beats)]
    for whole, part in zip(answers, by_parts, strict=True):
        np.testing.assert_allclose(whole, part, atol=1e-6)
    assert {id(w) for w in network.weights} == {id(w) for w in [*trunk.weights, *head.weights]}


def test_classic_network_is_its_trunk() -> None:
    network = build_network(CLASSIC)
    assert network.name == "trunk"
    assert [output.shape[-1] for output in network.outputs] == [1, 5]


def test_default_network_looks_both_ways_in_signal_and_beats() -> None:
    trunk, head = build_trunk(SIZES), build_beat_head(SIZES)
    signal, changed = _normal(1, N_STEPS, 2), _normal(1, N_STEPS, 2)
    changed[0, -8:] += 1
    logits = [trunk.predict_on_batch(s)[1][0, 0] for s in (signal, changed)]
    assert not np.array_equal(*logits)
    beats, features = _normal(1, 10, N_LOGIT_FEATURES), _normal(1, 10, SIZES.n_facts)
    later = features.copy()
    later[0, -1] += 1
    first = [head.predict_on_batch([beats, f])[0, 0] for f in (features, later)]
    assert not np.array_equal(*first)
