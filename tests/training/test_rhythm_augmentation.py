"""Records with another rhythm: what changes, and what stays as it was recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.signal.windows import FS
from ecgscribe.training import rhythm_augmentation
from ecgscribe.training.examples import Example, make_example
from ecgscribe.training.resequencing import SHORTEST_RR, identity_plan, resequence


def _make(seed: int, v_rate: float = 0.0, s_rate: float = 0.0, duration: float = 120) -> Example:
    made = synthesize(duration=duration, seed=seed, v_rate=v_rate, s_rate=s_rate, noise=0)
    return make_example("x", *made)


@pytest.fixture(scope="module")
def steady() -> Example:
    return _make(1)


@pytest.fixture(scope="module")
def ectopic() -> Example:
    return _make(3, v_rate=0.1, s_rate=0.1, duration=300)


def _rr(example: Example) -> np.ndarray:
    return np.diff(example.r_peaks) / FS


# --- resequencing -------------------------------------------------------------------------


def test_identity_plan_returns_the_recording(ectopic: Example) -> None:
    same = resequence(ectopic, identity_plan(ectopic))
    np.testing.assert_allclose(np.diff(same.r_peaks), np.diff(ectopic.r_peaks))
    np.testing.assert_array_equal(same.class_index, ectopic.class_index)
    moved = same.r_peaks[0] - ectopic.r_peaks[0]
    at = np.arange(int(same.r_peaks[0]), int(same.r_peaks[-1]))
    steps = np.arange(len(ectopic.signal))
    for lead in range(2):
        recorded = np.interp(at - moved, steps, ectopic.signal[:, lead])
        np.testing.assert_allclose(same.signal[at, lead], recorded, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.3, 3))
def test_beats_come_when_planned_and_look_identity_plan(
    steady: Example, seed: int, factor: float
) -> None:
    plan = identity_plan(steady)
    rng = np.random.default_rng(seed)
    plan.rr[:] *= factor * rng.uniform(0.8, 1.25, len(plan.rr))
    made = resequence(steady, plan)
    np.testing.assert_allclose(_rr(made), np.maximum(plan.rr[1:], SHORTEST_RR))
    assert np.all(np.isfinite(made.signal))
    assert np.abs(made.signal).max() < 2 * np.abs(steady.signal).max()
    around = np.arange(-6, 7)
    for was, now in zip(steady.r_peaks[1:-1], made.r_peaks[1:-1], strict=True):
        for lead in range(2):
            qrs = np.interp(was + around, np.arange(len(steady.signal)), steady.signal[:, lead])
            made_qrs = np.interp(now + around, np.arange(len(made.signal)), made.signal[:, lead])
            assert np.corrcoef(qrs, made_qrs)[0, 1] > 0.97


def test_p_waves_can_be_taken_away(steady: Example) -> None:
    plan = identity_plan(steady)
    plan.p_wave[:] = 0
    made = resequence(steady, plan)
    before = slice(int(-0.2 * FS), int(-0.08 * FS))

    def curved(example: Example) -> float:
        at = example.r_peaks[5:-5].astype(int)[:, None] + np.arange(before.start, before.stop)
        p = example.signal[at, 0].mean(axis=0)
        return float(np.abs(np.diff(p, 2)).max())

    assert curved(made) < 0.3 * curved(steady)


# --- rhythms ------------------------------------------------------------------------------


def test_waves_are_stretched_beyond_the_qrs(steady: Example) -> None:
    plan = identity_plan(steady)
    plan.rr[:] = 0.6
    plan.after[:] = 0.5
    stretched, plain = (
        resequence(steady, plan),
        resequence(steady, replace(plan, after=plan.rr / 0.6)),
    )
    np.testing.assert_array_equal(stretched.r_peaks, plain.r_peaks)
    steps = np.arange(len(plain.signal), dtype=np.float64)
    for r_peak in stretched.r_peaks[2:-2]:

        def at(example: Example, seconds: np.ndarray, r_peak: float = r_peak) -> np.ndarray:
            return np.interp(r_peak + seconds * FS, steps, example.signal[:, 0])

        qrs = np.linspace(-0.06, 0.09, 20)
        np.testing.assert_allclose(at(stretched, qrs), at(plain, qrs), atol=1e-3)
        # What was 0.1 s and more after the R-peak comes after half of the time beyond 0.1 s.
        later = np.linspace(0.02, 0.12, 20)
        np.testing.assert_allclose(
            at(stretched, 0.1 + later), at(plain, 0.1 + 2 * later), atol=0.06
        )


@pytest.mark.parametrize("seed", range(6))
def test_early_beats_are_earlier_than_those_before_and_are_s(steady: Example, seed: int) -> None:
    plan = rhythm_augmentation.early_beats(steady, np.random.default_rng(seed))
    assert plan is not None
    made = resequence(steady, plan)
    early = np.flatnonzero(made.class_index == 1)
    assert len(early)
    first = early[made.class_index[early - 1] == 0]
    rr = _rr(made)
    assert np.all(rr[first - 1] < 0.95 * rr[first - 2])
    assert np.mean(made.class_index == 0) > 0.3


def test_atrial_runs_may_outnumber_the_beats_in_sinus_rhythm(steady: Example) -> None:
    shares = []
    for seed in range(20):
        plan = rhythm_augmentation.atrial_runs(steady, np.random.default_rng(seed))
        assert plan is not None
        of_s = plan.class_index == 1
        if of_s.any():
            assert np.median(plan.rr[of_s]) < 0.85 * np.median(plan.rr[~of_s])
        shares.append(of_s.mean())
    assert min(shares) < 0.4
    assert max(shares) > 0.6


def test_fibrillation_is_irregular_and_its_beats_stay_normal(steady: Example) -> None:
    plan = rhythm_augmentation.fibrillation(steady, np.random.default_rng(0))
    assert plan is not None
    assert np.all(plan.class_index == steady.class_index)
    rr, was = plan.rr, _rr(steady)
    assert np.std(rr) / np.mean(rr) > 2 * np.std(was) / np.mean(was)
    assert np.abs(plan.p_wave).max() <= 0.1


def test_wandering_leaves_ectopic_beats_as_early_as_they_were() -> None:
    example = _make(4, v_rate=0.05, duration=300)
    plan = rhythm_augmentation.wandering(example, np.random.default_rng(0))
    assert plan is not None
    np.testing.assert_array_equal(plan.class_index, example.class_index)
    was = identity_plan(example).rr
    of_v = example.class_index == 2
    ratio = plan.rr[of_v] / was[of_v]
    assert np.ptp(ratio) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_rate_that_changes_leaves_every_class_and_every_p_wave(
    steady: Example, seed: int
) -> None:
    plan = rhythm_augmentation.changing_rate(steady, np.random.default_rng(seed))
    assert plan is not None
    np.testing.assert_array_equal(plan.class_index, steady.class_index)
    rate = 60 / plan.rr[1:]
    assert rate.min() > 40
    assert rate.max() < 60 / SHORTEST_RR
    assert np.abs(np.diff(np.log(rate))).max() < 0.3  # from beat to beat it hardly changes
    assert plan.p_wave.min() > 0.5


def test_the_rate_rises_and_falls_between_rest_and_exercise() -> None:
    long = _make(5, duration=900)
    rates, follows = [], []
    for seed in range(10):
        plan = rhythm_augmentation.changing_rate(long, np.random.default_rng(seed))
        assert plan is not None
        rates.append(60 / plan.rr[1:])
        follows.append(float(np.corrcoef(plan.rr, plan.after)[0, 1]))
    assert np.median(follows) > 0.9  # the T wave comes earlier, the faster the rate
    assert max(rate.max() / rate.min() for rate in rates) > 1.8
    assert max(rate.max() for rate in rates) > 130


def test_what_is_mostly_ectopic_loses_no_s_beat(ectopic: Example) -> None:
    shares = []
    for seed in range(12):
        plan = rhythm_augmentation.mostly_ectopic(ectopic, np.random.default_rng(seed))
        assert plan is not None
        assert np.sum(plan.class_index == 1) == np.sum(ectopic.class_index == 1)
        shares.append(np.mean(plan.class_index == 0))
    assert min(shares) < np.mean(ectopic.class_index == 0)


def test_fusion_beats_lie_between_normal_and_ventricular_ones(ectopic: Example) -> None:
    made = rhythm_augmentation.with_fusion_beats(ectopic, np.random.default_rng(0))
    assert made is not None
    fusion = np.flatnonzero(made.class_index == 3)
    assert len(fusion)
    assert np.all(ectopic.class_index[fusion] == 0)
    np.testing.assert_array_equal(made.r_peaks, ectopic.r_peaks)
    changed = np.any(made.signal != ectopic.signal, axis=1)
    near = np.abs(np.flatnonzero(changed)[:, None] - made.r_peaks[fusion]).min(axis=1)
    assert near.max() <= 49

    def mean_beat(example: Example, kind: int) -> np.ndarray:
        at = example.r_peaks[example.class_index == kind].astype(int)
        at = at[(at > 20) & (at < len(example.signal) - 60)]
        mean: np.ndarray = example.signal[at[:, None] + np.arange(-10, 40)].mean(axis=0)
        return mean

    n, v, f = (mean_beat(made, kind) for kind in (0, 2, 3))
    apart = np.linalg.norm(n - v)
    assert np.linalg.norm(f - n) < apart
    assert np.linalg.norm(f - v) < apart


def test_records_are_made_what_they_allow(steady: Example, ectopic: Example) -> None:
    def kinds(example: Example) -> set[str]:
        return {
            m.name.split("/")[-1]
            for m in rhythm_augmentation.augment_rhythm(example, np.random.default_rng(0))
        }

    in_sinus_rhythm = {"early_beats", "atrial_runs", "fibrillation", "wandering", "changing_rate"}
    assert kinds(steady) == in_sinus_rhythm
    assert "fibrillation" not in kinds(ectopic)
    assert {"mostly_ectopic", "fusion_beats"} <= kinds(ectopic)
    few = replace(steady, r_peaks=steady.r_peaks[:8], class_index=steady.class_index[:8])
    assert kinds(few) == set()
    assert kinds(replace(steady, masked=np.ones_like(steady.masked))) == set()


def test_one_seed_makes_one_record(ectopic: Example) -> None:
    one = rhythm_augmentation.augment_rhythm(ectopic, np.random.default_rng(5))
    two = rhythm_augmentation.augment_rhythm(ectopic, np.random.default_rng(5))
    assert len(one) > 1
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.signal, b.signal)
        np.testing.assert_array_equal(a.class_index, b.class_index)
