from __future__ import annotations

from typing import Any

import pytest

from ecgscribe.analysis.measures import measure
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.strips import (
    MOST_STRIPS,
    STRIP_S,
    Strip,
    StripKind,
    choose_strips,
    paper_span,
)
from support.report_pages import recording_with_ectopy


def strip(begin: float, end: float, kind: StripKind = StripKind.LONGEST_RUN) -> Strip:
    return Strip(kind, span=(begin, end), time=begin, beats=range(3, 6), class_name="V")


def test_the_title_comes_from_the_kind_and_the_class() -> None:
    assert strip(1, 2).title == "Longest run of V"
    assert strip(1, 2, StripKind.MOST_CERTAIN_BEAT).title == "Most certain beat of class V"
    assert strip(1, 2, StripKind.LONGEST_PAUSE).title == "Longest pause"
    assert len({strip(1, 2, kind).title for kind in StripKind}) == len(StripKind)


def test_an_episode_or_a_single_beat_is_compared_by_its_first_beat() -> None:
    compared = {kind for kind in StripKind if strip(1, 2, kind).compared_beat == 3}
    assert compared == set(StripKind) - {
        StripKind.LONGEST_PAUSE,
        StripKind.HIGHEST_RATE,
        StripKind.LOWEST_RATE,
        StripKind.MEAN_RATE,
        StripKind.UNREADABLE,
    }


@pytest.mark.parametrize(
    ("span", "duration", "paper"),
    [
        ((20, 21), 60, (17, 24)),  # in the middle
        ((20, 40), 60, (18.5, 25.5)),  # too long: its beginning
        ((1, 2), 60, (0, 7)),  # at the start
        ((59, 60), 60, (53, 60)),  # at the end
        ((1, 2), 5, (0, 5)),  # all there is
    ],
)
def test_paper_is_placed_around_a_span(span: Any, duration: float, paper: Any) -> None:
    assert paper_span(strip(*span), duration) == paper


def test_strips_are_in_time_order_and_each_shows_its_span() -> None:
    record, annotation = recording_with_ectopy()
    lazy = record.lazy()
    inputs = ReportInputs(lazy, annotation, [0], measure(lazy, annotation, [0]))
    strips = choose_strips(inputs)
    assert 3 <= len(strips) <= MOST_STRIPS
    papers = [paper_span(strip, record.duration) for strip in strips]
    assert papers == sorted(set(papers))
    for shown, (begin, end) in zip(strips, papers, strict=True):
        assert end - begin == pytest.approx(STRIP_S)
        assert begin <= shown.span[0] < end
        assert inputs.time_entry(shown.time).seconds == pytest.approx(shown.time, abs=0.001)
