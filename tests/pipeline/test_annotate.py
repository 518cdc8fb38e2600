"""One record, end to end. The floors are what any decent model meets on easy recordings."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecgscribe import datasets
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError, ModelError, SignalWarning
from ecgscribe.formats.reading import read_annotation
from ecgscribe.formats.writing import write
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.scoring import score_signal
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.pipeline.beats_by_likeness import apply_likeness
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.filters import BRIDGED_S
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS
from support.whole_record import classify, traits_at

N, V = AAMI_CLASSES.index("N"), AAMI_CLASSES.index("V")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def easy(*, seed: int = 5, duration: float = 120.0, **overrides: Any) -> tuple[Record, Annotation]:
    """A recording with little noise and some ventricular beats."""
    clean: dict[str, Any] = {"noise": 0.2, "v_rate": 0.1, "s_rate": 0.0, "classes": ("N", "V")}
    return synthesize(duration=duration, seed=seed, **(clean | overrides))


def score(reference: Annotation, test: Annotation) -> Comparison:
    return compare(reference, test, start=0.0)


def assert_found(reference: Annotation, test: Annotation) -> None:
    qrs = score(reference, test).ratios
    assert qrs.qrs_se.value > 0.99
    assert qrs.qrs_pp.value > 0.99


def assert_same_beats(a: Annotation, b: Annotation, *, tolerance: int = 0) -> None:
    assert len(a) == len(b)
    assert np.abs(a.sample - b.sample).max(initial=0) <= tolerance
    assert np.mean(a.symbol == b.symbol) > 0.98


def unreadable_pairs(annotation: Annotation) -> list[tuple[int, int]]:
    changes = annotation.select(annotation.symbol == "~")
    assert changes.aux_note.tolist() == ["unreadable", "readable"] * (len(changes) // 2)
    assert changes.subtype.tolist() == [-1, 0] * (len(changes) // 2)
    return list(zip(changes.sample[::2].tolist(), changes.sample[1::2].tolist(), strict=True))


# --- what is detected ---


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_r_peaks_of_a_clean_recording_are_found(model: Model, seed: int) -> None:
    record, reference = easy(seed=seed)
    annotation = annotate(record, model=model)
    assert_found(reference, annotation)
    offset = score(reference, annotation).pairs
    both = (offset.reference_index >= 0) & (offset.test_index >= 0)
    error = (
        annotation.beats().sample[offset.test_index[both]]
        - reference.beats().sample[offset.reference_index[both]]
    )
    assert abs(np.median(error)) / record.fs < 0.025
    assert np.quantile(np.abs(error), 0.95) / record.fs < 0.08


def test_ventricular_beats_are_found(model: Model) -> None:
    matrix = sum(
        score(reference, annotate(record, model=model)).matrix
        for record, reference in (easy(seed=s, heart_rate=65.0) for s in range(4))
    )
    assert isinstance(matrix, np.ndarray)
    assert matrix[V].sum() > 20
    assert matrix[V, V] > 0.6 * matrix[V].sum()
    assert matrix[N, N] > 0.9 * matrix[N].sum()


@pytest.mark.parametrize("fs", [100.0, 128.0, 250.0, 333.3, 500.0, 1000.0, 2000.0])
def test_any_frequency_is_annotated_in_samples_of_its_own(model: Model, fs: float) -> None:
    record, reference = easy(fs=fs, duration=60.0)
    annotation = annotate(record, model=model)
    assert annotation.fs == fs
    assert_found(reference, annotation)


@pytest.mark.parametrize(
    "change",
    [{"polarity": -1}, {"leads": 1}, {"leads": 12}, {"amplitude": 0.05}, {"heart_rate": 120.0}],
)
def test_other_recordings_are_annotated_too(model: Model, change: dict[str, Any]) -> None:
    record, reference = easy(**change)
    assert_found(reference, annotate(record, model=model))


@pytest.mark.parametrize(("gain", "offset"), [(1000.0, 0.0), (1e-3, 0.0), (200.0, 1024.0)])
def test_unit_and_offset_do_not_matter(model: Model, gain: float, offset: float) -> None:
    record, _ = easy()
    other = replace(record, signal=(record.signal * gain + offset).astype(np.float32))
    assert_same_beats(annotate(record, model=model), annotate(other, model=model), tolerance=2)


def test_a_record_annotated_twice_has_the_same_beats(model: Model) -> None:
    record, _ = easy(noise=1.0)
    first, second = annotate(record, model=model), annotate(record, model=model)
    for key in ("sample", "symbol", "probability", "score"):
        np.testing.assert_array_equal(getattr(first, key), getattr(second, key))


def test_chosen_leads_are_used(model: Model) -> None:
    record, reference = easy()
    noise = np.random.default_rng(0).normal(size=record.signal.shape[0])
    spoilt = replace(
        record,
        signal=np.column_stack([noise, noise, record.signal[:, 0]]).astype(np.float32),
        leads=("A", "B", "C"),
        units=("mV",) * 3,
    )
    assert_found(reference, annotate(spoilt, model=model, leads=["C"]))


def with_thresholds(model: Model, **thresholds: Any) -> Model:
    return replace(model, thresholds=replace(model.thresholds, **thresholds))


def noisy_within() -> Record:
    """Two minutes, of which 40 seconds are noise alone."""
    record, _ = synthesize(duration=120, seed=4, noise=0.2)
    noise = np.random.default_rng(0).normal(0, 0.5, size=(40 * 360, 2))
    record.signal[30 * 360 : 70 * 360] = noise.astype(np.float32)
    whole = int(119.5 * 360)  # without the last beat, of which half would be there
    return replace(record, signal=record.signal[:whole])


def test_r_peaks_that_are_no_beats_are_left_out_and_the_rest_classified_without_them(
    model: Model,
) -> None:
    record = noisy_within()
    every = annotate(record, model=with_thresholds(model, beat=0.0, beat_in_noise=0.0)).beats()
    kept = annotate(record, model=with_thresholds(model, beat=0.5, beat_in_noise=0.5)).beats()
    assert every.score is not None
    assert every.probability is not None
    assert kept.score is not None
    assert kept.probability is not None
    beat = every.score >= 0.5
    assert 50 < beat.sum() < len(every) - 10
    np.testing.assert_array_equal(kept.sample, every.sample[beat])
    np.testing.assert_array_equal(kept.score, every.score[beat])
    conditioned = condition(record)
    scores = score_signal(model.network, conditioned.signal)
    step, height = find_beats(scores.peak, conditioned.signal, threshold=model.thresholds.peak)
    alone, _ = classify(model, conditioned.signal, scores, step[beat], height[beat])
    n = int(beat.sum())
    ones, shapes = np.ones(n, np.float32), np.zeros((n, 3, 2), np.float32)
    traits = traits_at(conditioned.signal, step[beat])
    alike = ClassifiedCandidates(step[beat], ones, alone, ones, shapes, traits)
    judged = apply_likeness(alike).class_probability
    np.testing.assert_allclose(kept.probability, judged, atol=1e-6)
    assert not np.allclose(kept.probability, every.probability[beat], atol=1e-3)


def test_more_is_asked_of_a_beat_in_noise(model: Model) -> None:
    record = noisy_within()
    every = annotate(record, model=with_thresholds(model, beat=0.0, beat_in_noise=0.0)).beats()
    asked = annotate(record, model=with_thresholds(model, beat=0.0, beat_in_noise=0.5)).beats()
    assert every.score is not None
    assert asked.probability is not None
    assert every.probability is not None
    kept = every.readable | (every.score >= 0.5)
    assert 50 < kept.sum() < len(every) - 10
    np.testing.assert_array_equal(asked.sample, every.sample[kept])
    np.testing.assert_array_equal(asked.probability, every.probability[kept])


@pytest.mark.parametrize("kind", ["white", "slow", "flutter"])
def test_hardly_a_beat_is_found_where_there_is_no_heart(model: Model, kind: str) -> None:
    rng, fs, n = np.random.default_rng(1), 250, 250 * 600
    time = np.arange(n) / fs
    wave = {
        "white": rng.normal(size=n),
        "slow": np.sin(2 * np.pi * 1.2 * time) * np.sin(np.pi * time / 600),
        "flutter": np.sin(2 * np.pi * 4 * time) + 0.3 * np.sin(2 * np.pi * 8 * time),
    }[kind]
    record = Record(np.stack([wave, wave], axis=1).astype(np.float32), float(fs), ("I", "II"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*no beats found", SignalWarning)
        annotation = annotate(record, model=model)
    spans = [span for span in annotation.rhythms if span.kind in ("VT", "VFL")]
    in_spans = sum(span.end - span.begin for span in spans) / record.n_samples
    # Where waves are as those of the ventricles in flutter, that is what they are called.
    assert in_spans == (1 if kind == "flutter" else 0)
    sample = annotation.beats().sample
    outside = sum(not any(s.begin <= x < s.end for s in spans) for x in sample.tolist())
    assert outside <= 10  # of 600 s: a heart beats a hundred times as often


# --- the form of the answer ---


def test_the_annotation_has_the_promised_form(model: Model) -> None:
    record, _ = synthesize(duration=60, seed=7)
    whole = annotate(record, model=model)
    assert set(whole.symbol) <= {*CLASS_SYMBOLS, "+"}
    annotation = whole.beats()
    assert annotation.name == record.name
    assert np.all(np.diff(annotation.sample) > 0.19 * record.fs)
    assert annotation.sample.min() >= 0
    assert annotation.sample.max() < record.n_samples
    assert annotation.probability is not None
    assert annotation.score is not None
    assert annotation.probability.shape == (len(annotation), len(AAMI_CLASSES))
    np.testing.assert_allclose(annotation.probability.sum(axis=1), 1, atol=1e-5)
    assert np.all((annotation.score >= model.thresholds.beat) & (annotation.score <= 1))


def test_the_class_of_a_symbol_is_the_class_it_stands_for() -> None:
    made = Annotation(np.arange(5), CLASS_SYMBOLS, 100.0)
    assert made.class_index.tolist() == [0, 1, 2, 3, 4]


def test_the_frame_has_a_row_per_beat(model: Model) -> None:
    record, _ = easy(duration=30.0)
    signal = record.signal.copy()
    signal[3600:5400] = np.nan
    with pytest.warns(SignalWarning, match=r"5\.0 s cannot be read"):
        annotation = annotate(replace(record, signal=signal), model=model)
    frame = annotation.to_frame()
    assert frame.columns.tolist() == [
        *("sample", "time", "class", "symbol", "normal", "score", "quality", "readable"),
        *(f"p_{name}" for name in AAMI_CLASSES),
    ]
    assert len(frame) == len(annotation.beats()) == len(annotation) - 3  # one ``+``, two ``~``
    np.testing.assert_allclose(frame["time"], frame["sample"] / record.fs)
    assert (frame["normal"] == (frame["class"] == "N")).all()
    assert frame.notna().all(axis=None)


def test_what_is_written_is_read_back(model: Model, tmp_path: Path) -> None:
    record, _ = easy(duration=30.0)
    signal = record.signal.copy()
    signal[3600:5400] = np.nan
    with pytest.warns(SignalWarning):
        annotation = annotate(replace(record, signal=signal), model=model)
    again = read_annotation(write(annotation, tmp_path / "synthetic.scribe"))
    for key in ("sample", "symbol", "subtype", "aux_note"):
        assert getattr(again, key).tolist() == getattr(annotation, key).tolist()


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
def test_a_model_may_be_named(model: Model) -> None:
    record, _ = easy(duration=10.0)
    expected = annotate(record, model=model)
    for given_ in (None, "default", model.path):
        assert_same_beats(annotate(record, model=given_), expected)
    with pytest.raises(ModelError):
        annotate(record, model="no-such-model")


# --- what cannot be read ---


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
def test_a_gap_of_one_sample_does_not_hide_the_beat_on_it(model: Model) -> None:
    record, reference = easy(duration=30.0)
    signal = record.signal.copy()
    signal[reference.beats().sample[5:15]] = np.nan
    annotation = annotate(replace(record, signal=signal), model=model).beats()
    for sample in reference.beats().sample[5:15]:
        assert np.min(np.abs(annotation.sample - sample)) < 0.05 * record.fs


@pytest.mark.parametrize("kind", [np.nan, 0.25, 9.0])
@pytest.mark.parametrize("begin", [0.0, 40.0, 50.0])
def test_an_unreadable_span_is_annotated_and_holds_no_beats(
    model: Model, kind: float, begin: float
) -> None:
    record, reference = easy(duration=60.0)
    first, last = int(begin * record.fs), int((begin + 10) * record.fs)
    signal = record.signal.copy()
    signal[first:last] = kind
    with pytest.warns(SignalWarning, match="cannot be read in any lead; marked by ~"):
        annotation = annotate(replace(record, signal=signal), model=model)
    ((start, end),) = unreadable_pairs(annotation)
    assert start == pytest.approx(first, abs=4)
    assert end == pytest.approx(min(last, record.n_samples - 1), abs=4)
    beats = annotation.beats().sample
    assert not np.any((beats > start) & (beats < end))
    assert annotation.probability is not None
    assert np.isnan(annotation.probability[annotation.symbol == "~"]).all()
    # Half a second and more away from the span all is as ever.
    away = (reference.sample < first - 180) | (reference.sample > last + 180)
    distance = np.abs(beats[:, None] - reference.sample[away]).min(axis=0)
    assert np.mean(distance <= 0.15 * record.fs) > 0.97


def test_a_lead_that_goes_silent_next_to_a_good_one_loses_nothing(model: Model) -> None:
    record, reference = easy()
    signal = record.signal.copy()
    signal[7200:14400, 0] = np.nan
    signal[20000:27200, 1] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        annotation = annotate(replace(record, signal=signal), model=model)
    assert_found(reference, annotation)
    changes = annotation.select(annotation.symbol == "~")
    assert changes.subtype.tolist() == [16, 0, 32, 0]
    np.testing.assert_allclose(changes.sample, [7200, 14400, 20000, 27200], atol=4)
    first, second = record.leads
    assert changes.aux_note.tolist() == [
        f"{first} unreadable",
        "readable",
        f"{second} unreadable",
        "readable",
    ]


def test_a_lead_s_loss_of_less_than_a_second_is_not_annotated(model: Model) -> None:
    record, _ = easy()
    signal = record.signal.copy()
    signal[7200:7400, 0] = np.nan
    assert "~" not in annotate(replace(record, signal=signal), model=model).symbol


@pytest.mark.parametrize("dead", [np.nan, 0.0, 1.23])
@pytest.mark.parametrize("lead", [0, 1])
def test_a_dead_lead_next_to_a_good_one_is_as_if_it_were_not_there(
    model: Model, dead: float, lead: int
) -> None:
    record, reference = easy()
    signal = record.signal.copy()
    signal[:, lead] = dead
    with pytest.warns(SignalWarning, match=f"lead ECG{lead + 1} cannot be read for 100%"):
        annotation = annotate(replace(record, signal=signal), model=model)
    assert_found(reference, annotation)


def test_a_lead_that_is_no_ecg_is_left_out_with_a_warning(model: Model) -> None:
    record, reference = easy()
    other = replace(record, leads=("II", "PLETH"))
    with pytest.warns(SignalWarning, match="left out: PLETH"):
        annotation = annotate(other, model=model)
    assert_found(reference, annotation)
    assert_same_beats(annotation, annotate(record, model=model, leads=[0]))


@pytest.mark.parametrize("value", [np.nan, 0.0, 7.0])
def test_a_recording_without_signal_has_no_beats(model: Model, value: float) -> None:
    record = Record(np.full((3600, 2), value, dtype=np.float32), 360.0, ("I", "II"))
    with pytest.warns(SignalWarning) as caught:
        annotation = annotate(record, model=model)
    text = " ".join(str(w.message) for w in caught)
    assert "10.0 s cannot be read in any lead" in text
    assert "no beats found" in text
    assert unreadable_pairs(annotation) == [(0, 3599)]
    assert len(annotation.to_frame()) == 0


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
@settings(max_examples=20, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 900), st.booleans()), max_size=5),
    fs=st.sampled_from([100.0, 128.0, 200.0]),
)
@example(spans=[(296, 19, False)], fs=200.0)  # of 95 ms, with a beat at 314
def test_quality_annotations_change_in_time_order_and_unreadable_spans_hold_no_beats(
    spans: list[tuple[int, int, bool]], fs: float
) -> None:
    record, _ = easy(duration=20.0, fs=fs)
    signal = record.signal.copy()
    for at, length, one_lead in spans:
        signal[at : at + length, slice(0, 1 if one_lead else 2)] = np.nan
    annotation = annotate(replace(record, signal=signal))
    changes = annotation.select(annotation.symbol == "~")
    assert np.all(np.diff(changes.sample) > 0)
    assert np.all(np.diff(changes.subtype, prepend=0) != 0)
    assert changes.subtype[-1:].tolist() in ([], [0])
    beats = annotation.beats().sample
    for k in np.flatnonzero(changes.subtype == -1):
        start, end = changes.sample[k : k + 2]
        # A shorter gap, to a step at each end, is bridged and does not hide a beat.
        if end - start > (BRIDGED_S + 2 / FS) * fs:
            assert not np.any((beats > start) & (beats < end))


def test_three_seconds_are_enough(model: Model) -> None:
    record, reference = easy(duration=3.0, v_rate=0.0)
    with pytest.warns(SignalWarning, match=r"only 3\.0 s; classes are less reliable"):
        annotation = annotate(record, model=model)
    inner = (reference.sample > 180) & (reference.sample < record.n_samples - 180)
    assert inner.any()
    for sample in reference.sample[inner]:
        assert np.abs(annotation.sample - sample).min() < 0.1 * record.fs


def test_beats_of_a_paced_recording_are_q_or_v(model: Model) -> None:
    record, _ = easy()
    with pytest.warns(SignalWarning, match="mention a pacemaker"):
        paced = annotate(replace(record, paced=True), model=model)
    usual = annotate(record, model=model)
    np.testing.assert_array_equal(paced.sample, usual.sample)
    is_beat, is_v = usual.class_index >= 0, usual.symbol == "V"
    assert is_v.any()
    assert set(paced.symbol[is_v].tolist()) == {"V"}
    assert set(paced.symbol[is_beat & ~is_v].tolist()) == {"/"}
    assert paced.probability is not None
    assert usual.probability is not None
    np.testing.assert_array_equal(paced.probability[is_beat][:, [0, 1, 3]], 0)
    np.testing.assert_array_equal(paced.probability[:, 2], usual.probability[:, 2])


# --- what is refused ---


@pytest.mark.parametrize(
    ("record", "match"),
    [
        (Record(np.zeros((200, 1), np.float32), 250.0, ("I",)), "at least 1 s of signal"),
        (Record(np.zeros((900, 1), np.float32), 90.0, ("I",)), "fs from 100 to 2000 Hz"),
        (Record(np.zeros((900, 1), np.float32), 250.0, ("ABP",)), "expected an ECG lead"),
        (Record(np.zeros((900, 0), np.float32), 250.0, ()), "expected an ECG lead"),
    ],
)
def test_a_record_that_cannot_be_used_is_refused(model: Model, record: Record, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        annotate(record, model=model)


# --- real recordings ---


def assert_floor(model: Model, data_dir: Path, name: str) -> None:
    record, reference = datasets.load("mitdb", name, data_dir=data_dir)
    qrs = score(reference, annotate(record, model=model)).ratios
    se, pp = qrs.qrs_se.value, qrs.qrs_pp.value
    assert 2 * se * pp / (se + pp) >= 0.995


@pytest.mark.mitdb
@pytest.mark.parametrize("name", ["112", "115", "122"])
def test_r_peaks_of_records_that_training_may_see_are_found(
    model: Model, data_dir: Path, name: str
) -> None:
    assert name in datasets.DS1
    assert_floor(model, data_dir, name)


@pytest.mark.mitdb
@pytest.mark.parametrize("name", ["100", "103", "234"])
def test_r_peaks_of_test_records_are_found(model: Model, data_dir: Path, name: str) -> None:
    # DS2 is opened for a frozen model only; running one again that stands in the list is free.
    runs = Path(__file__).parents[2] / "experiments" / "ds2.csv"
    if not runs.is_file() or model.hash[:12] not in runs.read_text(encoding="utf-8"):
        pytest.skip("the model in the package has no DS2 run yet: ecgscribe evaluate makes it")
    assert name in datasets.DS2
    assert_floor(model, data_dir, name)
