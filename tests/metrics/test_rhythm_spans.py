"""Spans of rhythm, from ``+`` and from ``[`` and ``]``, at 100 Hz."""

from __future__ import annotations

from ecgscribe.metrics.rhythm_spans import (
    UNNAMED,
    flutter_spans,
    marked_rhythms,
    rhythm_spans,
)
from support.marks import Mark, annotation


def rhythms(*marks: Mark, n_samples: int = 1000) -> list[tuple[str, int, int]]:
    spans = rhythm_spans(annotation(*marks), n_samples)
    return list(zip(spans.label.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True))


def flutter(*marks: Mark, n_samples: int = 1000) -> list[list[int]]:
    spans: list[list[int]] = flutter_spans(annotation(*marks), n_samples).tolist()
    return spans


def test_a_rhythm_lasts_until_the_next_and_the_last_to_the_end() -> None:
    assert rhythms((0.2, "+", "(N"), (1, "N"), (4, "+", "(AFIB ")) == [
        ("N", 20, 400),
        ("AFIB", 400, 1000),
    ]
    assert rhythms((1, "N")) == []


def test_a_note_that_is_no_rhythm_or_repeats_the_one_in_force_changes_nothing() -> None:
    marks: list[Mark] = [(0.2, "+", "(VT"), (1, "+"), (2, "+", "note"), (3, '"', "(N")]

    assert rhythms(*marks, (4, "+", "(VT")) == [("VT", 20, 1000)]


def test_of_two_rhythms_on_one_sample_the_last_holds() -> None:
    assert rhythms((1, "+", "(N"), (1, "+", "(B"), (10, "+", "(VT")) == [("B", 100, 1000)]


def test_the_spans_of_some_rhythms_are_joined_where_they_touch() -> None:
    spans = rhythm_spans(
        annotation((0, "+", "(VT"), (1, "+", "(VFL"), (2, "+", "(N"), (5, "+", "(VT")), 1000
    )

    assert spans.of("VT", "VFL").tolist() == [[0, 200], [500, 1000]]
    assert spans.of("AFIB").tolist() == []


def test_flutter_lasts_from_its_first_to_its_last_sign() -> None:
    assert flutter((1, "["), (1.5, "!"), (2, "["), (3, "]"), (4, "]"), (6, "["), (7, "]")) == [
        [100, 301],
        [600, 701],
    ]
    assert flutter((2, "N")) == []


def test_flutter_without_an_end_lasts_to_the_end_and_an_end_without_one_is_nothing() -> None:
    assert flutter((1, "]"), (9, "[")) == [[900, 1000]]


def test_brackets_and_notes_mark_one_course_of_rhythms() -> None:
    # As in mitdb's 207: the note comes a little before the bracket and lasts until the next note.
    reference = annotation((0, "+", "(N"), (3, "+", "(VFL"), (3.1, "["), (6, "]"), (6.1, "+", "(N"))
    marked = marked_rhythms(reference, 1000)
    assert marked.label.tolist() == ["N", "VFL", "N"]
    assert marked.begin.tolist() == [0, 300, 610]
    # A bracket comes before what the note says.
    bracketed = marked_rhythms(annotation((0, "+", "(N"), (3, "["), (6, "]")), 1000)
    assert bracketed.label.tolist() == ["N", "VFL", "N"]
    assert bracketed.begin.tolist() == [0, 300, 601]


def test_brackets_without_notes_mark_all_other_time_as_something_else() -> None:
    marked = marked_rhythms(annotation((2, "N"), (3, "["), (6, "]")), 1000)
    assert marked.label.tolist() == [UNNAMED, "VFL", UNNAMED]
    assert marked.begin.tolist() == [0, 300, 601]
    assert marked.end.tolist() == [300, 601, 1000]
    # Without either, nothing is known.
    assert len(marked_rhythms(annotation((2, "N")), 1000).label) == 0
