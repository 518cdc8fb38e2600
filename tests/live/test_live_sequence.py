"""What the sequence of beats changes in a stream."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.live.sequence import LiveSequence
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES
from support.rising_rates import rising

THRESHOLDS = Thresholds()
MEMORY = 64
"""Beats that a stream compares."""
AHEAD = 2
"""Later beats that it knows when it classifies one."""


def streamed(rr_s: list[float], p_s: list[float], *, fibrillates: bool = False) -> str:
    """Classify beats one by one; the first RR interval is before the recording."""
    r_peaks = np.cumsum(np.asarray(rr_s)) * FS
    probability = np.zeros((len(rr_s), len(AAMI_CLASSES)), dtype=np.float32)
    probability[:, 1] = p_s
    probability[:, 0] = 1 - probability[:, 1]
    sequence, found = LiveSequence(), ""
    for k in range(len(rr_s)):
        known = np.arange(max(k + AHEAD + 1 - MEMORY, 0), min(k + AHEAD + 1, len(rr_s)))
        changed = sequence.apply(
            probability[known], r_peaks[known], known == k, THRESHOLDS, fibrillates=fibrillates
        )
        np.testing.assert_allclose(changed.sum(axis=1), 1, atol=1e-6)
        found += AAMI_CLASSES[int(decide(changed[known == k], THRESHOLDS)[0])]
    return found


def test_a_run_of_s_begins_suddenly() -> None:
    early = [0.8] * 8 + [0.55] * 4 + [1.0] + [0.8] * 4
    in_time = [0.8] * 17
    p_s = [0.01] * 8 + [0.8] * 4 + [0.01] * 5
    assert streamed(early, p_s) == "N" * 8 + "SSSS" + "N" * 5
    assert streamed(in_time, p_s) == "N" * 17
    assert streamed(early, p_s, fibrillates=True) == "N" * 17


def test_a_run_after_a_few_n_is_compared_with_those() -> None:
    rr = [0.9] * 8 + [0.6] * 12 + [1.1, 0.9] + [0.6] * 12
    p_s = [0.01] * 8 + [0.8] * 12 + [0.01] * 2 + [0.8] * 12
    assert streamed(rr, p_s) == "N" * 8 + "S" * 12 + "NN" + "S" * 12


def test_a_fast_run_holds_its_rate() -> None:
    rr = [0.9] * 8 + [0.62] * 30 + [1.1] + [0.9] * 9
    p_s = [0.01] * 8 + [0.8] * 5 + [0.01] * 35
    assert streamed(rr, p_s) == "N" * 8 + "S" * 30 + "N" * 10


def test_a_run_of_doubtful_s_that_stands_out() -> None:
    rr = [0.9] * 8 + [0.65] * 6 + [1.1] + [0.9] * 3
    p_s = [0.0] * 8 + [0.2] * 6 + [0.0] * 4
    assert streamed(rr, p_s) == "N" * 8 + "S" * 6 + "N" * 4
    assert streamed(rr, [p / 3 for p in p_s]) == "N" * 18
    assert streamed([0.9] * 18, p_s) == "N" * 18
    assert streamed(rr, p_s, fibrillates=True) == "N" * 18


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.99, 1.0), st.integers(0, 2**31))
def test_where_the_rate_only_rises_no_beat_is_s(
    begin: int, length: int, change: float, seed: int
) -> None:
    n = begin + length + 3
    p_s = [0.0] * (begin + 1) + [0.7] * length + [0.0, 0.0]
    assert streamed(rising(n, change, seed), p_s) == "N" * n
