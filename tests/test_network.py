"""The network: what goes in and comes out of both presets, and that its parts are one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecgscribe.network import Architecture, build_beat_head, build_network, build_trunk
from tiny_training import SIZES

CLASSIC = replace(SIZES, preset="classic", n_features=2 * SIZES.lstm_units, n_facts=0)
N_STEPS = 96


def _normal(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("sizes", [SIZES, CLASSIC], ids=lambda sizes: sizes.preset)
@pytest.mark.parametrize("n_steps", [8, N_STEPS])
def test_trunk_scores_every_step_and_every_frame(sizes: Architecture, n_steps: int) -> None:
    peak, features, frame_class = build_trunk(sizes).predict_on_batch(_normal(3, n_steps, 2))
    n_frames = n_steps // sizes.frame
    assert peak.shape == (3, n_steps, 1)
    assert features.shape == (3, n_frames, sizes.n_features)
    assert frame_class.shape == (3, n_frames, 5)
    assert np.all((peak > 0) & (peak < 1))


def test_beat_head_gives_probabilities() -> None:
    inputs = [_normal(2, 10, SIZES.n_features), _normal(2, 10, SIZES.n_facts)]
    probability = build_beat_head(SIZES).predict_on_batch(inputs)
    assert probability.shape == (2, 10, 5)
    np.testing.assert_allclose(probability.sum(axis=-1), 1, rtol=1e-5)


def test_one_network_gives_both_answers() -> None:
    network = build_network(SIZES)
    trunk, head = network.get_layer("trunk"), network.get_layer("beat_head")
    signal, facts = _normal(2, N_STEPS, 2), _normal(2, 4, SIZES.n_facts)
    frames = np.array([[0, 3, 3, 11], [1, 2, 5, 0]], dtype=np.int32)
    peak, probability = network.predict_on_batch([signal, frames, facts])

    trunk_peak, features, _ = trunk.predict_on_batch(signal)
    gathered = features[np.arange(2)[:, None], frames]
    np.testing.assert_allclose(peak, trunk_peak, atol=1e-6)
    by_parts = head.predict_on_batch([gathered, facts])
    np.testing.assert_allclose(probability, by_parts, atol=1e-6)
    assert {id(w) for w in network.weights} == {id(w) for w in [*trunk.weights, *head.weights]}


def test_classic_network_is_its_trunk() -> None:
    network = build_network(CLASSIC)
    assert network.name == "trunk"
    assert [output.shape[-1] for output in network.outputs] == [1, CLASSIC.n_features, 5]


def test_default_network_looks_both_ways_in_signal_and_beats() -> None:
    trunk, head = build_trunk(SIZES), build_beat_head(SIZES)
    signal, changed = _normal(1, N_STEPS, 2), _normal(1, N_STEPS, 2)
    changed[0, -8:] += 1
    features = [trunk.predict_on_batch(s)[1][0, 0] for s in (signal, changed)]
    assert not np.array_equal(*features)
    beats, facts = _normal(1, 10, SIZES.n_features), _normal(1, 10, SIZES.n_facts)
    later = facts.copy()
    later[0, -1] += 1
    first = [head.predict_on_batch([beats, f])[0, 0] for f in (facts, later)]
    assert not np.array_equal(*first)
