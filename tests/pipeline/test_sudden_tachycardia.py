"""A tachycardia that begins from one beat to the next is supraventricular."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.pipeline.sudden_tachycardia import BEATS, next_rate, sudden_tachycardia


def inside(rr: list[float] | NDArray[np.float64]) -> list[int]:
    """Return the beats inside, of RR intervals after a first beat."""
    rr = np.concatenate([[np.nan], rr])
    return np.flatnonzero(sudden_tachycardia(rr)).tolist()


def test_a_run_from_one_beat_to_the_next_until_it_ends() -> None:
    assert inside([0.8] * 10 + [0.4] * 20 + [1.0] + [0.8] * 10) == list(range(11, 31))


@pytest.mark.parametrize(
    "rr",
    [
        [0.8] * 40,
        [0.8] * 10 + [0.4] * (BEATS - 1) + [0.8] * 20,  # too short
        [1.2] * 10 + [0.7] * 30,  # no tachycardia
        [0.6] * 10 + [0.5] * 30,  # no leap
        [0.8] * 10 + [0.35, 0.5] * 15,  # not regular
        [0.4] * 40,  # its begin is not seen
        [0.8] * 8,
        [],
    ],
)
def test_what_is_none(rr: list[float]) -> None:
    assert inside(rr) == []


def test_it_goes_on_after_ectopic_beats() -> None:
    ectopic = [0.3, 0.5, 0.45]
    assert inside([0.8] * 10 + [0.4] * 10 + ectopic + [0.4] * 10) == list(range(11, 34))
    # More than three intervals that differ end it, and none at its end is of it.
    assert inside([0.8] * 10 + [0.4] * 10 + [0.8] * 4 + [0.4] * 5) == list(range(11, 21))
    assert inside([0.8] * 10 + [0.4] * 10 + [0.3, 0.6]) == list(range(11, 21))


def test_a_beat_that_ends_a_pause_is_not_of_it() -> None:
    pauses = [0.4] * 10 + [0.9] + [0.4] * 5 + [0.6, 0.7] + [0.4] * 8
    assert inside([0.8] * 10 + pauses) == [*range(11, 21), *range(22, 27), *range(29, 37)]


def test_two_runs_are_two() -> None:
    run = [0.8] * 12 + [0.45] * 12
    assert inside([*run, *run, 0.8]) == [*range(13, 25), *range(37, 49)]


def test_its_rate_may_change_slowly() -> None:
    slower = np.linspace(0.35, 0.55, 200)
    assert inside(np.concatenate([[0.8] * 10, slower])) == list(range(11, 211))


@given(st.integers(20, 200), st.floats(0.985, 1.0), st.integers(0, 2**31))
def test_a_rate_that_rises_makes_none(n: int, change: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rr = np.maximum(change ** np.arange(n), 0.33) * np.exp(rng.uniform(-0.03, 0.03, n))
    assert inside(rr) == []


def test_a_rate_follows_slowly_until_it_ends() -> None:
    assert next_rate(0.4, 0.44) == pytest.approx(0.404)
    assert next_rate(0.4, 0.47) is None
    assert next_rate(0.4, 0.33) is None
