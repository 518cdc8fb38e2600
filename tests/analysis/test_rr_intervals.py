from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.analysis.rr_intervals import (
    BeatSeries,
    beat_series,
    mean_rate,
    pauses,
    rate_extremes,
    rates,
)
from ecgscribe.quality_annotations import readable_seconds, unreadable_spans
from ecgscribe.record import READABLE, Annotation

FS = 100.0
N_SAMPLES = 200
BEATS = "NAVF/"
UNREADABLE = (-1, 3, 0x30, 0x12)  # every lead is lost or noisy
READABLE_SUBTYPES = (0, 1, 0x20)


def beats_at(*seconds: float, classes: str | None = None) -> BeatSeries:
    """Make beats whose intervals all count."""
    symbols = list((classes or "N" * len(seconds)).replace("S", "A"))
    sample = np.rint(np.array(seconds) * FS).astype(np.int64)
    return beat_series(Annotation(sample, np.array(symbols, dtype=np.str_), FS), 10**9)


@st.composite
def made_annotations(draw: st.DrawFn) -> Annotation:
    """Draw beats, quality annotations and flutter waves, many of them close together."""
    n = draw(st.integers(0, 30))
    steps = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    symbols = draw(st.lists(st.sampled_from(BEATS + "NNNN~~+[!]"), min_size=n, max_size=n))
    subtypes = [
        draw(st.sampled_from(UNREADABLE + READABLE_SUBTYPES)) if s == "~" else 0 for s in symbols
    ]
    quality = None
    if draw(st.booleans()):
        values = st.sampled_from([0.1, READABLE, 0.9])
        quality = np.array([draw(values) if s in BEATS else np.nan for s in symbols], np.float32)
    return Annotation(
        np.cumsum(np.array(steps, dtype=np.int64)),
        np.array(symbols, dtype=np.str_),
        FS,
        subtype=np.array(subtypes, dtype=np.int64),
        quality=quality,
    )


def slow_unreadable(annotation: Annotation) -> list[bool]:
    """Return for each sample whether the last ``~`` at or before it leaves no lead readable."""
    bad = []
    for sample in range(N_SAMPLES):
        last = 0
        for at, symbol, subtype in zip(
            annotation.sample, annotation.symbol, annotation.subtype, strict=True
        ):
            if symbol == "~" and at <= sample:
                last = int(subtype)
        bad.append(bool(last & 0x11) and bool(last & 0x22))
    return bad


def slow_beats(annotation: Annotation) -> tuple[list[int], list[float | None]]:
    """Return the positions of readable beats, and the RR interval before each."""
    bad = slow_unreadable(annotation)
    kept: list[int] = []
    rr: list[float | None] = []
    before: int | None = None  # the beat before, if it is readable
    for k, symbol in enumerate(annotation.symbol):
        if symbol in "[!]":
            before = None
        if symbol not in BEATS:
            continue
        at = int(annotation.sample[k])
        good = not bad[at] if annotation.quality is None else annotation.quality[k] >= READABLE
        if good:
            clear = before is not None and at > before and not any(bad[before:at])
            rr.append((at - before) / FS if clear and before is not None else None)
            kept.append(at)
        before = at if good else None
    return kept, rr


@settings(deadline=None)
@given(made_annotations())
def test_unreadable_spans_are_those_of_a_look_at_every_sample(annotation: Annotation) -> None:
    bad = np.zeros(N_SAMPLES, dtype=bool)
    spans = unreadable_spans(annotation, N_SAMPLES)
    for begin, end in spans:
        assert begin < end
        bad[begin:end] = True
    assert bad.tolist() == slow_unreadable(annotation)
    assert np.all(spans[1:, 0] > spans[:-1, 1])
    assert readable_seconds(annotation, N_SAMPLES) == pytest.approx((~bad).sum() / FS)


@settings(deadline=None)
@given(made_annotations())
def test_intervals_are_those_of_a_walk_from_beat_to_beat(annotation: Annotation) -> None:
    beats = beat_series(annotation, N_SAMPLES)
    kept, rr = slow_beats(annotation)
    assert beats.sample.tolist() == kept
    assert [None if np.isnan(x) else x for x in beats.rr] == pytest.approx(rr)
    assert len(beats) + beats.in_noise == len(annotation.beats())
    assert annotation.sample[beats.index].tolist() == kept
    if annotation.quality is not None:  # as `ecgscribe annotate` counts
        assert len(beats) == annotation.readable.sum()


def test_no_interval_spans_noise_or_a_beat_in_noise() -> None:
    annotation = Annotation(
        np.array([0, 100, 150, 170, 200, 300, 400]),
        np.array(["N", "N", "~", "~", "N", "N", "N"]),
        FS,
        subtype=np.array([0, 0, 3, 0, 0, 0, 0]),
        quality=np.array([1, 1, np.nan, np.nan, 1, 0.2, 1], dtype=np.float32),
    )
    beats = beat_series(annotation, 500)
    assert beats.in_noise == 1
    np.testing.assert_array_equal(beats.rr, [np.nan, 1.0, np.nan, np.nan])


def test_rates_are_means_of_consecutive_intervals() -> None:
    beats = beats_at(0, 1, 2, 3, 3.5, 4, 4.5, 6.5)
    np.testing.assert_allclose(rates(beats, intervals=3), [np.nan] * 3 + [60, 72, 90, 120, 60])
    extremes = rate_extremes(beats, intervals=3)
    assert extremes is not None
    low, high = extremes
    assert low.rate == pytest.approx(60)
    assert (low.first, low.last) == (0, 3)
    assert high.rate == pytest.approx(120)
    assert (high.first, high.last) == (3, 6)
    assert mean_rate(beats) == pytest.approx(60 * 7 / 6.5)
    assert rate_extremes(beats) is None
    assert mean_rate(beats_at(1.0)) is None
    assert mean_rate(beats_at()) is None


def test_a_pause_is_longer_than_two_seconds() -> None:
    assert pauses(beats_at(0, 2, 4.01, 5)).tolist() == [2]


def test_normal_intervals_are_from_n_to_n() -> None:
    beats = beats_at(0, 1, 2, 3, 4, 5, classes="NNVNNF")
    assert beats.normal.tolist() == [False, True, False, False, True, False]
