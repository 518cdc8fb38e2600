from __future__ import annotations

import csv
import dataclasses
import importlib
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe import datasets, formats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError, EcgScribeError, FormatError, ModelError
from ecgscribe.evaluation import baselines
from ecgscribe.evaluation.evaluate import evaluate
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.markdown import markdown
from ecgscribe.evaluation.output import log_ds2
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.records import annotate_records
from ecgscribe.metrics import ec57
from ecgscribe.model.decision import Calibration, Thresholds
from ecgscribe.model.runtime import Model, OnnxNetwork, load_model
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import MAPPINGS, Mapping
from support.wfdb_files import save

FS = 360.0
HASH = "a" * 64
SYMBOLS = np.array(["N", "A", "V", "F", "Q"])


def beats(name: str, *, seconds: float = 400.0) -> Annotation:
    """Give a record of one beat every 0.8 s, one in six of them abnormal."""
    rng = np.random.default_rng(int(name))
    sample = np.arange(FS, seconds * FS, 0.8 * FS).astype(np.int64)
    symbol = rng.choice(["N", "A", "V", "F", "e"], len(sample), p=[0.8, 0.06, 0.08, 0.03, 0.03])
    return Annotation(sample, symbol, FS, name=name)


def imitate(reference: Annotation) -> Annotation:
    """Annotate as a model might: jitter, misses, extra beats, wrong classes, probabilities."""
    rng = np.random.default_rng(len(reference) + int(reference.name))
    kept = reference.select(rng.random(len(reference)) > 0.03)
    extra = kept.sample[rng.random(len(kept)) < 0.03] + 130
    sample = np.append(kept.sample + rng.integers(-9, 10, len(kept)), extra)
    known = np.append(kept.class_index, np.zeros(len(extra), dtype=np.int8))
    order = np.argsort(sample, kind="stable")
    logits = rng.normal(0, 1, (len(sample), 5))
    logits[np.arange(len(sample)), known] += 4
    odds = np.exp(logits[order])
    probability = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return Annotation(
        sample[order],
        SYMBOLS[probability.argmax(axis=1)],
        FS,
        probability=probability,
        score=np.full(len(sample), 0.9, dtype=np.float32),
        name=reference.name,
    )


def scored(*names: str) -> list[Scored]:
    return [
        Scored(name, datasets.subject("mitdb", name), beats(name), imitate(beats(name)))
        for name in names
    ]


def view(report: dict[str, Any], mapping: str, start: float, title: str = "all") -> dict[str, Any]:
    (found,) = (
        v
        for v in report["views"]
        if (v["mapping"], v["start"], v["set"]) == (mapping, start, title)
    )
    return dict(found)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return evaluate_records(scored("100", "202", "213", "232"), resamples=50)


def test_there_is_a_view_of_each_mapping_start_and_set(report: dict[str, Any]) -> None:
    assert [(v["mapping"], v["start"], v["set"], v["records"]) for v in report["views"]] == [
        (mapping, start, title, n)
        for mapping in ("literature", "ec57")
        for start in (0.0, 300.0)
        for title, n in (("all", 4), ("without 202", 3))
    ]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_records_have_the_counts_of_the_comparison(
    report: dict[str, Any], mapping: Mapping
) -> None:
    for item, row in zip(
        scored("100", "202", "213", "232"),
        view(report, mapping, 300.0)["per_record"],
        strict=True,
    ):
        comparison = ec57.compare(item.reference, item.test, mapping=mapping)
        assert row["record"] == item.name
        assert row["matrix"] == comparison.matrix.tolist()
        assert row["veb_pp"] == comparison.ratios.veb_pp.value
        assert row["rr_error_ms"] == comparison.rr_error_ms


def test_s_and_f_are_also_given_without_the_record_that_carries_them(
    report: dict[str, Any],
) -> None:
    classes = view(report, "literature", 0.0)["classes"]
    without = evaluate_records(scored("100", "202", "213"), resamples=50)

    assert list(classes) == ["N", "S", "V", "F", "Q", "S without 232", "F without 213"]
    assert classes["S without 232"] == view(without, "literature", 0.0)["classes"]["S"]
    assert "S without 232" not in view(without, "literature", 0.0)["classes"]


def test_paced_records_are_in_the_r_peak_tables_only() -> None:
    report = evaluate_records(scored("100", "102", "217"), resamples=10)

    assert {v["records"] for v in report["views"]} == {1}
    assert [(r["set"], r["records"]) for r in report["r_peaks"][:2]] == [
        ("all", 3),
        ("without paced", 1),
    ]


def test_only_paced_records_leave_no_classes() -> None:
    report = evaluate_records(scored("102"), resamples=10)

    assert report["views"] == []
    assert len(report["r_peaks"]) == 4


def test_201_and_202_are_one_patient() -> None:
    report = evaluate_records(scored("100", "201", "202"), resamples=10)

    assert {(v["set"], v["records"], v["subjects"]) for v in report["views"]} == {("all", 3, 2)}


def test_r_peaks_are_scored_at_both_windows_with_their_offsets() -> None:
    item = scored("100")[0]
    late = dataclasses.replace(item, test=baselines.shift(item.reference, ms=100.0))

    rows = evaluate_records([late], resamples=0)["r_peaks"]

    assert [(r["window"], r["start"]) for r in rows] == [
        (0.15, 0.0),
        (0.15, 300.0),
        (0.05, 0.0),
        (0.05, 300.0),
    ]
    assert [r["se"]["value"] for r in rows] == [1.0, 1.0, 0.0, 0.0]
    assert rows[0]["median_ms"] == pytest.approx(100.0)
    assert rows[0]["p95_ms"] == pytest.approx(100.0)
    assert rows[2]["median_ms"] is None
    assert rows[0]["se"]["low"] is None


def test_beats_without_probabilities_have_no_curve() -> None:
    item = scored("100")[0]
    plain = dataclasses.replace(item, test=item.reference)

    abnormal = view(evaluate_records([plain], resamples=0), "literature", 0.0)["abnormal"]

    assert abnormal["f1"]["value"] == 1.0
    assert "auprc" not in abnormal


def test_an_interval_holds_its_value(report: dict[str, Any]) -> None:
    chosen = view(report, "literature", 0.0)
    figures = [chosen["macro_f1"], chosen["accuracy"], chosen["classes"]["V"]["f1"]]
    figures += [chosen["abnormal"][key] for key in ("auprc", "f1", "brier", "se_at_pp_95")]

    for figure in figures:
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_the_curve_is_short_and_the_report_is_json() -> None:
    report = evaluate_records(scored("100", "103", "105"), resamples=5)

    curve = view(report, "literature", 0.0)["abnormal"]["curve"]

    assert len(curve["recall"]) <= 401
    assert curve["recall"] == sorted(curve["recall"])
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_markdown_shows_every_table(report: dict[str, Any]) -> None:
    text = markdown(
        report
        | {"one_lead": report, "peers": report["r_peaks"], "db": "mitdb", "split": "ds2"}
        | {"model": {"name": "default", "hash": HASH}, "version": "0", "command": "again"}
    )

    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# mitdb, ds2: 4 records",
        "## Normal and abnormal, and all classes together",
        "## Classes",
        "## The standard's own figures",
        "## Confusion matrices",
        "## Precision-recall and calibration (literature, from 0:00, all)",
        "## Records",
        "## R-peaks",
        "### Within 150 ms, from 0:00",
        "### Within 150 ms, from 5:00",
        "### Within 50 ms, from 0:00",
        "### Within 50 ms, from 5:00",
    ]
    assert HASH in text
    assert "nan" not in text
    assert "None" not in text
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_ds2_log_notes_a_hash_once(tmp_path: Path) -> None:
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


@pytest.fixture
def a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    """Stand a model and a database in for the real ones, in an empty folder."""
    module = importlib.import_module("ecgscribe.evaluation.evaluate")

    def load(db: str, name: str, *, data_dir: object = None) -> tuple[Record, Annotation]:
        signal = np.zeros((int(400 * FS), 2), dtype=np.float32)
        return Record(signal, FS, ("MLII", "V1"), name=name), beats(name)

    def annotate(record: Record, *, model: Model) -> Annotation:
        answer = imitate(beats(record.name))
        # On one lead, and as another model, it misses more, so that the rows can be told apart.
        missed = 5 * (len(record.leads) == 1) + 3 * (model.path.parent.name == "other")
        return answer.select(np.arange(len(answer)) % missed > 0) if missed else answer

    monkeypatch.setattr(datasets, "locate", lambda db, *, data_dir=None: tmp_path)
    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(module, "annotate", annotate)
    monkeypatch.chdir(tmp_path)
    return _with_hash("somewhere/small.json", HASH)


def test_evaluate_writes_tables_and_plots(a_model: Model, tmp_path: Path) -> None:
    command = "ecgscribe evaluate --db mitdb --split ds2 --model small.json"
    report = evaluate(a_model, out="out", benchmarks="BENCHMARKS.md", command=command, resamples=5)

    assert sorted(p.name for p in Path("out").iterdir()) == [
        "confusion.png",
        "evaluation.json",
        "evaluation.md",
        "pr_curve.png",
        "reliability.png",
    ]
    assert json.loads(Path("out/evaluation.json").read_text("utf-8")) == report
    assert report["model"]["hash"] == a_model.hash
    assert report["records"] == list(datasets.DS2)
    page = Path("BENCHMARKS.md").read_text("utf-8")
    assert a_model.hash in page
    assert f"To measure it again:\n\n    {command}\n" in page
    assert "somewhere" not in page
    assert not (tmp_path / "experiments").exists()


def test_the_row_on_one_lead_stands_beside(a_model: Model) -> None:
    report = evaluate(a_model, resamples=0)

    both, alone = report["r_peaks"][0], report["one_lead"]["r_peaks"][0]
    assert alone["annotator"] == "ecgscribe, lead 0 only"
    assert alone["se"]["value"] < both["se"]["value"]


def test_the_live_path_has_rows_of_its_own(a_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def annotate_live(record: Record, *, model: Model) -> Annotation:
        answer = imitate(beats(record.name))
        return answer.select(np.arange(len(answer)) % 4 > 0)

    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.evaluate"), "annotate_live", annotate_live
    )
    report = evaluate(a_model, live=True, benchmarks="B.md", resamples=0)

    live = report["live"]["r_peaks"][0]
    assert live["annotator"] == "ecgscribe, live"
    assert live["se"]["value"] < report["r_peaks"][0]["se"]["value"]
    page = Path("B.md").read_text("utf-8")
    assert "| ecgscribe, live |" in page
    assert "| all leads, live |" in page
    assert "live" not in evaluate(a_model, resamples=0)


def _with_hash(path: str, sha256: str) -> Model:
    meta = {"files": {"trunk": {"sha256": sha256}}, "thresholds": {}, "calibration": {}}
    return Model(Path(path), meta, Thresholds(), Calibration(), OnnxNetwork(Path("trunk.onnx")))


def test_other_models_have_rows_of_their_own(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    models = {p: _with_hash(p, p[0] * 64) for p in ("runs/other/model.json", "models/twin.json")}
    monkeypatch.setattr(module, "load_model", lambda model: models.get(model, model))
    Path("experiments").mkdir()

    report = evaluate(a_model, compare_with=list(models), benchmarks="B.md", resamples=0)

    assert [o["model"] for o in report["others"]] == [
        {"name": name, "hash": model.hash}
        for name, model in zip(("other", "twin"), models.values(), strict=True)
    ]
    other, twin = report["others"]
    assert other["records"] == report["records"]
    assert other["r_peaks"][0]["annotator"] == "other"
    assert other["r_peaks"][0]["se"]["value"] < report["r_peaks"][0]["se"]["value"]
    assert twin["views"] == report["views"]
    page = Path("B.md").read_text("utf-8")
    assert all(f"hash `{m.hash}`" in page for m in (a_model, *models.values()))
    assert "| model other | literature |" in page
    assert "| twin | all (22) |" in page
    with Path("experiments/ds2.csv").open(encoding="utf-8", newline="") as file:
        logged = [row["hash"] for row in csv.DictReader(file)]
    assert logged == [m.hash for m in (a_model, *models.values())]


def test_noise_is_measured_at_every_snr_asked_for(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    noise = Record(rng.normal(size=(144_000, 2)).astype(np.float32), FS, ("n1", "n2"), name="em")
    monkeypatch.setattr(datasets, "noise", lambda name, *, data_dir=None: noise)

    report = evaluate(a_model, snrs_db=[6, -6], benchmarks="B.md", resamples=0)

    assert [row["annotator"] for row in report["noise"]] == [
        "6 dB",
        "6 dB, noisy stretches alone",
        "-6 dB",
        "-6 dB, noisy stretches alone",
    ]
    whole, alone = report["noise"][:2]
    assert 0 < alone["reference"] <= whole["reference"]
    page = Path("B.md").read_text("utf-8")
    assert "## R-peaks in noise" in page


def test_another_model_that_is_not_there_is_found_before_anything_runs(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "annotate", None)

    with pytest.raises(ModelError, match=r"found absent\.json"):
        evaluate(a_model, compare_with=["absent.json"], resamples=0)


def test_held_out_patients_are_those_that_the_model_names(a_model: Model) -> None:
    a_model.meta["split"] = {"held_out": ["mitdb/106", "svdb/800", "mitdb/101"]}

    assert evaluate(a_model, split="held-out", resamples=0)["records"] == ["106", "101"]


@pytest.mark.parametrize("split", [None, {}, {"held_out": ["synthetic/0", "svdb/800"]}])
def test_model_without_held_out_patients_is_refused(
    a_model: Model, split: dict[str, Any] | None
) -> None:
    if split is not None:
        a_model.meta["split"] = split

    with pytest.raises(ModelError, match="patients of mitdb that its training held out"):
        evaluate(a_model, split="held-out", resamples=0)


def test_package_model_is_measured_on_files_end_to_end(tmp_path: Path) -> None:
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

    report = evaluate(
        tmp_path / "copy.json",
        split="held-out",
        data_dir=tmp_path,
        compare_with=[tmp_path / "copy.json"],
        resamples=0,
    )

    (other,) = report["others"]
    assert report["records"] == ["101", "108"]
    assert report["r_peaks"][0]["se"]["value"] > 0.9
    assert other["model"] == {"name": "copy", "hash": report["model"]["hash"]}
    assert other["views"] == report["views"]

    seen = shipped.meta["split"]["training"]
    assert "mitdb/101" in seen
    with pytest.raises(ModelError, match=r"has not seen .* mitdb/101 the first"):
        evaluate(
            tmp_path / "copy.json",
            split="held-out",
            data_dir=tmp_path,
            compare_with=["default"],
            resamples=0,
        )


def test_database_that_is_absent_is_an_error_before_any_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[int, int]] = []
    with pytest.raises(DatasetError, match="run `ecgscribe fetch mitdb`"):
        next(
            annotate_records(
                lambda record: beats("100"),
                ["100"],
                data_dir=tmp_path,
                progress=lambda *call: calls.append(call),
            )
        )

    assert calls == []
    assert capsys.readouterr().err == ""


def test_nothing_is_overwritten_without_force(a_model: Model) -> None:
    Path("BENCHMARKS.md").write_text("kept", encoding="utf-8")

    with pytest.raises(FormatError, match="already there"):
        evaluate(a_model, benchmarks="BENCHMARKS.md", resamples=0)
    assert Path("BENCHMARKS.md").read_text("utf-8") == "kept"

    evaluate(a_model, benchmarks="BENCHMARKS.md", resamples=0, force=True)
    assert Path("BENCHMARKS.md").read_text("utf-8").startswith("# mitdb, ds2")


@pytest.mark.parametrize(("split", "noted"), [("ds2", True), ("ds1", False), ("paced", False)])
def test_a_run_on_ds2_is_logged_where_there_is_a_folder_for_it(
    a_model: Model, split: str, noted: bool
) -> None:
    Path("experiments").mkdir()

    evaluate(a_model, split=split, purpose="test", resamples=0)

    assert Path("experiments/ds2.csv").exists() == noted


def test_absent_peers_are_named_before_anything_runs(
    a_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        baselines, "find_spec", lambda name: None if name == "sleepecg" else object()
    )

    with pytest.raises(EcgScribeError, match=r"found no sleepecg; install ecgscribe\[peers\]"):
        evaluate(a_model, peers=True, resamples=0)


@pytest.mark.parametrize(
    ("late_ms", "rows_at_50_ms"),
    [(75.0, {"Peer": 0.0, "Peer, offset of 75.0 ms removed": 1.0}), (0.0, {"Peer": 1.0})],
)
def test_a_peer_with_an_offset_is_shown_raw_and_without_it(
    a_model: Model,
    monkeypatch: pytest.MonkeyPatch,
    late_ms: float,
    rows_at_50_ms: dict[str, float],
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")

    def detect(record: Record, *, peer: str) -> Annotation:
        return baselines.shift(beats(record.name), ms=late_ms)

    monkeypatch.setattr(module, "detect", detect)
    monkeypatch.setattr(module, "PEERS", {"Peer": None})
    monkeypatch.setattr(module, "require_peers", lambda: None)

    rows = evaluate(a_model, peers=True, resamples=0)["peers"]

    assert {r["annotator"]: r["se"]["value"] for r in rows if r["window"] == 0.05} == rows_at_50_ms


def test_progress_numbers_the_stages(a_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    stages: dict[str, list[tuple[int, int]]] = {}

    def progress(title: str, done: int, total: int) -> None:
        stages.setdefault(title, []).append((done, total))

    ramp = np.linspace(0, 1, 144_000, dtype=np.float32)
    noise = Record(np.stack([ramp, ramp], axis=1), FS, ("n1", "n2"), name="em")
    monkeypatch.setattr(datasets, "noise", lambda name, *, data_dir=None: noise)
    monkeypatch.setattr(module, "annotate_live", lambda record, *, model: beats(record.name))
    monkeypatch.setattr(module, "detect", lambda record, *, peer: beats(record.name))
    monkeypatch.setattr(module, "PEERS", {"Peer": None, "Other": None})
    monkeypatch.setattr(module, "require_peers", lambda: None)

    evaluate(a_model, live=True, peers=True, snrs_db=[6, 0], progress=progress, resamples=0)

    titles = list(stages)
    assert [title.split()[0] for title in titles] == [f"{k}/9" for k in range(1, 10)]
    assert titles[0] == "1/9 annotate"
    assert titles[-1] == "9/9 Other"
    assert all(calls == [(k, 22) for k in range(1, 23)] for calls in stages.values())


def test_shifting_moves_by_whole_samples_of_the_record() -> None:
    moved = baselines.shift(beats("100"), ms=-10.0)

    np.testing.assert_array_equal(moved.sample, beats("100").sample - 4)


@pytest.mark.parametrize("peer", baselines.PEERS)
@pytest.mark.mitdb
def test_peers_find_the_beats_of_a_quiet_record(data_dir: Path, peer: str) -> None:
    pytest.importorskip("neurokit2")
    pytest.importorskip("sleepecg")
    record, reference = datasets.load("mitdb", "100", data_dir=data_dir)
    minute = dataclasses.replace(record, signal=record.signal[: 60 * 360])

    found = baselines.detect(minute, peer=peer)

    ratios = ec57.compare(reference, found, start=0.0, end=60.0).ratios
    assert ratios.qrs_se.value > 0.95
    assert ratios.qrs_pp.value > 0.95


@pytest.mark.mitdb
def test_the_test_annotator_of_the_reference_program_is_scored_as_it_is_there(
    data_dir: Path, reference_dir: Path
) -> None:
    read = partial(formats.read_annotation, annotator="muta", fs=FS)
    items = [
        Scored(
            name,
            datasets.subject("mitdb", name),
            datasets.load("mitdb", name, data_dir=data_dir)[1],
            read(reference_dir / "bxb" / "muta" / name),
        )
        for name in datasets.MITDB
    ]

    report = evaluate_records(items, resamples=20)

    # The line Gross of what sumstats prints for bxb -f 0, over all 48 records.
    gross = report["r_peaks"][0]
    assert f"{100 * gross['se']['value']:.2f}" == "97.15"
    assert f"{100 * gross['pp']['value']:.2f}" == "97.09"
    assert f"{gross['rr_error_ms']:.2f}" == "243.12"
    assert view(report, "literature", 0.0)["records"] == 44
