"""The smallest values of each row, against an order of the whole row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.model.order_statistics import GROUP, smallest


@given(
    st.integers(0, 5),
    st.integers(1, 12),
    st.integers(1, 30 * GROUP),
    st.sampled_from([3, 50, 10**6]),
    st.integers(0, 2**31),
)
def test_smallest_values_are_found(m: int, count: int, n: int, kinds: int, seed: int) -> None:
    """Of many, and of few values that are often the same."""
    values = np.random.default_rng(seed).integers(0, kinds, size=(m, n)).astype(np.float32)
    found = smallest(values, count)
    assert found.shape == (m, min(count, n))
    assert all(len(set(row)) == len(row) for row in found.tolist())
    own = np.take_along_axis(values, found, axis=1)
    np.testing.assert_array_equal(np.sort(own, axis=1), np.sort(values, axis=1)[:, :count])
    np.testing.assert_array_equal(own[:, -1:], own.max(axis=1, keepdims=True))


@pytest.mark.parametrize("n", [5 * GROUP, 20 * GROUP, 20 * GROUP + 3])
def test_which_of_equal_values_are_taken_does_not_depend_on_the_groups(n: int) -> None:
    values = np.random.default_rng(0).integers(0, 4, size=(50, n)).astype(np.float32)
    whole = np.argpartition(values, 9, axis=1)[:, :10]
    np.testing.assert_array_equal(np.sort(smallest(values, 10)), np.sort(whole))
