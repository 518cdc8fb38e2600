"""Spans of rhythm from probabilities by the second: small cases, worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.rhythm import EMBEDDING, Rhythm
from ecgscribe.model.seconds import Seconds
from ecgscribe.model.traits import TRAITS
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.pipeline.network_spans import rhythm_spans
from ecgscribe.pipeline.rhythm_by_second import (
    beats_not_still,
    rhythm_probabilities,
    still_where_quiet,
    without_narrow,
    without_slow_normal,
)
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.signal.windows import FS
from support.rhythm_networks import certain

NO_BEATS = np.zeros(0)


def found(text: str, beats: NDArray[np.float64] = NO_BEATS) -> list[tuple[str, float, float]]:
    spans = rhythm_spans(certain(text), beats, len(text) * FS)
    return [(span.kind, span.begin / FS, span.end / FS) for span in spans]


def test_ventricular_tachycardia_of_three_seconds_is_a_span_and_of_two_is_none() -> None:
    assert found("n" * 10 + "ttt" + "n" * 10) == [("N", 0, 10), ("VT", 10, 13), ("N", 13, 23)]
    assert found("n" * 10 + "tt" + "n" * 10) == [("N", 0, 22)]


def test_one_second_of_noise_does_not_interrupt_flutter() -> None:
    assert found("n" * 5 + "ffffxffff" + "n" * 5) == [("N", 0, 5), ("VFL", 5, 14), ("N", 14, 19)]


def test_tachycardia_and_flutter_that_share_the_probability_are_ventricular() -> None:
    probability = certain("n" * 20)
    probability[5:12] = [0.4, 0, 0.35, 0.25, 0, 0]
    spans = rhythm_spans(probability, NO_BEATS, 20 * FS)
    assert [span.kind for span in spans] == ["N", "VT", "N"]
    assert spans[1].probability == pytest.approx(0.6, abs=0.15)  # the edges are averaged with 0


def test_tachycardia_becomes_flutter_within_one_span() -> None:
    assert found("t" * 20 + "f" * 30) == [("VT", 0, 20), ("VFL", 20, 50)]
    assert found("f" * 20 + "tt" + "f" * 20) == [("VFL", 0, 42)]
    assert found("tttff") == [("VT", 0, 5)]  # too short to be cut: the larger part


def test_standstill_reaches_from_beat_to_beat() -> None:
    beats = np.array([4.5, 5.2, 9.6, 10.4]) * FS
    kinds = found("n" * 6 + "sss" + "n" * 5, beats)
    assert kinds[1] == ("ASYS", (665 + 1) / FS, 1228 / FS)  # the steps of 5.2 s and 9.6 s
    assert [kind for kind, _, _ in kinds] == ["N", "ASYS", "N"]


def test_a_beat_within_it_cuts_standstill_and_what_is_left_lasts_three_seconds_or_is_none() -> None:
    text = "n" * 2 + "s" * 8 + "n" * 4
    beats = np.array([0.5, 1.0, 5.0, 12.0]) * FS
    assert [k for k, _, _ in found(text, beats)].count("ASYS") == 2
    beats = np.array([1.9, 4.5, 7.4, 10.2]) * FS
    assert found(text, beats) == [("N", 0, 14)]


def test_standstill_after_fibrillation_begins_where_that_ends() -> None:
    assert found("f" * 10 + "s" * 10) == [("VFL", 0, 10), ("ASYS", 10, 20)]
    beats = np.array([9.9]) * FS  # a candidate in flutter is no beat that ends it
    assert found("f" * 10 + "s" * 10, beats) == [("VFL", 0, 10), ("ASYS", 10, 20)]


def test_atrial_fibrillation_lasts_half_a_minute_or_most_of_a_short_recording() -> None:
    assert [k for k, _, _ in found("n" * 60 + "a" * 40 + "n" * 60)] == ["N", "AFIB", "N"]
    assert found("n" * 60 + "a" * 20 + "n" * 60) == [("N", 0, 140)]
    assert found("a" * 20) == [("AFIB", 0, 20)]
    assert found("a" * 7 + "n" * 13) == [("N", 0, 20)]


def test_a_span_of_fibrillation_must_be_sure_once_and_lasts_while_it_is_likely() -> None:
    likely = certain("n" * 100)
    likely[:, :2] = [0.6, 0.4]
    assert [s.kind for s in rhythm_spans(likely, NO_BEATS, 100 * FS)] == ["N"]
    likely[40:60, :2] = [0.1, 0.9]
    assert [s.kind for s in rhythm_spans(likely, NO_BEATS, 100 * FS)] == ["AFIB"]


def test_where_all_leads_are_lost_there_is_no_rhythm_that_kills() -> None:
    lost = np.zeros((30, 2), dtype=np.bool_)
    lost[10:20] = True
    probability = rhythm_probabilities(certain("f" * 30), lost)
    kinds = [s.kind for s in rhythm_spans(probability, NO_BEATS, 30 * FS)]
    assert kinds == ["VFL", "N", "VFL"]
    lost[10:20, 1] = False
    np.testing.assert_array_equal(rhythm_probabilities(certain("f" * 30), lost), certain("f" * 30))


def test_standstill_at_the_end_of_a_recording_ends_with_it_or_with_its_last_beat() -> None:
    probability, n_steps = certain("n" * 5 + "s" * 5), 10 * FS + 100
    with_beat = ["N", "ASYS", "N"]
    for beat, kinds in ((None, with_beat[:2]), (10.0 * FS, with_beat), (10 * FS + 50.0, with_beat)):
        beats = np.array([1.0, 2.0, 3.0]) * FS
        beats = beats if beat is None else np.append(beats, beat)
        spans = rhythm_spans(probability, beats, n_steps)
        assert [span.kind for span in spans] == kinds
        assert spans[1].end == (n_steps if beat is None else beat)


def test_a_narrow_qrs_is_not_that_of_ventricular_tachycardia() -> None:
    r_peaks = np.arange(0.25, 60, 0.5) * FS
    shapes = np.zeros((len(r_peaks), 3, 2), dtype=np.float32)
    shapes[:, 2] = [1.4, 1.2]
    shapes[60:, 2, 1] = 0.7  # narrow in one lead, from 30 s on
    counted = without_narrow(certain("t" * 50 + "f" * 10), r_peaks, shapes)
    np.testing.assert_array_equal(counted.argmax(axis=1), [2] * 30 + [0] * 20 + [3] * 10)
    shapes[:, 2, 1] = 0  # a lead that is not there
    np.testing.assert_array_equal(without_narrow(certain("t" * 60), r_peaks, shapes)[:, 2], 1)
    shapes[:3, 2] = 0.7
    for n, kind in ((2, 2), (3, 0)):  # two do not show how wide a QRS is
        counted = without_narrow(certain("ttt"), r_peaks[:n], shapes[:n])
        np.testing.assert_array_equal(counted.argmax(axis=1), kind)


def candidates(
    rr_s: float, n_probability: float, missed: int | None = None
) -> ClassifiedCandidates:
    """Make beats a minute long; the one at index `missed` was not detected."""
    r_peaks = np.arange(0.25, 60, rr_s) * FS
    if missed is not None:
        r_peaks = np.delete(r_peaks, missed)
    n = len(r_peaks)
    sure = np.ones(n, dtype=np.float32)
    classes = np.tile(
        np.array([n_probability, 0, 1 - n_probability, 0, 0], dtype=np.float32), (n, 1)
    )
    shapes, traits = np.zeros((n, 3, 2), np.float32), np.zeros((n, TRAITS), np.float16)
    return ClassifiedCandidates(r_peaks, sure, classes, sure, shapes, traits)


def test_normal_beats_below_100_per_minute_are_no_tachycardia() -> None:
    tachycardia, flutter = certain("t" * 60), certain("f" * 60)
    counted = without_slow_normal(tachycardia, candidates(0.65, 0.98))
    np.testing.assert_array_equal(counted, certain("n" * 60))
    np.testing.assert_array_equal(without_slow_normal(flutter, candidates(0.65, 0.98)), flutter)
    for fast_or_doubtful in (candidates(0.55, 0.98), candidates(0.65, 0.8)):
        np.testing.assert_array_equal(
            without_slow_normal(tachycardia, fast_or_doubtful), tachycardia
        )


def test_a_missed_beat_speaks_against_no_tachycardia_near_it() -> None:
    counted = without_slow_normal(certain("t" * 60), candidates(0.8, 0.98, missed=40))
    assert (counted.argmax(axis=1) == Rhythm.TACHYCARDIA)[26:40].all()
    assert (counted.argmax(axis=1) == Rhythm.PLAIN)[:24].all()


def test_a_beat_ends_a_standstill_if_it_is_likely_and_more_so_than_the_standstill() -> None:
    r_peaks = np.array([0.5, 1.5, 2.5, 3.5]) * FS
    beat_probability = np.array([0.45, 0.55, 0.65, 0.75], dtype=np.float32)
    probability = certain("nnn")
    assert beats_not_still(r_peaks, beat_probability, probability).tolist() == [192, 320, 448]
    probability[2, Rhythm.STANDSTILL] = 0.7  # what is after the last whole second counts to it
    assert beats_not_still(r_peaks, beat_probability, probability).tolist() == [192, 448]
    assert len(beats_not_still(r_peaks, beat_probability, certain("n")[:0])) == 0


def test_standstill_has_a_heart_beside_it() -> None:
    text = "n" * 20 + "s" * 10 + "x" * 5 + "s" * 5 + "n" * 20
    stills = [("ASYS", 20, 30), ("ASYS", 35, 40)]
    for beats in ([10.5, 11.5, 12.5], [18.0, 17.5, 42.0], [42.0, 43.0, 49.5]):
        at = np.sort(beats) * FS
        assert [span for span in found(text, at) if span[0] == "ASYS"] == stills
    # Too few, only far away, or none at all: a lead that is off.
    for few in ([], [5.0, 8.0, 9.0, 52.0], [18.0, 42.0]):
        assert [kind for kind, _, _ in found(text, np.array(few) * FS)] == ["N"]
    in_noise = "n" * 10 + "x" * 10 + text[20:]
    assert [kind for kind, _, _ in found(in_noise, np.array([16.0, 17.0, 18.0]) * FS)] == ["N"]
    assert [kind for kind, _, _ in found("f" * 5 + "n" * 8 + "s" * 5)] == ["VFL", "N", "ASYS"]


@settings(deadline=None, max_examples=100)
@given(
    st.text(alphabet="natfsx", max_size=120),
    st.lists(st.floats(0, 120), max_size=60),
    st.integers(0, FS - 1),
)
def test_spans_cover_the_recording_without_gaps_and_standstill_holds_no_beat(
    text: str, seconds: list[float], rest: int
) -> None:
    n_steps = len(text) * FS + rest
    beats = np.sort(np.array(seconds, dtype=np.float64)) * FS
    beats = beats[beats < n_steps]
    spans: list[StepSpan] = rhythm_spans(certain(text), beats, n_steps)
    if not text:
        assert spans == []
        return
    assert spans[0].begin == 0
    assert spans[-1].end == n_steps
    for span, following in pairwise(spans):
        assert span.begin < span.end == following.begin
    for span in spans:
        assert 0 <= span.probability <= 1
        if span.kind in ("VT", "VFL"):
            own = certain(text)[span.begin // FS : span.end // FS]
            assert own[:, [Rhythm.TACHYCARDIA, Rhythm.FLUTTER]].mean() > 0.2
        if span.kind == "ASYS":
            assert len(span) >= 3 * FS
            assert not np.any((beats.astype(int) >= span.begin) & (beats.astype(int) < span.end))


def test_a_quiet_baseline_is_a_standstill() -> None:
    height = np.full((12, 2), 1.5, np.float32)
    height[2:11] = 0.2
    height[7, 1] = 0.6  # one lead is not quiet
    lost = np.zeros((12, 2), np.bool_)
    height[8, 1], lost[8, 1] = 1.5, True
    lost[9] = True
    seconds = Seconds(np.zeros((12, EMBEDDING), np.float32), height, lost)
    r_peaks = np.array([-0.5, 0.5, 4.5, 5.5, 11.5, 12.5]) * FS
    probability = certain("nxxnxnfxxxan")
    typical = np.full(2, 1.5, np.float32)
    changed = still_where_quiet(probability, seconds, r_peaks, typical=typical)
    #                        of quiet seconds, the fifth and the sixth have a candidate
    np.testing.assert_array_equal(changed, certain("nxsssnfxsxsn"))
    # By themselves these seconds have nothing that is higher.
    same = still_where_quiet(probability, seconds, r_peaks)
    np.testing.assert_array_equal(same, probability)
