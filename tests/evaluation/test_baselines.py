"""Other detectors, as they are and without their constant offset."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError
from ecgscribe.evaluation import baselines
from ecgscribe.evaluation.evaluate import evaluate
from ecgscribe.metrics import ec57
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation, Record
from support.annotations import beats, fake_evaluation


@pytest.fixture
def a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    return fake_evaluation(monkeypatch, tmp_path)


def test_missing_baselines_are_named_before_anything_runs(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "annotate", None)
    monkeypatch.setattr(
        baselines, "find_spec", lambda name: None if name == "sleepecg" else object()
    )

    with pytest.raises(EcgScribeError, match=r"found no sleepecg; install ecgscribe\[baselines\]"):
        evaluate(a_model, baselines=True, resamples=0)


@pytest.mark.parametrize(
    ("late_ms", "se_at_50_ms"),
    [(75.0, {"Late": 0.0, "Late, offset of 75.0 ms removed": 1.0}), (0.0, {"Late": 1.0})],
)
def test_a_baseline_with_an_offset_is_scored_with_and_without_it(
    a_model: Model,
    monkeypatch: pytest.MonkeyPatch,
    late_ms: float,
    se_at_50_ms: dict[str, float],
) -> None:
    def detect(record: Record, *, baseline: str) -> Annotation:
        return baselines.shift(beats(record.name), ms=late_ms)

    monkeypatch.setattr(baselines, "detect", detect)
    monkeypatch.setattr(baselines, "BASELINES", {"Late": None})

    metrics = evaluate(a_model, baselines=True, resamples=0).baselines

    assert metrics is not None
    assert {m.annotator: m.se.value for m in metrics if m.window == 0.05} == se_at_50_ms


def test_shifting_moves_by_whole_samples_of_the_record() -> None:
    moved = baselines.shift(beats("100"), ms=-10.0)

    np.testing.assert_array_equal(moved.sample, beats("100").sample - 4)


@pytest.mark.parametrize("baseline", baselines.BASELINES)
@pytest.mark.mitdb
def test_baselines_detect_the_beats_of_a_quiet_record(data_dir: Path, baseline: str) -> None:
    pytest.importorskip("neurokit2")
    pytest.importorskip("sleepecg")
    record, reference = datasets.load("mitdb", "100", data_dir=data_dir)
    minute = dataclasses.replace(record, signal=record.signal[: 60 * 360])

    detected = baselines.detect(minute, baseline=baseline)

    ratios = ec57.compare(reference, detected, start=0.0, end=60.0).ratios
    assert ratios.qrs_se.value > 0.95
    assert ratios.qrs_pp.value > 0.95
