"""When leads are lost: the same spans however a recording is cut into parts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.pipeline.lead_availability import (
    LeadAvailability,
    join_availability,
    lead_availability,
    readable_within,
)
from ecgscribe.signal.windows import FS

N = 20 * FS


def lost_at(availability: LeadAvailability, step: int) -> list[bool]:
    span = np.searchsorted(availability.begin, step, side="right") - 1
    return [bool(lead) for lead in availability.lost[span]]


@settings(max_examples=50, deadline=None)
@given(
    losses=st.lists(
        st.tuples(st.integers(0, N), st.integers(1, 3 * FS), st.integers(0, 1)), max_size=6
    ),
    cuts=st.lists(st.integers(1, N - 1), max_size=4, unique=True),
    n_leads=st.integers(1, 2),
)
def test_parts_have_the_spans_of_the_whole(
    losses: list[tuple[int, int, int]], cuts: list[int], n_leads: int
) -> None:
    invalid = np.zeros((N, n_leads), dtype=bool)
    for begin, length, lead in losses:
        invalid[begin : begin + length, min(lead, n_leads - 1)] = True
    whole = lead_availability(invalid, slice(None), begin=0)
    parts = []
    for begin, end in pairwise([0, *sorted(cuts), N]):
        first, last = max(begin - FS, 0), min(end + FS, N)
        own = slice(begin - first, end - first)
        parts.append(lead_availability(invalid[first:last], own, begin=begin))
    joined = join_availability(parts)
    for name in ("begin", "lost", "steps_lost"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    assert joined.end == whole.end == N
    assert whole.begin[0] == 0
    assert (whole.lost[1:] != whole.lost[:-1]).any(axis=1).all()
    # The slow way, step by step.
    for step in range(0, N, 37):
        unreadable = bool(invalid[step].all())
        runs = [_run_around(invalid[:, lead], step) >= FS for lead in range(n_leads)]
        assert lost_at(whole, step) == [unreadable or run for run in runs]
        assert unreadable == any(a <= step < b for a, b in whole.unreadable_spans().tolist())


def _run_around(flag: np.ndarray[tuple[int], np.dtype[np.bool_]], step: int) -> int:
    if not flag[step]:
        return 0
    first = last = step
    while first > 0 and flag[first - 1]:
        first -= 1
    while last < len(flag) - 1 and flag[last + 1]:
        last += 1
    return last - first + 1


@pytest.mark.parametrize("n_leads", [1, 2])
def test_a_loss_up_to_the_end_ends_with_the_recording(n_leads: int) -> None:
    invalid = np.zeros((N, n_leads), dtype=bool)
    invalid[N - 3 * FS :] = True
    availability = lead_availability(invalid, slice(None), begin=0)
    assert availability.unreadable_spans().tolist() == [[N - 3 * FS, N]]
    assert availability.steps_lost.tolist() == [3 * FS] * n_leads


def test_within_some_spans_no_moment_is_one_in_which_all_leads_are_lost() -> None:
    lost = np.array([[False, False], [True, True], [True, False], [True, True]])
    begin = np.array([0, 100, 200, 300])
    availability = LeadAvailability(begin, lost, 400, np.array([300, 200]))
    readable = readable_within(availability, np.array([[150, 250], [350, 400]]))
    for step, expected in [
        (50, [False, False]),
        (149, [True, True]),
        (150, [False, False]),
        (199, [False, False]),
        (220, [True, False]),  # one lead is still lost
        (300, [True, True]),
        (349, [True, True]),
        (350, [False, False]),
    ]:
        assert lost_at(readable, step) == expected
    assert readable.end == 400
    assert (np.diff(readable.begin) > 0).all()
    assert (readable.lost[1:] != readable.lost[:-1]).any(axis=1).all()
    same = readable_within(availability, np.zeros((0, 2), np.int64))
    np.testing.assert_array_equal(same.begin, begin)
    np.testing.assert_array_equal(same.lost, lost)
