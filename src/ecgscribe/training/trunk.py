"""Fit the trunk: R-peak scores and frame classes, from windows of conditioned signal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_text
from ecgscribe.metrics import performance
from ecgscribe.model.decision import softmax
from ecgscribe.training.batches import Pool, draw_batch, make_targets
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.losses import class_loss, peak_loss
from ecgscribe.training.rhythm_augmentation import remake
from ecgscribe.training.run_folder import Log, save_weights, write_history
from ecgscribe.training.thresholds import peak_f1

__all__ = ["Floats", "fit_trunk", "validate_trunk"]
Floats = NDArray[np.float32]


def _batches(draw: Callable[..., Any], n: int) -> Any:
    """Make the batches of one pass, drawn while the ones before them are learnt from."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return n

        def __getitem__(self, index: int) -> Any:
            return draw(index=index)

    return Batches(workers=2, max_queue_size=6)


def validate_trunk(
    trunk: Any, held_out: Sequence[Example], config: TrainingConfig
) -> dict[str, float]:
    """Score held-out patients: R-peak F1 at 150 and 50 ms, AUPRC of abnormal frames at beats."""
    scores = score_examples(trunk, held_out, config)
    abnormal, truth = [], []
    for score, example in zip(scores, held_out, strict=True):
        abnormal.append(1 - softmax(score.class_logits_at(example.step))[:, 0])
        truth.append(example.class_index > 0)
    curve = performance.pr_curve(np.concatenate(abnormal), np.concatenate(truth))
    return {
        "val_auprc": performance.average_precision(curve),
        "val_peak_f1_150": peak_f1(scores, held_out, threshold=0.5, window=0.15),
        "val_peak_f1_50": peak_f1(scores, held_out, threshold=0.5, window=0.05),
    }


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
        As `ecgscribe.model.network.build_trunk` gives it; changed in place.
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
