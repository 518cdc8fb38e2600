from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe import metrics
from ecgscribe.metrics import bootstrap, performance
from ecgscribe.metrics.performance import Detections
from ecgscribe.record import Annotation

FS = 360.0


def annotation(
    beats: str, seconds: list[float], p_normal: list[float] | None = None, fs: float = FS
) -> Annotation:
    probability = None
    if p_normal is not None:
        probability = np.zeros((len(beats), 5), dtype=np.float32)
        probability[:, 0] = p_normal
    return Annotation(
        np.rint(np.array(seconds) * fs).astype(np.int64),
        np.array(list(beats)),
        fs,
        probability=probability,
    )


def matrix(**cells: int) -> NDArray[np.int64]:
    counts = np.zeros((7, 7), dtype=np.int64)
    for cell, count in cells.items():
        counts[metrics.ROWS.index(cell[0]), metrics.COLUMNS.index(cell[1])] = count
    return counts


def test_a_missed_beat_is_a_miss_of_its_class_and_an_extra_one_a_false_alarm() -> None:
    scores = performance.class_scores(matrix(Vv=6, Vn=1, Vo=2, Vx=1, Nv=2, Ov=3, Xv=1))

    assert scores.se[2] == 6 / 10
    assert scores.pp[2] == 6 / 12
    assert scores.f1[2] == 2 * 6 / (10 + 12)


def test_f_and_q_classified_as_v_lower_pp_but_not_that_of_the_standard() -> None:
    counts = matrix(Vv=8, Fv=1, Qv=1)

    assert performance.class_scores(counts).pp[2] == 0.8
    assert metrics.ratios(counts).veb_pp.value == 1.0


def test_macro_f1_is_the_mean_over_n_s_v_f_and_leaves_q_out() -> None:
    counts = matrix(Nn=8, Ns=2, Ss=5, Vv=4, Ff=1, Fv=4, Qn=9)
    f1 = [16 / (10 + 17), 10 / (5 + 7), 8 / (4 + 8), 2 / (5 + 1)]

    assert performance.macro_f1(counts) == pytest.approx(np.mean(f1))


def test_a_class_without_reference_beats_has_no_f1_and_no_part_in_the_mean() -> None:
    counts = matrix(Nn=9, Nf=1)

    assert np.isnan(performance.class_scores(counts).f1[3])
    assert performance.macro_f1(counts) == pytest.approx(18 / 19)
    assert np.isnan(performance.macro_f1(matrix(Qq=1)))


def test_accuracy_is_pooled_with_misses_and_extras() -> None:
    assert performance.accuracy(matrix(Nn=7, Vv=1, Vn=1, No=2, On=1)) == 8 / 12


def test_metrics_take_a_stack_of_matrices() -> None:
    stack = np.stack([matrix(Nn=1, Vo=1), matrix(Nn=3, Vv=1)])

    np.testing.assert_allclose(performance.accuracy(stack), [0.5, 1.0])
    np.testing.assert_allclose(performance.class_scores(stack).se[:, 2], [0.0, 1.0])


def test_an_abnormal_beat_with_another_abnormal_class_is_a_hit() -> None:
    counts = matrix(Nn=90, Ns=2, Sv=3, Vv=4, Vn=1, Fo=2, Oq=1)

    assert performance.abnormal_f1(counts) == pytest.approx(2 * 7 / (10 + 10))


def test_qrs_scores_are_those_of_the_standard() -> None:
    counts = matrix(Nn=90, Vn=4, No=3, Sx=1, On=2, Xv=1)
    ratios = metrics.ratios(counts)

    se, pp = performance.qrs_scores(counts)

    assert [float(se), float(pp)] == [ratios.qrs_se.value, ratios.qrs_pp.value]
    assert performance.qrs_f1(counts) == pytest.approx(2 * 94 / (98 + 97))
    assert np.isnan(performance.qrs_f1(matrix(On=1)))


def test_detections_follow_the_pairs() -> None:
    reference = annotation("NVVN", [1.0, 2.0, 3.0, 4.0])
    test = annotation("NVNN", [1.0, 2.0, 2.5, 4.0], [0.9, 0.2, 0.3, 0.8])

    detected = performance.detections(
        metrics.compare(reference, test, start=0.0), reference, test, mapping="literature"
    )

    np.testing.assert_allclose(detected.score, [0.1, 0.8, 0.7, 0.2], atol=1e-6)
    np.testing.assert_array_equal(detected.abnormal, [False, True, False, False])
    np.testing.assert_array_equal(detected.matched, [True, True, False, True])
    assert detected.missed == 1


def test_the_mapping_defines_which_beats_are_abnormal() -> None:
    reference = annotation("ej", [1.0, 2.0])
    test = annotation("NN", [1.0, 2.0], [0.4, 0.6])
    comparison = metrics.compare(reference, test, start=0.0)

    literature = performance.detections(comparison, reference, test, mapping="literature")
    standard = performance.detections(comparison, reference, test, mapping="ec57")

    assert not literature.abnormal.any()
    assert standard.abnormal.all()


def test_beats_without_probabilities_have_no_curve() -> None:
    plain = annotation("N", [1.0])

    with pytest.raises(ValueError, match="expected probabilities"):
        performance.detections(
            metrics.compare(plain, plain, start=0.0), plain, plain, mapping="literature"
        )


def test_a_missed_abnormal_beat_is_never_recalled() -> None:
    curve = performance.pr_curve([0.9, 0.8], [True, True], missed=2)

    np.testing.assert_allclose(curve.recall, [0.25, 0.5])
    assert performance.average_precision(curve) == 0.5


def test_an_extra_detection_is_a_negative_with_its_score() -> None:
    # Scores 0.9 (extra), 0.8 (abnormal): precision is 1/2 where the beat is recalled.
    curve = performance.pr_curve([0.9, 0.8], [False, True])

    assert performance.average_precision(curve) == 0.5


def test_beats_of_equal_score_share_a_point() -> None:
    curve = performance.pr_curve([0.5, 0.5, 0.5, 0.1], [True, False, True, True])

    np.testing.assert_allclose(curve.threshold, [0.5, 0.1])
    np.testing.assert_allclose(curve.recall, [2 / 3, 1.0])
    np.testing.assert_allclose(curve.precision, [2 / 3, 3 / 4])
    assert performance.average_precision(curve) == pytest.approx(2 / 3 * 2 / 3 + 1 / 3 * 3 / 4)


def test_nothing_detected_recalls_nothing() -> None:
    empty = performance.pr_curve([], [], missed=3)

    assert performance.average_precision(empty) == 0.0
    assert performance.sensitivity_at(empty) == 0.0


def test_without_abnormal_beats_nothing_is_defined() -> None:
    healthy = performance.pr_curve([0.2, 0.1], [False, False])

    assert np.isnan(performance.average_precision(healthy))
    assert np.isnan(performance.sensitivity_at(healthy))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40))
def test_average_precision_equals_scikit_learn_where_nothing_was_missed(
    beats: list[tuple[int, bool]],
) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    score = np.array([s for s, _ in beats]) / 6
    truth = np.array([t for _, t in beats])
    if not truth.any():
        truth[0] = True

    ours = performance.average_precision(performance.pr_curve(score, truth))

    assert ours == pytest.approx(oracle.average_precision_score(truth, score))


def test_sensitivity_is_the_highest_at_the_precision() -> None:
    score = np.linspace(1, 0, 40)
    truth = np.ones(40, dtype=bool)
    truth[[10, 25, 26, 27, 28]] = False
    # The 11th is wrong: 20 of 21 keep 0.95 again; up to the 25th there are 24 right of 25.
    curve = performance.pr_curve(score, truth)

    assert performance.sensitivity_at(curve, precision=0.95) == 24 / 35
    assert performance.sensitivity_at(performance.pr_curve([0.9], [False], missed=1)) == 0.0


def test_reliability_bins_are_of_equal_width_and_hold_one() -> None:
    bins = performance.reliability([0.0, 0.05, 0.95, 1.0], [False, True, True, True])

    assert bins.count.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins.predicted[[0, 9]] == pytest.approx([0.025, 0.975])
    assert bins.observed[[0, 9]] == pytest.approx([0.5, 1.0])
    assert np.isnan(bins.observed[1:9]).all()


def test_brier_score_is_the_mean_squared_distance() -> None:
    assert performance.brier_score([0.8, 0.1], [True, False]) == pytest.approx((0.04 + 0.01) / 2)
    assert np.isnan(performance.brier_score([], []))


def test_offsets_are_test_minus_reference_of_matched_beats() -> None:
    reference = annotation("NNN", [1.0, 2.0, 3.0])
    test = annotation("NNN", [1.05, 1.9, 3.5])

    offsets = performance.offsets_ms(metrics.compare(reference, test, start=0.0), reference, test)

    assert offsets == pytest.approx([50.0, -100.0])


def test_each_resample_draws_as_many_patients_as_there_are() -> None:
    weights = bootstrap.patient_weights(22, resamples=200, seed=3)

    assert weights.shape == (200, 22)
    assert (weights.sum(axis=1) == 22).all()
    np.testing.assert_array_equal(weights, bootstrap.patient_weights(22, resamples=200, seed=3))


def test_an_interval_ignores_undefined_resamples() -> None:
    values = np.append(np.arange(101.0), np.nan)

    assert bootstrap.interval(values) == pytest.approx((2.5, 97.5))
    assert np.isnan(bootstrap.interval([np.nan])).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_the_bootstrap_equals_taking_the_drawn_patients_together(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    patients = [
        Detections(
            score=rng.integers(0, 8, size) / 8,
            abnormal=rng.random(size) < 0.4,
            matched=np.ones(size, dtype=bool),
            missed=int(rng.integers(0, 3)),
        )
        for size in rng.integers(0, 12, n)
    ]
    weights = bootstrap.patient_weights(n, resamples=8, seed=seed)

    precision, sensitivity = bootstrap.bootstrap_abnormal(patients, weights, precision=0.6)

    for drawn, area, kept in zip(weights, precision, sensitivity, strict=True):
        again = [p for p, times in zip(patients, drawn, strict=True) for _ in range(times)]
        score = np.concatenate([p.score for p in again])
        abnormal = np.concatenate([p.abnormal for p in again])
        missed = sum(p.missed for p in again)
        if abnormal.sum() + missed == 0:
            assert np.isnan([area, kept]).all()
            continue
        curve = performance.pr_curve(score, abnormal, missed=missed)
        assert area == pytest.approx(performance.average_precision(curve))
        assert kept == pytest.approx(performance.sensitivity_at(curve, precision=0.6))
