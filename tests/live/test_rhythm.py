"""The rhythm of a stream, with networks that a test can predict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live.annotate import annotate_live
from ecgscribe.live.beats import HISTORY_STEPS, PEAK_AHEAD, BeatHistory
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.live.events import Event, LiveBeat, RhythmChange, SignalChange, to_dict
from ecgscribe.live.rhythm import AHEAD_S, EMBEDDED_S, LiveRhythm
from ecgscribe.live.rhythm_changes import FIBRILLATION_DELAY_S
from ecgscribe.live.stream import Stream
from ecgscribe.model.features import FEATURE_NAMES, beat_features
from ecgscribe.model.intervals import fibrillation_by_second, with_intervals
from ecgscribe.model.rhythm import WINDOW_S, RhythmNetwork, predict_rhythm
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.second_features import SecondFeatures, shapes_of
from ecgscribe.model.seconds import Seconds, embed_windows, typical_heights
from ecgscribe.pipeline.rhythm_by_second import rhythm_probabilities
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Record
from ecgscribe.signal.windows import FS, Grid
from support.rhythm_networks import PlannedNetwork, SpikeNetwork

pytestmark = pytest.mark.usefixtures("any_beats_count")

RATE = 360
KILLING_DELAY_S = 10
"""Seconds within which what kills is reported, according to the documentation."""
Signal = NDArray[np.float32]


@pytest.fixture(scope="module")
def model() -> Model:
    return replace(load_model(), rhythm=None)


def made(duration: float = 60.0, *, leads: int = 2) -> Record:
    return synthesize(duration=duration, seed=3, noise=0.2, fs=float(RATE), leads=leads)[0]


def events_of(
    record: Record, model: Model, network: RhythmNetwork | None, sizes: Iterable[int] = ()
) -> list[Event]:
    """Return all events of a recording that comes in chunks of these sizes, and a rest."""
    stream = Stream(record.fs, columns=record.leads, model=replace(model, rhythm=network))
    events: list[Event] = []
    begin = 0
    for size in sizes:
        events += stream.push(record.signal[begin : begin + size])
        begin += size
    events += stream.push(record.signal[begin:])
    return [*events, *stream.close()]


def rhythms(events: Iterable[Event]) -> list[RhythmChange]:
    return [event for event in events if isinstance(event, RhythmChange)]


def delay(event: Event) -> float:
    return (event.samples_received - event.sample) / RATE


@pytest.mark.parametrize(("letter", "kind"), [("t", "VT"), ("f", "VFL"), ("s", "ASYS")])
def test_what_kills_is_reported_within_10_s_of_its_begin_and_of_its_end(
    letter: str, kind: str, model: Model
) -> None:
    record = made()
    record.signal[20 * RATE : 34 * RATE] = np.random.default_rng(0).normal(0, 0.01, (14 * RATE, 2))
    plan = "n" * 20 + letter * 14 + "n" * 26
    found = rhythms(events_of(record, model, PlannedNetwork(plan)))
    assert [event.kind for event in found] == ["N", kind, "N"]
    assert [event.time for event in found] == pytest.approx([0, 20, 34], abs=1.5)
    assert all(0 < delay(event) <= KILLING_DELAY_S for event in found)
    assert all(event.samples_received <= (b + 10) * RATE for event, b in
               zip(found, (0, 20, 34), strict=True))  # fmt: skip
    assert all(0.7 < event.probability <= 1 for event in found)


def test_atrial_fibrillation_and_its_end_are_reported_within_30_s(model: Model) -> None:
    plan = "n" * 5 + "a" * 30 + "n" * 25
    found = rhythms(events_of(made(), model, PlannedNetwork(plan)))
    assert [event.kind for event in found] == ["N", "AFIB", "N"]
    assert [event.time for event in found[1:]] == pytest.approx([5, 35], abs=4)
    assert all(delay(event) <= FIBRILLATION_DELAY_S for event in found)
    assert found[1].samples_received <= (5 + FIBRILLATION_DELAY_S) * RATE
    assert found[2].samples_received <= (35 + FIBRILLATION_DELAY_S) * RATE


def test_a_fast_run_of_s_and_its_end_are_reported_within_30_s(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = BeatHistory.classify

    def as_s(
        history: BeatHistory, model: Model, signal: LiveSignal, *, until: float, fibrillates: bool
    ) -> tuple[NDArray[np.float64], Signal, Signal]:
        r_peaks, of_class, of_beat = usual(
            history, model, signal, until=until, fibrillates=fibrillates
        )
        of_class[(r_peaks >= 20 * FS) & (r_peaks < 26 * FS)] = [0.2, 0.8, 0, 0, 0]
        return r_peaks, of_class, of_beat

    monkeypatch.setattr(BeatHistory, "classify", as_s)
    fast = synthesize(duration=60.0, seed=3, noise=0.2, heart_rate=140, classes=("N",))[0]
    found = rhythms(events_of(fast, model, PlannedNetwork("n" * 60)))
    assert [event.kind for event in found] == ["N", "SVTA", "N"]
    assert [event.time for event in found[1:]] == pytest.approx([20, 26], abs=0.5)
    assert all(0 < delay(event) <= FIBRILLATION_DELAY_S for event in found)
    assert found[1].probability == pytest.approx(0.8)
    live = annotate_live(fast, model=replace(model, rhythm=PlannedNetwork("n" * 60)))
    assert [span.kind for span in live.rhythms] == ["N", "SVTA", "N"]
    beats = live.sample[live.class_index == 1]
    assert ((beats >= live.rhythms[1].begin) & (beats < live.rhythms[1].end)).all()


def test_the_rhythm_changes_no_beat_and_no_time(model: Model) -> None:
    record = made(40.0)
    plan = "n" * 10 + "t" * 10 + "f" * 10 + "n" * 10
    events = events_of(record, model, PlannedNetwork(plan))
    assert [event.kind for event in rhythms(events)] == ["N", "VT", "VFL", "N"]
    others = [event for event in events if not isinstance(event, RhythmChange)]
    assert others == events_of(record, model, None)
    assert any(isinstance(e, LiveBeat) and e.aami_class == "N" and 12 < e.time < 28 for e in events)


@settings(max_examples=4, deadline=None)
@given(sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=10))
def test_sizes_of_chunks_make_no_difference(sizes: list[int], model: Model) -> None:
    record = made(31.3)
    record.signal[8 * RATE : 12 * RATE] = np.nan
    record.signal[15 * RATE :] *= 20  # rescaled
    at_once, parts = (rhythms(events_of(record, model, SpikeNetwork(), s)) for s in ((), sizes))
    assert len(at_once) > 1
    assert [(e.sample, e.kind, e.samples_received) for e in parts] == [
        (e.sample, e.kind, e.samples_received) for e in at_once
    ]
    np.testing.assert_allclose(
        [e.probability for e in parts], [e.probability for e in at_once], atol=1e-5
    )


@pytest.mark.parametrize("n", [0, 1, 100, 500, 800, 1100])
def test_a_stream_that_ends_early_ends_well(n: int, model: Model) -> None:
    record = made(4.0)
    record = replace(record, signal=record.signal[:n])
    events = events_of(record, model, PlannedNetwork("tttt"))
    assert [e.kind for e in rhythms(events)] == (["VT"] if n >= 3 * RATE else [])
    assert all(e.sample < n and e.samples_received <= n for e in events)


# What each second is predicted from


@pytest.mark.parametrize("leads", [1, 2])
def test_a_second_is_predicted_from_what_is_known_of_the_last_minute(leads: int) -> None:
    record = made(80.0, leads=leads)
    record.signal[30 * RATE : 34 * RATE, 0] = 0.7  # a lead is lost
    r_peaks = np.cumsum(np.random.default_rng(1).uniform(60, 140, 150))
    scores = np.linspace(0.5, 1, 150, dtype=np.float32)
    network = SpikeNetwork()
    signal = LiveSignal(RATE, leads, history=HISTORY_STEPS)
    rhythm = LiveRhythm(network, leads)
    signal.push(record.signal)
    n_known, begin = 0, 0
    predicted: list[NDArray[np.float32]] = []
    known: list[int] = []
    ends: list[int] = []
    filtered = np.zeros((90 * FS, leads), dtype=np.float32)
    lost = np.zeros((90 * FS, leads), dtype=np.bool_)
    while signal.samples_needed(signal.next_end) <= signal.n_samples:
        signal.advance()
        filtered[begin : signal.end] = signal.filtered_since(begin)[:, :leads]
        begin, recent = signal.end, max(signal.end - 4 * FS, 0)
        lost[recent : signal.end] = signal.lost_since(recent)
        new = slice(n_known, int(np.searchsorted(r_peaks, signal.end - PEAK_AHEAD)))
        n_known = new.stop
        rhythm.add_candidates(r_peaks[new], scores[new], end=signal.end)
        if rhythm.advance(signal):
            predicted.append(rhythm.probability[-1].copy())
            known.append(n_known)
            ends.append(signal.end)
    assert max(network.lengths) <= EMBEDDED_S  # the work of a second does not grow
    assert rhythm.n_predicted == len(predicted) > WINDOW_S + 10
    assert lost.any()

    whole = Grid(len(predicted) * FS + 4 * FS, len(predicted) * FS + 4 * FS, 0)
    steps = slice(0, whole.n)
    seconds = embed_windows(
        network, signal.since(0)[steps], filtered[steps], lost[steps], whole, 0, 1
    )
    for second, (probability, n) in enumerate(zip(predicted, known, strict=True)):
        end = second + 1 + AHEAD_S
        seen = slice(max(end - WINDOW_S, 0), end)
        beats = beat_features(signal.since(0)[: ends[second]], r_peaks[:n])
        features = SecondFeatures(
            Seconds(seconds.embedding[seen], seconds.height[seen], seconds.lost[seen]),
            r_peaks[:n] - seen.start * FS,
            scores[:n],
            shapes_of(beats, FEATURE_NAMES),
            typical=typical_heights(seconds.height[:end], seconds.lost[:end]),
        )
        expected = predict_rhythm(network, features)
        intervals = (r_peaks[:n] - seen.start * FS, scores[:n], len(expected))
        logit = fibrillation_by_second(network, *intervals)
        if logit is not None:
            expected = with_intervals(expected, logit)
        expected = rhythm_probabilities(expected, seconds.lost[seen])
        np.testing.assert_allclose(probability, expected[second - seen.start], atol=1e-5)


def test_what_is_kept_does_not_grow(model: Model) -> None:
    record = made(200.0, leads=1)
    stream = Stream(RATE, record.leads, model=replace(model, rhythm=SpikeNetwork()))
    stream.push(record.signal)
    rhythm = stream._rhythm
    assert rhythm is not None
    assert rhythm.n_predicted > 190
    assert len(rhythm.probability) == WINDOW_S
    for peaks in (rhythm._candidates, rhythm._beats, rhythm._classified):
        assert 100 < len(peaks.r_peaks) == len(peaks.values)
        assert peaks.r_peaks[0] >= stream._signal.end - HISTORY_STEPS - FS


def test_a_lead_at_another_scale_counts_as_if_it_had_always_had_it(model: Model) -> None:
    record = made(40.0)
    record.signal[15 * RATE :, 0] *= 10
    stream = Stream(RATE, record.leads, model=replace(model, rhythm=SpikeNetwork()))
    events = stream.push(record.signal)
    assert [e.leads for e in events if isinstance(e, SignalChange)] == [record.leads[:1]]
    rhythm = stream._rhythm
    assert rhythm is not None
    before, after = np.median(rhythm._height.since(0)[:14], 0), np.median(
        rhythm._height.since(0)[20:], 0
    )  # fmt: skip
    np.testing.assert_allclose(before / after, 1, atol=0.3)


# What else the rhythm changes


def lost_within(plan: str, seconds: slice, model: Model) -> list[tuple[str, float]]:
    """Return what is reported of the leads if all are lost for some seconds."""
    record = made()
    record.signal[seconds.start * RATE : seconds.stop * RATE] = np.nan
    events = events_of(record, model, PlannedNetwork(plan))
    return [(e.kind, e.time) for e in events if isinstance(e, SignalChange)]


def test_what_kills_is_not_unreadable(model: Model) -> None:
    usual = lost_within("n" * 60, slice(30, 31), model)
    assert [kind for kind, _ in usual] == ["unreadable", "readable"]
    flutter = "n" * 15 + "f" * 25 + "n" * 20
    assert lost_within(flutter, slice(30, 31), model) == []
    # Without any lead for longer, the rhythm cannot be known: it ends, and that is reported.
    (lost, found) = lost_within(flutter, slice(30, 45), model)
    assert (lost[0], found[0]) == ("unreadable", "readable")
    assert lost[1] == pytest.approx(30, abs=1.5)
    assert found[1] == pytest.approx(45, abs=0.5)


def test_leads_that_are_lost_as_flutter_is_recognised_are_readable_from_then_on(
    model: Model,
) -> None:
    # Recognised 7.5 s after 15 s, when the leads have been lost for two seconds.
    flutter = "n" * 15 + "f" * 25 + "n" * 20
    reported = lost_within(flutter, slice(20, 24), model)
    assert [kind for kind, _ in reported] == ["unreadable", "readable"]
    assert [time for _, time in reported] == pytest.approx([20, 20], abs=0.2)


def test_the_annotation_of_a_live_recording_holds_the_rhythms(model: Model) -> None:
    record = made()
    plan = "n" * 20 + "t" * 10 + "f" * 30
    annotation = annotate_live(record, model=replace(model, rhythm=PlannedNetwork(plan)))
    spans = annotation.rhythms
    assert [span.kind for span in spans] == ["N", "VT", "VFL"]
    assert (spans[0].begin, spans[-1].end) == (0, record.n_samples)
    assert [span.begin / RATE for span in spans[1:]] == pytest.approx([20, 30], abs=1.5)
    assert all(span.probability > 0.7 for span in spans)
    brackets = annotation.select(np.isin(annotation.symbol, ["[", "]"]))
    assert brackets.symbol.tolist() == ["[", "]"]
    assert brackets.sample.tolist() == [spans[-1].begin, record.n_samples - 1]
    alone = annotate_live(record, model=model)
    assert alone.rhythms == ()
    beats = annotation.beats()
    np.testing.assert_array_equal(beats.sample, alone.beats().sample)
    np.testing.assert_array_equal(beats.probability, alone.beats().probability)
    assert len(unreadable_spans(annotation, record.n_samples)) == 0


def test_beats_are_of_fibrillation_from_its_report_to_that_of_its_end(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[tuple[float, bool]] = []
    classify = BeatHistory.classify

    def spy(
        self: BeatHistory, model: Model, signal: LiveSignal, *, until: float, fibrillates: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        looks.append((signal.end, fibrillates))
        return classify(self, model, signal, until=until, fibrillates=fibrillates)

    monkeypatch.setattr(BeatHistory, "classify", spy)
    plan = "n" * 5 + "a" * 40 + "n" * 55
    events = events_of(made(100), model, PlannedNetwork(plan))
    kinds = [event.kind for event in rhythms(events)]
    assert kinds == ["N", "AFIB", "N"]
    begun, ended = (event.samples_received / RATE for event in rhythms(events)[1:])
    seen = [end / FS for end, fibrillates in looks if fibrillates]
    assert (seen[0], seen[-1]) == pytest.approx((begun, ended), abs=1.0)


def test_to_dict_names_the_rhythm_its_probability_and_the_delay() -> None:
    event = RhythmChange(720, 2.0, "VT", 0.98765432, 3420)
    assert to_dict(event, RATE) == {
        "kind": "rhythm", "sample": 720, "time": 2.0, "rhythm": "VT", "probability": 0.987654,
        "delay": 7.5,
    }  # fmt: skip
