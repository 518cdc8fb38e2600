"""Atrial flutter within fibrillation: made RR intervals, and what afdb's reference marks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.resequenced.fibrillation import FIBRILLATION_RECORDS
from ecgscribe.flags import runs
from ecgscribe.pipeline.afl_spans import CYCLES_S, WINDOW, regularity, with_flutter
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS

Doubles = NDArray[np.float64]


def fibrillating(n: int, seed: int = 0) -> Doubles:
    return np.random.default_rng(seed).uniform(0.4, 1.0, n)


def fluttering(n: int, seed: int = 0, cycle: float = 0.23) -> Doubles:
    rng = np.random.default_rng(seed)
    return cycle * rng.integers(2, 5, n) + rng.uniform(-0.005, 0.005, n)


def parts(rr: Doubles, kind: RhythmKind = "AFIB") -> list[tuple[str, float, float]]:
    """Return kind, begin and end in seconds of what one span with these RR intervals becomes."""
    r_peaks = np.cumsum(np.concatenate([[0.5], rr])) * FS
    whole = StepSpan(begin=0, end=int(r_peaks[-1]) + 50, kind=kind, probability=0.7)
    cut = with_flutter([whole], r_peaks)
    assert (cut[0].begin, cut[-1].end) == (whole.begin, whole.end)
    assert all(a.end == b.begin for a, b in pairwise(cut))
    assert all(one.probability == 0.7 and len(one) for one in cut)
    return [(one.kind, one.begin / FS, one.end / FS) for one in cut]


def test_fibrillation_is_none() -> None:
    assert [kind for kind, _, _ in parts(fibrillating(1000))] == ["AFIB"]


def test_flutter_between_fibrillation_is_cut_out() -> None:
    before, flutter, after = fibrillating(100), fluttering(100), fibrillating(100, 1)
    found = parts(np.concatenate([before, flutter, after]))
    assert [kind for kind, _, _ in found] == ["AFIB", "AFL", "AFIB"]
    begin, end = 0.5 + before.sum(), 0.5 + before.sum() + flutter.sum()
    assert found[1][1:] == pytest.approx((begin, end), abs=8)


@pytest.mark.parametrize("rr", [fluttering(100), np.full(100, 0.5)])
def test_flutter_of_a_whole_span(rr: Doubles) -> None:
    assert [kind for kind, _, _ in parts(rr)] == ["AFL"]


def test_what_is_short_or_another_rhythm_stays() -> None:
    short = np.concatenate([fibrillating(100), fluttering(36), fibrillating(100, 1)])
    assert [kind for kind, _, _ in parts(short)] == ["AFIB"]
    assert [kind for kind, _, _ in parts(fluttering(WINDOW - 1))] == ["AFIB"]
    assert [kind for kind, _, _ in parts(np.full(100, 0.5), "N")] == ["N"]
    gap = np.concatenate([fibrillating(100), fluttering(40), [35.0], fibrillating(100, 1)])
    assert [kind for kind, _, _ in parts(gap)] == ["AFIB"]
    assert with_flutter([], np.zeros(0)) == []


@settings(max_examples=10)
@given(st.lists(st.integers(250, 1500), min_size=WINDOW, max_size=80))
def test_regularity_is_what_a_slow_count_gives(ms: list[int]) -> None:
    rr = np.array(ms) / 1000 + 1e-6
    slow = []
    for at in range(len(rr)):
        near = [rr[min(max(k, 0), len(rr) - 1)] for k in range(at - WINDOW // 2, at + WINDOW // 2)]
        shares = []
        for cycle in CYCLES_S:
            rest = [r % cycle for r in near]
            share = np.mean([min(r, cycle - r) < 0.02 for r in rest])
            shares.append((share - 0.04 / cycle) / (1 - 0.04 / cycle))
        slow.append(max(shares))
    np.testing.assert_allclose(regularity(rr), slow, atol=1e-9)


@pytest.mark.mitdb
@pytest.mark.slow
def test_flutter_of_people_that_no_limit_was_chosen_on(data_dir: Path) -> None:
    both = marked = called = 0
    for name in FIBRILLATION_RECORDS:
        rhythms, r_peaks = (
            datasets.read_annotation("afdb", name, marks=marks, data_dir=data_dir)
            for marks in ("rhythms", "peaks")
        )
        beats = r_peaks.beats().time * FS
        flutter = np.zeros(int(beats[-1]) + FS, dtype=np.bool_)
        atrial, found = flutter.copy(), flutter.copy()
        lasting = replace(rhythms, n_samples=int(r_peaks.sample[-1]) + 1)
        for one in lasting.rhythms:
            steps = slice(*(round(at / rhythms.fs * FS) for at in (one.begin, one.end)))
            atrial[steps] = one.kind in ("AFIB", "AFL")
            flutter[steps] = one.kind == "AFL"
        spans = [
            StepSpan(begin=begin, end=end, kind="AFIB", probability=1)
            for begin, end in runs(atrial).tolist()
        ]
        for span in with_flutter(spans, beats):
            found[span.begin : span.end] = span.kind == "AFL"
        both += int(np.count_nonzero(found & flutter))
        marked += int(np.count_nonzero(flutter))
        called += int(np.count_nonzero(found))
    assert both / marked >= 0.71
    assert both / called >= 0.70
