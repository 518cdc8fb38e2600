"""Time by rhythm, at 100 Hz: counts of hand-made annotations, and those of the slow reference."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.reading import open_record, read_annotation
from ecgscribe.metrics import bootstrap
from ecgscribe.metrics.rhythm_spans import rhythm_spans
from ecgscribe.metrics.rhythm_time import (
    GROUPS,
    MEASURES,
    rhythm_time,
    shock_scores,
    time_shares,
    window_time,
)
from ecgscribe.metrics.shown_rhythm import event_spans, ventricular_spans
from ecgscribe.record import Annotation
from support import slow_rhythm_time
from support.marks import Mark, annotation, beats

FS = 100
NOTHING = annotation()


def rows(counts: NDArray[np.int64]) -> dict[str, list[int]]:
    """Return the rows that are not empty."""
    return {name: row for name, row in zip(GROUPS, counts.tolist(), strict=True) if any(row)}


def count(reference: Annotation, test: Annotation, seconds: float) -> dict[str, list[int]]:
    return rows(rhythm_time(reference, test, n_samples=round(seconds * FS)))


def shown(*marks: Mark, seconds: float = 20) -> list[list[int]]:
    spans: list[list[int]] = ventricular_spans(annotation(*marks), round(seconds * FS)).tolist()
    return spans


def events(*marks: Mark, seconds: float = 20) -> list[list[int]]:
    spans: list[list[int]] = event_spans(annotation(*marks), round(seconds * FS)).tolist()
    return spans


def test_two_seconds_on_either_side_of_a_change_are_left_out() -> None:
    reference = annotation((0.1, "+", "(N"), (10, "+", "(VT"))

    # N: seconds 0 to 7, VT: 12 to 19; 8 s are two pieces each.
    assert count(reference, NOTHING, 20) == {"VT": [8, 0, 0, 0, 2, 0], "sinus": [8, 0, 0, 0, 2, 0]}


def test_a_change_within_a_second_leaves_out_five() -> None:
    reference = annotation((0.1, "+", "(N"), (10.5, "+", "(VT"))

    # 8.5 to 12.5 touches seconds 8 to 12: N 0 to 7 is left, VT 13 to 19, one piece and a rest of 3.
    assert count(reference, NOTHING, 20) == {"VT": [7, 0, 0, 0, 1, 0], "sinus": [8, 0, 0, 0, 2, 0]}


def test_before_the_first_note_and_after_the_last_complete_second_nothing_counts() -> None:
    assert count(annotation((4, "+", "(VFL")), NOTHING, 9.9) == {"VF": [5, 0, 0, 0, 1, 0]}
    assert count(annotation((4, "+", "(VFL")), NOTHING, 3) == {}
    assert count(NOTHING, NOTHING, 9) == {}
    assert count(NOTHING, NOTHING, 0) == {}


def test_a_short_rhythm_has_no_second_left() -> None:
    reference = annotation((0, "+", "(N"), (10, "+", "(VT"), (14, "+", "(N"))

    assert count(reference, NOTHING, 24) == {"sinus": [16, 0, 0, 0, 4, 0]}


@pytest.mark.parametrize(
    ("labels", "group"),
    [
        ("VT", "VT"),
        ("VF VFL VFIB", "VF"),
        ("N NSR BI B SBR NOD", "sinus"),
        ("AFIB SVTA PM", "supraventricular"),
        ("ASYS", "ASYS"),
        ("NOISE", "NOISE"),
        ("HGEA", "HGEA"),
        ("VER", "VER"),
        ("AFL T whatever", "other"),
    ],
)
def test_every_rhythm_has_its_group(labels: str, group: str) -> None:
    for label in labels.split():
        reference = annotation((0, "+", f"({label}"))
        assert count(reference, NOTHING, 5) == {group: [5, 0, 0, 0, 1, 0]}


def test_a_second_is_shown_where_half_of_it_is() -> None:
    reference = annotation((0, "+", "(VF"))
    # Shown from 1.5 s to 4.49 s: half of second 1, all of 2 and 3, 0.49 of 4; unreadable from 6.2.
    test = annotation((1.5, "+", "(VFL"), (4.49, "+", "(N"), (6.2, "~", -1))

    # Of the first piece, seconds 0 to 3, 2.5 s are shown; of the second, 4 to 7, 0.49 s.
    assert count(reference, test, 8) == {"VF": [8, 3, 2, 3, 2, 1]}


def test_half_a_piece_calls_it_ventricular_and_less_does_not() -> None:
    reference = annotation((0, "+", "(VF"))
    half = annotation((1.6, "["), (3.59, "]"))
    less = annotation((1.6, "["), (3.58, "]"))

    assert count(reference, half, 4) == {"VF": [4, 2, 0, 2, 1, 1]}  # 1.6 s to 3.6 s
    assert count(reference, less, 4) == {"VF": [4, 2, 0, 2, 1, 0]}


def test_what_is_shown_may_be_unreadable_too() -> None:
    reference = annotation((0, "+", "(VT"))
    test = annotation((0, "~", -1), (0, "+", "(VT"))

    assert count(reference, test, 4) == {"VT": [4, 4, 4, 4, 1, 1]}


def test_flutter_rhythms_and_runs_of_v_are_shown_as_ventricular() -> None:
    assert shown((1, "["), (2, "]"), (4, "+", "(VT"), (5, "+", "(AFIB")) == [[100, 201], [400, 500]]
    assert shown(*beats("NVVVN", 1, 1)) == [[200, 401]]


def test_a_run_needs_three_v_at_most_two_seconds_apart() -> None:
    assert shown(*beats("NVVNVVN", 1, 1)) == []
    assert shown(*beats("NVFVN", 1, 1)) == []
    assert shown(*beats("VVV", 1, 2)) == [[100, 501]]
    assert shown(*beats("VVV", 1, 2.01)) == []
    assert shown(*beats("VVVV", 1, 1), (9, "V"), (10, "V")) == [[100, 401]]


def test_escape_beats_and_r_on_t_are_v() -> None:
    assert shown(*beats("ErV", 1, 1)) == [[100, 301]]


def test_a_beat_in_unreadable_time_ends_a_run() -> None:
    noise: list[Mark] = [(3.5, "~", 3), (4.5, "~", 0)]

    assert shown(*beats("VVVVVV", 1, 1), *noise) == [[100, 301]]  # 1, 2, 3; 4 is unreadable
    assert shown(*beats("VVVVV", 1, 1), *noise) == [[100, 301]]
    assert shown(*beats("VVVV", 2, 1), *noise) == []


def test_a_beat_of_low_quality_ends_a_run() -> None:
    test = annotation(*beats("VVVVV", 1, 1))
    quality = np.array([0.9, 0.9, 0.4, 0.9, 0.9], dtype=np.float32)

    assert ventricular_spans(test, 2000).tolist() == [[100, 501]]
    assert ventricular_spans(dataclasses.replace(test, quality=quality), 2000).tolist() == []


def test_events_are_ventricular_rhythm_standstill_and_pauses_up_to_the_next_beat() -> None:
    assert events(*beats("NVVVN", 1, 1), (10, "+", "(ASYS"), (12, "+", "(N")) == [
        [200, 401],
        [1000, 1200],
    ]
    assert events((1, "N"), (1.5, '"', "PSE"), (6, "N"), (8, '"', "pause 3 s")) == [
        [150, 600],
        [800, 2000],
    ]
    assert events((1, "N"), (1, '"', "PSE"), (6, "N")) == [[100, 600]]  # a beat on its own sample
    assert events((1, '"', "PSE"), (2, "~", -1), (5, '"', "PSE"), (7, "+", "(N")) == [
        [100, 200],
        [500, 700],
    ]


def test_beats_their_absence_quality_and_other_notes_are_no_events() -> None:
    assert events(*beats("NASF", 1, 1), (9, "N"), (9, '"', "TS"), (10, "~", -1)) == []
    assert events((1, "+", "PSE"), (3, "+", "(AFIB"), (5, "+", "(P")) == []


def test_standstill_with_an_event() -> None:
    reference = annotation((0, "+", "(ASYS"))
    test = annotation((2, '"', "PSE"), (5, "N"))

    assert count(reference, test, 8) == {"ASYS": [8, 0, 0, 3, 2, 0]}


def test_windows_count_whose_neighbours_have_the_same_label() -> None:
    label = [False, False, False, True, True, True, False]
    test = annotation((20, "["), (23, "]"))

    # Windows 0, 1 and 4 count: 0 to 10 s, two pieces and a rest; 20 to 25 s, one piece.
    counts = window_time(label, test, n_samples=36 * FS)
    assert rows(counts) == {
        "ventricular window": [5, 3, 0, 3, 1, 1],
        "other window": [10, 0, 0, 0, 2, 0],
    }


def test_windows_must_be_within_the_recording() -> None:
    assert not window_time([], NOTHING, n_samples=400).any()
    assert rows(window_time([True], NOTHING, n_samples=500)) == {
        "ventricular window": [5, 0, 0, 0, 1, 0]
    }
    with pytest.raises(ValueError, match=r"expected windows within the 9 s .*, found 2 of 5 s"):
        window_time([True, True], NOTHING, n_samples=999)


def test_both_annotations_have_one_sampling_frequency() -> None:
    with pytest.raises(FormatError, match=r"expected the reference's .* 100 Hz, found 250 Hz"):
        rhythm_time(NOTHING, annotation(fs=250), n_samples=1000)


def table(**groups: list[int]) -> NDArray[np.int64]:
    counts = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for name, row in groups.items():
        counts[GROUPS.index(name)] = row
    return counts


def test_shares_are_of_seconds_and_of_pieces() -> None:
    shares = time_shares(table(VT=[40, 10, 20, 30, 8, 2]))

    assert shares.ventricular[0] == 0.25
    assert shares.unreadable[0] == 0.5
    assert shares.event[0] == 0.75
    assert shares.pieces[0] == 0.25
    assert np.isnan(shares.ventricular[1:]).all()


def test_shock_advice_is_for_ventricular_rhythms_and_not_for_standstill() -> None:
    counts = table(
        VT=[0, 0, 0, 0, 10, 7],
        VF=[0, 0, 0, 0, 6, 5],
        sinus=[0, 0, 0, 0, 20, 1],
        supraventricular=[0, 0, 0, 0, 5, 2],
        ASYS=[0, 0, 0, 0, 5, 0],
        NOISE=[0, 0, 0, 0, 9, 9],
        HGEA=[0, 0, 0, 0, 9, 9],
        VER=[0, 0, 0, 0, 9, 9],
        other=[0, 0, 0, 0, 9, 9],
    )
    scores = shock_scores(counts)

    assert [int(x) for x in (scores.tp, scores.fn, scores.tn, scores.fp)] == [12, 4, 27, 3]
    assert scores.se == 12 / 16
    assert scores.sp == 27 / 30
    windows = table(
        **{"ventricular window": [0, 0, 0, 0, 4, 3], "other window": [0, 0, 0, 0, 5, 1]}
    )
    scores = shock_scores(windows)
    assert [int(x) for x in (scores.tp, scores.fn, scores.tn, scores.fp)] == [3, 1, 4, 1]


def test_a_bootstrap_reweights_the_counts_of_patients() -> None:
    counts = np.stack([table(VT=[10, 10, 0, 0, 2, 2]), table(VT=[30, 0, 0, 0, 7, 0])])
    weights = bootstrap.patient_weights(2, resamples=50)
    resampled = np.tensordot(weights, counts, axes=1)

    # Drawn are both, the first twice or the second twice: 10 of 40, all, none.
    expected = {0: 0.0, 1: 0.25, 2: 1.0}
    shares = time_shares(resampled).ventricular[:, 0]
    np.testing.assert_array_equal(shares, [expected[w] for w in weights[:, 0].tolist()])
    assert shock_scores(resampled).se.shape == (50,)


RHYTHMS = ["(N", "(VT", "(VF", "(AFIB", "(ASYS", "(NOISE", "(X"]
times = st.integers(0, 399).map(lambda tick: tick / 10)
references = st.lists(st.tuples(times, st.just("+"), st.sampled_from(RHYTHMS)), max_size=5)
tests = st.lists(
    st.one_of(
        st.tuples(times, st.just("+"), st.sampled_from(RHYTHMS)),
        st.tuples(times, st.sampled_from("NVVVVVAF")),
        st.tuples(times, st.just("~"), st.sampled_from([0, -1])),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(references, tests)
def test_counts_are_those_of_a_look_at_every_sample(
    reference: list[Mark], test: list[Mark]
) -> None:
    truth, shown_marks = annotation(*reference, fs=20), annotation(*test, fs=20)
    counts = rhythm_time(truth, shown_marks, n_samples=40 * 20 + 7).tolist()
    expected = slow_rhythm_time.rhythm_time(truth, shown_marks, 40 * 20 + 7)

    without_events = [[*row[:3], 0, *row[4:]] for row in counts]
    assert without_events == expected


def shifted(marks: list[Mark], seconds: float) -> list[Mark]:
    return [(mark[0] + seconds, *mark[1:]) for mark in marks]


@settings(deadline=None)
@given(references, tests, st.integers(1, 30))
def test_a_shift_by_whole_seconds_changes_nothing(
    reference: list[Mark], test: list[Mark], seconds: int
) -> None:
    counts = rhythm_time(annotation(*reference), annotation(*test), n_samples=40 * FS)
    later = rhythm_time(
        annotation(*shifted(reference, seconds)),
        annotation(*shifted(test, seconds)),
        n_samples=(40 + seconds) * FS,
    )
    np.testing.assert_array_equal(later, counts)


@settings(deadline=None)
@given(references, tests, references, tests)
def test_joined_recordings_have_the_sums_of_their_counts(
    reference: list[Mark], test: list[Mark], reference_2: list[Mark], test_2: list[Mark]
) -> None:
    # Noise on either side, longer than the margin, keeps a rhythm or a run from crossing the joint.
    edge: list[Mark] = [(0, "+", "(NOISE"), (43, "+", "(NOISE")]
    quiet: list[Mark] = [(0, "+", "(N"), (0, "~", 0), (43, "+", "(N"), (43, "~", 0)]
    first, second = ([*edge, *shifted(r, 3)] for r in (reference, reference_2))
    shown_1, shown_2 = ([*quiet, *shifted(t, 3)] for t in (test, test_2))

    counts = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for r, t in ((first, shown_1), (second, shown_2)):
        counts += rhythm_time(annotation(*r), annotation(*t), n_samples=46 * FS)
    joined = rhythm_time(
        annotation(*first, *shifted(second, 46)),
        annotation(*shown_1, *shifted(shown_2, 46)),
        n_samples=92 * FS,
    )
    # Pieces of noise may reach over the joint, those of other rhythms not.
    np.testing.assert_array_equal(joined[:, :4], counts[:, :4])
    rest = np.array(GROUPS) != "NOISE"
    np.testing.assert_array_equal(joined[rest], counts[rest])


def test_vfdb_has_its_published_times_and_shows_them_all_to_itself(data_dir: Path) -> None:
    seconds: dict[str, float] = {}
    total = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for file in sorted((data_dir / "vfdb").glob("*.atr")):
        reference = read_annotation(file)
        n_samples = open_record(file.with_suffix(".hea")).n_samples
        spans = rhythm_spans(reference, n_samples)
        for label, length in zip(spans.label.tolist(), spans.end - spans.begin, strict=True):
            seconds[label] = seconds.get(label, 0.0) + float(length) / reference.fs
        total += rhythm_time(reference, reference, n_samples=n_samples)

    published = {"VT": 3515, "VFL": 399, "ASYS": 684}
    assert {label: round(seconds[label]) for label in published} == published
    assert seconds["VF"] + seconds["VFIB"] == pytest.approx(1147, abs=1)
    by_group = rows(total)
    assert {name: row[0] for name, row in by_group.items()} == {
        "VT": 3277,
        "VF": 1304,
        "sinus": 10878,
        "supraventricular": 2213,
        "ASYS": 642,
        "NOISE": 3200,
        "HGEA": 244,
        "VER": 41,
    }
    assert by_group["VT"][1] == 3277
    assert by_group["VF"][1] == 1304
    assert by_group["ASYS"][3] == 642
    assert shock_scores(total).se == shock_scores(total).sp == 1.0
