"""Which R-peak candidates are beats, and which beats are written."""

from __future__ import annotations

import numpy as np
import pytest

from ecgscribe.model.decision import Thresholds
from ecgscribe.model.traits import no_traits
from ecgscribe.pipeline.candidates import (
    Candidates,
    ClassifiedCandidates,
    is_beat,
    is_cut_off,
    is_written,
)
from ecgscribe.record import READABLE
from ecgscribe.symbols import AAMI_CLASSES

PROBABILITY = np.array([0.0, 0.1, 0.2, 0.3, 1.0], dtype=np.float32)


def test_a_candidate_is_a_beat_from_the_threshold_on() -> None:
    assert is_beat(PROBABILITY, Thresholds(beat=0.25)).tolist() == [False] * 3 + [True] * 2
    assert is_beat(PROBABILITY, Thresholds()).all()


@pytest.mark.parametrize(
    ("quality", "written"),
    [(READABLE, [False, True, True, True, True]), (0.4, [False, False, False, True, True])],
)
def test_more_is_asked_of_a_beat_in_noise(quality: float, written: list[bool]) -> None:
    of_second = np.full(5, quality, dtype=np.float32)
    thresholds = Thresholds(beat=0.05, beat_in_noise=0.25)
    assert is_written(PROBABILITY, of_second, thresholds).tolist() == written


def test_no_false_detection_is_written_however_low_the_threshold_in_noise_is() -> None:
    thresholds = Thresholds(beat=0.25, beat_in_noise=0.0)
    assert is_written(PROBABILITY, np.zeros(5, np.float32), thresholds).sum() == 2


def test_candidates_are_cut_and_joined() -> None:
    r_peaks = np.arange(5.0)
    classified = ClassifiedCandidates(
        r_peaks,
        PROBABILITY,
        np.eye(5, dtype=np.float32),
        PROBABILITY,
        np.zeros((5, 3, 2), dtype=np.float32),
        no_traits(5),
    )
    joined = ClassifiedCandidates.join([classified[:2], classified[2:2], classified[2:]])
    for name in ("r_peaks", "beat_probability", "class_probability"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(classified, name))
    assert len(classified[PROBABILITY > 0.15]) == 3
    assert len(Candidates.join([Candidates.none(), Candidates.none()])) == 0


def test_next_to_an_end_only_sure_beats_count() -> None:
    r_peaks = np.array([3.0, 10.0, 15.0, 17.0, 500.0, 610.0, 640.0, 997.0])
    n = len(r_peaks)
    score = np.array([0.98, 0.97, 0.95, 0.5, 0.95, 0.95, 0.5, 0.99], dtype=np.float32)
    classes = np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32)
    beats = ClassifiedCandidates(
        r_peaks, score, classes, score, np.zeros((n, 3, 2), dtype=np.float32), no_traits(n)
    )
    cut_off = is_cut_off(beats, 1000, np.array([[505, 600]]))
    assert r_peaks[cut_off].tolist() == [3.0, 15.0, 500.0, 610.0]
    assert not is_cut_off(beats[:0], 1000, np.zeros((0, 2), dtype=np.int64)).any()
