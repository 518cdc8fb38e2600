"""An explanation in words and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.explanation.result import Explanation, FeatureEffect, Replacement, SpanEffect
from ecgscribe.explanation.text import describe, describe_span


def made(
    spans: list[tuple[float, float, tuple[str, ...], float]] | None = None,
    features: list[tuple[str, float]] | None = None,
    *,
    replacement: Replacement = "linear",
) -> Explanation:
    """Make the explanation of a beat with P(S) 0.9, and with the P(S) of each effect."""

    def probability(p: float) -> NDArray[np.float32]:
        return np.array([1 - p, p, 0, 0, 0], dtype=np.float32)

    def predicted(p: float) -> str:
        return "S" if p > 0.5 else "N"

    of_spans = [
        SpanEffect(b, e, on, predicted(p), probability(p), 1.0) for b, e, on, p in spans or []
    ]
    of_features = [
        FeatureEffect(
            name, predicted(p), probability(p), 1.0, *((0.5, 0.8) if "before" in name else ())
        )
        for name, p in features or []
    ]
    return Explanation(
        "100", 3600, 10.0, "S", "S", probability(0.9), 0.99, 1.0, ("II", "V1"), tuple(of_spans),
        replacement, tuple(of_features), "abc",
    )  # fmt: skip


def test_the_largest_effects_come_first() -> None:
    both, one = ("II", "V1"), ("V1",)
    text = describe(
        made(
            [(-0.12, -0.08, both, 0.7), (0.1, 0.14, one, 0.34), (0.2, 0.24, both, 0.86)],
            [("RR interval before the beat", 0.2), ("P wave", 0.97), ("T wave", 0.93)],
        )
    )
    assert text.splitlines() == [
        "100, 0:00:10.000 from the start: S, supraventricular ectopic (SVEB)",
        "P(N) 0.10  P(S) 0.90  P(V) 0.00  P(F) 0.00  P(Q) 0.00  P(beat) 0.99",
        "Replacing the signal 100 to 140 ms after the R-peak in V1 only by a straight line "
        "lowers P(S) from 0.90 to 0.34; the class would be N.",
        "Replacing the signal 120 to 80 ms before the R-peak by a straight line "
        "lowers P(S) from 0.90 to 0.70.",
        "Replacing the RR interval before the beat (0.50 s) by its typical value (0.80 s) "
        "lowers P(S) from 0.90 to 0.20; the class would be N.",
        "Replacing the P wave by its typical value raises P(S) from 0.90 to 0.97.",
    ]


def test_a_class_that_the_beats_around_it_decide_is_said() -> None:
    text = describe(replace(made([], []), annotated_class="N"))
    assert "S begins suddenly" in text
    assert "It is annotated as N." in text
    assert "annotated" not in describe(made([], []))


def test_a_beat_without_effects_is_described_in_one_line() -> None:
    text = describe(made([(-0.12, -0.08, ("II", "V1"), 0.86)], [("P wave", 0.94)]))
    assert text.splitlines()[2:] == [
        "No span of the signal and no group of features alone changes P(S) by 0.05 or more."
    ]


@pytest.mark.parametrize(
    ("spans", "features", "last"),
    [
        ([(-0.12, -0.08, ("II", "V1"), 0.4)], [("P wave", 0.94)], "No group of features"),
        ([(-0.12, -0.08, ("II", "V1"), 0.86)], [("P wave", 0.4)], "No span of the signal"),
    ],
)
def test_if_only_spans_or_only_features_matter_the_last_line_shows_it(
    spans: list[tuple[float, float, tuple[str, ...], float]],
    features: list[tuple[str, float]],
    last: str,
) -> None:
    lines = describe(made(spans, features)).splitlines()
    assert len(lines) == 4
    assert lines[-1] == f"{last} alone changes P(S) by 0.05 or more."


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (-0.07, -0.0234, "70 to 23 ms before the R-peak"),
        (-0.0234, 0.0234, "from 23 ms before to 23 ms after the R-peak"),
        (0.0234, 0.07, "23 to 70 ms after the R-peak"),
    ],
)
def test_a_span_is_described_by_its_distance_from_the_r_peak(
    begin: float, end: float, words: str
) -> None:
    assert describe_span(begin, end) == words


def test_the_replacement_of_the_signal_is_named() -> None:
    text = describe(made([(-0.12, -0.08, ("II", "V1"), 0.5)], replacement="typical"))
    assert text.splitlines()[2] == (
        "Replacing the signal 120 to 80 ms before the R-peak by the typical beat "
        "lowers P(S) from 0.90 to 0.50; the class would be N."
    )


def test_json_holds_what_the_text_describes() -> None:
    e = made([(-0.12, -0.08, ("V1",), 0.4)], [("RR interval before the beat", 0.2)])
    content = json.loads(json.dumps(e.to_dict(), allow_nan=False))
    assert content["class"] == "S"
    assert content["fill"] == "line"
    assert content["stretches"][0] | {"probability": None} == {
        "begin": -0.12, "end": -0.08, "leads": ["V1"], "change": -0.5, "class": "N",
        "probability": None, "score": 1.0,
    }  # fmt: skip
    effect = content["facts"][0]
    assert (effect["own"], effect["usual"], effect["probability"]["S"]) == (0.5, 0.8, 0.2)
