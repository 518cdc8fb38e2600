"""Rhythms in the annotation of a recording, end to end, with networks that a test can predict."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import SyntheticSettings
from ecgscribe.errors import SignalWarning
from ecgscribe.formats.reading import read_annotation
from ecgscribe.formats.writing import write
from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.weak_labels import called_label
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.detection import FAINT, detect_r_peaks
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES
from support.rhythm_networks import PlannedNetwork, SpikeNetwork

pytestmark = pytest.mark.usefixtures("any_beats_count")

PLAN = "n" * 20 + "t" * 10 + "f" * 10 + "n" * 20
SECONDS = len(PLAN)


@pytest.fixture(scope="module")
def model() -> Model:
    return replace(load_model(), rhythm=None)


@pytest.fixture(scope="module")
def record() -> Record:
    return synthesize(duration=float(SECONDS), seed=3, noise=0.2)[0]


def planned(model: Model, record: Record, plan: str) -> Annotation:
    return annotate(record, model=replace(model, rhythm=PlannedNetwork(plan)))


def within(annotation: Annotation, begin: float, end: float) -> Annotation:
    seconds = annotation.sample / annotation.fs
    return annotation.select((seconds >= begin) & (seconds < end))


def test_a_model_without_a_rhythm_network_annotates_beats_alone(
    model: Model, record: Record
) -> None:
    annotation = annotate(record, model=model)
    assert annotation.rhythms == ()
    assert not np.isin(annotation.symbol, ["+", "[", "]"]).any()


def test_where_there_is_no_arrhythmia_one_annotation_says_so(model: Model, record: Record) -> None:
    annotation = planned(model, record, "n" * SECONDS)
    (span,) = annotation.rhythms
    assert (span.begin, span.end, span.kind) == (0, record.n_samples, "N")
    assert span.probability > 0.98
    same = annotate(record, model=model)
    assert annotation.symbol.tolist() == ["+", *same.symbol.tolist()]
    assert annotation.aux_note[0] == "(N"


def test_rhythms_are_spans_in_samples_of_the_recording(model: Model, record: Record) -> None:
    annotation = planned(model, record, PLAN)
    spans = [(s.begin / record.fs, s.end / record.fs, s.kind) for s in annotation.rhythms]
    expected = [(0, 20, "N"), (20, 30, "VT"), (30, 40, "VFL"), (40, SECONDS, "N")]
    for (begin, end, kind), (other_begin, other_end, other_kind) in zip(
        spans, expected, strict=True
    ):
        assert kind == other_kind
        assert begin == pytest.approx(other_begin, abs=0.01)
        assert end == pytest.approx(other_end, abs=0.01)


def test_beats_follow_the_rhythm(model: Model, record: Record) -> None:
    annotation = planned(model, record, PLAN)
    usual = annotate(record, model=model)
    tachycardia = within(annotation, 20, 30).beats()
    assert len(tachycardia) >= len(within(usual, 20, 30).beats()) > 5
    assert set(tachycardia.symbol.tolist()) == {"V"}
    assert len(within(annotation, 30, 40).beats()) == 0
    brackets = annotation.select(np.isin(annotation.symbol, ["[", "]"]))
    np.testing.assert_allclose(brackets.sample / record.fs, [30, 40], atol=0.01)
    assert brackets.symbol.tolist() == ["[", "]"]


def test_the_end_of_flutter_comes_before_the_next_rhythm(model: Model, record: Record) -> None:
    annotation = planned(model, record, PLAN)
    marks = annotation.select(annotation.class_index < 0)
    marks = marks.select(marks.symbol != "~")
    assert marks.symbol.tolist() == ["+", "+", "+", "[", "]", "+"]
    assert marks.aux_note.tolist() == ["(N", "(VT", "(VFL", "", "", "(N"]


def test_what_kills_is_not_unreadable(model: Model) -> None:
    rng = np.random.default_rng(1)
    beats = synthesize(duration=60.0, seed=3, noise=0.2)[0]
    signal = beats.signal.copy()
    middle = slice(round(20 * beats.fs), round(40 * beats.fs))
    signal[middle] = 0.3 * rng.normal(size=signal[middle].shape)  # without a beat
    record = replace(beats, signal=signal)

    def unreadable(plan: str) -> float:
        spans = unreadable_spans(planned(model, record, plan), record.n_samples)
        inside = np.clip(spans / record.fs, 22, 38)
        return float(np.diff(inside, axis=1).sum())

    assert unreadable("n" * 20 + "x" * 20 + "n" * 20) > 12
    assert unreadable("n" * 60) == 0  # where a rhythm shows clearly
    assert unreadable("n" * 20 + "f" * 20 + "n" * 20) == 0
    assert unreadable("n" * 20 + "s" * 20 + "n" * 20) == 0


@pytest.mark.parametrize("suffix", ["scribe", "csv", "json", "edf"])
def test_every_format_holds_rhythms(
    model: Model, record: Record, tmp_path: Path, suffix: str
) -> None:
    annotation = planned(model, record, PLAN)
    path = write(annotation, tmp_path / f"x.{suffix}")
    if suffix == "scribe":
        read = read_annotation(tmp_path / "x", suffix)
        assert [s.kind for s in read.rhythms] == ["N", "VT", "VFL", "N"]
        np.testing.assert_array_equal(read.symbol, annotation.symbol)
        return
    text = path.read_bytes().decode("latin-1")
    assert all(note in text for note in ("(N", "(VT", "(VFL"))
    if suffix == "json":
        content = json.loads(text)
        assert [m["aux_note"] for m in content["other"] if m["symbol"] == "+"] == [
            "(N", "(VT", "(VFL", "(N",
        ]  # fmt: skip
        assert {b["symbol"] for b in content["beats"]} <= set("NAVFQ")


def test_a_fast_run_of_s_is_a_span_in_every_format(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_s(beats: ClassifiedCandidates, *_: object) -> ClassifiedCandidates:
        of_class = beats.class_probability.copy()
        run = (beats.r_peaks >= 20 * FS) & (beats.r_peaks < 30 * FS)
        of_class[run] = [0.1, 0.9, 0, 0, 0]
        return replace(beats, class_probability=of_class)

    monkeypatch.setattr("ecgscribe.pipeline.written.apply_sequence", as_s)
    fast = synthesize(duration=60.0, seed=3, noise=0.2, heart_rate=140, classes=("N",))[0]
    assert "SVTA" not in {s.kind for s in planned(model, fast, "n" * 10 + "a" * 50).rhythms}
    annotation = planned(model, fast, "n" * 60)
    plain, run, rest = annotation.rhythms
    assert [span.kind for span in (plain, run, rest)] == ["N", "SVTA", "N"]
    assert run.begin / fast.fs == pytest.approx(20, abs=0.5)
    assert run.end / fast.fs == pytest.approx(30, abs=0.5)
    assert run.probability == pytest.approx(0.9)
    s = annotation.sample[annotation.class_index == 1]
    assert ((s >= run.begin) & (s < run.end)).all()
    for suffix in ("csv", "json", "edf", "parquet"):
        written = write(annotation, tmp_path / f"x.{suffix}").read_bytes()
        assert b"(SVTA" in written
    write(annotation, tmp_path / "x.scribe")
    assert [s.kind for s in read_annotation(tmp_path / "x", "scribe").rhythms] == ["N", "SVTA", "N"]


def test_regular_fibrillation_is_flutter_in_every_format(model: Model, tmp_path: Path) -> None:
    steady = SyntheticSettings(
        heart_rate=140, sinus_arrhythmia=0, drift=0, jitter=0, classes=("N",), noise=0.2
    )
    record = synthesize(steady, duration=60.0, seed=3)[0]
    annotation = planned(model, record, "a" * 60)
    (span,) = annotation.rhythms
    assert (span.kind, span.begin, span.end) == ("AFL", 0, record.n_samples)
    assert span.probability > 0.98
    assert "S" not in {AAMI_CLASSES[k] for k in annotation.class_index if k >= 0}
    assert called_label(annotation, record.n_samples) == "A"
    for suffix in ("csv", "json", "edf", "parquet"):
        assert b"(AFL" in write(annotation, tmp_path / f"x.{suffix}").read_bytes()


def test_rhythm_annotations_do_not_change_the_comparison_of_beats(
    model: Model, record: Record
) -> None:
    _, reference = synthesize(duration=float(SECONDS), seed=3, noise=0.2)
    annotation = planned(model, record, PLAN)
    with_rhythms = compare(reference, annotation, start=0.0)
    alone = compare(reference, annotation.select(annotation.symbol != "+"), start=0.0)
    np.testing.assert_array_equal(with_rhythms.matrix, alone.matrix)


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")  # of the short ones
@pytest.mark.parametrize("duration", [1.0, 5.3, 90.0, 300.4])
@pytest.mark.parametrize("leads", [1, 2])
def test_blocks_never_show(model: Model, duration: float, leads: int) -> None:
    record = synthesize(duration=duration, seed=7, leads=leads)[0]
    with_rhythm = replace(model, rhythm=SpikeNetwork())
    whole = annotate(record, model=with_rhythm, block_windows=100)
    parts = annotate(record, model=with_rhythm, block_windows=1)
    assert whole.rhythms
    assert whole.rhythms[-1].end == record.n_samples
    for key in ("sample", "symbol", "aux_note"):
        np.testing.assert_array_equal(getattr(whole, key), getattr(parts, key))
    for one, other in zip(whole.rhythms, parts.rhythms, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)


def test_windows_end_where_the_recording_does(model: Model) -> None:
    network = SpikeNetwork()
    record = synthesize(duration=130.5, seed=7)[0]
    annotate(record, model=replace(model, rhythm=network))
    # Windows of 112 s with 4 s on each side, as far as there are whole seconds.
    assert sorted(network.lengths) == [130 - 108, 116]


def test_a_beat_ends_a_standstill_if_it_is_more_probable_than_that(
    model: Model, record: Record
) -> None:
    # Beats go on, so a network that is not quite sure of standstill is wrong.
    network = PlannedNetwork("n" * 20 + "s" * 20 + "n" * 20)
    network._logits[20:40, 4] = 2  # a probability of about 0.6
    annotation = annotate(record, model=replace(model, rhythm=network))
    assert {span.kind for span in annotation.rhythms} == {"N"}


def test_saturated_moments_of_flutter_are_not_unreadable(model: Model, record: Record) -> None:
    signal = record.signal.copy()
    begin = round(33 * record.fs)
    signal[begin : begin + round(0.5 * record.fs)] = np.nan
    damaged = replace(record, signal=signal)
    assert len(unreadable_spans(planned(model, damaged, PLAN), record.n_samples)) == 0
    with pytest.warns(SignalWarning, match="0.5 s cannot be read"):
        usual = annotate(damaged, model=model)
    assert len(unreadable_spans(usual, record.n_samples)) == 1


@pytest.mark.parametrize("block_windows", [1, 100])
def test_faint_peaks_are_found_besides_the_same_candidates(
    model: Model, block_windows: int
) -> None:
    clean = synthesize(duration=250.0, seed=7)[0]
    noise = np.random.default_rng(0).normal(size=clean.signal.shape)
    noisy = replace(clean, signal=(clean.signal + 2 * noise).astype(np.float32))
    conditioner = Conditioner.for_record(noisy)
    with_rhythm = replace(model, rhythm=SpikeNetwork())
    alone = list(detect_r_peaks(model, conditioner))
    blocks = list(detect_r_peaks(with_rhythm, conditioner, block_windows=block_windows))
    for name in ("r_peaks", "peak_scores", "logits"):
        np.testing.assert_allclose(
            np.concatenate([getattr(block.candidates, name) for block in blocks]),
            np.concatenate([getattr(block.candidates, name) for block in alone]),
            atol=1e-5,
        )
    assert all(len(block.faint) == 0 for block in alone)
    scores = np.concatenate([block.faint.peak_scores for block in blocks])
    assert len(scores) > 5
    assert scores.min() >= FAINT
    assert scores.max() < model.thresholds.peak
    whole = list(detect_r_peaks(with_rhythm, conditioner))
    np.testing.assert_allclose(
        np.concatenate([block.faint.r_peaks for block in blocks]),
        np.concatenate([block.faint.r_peaks for block in whole]),
        atol=1e-5,
    )
