"""Spans: each function returns what a look at every sample returns."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.metrics.spans import NO_SPANS, Spans, covered, hold, union

LENGTH = 60

spans_lists = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)), max_size=8).map(
    lambda pairs: np.array(pairs, dtype=np.int64).reshape(-1, 2)
)


def samples(spans: Spans) -> set[int]:
    return {k for begin, end in spans.tolist() for k in range(begin, end)}


@settings(deadline=None)
@given(spans_lists, spans_lists)
def test_a_union_holds_the_samples_of_all_and_its_spans_do_not_touch(a: Spans, b: Spans) -> None:
    joined = union(a, b)

    assert samples(joined) == samples(a) | samples(b)
    assert np.all(joined[:, 0] < joined[:, 1])
    assert np.all(joined[1:, 0] > joined[:-1, 1])


@settings(deadline=None)
@given(spans_lists)
def test_samples_in_spans_are_those_of_a_look_at_each(spans: Spans) -> None:
    at = np.arange(LENGTH + 5)

    assert set(at[hold(union(spans), at)].tolist()) == samples(spans)


@settings(deadline=None)
@given(spans_lists, st.lists(st.integers(0, LENGTH + 5), min_size=1, max_size=10).map(sorted))
def test_what_is_covered_is_what_is_counted(spans: Spans, edges: list[int]) -> None:
    inside = samples(spans)
    counted = [len(inside & set(range(a, b))) for a, b in itertools.pairwise(edges)]

    assert covered(union(spans), edges).tolist() == counted


def test_no_spans_hold_and_cover_nothing() -> None:
    assert union().tolist() == union(NO_SPANS).tolist() == []
    assert hold(NO_SPANS, [0, 3]).tolist() == [False, False]
    assert covered(NO_SPANS, [0, 5, 9]).tolist() == [0, 0]
    assert covered(np.array([[2, 4]]), [0]).tolist() == []
