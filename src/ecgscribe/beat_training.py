"""Fit the beat head on tables of beats; calibrate its probabilities; set thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe import metrics
from ecgscribe.beat_tables import CANDIDATE, UNKNOWN, BeatTable
from ecgscribe.beats import decide, split_no_beat
from ecgscribe.network import expert_names
from ecgscribe.runtime import score_beats
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import RareBeats
from ecgscribe.trunk_training import (
    Log,
    class_loss,
    save_weights,
    write_history,
)

__all__ = [
    "abnormal_auprc",
    "choose_beat_thresholds",
    "choose_thresholds",
    "fit_beat_head",
    "fit_calibration",
    "macro_f1",
    "predict_beats",
    "r_peak_f1",
]

Floats = NDArray[np.float32]

RARE = {1: 0.5, 2: 0.3, 3: 0.2, NO_BEAT: 0.4}
"""How often sequences are drawn for S, V, F and R-peaks that are none, against each other."""
CANDIDATES = (0.5, 0.4, CANDIDATE)
BEATS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.05)
"""Scores and probabilities from which on there may be and is a beat, to choose from; of equals the
first."""

SPARED = 0.02
"""Part of the errors in clean records by which they may grow for the sake of noisy ones."""


class _Sampler:
    """Draws batches of beat sequences, balanced by class and patient or as they come."""

    def __init__(self, tables: Sequence[BeatTable], config: TrainingConfig) -> None:
        self.tables, self.schedule = tables, config.beats
        size = np.array([len(t.class_index) for t in tables], dtype=np.float64)
        self.by_size = size / size.sum()
        self.rare = RareBeats([t.class_index for t in tables], RARE)
        self.balanced = config.imbalance.sampling == "balanced" and self.rare.occur

    def _beat(self, rng: np.random.Generator) -> tuple[BeatTable, int]:
        """Draw a beat that its sequence is to hold."""
        if self.balanced and rng.random() < 0.5:
            which, beat = self.rare.draw(rng)
            return self.tables[which], beat
        table = self.tables[rng.choice(len(self.tables), p=self.by_size)]
        return table, int(rng.integers(len(table.class_index)))

    def draw(self, rng: np.random.Generator) -> tuple[list[Floats], Floats]:
        """Draw one batch: class facts and facts, shape (batch, window, n), and targets."""
        n, window = self.schedule.batch, self.schedule.window
        first = self.tables[0]
        classes = np.zeros((n, window, first.class_facts.shape[1]), dtype=np.float32)
        facts = np.zeros((n, window, first.facts.shape[1]), dtype=np.float32)
        target = np.full((n, window), -1, dtype=np.float32)
        for row in range(n):
            table, beat = self._beat(rng)
            begin = max(beat - int(rng.integers(window)), 0)
            end = min(begin + window, len(table.class_index))
            classes[row, : end - begin] = table.class_facts[begin:end]
            facts[row, : end - begin] = table.facts[begin:end]
            target[row, : end - begin] = table.class_index[begin:end]
        return [classes, facts], target


def predict_beats(head: Any, table: BeatTable) -> Floats:
    """Give what the head says of a record's R-peaks, shape (n_beats, 6), not yet calibrated."""
    return score_beats(
        lambda classes, facts: np.asarray(head.predict_on_batch([classes, facts])),
        table.class_facts,
        table.facts,
    )


def fit_beat_head(
    head: Any,
    training: Sequence[BeatTable],
    held_out: Sequence[BeatTable],
    config: TrainingConfig,
    folder: Path,
    log: Log,
) -> None:
    """Fit the beat head by its whole schedule; one that was fitted before is read instead.

    Parameters
    ----------
    head : keras.Model
        As `ecgscribe.network.build_beat_head` gives it; changed in place.
    training : sequence of BeatTable
        From trunks that had not seen these patients: of those that it has, a trunk knows the
        answer, and a head that learns from that trusts it too much.
    held_out : sequence of BeatTable
        Of other patients, to look at after every pass; may be empty.
    config : TrainingConfig
    folder : Path
        Where the weights and the course are written.
    log : callable
        Takes one line of progress.
    """
    import keras

    path = folder / "beats.weights.h5"
    if path.is_file():
        head.load_weights(path)
        return
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
    sampler = _Sampler(training, config)
    history = []
    for number in range(1, schedule.passes + 1):
        rng = np.random.default_rng([config.seed, 1000 + number])
        batches = (sampler.draw(rng) for _ in range(schedule.steps))
        losses = [float(experts.train_on_batch(x, [y] * len(names))[0]) for x, y in batches]
        row = {"pass": float(number), "loss": float(np.mean(losses))}
        text = f"beats pass {number}/{schedule.passes}: loss {row['loss']:.4f}"
        if held_out:
            truth = np.concatenate([t.class_index[t.is_beat] for t in held_out])
            said = np.concatenate([predict_beats(head, t)[t.is_beat] for t in held_out])
            row["val_auprc"] = abnormal_auprc(split_no_beat(said)[0], truth)
            text += f", held-out AUPRC {row['val_auprc']:.4f}"
        history.append(row)
        log(text)
    save_weights(head, path)
    write_history(folder / "beats.csv", history)


def abnormal_auprc(probability: Floats, truth: NDArray[np.int8]) -> float:
    """Give the average precision of 1 - p(N) for the beats that are not N."""
    return metrics.average_precision(metrics.pr_curve(1 - probability[:, 0], truth > 0))


def macro_f1(predicted: NDArray[np.int8], truth: NDArray[np.int8]) -> float:
    """Mean F1 over the classes N, S, V and F that occur."""
    figures = []
    for k in range(4):
        of_class, called = truth == k, predicted == k
        if of_class.any():
            figures.append(2 * np.sum(of_class & called) / (of_class.sum() + called.sum()))
    return float(np.mean(figures))


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
    for s in (0.5, 0.7, 1.0, 1.4, 2.0, 2.8):
        for f in (0.5, 1.0, 2.0, 4.0):
            weight = {"S": s, "V": 1.0, "F": f, "Q": 1.0}
            figure = macro_f1(decide(probability, {"abnormal": abnormal, "weight": weight}), truth)
            if figure > best[0]:
                best = figure, weight
    return {"abnormal": round(abnormal, 4), "weight": best[1]}


def r_peak_f1(
    tables: Sequence[BeatTable],
    of_beat: Sequence[Floats],
    thresholds: Mapping[str, Any],
    *,
    window: float = 0.15,
) -> float:
    """Give the gross F1 of the R-peaks that are called beats.

    Parameters
    ----------
    tables : sequence of BeatTable
    of_beat : sequence of ndarray of float32, shape (n_beats,)
        Probability that each R-peak is one.
    thresholds : mapping
        ``peak`` and ``beat``, which score and probability must reach.
    window : float
        Seconds from the reference beat within which one is found.

    Returns
    -------
    float
    """
    found = total = 0
    for table, p in zip(tables, of_beat, strict=True):
        called = (table.height >= thresholds["peak"]) & (p >= thresholds["beat"])
        found += int(np.sum(called & (np.abs(table.offset) <= window)))
        total += int(np.sum(called & (table.class_index != UNKNOWN)))
        total += int(np.sum(table.is_beat)) + table.missed
    return 2 * found / max(total, 1)


def choose_beat_thresholds(
    tables: Sequence[Sequence[BeatTable]], of_beat: Sequence[Sequence[Floats]]
) -> dict[str, float]:
    """Choose from which score on the head is asked, and from which answer on there is a beat.

    Clean recordings are not to pay for noisy ones: of the pairs that cost them hardly a beat, the
    one that serves the others best is taken.

    Parameters
    ----------
    tables : sequence of sequences of BeatTable
        Groups of held-out tables: clean records first, then changed and noisy ones.
    of_beat : sequence of sequences of ndarray of float32, shape (n_beats,)
        Probability that each R-peak is one.

    Returns
    -------
    dict
        ``peak`` and ``beat``: of the pairs whose 1 - F1 of clean records is the least but for
        `SPARED`, that with the least product of the groups' 1 - F1, which makes groups count
        alike however many errors there are in each. ``beat_in_noise``: with that ``peak``, the
        one that has the least product over the groups that are not clean.
    """
    errors = {
        (peak, beat): [
            1 + 1e-6 - r_peak_f1(*group, {"peak": peak, "beat": beat})
            for group in zip(tables, of_beat, strict=True)
        ]
        for peak in CANDIDATES
        for beat in BEATS
    }
    most = (1 + SPARED) * min(of_groups[0] for of_groups in errors.values())
    spared = [pair for pair, of_groups in errors.items() if of_groups[0] <= most]
    peak, beat = min(spared, key=lambda pair: float(np.prod(errors[pair])))
    in_noise = min(BEATS, key=lambda least: float(np.prod(errors[peak, least][1:])))
    return {"peak": peak, "beat": beat, "beat_in_noise": in_noise}
