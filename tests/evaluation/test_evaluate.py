"""An evaluation end to end: what it measures, and what it writes."""

from __future__ import annotations

import csv
import importlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe import datasets, formats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError, FormatError, ModelError
from ecgscribe.evaluation import baselines
from ecgscribe.evaluation.evaluate import evaluate, measure
from ecgscribe.evaluation.output import log_ds2
from ecgscribe.evaluation.records import RecordSet, annotate_records
from ecgscribe.evaluation.results import ModelIdentity, to_json
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.record import Annotation, Record
from support.annotations import FS, HASH, beats, fake_evaluation, imitate, model_with_hash
from support.wfdb_files import save


@pytest.fixture
def a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    return fake_evaluation(monkeypatch, tmp_path)


def test_ds2_log_has_a_hash_once(tmp_path: Path) -> None:
    log = tmp_path / "ds2.csv"

    assert log_ds2(log, model_hash=HASH, purpose="release, first")
    assert not log_ds2(log, model_hash=HASH, purpose="again")
    assert log_ds2(log, model_hash="b" * 64, purpose="research")

    with log.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["hash"], r["purpose"]) for r in rows] == [
        (HASH, "release, first"),
        ("b" * 64, "research"),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", rows[0]["date"])


def test_evaluate_writes_page_tables_and_plots(a_model: Model, tmp_path: Path) -> None:
    command = "ecgscribe evaluate --db mitdb --split ds2 --model small.json"
    result = evaluate(a_model, out="out", benchmarks="BENCHMARKS.md", command=command, resamples=5)

    written = sorted(p.name for p in Path("out/results").iterdir())
    assert sorted(p.name for p in Path("out").iterdir()) == [
        "confusion.png",
        "evaluation.json",
        "evaluation.md",
        "pr_curve.png",
        "reliability.png",
        "results",
    ]
    assert written == [
        "README.md",
        "abnormal.csv",
        "calibration.csv",
        "classes.csv",
        "confusion.csv",
        "ec57.csv",
        "figures.csv",
        "pr_curve.csv",
        "r_peaks.csv",
        "records.csv",
    ]
    assert sorted(p.name for p in Path("benchmarks/results").iterdir()) == written
    assert json.loads(Path("out/evaluation.json").read_text("utf-8")) == to_json(result)
    assert result.model.hash == a_model.hash
    assert result.results.records == datasets.DS2
    page = Path("BENCHMARKS.md").read_text("utf-8")
    assert a_model.hash in page
    assert f"To evaluate again:\n\n    {command}\n" in page
    assert "[benchmarks/results](benchmarks/results/README.md)" in page
    assert "![confusion.png](confusion.png)" in Path("out/evaluation.md").read_text("utf-8")
    assert "somewhere" not in page
    assert not (tmp_path / "experiments").exists()


def test_json_has_the_keys_that_programs_read(a_model: Model) -> None:
    content = to_json(evaluate(a_model, resamples=0))

    assert list(content) == [
        "model", "version", "command", "db", "split", "annotator", "records", "r_peaks", "views",
        "figures", "one_lead", "others",
    ]  # fmt: skip
    assert list(content["views"][0]) == [
        "mapping", "start", "set", "records", "subjects", "matrix", "classes", "macro_f1",
        "accuracy", "ec57", "abnormal", "per_record",
    ]  # fmt: skip
    assert list(content["figures"][0]) == [
        "set", "measure", "of", "people", "hits", "total", "unit", "value",
    ]  # fmt: skip
    assert list(content["r_peaks"][0]) == [
        "annotator", "set", "start", "window", "records", "reference", "missed", "extra", "se",
        "pp", "f1", "average_se", "average_pp", "median_ms", "p95_ms", "rr_error_ms",
    ]  # fmt: skip


def test_measure_writes_nothing(a_model: Model, tmp_path: Path) -> None:
    result = measure(a_model, RecordSet("mitdb", "some", ("100", "103")), resamples=0)

    assert result.results.records == ("100", "103")
    assert (result.db, result.split, result.command) == ("mitdb", "some", "")
    assert list(tmp_path.iterdir()) == []


def test_one_lead_has_results_of_its_own(a_model: Model) -> None:
    result = evaluate(a_model, resamples=0)

    both, alone = result.results.r_peaks[0], result.one_lead.r_peaks[0]
    assert alone.annotator == "ecgscribe, lead 0 only"
    assert alone.se.value < both.se.value


def test_the_live_path_has_results_of_its_own(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def annotate_live(record: Record, *, model: Model) -> Annotation:
        answer = imitate(beats(record.name))
        return answer.select(np.arange(len(answer)) % 4 > 0)

    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.evaluate"), "annotate_live", annotate_live
    )
    result = evaluate(a_model, live=True, benchmarks="B.md", resamples=0)

    assert result.live is not None
    live = result.live.r_peaks[0]
    assert live.annotator == "ecgscribe, live"
    assert live.se.value < result.results.r_peaks[0].se.value
    assert "| ecgscribe, live |" in Path("B.md").read_text("utf-8")
    for table in ("r_peaks", "abnormal"):
        rows = Path(f"benchmarks/results/{table}.csv").read_text("utf-8")
        assert '\n"ecgscribe, live",' in rows
    without = evaluate(a_model, resamples=0)
    assert without.live is None
    assert "live" not in to_json(without)


def test_other_models_have_results_of_their_own(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    models = {
        path: model_with_hash(path, path[0] * 64)
        for path in ("runs/other/model.json", "models/twin.json")
    }
    monkeypatch.setattr(module, "load_model", lambda model: models.get(model, model))
    Path("experiments").mkdir()

    result = evaluate(a_model, compare_with=list(models), benchmarks="B.md", resamples=0)

    assert [other.model for other in result.others] == [
        ModelIdentity(name, model.hash)
        for name, model in zip(("other", "twin"), models.values(), strict=True)
    ]
    other, twin = (other.results for other in result.others)
    assert other.records == result.results.records
    assert other.r_peaks[0].annotator == "other"
    assert other.r_peaks[0].se.value < result.results.r_peaks[0].se.value
    assert to_json(twin.conditions) == to_json(result.results.conditions)
    page = Path("B.md").read_text("utf-8")
    assert all(f"hash `{m.hash}`" in page for m in (a_model, *models.values()))
    assert "| other |" in page
    classes = Path("benchmarks/results/classes.csv").read_text("utf-8")
    assert "\nother,literature,0,all,22,N," in classes
    r_peaks = Path("benchmarks/results/r_peaks.csv").read_text("utf-8")
    assert "\ntwin,all,22,150,0," in r_peaks
    with Path("experiments/ds2.csv").open(encoding="utf-8", newline="") as file:
        logged = [row["hash"] for row in csv.DictReader(file)]
    assert logged == [m.hash for m in (a_model, *models.values())]


def test_models_of_one_name_keep_their_results_apart(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    models = {
        path: model_with_hash(path, path[0] * 64) for path in ("a/other/model.json", "b/other.json")
    }
    monkeypatch.setattr(module, "load_model", lambda model: models.get(model, model))

    worse, same = evaluate(a_model, compare_with=list(models), resamples=0).others

    assert worse.model.name == same.model.name == "other"
    assert worse.results.r_peaks[0].missed > same.results.r_peaks[0].missed


def test_noise_is_added_at_every_snr(a_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    noise = Record(rng.normal(size=(144_000, 2)).astype(np.float32), FS, ("n1", "n2"), name="em")
    monkeypatch.setattr(datasets, "noise", lambda name, *, data_dir=None: noise)

    metrics = evaluate(a_model, snrs_db=[6, -6], benchmarks="B.md", resamples=0).noise

    assert metrics is not None
    assert [m.annotator for m in metrics] == [
        "6 dB",
        "6 dB, noisy spans only",
        "-6 dB",
        "-6 dB, noisy spans only",
    ]
    whole, noisy = metrics[:2]
    assert 0 < noisy.reference <= whole.reference
    assert "## R-peaks in noise" in Path("B.md").read_text("utf-8")
    assert Path("benchmarks/results/noise.csv").read_text("utf-8").count("\n") == 5


def test_a_missing_model_is_an_error_before_anything_runs(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "annotate", None)

    with pytest.raises(ModelError, match=r"found absent\.json"):
        evaluate(a_model, compare_with=["absent.json"], resamples=0)


def test_held_out_patients_come_from_the_model(a_model: Model) -> None:
    a_model.meta["split"] = {"held_out": ["mitdb/106", "svdb/800", "mitdb/101"]}

    assert evaluate(a_model, split="held-out", resamples=0).results.records == ("106", "101")


@pytest.mark.parametrize("split", [None, {}, {"held_out": ["synthetic/0", "svdb/800"]}])
def test_model_without_held_out_patients_is_refused(
    a_model: Model, split: dict[str, Any] | None
) -> None:
    if split is not None:
        a_model.meta["split"] = split

    with pytest.raises(ModelError, match="patients of mitdb that its training held out"):
        evaluate(a_model, split="held-out", resamples=0)


def test_package_model_is_evaluated_on_files_end_to_end(tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    for seed, name in enumerate(("101", "106", "108")):
        record, reference = synthesize(duration=40.0, seed=seed)
        path = save(record, tmp_path / "mitdb", name)
        formats.write(reference, path.with_suffix(".atr"))
    shipped = load_model()
    meta = shipped.meta | {"split": {"held_out": ["mitdb/101", "mitdb/108"]}}
    for entry in shipped.meta["files"].values():
        (tmp_path / entry["name"]).symlink_to(shipped.path.parent / entry["name"])
    (tmp_path / "copy.json").write_text(json.dumps(meta), encoding="utf-8")

    result = evaluate(
        tmp_path / "copy.json",
        split="held-out",
        data_dir=tmp_path,
        compare_with=[tmp_path / "copy.json"],
        resamples=0,
    )

    (other,) = result.others
    assert result.results.records == ("101", "108")
    assert result.results.r_peaks[0].se.value > 0.9
    assert other.model == ModelIdentity("copy", result.model.hash)
    assert to_json(other.results.conditions) == to_json(result.results.conditions)

    seen = shipped.meta["split"]["training"]
    assert "mitdb/101" in seen
    with pytest.raises(ModelError, match=r"has not seen .* \(mitdb/101 is the first\)"):
        evaluate(
            tmp_path / "copy.json",
            split="held-out",
            data_dir=tmp_path,
            compare_with=["default"],
            resamples=0,
        )


def test_a_missing_database_is_an_error_before_any_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[int, int]] = []
    with pytest.raises(DatasetError, match="run `ecgscribe fetch mitdb`"):
        next(
            annotate_records(
                lambda record: beats("100"),
                ["100"],
                data_dir=tmp_path,
                progress=lambda done, total: calls.append((done, total)),
            )
        )

    assert calls == []
    assert capsys.readouterr().err == ""


def test_nothing_is_replaced_without_force(a_model: Model) -> None:
    Path("BENCHMARKS.md").write_text("kept", encoding="utf-8")

    with pytest.raises(FormatError, match="already there"):
        evaluate(a_model, benchmarks="BENCHMARKS.md", resamples=0)
    assert Path("BENCHMARKS.md").read_text("utf-8") == "kept"

    evaluate(a_model, benchmarks="BENCHMARKS.md", resamples=0, force=True)
    assert Path("BENCHMARKS.md").read_text("utf-8").startswith("# mitdb, ds2")


def test_other_pages_of_benchmarks_are_linked_where_they_are(a_model: Model) -> None:
    Path("benchmarks").mkdir()
    Path("benchmarks/adaptation.md").touch()
    evaluate(a_model, benchmarks="BENCHMARKS.md", resamples=0)
    page = Path("BENCHMARKS.md").read_text("utf-8")
    assert "[adaptation](benchmarks/adaptation.md)" in page
    assert "foreign_hearts" not in page


@pytest.mark.parametrize("kept", ["benchmarks/results/noise.csv", "out/results/README.md"])
def test_no_table_is_replaced_without_force(
    a_model: Model, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "annotate", None)
    Path(kept).parent.mkdir(parents=True)
    Path(kept).write_text("kept", encoding="utf-8")

    with pytest.raises(FormatError, match=f"{kept}: expected a new file"):
        evaluate(a_model, out="out", benchmarks="B.md", resamples=0)


@pytest.mark.parametrize(("split", "logged"), [("ds2", True), ("ds1", False), ("paced", False)])
def test_a_run_on_ds2_is_logged_if_there_is_a_folder_for_it(
    a_model: Model, split: str, logged: bool
) -> None:
    Path("experiments").mkdir()

    evaluate(a_model, split=split, purpose="test", resamples=0)

    assert Path("experiments/ds2.csv").exists() == logged


def test_progress_numbers_the_stages(a_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    stages: dict[str, list[tuple[int, int]]] = {}

    def progress(title: str, done: int, total: int) -> None:
        stages.setdefault(title, []).append((done, total))

    ramp = np.linspace(0, 1, 144_000, dtype=np.float32)
    noise = Record(np.stack([ramp, ramp], axis=1), FS, ("n1", "n2"), name="em")
    monkeypatch.setattr(datasets, "noise", lambda name, *, data_dir=None: noise)
    monkeypatch.setattr(module, "annotate_live", lambda record, *, model: beats(record.name))
    monkeypatch.setattr(baselines, "detect", lambda record, *, baseline: beats(record.name))
    monkeypatch.setattr(baselines, "BASELINES", {"One": None, "Other": None})

    evaluate(a_model, live=True, baselines=True, snrs_db=[6, 0], progress=progress, resamples=0)

    titles = list(stages)
    assert [title.split()[0] for title in titles] == [f"{k}/9" for k in range(1, 10)]
    assert titles[0] == "1/9 annotate"
    assert titles[-1] == "9/9 Other"
    assert all(calls == [(k, 22) for k in range(1, 23)] for calls in stages.values())
