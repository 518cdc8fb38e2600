"""Rules of the beat-by-beat comparison, one test per rule."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe import metrics
from ecgscribe.errors import FormatError
from ecgscribe.metrics.comparison import Comparison, summarize
from ecgscribe.metrics.comparison_text import format_report, format_summary
from ecgscribe.metrics.ec57 import compare
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping
from support.slow_matcher import slow_compare

FS = 360.0


def annotation_of(*entries: tuple[int, str] | tuple[int, str, int], fs: float = FS) -> Annotation:
    """Make an annotation of (sample, symbol) or (sample, symbol, subtype) entries."""
    return Annotation(
        np.array([e[0] for e in entries], dtype=np.int64),
        np.array([e[1] for e in entries], dtype=np.str_),
        fs,
        subtype=np.array([e[2] if len(e) == 3 else 0 for e in entries], dtype=np.int64),
        name="made",
    )


def normal(*samples: int) -> Annotation:
    return annotation_of(*((s, "N") for s in samples))


def counts(comparison: Comparison) -> dict[str, int]:
    """Return the cells that are not zero, such as {"Nn": 2, "Ov": 1}."""
    return {
        metrics.ROWS[r] + metrics.COLUMNS[c]: int(comparison.matrix[r, c])
        for r, c in np.argwhere(comparison.matrix)
    }


def pairs(comparison: Comparison) -> list[tuple[int, int]]:
    p = comparison.pairs
    return list(zip(p.reference_index.tolist(), p.test_index.tolist(), strict=True))


# Matching


def test_beats_match_at_the_edge_of_the_window_and_not_beyond() -> None:
    reference = normal(1000)
    assert counts(compare(reference, normal(1054), start=0)) == {"Nn": 1}
    assert counts(compare(reference, normal(946), start=0)) == {"Nn": 1}
    assert counts(compare(reference, normal(1055), start=0)) == {"No": 1, "On": 1}
    assert counts(compare(reference, normal(945), start=0)) == {"No": 1, "On": 1}


def test_window_is_rounded_to_the_nearest_sample() -> None:
    reference, test = annotation_of((1000, "N"), fs=250.0), annotation_of((1038, "N"), fs=250.0)
    assert counts(compare(reference, test, start=0)) == {"Nn": 1}  # 37.5 samples


def test_matching_is_one_to_one() -> None:
    assert counts(compare(normal(1000), normal(990, 1020), start=0)) == {"Nn": 1, "On": 1}
    assert counts(compare(normal(990, 1020), normal(1000), start=0)) == {"Nn": 1, "No": 1}


def test_next_test_beat_that_is_nearer_takes_the_reference_beat() -> None:
    assert pairs(compare(normal(1000), normal(970, 1010), start=0)) == [(-1, 0), (0, 1)]


def test_next_reference_beat_that_is_nearer_takes_the_test_beat() -> None:
    assert pairs(compare(normal(970, 1010), normal(1000), start=0)) == [(0, -1), (1, 0)]


def test_next_neighbour_at_the_same_distance_is_preferred() -> None:
    assert pairs(compare(normal(1000), normal(990, 1010), start=0)) == [(-1, 0), (0, 1)]


def test_two_pairs_are_kept_when_the_next_neighbours_are_nearer_each_other() -> None:
    # 1000 is nearer to 1030 than to 960, but 1030 is nearer still to 1035.
    comparison = compare(normal(1000, 1035), normal(960, 1030), start=0)
    assert pairs(comparison) == [(0, 0), (1, 1)]


def test_pairs_index_beats_and_ignore_other_annotations() -> None:
    reference = annotation_of((10, "+"), (1000, "N"), (1100, "~"), (2000, "V"), (3000, "N"))
    test = annotation_of((995, "N"), (1500, "|"), (2002, "V"), (2500, "N"))
    assert pairs(compare(reference, test, start=0)) == [(0, 0), (1, 1), (-1, 2), (2, -1)]


def test_annotations_without_beats_give_zeros_and_no_rr_error() -> None:
    comparison = compare(annotation_of(), annotation_of((5, "+")), start=0)
    assert not comparison.matrix.any()
    assert math.isnan(comparison.rr_error_ms)
    assert pairs(comparison) == []


# Classes


def test_matrix_has_reference_rows_and_test_columns() -> None:
    reference = annotation_of((1000, "V"), (2000, "A"), (3000, "F"), (4000, "/"), (5000, "L"))
    test = annotation_of((1000, "N"), (2000, "V"), (3000, "A"), (4000, "F"), (5000, "Q"))
    cells = counts(compare(reference, test, start=0))
    assert cells == {"Vn": 1, "Sv": 1, "Fs": 1, "Qf": 1, "Nq": 1}


@pytest.mark.parametrize("symbol", ["e", "j"])
@pytest.mark.parametrize(("mapping", "cell"), [("ec57", "Sn"), ("literature", "Nn")])
def test_mappings_differ_in_escape_beats(symbol: str, mapping: Mapping, cell: str) -> None:
    reference = annotation_of((1000, symbol))
    assert counts(compare(reference, normal(1000), start=0, mapping=mapping)) == {cell: 1}


def test_f_or_q_classified_as_v_does_not_lower_veb_predictivity() -> None:
    symbols = ["V", "F", "/", "N", "A"]
    reference = annotation_of(*((1000 * k, s) for k, s in enumerate(symbols)))
    test = annotation_of(*((1000 * k, "V") for k in range(6)))  # the last one is an extra beat
    ratios = compare(reference, test, start=0).ratios
    assert ratios.veb_pp == (1, 4)
    assert ratios.veb_se == (1, 1)


def test_q_classified_as_s_does_not_lower_sveb_predictivity_but_f_does() -> None:
    symbols = ["A", "F", "/", "N", "V"]
    reference = annotation_of(*((1000 * k, s) for k, s in enumerate(symbols)))
    test = annotation_of(*((1000 * k, "A") for k in range(5)))
    comparison = compare(reference, test, start=0)
    assert comparison.ratios.sveb_pp == (1, 4)
    # Over a set of records the reference program charges neither.
    assert summarize([comparison]).gross.sveb_pp == (1, 3)


def test_qrs_ratios_do_not_depend_on_the_class() -> None:
    reference = annotation_of((1000, "V"), (2000, "N"), (3000, "N"))
    test = annotation_of((1000, "N"), (2000, "V"), (3500, "N"), (4000, "A"))
    ratios = compare(reference, test, start=0).ratios
    assert ratios.qrs_se == (2, 3)
    assert ratios.qrs_pp == (2, 4)


# Start and end


def test_comparison_starts_at_five_minutes_by_default() -> None:
    reference = normal(107_900, 108_000, 109_000)
    assert counts(compare(reference, reference)) == {"Nn": 2}


def test_pair_across_the_start_is_counted() -> None:
    assert counts(compare(normal(107_990), normal(108_000))) == {"Nn": 1}
    assert counts(compare(normal(108_000), normal(107_990))) == {"Nn": 1}


def test_misses_and_extras_before_the_start_are_not_counted() -> None:
    assert counts(compare(normal(107_990), normal(100_000))) == {}


def test_pair_across_the_end_is_counted() -> None:
    reference, test = normal(1000, 3590, 3800), normal(1000, 3610, 4000)
    assert counts(compare(reference, test, start=0, end=10)) == {"Nn": 2}


# Flutter


def test_reference_beat_inside_flutter_is_ignored() -> None:
    reference = annotation_of((900, "["), (1000, "V"), (1100, "]"), (2000, "N"))
    comparison = compare(reference, normal(2000), start=0)
    assert counts(comparison) == {"Nn": 1}
    assert pairs(comparison) == [(1, 0)]


def test_extra_beat_inside_flutter_is_not_counted() -> None:
    reference = annotation_of((900, "["), (1100, "]"), (2000, "N"))
    assert counts(compare(reference, normal(900, 1000, 1100, 2000), start=0)) == {"Nn": 1}
    assert counts(compare(reference, normal(899, 1101, 2000), start=0)) == {"Nn": 1, "On": 2}


def test_beat_inside_flutter_that_matches_one_outside_is_counted() -> None:
    reference = annotation_of((980, "N"), (990, "["), (2000, "]"))
    assert counts(compare(reference, normal(1000), start=0)) == {"Nn": 1}


def test_flutter_without_an_end_lasts_to_the_end() -> None:
    reference = annotation_of((1000, "N"), (1500, "["))
    assert counts(compare(reference, normal(1000, 90_000), start=0)) == {"Nn": 1}


# Shutdown


def test_extra_beat_in_reference_shutdown_goes_to_row_x_and_lowers_predictivity() -> None:
    reference = annotation_of((1000, "N"), (1500, "~", -1), (2500, "~", 0), (3000, "N"))
    comparison = compare(reference, normal(1000, 2000, 2500, 3000), start=0)
    assert counts(comparison) == {"Nn": 2, "Xn": 1, "On": 1}
    assert comparison.ratios.qrs_pp == (2, 4)


def test_beat_missed_in_test_shutdown_goes_to_column_x_and_lowers_sensitivity() -> None:
    test = annotation_of((1000, "N"), (1500, "~", 0x30), (2500, "~", 0), (3500, "N"))
    comparison = compare(normal(1000, 2000, 3000), test, start=0)
    assert counts(comparison) == {"Nn": 1, "Nx": 1, "No": 1, "On": 1}
    assert comparison.ratios.qrs_se == (1, 3)


@pytest.mark.parametrize("subtype", [0, 1, 0x10, 0x20])
def test_noise_that_leaves_one_signal_readable_is_no_shutdown(subtype: int) -> None:
    reference = annotation_of((1000, "N"), (1500, "~", subtype), (2500, "~", 0))
    assert counts(compare(reference, normal(1000, 2000), start=0)) == {"Nn": 1, "On": 1}


def test_beat_that_matches_in_shutdown_is_an_ordinary_match() -> None:
    reference = annotation_of((1500, "~", -1), (2000, "N"), (2500, "~", 0))
    assert counts(compare(reference, normal(2000), start=0)) == {"Nn": 1}


# RR interval error


def test_rr_error_is_the_rms_over_matched_beats() -> None:
    comparison = compare(normal(1000, 1360, 1720), normal(1000, 1369, 1720), start=0)
    assert comparison.rr_error_ms == pytest.approx(25.0)  # 9 samples, once each way


def test_rr_error_includes_missed_beats() -> None:
    # At the miss the test interval is the one that ends at its current beat, 720 samples; it is
    # compared with the missed beat's interval and then with the one after it.
    comparison = compare(normal(1000, 1360, 1720), normal(1000, 1720), start=0)
    assert comparison.rr_error_ms == pytest.approx(1000.0)


def test_rr_error_includes_extra_beats() -> None:
    comparison = compare(normal(1000, 1720), normal(1000, 1360, 1720), start=0)
    assert comparison.rr_error_ms == pytest.approx(1000.0)


def test_rr_error_ignores_intervals_across_shutdown_or_flutter() -> None:
    test = normal(1000, 1360, 5000, 5360)
    across = compare(normal(1000, 1360, 5036, 5396), test, start=0)
    assert across.rr_error_ms == pytest.approx(100.0 / math.sqrt(3))
    for gap in (((2000, "["), (4000, "]")), ((2000, "~", -1), (4000, "~", 0))):
        reference = annotation_of((1000, "N"), (1360, "N"), *gap, (5036, "N"), (5396, "N"))
        assert compare(reference, test, start=0).rr_error_ms == 0.0


def test_shutdown_that_begins_at_a_beat_breaks_the_interval_after_it_only() -> None:
    reference = annotation_of(
        (1000, "N"), (1360, "N"), (1360, "~", -1), (1700, "~", 0), (1720, "N")
    )
    comparison = compare(reference, normal(1000, 1369, 1800), start=0)
    assert comparison.rr_error_ms == pytest.approx(25.0)


def test_rr_error_uses_the_interval_that_begins_before_the_start() -> None:
    comparison = compare(normal(107_640, 108_000), normal(107_640, 108_009))
    assert comparison.rr_error_ms == pytest.approx(25.0)


# What is refused


def test_annotations_of_different_fs_are_refused_in_one_line() -> None:
    with pytest.raises(FormatError, match=r"expected .* 360 Hz, found 128 Hz; compare") as caught:
        compare(annotation_of(), annotation_of(fs=128.0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"start": -1.0},
        {"start": math.nan},
        {"end": 300.0},
        {"end": math.inf},
        {"window": 0.0},
        {"window": math.nan},
    ],
)
def test_times_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"expected .* found .*; "):
        compare(annotation_of(), annotation_of(), **options)  # type: ignore[arg-type]


# Text and JSON


def test_report_shows_counts_and_undefined_ratios() -> None:
    reference, test = (
        annotation_of((1000, "N"), (1360, "V")),
        annotation_of((1000, "N"), (1800, "V")),
    )
    text = format_report("100", "100.atr", "100.scribe", compare(reference, test, start=0))
    assert text.splitlines() == [
        "Record 100: 100.scribe (columns) against 100.atr (rows)",
        "           n       s       v       f       q       o       x",
        "  N        1       0       0       0       0       0       0",
        "  S        0       0       0       0       0       0       0",
        "  V        0       0       0       0       0       1       0",
        "  F        0       0       0       0       0       0       0",
        "  Q        0       0       0       0       0       0       0",
        "  O        0       0       1       0       0",
        "  X        0       0       0       0       0",
        "QRS   Se  50.00 % (1/2)  +P  50.00 % (1/2)",
        "VEB   Se   0.00 % (0/1)  +P   0.00 % (0/1)",
        "SVEB  Se      - % (0/0)  +P      - % (0/0)",
        "RMS RR interval error 1222.22 ms",
    ]


def test_average_is_over_records_where_a_ratio_is_defined() -> None:
    both = annotation_of((1000, "N"), (1360, "V"))
    half = compare(both, normal(1000, 1360), start=0)
    none = compare(normal(1000), normal(1000), start=0)
    summary = summarize([half, none])
    assert summary.average["veb_se"] == 0.0
    assert math.isnan(summary.average["sveb_se"])
    assert summary.gross.qrs_se == (3, 3)
    lines = format_summary(summary).splitlines()
    assert lines[2].split() == ["made", "100.00", "100.00", "-", "-", "-", "-", "-"]
    assert lines[3].split() == ["Gross", "100.00", "100.00", "0.00", "-", "-", "-"]
    assert lines[4].split() == ["Average", "100.00", "100.00", "0.00", "-", "-", "-", "0.00"]


def test_summary_without_records_is_empty() -> None:
    summary = summarize([])
    assert not summary.matrix.any()
    assert math.isnan(summary.rr_error_ms)


def test_dictionaries_are_plain_json_without_nan() -> None:
    comparison = compare(normal(1000), normal(1000), start=0)
    text = json.dumps(summarize([comparison]).to_dict(), allow_nan=False)
    record = json.loads(text)["records"][0]
    assert record["record"] == "made"
    assert record["qrs_se"] == {"hits": 1, "total": 1, "value": 1.0}
    assert record["veb_se"] == {"hits": 0, "total": 0, "value": None}
    assert record["rr_error_ms"] is None


# Against the slow matcher

# Steps of 9 samples: ties, and distances of exactly the window (18 and 54), come up often.
MARKS = st.tuples(
    st.integers(0, 10).map(lambda steps: 9 * steps),
    st.sampled_from([("N", 0)] * 8 + [(s, 0) for s in "AVFj/+[]~"] + [("~", -1), ("~", 0x10)]),
)


@st.composite
def crowds(draw: st.DrawFn) -> Annotation:
    """Draw a crowded annotation: gaps around the window, brackets and noise anywhere."""
    drawn = draw(st.lists(MARKS, max_size=60) | st.lists(MARKS, min_size=30, max_size=60))
    samples = np.cumsum([gap for gap, _ in drawn]).tolist()
    return annotation_of(*((at, *what) for at, (_, what) in zip(samples, drawn, strict=True)))


@settings(max_examples=100, deadline=None)
@given(
    reference=crowds(),
    test=crowds(),
    start=st.sampled_from([0.0, 1.0, 2.5]),
    end=st.sampled_from([None, 3.0, 4.0]),
    window=st.sampled_from([0.15, 0.05, 0.2]),
    mapping=st.sampled_from(["ec57", "literature"]),
)
def test_comparison_equals_the_slow_one(
    reference: Annotation, test: Annotation, **options: Any
) -> None:
    fast, slow = compare(reference, test, **options), slow_compare(reference, test, **options)
    assert fast.matrix.tolist() == slow.matrix
    assert pairs(fast) == slow.pairs
    assert fast.rr_error_ms == pytest.approx(slow.rr_error_ms, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(annotation=crowds())
def test_an_annotation_equals_itself_outside_flutter(annotation: Annotation) -> None:
    # Two beats at one sample cannot be distinguished, so positions are made distinct.
    apart = dataclasses.replace(annotation, sample=annotation.sample + np.arange(len(annotation)))
    ratios = compare(apart, apart, start=0).ratios
    assert ratios.qrs_se.hits == ratios.qrs_se.total
