"""When a rhythm is reported, worked out by hand, and what holds of any sequence of rhythms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.live.rhythm_changes import FIBRILLATION_DELAY_S, RhythmReporter
from ecgscribe.model.rhythm import WINDOW_S
from ecgscribe.pipeline.step_spans import LEAST_S
from ecgscribe.signal.windows import FS
from support.rhythm_networks import certain

KINDS = {"t": "VT", "f": "VFL", "s": "ASYS"}
LATE_S = 4
"""Seconds of the signal that follow a second when its rhythm is predicted."""


def reported(
    probability: NDArray[np.float32], runs: Sequence[tuple[float, float]] = ()
) -> list[tuple[str, float, float]]:
    """Return each rhythm, the second of its begin, and the second when it is reported.

    There are two beats a second but four in `runs`, where they are of class S.
    """
    reporter = RhythmReporter()
    r_peaks = np.arange(0.25, len(probability), 0.25)
    is_s = np.array([any(a <= at < b for a, b in runs) for at in r_peaks.tolist()], dtype=np.bool_)
    kept = is_s | (np.arange(len(r_peaks)) % 2 == 1)
    r_peaks, is_s = r_peaks[kept], is_s[kept]
    events: list[tuple[str, float, float]] = []
    for n in range(1, len(probability) + 1):
        first, now = max(n - WINDOW_S, 0), n + LATE_S
        known = probability[first:n]
        plain = np.flatnonzero(known[:, 0] == 1)
        beats = np.asarray((plain + 0.5) * FS, dtype=np.float64)
        inside = (r_peaks >= first) & (r_peaks < n)
        classified = (r_peaks[inside] - first) * FS, is_s[inside] * np.float32(0.75)
        for span in reporter.changes(
            known,
            beats,
            classified=classified,
            first=first,
            now=now * FS,
            ended=n == len(probability),
        ):
            events.append((span.kind, span.begin / FS, float(now)))
            assert span.kind != "SVTA" or span.probability == 0.75
    return events


def test_ventricular_tachycardia_is_reported_after_three_seconds_and_so_is_its_end() -> None:
    assert reported(certain("n" * 20 + "t" * 10 + "n" * 10)) == [
        ("N", 0, 3 + LATE_S), ("VT", 20, 23 + LATE_S), ("N", 30, 33 + LATE_S),
    ]  # fmt: skip


def test_two_seconds_are_no_change() -> None:
    assert [kind for kind, _, _ in reported(certain("n" * 20 + "tt" + "n" * 10))] == ["N"]
    text = "n" * 20 + "t" * 8 + "nn" + "t" * 8
    assert [kind for kind, _, _ in reported(certain(text))] == ["N", "VT"]


def test_tachycardia_becomes_flutter_after_five_seconds() -> None:
    kinds = reported(certain("n" * 10 + "t" * 20 + "f" * 20))
    assert kinds[1:] == [("VT", 10, 13 + LATE_S), ("VFL", 30, 35 + LATE_S)]
    assert [kind for kind, _, _ in reported(certain("t" * 20 + "ffff" + "t" * 20))] == ["VT"]


def test_atrial_fibrillation_is_reported_after_twenty_seconds() -> None:
    begun, ended = reported(certain("n" * 40 + "a" * 60 + "n" * 40))[1:]
    assert begun == ("AFIB", 40, 40 + 20 + LATE_S)
    assert ended == ("N", 100, 100 + 8 + LATE_S)
    assert [k for k, _, _ in reported(certain("n" * 40 + "a" * 12 + "n" * 40))] == ["N"]


def test_atrial_fibrillation_lasts_while_it_is_not_improbable() -> None:
    probability = certain("n" * 40 + "a" * 200 + "n" * 40)
    probability[80:220, :2] = [0.6, 0.4]  # less than it takes to begin, for more than a minute
    assert [kind for kind, _, _ in reported(probability)] == ["N", "AFIB", "N"]
    probability[40:240, :2] = [0.6, 0.4]
    probability[220, :2] = [0, 1]  # a single second is not enough
    assert [kind for kind, _, _ in reported(probability)] == ["N"]


def test_what_is_recognised_late_is_reported_from_half_a_minute_ago() -> None:
    probability = certain("n" * 40 + "a" * 60)
    probability[40:80, :2] = [0.6, 0.4]
    ((kind, begin, now),) = reported(probability)[1:]
    assert (kind, now - begin) == ("AFIB", FIBRILLATION_DELAY_S)
    assert 80 < now < 100


def test_a_long_rhythm_is_reported_once() -> None:
    for letter, kind in (*KINDS.items(), ("a", "AFIB")):
        assert [k for k, _, _ in reported(certain("n" * 10 + letter * 200))] == ["N", kind]


def test_a_fast_run_of_s_is_reported_within_half_a_minute_and_so_is_its_end() -> None:
    run, end = reported(certain("n" * 100), [(20, 60)])[1:]
    assert run == ("SVTA", 20, 48)
    assert end == ("N", 60, 60 + 2 + LATE_S)
    run, end = reported(certain("n" * 100), [(20, 21)])[1:]
    assert run == ("SVTA", 20, 48)
    assert end == ("N", 21, 48)


def test_a_run_that_the_recording_ends_with_is_reported_then() -> None:
    (run,) = reported(certain("n" * 50), [(40, 50)])[1:]
    assert run == ("SVTA", 40, 50 + LATE_S)


def test_a_run_longer_than_all_that_is_kept_is_reported_once() -> None:
    found = reported(certain("n" * 400), [(20, 360)])
    assert [(kind, begin) for kind, begin, _ in found] == [("N", 0), ("SVTA", 20), ("N", 360)]


def test_a_run_in_fibrillation_or_before_what_was_reported_is_none() -> None:
    assert [k for k, _, _ in reported(certain("n" * 40 + "a" * 60), [(45, 50)])] == ["N", "AFIB"]
    text = "n" * 40 + "t" * 10 + "n" * 60
    assert [k for k, _, _ in reported(certain(text), [(30, 40)])] == ["N", "VT", "N"]


def test_a_run_does_not_delay_the_end_of_what_kills() -> None:
    text = "n" * 20 + "t" * 10 + "n" * 80
    run = (30.0, 80.0)
    plain, run_begin = reported(certain(text), [run])[2:4]
    assert plain == ("N", 30, 33 + LATE_S)
    assert run_begin[0] == "SVTA"
    assert run_begin[1] == pytest.approx(30, abs=0.3)


RUNS = st.lists(st.tuples(st.sampled_from("natfsx"), st.integers(1, 40)), min_size=1, max_size=8)


@settings(max_examples=60)
@given(runs=RUNS, of_s=st.lists(st.tuples(st.integers(0, 120), st.integers(1, 50)), max_size=3))
@example(runs=[("t", 8), ("f", 9), ("t", 9), ("f", 20)], of_s=[])
@example(runs=[("s", 3), ("n", 8), ("s", 8)], of_s=[])
def test_of_any_sequence_each_report_is_later_than_the_last_and_on_time(
    runs: list[tuple[str, int]], of_s: list[tuple[int, int]]
) -> None:
    text = "".join(letter * n for letter, n in runs)
    events = reported(certain(text), [(begin, begin + n) for begin, n in of_s])
    for (kind, begin, _), (other, other_begin, _) in pairwise(events):
        assert kind != other
        assert other_begin > begin
        assert other_begin >= begin + LEAST_S or "SVTA" in (kind, other)
    assert all(0 <= now - begin <= FIBRILLATION_DELAY_S for _, begin, now in events)
    at = 0
    for (before, n_before), (letter, n) in pairwise(runs):
        at += n_before
        if letter in KINDS and before == "n" and min(n, n_before) >= 8:
            in_force = [kind for kind, _, now in events if now <= at + 6 + LATE_S]
            assert in_force[-1] == KINDS[letter]
