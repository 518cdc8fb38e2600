"""What is noise, second by second, and how annotations show it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.pipeline.signal_quality import (
    AROUND_S,
    LEAST_RATE,
    quality_at,
    scale_quality,
    signal_quality,
)
from ecgscribe.quality_annotations import readable_seconds
from ecgscribe.record import READABLE, Annotation, Record
from ecgscribe.signal.windows import FS


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def slow_quality(
    r_peaks: NDArray[np.float64],
    probability: NDArray[np.float32],
    n_steps: int,
    lost: list[tuple[int, int]],
) -> list[float]:
    index = []
    for second in range(-(-n_steps // FS)):
        middle = (second + 0.5) * FS
        begin, end = max(middle - AROUND_S * FS, 0), min(middle + AROUND_S * FS, n_steps)
        near = [float(b) for s, b in zip(r_peaks, probability, strict=True) if begin <= s < end]
        seconds = end - begin - sum(max(min(b, end) - max(a, begin), 0) for a, b in lost)
        expected = LEAST_RATE * seconds / FS
        mean = sum(near) / len(near) if near else 0.0
        if expected < 1:
            index.append(mean if near else 1.0)
        else:
            index.append(mean * min(sum(near) / expected, 1))
    return index


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 999),
    seconds=st.floats(0.2, 60),
    rate=st.floats(0, 3),
    edges=st.lists(st.integers(0, 60 * FS), max_size=6, unique=True),
)
def test_signal_quality_is_what_the_slow_way_computes(
    seed: int, seconds: float, rate: float, edges: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    n = max(int(seconds * FS), 1)
    r_peaks = np.sort(rng.uniform(0, n, rng.poisson(rate * seconds)))
    probability = rng.random(len(r_peaks)).astype(np.float32)
    pairs = sorted(min(e, n) for e in edges)[: len(edges) // 2 * 2]
    lost = [(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True) if a < b]
    spans = np.array(lost, dtype=np.int64).reshape(-1, 2)
    index = signal_quality(r_peaks, probability, n, unreadable=spans)
    np.testing.assert_allclose(index, slow_quality(r_peaks, probability, n, lost), atol=1e-5)


def test_quality_halves_at_the_threshold() -> None:
    assert scale_quality(
        np.array([0, 0.3, 0.6, 0.8, 1], np.float32), 0.6
    ).tolist() == pytest.approx([0, 0.25, READABLE, 0.75, 1])
    assert quality_at(
        np.array([0.0, 127.9, 128, 9999]), np.array([0.1, 0.9], np.float32)
    ).tolist() == (pytest.approx([0.1, 0.1, 0.9, 0.9]))


def with_changes(*changes: tuple[int, int]) -> Annotation:
    sample, subtype = (np.array(x, dtype=np.int64) for x in zip(*changes, strict=True))
    return Annotation(sample, np.full(len(sample), "~"), 100.0, subtype=subtype)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ([(200, -1), (500, 0)], 7.0),
        ([(200, 3), (500, 0)], 7.0),  # noise in both leads
        ([(200, 16 | 2), (500, 0)], 7.0),  # one lost, one noisy
        ([(200, 16), (500, 32), (600, 1), (700, 0)], 10.0),  # one is always there
        ([(0, 0x33)], 0.0),
        ([(200, 3), (300, -1), (400, 3), (900, 0)], 3.0),
    ],
)
def test_time_is_readable_where_a_lead_is(changes: list[tuple[int, int]], seconds: float) -> None:
    assert readable_seconds(with_changes(*changes), 1000) == pytest.approx(seconds)
    assert readable_seconds(with_changes((5, 0)).select(np.zeros(1, bool)), 1000) == 10.0


def test_a_clean_recording_is_readable_from_end_to_end(model: Model) -> None:
    record, _ = synthesize(duration=300, seed=2, noise=0.3)
    annotation = annotate(record, model=model)
    assert "~" not in annotation.symbol
    assert annotation.beats().readable.all()
    assert annotation.quality is not None
    assert np.nanmedian(annotation.quality) > 0.9


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
@pytest.mark.parametrize("lead_lost", [False, True])
def test_a_span_of_noise_is_annotated_and_its_beats_are_flagged(
    model: Model, lead_lost: bool
) -> None:
    record, reference = synthesize(duration=180, seed=4, noise=0.2)
    signal = record.signal.copy()
    first, last = 60 * 360, 120 * 360
    noise = np.random.default_rng(0).normal(0, 0.5, size=(last - first, 2))
    signal[first:last] = noise.astype(np.float32)
    if lead_lost:
        signal[:, 0] = np.nan
    annotation = annotate(Record(signal, record.fs, record.leads), model=model)
    changes = annotation.select(annotation.symbol == "~")
    noisy = changes.select(changes.subtype & 3 != 0)
    assert noisy.subtype.tolist() == [16 | 2 if lead_lost else 3]
    assert noisy.aux_note[0].endswith("noise")
    (begin,) = noisy.sample
    end = changes.sample[np.searchsorted(changes.sample, begin) + 1]
    assert abs(begin - first) <= 6 * 360
    assert abs(end - last) <= 6 * 360
    beats = annotation.beats()
    inside = (beats.sample >= begin) & (beats.sample < end)
    np.testing.assert_array_equal(beats.readable, ~inside)
    assert readable_seconds(annotation, record.n_samples) == pytest.approx(
        180 - (end - begin) / 360, abs=0.01
    )
    # Up to five seconds of noise before that count as readable: their beats may be false.
    clean = beats.sample[beats.readable & ((beats.sample < first) | (beats.sample > last))]
    distance = np.abs(clean[:, None] - reference.sample).min(axis=1)
    assert np.mean(distance < 54) > 0.97


def test_a_pause_of_some_seconds_is_no_noise(model: Model) -> None:
    record, _ = synthesize(duration=120, seed=5, noise=0.1)
    first = annotate(record, model=model).beats().sample
    cut = slice(int(first[40] + 150), int(first[40] + 150 + 4 * 360))
    signal = record.signal.copy()
    still = np.median(signal, axis=0) + np.random.default_rng(1).normal(0, 0.004, (1440, 2))
    signal[cut] = still.astype(np.float32)
    annotation = annotate(Record(signal, record.fs, record.leads), model=model)
    assert "~" not in annotation.symbol
    assert annotation.readable[annotation.class_index >= 0].all()


@pytest.mark.mitdb
@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
def test_beats_in_noise_are_written_with_a_low_quality(model: Model, data_dir: object) -> None:
    from ecgscribe import datasets

    noise = datasets.noise("ma", data_dir=str(data_dir))
    half = len(noise.signal) // 2  # the half that training may hear
    annotation = annotate(Record(noise.signal[:half], noise.fs, ("a", "b")), model=model)
    assert readable_seconds(annotation, half) < 60
    assert annotation.readable.sum() <= 2
