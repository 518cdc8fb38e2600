"""What the beats of a stream are compared with: the beats so far."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.live.record_so_far import FEWEST, RENEWED, RecordSoFar
from ecgscribe.model.features import SEGMENT, RecordStatistics, record_statistics
from ecgscribe.model.shape_features import WAVEFORM
from ecgscribe.symbols import AAMI_CLASSES

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Beats = tuple[Doubles, Floats, Floats, Floats]


def made_beats(n: int) -> Beats:
    rng = np.random.default_rng(n)
    shape = np.exp(-(((np.arange(WAVEFORM) - WAVEFORM // 2) / 4) ** 2))
    waveforms = shape[:, None] + 0.1 * rng.normal(size=(n, WAVEFORM, 2))
    return (
        np.cumsum(rng.uniform(60, 140, n)),
        rng.normal(size=(n, len(AAMI_CLASSES))).astype(np.float32),
        rng.uniform(0.5, 1, n).astype(np.float32),
        waveforms.astype(np.float32),
    )


def add(record: RecordSoFar, beats: Beats, which: slice) -> None:
    r_peaks, logits, scores, waveforms = beats
    record.add(
        r_peaks[which],
        logits=logits[which],
        peak_scores=scores[which],
        waveforms=waveforms[which],
    )


def statistics(beats: Beats, which: slice) -> RecordStatistics:
    r_peaks, logits, scores, waveforms = beats
    return record_statistics(
        r_peaks[which],
        logits=logits[which],
        peak_scores=scores[which],
        waveforms=waveforms[which],
    )


def same(one: RecordStatistics | None, other: RecordStatistics) -> bool:
    assert one is not None
    assert one.beats is not None
    assert other.beats is not None
    pairs = zip(astuple(one.beats), astuple(other.beats), strict=True)
    return (
        one.intervals == pytest.approx(other.intervals)
        and np.allclose(one.log_odds, other.log_odds)
        and all(np.allclose(a, b, atol=1e-5) for a, b in pairs if a is not None)
    )


def test_there_are_none_before_there_are_enough_beats() -> None:
    record, beats = RecordSoFar(), made_beats(FEWEST)
    assert record.statistics() is None
    add(record, beats, slice(0, FEWEST - 1))
    assert record.statistics() is None
    add(record, beats, slice(FEWEST - 1, FEWEST - 1))  # all that were due were false detections
    assert record.statistics() is None
    add(record, beats, slice(FEWEST - 1, FEWEST))
    assert same(record.statistics(), statistics(beats, slice(None)))


def test_they_are_those_of_the_latest_beats_alone() -> None:
    n = 2 * SEGMENT + 300
    record, beats = RecordSoFar(), made_beats(n)
    for begin in range(0, n, 100):
        add(record, beats, slice(begin, begin + 100))
    assert same(record.statistics(), statistics(beats, slice(n - SEGMENT, n)))


def test_they_are_computed_anew_only_now_and_then() -> None:
    record, beats = RecordSoFar(), made_beats(1000)
    add(record, beats, slice(0, 900))
    first = record.statistics()
    add(record, beats, slice(900, 900 + RENEWED - 1))
    assert record.statistics() is first
    add(record, beats, slice(900 + RENEWED - 1, 900 + RENEWED))
    assert same(record.statistics(), statistics(beats, slice(0, 900 + RENEWED)))


def test_a_lead_that_is_inverted_is_so_in_the_beats_before() -> None:
    record, beats = RecordSoFar(), made_beats(200)
    add(record, beats, slice(None))
    record.statistics()
    record.invert(1, float(beats[0][150]))
    beats[3][:150, :, 1] *= -1
    assert same(record.statistics(), statistics(beats, slice(None)))
