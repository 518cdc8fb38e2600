"""A few samples far off are bridged, and no sample of a heart is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe import Record, Stream, annotate
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live.events import LiveBeat
from ecgscribe.record import Annotation
from ecgscribe.signal.bad_samples import bridge_bad_samples
from ecgscribe.signal.conditioning import Conditioner, condition


@given(
    st.integers(3, 996),
    st.floats(5, 1e6),
    st.sampled_from([-1, 1]),
    st.sampled_from([200.0, 250.0, 360.0, 1000.0]),
)
def test_a_sample_far_off_becomes_the_mean_of_its_neighbours(
    at: int, far: float, sign: int, fs: float
) -> None:
    lead = np.sin(np.arange(1000) / 7).astype(np.float32)
    damaged = lead.copy()
    damaged[at] = sign * far
    bridged = bridge_bad_samples(damaged, fs)
    assert bridged[at] == pytest.approx(0.5 * (lead[at - 1] + lead[at + 1]), abs=1e-6)
    assert np.array_equal(np.delete(bridged, at), np.delete(lead, at))


@given(
    st.sampled_from([(100.0, 3), (125.0, 3), (200.0, 3), (250.0, 3), (500.0, 6), (1000.0, 12)]),
    st.floats(0.05, 0.95),
    st.floats(10, 1e6),
    st.data(),
)
def test_some_samples_far_off_become_the_line_between_their_neighbours(
    fs_and_most: tuple[float, int], place: float, far: float, data: st.DataObject
) -> None:
    fs, most = fs_and_most
    lead = np.sin(np.arange(1000) * (2 / fs)).astype(np.float32)
    begin, count = int(place * 1000), data.draw(st.integers(1, most))
    signs = data.draw(st.lists(st.sampled_from([-1, 1]), min_size=count, max_size=count))
    damaged = lead.copy()
    damaged[begin : begin + count] = np.multiply(signs, far)
    bridged = bridge_bad_samples(damaged, fs)
    line = np.linspace(lead[begin - 1], lead[begin + count], count + 2)
    assert np.allclose(bridged[begin - 1 : begin + count + 1], line, atol=1e-5)
    bridged[begin : begin + count] = lead[begin : begin + count]
    assert np.array_equal(bridged, lead)


@pytest.mark.parametrize("fs", [200.0, 360.0, 1000.0])
def test_beats_stay_as_they_are(fs: float) -> None:
    record, _ = synthesize(duration=20, fs=fs, seed=3)
    lead = np.ascontiguousarray(record.signal[:, 0], dtype=np.float32)
    assert np.abs(bridge_bad_samples(lead, fs) - lead).max() < 0.1 * np.ptp(lead)


@pytest.mark.parametrize("fs", [100.0, 125.0, 200.0, 250.0, 500.0])
@pytest.mark.parametrize("half_width_s", [0.025, 0.03])
def test_narrow_beats_stay_even_if_they_are_alone(fs: float, half_width_s: float) -> None:
    time = np.arange(int(8 * fs)) / fs
    lead = np.zeros(len(time), dtype=np.float32)
    for r_peak in (4.0, 4.003):
        lead[:] = np.maximum(1 - np.abs(time - r_peak) / half_width_s, 0)
        assert bridge_bad_samples(lead, fs).max() > 0.8 * lead.max()


@pytest.mark.parametrize("length", [0, 1, 3, 6, 7, 8, 20])
@pytest.mark.parametrize("fs", [100, 500, 2000])
def test_a_short_lead_stays(length: int, fs: float) -> None:
    lead = np.zeros(length, dtype=np.float32)
    assert bridge_bad_samples(lead, fs) is lead


def test_missing_samples_stay() -> None:
    lead = np.zeros(100, dtype=np.float32)
    lead[40:50] = np.nan
    lead[70] = np.nan
    assert np.array_equal(bridge_bad_samples(lead, 250), lead, equal_nan=True)


def damaged(fs: float, count: int, far: float, lead: slice) -> tuple[Record, Record]:
    """Return a recording with some bad samples between two beats, and without them."""
    record, reference = synthesize(duration=30, fs=fs, seed=1)
    between = int(reference.beats().sample[10:12].mean())
    signal = record.signal.copy()
    signal[between : between + count, lead] = far
    return Record(signal=signal, fs=fs, leads=record.leads, units=record.units), record


def same_beats(one: Annotation, other: Annotation) -> bool:
    return np.array_equal(one.sample, other.sample) and np.array_equal(one.symbol, other.symbol)


@pytest.mark.parametrize(
    ("fs", "count", "far"),
    [
        (100.0, 1, 10.0),
        (128.0, 2, -10.0),
        (180.0, 3, 1000.0),
        (250.0, 1, 3.0),
        (250.0, 1, 1000.0),
        (250.0, 3, 10.0),
        (500.0, 6, 10.0),
    ],
)
@pytest.mark.parametrize("lead", [slice(0, 1), slice(None)])
def test_no_beat_is_found_on_bad_samples(fs: float, count: int, far: float, lead: slice) -> None:
    with_them, without = damaged(fs, count, far, lead)
    assert same_beats(annotate(with_them).beats(), annotate(without).beats())


@pytest.mark.parametrize(("fs", "count"), [(128.0, 1), (128.0, 2), (250.0, 3)])
def test_no_beat_of_a_stream_is_on_bad_samples(fs: float, count: int) -> None:
    beats = []
    for record in damaged(fs, count, 10.0, slice(None)):
        stream = Stream(fs, record.leads)
        events = [*stream.push(record.signal), *stream.close()]
        beats.append([(e.sample, e.symbol) for e in events if isinstance(e, LiveBeat)])
    assert beats[0] == beats[1]


def test_a_part_with_bad_samples_is_what_it_is_in_the_whole() -> None:
    record, _ = damaged(128.0, 2, 10.0, slice(None))
    at = int(np.argmax(record.signal[:, 0]))
    whole, conditioner = condition(record).signal, Conditioner.for_record(record)
    for begin in range(at - 300, at + 300, 50):
        assert np.array_equal(
            conditioner.condition(begin, begin + 128).signal, whole[begin : begin + 128]
        )
