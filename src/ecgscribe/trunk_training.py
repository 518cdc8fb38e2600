"""Fit the trunk: R-peak scores and frame classes, from windows of conditioned signal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe import ec57, metrics
from ecgscribe.beats import rows_at, softmax
from ecgscribe.formats import atomic_write, write_text
from ecgscribe.peaks import find_beats
from ecgscribe.record import Annotation
from ecgscribe.rhythms import remake
from ecgscribe.runtime import Scores, score_signal
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example, Pool, draw_batch, make_targets
from ecgscribe.windows import FS

__all__ = [
    "Log",
    "choose_peak_threshold",
    "class_loss",
    "fit_trunk",
    "match",
    "peak_loss",
    "save_weights",
    "trunk_scores",
    "validate_trunk",
    "write_history",
]

# Beats of a class as a window drawn at random from DS1 and svdb holds them, in parts of 1,000.
CLASS_SHARE = np.array([918.0, 36.0, 42.0, 3.5, 0.5])
CLASS_WEIGHT = np.minimum(np.sqrt(CLASS_SHARE[0] / CLASS_SHARE), 8)
PEAK_THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Those to choose from; of equals the first."""
Log = Callable[[str], None]
Floats = NDArray[np.float32]


def class_loss(config: TrainingConfig) -> Any:
    """Make the loss of class logits against indices, masked where the index is negative.

    Parameters
    ----------
    config : TrainingConfig
        Its ``imbalance.beat_loss`` says how rare classes count.

    Returns
    -------
    callable
        From targets (batch, n) and logits (batch, n, 5), or 6 with that of no beat, which counts
        as N does, to the mean loss over beats.
    """
    from keras import ops

    kind = config.imbalance.beat_loss
    of_class = np.append(CLASS_WEIGHT, CLASS_WEIGHT[0])
    if kind != "weighted":
        of_class = np.ones(NO_BEAT + 1)

    def loss(target: Any, logits: Any) -> Any:
        is_beat = ops.cast(target >= 0, "float32")
        n_answers = logits.shape[-1]
        weight = of_class[:n_answers].astype(np.float32)
        one_hot = ops.one_hot(ops.cast(ops.maximum(target, 0), "int32"), n_answers)
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


def _batches(draw: Callable[..., Any], n: int) -> Any:
    """Make the batches of one pass, drawn while the ones before them are learnt from."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return n

        def __getitem__(self, index: int) -> Any:
            return draw(index=index)

    return Batches(workers=2, max_queue_size=6)


def trunk_scores(trunk: Any, signal: Floats, *, frame: int) -> Scores:
    """Score a conditioned signal with the Keras trunk, in the windows that annotation uses."""

    def predict(windows: Floats) -> tuple[Any, Any]:
        peak, frame_class = trunk.predict_on_batch(windows)
        return np.asarray(peak), np.asarray(frame_class)

    return score_signal(predict, signal, frame=frame)


def _scores(trunk: Any, examples: Sequence[Example], config: TrainingConfig) -> list[Scores]:
    return [trunk_scores(trunk, e.signal, frame=config.architecture.frame) for e in examples]


def _annotation(step: NDArray[np.float64]) -> Annotation:
    sample = np.rint(step * 8).astype(np.int64)
    return Annotation(np.sort(sample), np.full(len(step), "N"), FS * 8.0)


def match(
    step: NDArray[np.float64], example: Example, *, window: float = 0.15
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair R-peaks with the reference beats of a record, as ANSI/AAMI EC57 does.

    Parameters
    ----------
    step : ndarray of float64, shape (n_beats,)
    example : Example
    window : float
        Seconds.

    Returns
    -------
    of_reference, of_step : ndarray of int64, shape (n_pairs,)
    """
    pairs = ec57.compare(_annotation(example.step), _annotation(step), start=0, window=window).pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    return pairs.reference_index[both], pairs.test_index[both]


def peak_f1(
    scores: Sequence[Scores],
    held_out: Sequence[Example],
    *,
    threshold: float,
    window: float,
) -> float:
    """Give the gross F1 of the R-peaks over held-out records."""
    found = wanted = called = 0
    for score, example in zip(scores, held_out, strict=True):
        step, _ = find_beats(score.peak, example.signal, threshold=threshold)
        step = step[~example.masked[step.astype(np.int64)]]
        found += len(match(step, example, window=window)[0])
        wanted += len(example.step)
        called += len(step)
    return 2 * found / max(wanted + called, 1)


def choose_peak_threshold(scores: Sequence[Scores], held_out: Sequence[Example]) -> float:
    """Choose the R-peak threshold with the best mean F1 at 150 and 50 ms on held-out records.

    Parameters
    ----------
    scores : sequence of Scores
        From trunks that had not seen the records.
    held_out : sequence of Example
        The records, in the same order.

    Returns
    -------
    float
    """

    def figure(threshold: float) -> float:
        return sum(peak_f1(scores, held_out, threshold=threshold, window=w) for w in (0.15, 0.05))

    return float(max(PEAK_THRESHOLDS, key=figure))


def validate_trunk(
    trunk: Any, held_out: Sequence[Example], config: TrainingConfig
) -> dict[str, float]:
    """Score held-out patients: R-peak F1 at 150 and 50 ms, AUPRC of abnormal frames at beats."""
    scores = _scores(trunk, held_out, config)
    abnormal, truth = [], []
    for score, example in zip(scores, held_out, strict=True):
        at_beats = rows_at(score.frame_class, example.step, frame=config.architecture.frame)
        abnormal.append(1 - softmax(at_beats)[:, 0])
        truth.append(example.class_index > 0)
    curve = metrics.pr_curve(np.concatenate(abnormal), np.concatenate(truth))
    return {
        "val_auprc": metrics.average_precision(curve),
        "val_peak_f1_150": peak_f1(scores, held_out, threshold=0.5, window=0.15),
        "val_peak_f1_50": peak_f1(scores, held_out, threshold=0.5, window=0.05),
    }


def save_weights(model: Any, path: Path) -> None:
    """Write the weights of a Keras model, whole or not at all."""
    atomic_write(path, model.save_weights, force=True)


def write_history(path: Path, history: Sequence[Mapping[str, object]]) -> None:
    """Write the course of a training, or another table of rows, as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in history for key in row)))
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue(), force=True)


def _pools(training: Sequence[Example], config: TrainingConfig) -> list[Pool]:
    """Give the records as they are and, where asked for, with other rhythms."""
    made: list[Example] = []
    if config.imbalance.augment and config.trunk.rhythms > 0:
        for number, example in enumerate(training):
            made += remake(example, np.random.default_rng([config.seed, number]))
    share = config.trunk.rhythms if made else 0.0
    pools = [Pool(training, [make_targets(e, config) for e in training], 1 - share)]
    if made:
        pools.append(Pool(made, [make_targets(e, config) for e in made], share))
    return pools


def fit_trunk(
    trunk: Any,
    training: Sequence[Example],
    held_out: Sequence[Example],
    noise: Sequence[Floats],
    config: TrainingConfig,
    run: Path,
    log: Log,
) -> None:
    """Fit the trunk, with a checkpoint after every pass.

    A trunk that comes to the end of its schedule has its last weights, one that is stopped early
    those that served the held-out patients best.

    Parameters
    ----------
    trunk : keras.Model
        As `ecgscribe.network.build_trunk` gives it; changed in place.
    training, held_out : sequence of Example
        Records of different patients. With none held out, training is not stopped early.
    noise : sequence of ndarray
        Noise recordings for augmentation.
    config : TrainingConfig
    run : Path
        Folder of the trunk's checkpoints. A run that was killed goes on from its last pass.
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
    fitted = keras.Model(trunk.input, {"peak": trunk.outputs[0], "frame_class": trunk.outputs[1]})
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
        log(f"going on after pass {state['done']}")
    pools = _pools(training, config)
    for number in range(state["done"] + 1, schedule.passes + 1):
        looks = (number - 1) // schedule.validate_every * schedule.validate_every
        if held_out and looks - state["best_pass"] >= schedule.patience:
            log(f"no better figure in {schedule.patience} passes, stopped")
            trunk.load_weights(best)
            break
        draw = partial(draw_batch, pools, noise, config, number=number)
        batches = _batches(draw, schedule.steps)
        # In the order of their numbers, so that a run that goes on is the run that was not killed.
        course = fitted.fit(batches, verbose=0, shuffle=False).history
        row = {key: float(values[0]) for key, values in course.items()}
        text = f"pass {number}/{schedule.passes}: loss {row['loss']:.4f}"
        if held_out and (number % schedule.validate_every == 0 or number == schedule.passes):
            row |= validate_trunk(trunk, held_out, config)
            figure = row["val_auprc"] + 10 * row["val_peak_f1_150"] + 3 * row["val_peak_f1_50"]
            text += (
                f", held-out AUPRC {row['val_auprc']:.4f}, R-peak F1 "
                f"{100 * row['val_peak_f1_150']:.2f} (150 ms) "
                f"{100 * row['val_peak_f1_50']:.2f} (50 ms)"
            )
            if figure > state["best"]:
                state |= {"best": figure, "best_pass": number}
                save_weights(trunk, best)
        state["history"].append({"pass": number} | row)
        state["done"] = number
        save_weights(fitted, last)
        write_text(state_path, json.dumps(state), force=True)
        log(text)
    write_history(run / "trunk.csv", state["history"])
