"""Features of each beat: against a loop over beats, and what they do not depend on."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.model.features import (
    FEATURE_NAMES,
    LOGIT_FEATURE_NAMES,
    SEGMENT,
    beat_features,
    logit_features,
    record_statistics,
    segment_features,
)
from ecgscribe.model.rhythm_features import rhythm_features
from ecgscribe.model.shape_features import shape_features, waveforms
from ecgscribe.signal.windows import FS

Floats = NDArray[np.float32]
Steps = NDArray[np.float64]
RHYTHM = FEATURE_NAMES.index("qrs_like_dominant_1")
N_SHAPE = 9
LEAD_1 = slice(RHYTHM, RHYTHM + N_SHAPE)
LEAD_2 = slice(RHYTHM + N_SHAPE, RHYTHM + 2 * N_SHAPE)


def column(features: Floats, name: str) -> Floats:
    return features[:, FEATURE_NAMES.index(name)]


def rhythm_of(rr: list[float]) -> Steps:
    return 200 + FS * np.cumsum([0, *rr])


def signal_of(r_peaks: Steps, *, wide: tuple[int, ...] = (), seed: int = 0) -> Floats:
    """Two leads with a P-wave, a QRS and a T-wave a beat; the QRS of `wide` ones is ventricular."""
    n = int(r_peaks[-1]) + 300 if len(r_peaks) else 1000
    k = np.arange(n)
    signal = 0.02 * np.random.default_rng(seed).normal(size=(n, 2))
    for b, at in enumerate(r_peaks):
        waves = [(-20, 3, 0.2, -0.1), (0, 1.6, 1.6, -1.0), (3, 1.6, -0.4, 0.5), (35, 6, 0.4, 0.3)]
        if b in wide:
            waves = [(-2, 5, -1.6, 1.2), (9, 6, 1.0, -1.4), (40, 8, 0.5, -0.5)]
        for centre, width, *peak_scores in waves:
            near = slice(max(int(at) - 100, 0), int(at) + 100)
            bump = np.exp(-0.5 * ((k[near] - at - centre) / width) ** 2)
            signal[near] += bump[:, None] * peak_scores
    return signal.astype(np.float32)


# --- rhythm ---


def slow_rhythm(r_peaks: list[float], b: int) -> dict[str, float]:
    """Compute the rhythm of beat `b` of a record of one segment, by its definitions."""

    def ratio(part: float, whole: float) -> float:
        return 3 * min(max(math.log(part / max(whole, 0.2)), -1.5), 1.5)

    def around(values: list[float], width: int) -> list[float]:
        last = len(values) - 1
        places = range(b - width // 2, b + width // 2 + 1)
        return [values[min(max(k, 0), last)] for k in places]

    rr = [min(max((y - x) / FS, 0.2), 3.0) for x, y in pairwise(r_peaks)]
    before, after = [median(rr), *rr], [*rr, median(rr)]
    change = [0.0] + [abs(y - x) for x, y in pairwise(before)]
    logarithm = [math.log(x) for x in before]

    def alike(i: int, j: int) -> bool:
        return abs(logarithm[i] - logarithm[j]) < 0.06

    # Pairs of intervals up to 12 beats apart, counted at the later one, whose next one exists.
    pairs = [
        (i, j)
        for i in range(max(b - 32, 0), min(b + 33, len(before) - 1))
        for j in range(max(i - 12, 0), i)
    ]
    same = [(i, j) for i, j in pairs if alike(i, j)]
    share = len(same) / max(len(pairs), 1)
    on = sum(alike(i + 1, j + 1) for i, j in same)
    near = median(around(before, 17))
    irregular = 5 * min(median(around(change, 17)) / near, 0.5)
    upper = float(np.quantile(before, 0.75))
    return {
        "rr_before/near": ratio(before[b], near),
        "rr_after/near": ratio(after[b], near),
        "rr_before/median": ratio(before[b], median(before)),
        "rr_after/median": ratio(after[b], median(before)),
        "rr_before/mean": ratio(before[b], sum(before) / len(before)),
        "rr_after/mean": ratio(after[b], sum(before) / len(before)),
        "rr_before/upper": ratio(before[b], upper),
        "rr_after/upper": ratio(after[b], upper),
        "rr_before/near_upper": ratio(before[b], float(np.quantile(around(before, 17), 0.75))),
        "rr_before/previous": ratio(before[b], before[b - 1] if b else median(rr)),
        "rr_after/rr_before": ratio(after[b], before[b]),
        "pair/near": ratio(before[b] + after[b], 2 * near),
        "irregular_near": irregular,
        "irregular_far": 5 * min(median(around(change, 65)) / near, 0.5),
        "rr_near": ratio(near, 0.8),
        "rr_before": ratio(before[b], 0.8),
        "rr_before/irregular": min(
            max(math.log(before[b] / near) / (median(around(change, 17)) / near + 0.03), -4), 4
        ),
        "alike": 2 * share,
        "predictable": 2 * (on + share) / (len(same) + 1),
    }


@settings(max_examples=50, deadline=None)
@given(rr=st.lists(st.floats(0.05, 5), min_size=1, max_size=90))
def test_rhythm_is_what_a_loop_over_beats_computes(rr: list[float]) -> None:
    r_peaks = rhythm_of(rr)
    features = beat_features(np.zeros((int(r_peaks[-1]) + 100, 2), dtype=np.float32), r_peaks)
    for b in range(len(r_peaks)):
        expected = slow_rhythm(r_peaks.tolist(), b)
        result = dict(zip(FEATURE_NAMES[:RHYTHM], features[b, :RHYTHM].tolist(), strict=True))
        assert result == pytest.approx(expected, abs=1e-4)


def test_a_premature_beat_looks_the_same_at_any_heart_rate() -> None:
    rr = [0.8] * 10 + [0.5, 1.1] + [0.8] * 10
    slow, fast = (beat_features(np.zeros((9000, 2), np.float32), rhythm_of(x)) for x in (
        rr, [0.6 * x for x in rr]
    ))  # fmt: skip
    absolute = [FEATURE_NAMES.index("rr_near"), FEATURE_NAMES.index("rr_before")]
    np.testing.assert_allclose(
        np.delete(slow, absolute, axis=1), np.delete(fast, absolute, axis=1), atol=1e-4
    )
    assert column(slow, "rr_before/near")[11] == pytest.approx(3 * math.log(0.5 / 0.8), abs=1e-4)


def test_fibrillation_has_no_pattern_and_bigeminy_has_one() -> None:
    rng = np.random.default_rng(0)
    rhythms = {
        "sinus": [0.8] * 200,
        "bigeminy": [0.5, 1.1] * 100,
        "fibrillation": (0.7 * np.exp(rng.normal(0, 0.25, 200))).tolist(),
    }
    middle = {}
    for name, rr in rhythms.items():
        features = beat_features(np.zeros((26_000, 2), np.float32), rhythm_of(rr))
        middle[name] = [float(column(features, f)[100]) / 2 for f in ("alike", "predictable")]
    assert middle["sinus"] == pytest.approx([1, 1], abs=0.01)
    assert middle["bigeminy"] == pytest.approx([0.5, 1], abs=0.03)
    assert max(middle["fibrillation"]) < 0.3


def test_bigeminy_is_premature_against_the_upper_quartile() -> None:
    features = beat_features(np.zeros((9000, 2), np.float32), rhythm_of([0.5, 1.0] * 20))
    assert column(features, "rr_before/upper")[21] == pytest.approx(3 * math.log(0.5), abs=1e-4)


# --- shape ---

REGULAR = rhythm_of([0.8] * 30)


def test_a_ventricular_beat_is_unlike_the_dominant_one_and_wider() -> None:
    features = beat_features(signal_of(REGULAR, wide=(7, 15, 22)), REGULAR)
    ectopic = np.isin(np.arange(31), (7, 15, 22))
    for lead in (1, 2):
        like = column(features, f"qrs_like_dominant_{lead}")
        assert like[~ectopic].min() > 0.95
        assert like[ectopic].max() < 0.5
        second = column(features, f"qrs_like_second_{lead}")
        assert second[ectopic].min() > 0.95
        width = column(features, f"width/dominant_{lead}")
        assert width[ectopic].min() > width[~ectopic].max() + 0.5
        assert column(features, f"distance_{lead}")[ectopic].min() > 1
    assert column(features, "share_dominant") == pytest.approx(28 / 31)


def test_a_beat_without_a_p_wave_is_unlike_the_others() -> None:
    signal = signal_of(REGULAR)
    at = int(REGULAR[12])
    signal[at - 30 : at - 12] = 0
    like = column(beat_features(signal, REGULAR), "p_like_dominant_1")
    assert like[12] < 0.5
    assert np.delete(like, 12).min() > 0.8


def test_p_waves_are_compared_with_the_mean_of_their_neighbours() -> None:
    signal = signal_of(REGULAR)
    r_peaks = REGULAR.astype(int)
    signal[r_peaks[12] - 30 : r_peaks[12] - 12] *= -1
    features = beat_features(signal, REGULAR)
    part = column(features, "p_part_1")
    assert part[12] < -0.5
    assert np.delete(part, 12) == pytest.approx(1, abs=0.4)
    # The P wave is 0.2 high, the QRS 2; near beat 12 one P wave in 17 is upside down.
    assert column(features, "p_height_near_1")[25] == pytest.approx(1, abs=0.3)
    for at in r_peaks:
        signal[at - 30 : at - 12] = 0.02 * np.random.default_rng(at).normal(size=(18, 2))
    assert column(beat_features(signal, REGULAR), "p_height_near_1").max() < 0.25


def test_a_noisy_span_shows_in_each_of_its_beats() -> None:
    signal = signal_of(REGULAR)
    begin, end = int(REGULAR[3]), int(REGULAR[27])
    signal[begin:end] += np.random.default_rng(1).normal(0, 0.5, size=(end - begin, 2))
    noisy, clean = (beat_features(x, REGULAR) for x in (signal, signal_of(REGULAR)))
    assert column(noisy, "distance_near_1")[15] > 3 * column(clean, "distance_near_1")[15]


@pytest.mark.parametrize("flip", [(-1, 1), (1, -1), (-1, -1)])
def test_polarity_does_not_matter(flip: tuple[int, int]) -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    expected = beat_features(signal, REGULAR)
    result = beat_features(signal * np.array(flip, dtype=np.float32), REGULAR)
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_swapped_leads_swap_their_features() -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    features = beat_features(signal, REGULAR)
    swapped = beat_features(np.ascontiguousarray(signal[:, ::-1]), REGULAR)
    np.testing.assert_allclose(swapped[:, LEAD_1], features[:, LEAD_2], atol=1e-4)
    np.testing.assert_allclose(swapped[:, LEAD_2], features[:, LEAD_1], atol=1e-4)
    np.testing.assert_array_equal(swapped[:, :RHYTHM], features[:, :RHYTHM])
    np.testing.assert_allclose(
        column(swapped, "share_dominant"), column(features, "share_dominant")
    )
    for lead, other in ((1, 2), (2, 1)):
        for name in ("p_near", "p_height_near", "distance_near"):
            near, of_other = column(swapped, f"{name}_{lead}"), column(features, f"{name}_{other}")
            np.testing.assert_allclose(near, of_other, atol=1e-4)


@pytest.mark.parametrize("gain", [0.6, 1.7])
def test_a_gain_that_the_scale_left_does_not_matter(gain: float) -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    expected = beat_features(signal, REGULAR)
    result = beat_features((gain * signal).astype(np.float32), REGULAR)
    np.testing.assert_allclose(result, expected, atol=0.02)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_lead_has_zeros_and_leaves_the_other_its_features(missing: int) -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    signal[:, missing] = 0
    features = beat_features(signal, REGULAR)
    mine, other = (LEAD_1, LEAD_2) if missing == 0 else (LEAD_2, LEAD_1)
    assert not features[:, mine].any()
    assert features[:, other].any(axis=0).all()
    assert column(features, f"qrs_like_dominant_{2 - missing}")[[7, 15, 22]].max() < 0.6


def test_a_slip_of_the_r_peak_by_two_steps_does_not_matter() -> None:
    signal = signal_of(REGULAR)
    slipped = REGULAR.copy()
    slipped[[5, 9]] += (2, -2)
    like = column(beat_features(signal, slipped), "qrs_like_dominant_1")
    assert like.min() > 0.95


# --- edges and lengths ---


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_beats_have_features_too(n: int) -> None:
    r_peaks = rhythm_of([0.8] * 10)[:n]
    features = beat_features(signal_of(rhythm_of([0.8] * 10)), r_peaks)
    assert features.shape == (n, len(FEATURE_NAMES))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    if n < 3:  # too few for a dominant beat
        assert not features[:, RHYTHM:].any()
    else:
        assert column(features, "qrs_like_dominant_1").min() > 0.95


def test_beats_at_the_very_ends_have_features() -> None:
    r_peaks = rhythm_of([0.8] * 30)
    signal = signal_of(r_peaks)
    begin, end = int(r_peaks[0]), int(r_peaks[-1]) + 1
    features = beat_features(signal[begin:end], r_peaks - begin)
    whole = beat_features(signal, r_peaks)
    assert np.isfinite(features).all()
    own = slice(
        0, FEATURE_NAMES.index("share_dominant")
    )  # the other features depend on neighbouring beats, too
    part = FEATURE_NAMES.index("p_part_1"), FEATURE_NAMES.index("p_part_2")
    alone = np.setdiff1d(np.arange(len(FEATURE_NAMES))[own], part)
    np.testing.assert_allclose(features[2:-2, alone], whole[2:-2, alone], atol=0.1)
    np.testing.assert_allclose(features[9:-9], whole[9:-9], atol=0.1)


def test_beats_at_one_place_have_features() -> None:
    features = beat_features(signal_of(REGULAR), np.repeat(REGULAR, 2))
    assert np.isfinite(features).all()


def test_every_half_hour_or_so_is_a_record_of_its_own() -> None:
    # Two segments; in the second all is faster and upside down.
    first, second = rhythm_of([1.0] * (SEGMENT - 1)), rhythm_of([0.5] * (SEGMENT - 1))
    signal = np.concatenate([signal_of(first), -signal_of(second, wide=(50, 90, 130))])
    r_peaks = np.concatenate([first, second + len(signal_of(first))])
    features = beat_features(signal, r_peaks)
    away = np.r_[40 : SEGMENT - 40, SEGMENT + 40 : 2 * SEGMENT - 40]
    assert np.abs(column(features, "rr_before/median")[away]).max() < 0.02
    like = column(features, "qrs_like_dominant_1")
    assert np.flatnonzero(like < 0.5).tolist() == [SEGMENT + k for k in (50, 90, 130)]
    alone = beat_features(signal[len(signal_of(first)) :], second)
    inner = slice(45, SEGMENT - 45)  # regularity looks back 44 beats
    np.testing.assert_allclose(features[SEGMENT:][inner], alone[inner], atol=0.01)


@pytest.mark.parametrize("n", [SEGMENT + 100, 2 * SEGMENT + 100])
def test_a_short_rest_joins_the_segment_before_it(n: int) -> None:
    rr = [0.8] * (n - 101) + [0.4] * 100
    features = beat_features(np.zeros((int(n * FS), 2), dtype=np.float32), rhythm_of(rr))
    assert column(features, "rr_before/median")[-50:] == pytest.approx(3 * math.log(0.5), abs=1e-3)


def test_beats_of_a_record_can_be_compared_with_it_without_the_others() -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    n, rng = len(REGULAR), np.random.default_rng(3)
    logits = rng.normal(size=(n, 5)).astype(np.float32)
    scores = rng.uniform(0.5, 1, n).astype(np.float32)
    beats = waveforms(signal, REGULAR)
    record = record_statistics(REGULAR, logits=logits, peak_scores=scores, waveforms=beats)
    some = slice(n - 12, n)
    features = segment_features(REGULAR, some, beats[some], record)
    whole = beat_features(signal, REGULAR)[some]
    alone = segment_features(REGULAR, some, beats[some])
    of_record = [
        k for k, name in enumerate(FEATURE_NAMES) if "near" not in name and name[:2] != "p_"
    ]
    np.testing.assert_allclose(features[:, of_record], whole[:, of_record], atol=1e-5)
    assert np.abs(alone[:, of_record] - whole[:, of_record]).max() > 0.01
    np.testing.assert_allclose(
        logit_features(logits[some], scores[some], record),
        logit_features(logits, scores)[some],
        atol=1e-5,
    )


def test_columns_are_those_that_their_names_say() -> None:
    signal = signal_of(REGULAR, wide=(7, 15, 22))
    features = beat_features(signal, REGULAR)
    rhythm = rhythm_features(REGULAR, slice(0, len(REGULAR)))
    in_time = np.ones(len(REGULAR), dtype=bool)
    shape = shape_features(waveforms(signal, REGULAR), in_time)
    assert (*rhythm, *shape) == FEATURE_NAMES
    for name, values in (rhythm | shape).items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, column(features, name))


def test_every_feature_has_a_name_of_its_own() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == RHYTHM + 2 * N_SHAPE + 7


# --- the trunk's output, against the record ---


def test_logit_features_are_log_odds() -> None:
    probability = np.array([[0.9, 0.05, 0.03, 0.01, 0.01], [0.2, 0.1, 0.6, 0.05, 0.05]])
    logits = np.log(probability).astype(np.float32)
    peak_scores = np.array([0.5, 0.9], dtype=np.float32)
    features = logit_features(logits, peak_scores)
    assert features.shape == (2, len(LOGIT_FEATURE_NAMES))
    odds = probability[:, 1:4] / probability[:, :1]
    np.testing.assert_allclose(features[:, :3], 0.3 * np.log(odds), rtol=1e-4)
    abnormal = (1 - probability[:, 0]) / probability[:, 0]
    np.testing.assert_allclose(features[:, 3], 0.3 * np.log(abnormal), rtol=1e-4)
    np.testing.assert_allclose(features[:, 4], 0.3 * np.log([1, 9]), atol=1e-5)
    np.testing.assert_allclose(logit_features(logits + 7, peak_scores), features, atol=1e-5)


def test_logit_features_separate_a_beat_from_its_record_wherever_that_lies() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 0.5, size=(300, 5)).astype(np.float32)
    logits[100, 2] += 6
    shifted = logits + np.array([0, 4, 4, 0, 0], dtype=np.float32)
    peak_scores = np.full(300, 0.9, dtype=np.float32)
    first, second = logit_features(logits, peak_scores), logit_features(shifted, peak_scores)
    column = LOGIT_FEATURE_NAMES.index("V:N/spread")
    assert first[:, column].argmax() == second[:, column].argmax() == 100
    for name in ("V:N-median", "V:N-low", "V:N/spread"):
        k = LOGIT_FEATURE_NAMES.index(name)
        np.testing.assert_allclose(second[:, k], first[:, k], atol=1e-3)
    assert np.median(second[:, LOGIT_FEATURE_NAMES.index("V:N")]) > 1


@pytest.mark.parametrize("n", [0, 1, SEGMENT + SEGMENT // 2 + 1])
def test_logit_features_of_any_number_of_beats_are_finite(n: int) -> None:
    rng = np.random.default_rng(n)
    logits = rng.normal(0, 30, size=(n, 5)).astype(np.float32)
    features = logit_features(logits, rng.integers(0, 2, n).astype(np.float32))
    assert features.shape == (n, len(LOGIT_FEATURE_NAMES))
    assert np.isfinite(features).all()
