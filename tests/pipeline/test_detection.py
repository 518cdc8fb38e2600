"""However a recording is cut into blocks, its beats are those of the whole."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.model.decision import calibrate, split_no_beat
from ecgscribe.model.features import (
    FEATURE_NAMES,
    logit_features,
    segment_features,
    segments,
)
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.scoring import Scores, score_beats
from ecgscribe.model.second_features import shapes_of
from ecgscribe.model.shape_features import WAVEFORM
from ecgscribe.model.traits import traits_of
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.pipeline.beats_by_likeness import apply_likeness
from ecgscribe.pipeline.beats_by_sequence import apply_sequence
from ecgscribe.pipeline.candidates import Candidates, ClassifiedCandidates, is_cut_off
from ecgscribe.pipeline.classification import SegmentClassifier
from ecgscribe.pipeline.detection import last_quiet_step
from ecgscribe.pipeline.lead_availability import lead_availability
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import Conditioner, condition
from ecgscribe.signal.windows import FS
from support.whole_record import annotate_whole

Floats = NDArray[np.float32]
pytestmark = pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
nan = float("nan")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@cache
def synthetic(**settings: Any) -> Record:
    return synthesize(**settings)[0]


def spoilt(record: Record, spans: list[tuple[float, float, str, str]]) -> Record:
    """Spoil spans, given as shares of the record, of one lead or of both."""
    signal = record.signal.copy()
    n, rng = len(signal), np.random.default_rng(0)
    for begin, length, which, kind in spans:
        rows = slice(int(begin * n), int((begin + length) * n) + 1)
        columns = {"first": slice(0, 1), "second": slice(1, 2), "both": slice(None)}[which]
        shape = signal[rows, columns].shape
        signal[rows, columns] = {
            "gap": np.full(shape, nan),
            "flat": np.full(shape, 0.3),
            "rail": np.full(shape, 20.0),
            "noise": rng.normal(0, 1, shape),
            "holes": np.where(rng.random(shape) < 0.3, nan, signal[rows, columns]),
        }[kind]
    return replace(record, signal=signal)


spoiling = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.one_of(st.floats(0, 0.02), st.floats(0, 0.5)),
        st.sampled_from(["first", "second", "both"]),
        st.sampled_from(["gap", "flat", "rail", "noise", "holes"]),
    ),
    max_size=4,
)


def assert_same(annotation: Annotation, expected: Annotation) -> None:
    for key in ("sample", "symbol", "subtype", "aux_note"):
        np.testing.assert_array_equal(getattr(annotation, key), getattr(expected, key))
    for key in ("probability", "score"):
        np.testing.assert_allclose(getattr(annotation, key), getattr(expected, key), atol=1e-6)


# --- conditioning ---


@settings(max_examples=25, deadline=None)
@given(
    seconds=st.floats(1.5, 100),
    fs=st.sampled_from([100.0, 128.0, 250.0, 333.3, 360.0]),
    spans=spoiling,
    size=st.integers(500, 6000),
    offset=st.sampled_from([0.0, 300.0]),
)
def test_a_part_is_what_it_is_in_the_whole(
    seconds: float,
    fs: float,
    spans: list[tuple[float, float, str, str]],
    size: int,
    offset: float,
) -> None:
    record = synthetic(duration=100.0, fs=fs, seed=1)
    record = replace(record, signal=record.signal[: int(seconds * fs)] + np.float32(offset))
    conditioning = Conditioner.for_record(spoilt(record, spans))
    n = conditioning.n_steps
    whole = conditioning.condition(0, n)
    parts = [conditioning.condition(b, min(b + size, n)) for b in range(0, n, size)]
    np.testing.assert_allclose(np.concatenate([p.signal for p in parts]), whole.signal, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate([p.lost for p in parts]), whole.lost)


@pytest.mark.parametrize("begin_s", [0, 400, 700])
def test_a_gap_longer_than_any_part_is_bridged_from_end_to_end(begin_s: int) -> None:
    fs = 100
    signal = np.cumsum(np.random.default_rng(3).normal(size=(1000 * fs, 1)), axis=0)
    signal[begin_s * fs : (begin_s + 300) * fs] = nan
    record = Record(signal.astype(np.float32), float(fs), ("II",))
    whole, conditioning = condition(record), Conditioner.for_record(record)
    for begin in range(0, 1000 * FS, 20 * FS):
        part = conditioning.condition(begin, begin + 20 * FS)
        np.testing.assert_allclose(part.signal, whole.signal[begin : begin + 20 * FS], atol=1e-6)


def test_of_many_leads_the_readable_ones_are_chosen_however_long_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ecgscribe.signal import conditioning

    record, _ = synthesize(duration=120.0, seed=2, leads=5)
    spoilt_leads = record.signal.copy()
    spoilt_leads[5000:9000, 0] = 0.5
    spoilt_leads[20_000:30_000, 2] = spoilt_leads[:, 2].max()
    spoilt_leads[1000:4000, 4] = nan
    record = replace(record, signal=spoilt_leads)
    whole = conditioning.choose_leads(record)
    assert whole == (1, 3)
    monkeypatch.setattr(conditioning, "PART_SAMPLES", 1111)
    assert conditioning.choose_leads(record) == whole


# --- beats ---


def candidates_of(seed: int, n: int) -> Candidates:
    rng = np.random.default_rng(seed)
    step = np.cumsum(rng.gamma(30, FS * 0.8 / 30, n) + 26)
    shape = (n, WAVEFORM, 2)
    wave = np.sin(np.arange(WAVEFORM) / 7.0)[:, None] + rng.normal(0, 0.3, shape)
    height = rng.uniform(0.5, 1, n).astype(np.float32)
    logits = rng.normal(size=(n, 5)).astype(np.float32)
    return Candidates(step, height, logits, wave.astype(np.float32))


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 99),
    n=st.one_of(st.integers(0, 700), st.integers(2900, 6000), st.sampled_from([3072, 5120, 5121])),
    cuts=st.lists(st.integers(0, 6000), max_size=8),
)
def test_candidates_in_pieces_are_classified_as_all_at_once(
    seed: int, n: int, cuts: list[int]
) -> None:
    model, candidates = load_model(), candidates_of(seed, n)
    classifier = SegmentClassifier(model.head)
    edges = [0, *sorted(min(c, n) for c in cuts), n]
    parts = [
        classifier.push(candidates[slice(a, b)], is_last=k == len(edges) - 2)
        for k, (a, b) in enumerate(pairwise(edges))
    ]
    done, of_class, of_beat, shapes, traits = (list(column) for column in zip(*parts, strict=True))
    # The slow way: all features, then all windows.
    features = np.empty((n, len(FEATURE_NAMES)), dtype=np.float32)
    for segment in segments(n):
        waveforms = candidates.waveforms[segment]
        features[segment] = segment_features(candidates.r_peaks, segment, waveforms)
    of_logits = logit_features(candidates.logits, candidates.peak_scores)
    expected, score = split_no_beat(score_beats(model.network, of_logits, features))
    probability = calibrate(expected, model.calibration)
    np.testing.assert_array_equal(Candidates.join(done).r_peaks, candidates.r_peaks)
    np.testing.assert_array_equal(np.concatenate(shapes), shapes_of(features, FEATURE_NAMES))
    expected_traits = traits_of(features, FEATURE_NAMES, candidates.waveforms)
    np.testing.assert_allclose(np.concatenate(traits), expected_traits, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(of_beat), score, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(of_class), probability, atol=1e-6)


# --- the whole way ---


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 3),
    seconds=st.floats(60, 600),
    windows=st.integers(1, 3),
    spans=spoiling,
    leads=st.integers(1, 2),
    rate=st.sampled_from([60.0, 110.0]),
)
def test_a_record_in_pieces_has_the_beats_of_the_whole(
    seed: int,
    seconds: float,
    windows: int,
    spans: list[tuple[float, float, str, str]],
    leads: int,
    rate: float,
) -> None:
    model = load_model()
    # The slow way does not know what is noise, and asks no more of a beat there.
    alike = replace(model.thresholds, beat_in_noise=model.thresholds.beat)
    model = replace(model, thresholds=alike)
    record = synthetic(duration=600.0, seed=seed, leads=leads, heart_rate=rate)
    record = replace(record, signal=record.signal[: int(seconds * record.fs)])
    record = spoilt(record, spans)
    whole = annotate(record, model=model, block_windows=100)
    assert_same(annotate(record, model=model, block_windows=windows), whole)
    model = replace(model, rhythm=None)  # nor does it know rhythms
    sample, probability, score, traits = annotate_whole(record, model)
    shapes = np.zeros((len(sample), 3, 2), dtype=np.float32)
    alone = ClassifiedCandidates(sample / record.fs * FS, score, probability, score, shapes, traits)
    lost = condition(record).lost
    available = lead_availability(lost, slice(0, len(lost)), begin=0)
    unreadable = available.unreadable_spans()
    cut_off = [
        is_cut_off(replace(alone, r_peaks=alone.r_peaks + step), len(lost), unreadable)
        for step in (-0.5, 0, 0.5)
    ]
    assume((cut_off[0] == cut_off[2]).all())  # rounded to samples, none is just within reach
    whole_waves = ~cut_off[1]
    sample, score, alone = sample[whole_waves], score[whole_waves], alone[whole_waves]
    judged = apply_likeness(alone)
    probability = apply_sequence(judged, model.thresholds).class_probability
    beats = annotate(record, model=model).beats()
    assert beats.probability is not None
    assert beats.score is not None
    np.testing.assert_array_equal(beats.sample, sample)
    np.testing.assert_allclose(beats.probability, probability, atol=1e-5)
    np.testing.assert_allclose(beats.score, score, atol=1e-5)


def test_a_source_is_read_piece_by_piece_and_by_one_reader_at_a_time(model: Model) -> None:
    record, _ = synthesize(duration=900.0, seed=3)
    longest, readers, most = 0, 0, 0

    def read(begin: int, end: int) -> Floats:
        nonlocal longest, readers, most
        readers += 1
        most = max(most, readers)
        longest = max(longest, end - begin)
        part = record.signal[begin:end].copy()
        readers -= 1
        return part

    source = replace(record.lazy(), reader=read)
    done: list[tuple[int, int]] = []
    annotation = annotate(
        source, model=model, block_windows=1, progress=lambda *at: done.append(at)
    )
    assert_same(annotation, annotate(record, model=model))
    assert most == 1
    assert longest <= 16 * 60 * record.fs
    assert done[-1] == (900 * FS, 900 * FS)
    assert [at for at, _ in done] == sorted({at for at, _ in done})
    assert len(done) == 9


def test_a_reader_s_error_ends_the_annotation(model: Model) -> None:
    record, _ = synthesize(duration=400.0, seed=3)
    calls: list[int] = []

    def read(begin: int, end: int) -> Floats:
        calls.append(begin)
        if len(calls) > 2:
            raise OSError("the disk is gone")
        return record.signal[begin:end]

    with pytest.raises(OSError, match="the disk is gone"):
        annotate(replace(record.lazy(), reader=read), model=model, block_windows=1)


@pytest.mark.parametrize("workers", [1, 4])
def test_the_number_of_processors_does_not_matter(
    model: Model, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    record, _ = synthesize(duration=400.0, seed=4)
    expected = annotate(record, model=model, block_windows=1)
    monkeypatch.setattr(os, "cpu_count", lambda: workers)
    assert_same(annotate(record, model=model, block_windows=1), expected)


def test_one_thread_is_the_caller_s(model: Model) -> None:
    record, _ = synthesize(duration=400.0, seed=4)
    expected = annotate(record, model=model, block_windows=1)
    threads = set()

    def read(begin: int, end: int) -> Floats:
        threads.add(threading.current_thread())
        return record.signal[begin:end]

    lazy = replace(record.lazy(), reader=read)
    assert_same(annotate(lazy, model=model, block_windows=1, threads=1), expected)
    assert threads == {threading.current_thread()}


def test_no_place_that_is_quiet_enough_is_no_place_to_cut() -> None:
    peak = np.zeros(1000, dtype=np.float32)
    scores = Scores(peak, np.zeros((125, 5), dtype=np.float32), 8)
    peak[::20] = 1
    assert last_quiet_step(scores, 0.5) == 0
    peak[300:340] = 0
    assert last_quiet_step(scores, 0.5) == 320
    peak[900:] = 0
    assert last_quiet_step(scores, 0.5) == 984


@pytest.mark.mitdb
@pytest.mark.parametrize("name", ["207", "201"])
def test_a_real_record_in_pieces_has_the_beats_of_the_whole(
    model: Model, data_dir: Any, name: str
) -> None:
    from ecgscribe import datasets

    record, _ = datasets.load("mitdb", name, data_dir=data_dir)
    whole = annotate(record, model=model, block_windows=100)
    assert_same(annotate(record, model=model, block_windows=1), whole)
