from __future__ import annotations

import json
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.explanation import explain as module
from ecgscribe.explanation.explain import BROAD, STRETCHES, explain, preferred_fill
from ecgscribe.explanation.feature_groups import GROUPS, INTERVALS, replaced, usual_beats
from ecgscribe.explanation.figure import draw
from ecgscribe.explanation.occlusion import Found, Scene, find, scene
from ecgscribe.explanation.replacements import REACH, as_usual, fills, straight, usual_beat
from ecgscribe.explanation.result import Explanation, Fact, Stretch
from ecgscribe.explanation.text import where
from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES, RATIO_GAIN
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES


@cache
def recording() -> tuple[Record, Annotation, Conditioner, Found]:
    """Make three minutes, more than a window of the trunk, and annotate them."""
    record, _ = synthesize(duration=180, seed=12, v_rate=0.06, s_rate=0.06, noise=0.3)
    model = load_model()
    conditioner = Conditioner.for_record(record)
    return record, annotate(record, model=model).beats(), conditioner, find(model, conditioner)


def of(aami_class: str, nth: int = 2) -> int:
    """Give the number of a beat that was told that class."""
    return int(np.flatnonzero(recording()[1].class_index == AAMI_CLASSES.index(aami_class))[nth])


def scene_of(index: int) -> Scene:
    _, _, conditioner, found = recording()
    return scene(load_model(), conditioner, found, index)


def told(scene: Scene, signal: NDArray[np.float32]) -> NDArray[np.float32]:
    return next(scene.signals([signal]))[0]


# The same decision


@pytest.mark.parametrize("place", [0, 1, 57, -60, -1])
def test_the_unchanged_beat_is_told_as_annotate_tells_it(place: int) -> None:
    _, beats, _, found = recording()
    index = place % len(beats)
    assert beats.probability is not None
    assert len(found.step) == len(beats)
    here = scene_of(index)
    np.testing.assert_allclose(told(here, here.signal), beats.probability[index], atol=1e-5)
    from_facts, score = here.from_facts(*here.features())
    np.testing.assert_allclose(from_facts, beats.probability[index], atol=1e-5)
    assert 0 < score <= 1


@pytest.mark.parametrize(("name", "at"), [("209", 640.0), ("119", 1024.6), ("108", 1469.3)])
@pytest.mark.mitdb
def test_beats_of_the_database_are_told_as_annotate_tells_them(name: str, at: float) -> None:
    from ecgscribe import datasets

    record, _ = datasets.load("mitdb", name)
    beats = annotate(record).beats()
    nearest = int(np.argmin(np.abs(beats.sample / record.fs - at)))
    explanation = explain(record, at=at)
    assert beats.probability is not None
    np.testing.assert_allclose(explanation.probability, beats.probability[nearest], atol=1e-5)
    assert explanation.sample == beats.sample[nearest]


def test_a_model_without_a_beat_head_has_no_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "has_beat_head", False)
    record = recording()[0]
    beats = annotate(record).beats()
    explanation = explain(record, at=20.0)
    assert explanation.features == ()
    nearest = int(np.argmin(np.abs(beats.sample / record.fs - 20.0)))
    assert beats.probability is not None
    np.testing.assert_allclose(explanation.probability, beats.probability[nearest], atol=1e-5)
    assert len(draw(explanation, record)) == 2


# What is taken away


def test_a_line_joins_the_neighbours_of_a_stretch() -> None:
    here = scene_of(of("V"))
    first, last = here.at + 10, here.at + 16
    expected = here.signal.copy()
    for k in range(first, last):
        share = (k - first + 1) / 7
        ends = here.signal[first - 1, 1], here.signal[last, 1]
        expected[k, 1] = (1 - share) * ends[0] + share * ends[1]
    np.testing.assert_allclose(straight(here, 10, 16, leads=[1]), expected, rtol=1e-5, atol=1e-6)


def test_the_usual_beat_is_that_of_the_n_beats_around() -> None:
    here = scene_of(of("V"))
    usual = usual_beats(here, *here.features())
    assert usual.sum() == np.sum(recording()[1].class_index == 0)
    mean = usual_beat(here, usual)
    assert mean is not None
    assert mean.shape == (2 * REACH + 3, 2)
    rows = np.rint(here.found.step[usual]).astype(int) - here.begin
    inside = [r for r in rows if REACH + 1 < r < len(here.signal) - REACH - 1]
    slow = np.mean([here.signal[r - REACH - 1 : r + REACH + 2] for r in inside], axis=0)
    np.testing.assert_allclose(mean, slow, atol=1e-5)


def test_a_stretch_as_usual_meets_what_is_left_and_bends_like_the_mean() -> None:
    here = scene_of(of("V"))
    mean = usual_beat(here, usual_beats(here, *here.features()))
    assert mean is not None
    changed = as_usual(here, mean, -9, 15, leads=[0])
    same = np.ones(len(changed), dtype=bool)
    same[here.at - 9 : here.at + 15] = False
    np.testing.assert_allclose(changed[same], here.signal[same], atol=1e-6)
    np.testing.assert_array_equal(changed[:, 1], here.signal[:, 1])
    bend = np.diff(changed[here.at - 9 : here.at + 15, 0], 2)
    np.testing.assert_allclose(bend, np.diff(mean[REACH - 8 : REACH + 16, 0], 2), atol=1e-5)


def test_where_no_usual_beats_are_around_a_line_is_drawn() -> None:
    record, _ = synthesize(duration=1.6, seed=3)
    explanation = explain(record, at=0.8)
    assert explanation.fill == "line"


def test_stretches_cover_the_beat_once() -> None:
    for parts in (STRETCHES, BROAD):
        assert (parts[0][0], parts[-1][1]) == (-REACH, REACH)
        assert all(a[1] == b[0] for a, b in pairwise(parts))
    lengths = {(e - b) / FS for b, e in STRETCHES}
    assert all(0.04 <= length <= 0.06 for length in lengths)


def test_every_fact_of_a_beat_is_in_one_group() -> None:
    members = [fact for group in GROUPS.values() for fact in group]
    assert len(members) == len(set(members))
    of_intervals = {f for f in FEATURE_NAMES if f.startswith(("rr_before", "rr_after", "pair/"))}
    of_intervals -= {"rr_before/irregular"}
    assert {*members, *of_intervals, "share_dominant"} == {*FEATURE_NAMES, *LOGIT_FEATURE_NAMES}


def test_a_group_as_usual_changes_only_its_facts_of_the_one_beat() -> None:
    here = scene_of(of("V"))
    of_class, features = here.features()
    groups = {group.name: group for group in replaced(here)}
    assert list(groups) == [*GROUPS, *INTERVALS]
    for name, members in GROUPS.items():
        group = groups[name]
        before = np.concatenate([of_class, features], axis=1)
        after = np.concatenate([group.logit_features, group.features], axis=1)
        row, column = np.nonzero(before != after)
        assert set(row) <= {here.index}
        assert {(*LOGIT_FEATURE_NAMES, *FEATURE_NAMES)[k] for k in column} <= set(members)
    normal = recording()[1].class_index == 0
    width = FEATURE_NAMES.index("width_1")
    assert groups["QRS width"].features[here.index, width] == np.median(features[normal, width])


def test_an_interval_as_usual_moves_the_beat_in_all_facts() -> None:
    here = scene_of(of("S"))
    group = next(g for g in replaced(here) if g.name == "RR interval before it")
    assert group.own is not None
    assert group.usual is not None
    assert group.own < 0.9 * group.usual
    before = group.features[here.index, FEATURE_NAMES.index("rr_before")]
    assert before == pytest.approx(RATIO_GAIN * np.log(group.usual / 0.8), abs=1e-4)
    after = FEATURE_NAMES.index("rr_after/near")
    previous = group.features[here.index - 1, after]
    assert abs(previous) < 0.3 < abs(here.features()[1][here.index - 1, after])
    step = here.found.step
    assert group.own == pytest.approx((step[here.index] - step[here.index - 1]) / FS)


def test_the_first_beat_has_no_intervals() -> None:
    assert [g.name for g in replaced(scene_of(0))] == list(GROUPS)


# What is said


def made(
    stretches: list[tuple[float, float, tuple[str, ...], float]] | None = None,
    features: list[tuple[str, float]] | None = None,
    *,
    fill: str = "line",
) -> Explanation:
    """Make the explanation of a beat with P(S) 0.9; parts are given with their P(S)."""

    def probability(p: float) -> NDArray[np.float32]:
        return np.array([1 - p, p, 0, 0, 0], dtype=np.float32)

    def decided(p: float) -> str:
        return "S" if p > 0.5 else "N"

    parts = [Stretch(b, e, on, decided(p), probability(p), 1.0) for b, e, on, p in stretches or []]
    told = [
        Fact(name, decided(p), probability(p), 1.0, *((0.5, 0.8) if "before" in name else ()))
        for name, p in features or []
    ]
    return Explanation(
        "100", 3600, 10.0, "S", probability(0.9), 0.99, 1.0, ("II", "V1"), tuple(parts),
        fill, tuple(told), "abc",
    )  # fmt: skip


def test_the_most_moving_parts_are_named_first() -> None:
    both, one = ("II", "V1"), ("V1",)
    text = made(
        [(-0.12, -0.08, both, 0.7), (0.1, 0.14, one, 0.34), (0.2, 0.24, both, 0.86)],
        [("RR interval before it", 0.2), ("P wave", 0.97), ("T wave", 0.93)],
    ).text()
    assert text.splitlines()[2:] == [
        "Without the signal 100 to 140 ms after the R-peak in V1 alone "
        "P(S) falls from 0.90 to 0.34; the beat would be N.",
        "Without the signal 120 to 80 ms before the R-peak P(S) falls from 0.90 to 0.70.",
        "With the usual RR interval before it (0.80 s, not 0.50 s) "
        "P(S) falls from 0.90 to 0.20; the beat would be N.",
        "With the usual P wave P(S) rises from 0.90 to 0.97.",
    ]


def test_a_beat_that_nothing_moves_is_said_to_be_so() -> None:
    text = made([(-0.12, -0.08, ("II", "V1"), 0.86)], [("P wave", 0.94)]).text()
    assert text.splitlines()[2:] == [
        "Nothing moves it: no stretch of the signal and no group of facts, taken away alone, "
        "changes P(S) by 0.05 or more."
    ]


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (-0.07, -0.0234, "70 to 23 ms before the R-peak"),
        (-0.0234, 0.0234, "from 23 ms before to 23 ms after the R-peak"),
        (0.0234, 0.07, "23 to 70 ms after the R-peak"),
    ],
)
def test_a_stretch_is_placed_by_the_r_peak(begin: float, end: float, words: str) -> None:
    assert where(begin, end) == words


def test_what_stood_in_for_the_signal_is_named() -> None:
    text = made([(-0.12, -0.08, ("II", "V1"), 0.5)], fill="usual").text()
    assert text.splitlines()[2] == (
        "With the usual signal 120 to 80 ms before the R-peak P(S) falls from 0.90 to 0.50; "
        "the beat would be N."
    )


def test_json_holds_what_the_text_says() -> None:
    e = made([(-0.12, -0.08, ("V1",), 0.4)], [("RR interval before it", 0.2)])
    content = json.loads(json.dumps(e.to_dict(), allow_nan=False))
    assert content["class"] == "S"
    assert content["stretches"][0] | {"probability": None} == {
        "begin": -0.12, "end": -0.08, "leads": ["V1"], "change": -0.5, "class": "N",
        "probability": None, "score": 1.0,
    }  # fmt: skip
    fact = content["facts"][0]
    assert (fact["own"], fact["usual"], fact["probability"]["S"]) == (0.5, 0.8, 0.2)


def test_the_nearest_beat_is_explained_with_all_of_its_parts() -> None:
    record, beats, _, _ = recording()
    index = of("S")
    explanation = explain(record, at=beats.sample[index] / record.fs + 0.05)
    assert explanation.sample == beats.sample[index]
    assert (explanation.aami_class, explanation.fill) == ("S", "usual")
    assert [(s.begin * FS, s.end * FS) for s in explanation.short()] == list(STRETCHES)
    assert [(s.begin * FS, s.end * FS) for s in explanation.broad()] == list(BROAD)
    alone = [s.leads for s in explanation.stretches if len(s.leads) == 1]
    assert alone == [(lead,) for _ in range(module.SINGLE_LEADS) for lead in record.leads]
    axes = draw(explanation, record)
    assert len(axes) == 3
    assert len(axes[1].patches) == len(STRETCHES)
    assert [bar.get_width() for bar in axes[2].patches] == pytest.approx(
        [explanation.change(fact) for fact in explanation.features]
    )


def test_stretches_beyond_the_recording_are_left_out() -> None:
    record, beats, _, _ = recording()
    begin = int(beats.sample[3] - 0.2 * record.fs)
    first = explain(record.lazy().record(begin, begin + 20 * 360), at=0.0)
    assert first.time == pytest.approx(0.2, abs=0.02)
    assert 0 < len(first.short()) < len(STRETCHES)
    assert all(first.time + s.begin > 0 for s in first.stretches)


def test_one_lead_is_taken_away_once() -> None:
    record, _ = synthesize(duration=20, seed=3, leads=1)
    explanation = explain(record, at=10.0)
    assert {s.leads for s in explanation.stretches} == {("ECG1",)}
    draw(explanation, record)[0].figure.canvas.draw()


@pytest.mark.parametrize("at", [-0.1, 200.0, float("nan")])
def test_a_time_outside_the_recording_is_refused(at: float) -> None:
    with pytest.raises(FormatError, match="expected a time within"):
        explain(recording()[0], at=at)


def test_a_recording_without_beats_is_refused() -> None:
    flat = np.zeros((7200, 1), dtype=np.float32)
    flat[::2] = 1e-3
    with pytest.raises(FormatError, match="expected a beat to explain"):
        explain(Record(flat, 360.0, ("II",)), at=5.0)


# That it points at what matters


def test_what_is_pointed_at_matters_more_than_the_rest_of_the_beat() -> None:
    """A small form of benchmarks/explain.py: found by the usual beat, checked by a line."""
    rng = np.random.default_rng(4)
    differences = []
    for name in ("N", "S", "V"):
        for nth in range(4):
            here = scene_of(of(name, nth + 1))
            own = AAMI_CLASSES.index(name)
            base = told(here, here.signal)[own]
            ways = fills(here)
            usual = [ways[preferred_fill(ways)](b, e) for b, e in STRETCHES]
            moved = [abs(float(p[own] - base)) for p, _ in here.signals(usual)]
            begin, end = STRETCHES[int(np.argmax(moved))]
            other = [b for b in range(-REACH, REACH - 5) if b >= end or b + 6 <= begin]
            places = (begin, *rng.choice(other, 3, replace=False).tolist())
            lines = [straight(here, b, b + 6) for b in places]
            changes = [abs(float(p[own] - base)) for p, _ in here.signals(lines)]
            differences.append(changes[0] - np.mean(changes[1:]))
    assert np.mean(differences) > 0.05
    assert np.sum(np.array(differences) > 0) >= 9
