"""Fit the trunk: R-peak scores and frame classes, from windows of conditioned signal."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe import ec57, metrics
from ecgscribe.augment import augment
from ecgscribe.beats import features_at, softmax
from ecgscribe.peaks import find_peaks
from ecgscribe.record import Annotation
from ecgscribe.runtime import Scores, score_signal
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example, draw_starts
from ecgscribe.windows import FS, STEPS_PER_FRAME, class_targets, frame_of, peak_targets

__all__ = ["choose_peak_threshold", "class_loss", "fit_trunk", "frame_steps", "trunk_scores"]

N_CLASSES = len(AAMI_CLASSES)
# Beats of a class as a window drawn at random from DS1 and svdb holds them, in parts of 1,000.
CLASS_SHARE = np.array([918.0, 36.0, 42.0, 3.5, 0.5])
Log = Callable[[str], None]


def frame_steps(config: TrainingConfig) -> int:
    """Steps that one frame of the configured trunk spans."""
    return STEPS_PER_FRAME if config.architecture.preset == "default" else 1


def class_loss(config: TrainingConfig) -> Any:
    """Make the loss of class logits against indices, masked where the index is negative.

    Parameters
    ----------
    config : TrainingConfig
        Its ``imbalance.beat_loss`` says how rare classes count.

    Returns
    -------
    callable
        From targets (batch, n) and logits (batch, n, 5) to the mean loss over beats.
    """
    from keras import ops

    kind = config.imbalance.beat_loss
    weight = np.ones(N_CLASSES, dtype=np.float32)
    if kind == "weighted":
        weight = np.minimum(np.sqrt(CLASS_SHARE[0] / CLASS_SHARE), 8).astype(np.float32)

    def loss(target: Any, logits: Any) -> Any:
        is_beat = ops.cast(target >= 0, "float32")
        one_hot = ops.one_hot(ops.cast(ops.maximum(target, 0), "int32"), N_CLASSES)
        log_p = ops.sum(ops.log_softmax(logits) * one_hot, axis=-1)
        each = -log_p * ops.sum(one_hot * weight, axis=-1)
        if kind == "focal":
            each = each * ops.square(1 - ops.exp(log_p))
        return ops.sum(each * is_beat) / (ops.sum(is_beat) + 1.0)

    return loss


def peak_loss(config: TrainingConfig) -> Any:
    """Make the binary cross-entropy of the sigmoid, masked where the target is negative."""
    from keras import ops

    weight = config.imbalance.peak_weight if config.imbalance.peak == "weighted" else 1.0

    def loss(target: Any, score: Any) -> Any:
        known = ops.cast(target >= 0, "float32")
        target = ops.maximum(target, 0.0)
        score = ops.clip(score, 1e-6, 1 - 1e-6)
        entropy = -(target * ops.log(score) * weight + (1 - target) * ops.log(1 - score))
        # Few steps hold an R-peak: the factor keeps the loss near 1 at the start.
        return 10 * ops.sum(entropy * known) / (ops.sum(known) + 1.0)

    return loss


def _targets(
    examples: Sequence[Example], config: TrainingConfig
) -> list[tuple[NDArray[np.float32], NDArray[np.int8]]]:
    """Make each record's targets once: R-peaks at every step, classes at every frame."""
    every = frame_steps(config)
    reach = 1 if every > 1 else int(0.05 * FS)
    made = []
    for example in examples:
        n = len(example.signal)
        peak = peak_targets(example.step, n, width=config.trunk.peak_width)
        peak[example.masked] = -1
        n_frames = -(-n // every)
        position = frame_of(example.step, n_frames) if every > 1 else np.rint(example.step)
        kind = class_targets(
            position.astype(np.int64), example.class_index, n_frames, reach=reach
        )
        made.append((peak, kind))
    return made


def _window(
    sequence: NDArray[Any], start: int, length: int, outside: float
) -> NDArray[Any]:
    window = np.full((length, *sequence.shape[1:]), outside, dtype=sequence.dtype)
    begin, end = max(start, 0), min(start + length, len(sequence))
    window[begin - start : end - start] = sequence[begin:end]
    return window


def _batches(
    examples: Sequence[Example],
    targets: Sequence[tuple[NDArray[np.float32], NDArray[np.int8]]],
    noise: Sequence[NDArray[np.float32]],
    config: TrainingConfig,
    number: int,
) -> Any:
    """Make the batches of one pass; the seed and the pass alone decide what they hold."""
    import keras

    trunk, every = config.trunk, frame_steps(config)
    length = int(trunk.window_s * FS) // STEPS_PER_FRAME * STEPS_PER_FRAME
    balanced = config.imbalance.sampling == "balanced"

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return trunk.steps

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            rng = np.random.default_rng([config.seed, number, index])
            signals, peaks, classes = [], [], []
            for which, at in draw_starts(
                examples, trunk.batch, length, rng, balanced=balanced
            ):
                start = at // every * every
                signal = _window(examples[which].signal, start, length, 0)
                if config.imbalance.augment:
                    signal = augment(signal, noise, rng)
                signals.append(signal)
                peak, kind = targets[which]
                peaks.append(_window(peak, start, length, 0)[:, None])
                classes.append(_window(kind, start // every, length // every, -1))
            return np.stack(signals), {
                "peak": np.stack(peaks),
                "frame_class": np.stack(classes).astype(np.float32),
            }

    return Batches(workers=2, max_queue_size=6)


def trunk_scores(trunk: Any, example: Example, config: TrainingConfig) -> Scores:
    """Score one example with the Keras trunk, in the windows that annotation uses."""

    def predict(windows: NDArray[np.float32]) -> tuple[Any, Any, Any]:
        peak, features, frame_class = trunk.predict_on_batch(windows)
        return np.asarray(peak), np.asarray(features), np.asarray(frame_class)

    return score_signal(predict, example.signal, frame=frame_steps(config))


def _annotation(step: NDArray[np.float64]) -> Annotation:
    sample = np.rint(step * 8).astype(np.int64)
    return Annotation(np.sort(sample), np.full(len(step), "N"), FS * 8.0)


def _peak_f1(
    scores: Sequence[Scores],
    held_out: Sequence[Example],
    *,
    threshold: float,
    window: float,
) -> float:
    """Give the gross F1 of the R-peaks over held-out records."""
    found = wanted = called = 0
    for score, example in zip(scores, held_out, strict=True):
        step, _ = find_peaks(score.peak, threshold=threshold)
        step = step[~example.masked[step.astype(np.int64)]]
        pairs = ec57.compare(
            _annotation(example.step), _annotation(step), start=0, window=window
        ).pairs
        found += int(np.sum((pairs.reference_index >= 0) & (pairs.test_index >= 0)))
        wanted += len(example.step)
        called += len(step)
    return 2 * found / max(wanted + called, 1)


def choose_peak_threshold(
    trunk: Any, held_out: Sequence[Example], config: TrainingConfig
) -> float:
    """Choose the R-peak threshold with the best mean F1 at 150 and 50 ms on held-out records."""
    scores = [trunk_scores(trunk, example, config) for example in held_out]

    def figure(threshold: float) -> float:
        return sum(
            _peak_f1(scores, held_out, threshold=threshold, window=w) for w in (0.15, 0.05)
        )

    return float(max((0.5, 0.4, 0.6, 0.3, 0.7, 0.2), key=figure))


def validate_trunk(
    trunk: Any, held_out: Sequence[Example], config: TrainingConfig
) -> dict[str, float]:
    """Score held-out patients: R-peak F1 at 150 and 50 ms, AUPRC of abnormal frames at beats."""
    scores = [trunk_scores(trunk, example, config) for example in held_out]
    abnormal, truth = [], []
    for score, example in zip(scores, held_out, strict=True):
        at_beats = features_at(score.frame_class, example.step, frame=frame_steps(config))
        abnormal.append(1 - softmax(at_beats)[:, 0])
        truth.append(example.class_index > 0)
    curve = metrics.pr_curve(np.concatenate(abnormal), np.concatenate(truth))
    return {
        "val_auprc": metrics.average_precision(curve),
        "val_peak_f1_150": _peak_f1(scores, held_out, threshold=0.5, window=0.15),
        "val_peak_f1_50": _peak_f1(scores, held_out, threshold=0.5, window=0.05),
    }


def _save(model: Any, path: Path) -> None:
    temporary = path.with_name(f"new-{path.name}")
    model.save_weights(temporary)
    temporary.replace(path)


def fit_trunk(
    trunk: Any,
    training: Sequence[Example],
    held_out: Sequence[Example],
    noise: Sequence[NDArray[np.float32]],
    config: TrainingConfig,
    run: Path,
    log: Log,
) -> None:
    """Fit the trunk, with a checkpoint after every pass; leave the best weights in it.

    Parameters
    ----------
    trunk : keras.Model
        As `ecgscribe.network.build_trunk` gives it; changed in place.
    training, held_out : sequence of Example
        Records of different patients.
    noise : sequence of ndarray
        Noise recordings for augmentation.
    config : TrainingConfig
    run : Path
        Folder of the run. A run that was killed goes on from its last pass.
    log : callable
        Takes one line of progress.
    """
    import keras

    schedule = config.trunk
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.learning_rate * 0.05,
        schedule.passes * schedule.steps,
        alpha=0.01,
        warmup_target=schedule.learning_rate,
        warmup_steps=max(schedule.passes * schedule.steps // 50, 10),
    )
    fitted = keras.Model(trunk.input, {"peak": trunk.outputs[0], "frame_class": trunk.outputs[2]})
    fitted.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0),
        loss={"peak": peak_loss(config), "frame_class": class_loss(config)},
        loss_weights={"peak": 1.0, "frame_class": schedule.class_weight},
    )
    fitted.optimizer.build(fitted.trainable_variables)
    last, best = run / "trunk-last.weights.h5", run / "trunk-best.weights.h5"
    state_path = run / "trunk-state.json"
    state: dict[str, Any] = {"done": 0, "best": -1.0, "best_pass": 0, "history": []}
    if state_path.is_file() and last.is_file():
        state = json.loads(state_path.read_text())
        fitted.load_weights(last)
        log(f"trunk: going on after pass {state['done']}")
    targets = _targets(training, config)
    for number in range(state["done"] + 1, schedule.passes + 1):
        batches = _batches(training, targets, noise, config, number)
        row = {k: float(v[0]) for k, v in fitted.fit(batches, verbose=0).history.items()}
        text = f"trunk pass {number}/{schedule.passes}: loss {row['loss']:.4f}"
        if number % schedule.validate_every == 0 or number == schedule.passes:
            row |= validate_trunk(trunk, held_out, config)
            figure = row["val_auprc"] + 10 * row["val_peak_f1_150"] + 3 * row["val_peak_f1_50"]
            text += (
                f", held-out AUPRC {row['val_auprc']:.4f}, R-peak F1 "
                f"{100 * row['val_peak_f1_150']:.2f} (150 ms) "
                f"{100 * row['val_peak_f1_50']:.2f} (50 ms)"
            )
            if figure > state["best"]:
                state |= {"best": figure, "best_pass": number}
                _save(trunk, best)
        state["history"].append({"pass": number} | row)
        state["done"] = number
        _save(fitted, last)
        temporary = state_path.with_name("new-state.json")
        temporary.write_text(json.dumps(state))
        temporary.replace(state_path)
        log(text)
        if number - state["best_pass"] >= schedule.patience:
            log(f"trunk: no better figure in {schedule.patience} passes, stopped")
            break
    trunk.load_weights(best)
    write_history(run / "trunk.csv", state["history"])


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write the course of a training as CSV."""
    columns = list(dict.fromkeys(key for row in history for key in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(history)
