from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import AFTER_S, BEFORE_S, Shape, qrs_correlation
from ecgscribe.analysis.templates import ALIKE, MOST_TEMPLATES, Template, beat_templates

FS = 250.0


def wave(period_s: float, *, height: float = 1.0, late_s: float = 0.0) -> NDArray[np.float64]:
    """Two leads with one period of a sine around the R-peak."""
    time = np.arange(-BEFORE_S, AFTER_S, 1 / FS)[: round(BEFORE_S * FS) + round(AFTER_S * FS)]
    time = time - late_s
    one = height * np.where(np.abs(time) < period_s / 2, np.sin(2 * np.pi * time / period_s), 0)
    return np.stack([one, -2 * one], axis=1)


def templates(beats: list[NDArray[np.float64]]) -> tuple[Template, ...]:
    stacked = np.stack(beats)
    return beat_templates(Shape("V", len(beats), stacked, np.median(stacked, axis=0), None), FS)


def test_each_shape_is_a_template_the_most_frequent_first() -> None:
    few, many = wave(0.06), wave(0.2)
    others = [wave(0.06 if k % 3 == 0 else 0.2, height=1 + k / 10) for k in range(30)]
    found = templates(others)
    assert [template.count for template in found] == [20, 10]
    for template, shape in zip(found, (many, few), strict=True):
        assert qrs_correlation(template.median, shape, FS) == pytest.approx(1)
    assert [template.count for template in templates([-wave(0.2), wave(0.2)])] == [1]


def test_a_small_shift_is_the_same_template() -> None:
    assert [t.count for t in templates([wave(0.1, late_s=k / FS) for k in range(5)])] == [5]


def test_correlations_are_those_of_single_beats() -> None:
    rng = np.random.default_rng(1)
    beats = [wave(0.1) + rng.normal(0, 0.3, wave(0.1).shape) for _ in range(40)]
    found = templates(beats)
    counts = [
        max(qrs_correlation(a, b, FS) or 0, qrs_correlation(b, a, FS) or 0) >= ALIKE
        for a in beats
        for b in beats
    ]
    assert found[0].count == max(np.array(counts).reshape(40, 40).sum(axis=1))


def test_what_resembles_few_others_is_no_template() -> None:
    rare = [wave(0.06), wave(0.06)]
    assert [t.count for t in templates([wave(0.2)] * 50 + rare)] == [50]
    rng = np.random.default_rng(0)
    assert len(templates([rng.normal(size=wave(0.1).shape) for _ in range(40)])) == 1
    shapes = [wave(0.03 * 1.6**k, height=(-1.0) ** k) for k in range(6)]
    assert len(templates([s for s in shapes for _ in range(10)])) <= MOST_TEMPLATES


def test_a_beat_that_cannot_be_compared_is_in_no_template() -> None:
    flat, invalid = 0 * wave(0.1), np.nan * wave(0.1)
    assert templates([flat, invalid]) == ()
    assert [t.count for t in templates([wave(0.1), flat, invalid, wave(0.1)])] == [2]
