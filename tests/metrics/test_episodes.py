"""Rules of the comparison of episodes, one test per rule. Words of a text are 50 samples apart."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe import metrics
from ecgscribe.errors import FormatError
from ecgscribe.metrics.episodes import EpisodeComparison, EpisodeKind
from ecgscribe.metrics.switches import rhythm_name
from ecgscribe.record import Annotation
from support.made_rhythms import FS, annotation_of, drawn_annotations, joined, shifted, spaced
from support.slow_rhythm import slow_episodes

KINDS: tuple[EpisodeKind, ...] = ("AF", "VF")
NO_RHYTHM = annotation_of([])


def compared(
    reference: Annotation,
    test: Annotation,
    *,
    kind: EpisodeKind = "AF",
    start: float = 0,
    n_samples: int | None = None,
) -> EpisodeComparison:
    return metrics.compare_episodes(reference, test, kind=kind, start=start, n_samples=n_samples)


def numbers(comparison: EpisodeComparison) -> list[int]:
    """Return hits and episodes of the reference and of the test, overlap and both durations."""
    c = comparison
    return [
        c.reference_hits, c.reference_episodes, c.test_hits, c.test_episodes,
        c.overlap, c.reference_samples, c.test_samples,
    ]  # fmt: skip


def durations(text: str, kind: EpisodeKind = "AF", *, start: float = 0) -> list[int]:
    """Return number and total duration of the episodes in a text."""
    c = compared(spaced(text), spaced(text), kind=kind, start=start)
    assert c.overlap == c.reference_samples == c.test_samples
    assert c.reference_hits == c.reference_episodes == c.test_hits == c.test_episodes
    return [c.reference_episodes, c.reference_samples]


# What an episode is


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(N N (AFIB N N (N N", [1, 150]),  # beats do not matter
        ("(AFIB (N (AFIB (T", [2, 100]),
        ("(AFIB (AFIB (N", [1, 100]),  # the same rhythm once more
        ("(AFIB (AFL (N", [1, 50]),  # flutter ends fibrillation
        ("(AFL N (N", [0, 0]),
        ("(AFIB [ ] N (N", [1, 200]),
        ("(N N (AFIB N N", [1, 100]),  # it ends with the annotations
        ("(N N N", [0, 0]),
    ],
)
def test_atrial_episodes_last_from_afib_to_another_rhythm(text: str, expected: list[int]) -> None:
    assert durations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("N [ ! ! ] N", [1, 150]),
        ("[ ] N [ ] ]", [2, 100]),
        ("[ [ ]", [1, 100]),
        ("[ (N N ]", [1, 150]),  # a rhythm ends none
        ("(VFL N (N", [0, 0]),  # and begins none
        ("N [ N", [1, 50]),
        ("] N N", [0, 0]),
    ],
)
def test_ventricular_episodes_last_from_bracket_to_bracket(text: str, expected: list[int]) -> None:
    assert durations(text, "VF") == expected


def test_note_may_end_in_a_zero_byte() -> None:
    assert [rhythm_name(note) for note in ("(AFIB\0", "(AFIB", "AFIB", "")] == ["AFIB"] * 2 + [
        ""
    ] * 2


def test_part_of_an_episode_after_the_start_counts() -> None:
    assert durations("(AFIB N N (N", start=1.2) == [1, 130]  # from 120 to 250
    assert durations("(AFIB N N (N", start=2.5) == [0, 0]


def test_episode_without_end_ends_with_the_recording() -> None:
    episode = spaced("(N (AFIB N")  # from 150 on
    assert numbers(compared(episode, episode, n_samples=1000)) == [1, 1, 1, 1, 850, 850, 850]
    later = spaced("N " * 10)  # the last annotation of either is at 550
    assert numbers(compared(episode, later)) == [0, 1, 0, 0, 0, 400, 0]
    assert numbers(compared(later, episode)) == [0, 0, 0, 1, 0, 0, 400]
    assert numbers(compared(episode, episode, n_samples=150)) == [0] * 7


# Hits and durations


def test_one_common_sample_is_a_hit_and_a_common_edge_is_none() -> None:
    reference = annotation_of([(100, "(AFIB"), (200, "(N")])
    assert numbers(compared(reference, annotation_of([(199, "(AFIB"), (300, "(N")]))) == [
        1, 1, 1, 1, 1, 100, 101
    ]  # fmt: skip
    assert numbers(compared(reference, annotation_of([(200, "(AFIB"), (300, "(N")]))) == [
        0, 1, 0, 1, 0, 100, 100
    ]  # fmt: skip


def test_one_episode_may_hit_several() -> None:
    reference = annotation_of([(100, "["), (400, "]")])
    test = annotation_of([(50, "["), (150, "]"), (200, "["), (300, "]"), (500, "["), (600, "]")])
    comparison = compared(reference, test, kind="VF")
    assert numbers(comparison) == [1, 1, 2, 3, 50 + 100, 300, 100 + 100 + 100]
    assert comparison.counts == {"TPs": 1, "FN": 0, "TPp": 2, "FP": 1}
    assert comparison.seconds == {"overlap": 1.5, "reference": 3.0, "test": 3.0}
    assert comparison.ratios == ((1, 1), (2, 3), (150, 300), (150, 300))


def test_annotations_without_episodes_have_no_ratio() -> None:
    comparison = compared(NO_RHYTHM, NO_RHYTHM)
    assert numbers(comparison) == [0] * 7
    assert all(math.isnan(r.value) for r in comparison.ratios)
    assert comparison.to_dict()["duration_se"] == {"hits": 0, "total": 0, "value": None}


def test_text_shows_episodes_and_durations() -> None:
    reference = annotation_of([(100, "(AFIB"), (8100, "(N")])
    test = annotation_of([(100, "(AFIB"), (2100, "(N")])
    assert metrics.format_episodes(compared(reference, test)).splitlines() == [
        "AF episodes   Se 100.00 % (1/1)  +P 100.00 % (1/1)",
        "AF duration   Se  25.00 % (0:20.000/1:20.000)  +P 100.00 % (0:20.000/0:20.000)",
    ]


# Sets of records


def test_summary_adds_counts_and_averages_over_records_with_a_value() -> None:
    one = compared(spaced("(AFIB N (N"), spaced("(AFIB (N"))  # 50 of 100 samples
    two = compared(spaced("(AFIB N N (N"), spaced("N"))  # none of 150
    summary = metrics.summarize_episodes([one, two])
    assert numbers(summary.gross) == [1, 2, 1, 1, 50, 250, 50]
    assert summary.average == {
        "episode_se": 0.5, "episode_pp": 1.0, "duration_se": 0.25, "duration_pp": 1.0
    }  # fmt: skip
    assert json.loads(json.dumps(summary.to_dict()))["gross"]["duration_se"]["total"] == 250
    lines = metrics.format_episode_summary(summary).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["made", "1", "0", "1", "0", "100", "100", "50", "100", "0:01.000", "0:00.500"],
        ["made", "0", "1", "0", "0", "0", "-", "0", "-", "0:01.500", "0.000"],
        ["Sum", "1", "1", "1", "0", "0:02.500", "0:00.500"],
        ["Gross", "50", "100", "20", "100"],
        ["Average", "50", "100", "25", "100"],
    ]


def test_text_of_a_set_takes_the_overlap_from_whole_percents_as_sumstats_does() -> None:
    reference = annotation_of([(0, "["), (200, "]")])
    test = annotation_of([(199, "["), (249, "]")])
    summary = metrics.summarize_episodes([compared(reference, test, kind="VF")])
    assert summary.gross.ratios[2:] == ((1, 200), (1, 50))  # 0.5% and 2%
    # The line has 1% of 200 samples, which are 2 samples, and so 4% of 50.
    gross = metrics.format_episode_summary(summary).splitlines()[-2]
    assert gross.split() == ["Gross", "100", "100", "1", "4"]


def test_summary_needs_records_of_one_kind_and_frequency() -> None:
    one, other = (compared(NO_RHYTHM, NO_RHYTHM, kind=kind) for kind in KINDS)
    with pytest.raises(ValueError, match="found AF at 100 Hz, VF at 100 Hz"):
        metrics.summarize_episodes([one, other])
    with pytest.raises(ValueError, match="found none"):
        metrics.summarize_episodes([])


def test_arguments_are_checked() -> None:
    with pytest.raises(FormatError, match=r"sampling frequency 100 Hz, found 50 Hz"):
        compared(NO_RHYTHM, annotation_of([], fs=50.0))
    with pytest.raises(ValueError, match="expected a start"):
        compared(NO_RHYTHM, NO_RHYTHM, start=math.nan)


# Properties

either = st.sampled_from(KINDS)


@given(drawn_annotations(), drawn_annotations(), either, st.integers(0, 300))
def test_comparison_equals_the_slow_one(
    one: Annotation, other: Annotation, kind: EpisodeKind, start: int
) -> None:
    fast = compared(one, other, kind=kind, start=start / FS, n_samples=900)
    assert numbers(fast) == slow_episodes(one, other, kind=kind, start=start, n_samples=900)


@given(drawn_annotations(), drawn_annotations(), either)
def test_swap_of_reference_and_test_swaps_se_and_pp(
    one: Annotation, other: Annotation, kind: EpisodeKind
) -> None:
    there, back = compared(one, other, kind=kind), compared(other, one, kind=kind)
    assert there.ratios[::2] == back.ratios[1::2]
    assert there.ratios[1::2] == back.ratios[::2]


@given(drawn_annotations(), drawn_annotations(), either, st.integers(0, 10_000))
def test_shift_of_both_changes_nothing(
    one: Annotation, other: Annotation, kind: EpisodeKind, by: int
) -> None:
    moved = compared(shifted(one, by), shifted(other, by), kind=kind)
    assert numbers(moved) == numbers(compared(one, other, kind=kind))


@given(*(drawn_annotations(size=20) for _ in range(4)), either)
def test_join_of_records_adds_their_counts(
    one: Annotation, other: Annotation, two: Annotation, another: Annotation, kind: EpisodeKind
) -> None:
    end = annotation_of([(1000, "(N"), (1000, "]")])
    joint = compared(
        joined(joined(one, end), shifted(two, 1000)),
        joined(joined(other, end), shifted(another, 1000)),
        kind=kind,
        n_samples=2000,
    )
    apart = metrics.summarize_episodes(
        compared(*pair, kind=kind, n_samples=1000) for pair in ((one, other), (two, another))
    )
    assert numbers(joint) == numbers(apart.gross)
