"""What the rhythm changes: beats, classes and quality, on a few candidates."""

from __future__ import annotations

import numpy as np
import pytest

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.model.traits import no_traits
from ecgscribe.pipeline.beats_by_rhythm import apply_rhythms, grade_by_rhythm, without_beats
from ecgscribe.pipeline.candidates import ClassifiedCandidates, FaintPeaks, is_written
from ecgscribe.pipeline.rhythm import FoundRhythms
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.record import READABLE
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

THRESHOLDS = Thresholds(beat=0.1, beat_in_noise=0.2)
NO_PEAKS = FaintPeaks(np.zeros(0), np.zeros(0, dtype=np.float32))
CLASSES = {
    "surely N": [0.9, 0.1, 0, 0, 0],
    "surely S": [0.1, 0.9, 0, 0, 0],
    "S or V": [0.1, 0.46, 0.44, 0, 0],
    "surely V": [0, 0.3, 0.7, 0, 0],
    "no beat": [0, 0, 0, 0, 0],
}


def candidates() -> ClassifiedCandidates:
    """One in the middle of each of the first seconds."""
    return ClassifiedCandidates(
        np.asarray((np.arange(len(CLASSES)) + 0.5) * FS, np.float64),
        np.array([0.9, 0.9, 0.9, 0.9, 0.02], dtype=np.float32),
        np.array(list(CLASSES.values()), dtype=np.float32),
        np.full(len(CLASSES), 0.6, dtype=np.float32),
        np.zeros((len(CLASSES), 3, 2), dtype=np.float32),
        no_traits(len(CLASSES)),
    )


def span(kind: RhythmKind, begin: float, end: float, probability: float = 0.8) -> StepSpan:
    return StepSpan(
        begin=round(begin * FS), end=round(end * FS), kind=kind, probability=probability
    )


def symbols(changed: ClassifiedCandidates) -> str:
    written = is_written(changed.beat_probability, np.zeros(len(changed), np.float32), THRESHOLDS)
    index = decide(changed.class_probability[written], THRESHOLDS)
    return "".join(AAMI_CLASSES[k] for k in index)


def test_without_another_rhythm_nothing_changes() -> None:
    changed = apply_rhythms(candidates(), NO_PEAKS, [span("N", 0, 5)], THRESHOLDS)
    np.testing.assert_array_equal(changed.class_probability, candidates().class_probability)
    assert symbols(changed) == "NSSV"  # the false detection is not written


@pytest.mark.parametrize("probability", [0.51, 0.05])
def test_in_ventricular_tachycardia_every_candidate_is_a_beat_of_class_v(
    probability: float,
) -> None:
    changed = apply_rhythms(candidates(), NO_PEAKS, [span("VT", 0, 5, probability)], THRESHOLDS)
    assert symbols(changed) == "VVVVV"
    assert changed.beat_probability[0] == np.float32(0.9)
    assert changed.beat_probability[4] == np.float32(max(probability, 0.2))
    np.testing.assert_allclose(changed.class_probability.sum(axis=1), 1)


def test_faint_peaks_are_beats_in_ventricular_tachycardia_alone() -> None:
    faint = FaintPeaks(
        np.array([0.9, 1.1, 2.9, 3.1]) * FS, np.array([0.2, 0.3, 0.4, 0.2], dtype=np.float32)
    )
    changed = apply_rhythms(candidates(), faint, [span("N", 0, 1), span("VT", 1, 3)], THRESHOLDS)
    np.testing.assert_allclose(changed.r_peaks / FS, [0.5, 1.1, 1.5, 2.5, 2.9, 3.5, 4.5])
    assert symbols(changed) == "NVVVVV"
    np.testing.assert_allclose(changed.peak_scores, [0.6, 0.3, 0.6, 0.6, 0.4, 0.6, 0.6])
    same = apply_rhythms(candidates(), faint, [span("AFIB", 0, 5)], THRESHOLDS)
    assert len(same) == len(CLASSES)


@pytest.mark.parametrize("kind", ["VFL", "ASYS"])
def test_flutter_and_standstill_hold_no_beats(kind: RhythmKind) -> None:
    rhythms = [span("N", 0, 1), span(kind, 1, 3), span("N", 3, 5)]
    changed = apply_rhythms(candidates(), NO_PEAKS, rhythms, THRESHOLDS)
    np.testing.assert_array_equal(changed.r_peaks / FS, [0.5, 3.5, 4.5])


def test_in_atrial_fibrillation_s_is_n_unless_it_looks_ventricular() -> None:
    changed = apply_rhythms(candidates(), NO_PEAKS, [span("AFIB", 0, 5)], THRESHOLDS)
    assert symbols(changed) == "NNVV"
    left = [0.422, 0.138, 0.44, 0, 0]
    np.testing.assert_allclose(changed.class_probability[2], left, atol=1e-6)
    mostly_ventricular = candidates()
    mostly_ventricular.class_probability[2] = [0, 0.4, 0.3, 0, 0.3]
    assert (
        symbols(apply_rhythms(mostly_ventricular, NO_PEAKS, [span("AFIB", 0, 5)], THRESHOLDS))
        == "NNVV"
    )


def test_a_span_holds_its_first_step_and_not_the_one_after_its_last() -> None:
    edge = span("VFL", 1.5, 3.5)  # R-peaks lie on both edges
    changed = apply_rhythms(candidates(), NO_PEAKS, [edge], THRESHOLDS)
    np.testing.assert_array_equal(changed.r_peaks / FS, [0.5, 3.5, 4.5])


def test_no_beat_is_expected_where_leads_are_lost_or_the_heart_does_not_beat() -> None:
    lost = np.array([[0, 2 * FS], [9 * FS, 12 * FS], [20 * FS, 21 * FS]])
    rhythms = [span("N", 0, 5), span("VFL", 5, 9), span("ASYS", 11, 14), span("VT", 14, 30)]
    expected = [[0, 2 * FS], [5 * FS, 14 * FS], [20 * FS, 21 * FS]]
    np.testing.assert_array_equal(without_beats(lost, rhythms), expected)
    assert without_beats(np.zeros((0, 2), np.int64), []).shape == (0, 2)
    np.testing.assert_array_equal(without_beats(lost, []), lost)


def test_what_kills_is_never_noise() -> None:
    quality = np.full(6, 0.1, dtype=np.float32)
    quality[2] = 0.9
    rhythms = [span("VT", 0, 1), span("VFL", 1, 3), span("ASYS", 3, 3.5), span("AFIB", 4, 6)]
    noise = np.full(6, 0.9, dtype=np.float32)
    raised = grade_by_rhythm(quality, FoundRhythms(rhythms, noise, noise))
    np.testing.assert_allclose(raised, [READABLE] * 4 + [0.1, 0.1])
    np.testing.assert_allclose(quality, [0.1, 0.1, 0.9, 0.1, 0.1, 0.1])


def test_where_a_rhythm_shows_clearly_the_signal_can_be_read_and_in_noise_it_cannot() -> None:
    quality = np.array([0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1], dtype=np.float32)
    noise = np.array([0.02, 0.02, 0.3, 0.3, 0.02, 0.6], dtype=np.float32)
    no_signal = np.array([0.02, 0.02, 0.3, 0.3, 0.9, 0.6], dtype=np.float32)  # one lead is off
    graded = grade_by_rhythm(quality, FoundRhythms([span("N", 0, 7)], noise, no_signal))
    # The last one is less than a second long.
    np.testing.assert_allclose(graded, [READABLE, 0.9, 0.1, 0.9, 0.1, READABLE / 2, 0.1])
