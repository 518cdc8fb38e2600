"""Examples, their targets, and the windows that are drawn from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.windows import FS
from ecgscribe.training.batches import ExamplePool, draw_batch, draw_starts, make_targets
from ecgscribe.training.config import Imbalance, TrainingConfig, TrunkTraining
from ecgscribe.training.examples import Example, load_examples, make_example, recorded_noise

CONFIG = TrainingConfig(trunk=TrunkTraining(batch=6, window_s=5))
CLASSIC = replace(
    CONFIG,
    architecture=replace(CONFIG.architecture, preset="classic"),
    trunk=replace(CONFIG.trunk, peak_width=-0.05),
)


def _example(name: str, seconds: int, classes: dict[int, int]) -> Example:
    """Make an example of one beat per second: N, except the seconds named with their class."""
    r_peaks = np.arange(seconds, dtype=np.float64) * FS + 64
    class_index = np.zeros(seconds, dtype=np.int8)
    class_index[list(classes)] = list(classes.values())
    signal = np.random.default_rng(list(name.encode())).normal(size=(seconds * FS, 2))
    masked = np.zeros(len(signal), dtype=np.bool_)
    return Example(name, signal.astype(np.float32), r_peaks, class_index, masked)


def _share(drawn: list[tuple[int, int]], holds: Callable[[int, int], bool]) -> float:
    return float(np.mean([holds(which, start) for which, start in drawn]))


# --- examples -----------------------------------------------------------------------------


def test_beats_come_to_the_clock_of_the_steps() -> None:
    record, annotation = synthesize(duration=30, fs=256, noise=0)
    example = make_example("x", record, annotation)
    assert example.signal.shape == (30 * FS, 2)
    np.testing.assert_allclose(example.r_peaks, annotation.sample / 2)
    np.testing.assert_array_equal(example.class_index, annotation.beats().class_index)
    assert not example.masked.any()


@pytest.mark.parametrize("late", [-5, 0, 6])
def test_annotations_next_to_the_r_peaks_are_moved_to_them(late: int) -> None:
    record, annotation = synthesize(duration=60, fs=FS, noise=0, classes=("N",))
    uneven = np.random.default_rng(0).integers(-2, 3, len(annotation.sample))
    sample = np.clip(annotation.sample + late + uneven, 0, record.n_samples - 1)
    moved = make_example("x", record, replace(annotation, sample=sample), align=True)
    right = make_example("x", record, annotation)
    inside = slice(1, -1)  # the first and last may reach over the ends
    assert np.all(np.abs(moved.r_peaks - right.r_peaks)[inside] <= 1)


def test_annotations_of_unlike_beats_move_with_the_record() -> None:
    record, annotation = synthesize(duration=120, fs=FS, noise=0, classes=("N", "V"), v_rate=0.2)
    late = replace(annotation, sample=np.minimum(annotation.sample + 5, record.n_samples - 1))
    moved = make_example("x", record, late, align=True)
    of_v = moved.class_index == 2
    assert of_v.any()
    assert np.median(np.abs(moved.r_peaks[of_v] - annotation.sample[of_v])) <= 1


def test_annotations_of_very_few_beats_stay() -> None:
    record, annotation = synthesize(duration=60, fs=FS, noise=0, classes=("N",))
    two = Annotation(annotation.sample[:2] + 5, annotation.symbol[:2], annotation.fs)
    np.testing.assert_array_equal(make_example("x", record, two, align=True).r_peaks, two.sample)


def test_ventricular_flutter_is_masked_and_its_beats_are_left_out() -> None:
    record, _ = synthesize(duration=20, fs=FS)
    at = np.array([100, 300, 400, 500, 900])
    annotation = Annotation(sample=at, symbol=np.array(["N", "[", "V", "]", "N"]), fs=float(FS))
    example = make_example("x", record, annotation)
    np.testing.assert_array_equal(np.flatnonzero(example.masked), np.arange(300, 501))
    np.testing.assert_array_equal(example.r_peaks, [100, 900])


def test_records_are_loaded_by_name_and_only_svdb_is_aligned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, annotation = synthesize(duration=60, fs=FS, noise=0, classes=("N",))
    late = replace(annotation, sample=np.minimum(annotation.sample + 4, record.n_samples - 1))
    monkeypatch.setattr(datasets, "load", lambda *_, **__: (record, late))
    mitdb, svdb = load_examples(["mitdb/100", "svdb/800"])
    assert (mitdb.name, svdb.name) == ("mitdb/100", "svdb/800")
    np.testing.assert_array_equal(mitdb.r_peaks, late.sample)
    assert np.median(svdb.r_peaks - mitdb.r_peaks) == pytest.approx(-4, abs=1)


def test_noise_is_the_first_halves_of_bw_and_ma(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noise(name: str, **_: object) -> Record:
        asked.append(name)
        signal = np.random.default_rng(0).normal(size=(40 * 360, 2)).astype(np.float32)
        signal[20 * 360 :] = np.nan
        return Record(signal=signal, fs=360.0, leads=("1", "2"), name=name)

    monkeypatch.setattr(datasets, "noise", noise)
    noises = recorded_noise()
    assert asked == ["bw", "ma"]
    assert all(part.shape == (20 * FS, 2) and np.isfinite(part).all() for part in noises)


def test_without_nstdb_there_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    def noise(name: str, **_: object) -> Record:
        raise DatasetError("absent")

    monkeypatch.setattr(datasets, "noise", noise)
    assert recorded_noise() == []


# --- targets ------------------------------------------------------------------------------


def test_default_targets_are_a_bell_at_the_step_and_the_class_at_three_frames() -> None:
    example = _example("x", 4, {2: 2})
    targets = make_targets(example, CONFIG)
    assert targets.peak.shape == (4 * FS,)
    assert targets.peak[64] == 1
    width = CONFIG.trunk.peak_width * FS
    np.testing.assert_allclose(targets.peak[66], np.exp(-0.5 * (2 / width) ** 2), rtol=1e-5)
    assert targets.frame_class.shape == (4 * FS // 8,)
    at = 2 * FS // 8 + 8
    np.testing.assert_array_equal(targets.frame_class[at - 2 : at + 3], [-1, 2, 2, 2, -1])
    assert np.sum(targets.frame_class == 0) == 9


def test_classic_targets_reach_50_ms_to_each_side() -> None:
    example = _example("x", 4, {2: 3})
    targets = make_targets(example, CLASSIC)
    at, reach = 2 * FS + 64, int(0.05 * FS)
    near = np.arange(at - reach, at + reach + 1)
    assert np.all(targets.peak[near] == 1)
    assert np.all(targets.peak[[near[0] - 1, near[-1] + 1]] == 0)
    np.testing.assert_array_equal(np.flatnonzero(targets.frame_class == 3), near)
    assert targets.frame_class.shape == targets.peak.shape


def test_targets_are_unknown_where_the_reference_is() -> None:
    example = _example("x", 4, {})
    example.masked[100:200] = True
    assert np.all(make_targets(example, CONFIG).peak[100:200] == -1)
    assert np.sum(make_targets(example, CONFIG).peak < 0) == 100


# --- draws --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """One patient with N alone, one with many V, one with few V, one with S."""
    return [
        _example("normal", 400, {}),
        _example("many", 300, dict.fromkeys(range(50, 250), 2)),
        _example("few", 300, dict.fromkeys(range(100, 102), 2)),
        _example("atrial", 300, {150: 1}),
    ]


def test_balanced_windows_hold_the_rare_classes(examples: list[Example]) -> None:
    length = 5 * FS
    drawn = draw_starts(examples, 3000, length, np.random.default_rng(0), balanced=True)

    def holds_s(which: int, start: int) -> bool:
        return which == 3 and start <= examples[3].r_peaks[150] < start + length

    # Half of the windows are drawn for a class, 0.45 of 0.8 of those for S: F does not occur.
    assert _share(drawn, holds_s) == pytest.approx(0.5 * 0.45 / 0.8, abs=0.03)
    # For V, patients count by the root of their beats: 200 and 2.
    by_patient = [0.5 * 0.35 / 0.8 * part / (200**0.5 + 2**0.5) for part in (200**0.5, 2**0.5)]
    uniform = 0.5 * 300 / 1300
    assert _share(drawn, lambda which, _: which == 1) == pytest.approx(
        by_patient[0] + uniform, abs=0.03
    )
    assert _share(drawn, lambda which, _: which == 2) == pytest.approx(
        by_patient[1] + uniform, abs=0.03
    )


def test_uniform_windows_come_as_long_as_the_records_are(examples: list[Example]) -> None:
    drawn = draw_starts(examples, 3000, 5 * FS, np.random.default_rng(0), balanced=False)
    for which, example in enumerate(examples):
        expected = len(example.signal) / sum(len(e.signal) for e in examples)
        assert np.mean([w == which for w, _ in drawn]) == pytest.approx(expected, abs=0.03)
    starts = np.array([start for _, start in drawn])
    assert starts.min() >= 0


def test_balanced_windows_of_normal_patients_alone_are_uniform(examples: list[Example]) -> None:
    drawn = draw_starts(examples[:1], 50, 5 * FS, np.random.default_rng(0), balanced=True)
    assert {which for which, _ in drawn} == {0}


def test_windows_reach_over_an_end_by_a_second_at_most(examples: list[Example]) -> None:
    at_ends = [_example("ends", 20, {0: 2, 19: 2})]
    drawn = draw_starts(at_ends, 400, 5 * FS, np.random.default_rng(0), balanced=True)
    starts = np.array([start for _, start in drawn])
    assert starts.min() == -FS
    assert starts.max() == 20 * FS - 5 * FS + FS


def test_window_longer_than_the_record_is_filled_with_nothing() -> None:
    config = replace(CONFIG, imbalance=Imbalance(augment=False))
    short = _example("short", 3, {1: 2})
    signal, target = _batch([short], config, 1, 0)
    assert signal.shape == (6, 5 * FS, 2)
    assert np.all((signal != 0).any(axis=2).sum(axis=1) <= 3 * FS)
    assert np.all(np.sum(target["frame_class"] >= 0, axis=1) <= 9)


def _batch(
    examples: list[Example], config: TrainingConfig, epoch: int, index: int
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    return draw_batch([_pool(examples, config, 1)], [], config, epoch=epoch, index=index)


def _pool(examples: list[Example], config: TrainingConfig, weight: float) -> ExamplePool:
    return ExamplePool(examples, [make_targets(example, config) for example in examples], weight)


def test_each_pool_has_its_weight_in_the_windows() -> None:
    config = replace(CONFIG, imbalance=Imbalance(augment=False))
    pools = [
        _pool([replace(_example("x", 60, {}), signal=np.full((60 * FS, 2), value))], config, weight)
        for value, weight in ((1, 0.7), (2, 0.3))
    ]
    drawn = [draw_batch(pools, [], config, epoch=1, index=k)[0].max(axis=(1, 2)) for k in range(99)]
    assert np.mean(np.concatenate(drawn) == 2) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("config", [CONFIG, CLASSIC], ids=["default", "classic"])
def test_a_batch_depends_on_seed_epoch_and_index_alone(
    examples: list[Example], config: TrainingConfig
) -> None:
    signal, target = _batch(examples, config, 3, 2)
    again, target_again = _batch(examples, config, 3, 2)
    np.testing.assert_array_equal(signal, again)
    for key, values in target.items():
        np.testing.assert_array_equal(values, target_again[key])
    others = [
        _batch(examples, config, 4, 2),
        _batch(examples, config, 3, 1),
        _batch(examples, replace(config, seed=2), 3, 2),
    ]
    assert all(not np.array_equal(signal, other) for other, _ in others)


@pytest.mark.parametrize("config", [CONFIG, CLASSIC], ids=["default", "classic"])
def test_batch_without_augmentation_is_cut_from_the_records(
    examples: list[Example], config: TrainingConfig
) -> None:
    plain = replace(config, imbalance=Imbalance(augment=False))
    signal, target = _batch(examples, plain, 1, 0)
    steps_per_frame = config.architecture.steps_per_frame
    assert signal.shape == (6, 5 * FS, 2)
    assert target["peak"].shape == (6, 5 * FS, 1)
    assert target["frame_class"].shape == (6, 5 * FS // steps_per_frame)
    assert all(values.dtype == np.float32 for values in (signal, *target.values()))
    for window, peak, frame_class in zip(
        signal, target["peak"], target["frame_class"], strict=True
    ):
        # The noise identifies the record and the place in the window's middle.
        which, start = next(
            (k, int(at[0]) - 300)
            for k, e in enumerate(examples)
            if len(at := np.flatnonzero(e.signal[:, 0] == window[300, 0]))
        )
        wanted = make_targets(examples[which], plain)
        inside = slice(max(start, 0), min(start + 5 * FS, len(wanted.peak)))
        np.testing.assert_array_equal(
            peak[inside.start - start : inside.stop - start, 0], wanted.peak[inside]
        )
        frames = slice(inside.start // steps_per_frame, inside.stop // steps_per_frame)
        first = frames.start - start // steps_per_frame
        np.testing.assert_array_equal(
            frame_class[first : first + frames.stop - frames.start], wanted.frame_class[frames]
        )
    augmented, _ = _batch(examples, config, 1, 0)
    assert not np.array_equal(signal, augmented)
