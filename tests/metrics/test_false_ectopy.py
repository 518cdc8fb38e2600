"""False ectopy, at 100 Hz: counts of hand-made annotations, and rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.false_ectopy import PLACES, PREDICTED, false_ectopy, per_1000, share_above
from ecgscribe.symbols import Mapping
from support.marks import Mark, annotation, beats


def count(
    reference: list[Mark],
    test: list[Mark],
    *,
    n_samples: int = 10_000,
    mapping: Mapping = "literature",
    start: float = 0.0,
) -> list[list[int]]:
    truth, predicted = annotation(*reference), annotation(*test)
    comparison = compare(truth, predicted, start=start, mapping=mapping)
    counts: list[list[int]] = false_ectopy(
        comparison, truth, predicted, n_samples=n_samples, mapping=mapping
    ).tolist()
    return counts


def test_normal_beats_classified_as_s_v_or_f_are_false_ectopy() -> None:
    # Ten N: two S, one V, one F, one Q, one missed, four N. V and an extra S do not count.
    reference = beats("NNNNNLRejBVV", 1, 1)
    test = [*beats("ASVFQ", 1, 1), *beats("NNNNVS", 7, 1), (20.0, "A")]

    assert count(reference, test)[0] == [10, 2, 1, 1]


def test_the_mapping_decides_what_is_normal() -> None:
    reference, test = beats("ejN", 1, 1), beats("VVV", 1, 1)

    assert count(reference, test, mapping="literature")[0] == [3, 0, 3, 0]
    assert count(reference, test, mapping="ec57")[0] == [1, 0, 1, 0]


def test_another_mapping_than_that_of_the_comparison_is_an_error() -> None:
    truth, predicted = annotation(*beats("ejN", 1, 1)), annotation(*beats("VVV", 1, 1))
    comparison = compare(truth, predicted, start=0, mapping="ec57")

    with pytest.raises(ValueError, match=r"the comparison \(1 N\), found 3 N; .* 'literature'"):
        false_ectopy(comparison, truth, predicted, n_samples=1000)


def test_beats_before_the_start_of_the_comparison_do_not_count() -> None:
    assert count(beats("NNNN", 1, 1), beats("VVVV", 1, 1), start=2.5)[0] == [2, 0, 2, 0]


@pytest.mark.parametrize("subtype", [1, 2, 3, 16, 32, -1])
def test_a_lead_that_the_reference_marks_as_noisy_or_lost_is_noise(subtype: int) -> None:
    reference = [*beats("NNNNN", 1, 1), (1.5, "~", subtype), (3.5, "~", 0)]

    assert count(reference, beats("SVFNS", 1, 1)) == [[5, 2, 1, 1], [2, 0, 1, 1]]


@pytest.mark.parametrize(
    ("subtype", "in_noise"), [(1, False), (16, False), (3, True), (33, True), (-1, True)]
)
def test_of_the_test_annotation_only_unreadable_time_is_noise(subtype: int, in_noise: bool) -> None:
    test = [*beats("SVFNS", 1, 1), (1.5, "~", subtype), (3.5, "~", 0)]

    expected = [2, 0, 1, 1] if in_noise else [0, 0, 0, 0]
    assert count(beats("NNNNN", 1, 1), test) == [[5, 2, 1, 1], expected]


def test_a_beat_in_noise_of_both_counts_once() -> None:
    reference = [*beats("NNN", 1, 1), (1.5, "~", 1)]
    test = [*beats("NVN", 1, 1), (0.5, "~", -1), (2.5, "~", 0)]

    assert count(reference, test) == [[3, 0, 1, 0], [3, 0, 1, 0]]


def test_rates_are_per_1000_normal_beats() -> None:
    np.testing.assert_allclose(per_1000([2000, 6, 3, 1]), [3.0, 1.5, 0.5, 5.0])
    assert per_1000(np.ones((3, 2, 4))).shape == (3, 2, 4)
    assert np.isnan(per_1000([0, 0, 0, 0])).all()


def test_recordings_above_five_per_1000_are_counted_where_there_are_normal_beats() -> None:
    def recording(*of_all: int) -> list[list[int]]:
        return [list(of_all), [0, 0, 0, 0]]

    counts = [
        recording(1000, 5, 0, 0),  # 5 per 1,000 is not above
        recording(1000, 2, 2, 2),
        recording(100, 0, 1, 0),
        recording(100, 0, 0, 0),
        recording(0, 0, 0, 0),
    ]

    assert share_above(counts) == (2, 4)
    assert share_above(counts, 10.0) == (0, 4)
    assert share_above([]) == (0, 0)


times = st.integers(0, 390).map(lambda tick: tick / 10)
marks = st.lists(
    st.one_of(
        st.tuples(times, st.sampled_from("NNNNLASVF")),
        st.tuples(times, st.just("~"), st.sampled_from([0, 1, -1])),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(marks, marks, marks, marks)
def test_joined_recordings_have_the_sums_of_their_counts(
    reference: list[Mark], test: list[Mark], reference_2: list[Mark], test_2: list[Mark]
) -> None:
    def shifted(marks: list[Mark]) -> list[Mark]:
        return [(40.0, "~", 0), *((mark[0] + 41, *mark[1:]) for mark in marks)]

    def counts(truth: list[Mark], predicted: list[Mark]) -> NDArray[np.int64]:
        return np.array(count(truth, predicted, n_samples=8100))

    joined = counts([*reference, *shifted(reference_2)], [*test, *shifted(test_2)])

    assert joined.shape == (len(PLACES), len(PREDICTED))
    np.testing.assert_array_equal(joined, counts(reference, test) + counts(reference_2, test_2))
    assert np.all(joined[1] <= joined[0])
