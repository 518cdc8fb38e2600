"""Rhythm annotations: what a ``+`` means, and how long it lasts."""

from __future__ import annotations

import math

import numpy as np

from ecgscribe.quality_annotations import excerpt
from ecgscribe.record import Annotation


def example(**overrides: object) -> Annotation:
    values: dict[str, object] = {
        "sample": np.array([0, 100, 300, 300, 500, 900]),
        "symbol": np.array(["+", "N", "+", "[", "]", "+"]),
        "aux_note": np.array(["(N", "", "(VFL", "", "", "(AFIB\0"]),
        "score": np.array([0.9, 1, 0.8, np.nan, np.nan, 0.7], np.float32),
        "fs": 100.0,
        "n_samples": 1000,
    }
    return Annotation(**(values | overrides))  # type: ignore[arg-type]


def test_a_rhythm_lasts_until_the_next_one_and_the_last_until_the_end() -> None:
    spans = example(aux_note=np.array(["(N", "", "(VFL", "", "", "(AFIB"])).rhythms
    assert [(s.begin, s.end, s.kind) for s in spans] == [
        (0, 300, "N"), (300, 900, "VFL"), (900, 1000, "AFIB"),
    ]  # fmt: skip
    np.testing.assert_allclose([s.probability for s in spans], [0.9, 0.8, 0.7], atol=1e-6)


def test_without_the_length_of_the_recording_it_lasts_until_the_last_annotation() -> None:
    last = example(n_samples=None, score=None).rhythms[-1]
    assert (last.begin, last.end) == (900, 901)
    assert math.isnan(last.probability)


def test_notes_that_name_no_rhythm_and_empty_spans_are_left_out() -> None:
    notes = np.array(["MISSB", "", "(N", "", "", ""])
    spans = example(aux_note=notes, sample=np.array([0, 1, 2, 3, 4, 999])).rhythms
    assert [(s.begin, s.end, s.kind) for s in spans] == [(2, 1000, "N")]
    assert example(symbol=np.array(list("NNNNNN"))).rhythms == ()
    two = example(symbol=np.array(list("++NNNN")), sample=np.array([5, 5, 6, 7, 8, 9]),
                  aux_note=np.array(["(N", "(VT", "", "", "", ""]))  # fmt: skip
    assert [s.kind for s in two.rhythms] == ["VT"]


def test_an_excerpt_knows_its_own_length() -> None:
    assert excerpt(example(), 200, 450).rhythms[-1].end == 250
