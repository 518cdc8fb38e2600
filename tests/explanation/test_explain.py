from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.explanation.detected_beats import DetectedBeats, detect_beats
from ecgscribe.explanation.explain import BROAD_SPANS, SHORT_SPANS, SINGLE_LEADS, explain
from ecgscribe.explanation.feature_groups import (
    GROUPS,
    INTERVALS,
    is_typical,
    with_typical_features,
)
from ecgscribe.explanation.figure import draw
from ecgscribe.explanation.occlusion import BeatContext, beat_context
from ecgscribe.explanation.replacements import (
    REACH,
    linear,
    preferred,
    replacements,
    typical,
    typical_beat,
)
from ecgscribe.explanation.text import describe
from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.rhythm_features import RATIO_GAIN
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline import written
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES


@cache
def beats_alone() -> Model:
    """Load the model in the package, without the rhythms that it may recognise."""
    return replace(load_model(), rhythm=None)


@cache
def recording() -> tuple[Record, Annotation, Conditioner, DetectedBeats]:
    """Make and annotate three minutes, which is longer than a window of the trunk."""
    record, _ = synthesize(duration=180, seed=12, v_rate=0.06, s_rate=0.06, noise=0.3)
    model = beats_alone()
    conditioner = Conditioner.for_record(record)
    detected = detect_beats(model, conditioner)
    return record, annotate(record, model=model).beats(), conditioner, detected


def index_of(aami_class: str, nth: int = 2) -> int:
    """Return the index of a beat that was classified so."""
    return int(np.flatnonzero(recording()[1].class_index == AAMI_CLASSES.index(aami_class))[nth])


def context_of(index: int) -> BeatContext:
    _, _, conditioner, detected = recording()
    return beat_context(beats_alone(), conditioner, detected, index)


def probability_in(context: BeatContext, signal: NDArray[np.float32]) -> NDArray[np.float32]:
    return next(context.classify_signals([signal]))[0]


# The same decision


@pytest.mark.parametrize("place", [0, 1, 57, -60, -1])
def test_the_unchanged_beat_gets_the_class_of_annotate(place: int) -> None:
    _, beats, _, detected = recording()
    index = place % len(beats)
    assert beats.probability is not None
    assert len(detected) == len(beats)
    context = context_of(index)
    expected = beats.probability[index]
    np.testing.assert_allclose(probability_in(context, context.signal), expected, atol=1e-5)
    by_features, score = context.classify_features(context.features())
    np.testing.assert_allclose(by_features, expected, atol=1e-5)
    assert 0 < score <= 1


@pytest.mark.parametrize(("name", "at"), [("209", 640.0), ("119", 1024.6), ("108", 1469.3)])
@pytest.mark.mitdb
def test_beats_of_the_database_get_the_class_of_annotate(
    monkeypatch: pytest.MonkeyPatch, name: str, at: float
) -> None:
    from ecgscribe import datasets

    record, _ = datasets.load("mitdb", name)
    beats = annotate(record).beats()
    nearest = int(np.argmin(np.abs(beats.sample / record.fs - at)))
    explanation = explain(record, at=at)
    expected = AAMI_CLASSES[beats.class_index[nearest]]
    assert explanation.aami_class == explanation.annotated_class == expected
    assert explanation.sample == beats.sample[nearest]
    # The beats that are like it, which are not explained, change the probability.
    monkeypatch.setattr(written, "apply_likeness", lambda beats: beats)
    alone = annotate(record).beats().probability
    assert alone is not None
    np.testing.assert_allclose(explanation.probability, alone[nearest], atol=1e-5)


def test_a_model_without_a_beat_head_has_no_feature_effects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = recording()[0]  # made with the head
    monkeypatch.setattr(Model, "has_beat_head", False)
    model = replace(load_model())  # one that no other test shares
    beats = annotate(record, model=model).beats()
    explanation = explain(record, at=20.0, model=model)
    assert explanation.features == ()
    nearest = int(np.argmin(np.abs(beats.sample / record.fs - 20.0)))
    assert beats.probability is not None
    np.testing.assert_allclose(explanation.probability, beats.probability[nearest], atol=1e-5)
    assert len(draw(explanation, record)) == 2


# Replacements


def test_a_line_joins_the_neighbours_of_a_span() -> None:
    context = context_of(index_of("V"))
    first, last = context.row + 10, context.row + 16
    expected = context.signal.copy()
    for k in range(first, last):
        share = (k - first + 1) / 7
        ends = context.signal[first - 1, 1], context.signal[last, 1]
        expected[k, 1] = (1 - share) * ends[0] + share * ends[1]
    np.testing.assert_allclose(linear(context, 10, 16, leads=[1]), expected, rtol=1e-5, atol=1e-6)


def test_the_typical_beat_is_the_mean_of_the_nearby_n_beats() -> None:
    context = context_of(index_of("V"))
    which = is_typical(context, context.features())
    assert which.sum() == np.sum(recording()[1].class_index == 0)
    mean = typical_beat(context, which)
    assert mean is not None
    assert mean.shape == (2 * REACH + 3, 2)
    rows = np.rint(context.beats.r_peaks[which]).astype(int) - context.begin
    inside = [r for r in rows if REACH + 1 < r < len(context.signal) - REACH - 1]
    slow = np.mean([context.signal[r - REACH - 1 : r + REACH + 2] for r in inside], axis=0)
    np.testing.assert_allclose(mean, slow, atol=1e-5)


def test_a_typical_span_meets_the_rest_and_bends_like_the_mean() -> None:
    context = context_of(index_of("V"))
    mean = typical_beat(context, is_typical(context, context.features()))
    assert mean is not None
    changed = typical(context, mean, -9, 15, leads=[0])
    same = np.ones(len(changed), dtype=bool)
    same[context.row - 9 : context.row + 15] = False
    np.testing.assert_allclose(changed[same], context.signal[same], atol=1e-6)
    np.testing.assert_array_equal(changed[:, 1], context.signal[:, 1])
    bend = np.diff(changed[context.row - 9 : context.row + 15, 0], 2)
    np.testing.assert_allclose(bend, np.diff(mean[REACH - 8 : REACH + 16, 0], 2), atol=1e-5)


def test_without_typical_beats_a_line_replaces_the_spans() -> None:
    record, _ = synthesize(duration=1.6, seed=3)
    explanation = explain(record, at=0.8, model=beats_alone())
    assert explanation.replacement == "linear"


def test_spans_cover_the_beat_once() -> None:
    for parts in (SHORT_SPANS, BROAD_SPANS):
        assert (parts[0][0], parts[-1][1]) == (-REACH, REACH)
        assert all(a[1] == b[0] for a, b in pairwise(parts))
    lengths = {(e - b) / FS for b, e in SHORT_SPANS}
    assert all(0.04 <= length <= 0.06 for length in lengths)


def test_every_feature_of_a_beat_is_in_one_group() -> None:
    members = [feature for group in GROUPS.values() for feature in group]
    assert len(members) == len(set(members))
    of_intervals = {f for f in FEATURE_NAMES if f.startswith(("rr_before", "rr_after", "pair/"))}
    of_intervals -= {"rr_before/irregular"}
    assert {*members, *of_intervals, "share_dominant"} == {*FEATURE_NAMES, *LOGIT_FEATURE_NAMES}


def test_a_typical_group_changes_only_its_features_of_the_one_beat() -> None:
    context = context_of(index_of("V"))
    before = context.features()
    names = (*LOGIT_FEATURE_NAMES, *FEATURE_NAMES)
    assert before.shape == (len(context.beats), len(names))
    groups = {group.name: group for group in with_typical_features(context)}
    assert list(groups) == [*GROUPS, *INTERVALS]
    for name, members in GROUPS.items():
        row, column = np.nonzero(before != groups[name].features)
        assert set(row) <= {context.index}
        assert {names[k] for k in column} <= set(members)
    normal = recording()[1].class_index == 0
    width = names.index("width_1")
    changed = groups["QRS width"].features[context.index, width]
    assert changed == np.median(before[normal, width])


def test_a_typical_interval_moves_the_beat_in_all_features() -> None:
    context = context_of(index_of("S"))
    groups = with_typical_features(context)
    group = next(g for g in groups if g.name == "RR interval before the beat")
    assert group.observed is not None
    assert group.typical is not None
    assert group.observed < 0.9 * group.typical
    names = (*LOGIT_FEATURE_NAMES, *FEATURE_NAMES)
    before = group.features[context.index, names.index("rr_before")]
    assert before == pytest.approx(RATIO_GAIN * np.log(group.typical / 0.8), abs=1e-4)
    after = names.index("rr_after/near")
    previous = group.features[context.index - 1, after]
    assert abs(previous) < 0.3 < abs(context.features()[context.index - 1, after])
    r_peaks = context.beats.r_peaks
    assert group.observed == pytest.approx(
        (r_peaks[context.index] - r_peaks[context.index - 1]) / FS
    )


def test_the_first_beat_has_no_intervals() -> None:
    assert [g.name for g in with_typical_features(context_of(0))] == list(GROUPS)


# Whole explanations


def test_the_nearest_beat_is_explained_with_all_of_its_parts() -> None:
    record, beats, _, _ = recording()
    index = index_of("S")
    explanation = explain(record, at=beats.sample[index] / record.fs + 0.05, model=beats_alone())
    assert explanation.sample == beats.sample[index]
    assert (explanation.aami_class, explanation.replacement) == ("S", "typical")
    assert [(s.begin * FS, s.end * FS) for s in explanation.short_spans()] == list(SHORT_SPANS)
    assert [(s.begin * FS, s.end * FS) for s in explanation.broad_spans()] == list(BROAD_SPANS)
    single = [s.leads for s in explanation.spans if len(s.leads) == 1]
    assert single == [(lead,) for _ in range(SINGLE_LEADS) for lead in record.leads]
    around = slice(index - 1, index + 2)
    assert [beat.sample for beat in explanation.nearby] == beats.sample[around].tolist()
    classes = [AAMI_CLASSES[k] for k in beats.class_index[around]]
    assert [beat.aami_class for beat in explanation.nearby] == classes
    axes = draw(explanation, record)
    assert len(axes) == 3
    shown = [text.get_text() for text in axes[0].texts]
    rr = np.rint(1000 * np.diff(beats.sample[around]) / record.fs).astype(int)
    assert {str(value) for value in rr} <= set(shown)
    assert len(axes[1].patches) == len(SHORT_SPANS)
    assert [bar.get_width() for bar in axes[2].patches] == pytest.approx(
        [explanation.change(effect) for effect in explanation.features]
    )


def test_of_a_paced_recording_the_class_is_called_unreliable() -> None:
    record, beats, _, _ = recording()
    at = beats.sample[index_of("S")] / record.fs
    paced = replace(record, paced=True)
    for each, mentioned in ((record, False), (paced, True)):
        explanation = explain(each, at=at, model=beats_alone())
        title = draw(explanation, each)[0].get_title(loc="left")
        for text in (describe(explanation), title):
            assert ("not trained on paced beats" in text) == mentioned
        assert explanation.to_dict()["paced"] == mentioned


def test_spans_beyond_the_recording_are_left_out() -> None:
    record, beats, _, _ = recording()
    begin = int(beats.sample[3] - 0.2 * record.fs)
    first = explain(record.lazy().record(begin, begin + 20 * 360), at=0.0, model=beats_alone())
    assert first.time == pytest.approx(0.2, abs=0.02)
    assert 0 < len(first.short_spans()) < len(SHORT_SPANS)
    assert all(first.time + s.begin > 0 for s in first.spans)


def test_a_single_lead_is_replaced_once() -> None:
    record, _ = synthesize(duration=20, seed=3, leads=1)
    explanation = explain(record, at=10.0, model=beats_alone())
    assert {s.leads for s in explanation.spans} == {("ECG1",)}
    draw(explanation, record)[0].figure.canvas.draw()


@pytest.mark.parametrize("at", [-0.1, 200.0, float("nan")])
def test_a_time_outside_the_recording_is_an_error(at: float) -> None:
    with pytest.raises(FormatError, match="expected a time within"):
        explain(recording()[0], at=at)


def test_a_recording_without_beats_is_an_error() -> None:
    flat = np.zeros((7200, 1), dtype=np.float32)
    flat[::2] = 1e-3
    with pytest.raises(FormatError, match="expected a beat to explain"):
        explain(Record(flat, 360.0, ("II",)), at=5.0)


# The explanation shows what matters


def test_the_most_important_span_matters_more_than_the_rest_of_the_beat() -> None:
    """A small form of benchmarks/explain.py: found with the typical beat, checked with a line."""
    rng = np.random.default_rng(4)
    differences = []
    for name in ("N", "S", "V"):
        for nth in range(4):
            context = context_of(index_of(name, nth + 1))
            own = AAMI_CLASSES.index(name)
            base = probability_in(context, context.signal)[own]
            ways = replacements(context)
            signals = [ways[preferred(ways)](b, e) for b, e in SHORT_SPANS]
            changes = [abs(float(p[own] - base)) for p, _ in context.classify_signals(signals)]
            begin, end = SHORT_SPANS[int(np.argmax(changes))]
            other = [b for b in range(-REACH, REACH - 5) if b >= end or b + 6 <= begin]
            places = (begin, *rng.choice(other, 3, replace=False).tolist())
            lines = [linear(context, b, b + 6) for b in places]
            changes = [abs(float(p[own] - base)) for p, _ in context.classify_signals(lines)]
            differences.append(changes[0] - np.mean(changes[1:]))
    assert np.mean(differences) > 0.05
    assert np.sum(np.array(differences) > 0) >= 9
