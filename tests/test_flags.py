"""Runs of true values, compared with a loop over the flags."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.flags import long_runs, runs

FLAGS = st.lists(st.booleans(), max_size=30)


def slow_runs(flags: list[bool]) -> list[list[int]]:
    """Return begin and end of each run, one flag after the other."""
    found, at = [], 0
    for is_true, group in groupby(flags):
        end = at + len(list(group))
        if is_true:
            found.append([at, end])
        at = end
    return found


@given(FLAGS)
def test_runs_are_those_of_a_loop(flags: list[bool]) -> None:
    edges = runs(np.array(flags, dtype=np.bool_))
    assert edges.shape == (len(slow_runs(flags)), 2)
    assert edges.tolist() == slow_runs(flags)


@given(FLAGS, st.integers(0, 8))
def test_long_runs_keep_those_of_at_least_so_many(flags: list[bool], least: int) -> None:
    expected = np.zeros(len(flags), dtype=np.bool_)
    for begin, end in slow_runs(flags):
        expected[begin:end] = end - begin >= least
    np.testing.assert_array_equal(long_runs(np.array(flags, dtype=np.bool_), least), expected)
