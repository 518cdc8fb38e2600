"""Every metric of the protocol, from annotations."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets, formats
from ecgscribe.evaluation import baselines
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.results import AnnotatorResults, ConditionResults, to_json
from ecgscribe.metrics import ec57
from ecgscribe.symbols import MAPPINGS, Mapping
from support.annotations import FS, scored


def condition(
    results: AnnotatorResults, mapping: str, start: float, title: str = "all"
) -> ConditionResults:
    (chosen,) = (
        c for c in results.conditions if (c.mapping, c.start, c.set) == (mapping, start, title)
    )
    return chosen


@pytest.fixture(scope="module")
def results() -> AnnotatorResults:
    return evaluate_records(scored("100", "202", "213", "232"), resamples=50)


def test_every_mapping_start_and_set_is_a_condition(results: AnnotatorResults) -> None:
    assert [(c.mapping, c.start, c.set, c.records) for c in results.conditions] == [
        (mapping, start, title, n)
        for mapping in ("literature", "ec57")
        for start in (0.0, 300.0)
        for title, n in (("all", 4), ("without 202", 3))
    ]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_records_have_the_counts_of_the_comparison(
    results: AnnotatorResults, mapping: Mapping
) -> None:
    for item, row in zip(
        scored("100", "202", "213", "232"),
        condition(results, mapping, 300.0).per_record,
        strict=True,
    ):
        comparison = ec57.compare(item.reference, item.test, mapping=mapping)
        assert row.record == item.name
        np.testing.assert_array_equal(row.matrix, comparison.matrix)
        assert row.veb_pp == comparison.ratios.veb_pp.value
        assert row.rr_error_ms == comparison.rr_error_ms


def test_s_and_f_are_also_scored_without_the_record_with_most_of_them(
    results: AnnotatorResults,
) -> None:
    classes = condition(results, "literature", 0.0).classes
    without = evaluate_records(scored("100", "202", "213"), resamples=50)

    assert list(classes) == ["N", "S", "V", "F", "Q", "S without 232", "F without 213"]
    assert classes["S without 232"] == condition(without, "literature", 0.0).classes["S"]
    assert "S without 232" not in condition(without, "literature", 0.0).classes


def test_paced_records_are_in_the_r_peak_metrics_only() -> None:
    results = evaluate_records(scored("100", "102", "217"), resamples=10)

    assert {c.records for c in results.conditions} == {1}
    assert [(m.set, m.records) for m in results.r_peaks[:2]] == [("all", 3), ("without paced", 1)]


def test_only_paced_records_leave_no_classes() -> None:
    results = evaluate_records(scored("102"), resamples=10)

    assert results.conditions == ()
    assert len(results.r_peaks) == 4


def test_201_and_202_are_one_patient() -> None:
    results = evaluate_records(scored("100", "201", "202"), resamples=10)

    assert {(c.set, c.records, c.subjects) for c in results.conditions} == {("all", 3, 2)}


def test_r_peaks_are_scored_at_both_windows_with_their_offsets() -> None:
    item = scored("100")[0]
    late = dataclasses.replace(item, test=baselines.shift(item.reference, ms=100.0))

    metrics = evaluate_records([late], resamples=0).r_peaks

    assert [(m.window, m.start) for m in metrics] == [
        (0.15, 0.0),
        (0.15, 300.0),
        (0.05, 0.0),
        (0.05, 300.0),
    ]
    assert [m.se.value for m in metrics] == [m.f1.value for m in metrics] == [1.0, 1.0, 0.0, 0.0]
    assert metrics[0].median_ms == pytest.approx(100.0)
    assert metrics[0].p95_ms == pytest.approx(100.0)
    assert math.isnan(metrics[2].median_ms)
    assert math.isnan(metrics[0].se.low)
    assert to_json(metrics[2])["median_ms"] is None
    assert to_json(metrics[0])["se"] == {"value": 1.0, "low": None, "high": None}


def test_f1_of_r_peaks_is_the_harmonic_mean_of_se_and_pp(results: AnnotatorResults) -> None:
    assert len(results.r_peaks) >= 2
    for m in results.r_peaks:
        assert m.f1.value == pytest.approx(2 / (1 / m.se.value + 1 / m.pp.value))
        assert m.f1.low <= m.f1.value <= m.f1.high


def test_beats_without_probabilities_have_no_curve() -> None:
    item = scored("100")[0]
    plain = dataclasses.replace(item, test=item.reference)

    abnormal = condition(evaluate_records([plain], resamples=0), "literature", 0.0).abnormal

    assert abnormal.f1.value == 1.0
    assert abnormal.auprc is None
    assert abnormal.curve is None
    assert abnormal.reliability is None
    assert list(to_json(abnormal)) == ["prevalence", "f1"]


def test_an_interval_holds_its_value(results: AnnotatorResults) -> None:
    chosen = condition(results, "literature", 0.0)
    estimates = [chosen.macro_f1, chosen.accuracy, chosen.classes["V"].f1]
    abnormal = chosen.abnormal
    estimates += [e for e in (abnormal.auprc, abnormal.brier, abnormal.se_at_pp_95) if e]
    estimates += [abnormal.f1]

    assert len(estimates) == 7
    for estimate in estimates:
        assert estimate.low <= estimate.value <= estimate.high


def test_the_curve_is_short_and_the_results_are_json() -> None:
    results = evaluate_records(scored("100", "103", "105"), resamples=5)

    content = to_json(results)
    curve = content["views"][0]["abnormal"]["curve"]

    assert len(curve["recall"]) <= 401
    assert curve["recall"] == sorted(curve["recall"])
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@pytest.mark.mitdb
def test_the_test_annotator_of_the_reference_program_has_the_scores_of_that_program(
    data_dir: Path, reference_dir: Path
) -> None:
    read = partial(formats.read_annotation, annotator="muta", fs=FS)
    items = [
        Scored(
            name,
            datasets.subject("mitdb", name),
            datasets.load("mitdb", name, data_dir=data_dir)[1],
            read(reference_dir / "bxb" / "muta" / name),
            650_000,
        )
        for name in datasets.MITDB
    ]

    results = evaluate_records(items, resamples=20)

    # The line Gross of what sumstats prints for bxb -f 0, over all 48 records.
    gross = results.r_peaks[0]
    assert f"{100 * gross.se.value:.2f}" == "97.15"
    assert f"{100 * gross.pp.value:.2f}" == "97.09"
    assert f"{gross.rr_error_ms:.2f}" == "243.12"
    assert condition(results, "literature", 0.0).records == 44
