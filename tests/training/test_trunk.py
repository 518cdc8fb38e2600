"""The losses against the same in NumPy, validation, checkpoints and early stop of the trunk."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.files import write_csv
from ecgscribe.model.network import build_trunk
from ecgscribe.model.scoring import HALO_S, WINDOW_S
from ecgscribe.signal.windows import FS
from ecgscribe.training import trunk as trunk_module
from ecgscribe.training.config import Imbalance
from ecgscribe.training.examples import Example, make_example
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.losses import CLASS_FREQUENCY, class_loss, peak_loss
from ecgscribe.training.thresholds import choose_peak_threshold
from ecgscribe.training.trunk import fit_trunk, validate_trunk
from support.tiny_training import CONFIG

# Keras reads TensorFlow's arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Floats = NDArray[np.float32]


# --- losses -------------------------------------------------------------------------------


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _obvious_class_loss(kind: str, target: Floats, logits: Floats) -> float:
    total, beats = 0.0, 0
    for index, log_p in zip(target.ravel(), _log_softmax(logits).reshape(-1, 5), strict=True):
        if index < 0:
            continue
        k = int(index)
        each = -float(log_p[k])
        if kind == "weighted":
            each *= min((CLASS_FREQUENCY[0] / CLASS_FREQUENCY[k]) ** 0.5, 8)
        if kind == "focal":
            each *= (1 - float(np.exp(log_p[k]))) ** 2
        total += each
        beats += 1
    return total / (beats + 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["weighted", "focal", "plain"])
def test_class_loss_is_that_of_the_beats_alone(
    kind: Literal["weighted", "focal", "plain"],
) -> None:
    rng = np.random.default_rng(5)
    target = rng.integers(-1, 5, size=(3, 20)).astype(np.float32)
    logits = rng.normal(0, 2, size=(3, 20, 5)).astype(np.float32)
    loss = class_loss(replace(CONFIG, imbalance=Imbalance(beat_loss=kind)))
    expected = _obvious_class_loss(kind, target, logits)
    assert float(loss(target, logits)) == pytest.approx(expected, rel=1e-5)
    logits[target < 0] = 77
    assert float(loss(target, logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_class_loss_without_beats_is_0() -> None:
    loss = class_loss(CONFIG)
    assert float(loss(np.full((2, 4), -1, np.float32), np.ones((2, 4, 5), np.float32))) == 0


@pytest.mark.slow
def test_weight_of_a_class_grows_as_the_root_of_its_rarity_up_to_8() -> None:
    logits, loss = np.zeros((1, 1, 5), np.float32), class_loss(CONFIG)
    weight = [float(loss(np.full((1, 1), k, np.float32), logits)) for k in range(5)]
    np.testing.assert_allclose(np.array(weight) / weight[0], [1, 5.05, 4.675, 8, 8], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "weight"), [("weighted", 2.5), ("none", 1.0)])
def test_peak_loss_is_that_of_the_unmasked_steps(
    kind: Literal["weighted", "none"], weight: float
) -> None:
    rng = np.random.default_rng(6)
    target = rng.choice([-1, 0, 0.3, 1], size=(2, 30, 1)).astype(np.float32)
    score = rng.uniform(0, 1, size=(2, 30, 1)).astype(np.float32)
    score[0, :2, 0] = 0, 1
    unmasked = target >= 0
    y, p = target[unmasked].astype(float), np.clip(score[unmasked].astype(float), 1e-6, 1 - 1e-6)
    entropy = -(weight * y * np.log(p) + (1 - y) * np.log(1 - p))
    expected = 10 * entropy.sum() / (unmasked.sum() + 1)
    loss = peak_loss(replace(CONFIG, imbalance=Imbalance(peak=kind, peak_weight=2.5)))
    assert float(loss(target, score)) == pytest.approx(expected, rel=1e-3)
    score[~unmasked] = 0.9
    assert float(loss(target, score)) == pytest.approx(expected, rel=1e-3)


# --- validation ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [make_example(f"x{k}", *synthesize(duration=90, seed=k, v_rate=0.2)) for k in range(3)]


class _Oracle:
    """A trunk that returns the R-peaks and the classes of one record after another."""

    def __init__(self, examples: list[Example], height: float, shift: int = 0) -> None:
        self.scores = []
        for example in examples:
            peak = np.zeros((len(example.signal), 1), dtype=np.float32)
            peak[np.rint(example.r_peaks).astype(int) + shift] = height
            logits = np.zeros((len(example.signal) // 8, 5), dtype=np.float32)
            frame = np.floor((example.r_peaks + 0.5) / 8).astype(int)
            logits[np.clip(frame, 0, len(logits) - 1), example.class_index] = 5
            self.scores.append((peak, logits))
        self.windows = 0

    def predict_on_batch(self, windows: Floats) -> tuple[Floats, Floats]:
        # A window begins 4 s early and covers all but 8 s: one holds 90 s.
        peak, logits = self.scores[self.windows]
        self.windows += len(windows)
        return self._window(peak, 1)[None], self._window(logits, 8)[None]

    def _window(self, scores: Floats, every: int) -> Floats:
        padded = np.pad(scores, ((HALO_S * FS // every, WINDOW_S * FS // every), (0, 0)))
        return padded[: WINDOW_S * FS // every]


def test_validation_of_a_perfect_trunk_is_perfect(examples: list[Example]) -> None:
    metrics = validate_trunk(_Oracle(examples, 0.9), examples, CONFIG)
    assert metrics == {
        "val_auprc": pytest.approx(1),
        "val_peak_f1_150": 1.0,
        "val_peak_f1_50": 1.0,
    }


def test_validation_separates_50_ms_from_150_ms(examples: list[Example]) -> None:
    # In a flat signal nothing moves a peak from where the trunk puts it.
    flat = [replace(example, signal=np.zeros_like(example.signal)) for example in examples]
    metrics = validate_trunk(_Oracle(flat, 0.9, shift=-10), flat, CONFIG)
    assert metrics["val_peak_f1_150"] > 0.98
    assert metrics["val_peak_f1_50"] < 0.05


@pytest.mark.parametrize(("height", "threshold"), [(0.9, 0.5), (0.45, 0.4), (0.25, 0.2)])
def test_threshold_of_the_r_peak_is_one_that_finds_them(
    height: float, threshold: float, examples: list[Example]
) -> None:
    oracle = _Oracle(examples, height)
    scores = score_examples(oracle, examples, CONFIG)
    assert choose_peak_threshold(scores, examples) == threshold


# --- schedule -----------------------------------------------------------------------------


def _fit(
    folder: Path, examples: list[Example], monkeypatch: pytest.MonkeyPatch, **schedule: Any
) -> tuple[list[str], list[dict[str, str]], Any]:
    """Fit a small trunk whose held-out result is best at the first evaluation."""
    evaluations = iter(range(100))
    monkeypatch.setattr(
        trunk_module,
        "validate_trunk",
        lambda *_: (
            {"val_auprc": 0.5 / (1 + next(evaluations)), "val_peak_f1_150": 0.0}
            | {"val_peak_f1_50": 0.0}
        ),
    )
    config = replace(CONFIG, trunk=replace(CONFIG.trunk, steps=1, batch=2, **schedule))
    trunk = build_trunk(config.architecture)
    lines: list[str] = []
    fit_trunk(trunk, examples[:2], examples[2:], [], config, folder, lines.append)
    with (folder / "trunk.csv").open(newline="") as file:
        return lines, list(csv.DictReader(file)), trunk


@pytest.mark.slow
def test_training_stops_without_a_better_result_and_keeps_the_best(
    tmp_path: Path, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = {"epochs": 20, "patience": 3, "validate_every": 2}
    lines, rows, trunk = _fit(tmp_path, examples, monkeypatch, **schedule)
    # Best at epoch 2; 4 is two epochs later, 6 is four.
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [bool(row["val_auprc"]) for row in rows] == [False, True] * 3
    assert lines[-1] == "stopped: no better result in 3 epochs"
    state = json.loads((tmp_path / "trunk-state.json").read_text())
    assert (state["done"], state["best_epoch"]) == (6, 2)
    left = [w.copy() for w in trunk.get_weights()]
    trunk.load_weights(tmp_path / "trunk-best.weights.h5")
    for kept, best in zip(left, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, best)

    again, rows_again, _ = _fit(tmp_path, examples, monkeypatch, **schedule)
    assert again == ["resuming after epoch 6", lines[-1]]
    assert rows_again == rows


@pytest.mark.slow
def test_training_that_completes_its_schedule_keeps_its_last_weights(
    tmp_path: Path, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = {"epochs": 4, "patience": 9, "validate_every": 2}
    lines, rows, trunk = _fit(tmp_path, examples, monkeypatch, **schedule)
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert "held-out AUPRC 0.2500" in lines[-1]
    kept = [w.copy() for w in trunk.get_weights()]
    trunk.load_weights(tmp_path / "trunk-best.weights.h5")
    pairs = zip(kept, trunk.get_weights(), strict=True)
    assert not all(np.array_equal(last, best) for last, best in pairs)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "trunk-best.weights.h5",
        "trunk-last.weights.h5",
        "trunk-state.json",
        "trunk.csv",
    ]


@pytest.mark.slow
def test_training_without_held_out_patients_completes_its_schedule(
    tmp_path: Path, examples: list[Example]
) -> None:
    trunk = build_trunk(CONFIG.architecture)
    schedule = replace(CONFIG.trunk, epochs=3, patience=1, validate_every=1, steps=1, batch=2)
    lines: list[str] = []
    config = replace(CONFIG, trunk=schedule)
    fit_trunk(trunk, examples, [], [], config, tmp_path, lines.append)
    assert [line.partition(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert not (tmp_path / "trunk-best.weights.h5").exists()


def test_history_has_a_column_for_every_metric(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write_csv(path, [{"epoch": 1, "loss": 2.5}, {"epoch": 2, "loss": 2, "val": 0.5}])
    assert path.read_bytes() == b"epoch,loss,val\r\n1,2.5,\r\n2,2,0.5\r\n"
