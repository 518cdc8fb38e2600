"""What is measured on each kind of marking, and on a folder of one's own recordings."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets, formats
from ecgscribe.datasets.database import Marks
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError
from ecgscribe.evaluation import baselines
from ecgscribe.evaluation.evaluate import evaluate, measure
from ecgscribe.evaluation.groups import Scored, names_in_mitdb
from ecgscribe.evaluation.markdown import markdown
from ecgscribe.evaluation.measured import MEASURED, measure_of, measure_peaks
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.records import RecordSet, annotate_records, records_of_split
from ecgscribe.evaluation.results import to_json
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.record import Annotation, Record
from support.annotations import HASH, beats, fake_evaluation, model_with_hash, scored
from support.physionet_server import write_record
from support.wfdb_files import save

SECOND = 360


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of two annotated recordings, one of which has the name of a paced one of mitdb."""
    folder = tmp_path_factory.mktemp("data") / "clinic"
    folder.mkdir()
    for seed, name in enumerate(("104", "202")):
        record, reference = synthesize(duration=40.0, seed=seed)
        formats.write(reference, save(record, folder, name).with_suffix(".atr"))
    return folder


def annotation(*seconds: float, symbol: str = "N") -> Annotation:
    sample = np.array([round(s * SECOND) for s in seconds], dtype=np.int64)
    return Annotation(sample, np.full(len(sample), symbol), float(SECOND))


def item(reference: Annotation, test: Annotation, *, seconds: float = 10.0) -> Scored:
    return Scored("1", "somebody", reference, test, round(seconds * SECOND))


def test_peaks_have_no_classes_and_no_start_after_the_end() -> None:
    # Three of four beats are detected, and one extra.
    results = measure_peaks([item(annotation(1, 2, 3, 4), annotation(1, 2, 3, 3.5))], resamples=0)
    assert results.conditions == ()
    assert {m.start for m in results.r_peaks} == {0.0}
    first = results.r_peaks[0]
    assert (first.reference, first.missed, first.extra) == (4, 1, 1)
    assert (first.se.value, first.pp.value) == (0.75, 0.75)

    long = item(annotation(1, 301), annotation(1, 301), seconds=302)
    assert {m.start for m in measure_peaks([long], resamples=0).r_peaks} == {0.0, 300.0}


def test_the_table_of_beats_is_that_of_the_protocol() -> None:
    assert MEASURED["beats"] is evaluate_records


def test_every_kind_of_marking_is_measured() -> None:
    assert set(MEASURED) == set(datasets.MARKS)
    assert all(measure_of("somedb", kind) is MEASURED[kind] for kind in datasets.MARKS)


def test_baselines_and_noise_need_r_peaks() -> None:
    with pytest.raises(DatasetError, match=r"vfdb: expected marked R-peaks .* found rhythms"):
        measure_of("vfdb", "rhythms", r_peaks=True)
    assert measure_of("afpdb", "peaks", r_peaks=True) is measure_peaks


def test_records_carry_their_length_and_what_a_table_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "cinc2017" / "training2017", "A00001")
    (tmp_path / "cinc2017" / "REFERENCE-v3.csv").write_text("A00001,A\nA00002,N\n")
    write_record(tmp_path / "cudb", "cu01").with_suffix(".atr").unlink()
    (tmp_path / "cudb" / "windows.csv").write_text("record,start_s,end_s,ventricular\ncu01,0,5,1\n")
    write_record(tmp_path / "svdb", "800")

    def annotate(db: str, name: str, marks: Marks) -> Scored:
        (scored,) = annotate_records(
            lambda record: annotation(1), [name], db=db, marks=marks, data_dir=tmp_path
        )
        return scored

    labelled = annotate("cinc2017", "A00001", "labels")
    assert (labelled.label, labelled.windows, labelled.n_samples) == ("A", None, 720)
    assert (len(labelled.reference), labelled.reference.fs) == (0, 360.0)
    windowed = annotate("cudb", "cu01", "windows")
    assert windowed.windows is not None
    assert windowed.windows.ventricular.tolist() == [True]
    assert (windowed.label, len(windowed.reference)) == (None, 0)
    ordinary = annotate("svdb", "800", "beats")
    assert (ordinary.label, ordinary.windows, ordinary.n_samples) == (None, None, 720)
    assert len(ordinary.reference) == 4


def test_beats_outside_of_the_marked_waves_do_not_count(tmp_path: Path) -> None:
    path = write_record(tmp_path / "ludb" / "data", "1", n_samples=7200)
    waves = Annotation(
        np.array([360, 400, 440, 3000, 3040]), np.array(["(", "N", ")", "N", ")"]), 360.0
    )
    formats.write(waves, path.with_suffix(".ii"))

    detected = Annotation(np.array([100, 400, 3000, 5000]), np.array(["N"] * 4), 360.0)
    (scored,) = annotate_records(
        lambda record: detected, ["1"], db="ludb", marks="waves", data_dir=tmp_path
    )
    assert scored.test.sample.tolist() == [400, 3000]
    peaks = measure_peaks([scored], resamples=0).r_peaks[0]
    assert (peaks.reference, peaks.missed, peaks.extra) == (2, 0, 0)


def test_names_of_mitdb_mean_nothing_elsewhere() -> None:
    own = [dataclasses.replace(s, subject=f"clinic-{s.name}") for s in scored("104", "202", "232")]
    assert names_in_mitdb(own) == set()
    results = evaluate_records(own, resamples=0)
    assert {m.set for m in results.r_peaks} == {"all"}
    assert {c.records for c in results.conditions} == {3}  # the one named 104, too
    assert not any("without" in name for c in results.conditions for name in c.classes)

    of_mitdb = evaluate_records(scored("104", "202", "232"), resamples=0)
    assert {m.set for m in of_mitdb.r_peaks} == {"all", "without 202", "without paced"}
    assert of_mitdb.conditions[0].records == 2
    assert "S without 232" in of_mitdb.conditions[0].classes


def test_own_recordings_are_evaluated_with_the_tables_of_a_database(clinic: Path) -> None:
    result = evaluate(db=str(clinic), resamples=5)

    assert (result.db, result.split, result.marks) == ("clinic", "all", None)
    assert result.results.records == ("104", "202")
    assert result.results.r_peaks[0].se.value > 0.9
    condition = result.results.conditions[0]
    assert (condition.records, condition.subjects) == (2, 2)
    assert markdown(result).startswith("# clinic, all: 2 records")
    assert str(clinic) not in markdown(result)
    assert "marks" not in to_json(result)


def test_own_recordings_may_be_chosen_by_name(clinic: Path) -> None:
    result = evaluate(db=str(clinic), records=["202"], resamples=0)
    assert (result.split, result.results.records) == ("all, in part", ("202",))
    with pytest.raises(DatasetError, match=r"clinic, all: .*among the 2 there, found 203; did you"):
        evaluate(db=str(clinic), records=["202", "203"], resamples=0)


def test_records_of_mitdb_are_chosen_of_all_or_of_a_split(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_model = fake_evaluation(monkeypatch, tmp_path)
    Path("experiments").mkdir()

    some = evaluate(a_model, records=["101", "100"], resamples=0)
    assert some.results.records == ("100", "101")  # in the order of the database
    assert some.split == "all, in part"
    assert Path("experiments/ds2.csv").exists()  # 100 is of DS2
    part = evaluate(a_model, split="ds2", records=["100"], benchmarks="B.md", resamples=0)
    assert part.split == "ds2, in part"
    assert "Published figures" not in Path("B.md").read_text("utf-8")  # these are for all of DS2
    with pytest.raises(DatasetError, match=r"mitdb, ds2: .*22 there, found 101"):
        evaluate(a_model, split="ds2", records=["101"], resamples=0)


def test_all_records_there_are_evaluated_by_default(tmp_path: Path, model: Model) -> None:
    for name in ("801", "805"):
        write_record(tmp_path / "svdb", name)
    (tmp_path / "svdb" / "805.dat").unlink()

    chosen = records_of_split("svdb", None, model, data_dir=tmp_path)

    assert chosen == RecordSet("svdb", "all", ("801",), tmp_path)
    assert records_of_split("mitdb", None, model, data_dir=tmp_path).names == datasets.DS2


def test_a_database_without_its_signals_is_one_line(tmp_path: Path, model: Model) -> None:
    write_record(tmp_path / "afdb", "04015").with_suffix(".dat").unlink()
    with pytest.raises(DatasetError, match=r"afdb, all: .*found none with its signals; run `ecg"):
        records_of_split("afdb", None, model, data_dir=tmp_path)


def test_the_page_names_what_is_marked_if_it_is_not_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_record(tmp_path / "aftdb" / "learning-set", "n01", n_samples=3600)
    path.with_suffix(".atr").rename(path.with_suffix(".qrs"))
    calls: list[str] = []

    def annotate(record: Record, *, model: Model) -> Annotation:
        calls.append(record.name)
        return annotation(1, 2)

    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "annotate", annotate)
    monkeypatch.chdir(tmp_path)

    result = evaluate(
        model_with_hash("a.json", HASH), db="aftdb", data_dir=tmp_path, out="report", resamples=0
    )

    assert calls == ["n01", "n01"]  # on all leads, and on lead 0
    assert result.marks == to_json(result)["marks"] == "peaks"
    page = Path("report/evaluation.md").read_text("utf-8")
    assert "Marked in aftdb: R-peaks, found by a program and not corrected by hand." in page
    assert sorted(p.name for p in Path("report").iterdir()) == [
        "evaluation.json", "evaluation.md", "results",
    ]  # fmt: skip


@pytest.mark.parametrize("late_ms", [0.0, 75.0])
def test_baselines_are_scored_as_they_are_without_mitdb(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, late_ms: float
) -> None:
    a_model = fake_evaluation(monkeypatch, tmp_path)

    def locate(db: str | datasets.Database, *, data_dir: object = None) -> Path:
        if db == "mitdb":
            raise DatasetError("mitdb is not there")
        return tmp_path

    def detect(record: Record, *, baseline: str) -> Annotation:
        return baselines.shift(beats(record.name), ms=late_ms)

    monkeypatch.setattr(datasets, "locate", locate)
    monkeypatch.setattr(baselines, "detect", detect)
    monkeypatch.setattr(baselines, "BASELINES", {"One": None, "Other": None})
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "require_baselines", lambda: None)

    records = RecordSet("svdb", "all", ("800", "801"))
    found = measure(a_model, records, baselines=True, resamples=0).baselines

    assert found is not None
    assert {m.annotator for m in found} == {"One", "Other"}
    at_50_ms = {m.se.value for m in found if m.window == 0.05}
    assert at_50_ms == ({1.0} if late_ms == 0 else {0.0})


@pytest.mark.parametrize(
    ("name", "record", "least"),
    [("aftdb", "n01", 0.97), ("ludb", "5", 0.97), ("afpdb", "p02c", 0.97)],
)
@pytest.mark.mitdb
def test_r_peaks_of_real_records_are_detected(
    data_dir: Path, model: Model, name: str, record: str, least: float
) -> None:
    chosen = records_of_split(name, None, model, data_dir=data_dir, records=[record])
    result = measure(model, chosen, resamples=0)
    assert result.marks == datasets.marked(name, data_dir=data_dir)
    peaks = result.results.r_peaks[0]
    assert peaks.reference >= 5
    assert peaks.f1.value > least
