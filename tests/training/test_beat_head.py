"""The fit of the beat head, calibration and thresholds."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from unittest.mock import Mock

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.errors import ModelError
from ecgscribe.model.decision import Calibration, Thresholds, calibrate, decide, softmax
from ecgscribe.model.features import LOGIT_FEATURE_NAMES
from ecgscribe.model.network import build_beat_head
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT
from ecgscribe.training import cross_fitting
from ecgscribe.training.beat_head import SequenceSampler, fit_beat_head, predict_beats
from ecgscribe.training.beat_tables import BeatTable, BeatTables
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.cross_fitting import (
    CHANGING_STEP,
    WEAK_STEP,
    evaluate_out_of_fold,
    fit_heads,
)
from ecgscribe.training.thresholds import (
    choose_beat_thresholds,
    choose_thresholds,
    fit_calibration,
    r_peak_f1,
)
from support.tiny_training import CONFIG

# Keras reads TensorFlow's arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Floats = NDArray[np.float32]


def _table(class_index: list[int], patient: float) -> BeatTable:
    """Make a table whose features identify patient and beat."""
    n = len(class_index)
    features = np.stack([np.full(n, patient), np.arange(n) + 1], axis=1).astype(np.float32)
    return _of(class_index, features)


def _of(
    class_index: list[int],
    features: Floats,
    *,
    peak_score: list[float] | None = None,
    offset: float = 0.0,
    missed: int = 0,
) -> BeatTable:
    kind = np.array(class_index, dtype=np.int8)
    is_beat = (kind >= 0) & (kind != NO_BEAT)
    return BeatTable(
        "made",
        np.array(peak_score or [0.9] * len(kind), dtype=np.float32),
        features.copy(),
        features,
        kind,
        np.where(is_beat, offset, np.nan).astype(np.float32),
        missed,
    )


TABLES = [_table([0] * 300, 1), _table([0] * 150 + [2] * 150, 2), _table([0] * 40 + [1], 3)]


def _drawn(config: TrainingConfig, seed: int = 0) -> tuple[list[Floats], Floats]:
    return SequenceSampler(TABLES, config).draw(np.random.default_rng(seed))


@pytest.mark.parametrize("sampling", ["balanced", "uniform"])
def test_sequences_are_runs_of_one_patients_beats(
    sampling: Literal["balanced", "uniform"],
) -> None:
    imbalance = replace(CONFIG.imbalance, sampling=sampling)
    config = replace(CONFIG, imbalance=imbalance, beats=replace(CONFIG.beats, batch=200, window=64))
    (classes, features), target = _drawn(config)
    assert classes.shape == features.shape == (200, 64, 2)
    np.testing.assert_array_equal(classes, features)
    for row, kind in zip(features, target, strict=True):
        n = int(np.sum(kind >= 0))
        assert n > 0
        assert np.all(row[n:] == 0)
        assert np.all(kind[n:] == -1)
        assert np.all(np.diff(row[:n, 1]) == 1)
        table = TABLES[int(row[0, 0]) - 1]
        np.testing.assert_array_equal(kind[:n], table.class_index[row[:n, 1].astype(int) - 1])
    of_s = float(np.mean(np.any(target == 1, axis=1)))
    # Of the balanced half, 0.5 of 0.8 is drawn for S; uniformly, 41 of 641 beats are its patient's.
    expected = 0.5 * 0.5 / 0.8 + 0.5 * 41 / 641 if sampling == "balanced" else 41 / 641
    assert of_s == pytest.approx(expected, abs=0.12)


def test_some_sequences_are_of_recordings_that_are_labelled_as_a_whole() -> None:
    weak = [_table([0] * 30, 9.0)]
    config = replace(CONFIG, beats=replace(CONFIG.beats, batch=400, weak=0.25))
    rng = np.random.default_rng(0)
    (_, features), _ = SequenceSampler(TABLES, config, weak=weak).draw(rng)
    assert np.mean(features[:, 0, 0] == 9) == pytest.approx(0.25, abs=0.07)
    (_, features), _ = SequenceSampler(TABLES, config).draw(rng)
    assert not np.any(features[:, 0, 0] == 9)


def test_draw_is_decided_by_its_generator() -> None:
    (_, features), target = _drawn(CONFIG, 3)
    (_, again), target_again = _drawn(CONFIG, 3)
    np.testing.assert_array_equal(features, again)
    np.testing.assert_array_equal(target, target_again)
    assert not np.array_equal(features, _drawn(CONFIG, 4)[0][1])


# --- fit ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_head_learns_by_its_schedule_and_is_fitted_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def table() -> BeatTable:
        kind = rng.choice(3, p=[0.7, 0.15, 0.15], size=200).astype(np.int8)
        features = rng.normal(0, 0.3, size=(200, CONFIG.architecture.n_facts)).astype(np.float32)
        features[np.arange(200), kind] += 2
        logit_features = np.zeros((200, len(LOGIT_FEATURE_NAMES)), np.float32)
        return replace(_of(kind.tolist(), features), logit_features=logit_features)

    schedule = replace(CONFIG.beats, epochs=10, steps=8, batch=16, learning_rate=0.02)
    config = replace(CONFIG, beats=schedule)
    training, held_out = [table(), table()], [table()]
    head = build_beat_head(CONFIG.architecture)
    lines: list[str] = []
    fit_beat_head(head, training, held_out, config, tmp_path, lines.append)
    with (tmp_path / "beats.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == list(range(1, 11))
    assert len(lines) == 10
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert max(float(row["val_auprc"]) for row in rows) > 0.95

    left = predict_beats(head, held_out[0])
    assert left.shape == (200, 6)
    again = build_beat_head(CONFIG.architecture)
    fit_beat_head(
        again, training, held_out, replace(CONFIG, beats=schedule), tmp_path, lines.append
    )
    np.testing.assert_array_equal(predict_beats(again, held_out[0]), left)
    assert len(lines) == 10


# --- calibration and thresholds -----------------------------------------------------------


def _nll(probability: Floats, truth: NDArray[np.int8]) -> float:
    return float(-np.log(probability[np.arange(len(truth)), truth]).mean())


def _calibrated(n: int = 40_000) -> tuple[Floats, NDArray[np.int8]]:
    """Return calibrated probabilities, and classes drawn with them."""
    rng = np.random.default_rng(7)
    right = softmax(rng.normal([1.5, 0, 0, -0.5, -0.5], 1.5, size=(n, 5)))
    u = rng.random((n, 1))
    truth = np.minimum((u > right.cumsum(axis=1)).sum(axis=1), 4)
    return right, truth.astype(np.int8)


def test_calibration_recovers_a_known_temperature_and_bias() -> None:
    right, truth = _calibrated()
    bias = np.array([0, 0.8, -0.7, 0.4, 0])
    wrong = softmax(1.7 * (np.log(right) - bias))
    fitted = fit_calibration(wrong, truth)
    assert fitted.temperature == pytest.approx(1.7, abs=0.05)
    np.testing.assert_allclose(fitted.bias, bias, atol=0.08)
    assert fitted.bias[0] == 0
    calibrated = calibrate(wrong, fitted)
    assert _nll(calibrated, truth) < _nll(wrong, truth) - 0.03
    assert _nll(calibrated, truth) == pytest.approx(_nll(right, truth), abs=2e-3)


def test_calibration_leaves_right_probabilities_and_absent_classes_alone() -> None:
    right, truth = _calibrated()
    fitted = fit_calibration(right, truth)
    assert fitted.temperature == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(fitted.bias, 0, atol=0.06)
    normal = np.zeros(50, dtype=np.int8)
    certain = np.tile(np.array([1, 0, 0, 0, 0], np.float32), (50, 1))
    assert np.isfinite(fit_calibration(certain, normal).bias).all()


def _f1(called: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * np.sum(called & truth) / (called.sum() + truth.sum()))


def test_threshold_of_abnormal_has_the_best_f1_of_all() -> None:
    probability, truth = _calibrated(2000)
    chosen = choose_thresholds(probability, truth)
    abnormal = 1 - probability[:, 0]
    best = max(_f1(abnormal >= t, truth > 0) for t in np.unique(abnormal))
    assert _f1(abnormal >= chosen.abnormal, truth > 0) == pytest.approx(best, abs=2e-3)
    assert len(chosen.weight) == len(AAMI_CLASSES[1:])


def test_weights_serve_the_rare_classes() -> None:
    # F is always second to V by a factor under 4: only its weight can bring it out.
    truth = np.array([0] * 50 + [2] * 30 + [3] * 10, dtype=np.int8)
    probability = np.zeros((90, 5), dtype=np.float32)
    probability[:50, 0] = 1
    probability[50:80, [2, 3]] = 0.95, 0.05
    probability[80:, [2, 3]] = 0.7, 0.3
    chosen = choose_thresholds(probability, truth)
    assert chosen.weight[2] == 4.0
    np.testing.assert_array_equal(decide(probability, chosen), truth)


def test_what_is_doubtful_and_hardly_ever_right_is_n() -> None:
    # 300 sure V, all right; 30 doubtful ones, 4 of them right: 0.6% of the V.
    probability = np.zeros((1000, 5), dtype=np.float32)
    probability[:, 0] = 1
    probability[:300, [0, 2]] = 0.1, 0.9
    probability[300:330, [0, 2]] = 0.48, 0.52
    truth = np.zeros(1000, dtype=np.int8)
    truth[:304] = 2
    chosen = choose_thresholds(probability, truth)
    assert chosen.least[1] == pytest.approx(0.8)
    assert np.flatnonzero(decide(probability, chosen)).tolist() == list(range(300))
    # Where all that is doubtful is right, all of it counts.
    truth[:330] = 2
    chosen = choose_thresholds(probability, truth)
    assert chosen.least[1] <= 0.5
    assert np.count_nonzero(decide(probability, chosen)) == 330


def test_threshold_stays_off_the_ends() -> None:
    truth = np.array([0, 0, 2, 2], dtype=np.int8)
    certain = np.eye(5, dtype=np.float32)[truth]
    assert choose_thresholds(certain, truth).abnormal == 0.95
    doubtful = np.array([[1, 0, 0, 0, 0], [0.99, 0, 0.01, 0, 0]], np.float32)[[0, 0, 1, 1]]
    assert choose_thresholds(doubtful, truth).abnormal == 0.05


# --- which R-peaks are beats --------------------------------------------------------------

NO_FEATURES = np.zeros((5, 1), dtype=np.float32)


def test_f1_of_r_peaks_counts_missed_and_extra_ones_and_leaves_out_the_unknown() -> None:
    table = _of([0, 2, NO_BEAT, -1, 0], NO_FEATURES, peak_score=[0.9, 0.4, 0.9, 0.9, 0.9], missed=1)
    beat_probability = np.array([0.9, 0.9, 0.8, 0.9, 0.1], dtype=np.float32)

    def f1(peak: float, beat: float, window: float = 0.15) -> float:
        return r_peak_f1(
            [table], [beat_probability], Thresholds(peak=peak, beat=beat), window=window
        )

    # Four beats in the reference, one of which has no R-peak.
    assert f1(0.3, 0.0) == pytest.approx(2 * 3 / (4 + 4))
    assert f1(0.3, 0.5) == pytest.approx(2 * 2 / (4 + 3))
    assert f1(0.5, 0.5) == pytest.approx(2 * 1 / (4 + 2))
    assert f1(0.5, 0.85) == pytest.approx(2 * 1 / (4 + 1))
    table = _of([0] * 5, NO_FEATURES, offset=-0.1)
    assert f1(0.3, 0.0) == 1
    assert f1(0.3, 0.0, window=0.05) == 0


def test_low_scores_are_candidates_where_the_head_is_better_than_the_score() -> None:
    table = _of([0, 0, 0, NO_BEAT, NO_BEAT], NO_FEATURES, peak_score=[0.9, 0.9, 0.35, 0.6, 0.6])
    right = np.array([0.9, 0.9, 0.9, 0.1, 0.1], dtype=np.float32)
    assert choose_beat_thresholds([[table]], [[right]])["peak"] == 0.3
    wrong = np.array([0.9, 0.9, 0.1, 0.45, 0.15], dtype=np.float32)
    chosen = choose_beat_thresholds([[table]], [[wrong]])
    assert chosen == {"peak": 0.5, "beat": 0.5, "beat_in_noise": 0.5}


def test_clean_records_do_not_suffer_for_changed_ones() -> None:
    clean = _of([0] * 4 + [NO_BEAT], NO_FEATURES)
    doubts = np.array([0.9, 0.9, 0.9, 0.45, 0.05], dtype=np.float32)
    changed = [_of([0, 0, 0, NO_BEAT, NO_BEAT], NO_FEATURES) for _ in range(40)]
    many = [np.array([0.9, 0.9, 0.42, 0.42, 0.42], dtype=np.float32) for _ in range(40)]
    assert choose_beat_thresholds([changed], [many])["beat"] == 0.5
    assert choose_beat_thresholds([[clean], changed], [[doubts], many])["beat"] == 0.4
    # Not even for all of their errors, where a tenth as many are to be had in the clean ones.
    right = [np.array([0.9, 0.9, 0.9, 0.42, 0.42], dtype=np.float32) for _ in range(40)]
    spared = choose_beat_thresholds([[clean], changed], [[doubts], right])
    assert (spared["beat"], spared["beat_in_noise"]) == (0.4, 0.5)
    assert choose_beat_thresholds([changed, [clean]], [right, [doubts]])["beat"] == 0.5


def test_trunks_that_detect_no_beat_are_one_line(tmp_path: Path) -> None:
    tables = {k: BeatTables([_of([NO_BEAT] * 5, NO_FEATURES, missed=9)], [], []) for k in range(2)}
    with pytest.raises(ModelError, match="expected trunks that find R-peaks"):
        fit_heads({}, tables, CONFIG, tmp_path, print)


def test_what_is_called_ectopic_in_normal_recordings_raises_the_threshold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def predictions(_: Any, table: BeatTable) -> Floats:
        """Read P(V) of each beat from its only feature."""
        probability = np.zeros((len(table.features), 6), dtype=np.float32)
        probability[:, 2] = table.features[:, 0]
        probability[:, 0] = 1 - probability[:, 2]
        return probability

    def of(class_index: int, p_v: float, n: int) -> BeatTable:
        return _of([class_index] * n, np.full((n, 1), p_v, dtype=np.float32))

    monkeypatch.setattr(cross_fitting, "predict_beats", predictions)
    monkeypatch.setattr(cross_fitting, "fit_calibration", lambda *_: Calibration())
    surely_v, perhaps_v = of(2, 0.9, 100), of(2, 0.6, 20)
    known = [of(0, 0.02, 500), surely_v, perhaps_v]
    weak = [of(0, 0.6, 100)] * WEAK_STEP  # one of them counts

    def least_abnormal(weak: list[BeatTable]) -> float:
        tables = {0: BeatTables(known, [], [], weak)}
        return evaluate_out_of_fold({0: Mock()}, tables).thresholds.abnormal

    assert least_abnormal([]) < least_abnormal(weak)
    # Candidates that may be no beat at all do not count.
    unsure = [_of([-1] * 100, np.full((100, 1), 0.6, dtype=np.float32))] * WEAK_STEP
    assert least_abnormal(unsure) == least_abnormal([])


def test_heads_learn_from_few_copies_whose_rate_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(name: str) -> BeatTable:
        return replace(_of([0], NO_FEATURES), name=name)

    def fit(_head: Any, learned: list[BeatTable], *_: Any, **__: Any) -> None:
        names.append([table.name for table in learned])

    def fold(k: int) -> BeatTables:
        copies = [named(f"{k}/{n}/{kind}") for n in range(9) for kind in ("a", "changing_rate")]
        return BeatTables([named(f"{k}/0")], copies, [])

    names: list[list[str]] = []
    monkeypatch.setattr(cross_fitting, "fit_beat_head", fit)
    monkeypatch.setattr(cross_fitting, "evaluate_out_of_fold", lambda *_: None)
    fit_heads({0: Mock(), 1: Mock()}, {0: fold(0), 1: fold(1)}, CONFIG, tmp_path, print)
    for k, learned in zip((1, 0), names, strict=True):  # each from the other fold
        changing = [name for name in learned if name.endswith("changing_rate")]
        assert changing == [f"{k}/{n}/changing_rate" for n in (3, 7)]
        assert len(learned) == 1 + 9 + 9 // CHANGING_STEP
