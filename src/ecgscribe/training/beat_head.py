"""Fit the beat head on tables of beats; calibrate its probabilities; set thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import split_no_beat
from ecgscribe.model.network import expert_names
from ecgscribe.model.scoring import score_beats
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.batches import RareBeats
from ecgscribe.training.beat_tables import BeatTable
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.keras_scoring import KerasNetwork
from ecgscribe.training.losses import class_loss
from ecgscribe.training.run_folder import Log, save_weights, write_history
from ecgscribe.training.thresholds import abnormal_auprc

__all__ = ["Floats", "fit_beat_head", "predict_beats"]


Floats = NDArray[np.float32]


RARE = {1: 0.5, 2: 0.3, 3: 0.2, NO_BEAT: 0.4}
"""How often sequences are drawn for S, V, F and R-peaks that are none, against each other."""


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
        classes = np.zeros((n, window, first.logit_features.shape[1]), dtype=np.float32)
        features = np.zeros((n, window, first.features.shape[1]), dtype=np.float32)
        target = np.full((n, window), -1, dtype=np.float32)
        for row in range(n):
            table, beat = self._beat(rng)
            begin = max(beat - int(rng.integers(window)), 0)
            end = min(begin + window, len(table.class_index))
            classes[row, : end - begin] = table.logit_features[begin:end]
            features[row, : end - begin] = table.features[begin:end]
            target[row, : end - begin] = table.class_index[begin:end]
        return [classes, features], target


def predict_beats(head: Any, table: BeatTable) -> Floats:
    """Give what the head says of a record's R-peaks, shape (n_beats, 6), not yet calibrated."""
    return score_beats(KerasNetwork(beat_head=head), table.logit_features, table.features)


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
        As `ecgscribe.model.network.build_beat_head` gives it; changed in place.
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
