"""When a rhythm is reported, worked out by hand, and what holds of any sequence of rhythms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.live.rhythm_changes import FIBRILLATION_DELAY_S, RhythmReporter
from ecgscribe.model.rhythm import N_RHYTHMS, WINDOW_S
from ecgscribe.pipeline.rhythm import LEAST_S
from ecgscribe.signal.windows import FS

LETTERS = {"n": 0, "a": 1, "t": 2, "f": 3, "s": 4, "x": 5}
KINDS = {"t": "VT", "f": "VFL", "s": "ASYS"}
LATE_S = 4
"""Seconds of the signal that follow a second when its rhythm is predicted."""


def certain(text: str) -> NDArray[np.float32]:
    """One letter per second: n none, a AF, t VT, f VF, s standstill, x noise."""
    return np.eye(N_RHYTHMS, dtype=np.float32)[[LETTERS[letter] for letter in text]]


def reported(probability: NDArray[np.float32]) -> list[tuple[str, float, float]]:
    """Return each rhythm, the second of its begin, and the second when it is reported."""
    reporter = RhythmReporter()
    events: list[tuple[str, float, float]] = []
    for n in range(1, len(probability) + 1):
        first, now = max(n - WINDOW_S, 0), n + LATE_S
        known = probability[first:n]
        plain = np.flatnonzero(known[:, 0] == 1)
        beats = np.asarray((plain + 0.5) * FS, dtype=np.float64)
        for span in reporter.changes(known, beats, first=first, now=now * FS):
            events.append((span.kind, span.begin / FS, float(now)))
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


RUNS = st.lists(st.tuples(st.sampled_from("natfsx"), st.integers(1, 40)), min_size=1, max_size=8)


@settings(max_examples=60)
@given(runs=RUNS)
@example(runs=[("t", 8), ("f", 9), ("t", 9), ("f", 20)])
@example(runs=[("s", 3), ("n", 8), ("s", 8)])
def test_of_any_sequence_each_report_is_later_than_the_last_and_on_time(
    runs: list[tuple[str, int]],
) -> None:
    text = "".join(letter * n for letter, n in runs)
    events = reported(certain(text))
    for (kind, begin, _), (other, other_begin, _) in pairwise(events):
        assert kind != other
        assert other_begin >= begin + LEAST_S
    assert all(0 <= now - begin <= FIBRILLATION_DELAY_S for _, begin, now in events)
    at = 0
    for (before, n_before), (letter, n) in pairwise(runs):
        at += n_before
        if letter in KINDS and before == "n" and min(n, n_before) >= 8:
            in_force = [kind for kind, _, now in events if now <= at + 6 + LATE_S]
            assert in_force[-1] == KINDS[letter]
