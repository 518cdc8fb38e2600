"""Fit the beat head on trunk features and facts of each beat; calibrate; set thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe import metrics
from ecgscribe.augment import augment
from ecgscribe.beats import calibrate, decide, features_at
from ecgscribe.features import beat_facts
from ecgscribe.network import expert_names
from ecgscribe.runtime import score_beats
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example
from ecgscribe.trunk_training import (
    Log,
    class_loss,
    save_weights,
    trunk_scores,
    write_history,
)
from ecgscribe.windows import FS

__all__ = [
    "BeatTable",
    "choose_thresholds",
    "fit_beat_head",
    "fit_calibration",
    "make_tables",
    "predict_beats",
]

Floats = NDArray[np.float32]
WITHOUT_TRUNK = 0.8
"""Share of the sequences that lack the trunk's features, lest all the trust go to them: of patients
it was trained on, the trunk knows the answer."""
CHUNK_S = 20
"""Seconds of a record that are augmented alike."""


@dataclass(frozen=True, eq=False)
class BeatTable:
    """The beats of one record as the beat head sees them.

    Parameters
    ----------
    trunk_features : ndarray of float32, shape (n_beats, n_features)
    facts : ndarray of float32, shape (n_beats, n_facts)
    class_index : ndarray of int8, shape (n_beats,)
    logits : ndarray of float32, shape (n_beats, 5)
        Class by the trunk's frame alone.
    """

    trunk_features: Floats
    facts: Floats
    class_index: NDArray[np.int8]
    logits: Floats


def _augmented(example: Example, noise: Sequence[Floats], rng: np.random.Generator) -> Example:
    """Give a copy of a record whose leads and stretches were changed, its beats' marks too."""
    signal = example.signal.copy()
    if rng.random() < 0.5:
        signal = signal[:, ::-1].copy()
    if rng.random() < 0.3:
        signal[:, rng.integers(2)] = 0
    signal *= rng.choice([1, -1], size=2).astype(np.float32)
    chunk = CHUNK_S * FS
    for begin in range(0, len(signal) - chunk + 1, chunk):
        if rng.random() < 0.2:
            signal[begin : begin + chunk] = augment(signal[begin : begin + chunk], noise, rng)
    step = np.sort(np.clip(example.step + rng.normal(0, 1, len(example.step)), 0, len(signal) - 1))
    return Example(example.name, signal, step, example.class_index, example.masked)


def make_tables(
    trunk: Any,
    examples: Sequence[Example],
    config: TrainingConfig,
    *,
    noise: Sequence[Floats] = (),
    copies: int = 0,
) -> list[BeatTable]:
    """Score records with the trunk and gather what it says at the reference R-peaks.

    Parameters
    ----------
    trunk : keras.Model
    examples : sequence of Example
    config : TrainingConfig
    noise : sequence of ndarray
        Noise recordings for the augmented copies.
    copies : int
        Augmented copies of each record, after all the unchanged ones.

    Returns
    -------
    list of BeatTable
        ``len(examples) * (1 + copies)`` tables.
    """
    tables = []
    frame = config.architecture.frame
    for copy in range(copies + 1):
        for number, original in enumerate(examples):
            rng = np.random.default_rng([config.seed, copy, number])
            example = _augmented(original, noise, rng) if copy else original
            scores = trunk_scores(trunk, example.signal, frame=frame)
            tables.append(
                BeatTable(
                    features_at(scores.features, example.step, frame=frame),
                    beat_facts(example.signal, example.step),
                    example.class_index,
                    features_at(scores.frame_class, example.step, frame=frame),
                )
            )
    return tables


def _draw(
    tables: Sequence[BeatTable], config: TrainingConfig, rng: np.random.Generator
) -> tuple[list[Floats], Floats]:
    """Draw a batch of beat sequences, balanced by class and patient or as they come."""
    window, n = config.beats.window, config.beats.batch
    counts = np.stack([np.bincount(t.class_index, minlength=5)[1:4] for t in tables])
    share = np.sqrt(np.minimum(counts, 200)).astype(np.float64)
    size = np.array([len(t.class_index) for t in tables], dtype=np.float64)
    by_class = np.array([0.5, 0.3, 0.2]) * (share.sum(axis=0) > 0)
    balanced = config.imbalance.sampling == "balanced" and by_class.any()
    features = np.zeros((n, window, tables[0].trunk_features.shape[1]), dtype=np.float32)
    facts = np.zeros((n, window, tables[0].facts.shape[1]), dtype=np.float32)
    target = np.full((n, window), -1, dtype=np.float32)
    for row in range(n):
        if balanced and rng.random() < 0.5:
            kind = int(rng.choice(3, p=by_class / by_class.sum()))
            table = tables[rng.choice(len(tables), p=share[:, kind] / share[:, kind].sum())]
            beat = int(rng.choice(np.flatnonzero(table.class_index == kind + 1)))
        else:
            table = tables[rng.choice(len(tables), p=size / size.sum())]
            beat = int(rng.integers(len(table.class_index)))
        begin = max(beat - int(rng.integers(window)), 0)
        end = min(begin + window, len(table.class_index))
        features[row, : end - begin] = table.trunk_features[begin:end]
        facts[row, : end - begin] = table.facts[begin:end]
        target[row, : end - begin] = table.class_index[begin:end]
        if rng.random() < WITHOUT_TRUNK:
            features[row] = 0
    return [features, facts], target


def predict_beats(head: Any, table: BeatTable) -> Floats:
    """Give the class probabilities of a record's beats, shape (n_beats, 5), not yet calibrated."""
    return score_beats(
        lambda features, facts: np.asarray(head.predict_on_batch([features, facts])),
        table.trunk_features,
        table.facts,
    )


def fit_beat_head(
    head: Any,
    training: Sequence[BeatTable],
    held_out: Sequence[BeatTable],
    config: TrainingConfig,
    run: Path,
    log: Log,
) -> None:
    """Fit the beat head and leave the weights in it that served the held-out patients best.

    Parameters
    ----------
    head : keras.Model
        As `ecgscribe.network.build_beat_head` gives it; changed in place.
    training, held_out : sequence of BeatTable
    config : TrainingConfig
    run : Path
        Folder of the run.
    log : callable
        Takes one line of progress.
    """
    import keras

    schedule = config.beats
    # Each expert has a loss of its own: under a common one they would make up for each other.
    names = expert_names()
    experts = keras.Model(head.input, [head.get_layer(name).output for name in names])
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.learning_rate, schedule.passes * schedule.steps, alpha=0.02
    )
    experts.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0),
        loss=[class_loss(config) for _ in names],
        loss_weights=[1 / len(names) for _ in names],
    )
    truth = np.concatenate([t.class_index for t in held_out])
    best, best_pass = -1.0, 0
    path = run / "beats-best.weights.h5"
    history = []
    for number in range(1, schedule.passes + 1):
        rng = np.random.default_rng([config.seed, 1000 + number])
        batches = (_draw(training, config, rng) for _ in range(schedule.steps))
        losses = [float(experts.train_on_batch(x, [y] * len(names))[0]) for x, y in batches]
        probability = np.concatenate([predict_beats(head, t) for t in held_out])
        auprc = metrics.average_precision(metrics.pr_curve(1 - probability[:, 0], truth > 0))
        macro = _best_macro_f1(probability, truth)
        loss = float(np.mean(losses))
        history.append({"pass": number, "loss": loss, "val_auprc": auprc, "val_macro_f1": macro})
        log(
            f"beats pass {number}/{schedule.passes}: loss {loss:.4f}, "
            f"held-out AUPRC {auprc:.4f}, macro-F1 {macro:.3f}"
        )
        if auprc + macro > best:
            best, best_pass = auprc + macro, number
            save_weights(head, path)
        elif number - best_pass >= schedule.patience:
            log(f"beats: no better figure in {schedule.patience} passes, stopped")
            break
    head.load_weights(path)
    write_history(run / "beats.csv", history)


def _macro_f1(predicted: NDArray[np.int8], truth: NDArray[np.int8]) -> float:
    """Mean F1 over the classes N, S, V and F that occur."""
    figures = []
    for k in range(4):
        of_class, called = truth == k, predicted == k
        if of_class.any():
            figures.append(2 * np.sum(of_class & called) / (of_class.sum() + called.sum()))
    return float(np.mean(figures))


def _best_macro_f1(probability: Floats, truth: NDArray[np.int8]) -> float:
    """Give macro-F1 at the thresholds that serve best, as the shipped model will have them."""
    calibration = fit_calibration(probability, truth)
    calibrated = calibrate(probability, calibration)
    return _macro_f1(decide(calibrated, choose_thresholds(calibrated, truth)), truth)


def fit_calibration(probability: Floats, truth: NDArray[np.int8]) -> dict[str, Any]:
    """Fit temperature and class priors to held-out beats by maximum likelihood.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
    truth : ndarray of int8, shape (n_beats,)

    Returns
    -------
    dict
        ``temperature`` and ``bias``; see `ecgscribe.beats.calibrate`.
    """
    from scipy.optimize import minimize

    n = len(truth)
    logits = np.log(np.maximum(probability.astype(np.float64), 1e-9))

    def loss(x: NDArray[np.float64]) -> float:
        z = logits / np.exp(x[0]) + np.concatenate(([0.0], x[1:]))
        z -= z.max(axis=1, keepdims=True)
        log_p = z[np.arange(n), truth] - np.log(np.exp(z).sum(axis=1))
        # The small penalty keeps classes that held-out patients hardly have where they are.
        return float(-log_p.mean() + 1e-4 * np.sum(x**2))

    found = minimize(loss, np.zeros(len(AAMI_CLASSES)), method="L-BFGS-B").x
    return {
        "temperature": round(float(np.exp(found[0])), 4),
        "bias": [0.0, *(round(float(b), 4) for b in found[1:])],
    }


def choose_thresholds(probability: Floats, truth: NDArray[np.int8]) -> dict[str, Any]:
    """Choose the decision that gives held-out beats their best F1 figures.

    The threshold of abnormal is chosen for its F1, then the weights of S and F for macro-F1.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        Calibrated.
    truth : ndarray of int8, shape (n_beats,)

    Returns
    -------
    dict
        ``abnormal`` and ``weight``; see `ecgscribe.beats.decide`.
    """
    curve = metrics.pr_curve(1 - probability[:, 0], truth > 0)
    f1 = 2 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, 1e-9)
    abnormal = float(np.clip(curve.threshold[int(np.argmax(f1))], 0.05, 0.95))
    best: tuple[float, dict[str, float]] = (-1.0, {})
    for s in (0.5, 0.7, 1.0, 1.4, 2.0):
        for f in (0.5, 1.0, 2.0, 4.0):
            weight = {"S": s, "V": 1.0, "F": f, "Q": 1.0}
            figure = _macro_f1(decide(probability, {"abnormal": abnormal, "weight": weight}), truth)
            if figure > best[0]:
                best = figure, weight
    return {"abnormal": round(abnormal, 4), "weight": best[1]}
