"""Live beats: independent of the chunks, in time, and found again after a change of the signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.live.annotate import annotate_live
from ecgscribe.live.beats import HISTORY
from ecgscribe.live.events import Event, LiveBeat, RPeak, SignalChange, to_dict
from ecgscribe.live.stream import Stream
from ecgscribe.metrics.ec57 import compare
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record

FS = 360
Signal = NDArray[np.float32]


@pytest.fixture(scope="module")
def model() -> Model:
    return replace(load_model(), rhythm=None)


def made(*, duration: float = 25.0, **overrides: Any) -> tuple[Record, Annotation]:
    """Make a recording with little noise at 60 beats per minute."""
    quiet: dict[str, Any] = {"noise": 0.1, "heart_rate": 60.0, "fs": float(FS), "classes": ("N",)}
    return synthesize(duration=duration, seed=5, **(quiet | overrides))


def events_of(record: Record, model: Model, sizes: Iterable[int]) -> list[Event]:
    """Return all events of a recording that comes in chunks of these sizes."""
    stream = Stream(record.fs, columns=record.leads, model=model)
    events: list[Event] = []
    begin = 0
    for size in sizes:
        events += stream.push(record.signal[begin : begin + size])
        begin += size
    assert begin >= record.n_samples
    return [*events, *stream.close()]


def beats_of(events: Iterable[Event]) -> list[LiveBeat]:
    return [e for e in events if isinstance(e, LiveBeat)]


def changes(events: Iterable[Event]) -> list[tuple[str, tuple[str, ...]]]:
    return [(e.kind, e.leads) for e in events if isinstance(e, SignalChange)]


@pytest.fixture(scope="module")
def eventful() -> Record:
    """A recording with ectopic beats, a gap and a lead that falls off."""
    record, _ = made(duration=16.0, classes=("N", "V"), v_rate=0.2, heart_rate=80.0, noise=0.3)
    record.signal[round(5.5 * FS) : round(6.7 * FS)] = np.nan
    record.signal[round(9 * FS) : round(11 * FS), 0] = 0.4
    return record


@pytest.fixture(scope="module")
def at_once(eventful: Record, model: Model) -> list[Event]:
    return events_of(eventful, model, [eventful.n_samples])


def place(event: Event) -> tuple[type, int, int]:
    return type(event), event.sample, event.samples_received


def assert_same(a: list[Event], b: list[Event]) -> None:
    assert [place(e) for e in a] == [place(e) for e in b]
    assert changes(a) == changes(b)
    for one, other in zip(beats_of(a), beats_of(b), strict=True):
        assert one.symbol == other.symbol
        np.testing.assert_allclose(one.probability, other.probability, atol=1e-5)


@settings(max_examples=6, deadline=None)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=30))
def test_sizes_of_chunks_make_no_difference(
    sizes: list[int], eventful: Record, at_once: list[Event], model: Model
) -> None:
    assert len(beats_of(at_once)) > 10
    rest = max(eventful.n_samples - sum(sizes), 0)
    assert_same(events_of(eventful, model, [*sizes, rest]), at_once)


def test_samples_one_by_one_make_no_difference(
    eventful: Record, at_once: list[Event], model: Model
) -> None:
    assert_same(events_of(eventful, model, [1] * eventful.n_samples), at_once)


@pytest.mark.parametrize("fs", [100.0, 360.0])
def test_delay_is_as_documented(fs: float, model: Model) -> None:
    record, reference = made(duration=14.0, fs=fs)
    stream = Stream(fs, record.leads, model=model)
    delays: dict[type, list[float]] = {RPeak: [], LiveBeat: []}
    for clock, sample in enumerate(record.signal, start=1):
        for event in stream.push(sample[None]):
            assert event.samples_received == clock
            if event.sample > 3 * fs:  # the first beats wait for the scale
                delays[type(event)].append((clock - event.sample) / fs)
    assert len(delays[RPeak]) >= len(delays[LiveBeat]) >= np.sum(reference.sample > 3 * fs) - 3
    assert max(delays[RPeak]) <= 1.0
    assert max(delays[LiveBeat]) <= 2.5


def test_events_come_in_the_order_of_detection(at_once: list[Event]) -> None:
    received = [event.samples_received for event in at_once]
    assert received == sorted(received)
    r_peaks = {e.sample: k for k, e in enumerate(at_once) if isinstance(e, RPeak)}
    for k, event in enumerate(at_once):
        assert not isinstance(event, LiveBeat) or r_peaks[event.sample] < k


def test_beats_are_those_of_annotate(model: Model) -> None:
    record, reference = made(duration=60.0, classes=("N", "V"), v_rate=0.15)
    live, whole = annotate_live(record, model=model), annotate(record, model=model)
    qrs = compare(reference, live, start=0.0, window=0.05).ratios
    assert qrs.qrs_se.value == qrs.qrs_pp.value == 1
    assert np.abs(live.sample - whole.sample).max() <= 3
    assert np.mean(live.symbol == whole.symbol) > 0.95


def test_history_of_beats_is_bounded(model: Model) -> None:
    record, _ = made(duration=75.0, heart_rate=150.0)
    stream = Stream(record.fs, record.leads, model=model)
    assert len(beats_of(stream.push(record.signal))) > HISTORY + 20
    assert HISTORY <= len(stream._history) <= HISTORY + 10


# Changes of the signal

AT = 12 * FS


def gap(signal: Signal) -> None:
    signal[AT : AT + 4 * FS] = np.nan


def lead_off(signal: Signal) -> None:
    signal[AT : AT + 4 * FS] = signal[AT]


def larger(signal: Signal) -> None:
    signal[AT:] *= 10


def smaller(signal: Signal) -> None:
    signal[AT:] /= 10


def other_unit(signal: Signal) -> None:
    signal[AT:] = 1000 * signal[AT:] + 512


def inverted(signal: Signal) -> None:
    signal[AT:] *= -1


@pytest.mark.parametrize(
    ("change", "expected", "over"),
    [
        (gap, ["unreadable", "readable"], AT + 4 * FS),
        (lead_off, ["unreadable", "readable"], AT + 4 * FS),
        (larger, ["scale"], AT),
        (smaller, ["scale"], AT),
        (other_unit, ["scale"], AT),
        (inverted, ["polarity", "polarity"], AT),
    ],
    ids=["gap", "lead off", "x10", "x0.1", "other unit", "inverted"],
)
def test_recovers_within_5_s_and_reports_the_change(
    change: Callable[[Signal], None], expected: list[str], over: int, model: Model
) -> None:
    record, reference = made(duration=30.0)
    change(record.signal)
    events = events_of(record, model, [record.n_samples])
    reported = [e for e in events if isinstance(e, SignalChange)]
    # The leads may follow one another by a hop or two.
    assert list(dict.fromkeys(e.kind for e in reported)) == list(dict.fromkeys(expected))
    assert len(reported) <= 2
    assert all(e.samples_received <= over + 5 * FS for e in reported)
    assert all(abs(e.sample - AT) <= 1.5 * FS for e in reported[:1])
    assert {name for e in reported for name in e.leads} == set(record.leads)
    later = [b for b in beats_of(events) if b.samples_received > over + 5 * FS]
    wanted = reference.sample[reference.sample > over + 5 * FS]
    for sample in wanted:
        (beat,) = [b for b in later if abs(b.sample - sample) < 0.05 * FS]
        assert beat.aami_class == "N"
        assert beat.leads == record.leads
    assert len([b for b in later if b.sample > over + 5 * FS]) == len(wanted)
    on_time = [e for e in events if isinstance(e, RPeak) and e.samples_received > over + 5 * FS]
    assert all(
        e.samples_received - e.sample <= FS
        for e in on_time
        if e.samples_received < record.n_samples
    )


@pytest.mark.parametrize("change", [gap, lead_off])
def test_no_beats_where_all_leads_are_lost(change: Callable[[Signal], None], model: Model) -> None:
    record, _ = made(duration=20.0)
    change(record.signal)
    inside = [
        b for b in annotate_live(record, model=model).beats().sample if AT + 40 < b < AT + 1400
    ]
    assert not inside


def test_quality_annotations_are_those_of_annotate(model: Model) -> None:
    record, _ = made(duration=24.0)
    record.signal[AT : AT + 4 * FS, 1] = 0.0
    record.signal[AT + 6 * FS : AT + 8 * FS] = np.nan
    live, whole = (
        a.select(a.symbol == "~")
        for a in (annotate_live(record, model=model), _quiet(annotate)(record, model=model))
    )
    assert live.subtype.tolist() == whole.subtype.tolist() == [32, 0, -1, 0]
    assert np.abs(live.sample - whole.sample).max() <= 3


def test_a_lead_of_noise_is_left_out_within_8_s(model: Model) -> None:
    record, reference = made(duration=44.0)
    record.signal[AT : AT + 16 * FS, 0] = np.random.default_rng(2).normal(0, 0.5, 16 * FS)
    live, whole = (f(record, model=model) for f in (annotate_live, annotate))
    marks, expected = (a.select(a.symbol == "~") for a in (live, whole))
    assert marks.subtype.tolist() == expected.subtype.tolist() == [16, 0]
    assert ((marks.time - expected.time >= 0) & (marks.time - expected.time < 8)).all()
    for annotation in (live, whole):
        beats = annotation.beats()
        later = reference.time > marks.time[0]
        near = np.abs(beats.time[:, None] - reference.time[later]).min(axis=0)
        assert (near < 0.05).all()
        assert (beats.symbol == "N").all()
        assert beats.readable.all()


def _quiet(function: Callable[..., Annotation]) -> Callable[..., Annotation]:
    import warnings

    def run(*arguments: Any, **options: Any) -> Annotation:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments, **options)

    return run


def test_noise_in_a_pause_is_not_amplified(model: Model) -> None:
    record, _ = made(duration=26.0)
    quiet = np.random.default_rng(3).normal(0, 0.004, (6 * FS, 2))
    record.signal[AT : AT + 6 * FS] = quiet
    events = events_of(record, model, [record.n_samples])
    assert "scale" not in [kind for kind, _ in changes(events)]
    assert not [b for b in beats_of(events) if AT + 90 < b.sample < AT + 6 * FS - 90]


def test_runs_of_ectopic_beats_are_not_an_inversion(model: Model) -> None:
    record, _ = made(duration=40.0, classes=("N", "V"), v_rate=0.3, couplets=0.6)
    assert not changes(events_of(record, model, [record.n_samples]))


# Few beats, odd input


@pytest.mark.parametrize("n", [0, 1, 100, 500, 800])
def test_a_stream_that_ends_early_ends_well(n: int, model: Model) -> None:
    record, reference = made(duration=4.0)
    stream = Stream(FS, record.leads, model=model)
    beats = beats_of([*stream.push(record.signal[:n]), *stream.close()])
    assert len(beats) <= np.sum(reference.sample < n) + 1
    assert all(0 <= b.sample < n for b in beats)
    assert stream.close() == []


def test_one_lead_of_several_by_name(model: Model) -> None:
    record, _ = made(duration=10.0)
    signal = np.column_stack([np.ones(record.n_samples), record.signal[:, 0]])
    with pytest.warns(UserWarning, match="PLETH"):
        stream = Stream(FS, ["PLETH", "II"], model=model)
    assert stream.leads == ("II",)
    alone = Stream(FS, "II", model=model)
    chosen = Stream(FS, ["II"], columns=["PLETH", "II"], model=model)
    events = alone.push(record.signal[:, 0])
    assert beats_of(events)
    assert stream.push(signal) == chosen.push(signal) == events


def test_of_many_leads_the_usual_rhythm_leads_are_chosen(model: Model) -> None:
    columns = ["I", "II", "III", "aVR", "V1", "V5"]
    assert Stream(FS, columns, model=model).leads == ("II", "V5")
    assert Stream(FS, ["V1", "I"], columns=columns, model=model).leads == ("V1", "I")
    assert Stream(FS, [4], columns=columns, model=model).leads == ("V1",)


def test_to_dict_names_kind_class_and_delay(at_once: list[Event], eventful: Record) -> None:
    kinds = {}
    for event in at_once:
        as_dict = to_dict(event, eventful.fs)
        kinds[as_dict["kind"]] = set(as_dict)
        assert as_dict["delay"] == round((event.samples_received - event.sample) / FS, 3)
    assert {"class", "symbol", "p", "score", "leads"} < kinds["beat"]
    assert set(kinds) == {"beat", "peak", "change"}


@pytest.mark.parametrize(
    "chunk", [np.zeros((5, 3)), np.zeros(4), np.zeros((1, 2, 2)), [["a", "b"]], [[1.0], [1.0, 2.0]]]
)
def test_refuses_chunks_of_another_shape(chunk: Any, model: Model) -> None:
    stream = Stream(FS, ["I", "II"], model=model)
    with pytest.raises(FormatError, match="expected"):
        stream.push(chunk)


def test_refuses_wrong_settings_and_samples_after_the_end(model: Model) -> None:
    with pytest.raises(FormatError, match="100 to 2000 Hz"):
        Stream(50, ["II"], model=model)
    with pytest.raises(FormatError, match="expected leads among"):
        Stream(FS, ["V1"], columns=["II"], model=model)
    with pytest.raises(FormatError, match="a name for each column"):
        Stream(FS, model=model)
    stream = Stream(FS, ["II"], model=model)
    stream.close()
    with pytest.raises(FormatError, match="after the end"):
        stream.push(np.zeros((1, 1)))


@pytest.mark.mitdb
def test_a_real_recording_live_is_nearly_as_good(data_dir: Path, model: Model) -> None:
    record, reference = datasets.load("mitdb", "119", data_dir=data_dir)
    n = 120 * FS
    record = replace(record, signal=record.signal[:n])
    reference = reference.select(reference.sample < n)
    result = compare(reference, annotate_live(record, model=model), start=0.0, window=0.05)
    assert result.ratios.qrs_se.value > 0.98
    assert result.ratios.qrs_pp.value > 0.98
    assert result.ratios.veb_se.value > 0.9
