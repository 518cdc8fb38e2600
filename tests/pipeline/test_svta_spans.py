"""Fast runs of S are spans of rhythm: small cases, a slow reference, and the marks of DS1."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe import datasets
from ecgscribe.formats.reading import read_annotation
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.pipeline.svta_spans import with_svta
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

END_S = 20.0


def span(kind: RhythmKind, begin: float, end: float, probability: float = 0.9) -> StepSpan:
    return StepSpan(
        begin=round(begin * FS), end=round(end * FS), kind=kind, probability=probability
    )


def found(
    beats: str, rr: list[float] | float, spans: list[StepSpan] | None = None
) -> list[tuple[str, float, float]]:
    """Return kind, begin and end of each span; the first beat is at 1 s, ``S`` is of class S."""
    n = len(beats) - 1
    intervals = [rr] * n if isinstance(rr, float) else rr
    r_peaks = (1 + np.concatenate([[0], np.cumsum(intervals)])) * FS
    is_s = np.array([letter == "S" for letter in beats])
    cut = with_svta(spans or [span("N", 0, END_S)], r_peaks, is_s, is_s * 0.8)
    assert all(a.end == b.begin for a, b in pairwise(cut))
    assert all(len(one) for one in cut)
    return [(one.kind, one.begin / FS, one.end / FS) for one in cut]


def test_three_beats_above_100_per_minute_are_one() -> None:
    assert found("NNSSSNN", 0.5) == [("N", 0, 2), ("SVTA", 2, 3.5), ("N", 3.5, END_S)]


@pytest.mark.parametrize(
    ("beats", "rr"),
    [
        ("NNSSNNNN", 0.5),  # two beats
        ("NNSSSSSN", 0.625),  # 96 per minute
        ("NNSSNSSN", 0.5),
        ("NNSSSNN", [0.5, 0.5, 0.3, 1.25, 0.5, 0.5]),  # an interval that parts them
        ("NNNNNNN", 0.5),
        ("S", 0.5),
    ],
)
def test_what_is_none(beats: str, rr: list[float] | float) -> None:
    assert found(beats, rr) == [("N", 0, END_S)]


def test_it_ends_a_cycle_after_its_last_beat_and_no_later_than_the_next_beat() -> None:
    assert found("SSSN", [0.5, 0.5, 2.0])[1] == ("SVTA", 1, 2.5)
    assert found("SSSV", [0.5, 0.5, 0.25])[1] == ("SVTA", 1, 2.25)
    assert found("SSS", 0.5, [span("N", 0, 2.25)]) == [("N", 0, 1), ("SVTA", 1, 2.25)]


def test_its_mean_rate_counts() -> None:
    assert found("NSSSSN", [0.9, 0.45, 0.75, 0.45, 1.0])[1][0] == "SVTA"


def test_another_rhythm_has_none_and_parts_a_run() -> None:
    fibrillation = [span("AFIB", 0, 10), span("N", 10, END_S)]
    assert [kind for kind, _, _ in found("S" * 10, 0.5, fibrillation)] == ["AFIB", "N"]
    parted = [span("N", 0, 2.25), span("VT", 2.25, 4.75), span("N", 4.75, END_S)]
    kinds = [kind for kind, _, _ in found("S" * 8 + "N", 0.5, parted)]
    assert kinds == ["N", "SVTA", "VT", "N"]  # of the 8, three come before and none after


def test_probabilities() -> None:
    r_peaks = np.array([1.0, 1.4, 1.8]) * FS
    p = np.array([0.5, 0.75, 1.0])
    cut = with_svta([span("N", 0, 9, 0.9)], r_peaks, np.ones(3, dtype=np.bool_), p)
    assert [one.probability for one in cut] == pytest.approx([0.9, 0.75, 0.9])
    assert with_svta([], r_peaks, np.ones(3, dtype=np.bool_), p) == []


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(30, 180)), min_size=1, max_size=40),
    st.lists(st.tuples(st.sampled_from(["N", "AFIB", "VT"]), st.integers(1, 12)), max_size=5),
)
def test_it_is_what_a_slow_search_finds(
    beats: list[tuple[bool, int]], rest: list[tuple[RhythmKind, int]]
) -> None:
    r_peaks = np.cumsum([step for _, step in beats]).astype(np.float64)
    edges = np.cumsum([0, *(s for _, s in rest), 100]).tolist()
    kinds: list[RhythmKind] = [*(kind for kind, _ in rest), "N"]
    spans = [span(k, a, b) for k, (a, b) in zip(kinds, pairwise(edges), strict=True)]
    is_s = np.array([flag for flag, _ in beats])

    inside: set[int] = set()
    for plain in spans:
        run: list[int] = []
        for k, at in enumerate([*r_peaks.tolist(), np.inf]):
            own = k < len(is_s) and is_s[k] and plain.begin <= at < plain.end
            if not own or (run and at - r_peaks[run[-1]] > 1.2 * FS):
                mean = (r_peaks[run[-1]] - r_peaks[run[0]]) / (len(run) - 1) if run[1:] else np.inf
                if len(run) >= 3 and mean < 0.6 * FS:
                    inside.update(run)
                run = []
            if own:
                run.append(k)
        if plain.kind != "N":
            inside -= {k for k, at in enumerate(r_peaks) if plain.begin <= at < plain.end}

    cut = with_svta(spans, r_peaks, is_s, is_s.astype(np.float64))
    assert (cut[0].begin, cut[-1].end) == (spans[0].begin, spans[-1].end)
    assert all(a.end == b.begin for a, b in pairwise(cut))
    marked = [one for one in cut if one.kind == "SVTA"]
    assert inside == {
        k for k, at in enumerate(r_peaks) if any(one.begin <= at < one.end for one in marked)
    }


@pytest.mark.mitdb
def test_the_reference_of_ds1_marks_the_same_runs(data_dir: Path) -> None:
    both = ours = marked = 0
    for name in datasets.DS1:
        reference = read_annotation(data_dir / "mitdb" / name, "atr")
        beats = reference.beats()
        is_s = beats.class_index == AAMI_CLASSES.index("S")
        r_peaks = beats.time * FS
        cut = with_svta([span("N", 0, 1806)], r_peaks, is_s, is_s.astype(np.float64))
        found = [(one.begin / FS, one.end / FS) for one in cut if one.kind == "SVTA"]
        shown = [one for one in reference.rhythms if one.kind == "SVTA"]
        both += sum(
            any(one.begin / reference.fs < end and begin < one.end / reference.fs
                for begin, end in found)
            for one in shown
        )  # fmt: skip
        ours, marked = ours + len(found), marked + len(shown)
    assert (both, marked, ours) == (21, 21, 22)
