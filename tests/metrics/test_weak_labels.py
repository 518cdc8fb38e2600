"""Recordings labelled as a whole, of 20 s at 100 Hz."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.metrics.weak_labels import (
    LABELS,
    MEASURES,
    called_label,
    challenge_f1,
    weak_labels,
    weak_shares,
)
from support.marks import Mark, annotation, beats

N_SAMPLES = 2000


def called(*marks: Mark) -> str:
    return called_label(annotation(*marks), N_SAMPLES)


def row(label: str, *marks: Mark) -> dict[str, int]:
    """Return the counts that are not zero; only the row of the label has any."""
    counts = weak_labels(label, annotation(*marks), n_samples=N_SAMPLES)
    of_label = counts[LABELS.index(label)]
    assert counts.sum() == of_label.sum()
    return {name: n for name, n in zip(MEASURES, of_label.tolist(), strict=True) if n}


def test_a_recording_without_ectopy() -> None:
    assert row("N", *beats("NNNQ", 1, 1)) == {"recordings": 1, "readable beats": 4, "called N": 1}


@pytest.mark.parametrize("symbol", ["A", "S", "V", "F"])
def test_any_s_v_or_f_is_ectopy(symbol: str) -> None:
    counts = row("N", *beats(f"NN{symbol}", 1, 1))

    assert counts.pop("S beats", 0) == (symbol in "AS")
    assert counts == {"recordings": 1, "with ectopy": 1, "readable beats": 3, "called O": 1}


def test_beats_in_unreadable_time_do_not_count() -> None:
    marks: list[Mark] = [*beats("NNVAN", 1, 1), (2.5, "~", 3), (4.5, "~", 0)]

    assert row("N", *marks) == {"recordings": 1, "readable beats": 3, "called N": 1}


def test_beats_of_low_quality_do_not_count() -> None:
    test = annotation(*beats("NVN", 1, 1))
    test = dataclasses.replace(test, quality=np.array([0.9, 0.3, 0.9], dtype=np.float32))

    counts = weak_labels("N", test, n_samples=N_SAMPLES)
    assert counts[0, :4].tolist() == [1, 0, 2, 0]
    assert called_label(test, N_SAMPLES) == "N"


def test_a_recording_is_called_a_where_fibrillation_covers_more_than_half() -> None:
    assert called((0, "+", "(N"), (9.99, "+", "(AFIB")) == "A"
    assert called((0, "+", "(AFL"), (5, "+", "(AFIB"), (10.01, "+", "(N")) == "A"
    assert called((0, "+", "(AFIB"), (10, "+", "(N")) == "O"  # half is not most
    assert called((0, "+", "(AFIB"), *beats("VVV", 1, 1)) == "A"


def test_only_readable_time_is_compared() -> None:
    # 12 s can be read, from 8 s on; more than 6 s of it are in fibrillation.
    unreadable: list[Mark] = [(0, "~", -1), (8, "~", 0)]

    assert called(*unreadable, (0, "+", "(N"), (13.9, "+", "(AFIB")) == "A"
    assert called(*unreadable, (0, "+", "(AFIB"), (14, "+", "(N")) == "O"
    assert called((0, "~", -1), (0, "+", "(AFIB")) == "~"


def test_half_of_the_time_unreadable_is_called_noise() -> None:
    assert called((0, "~", -1), (10, "~", 0)) == "~"
    assert called((0, "~", -1), (10, "~", 0), (11, "V")) == "~"
    assert called((0, "~", -1), (9.99, "~", 0)) == "N"
    assert called((0, "~", 1)) == "N"  # the second lead can be read


def test_any_other_rhythm_is_called_o() -> None:
    assert called((0, "+", "(N"), (5, "+", "(NSR")) == "N"
    assert called((0, "+", "(N"), (5, "+", "(SVTA"), (6, "+", "(N")) == "O"
    assert called((5, "["), (6, "]")) == "O"


def test_a_rhythm_is_annotated_where_a_note_has_one() -> None:
    assert row("A", (0, "+", "(N")) == {"recordings": 1, "with rhythm": 1, "called N": 1}
    assert row("A", (0, "+", "")) == {"recordings": 1, "called N": 1}


def test_another_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a label of N, A, O, ~, found 'P'"):
        weak_labels("P", annotation(), n_samples=N_SAMPLES)


def table(called: list[list[int]], *, with_rhythm: int = 1) -> NDArray[np.int64]:
    """Return counts from a matrix of labels by called labels."""
    counts = np.zeros((len(LABELS), len(MEASURES)), dtype=np.int64)
    counts[:, 5:] = called
    counts[0, 4] = with_rhythm
    return counts


def test_shares_are_of_recordings_and_of_all_their_beats() -> None:
    counts = table([[0] * 4] * 4)
    counts[0, :4] = 10, 4, 500, 3
    counts[1, :4] = 5, 1, 400, 8
    shares = weak_shares(counts)

    assert shares.with_ectopy[:2].tolist() == [0.4, 0.2]
    assert shares.s_beats[:2].tolist() == [3 / 500, 8 / 400]
    assert np.isnan(shares.with_ectopy[2:]).all()


MATRIX = [[50, 2, 6, 2], [3, 20, 1, 0], [8, 2, 30, 0], [1, 0, 2, 7]]


def test_f1_is_that_of_the_challenge() -> None:
    f1 = challenge_f1(table(MATRIX))

    # Labelled N 60, A 24, O 40; called N 62, A 24, O 39.
    assert f1.n == 100 / 122
    assert f1.a == 40 / 48
    assert f1.o == 60 / 79
    assert f1.mean == pytest.approx((100 / 122 + 40 / 48 + 60 / 79) / 3)


def test_without_any_rhythm_f1_is_undefined() -> None:
    f1 = challenge_f1(table(MATRIX, with_rhythm=0))

    assert np.isnan([f1.n, f1.a, f1.o, f1.mean]).all()
    stack = challenge_f1(np.stack([table(MATRIX), table(MATRIX, with_rhythm=0)]))
    np.testing.assert_array_equal(np.isnan(stack.mean), [False, True])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("NAO~"), st.sampled_from("NAO~")), max_size=30))
def test_f1_of_summed_counts_is_that_of_precision_and_recall(pairs: list[tuple[str, str]]) -> None:
    marks: dict[str, list[Mark]] = {
        "N": [(0, "+", "(N")],
        "A": [(0, "+", "(AFIB")],
        "O": [(0, "+", "(N"), (1, "V")],
        "~": [(0, "~", -1), (0, "+", "(N")],
    }
    counts = np.zeros((len(LABELS), len(MEASURES)), dtype=np.int64)
    for label, call in pairs:
        counts += weak_labels(label, annotation(*marks[call]), n_samples=N_SAMPLES)
    f1 = challenge_f1(counts)

    assert counts[:, 0].sum() == len(pairs)
    for label, value in zip("NAO", (f1.n, f1.a, f1.o), strict=True):
        right = pairs.count((label, label))
        labelled = sum(pair[0] == label for pair in pairs)
        called = sum(pair[1] == label for pair in pairs)
        if right:
            se, pp = right / labelled, right / called
            assert value == pytest.approx(2 * se * pp / (se + pp))
        else:
            assert np.isnan(value) if labelled + called == 0 else value == 0.0
