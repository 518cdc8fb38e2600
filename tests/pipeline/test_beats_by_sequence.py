"""What the beats around a beat change of its class."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.model.traits import no_traits
from ecgscribe.pipeline.beats_by_sequence import apply_sequence
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES
from support.rising_rates import rising

THRESHOLDS = Thresholds()


def beats(rr_s: list[float], classes: str) -> ClassifiedCandidates:
    """Beats at RR intervals; each has its class with 0.7, and the rest is N."""
    n = len(classes)
    probability = np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32)
    probability[:, 0] = 0.3
    probability[np.arange(n), [AAMI_CLASSES.index(kind) for kind in classes]] += 0.7
    return ClassifiedCandidates(
        np.cumsum([FS, *(x * FS for x in rr_s[1:])][:n]),
        np.ones(n, dtype=np.float32),
        probability,
        np.ones(n, dtype=np.float32),
        np.zeros((n, 3, 2), dtype=np.float32),
        no_traits(n),
    )


def classes_of(rr_s: list[float], classes: str) -> str:
    changed = apply_sequence(beats(rr_s, classes), THRESHOLDS).class_probability
    np.testing.assert_allclose(changed.sum(axis=1), 1, atol=1e-6)
    return "".join(AAMI_CLASSES[k] for k in decide(changed, THRESHOLDS).tolist())


@pytest.mark.parametrize(
    ("rr_s", "classes", "expected"),
    [
        ([0.8] * 4 + [0.6, 1.0] + [0.8] * 4, "NNNNSNNNNN", "NNNNSNNNNN"),
        ([0.8] * 10, "NNNNSNNNNN", "NNNNNNNNNN"),
        # The first of the run was called V, or one was missed before it.
        ([0.8] * 5 + [0.5] * 4 + [1.1, 0.8], "NNNNNVSSSNN", "NNNNNVSSSNN"),
        # A long run must stay fast: one early beat at its begin is not enough.
        ([0.8] * 6 + [0.5] * 12, "N" * 6 + "S" * 12, "N" * 6 + "S" * 12),
        ([0.8] * 6 + [0.6] + [0.79] * 11, "N" * 6 + "S" * 12, "N" * 18),
        # The run began suddenly, and some of its beats were called N.
        ([0.8] * 6 + [0.65] * 20, "N" * 12 + "S" * 14, "N" * 12 + "S" * 14),
        (
            [0.8] * 6 + [0.65] * 20,
            "N" * 6 + "SSSNNNNSSSNNNNNSSSSS",
            "N" * 6 + "SSSNNNNSSSNNNNNSSSSS",
        ),
        # After a few N, the five intervals before are of the run before.
        (
            [0.9] * 8 + [0.6] * 12 + [1.1, 0.9] + [0.6] * 9,
            "N" * 8 + "S" * 12 + "NN" + "S" * 9,
            "N" * 8 + "S" * 12 + "NN" + "S" * 9,
        ),
        # A fast run holds its rate, also after an ectopic beat, to its last beat.
        (
            [0.9] * 8 + [0.65] * 12 + [0.4] + [0.65] * 3 + [0.9] * 4,
            "N" * 8 + "S" * 5 + "N" * 7 + "V" + "N" * 7,
            "N" * 8 + "S" * 12 + "V" + "S" * 3 + "N" * 4,
        ),
        (
            [0.9] * 8 + [0.75] * 12 + [0.9] * 4,  # hardly faster
            "N" * 8 + "S" * 5 + "N" * 11,
            "N" * 8 + "S" * 5 + "N" * 11,
        ),
        (
            [0.9] * 8 + [0.65] * 12 + [0.9] * 4,  # too few
            "N" * 8 + "S" * 4 + "N" * 12,
            "N" * 8 + "S" * 4 + "N" * 12,
        ),
        # The pauses after ectopic beats are not what is usual: where they end, none begins.
        (
            [0.9] * 8 + [0.6, 1.2] * 6 + [0.9] * 14,
            "N" * 8 + "VN" * 6 + "S" * 5 + "N" * 9,
            "N" * 8 + "VN" * 6 + "S" * 5 + "N" * 9,
        ),
        # Not so where the rate changed once more in between.
        ([0.8] * 6 + [0.62] * 4 + [0.74] * 9 + [0.68] * 9, "N" * 16 + "S" * 12, "N" * 28),
    ],
)
def test_runs_of_s_begin_suddenly(rr_s: list[float], classes: str, expected: str) -> None:
    assert classes_of(rr_s, classes) == expected


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.99, 1.0), st.integers(0, 2**31))
def test_where_the_rate_only_rises_no_beat_is_s(
    begin: int, length: int, change: float, seed: int
) -> None:
    n = begin + length + 3
    classes = "N" * (begin + 1) + "S" * length + "NN"
    expected = "N" * n if begin > 0 else classes
    assert classes_of(rising(n, change, seed), classes) == expected


def test_a_tachycardia_that_leaps_is_s() -> None:
    rr = [0.8] * 12 + [0.45] * 12 + [1.0] + [0.8] * 3
    predicted = "N" * 14 + "V" + "N" * 13
    own = beats(rr, predicted)
    own = dataclasses.replace(own, class_probability=0.99 * own.class_probability + 0.002)
    end = int(own.r_peaks[-1]) + 1
    found = {}
    for kind in ("N", "AFIB"):
        whole = StepSpan(begin=0, end=end, kind=kind, probability=0.9)
        changed = apply_sequence(own, THRESHOLDS, [whole]).class_probability
        found[kind] = "".join(AAMI_CLASSES[k] for k in decide(changed, THRESHOLDS).tolist())
    assert found == {"N": "N" * 12 + "SS" + "V" + "S" * 9 + "NNNN", "AFIB": predicted}


def test_what_speaks_against_s_leaves_some_of_its_probability() -> None:
    changed = apply_sequence(beats([0.8] * 10, "NNNNSNNNNN"), THRESHOLDS).class_probability
    np.testing.assert_allclose(changed[4], [0.79, 0.21, 0, 0, 0], atol=1e-6)


def test_a_run_at_the_begin_of_a_recording() -> None:
    assert classes_of([0.8, 0.6, 0.8, 0.8], "NSNN") == "NSNN"
    assert classes_of([0.5] * 20, "S" * 20) == "N" * 20
    assert classes_of([0.8], "S") == "S"


def test_fusion_needs_ventricular_beats() -> None:
    rr = [0.8] * 8
    assert classes_of(rr, "NFNVNVNN") == "NNNVNVNN"
    assert classes_of(rr, "NFNVNVNV") == "NFNVNVNV"


def test_no_beats_stay_none() -> None:
    assert len(apply_sequence(beats([], ""), THRESHOLDS)) == 0


STANDS_OUT = [0.9] * 8 + [0.65] * 5 + [1.1, 0.9]


@pytest.mark.parametrize(
    ("rr_s", "p_s", "p_s_of_others", "found"),
    [
        (STANDS_OUT, 0.2, 0.0, [8, 9, 10, 11, 12]),
        (STANDS_OUT, 0.2, 0.05, []),  # the N before it are as likely S
        (STANDS_OUT, 0.09, 0.0, []),
        ([0.9] * 8 + [0.75] * 5 + [1.1, 0.9], 0.2, 0.0, []),  # hardly faster
        ([0.9] * 8 + [0.5, 0.65, 0.5, 0.65, 0.5] + [1.1, 0.9], 0.2, 0.0, []),  # not regular
        ([0.9] * 4 + [0.84, 0.78, 0.73, 0.68] + [0.65] * 5 + [0.9] * 2, 0.2, 0.0, []),  # by and by
        (
            [0.9] * 8 + [0.65] * 4 + [0.9, 1.1, 0.9],
            0.2,
            0.0,
            [8, 9, 10, 11],
        ),  # the last comes late
    ],
)
def test_a_run_of_doubtful_s_that_stands_out(
    rr_s: list[float], p_s: float, p_s_of_others: float, found: list[int]
) -> None:
    own = beats(rr_s, "N" * 15)
    probability = np.zeros_like(own.class_probability)
    probability[:, 1] = p_s_of_others
    probability[8:13, 1] = p_s
    probability[:, 0] = 1 - probability[:, 1]
    own = dataclasses.replace(own, class_probability=probability)
    changed = apply_sequence(own, THRESHOLDS).class_probability
    assert np.flatnonzero(decide(changed, THRESHOLDS) == 1).tolist() == found
    whole = StepSpan(begin=0, end=int(own.r_peaks[-1]) + 1, kind="AFIB", probability=0.9)
    in_fibrillation = apply_sequence(own, THRESHOLDS, [whole]).class_probability
    np.testing.assert_array_equal(in_fibrillation, probability)
