"""Fit the trunk: R-peak scores and frame classes, from windows of conditioned signal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_csv, write_text
from ecgscribe.metrics import performance
from ecgscribe.model.decision import softmax
from ecgscribe.training.batches import ExamplePool, draw_batch, make_targets
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example
from ecgscribe.training.keras_batches import keras_batches
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.losses import class_loss, peak_loss
from ecgscribe.training.optimizer import build_optimizer
from ecgscribe.training.rhythm_augmentation import augment_rhythm
from ecgscribe.training.run_folder import Log, save_weights
from ecgscribe.training.thresholds import trunk_r_peak_f1

__all__ = ["fit_trunk", "selection_score", "validate_trunk"]

Floats = NDArray[np.float32]

FINAL_RATE = 0.01
"""Learning rate of the last batch, as a part of the highest."""


def fit_trunk(
    trunk: Any,
    training: Sequence[Example],
    held_out: Sequence[Example],
    noise: Sequence[Floats],
    config: TrainingConfig,
    folder: Path,
    log: Log,
) -> None:
    """Fit the trunk, with a checkpoint after every epoch.

    A trunk that completes its schedule has its last weights; one that is stopped early has those
    with the best `selection_score` on held-out patients.

    Parameters
    ----------
    trunk : keras.Model
        From `ecgscribe.model.network.build_trunk`; changed in place.
    training, held_out : sequence of Example
        Records of different patients. With none held out, training is not stopped early.
    noise : sequence of ndarray
        Noise recordings for augmentation.
    config : TrainingConfig
    folder : Path
        Folder of the trunk's checkpoints. An interrupted run resumes after its last epoch.
    log : callable
        Takes one line of progress.
    """
    schedule = config.trunk
    fitted = _compiled(trunk, config)
    last, best = folder / "trunk-last.weights.h5", folder / "trunk-best.weights.h5"
    state_path = folder / "trunk-state.json"
    state: dict[str, Any] = {"done": 0, "best": -1.0, "best_epoch": 0, "history": []}
    if state_path.is_file() and last.is_file():
        state = json.loads(state_path.read_text())
        fitted.load_weights(last)
        log(f"resuming after epoch {state['done']}")
    pools = _pools(training, config)
    for epoch in range(state["done"] + 1, schedule.epochs + 1):
        validated = (epoch - 1) // schedule.validate_every * schedule.validate_every
        if held_out and validated - state["best_epoch"] >= schedule.patience:
            log(f"stopped: no better result in {schedule.patience} epochs")
            trunk.load_weights(best)
            break
        draw = partial(draw_batch, pools, noise, config, epoch=epoch)
        # Not shuffled, so that a resumed run is the run that was not interrupted.
        fit = fitted.fit(keras_batches(draw, schedule.steps), verbose=0, shuffle=False)
        row = {key: float(values[0]) for key, values in fit.history.items()}
        line = f"epoch {epoch}/{schedule.epochs}: loss {row['loss']:.4f}"
        if held_out and (epoch % schedule.validate_every == 0 or epoch == schedule.epochs):
            metrics = validate_trunk(trunk, held_out, config)
            row |= metrics
            line += (
                f", held-out AUPRC {metrics['val_auprc']:.4f}, R-peak F1 "
                f"{100 * metrics['val_peak_f1_150']:.2f} (150 ms) "
                f"{100 * metrics['val_peak_f1_50']:.2f} (50 ms)"
            )
            if (score := selection_score(metrics)) > state["best"]:
                state |= {"best": score, "best_epoch": epoch}
                save_weights(trunk, best)
        state["history"].append({"epoch": epoch} | row)
        state["done"] = epoch
        save_weights(fitted, last)
        write_text(state_path, json.dumps(state), force=True)
        log(line)
    write_csv(folder / "trunk.csv", state["history"])


def validate_trunk(
    trunk: Any, held_out: Sequence[Example], config: TrainingConfig
) -> dict[str, float]:
    """Evaluate the trunk on held-out patients.

    Returns
    -------
    dict
        ``val_auprc``, of abnormal classes at the reference R-peaks; ``val_peak_f1_150`` and
        ``val_peak_f1_50``, F1 of detected R-peaks within 150 and 50 ms.
    """
    scores = score_examples(trunk, held_out, config)
    abnormal, truth = [], []
    for score, example in zip(scores, held_out, strict=True):
        at_beats = score.class_logits_at(example.r_peaks)
        abnormal.append(1 - softmax(at_beats)[:, 0])
        truth.append(example.class_index > 0)
    curve = performance.pr_curve(np.concatenate(abnormal), np.concatenate(truth))
    return {
        "val_auprc": performance.average_precision(curve),
        "val_peak_f1_150": trunk_r_peak_f1(scores, held_out, threshold=0.5, window=0.15),
        "val_peak_f1_50": trunk_r_peak_f1(scores, held_out, threshold=0.5, window=0.05),
    }


def selection_score(metrics: Mapping[str, float]) -> float:
    """Combine the metrics of `validate_trunk` into one number, by which the best epoch is chosen.

    R-peak F1 is close to 1 and differs little between epochs, AUPRC differs a lot. The weights
    bring them to one scale: 0.001 of F1 at 150 ms counts as much as 0.01 of AUPRC, and F1 at 50 ms,
    which also depends on where exactly a peak is placed, counts about a third of that.
    """
    return metrics["val_auprc"] + 10 * metrics["val_peak_f1_150"] + 3 * metrics["val_peak_f1_50"]


def _compiled(trunk: Any, config: TrainingConfig) -> Any:
    """Return the trunk as a model with named outputs, with its losses and its optimizer."""
    import keras

    schedule = config.trunk
    n_batches = schedule.epochs * schedule.steps
    fitted = keras.Model(trunk.input, {"peak": trunk.outputs[0], "frame_class": trunk.outputs[1]})
    fitted.compile(
        build_optimizer(schedule.learning_rate, n_batches, final_part=FINAL_RATE, warm_up=True),
        loss={"peak": peak_loss(config), "frame_class": class_loss(config)},
        loss_weights={"peak": 1.0, "frame_class": schedule.class_weight},
    )
    # Weights of the optimizer are part of a checkpoint, and must exist before one is loaded.
    fitted.optimizer.build(fitted.trainable_variables)
    return fitted


def _pools(training: Sequence[Example], config: TrainingConfig) -> list[ExamplePool]:
    """Return the records as recorded and, if the configuration asks, with other rhythms."""
    made: list[Example] = []
    if config.imbalance.augment and config.trunk.rhythms > 0:
        for k, example in enumerate(training):
            made += augment_rhythm(example, np.random.default_rng([config.seed, k]))
    weight = config.trunk.rhythms if made else 0.0
    pools = [ExamplePool(training, [make_targets(e, config) for e in training], 1 - weight)]
    if made:
        pools.append(ExamplePool(made, [make_targets(e, config) for e in made], weight))
    return pools
