"""Which strips there are, and that each shows what it is named for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from ecgscribe.analysis.measures import measure
from ecgscribe.metrics.rhythm_spans import named_rhythms
from ecgscribe.plots.saving import DPI
from ecgscribe.report.blocks import Link, Picture, Table
from ecgscribe.report.build import origin_entry, report
from ecgscribe.report.content import report_content
from ecgscribe.report.figures import paper_strip
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.paper_rows import ROW_S, one_row, rows_around
from ecgscribe.report.sections.ectopy import ectopy_blocks
from ecgscribe.report.sections.strips import PAPER, strip_blocks, strip_entries
from ecgscribe.report.strip_choice import choose_strips
from ecgscribe.review_notes import review_notes
from ecgscribe.web.changes import with_notes
from support.made_findings import Made, made_recording
from support.report_pages import recording_with_ectopy, with_noise, with_probabilities

NOTHING = np.zeros((0, 2))


def inputs_of(made: Made) -> ReportInputs:
    record = made.record.lazy()
    rhythms = named_rhythms(made.annotation, record.n_samples)
    measures = measure(record, made.annotation, [0], rhythms=rhythms)
    return ReportInputs(record, made.annotation, [0], measures)


@pytest.mark.parametrize(
    ("span", "duration", "row"),
    [
        ((20, 21), 60, (17, 24)),  # in the middle
        ((20, 40), 60, (19.5, 26.5)),  # too long: its beginning
        ((1, 2), 60, (0, 7)),  # at the start
        ((59, 60), 60, (53, 60)),  # at the end
        ((1, 2), 5, (0, 5)),  # all there is
    ],
)
def test_one_row_is_placed_around_a_span(span: Any, duration: float, row: Any) -> None:
    begin, end = span
    assert one_row(begin, end, duration, unreadable=NOTHING) == (row,)


def test_one_row_moves_away_from_what_is_unreadable() -> None:
    ((begin, end),) = one_row(20, 21, 60, unreadable=np.array([[22.0, 40.0]]))
    assert (begin, end) == (15, 22)
    ((begin, end),) = one_row(20, 21, 60, unreadable=np.array([[10.0, 19.5], [23.0, 40.0]]))
    assert begin <= 19.5
    assert end >= 21.5


@pytest.mark.parametrize(
    ("span", "duration", "rows"),
    [
        ((20, 23), 60, ((18, 25),)),
        ((20, 30), 60, ((18, 25), (25, 32))),  # the second row continues the first
        ((20, 50), 60, ((18.5, 25.5), (44.5, 51.5))),  # both ends
        ((0, 50), 60, ((0, 7), (44.5, 51.5))),
        ((1, 4), 5, ((0, 5),)),
        ((0, 10), 10, ((0, 7), (7, 10))),
    ],
)
def test_rows_show_both_ends_of_a_span(span: Any, duration: float, rows: Any) -> None:
    begin, end = span
    assert rows_around(begin, end, duration) == rows


def test_every_finding_has_a_strip_whatever_else_there_is() -> None:
    made = made_recording(
        "N*20 V*4 N*10 pause N*10 gap N*10 VFL N*10 VT N*10 AFIB N*10 S*3 N*20 V N*3 V V N*20"
    )
    titles = [strip.title for strip in choose_strips(inputs_of(made))]
    assert titles[:2] == [
        "Ventricular flutter or fibrillation: onset",
        "Ventricular flutter or fibrillation: end",
    ]
    for title in (
        "Ventricular tachycardia",
        "No beats: pause or lead off",
        "Longest run of V",
        "Longest pause",
        "Atrial fibrillation or flutter: onset",
        "Atrial fibrillation or flutter: end",
        "Longest run of S",
        "Couplet of V",
        "A beat of class V",
        "Lowest heart rate",
        "Highest heart rate",
    ):
        assert any(t.startswith(title) for t in titles), title


def test_each_strip_shows_the_time_that_it_names() -> None:
    inputs = inputs_of(made_recording("N*20 pause N*10 gap N*20 AFIB N*10 SLOW*12 N*10"))
    strips = choose_strips(inputs)
    assert len(strips) > 5
    for strip in strips:
        assert strip.shows(strip.time)
        assert all(end - begin == pytest.approx(ROW_S) for begin, end in strip.rows)


def test_both_beats_around_a_long_gap_are_shown_with_its_length() -> None:
    made = made_recording("N*20 gap N*20")
    (strip,) = (s for s in choose_strips(inputs_of(made)) if s.title.startswith("No beats"))
    ((begin, end),) = made.spans["gap"]
    assert strip.shows(begin)
    assert strip.shows(end)
    (mark,) = strip.marks
    assert (mark.begin, mark.end) == pytest.approx((begin, end))
    assert f"{end - begin:.2f} s" in mark.text


def test_no_example_is_on_paper_with_an_unreadable_second() -> None:
    record, annotation = recording_with_ectopy(200.0)
    fs = round(record.fs)
    for second in range(20, 160, 40):
        annotation = with_noise(annotation, second * fs, (second + 5) * fs)
    lazy = record.lazy()
    inputs = ReportInputs(lazy, annotation, [0], measure(lazy, annotation, [0]))
    examples = [
        s
        for s in choose_strips(inputs)
        if s.title.startswith(("Most certain", "Couplet", "Normal beats"))
    ]
    assert examples
    unreadable = inputs.unreadable_s
    for strip in examples:
        for begin, end in strip.rows:
            assert not np.any((unreadable[:, 0] < end) & (unreadable[:, 1] > begin)), strip.title


def test_more_strips_of_each_kind_on_request() -> None:
    inputs = inputs_of(made_recording("N*9 V V N*9 V V N*9 V V N*9 V V N*9"))
    counts = [
        sum(s.title == "Couplet of V" for s in choose_strips(inputs, per_kind=n)) for n in (1, 3, 9)
    ]
    assert counts == [1, 3, 4]


def test_only_the_longest_and_the_fastest_are_called_so() -> None:
    made = made_recording("N*9 V V V V N*9 V V V N*9 V V V N*9 pause N*9 pause N*9")
    titles = [strip.title for strip in choose_strips(inputs_of(made), per_kind=3)]
    assert titles.count("Longest run of V") == titles.count("Longest pause") == 1
    assert titles.count("Run of V") == 2
    assert titles.count("Pause") == 1


@pytest.mark.parametrize(
    ("begin", "length"), [(0.0, 2.0), (20.0, 9.5), (10.0, 40.0), (50.0, 900.0)]
)
def test_what_a_reviewer_kept_is_shown_first_and_whole(begin: float, length: float) -> None:
    made = made_recording("N*70")
    notes = review_notes("Jane", [(begin, length)], fs=made.annotation.fs)
    made = dataclasses.replace(made, annotation=with_notes(made.annotation, notes))
    duration = made.record.lazy().duration
    strips = choose_strips(inputs_of(made))
    kept = [strip for strip in strips if strip.title.startswith("Kept by Jane")]
    assert tuple(kept) == strips[: len(kept)]
    shown = np.arange(begin, min(begin + length, duration), 0.1)
    assert all(any(strip.shows(second) for strip in kept) for second in shown)
    assert all(row_end - row_begin <= ROW_S for strip in kept for row_begin, row_end in strip.rows)
    assert kept[0].time == pytest.approx(begin, abs=0.01)
    assert len(kept) == max(1, int(np.ceil((min(begin + length, duration) - begin) / 13)))


@pytest.mark.parametrize(("factor", "gain"), [(1.0, 10.0), (5.0, 5.0), (9.0, 2.5)])
def test_high_waves_have_less_gain_and_the_title_states_it(factor: float, gain: float) -> None:
    made = made_recording("N*9 V N*9")
    record = made.record
    signal = np.clip(factor * np.repeat(record.signal, 2, axis=1), -9, 9).astype(np.float32)
    made = dataclasses.replace(
        made,
        record=dataclasses.replace(record, signal=signal, leads=("II", "V1"), units=("mV",) * 2),
    )
    inputs = dataclasses.replace(inputs_of(made), columns=[0, 1])
    inputs = dataclasses.replace(inputs, strips=choose_strips(inputs))
    entries = strip_entries(inputs)
    assert {entry.mm_per_mv for entry in entries} == {gain}
    for strip, entry in zip(inputs.strips, entries, strict=True):
        rows = paper_strip(inputs.record, made.annotation, [0, 1], strip, mm_per_mv=entry.mm_per_mv)
        heights = [int.from_bytes(png[20:24], "big") / DPI * 25.4 for png in rows]
        assert max(heights) < 80
    blocks = strip_blocks(
        entries, paper=PAPER, probabilities=False, pictures=[(b"",)] * len(entries)
    )
    titles = [block.title for block in blocks if isinstance(block, Picture)]
    assert titles
    assert all(title.endswith(" mm/mV") == (gain != 10.0) for title in titles)


def test_each_line_of_a_table_leads_to_the_strip_of_its_kind() -> None:
    made = made_recording(
        "N*20 V N*9 V V N*9 V V V N*9 V N V N V N V N*9 V N N V N N V N*9 S S N*9 S N*9 S N*20"
    )
    inputs = inputs_of(made)
    inputs = dataclasses.replace(inputs, strips=choose_strips(inputs))
    content = report_content(inputs, origin=origin_entry(made.annotation, model=None), files=())
    shown = {
        (name, pattern): getattr(content.ectopy[name], pattern).strip
        for name in ("V", "S")
        for pattern in ("isolated", "couplets", "bigeminy", "trigeminy", "runs")
    }
    titles = {key: content.strips[k - 1].title for key, k in shown.items() if k is not None}
    assert titles == {
        ("V", "isolated"): "A beat of class V",
        ("V", "couplets"): "Couplet of V",
        ("V", "bigeminy"): "Bigeminy of V",
        ("V", "trigeminy"): "Trigeminy of V",
        ("V", "runs"): "Longest run of V",
        ("S", "isolated"): "A beat of class S",
        ("S", "couplets"): "Couplet of S",
    }
    tables = [
        block
        for block in ectopy_blocks(content.ectopy, n_beats=content.beats.counted)
        if isinstance(block, Table)
    ]
    first = [row[0] for table in tables for row in table.rows]
    assert sum(isinstance(cell, Link) for cell in first) == len(titles)
    of_class = {c.class_name: c.strip for c in content.beats.classes if c.strip is not None}
    assert {name: content.strips[k - 1].title for name, k in of_class.items()} == {
        "S": "A beat of class S",
        "V": "A beat of class V",
    }


def test_an_example_is_an_isolated_beat_where_there_are_any() -> None:
    made = made_recording("N*20 V V V V N*9 V N*20")
    annotation = with_probabilities(made.annotation)
    assert annotation.probability is not None
    of_v = np.flatnonzero(annotation.symbol == "V")
    annotation.probability[of_v[:4], 2] = 0.99
    (strip,) = (
        s for s in report(made.record, annotation)["strips"] if "Most certain" in s["title"]
    )
    assert strip["at"]["seconds"] == pytest.approx(annotation.sample[of_v[4]] / annotation.fs)


def test_the_rate_of_a_title_is_that_of_what_it_names() -> None:
    made = made_recording("N*20 V*5 N*20 SLOW*12 N*9")
    content = report(made.record, made.annotation)
    rate = content["heart_rate"]
    of = {strip["title"]: strip["rate"] for strip in content["strips"]}
    assert of["Lowest heart rate"] == rate["min"]["rate"]
    assert of["Highest heart rate"] == rate["max"]["rate"]
    assert of["Longest run of V"] == content["ectopy"]["V"]["runs"]["longest"]["rate"]
    made = made_recording("N*20 gap N*20 noise N*20 pause N*9")
    strips = report(made.record, made.annotation)["strips"]
    of = {strip["title"]: strip["rate"] for strip in strips}
    for title in ("No beats: pause or lead off", "Unreadable", "Longest pause"):
        assert of[title] is None


@pytest.mark.parametrize(("n", "shown"), [(3, 3), (20, 20), (60, 40)])
def test_every_unreadable_span_has_a_strip_while_there_is_room(n: int, shown: int) -> None:
    inputs = inputs_of(made_recording("N*9 " + "noise N*9 " * n, gap_s=8.0))
    strips = [s for s in choose_strips(inputs) if s.title == "Unreadable"]
    assert len(strips) == shown


def test_every_fibrillation_has_a_strip_of_both_ends() -> None:
    inputs = inputs_of(made_recording("N*9 " + "AFIB N*9 " * 9))
    titles = [s.title for s in choose_strips(inputs)]
    for end in ("onset", "end"):
        assert titles.count(f"Atrial fibrillation or flutter: {end}") == 9


def test_the_mean_heart_rate_leads_to_normal_beats_at_it() -> None:
    content = report(*recording_with_ectopy(200.0))
    strip = content["strips"][content["heart_rate"]["mean_strip"] - 1]
    assert strip["title"] == "Normal beats at the mean heart rate"
    assert strip["rate"] == pytest.approx(content["heart_rate"]["mean"], abs=5)
