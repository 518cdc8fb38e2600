"""Shares of time, of labelled recordings and of false ectopy, with their intervals and sets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ecgscribe.datasets.tables import Windows
from ecgscribe.errors import DatasetError
from ecgscribe.evaluation.counts import Count, figures
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.label_figures import measure_labels
from ecgscribe.evaluation.markdown import figure_table
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.results import PER_1000, Figure
from ecgscribe.evaluation.rhythm_figures import (
    measure_resequenced,
    measure_rhythms,
    measure_windows,
)
from ecgscribe.record import Annotation

FS = 100.0


def annotation(*marks: tuple[float, str] | tuple[float, str, str]) -> Annotation:
    """Return annotations of (seconds, symbol) or (seconds, symbol, note)."""
    return Annotation(
        np.array([round(mark[0] * FS) for mark in marks], dtype=np.int64),
        np.array([mark[1] for mark in marks], dtype=np.str_),
        FS,
        aux_note=np.array([mark[2] if len(mark) > 2 else "" for mark in marks], dtype=np.str_),
    )


def item(
    name: str, reference: Annotation, test: Annotation, *, seconds: float = 20, subject: str = ""
) -> Scored:
    return Scored(name, subject or name, reference, test, round(seconds * FS))


def find(results: tuple[Figure, ...], measure: str, of: str, title: str = "all") -> Figure:
    (found,) = [f for f in results if (f.measure, f.of, f.set) == (measure, of, title)]
    return found


def beats(*symbols: str) -> Annotation:
    return annotation(*((1 + 0.8 * k, symbol) for k, symbol in enumerate(symbols)))


def test_shares_are_those_of_the_sums_and_people_those_with_anything() -> None:
    items = [item(name, beats("N"), beats("N"), subject=name[0]) for name in ("a1", "a2", "b", "c")]
    (figure,) = figures(items, [Count("early", "beats", [1, 2, 0, 0], [4, 4, 2, 0], PER_1000)])
    # a1 and a2 are one person; c has no beats: 3 of 10, in two people.
    assert (figure.hits, figure.total, figure.people) == (3, 10, 2)
    assert figure.value.value == pytest.approx(300)
    # A resample holds a alone (3 of 8), b alone (0 of 2), or both, or neither.
    assert figure.value.low == pytest.approx(0)
    assert figure.value.high == pytest.approx(375)


def test_a_figure_of_nothing_is_left_out() -> None:
    assert figures([item("a", beats("N"), beats("N"))], [Count("x", "y", [0], [0])]) == ()


def test_seen_patients_are_a_set_of_their_own_only_if_there_are_others() -> None:
    items = [item(name, beats("N"), beats("N")) for name in ("a", "b", "c")]
    count = Count("early", "beats", [1, 0, 1], [2, 2, 2])
    some = figures(items, [count], seen={"a"}, resamples=0)
    assert [f.set for f in some] == ["all", "seen in training", "not seen in training"]
    assert [f.value.value for f in some] == pytest.approx([100 / 3, 50, 25])
    for seen in (set[str](), {"a", "b", "c"}):
        assert [f.set for f in figures(items, [count], seen=seen, resamples=0)] == ["all"]


def test_time_in_rhythms_is_shown_or_not() -> None:
    # VT from 10 to 20 s: 8 s of it count, and 8 s of the sinus rhythm before.
    reference = annotation((0, "+", "(N"), (10, "+", "(VT"))
    test = annotation((14, "+", "(VT"))
    found = measure_rhythms([item("a", reference, test)], resamples=0).figures
    shown = find(found, "time shown as ventricular", "VT")
    assert (shown.hits, shown.total) == (6, 8)
    assert shown.value.value == pytest.approx(75)
    assert find(found, "time shown as ventricular", "sinus").hits == 0
    # Pieces of 4 s: 12 to 16 (2 s shown, so called) and 16 to 20; 0 to 4 and 4 to 8 of sinus.
    assert find(found, "Se", "VT and VF, in pieces of 4 s").total == 2
    assert find(found, "Se", "VT and VF, in pieces of 4 s").value.value == pytest.approx(100)
    assert find(found, "Sp", "VT and VF, in pieces of 4 s").hits == 2
    assert not any(f.measure == "time with an event" for f in found)


def test_labelled_windows_are_measured_by_their_width() -> None:
    start = np.arange(0, 20, 5.0)
    windows = Windows(start=start, end=start + 5, ventricular=np.array([True] * 4))
    scored = dataclasses.replace(
        item("a", annotation(), annotation((10, "["), (20, "]"))), windows=windows
    )
    found = measure_windows([scored], resamples=0).figures
    assert find(found, "time shown as ventricular", "ventricular window").hits == 10
    with pytest.raises(DatasetError, match=r"a: expected its windows in windows.csv, found none"):
        measure_windows([dataclasses.replace(scored, windows=None)])


def labelled(name: str, label: str, *marks: tuple[float, str] | tuple[float, str, str]) -> Scored:
    return dataclasses.replace(item(name, annotation(), annotation(*marks)), label=label)


def test_labels_are_measured_and_f1_only_if_rhythms_are_annotated() -> None:
    normal = labelled("a", "N", (1, "N"), (2, "V"), (3, "N"))
    fibrillating = labelled("b", "A", (1, "N"), (2, "A"), (3, "N"), (4, "N"))
    without = labelled("c", "A", (1, "N"))
    plain = measure_labels([normal, fibrillating, without], resamples=0).figures
    assert find(plain, "recordings with any S, V or F", "labelled N").hits == 1
    s_beats = find(plain, "beats classified as S", "labelled A")
    assert (s_beats.hits, s_beats.total, s_beats.people) == (1, 5, 2)
    assert not any(f.measure == "F1" for f in plain)

    called = labelled("b", "A", (0, "+", "(AFIB"), (1, "N"))
    found = measure_labels([normal, called, without], resamples=0).figures
    # Two are labelled A, one of them and no other is called A: F1 is 2 / 3.
    assert find(found, "F1", "label A").value.value == pytest.approx(200 / 3)
    # A recording without a label is left out.
    unlabelled = dataclasses.replace(normal, label=None)
    assert measure_labels([unlabelled], resamples=0).figures == ()


def test_false_ectopy_stands_with_the_beats() -> None:
    reference, test = beats("N", "N", "N", "N", "V"), beats("N", "A", "V", "N", "V")
    results = evaluate_records([item("a", reference, test)], resamples=0)
    false = find(results.figures, "classified as S, V or F", "N")
    assert (false.hits, false.total, false.unit) == (2, 4, PER_1000)
    assert find(results.figures, "classified as V", "N").value.value == pytest.approx(250)
    above = "recordings with more than 5 false S, V or F per 1,000 N"
    assert find(results.figures, above, "recordings with N").value.value == pytest.approx(100)


def test_resequenced_recordings_have_beats_and_time() -> None:
    reference = annotation((0, "+", "(N"), (1, "N"), (2, "N"), (6, "+", "(ASYS"))
    test = annotation((1, "N"), (2, "N"), (8, "+", "(ASYS"))
    results = measure_resequenced([item("a", reference, test)], resamples=0)
    assert results.conditions
    assert results.r_peaks
    # 12 s of the standstill count, all of them shown.
    assert find(results.figures, "time with an event", "ASYS").value.value == pytest.approx(100)
    assert find(results.figures, "time with an event", "ASYS").total == 12


def test_figures_are_a_table() -> None:
    items = [item(name, beats("N"), beats("N")) for name in "ab"]
    text = figure_table(figures(items, [Count("early", "beats", [1, 0], [1000, 1000])]))
    assert "| early | beats | all | 2 | 1 / 2,000 | 0.05 [0.00, 0.10] % |" in text


def test_runs_and_episodes_are_compared_from_the_start() -> None:
    # A couplet and a run of three V; the test finds the couplet, and two beats of the run.
    reference = beats("N", "V", "V", "N", "V", "V", "V", "N")
    test = beats("N", "V", "V", "N", "V", "V", "N", "N")
    figures = evaluate_records([item("a", reference, test)], resamples=0).figures
    assert find(figures, "Se", "couplets of V").value.value == pytest.approx(100)
    assert find(figures, "Se", "short runs (3 to 5) of V").hits == 0
    # Both couplets of the test lie at runs of the reference that are as long or longer.
    assert find(figures, "+P", "couplets of V").value.value == pytest.approx(100)

    # Fibrillation from 5 s to the end; the test shows it from 10 s on: 10 of 15 s.
    reference = annotation((0, "+", "(N"), (1, "N"), (5, "+", "(AFIB"), (6, "N"))
    test = annotation((1, "N"), (6, "N"), (10, "+", "(AFIB"))
    # What the test calls flutter is a part of it.
    flutter = annotation((1, "N"), (6, "N"), (10, "+", "(AFIB"), (12, "+", "(AFL"))
    for one in (test, flutter):
        figures = evaluate_records([item("a", reference, one)], resamples=0).figures
        duration = find(figures, "Se", "duration of atrial fibrillation")
        assert (duration.hits, duration.total) == (10, 15)
        assert find(figures, "+P", "episodes of atrial fibrillation").total == 1
