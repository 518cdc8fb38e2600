"""Fit the beat head on tables of R-peaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_csv
from ecgscribe.model.decision import split_no_beat
from ecgscribe.model.network import expert_names
from ecgscribe.model.scoring import score_beats
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.batches import BALANCED_PART, BalancedSampler
from ecgscribe.training.beat_tables import BeatTable
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.keras_scoring import KerasNetwork
from ecgscribe.training.losses import class_loss
from ecgscribe.training.optimizer import build_optimizer
from ecgscribe.training.run_folder import Log, save_weights
from ecgscribe.training.thresholds import abnormal_auprc

__all__ = ["SequenceSampler", "fit_beat_head", "predict_beats"]

Floats = NDArray[np.float32]

SEQUENCE_CLASSES = {1: 0.5, 2: 0.3, 3: 0.2, NO_BEAT: 0.4}
"""Relative frequency with which sequences are drawn around S, V, F and false detections."""
EPOCH_SEED = 1000
"""Added to the epoch that seeds the sequences, as copies of records are seeded by their number."""
FINAL_RATE = 0.02
"""Learning rate of the last batch, as a part of the highest."""


class SequenceSampler:
    """Draws batches of beat sequences, balanced by class and patient or uniformly.

    Parameters
    ----------
    tables : sequence of BeatTable
    config : TrainingConfig
    weak : sequence of BeatTable
        Of recordings that are labelled as a whole.
    """

    def __init__(
        self,
        tables: Sequence[BeatTable],
        config: TrainingConfig,
        *,
        weak: Sequence[BeatTable] = (),
    ) -> None:
        self._weak = weak
        self._tables, self._schedule = tables, config.beats
        size = np.array([len(table.class_index) for table in tables], dtype=np.float64)
        self._by_size = size / size.sum()
        self._rare = BalancedSampler([table.class_index for table in tables], SEQUENCE_CLASSES)
        self._balanced = config.imbalance.sampling == "balanced" and self._rare.has_beats

    def draw(self, rng: np.random.Generator) -> tuple[list[Floats], Floats]:
        """Draw one batch.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        inputs : list of two ndarray of float32, shape (batch, window, n_features)
            Logit features and features; zeros behind the end of a sequence.
        target : ndarray of float32, shape (batch, window)
            Class of each R-peak; -1 where it is unknown and behind the end of a sequence.
        """
        n, window = self._schedule.batch, self._schedule.window
        first = self._tables[0]
        logits = np.zeros((n, window, first.logit_features.shape[1]), dtype=np.float32)
        features = np.zeros((n, window, first.features.shape[1]), dtype=np.float32)
        target = np.full((n, window), -1, dtype=np.float32)
        for row in range(n):
            table, beat = self._beat(rng)
            begin = max(beat - int(rng.integers(window)), 0)
            end = min(begin + window, len(table.class_index))
            logits[row, : end - begin] = table.logit_features[begin:end]
            features[row, : end - begin] = table.features[begin:end]
            target[row, : end - begin] = table.class_index[begin:end]
        return [logits, features], target

    def _beat(self, rng: np.random.Generator) -> tuple[BeatTable, int]:
        """Draw a beat that the sequence is to contain."""
        if self._weak and rng.random() < self._schedule.weak:
            table = self._weak[int(rng.integers(len(self._weak)))]
            return table, int(rng.integers(len(table.class_index)))
        if self._balanced and rng.random() < BALANCED_PART:
            which, beat = self._rare.draw(rng)
            return self._tables[which], beat
        table = self._tables[rng.choice(len(self._tables), p=self._by_size)]
        return table, int(rng.integers(len(table.class_index)))


def fit_beat_head(
    head: Any,
    training: Sequence[BeatTable],
    held_out: Sequence[BeatTable],
    config: TrainingConfig,
    folder: Path,
    log: Log,
    *,
    weak: Sequence[BeatTable] = (),
) -> None:
    """Fit the beat head for its whole schedule; load it instead if the folder holds its weights.

    The sequences of an epoch depend only on the seed and the epoch.

    Parameters
    ----------
    head : keras.Model
        From `ecgscribe.model.network.build_beat_head`; changed in place.
    training : sequence of BeatTable
        From trunks that were not trained on these patients. On its own patients a trunk is nearly
        always right, and a head that learned from that would rely on it too much.
    held_out : sequence of BeatTable
        Of other patients, evaluated after every epoch; may be empty.
    config : TrainingConfig
    folder : Path
        Where the weights and the history are written.
    log : callable
        Takes one line of progress.
    weak : sequence of BeatTable
        Of recordings that are labelled as a whole, from trunks that have not seen them.
    """
    path = folder / "beats.weights.h5"
    if path.is_file():
        head.load_weights(path)
        return
    schedule = config.beats
    experts = _compiled(head, config)
    sampler = SequenceSampler(training, config, weak=weak)
    history = []
    for epoch in range(1, schedule.epochs + 1):
        rng = np.random.default_rng([config.seed, EPOCH_SEED + epoch])
        batches = (sampler.draw(rng) for _ in range(schedule.steps))
        losses = [
            float(experts.train_on_batch(x, [y] * len(experts.outputs))[0]) for x, y in batches
        ]
        row = {"epoch": float(epoch), "loss": float(np.mean(losses))}
        line = f"beat head, epoch {epoch}/{schedule.epochs}: loss {row['loss']:.4f}"
        if held_out:
            truth = np.concatenate([t.class_index[t.is_beat] for t in held_out])
            outputs = np.concatenate([predict_beats(head, t)[t.is_beat] for t in held_out])
            row["val_auprc"] = abnormal_auprc(split_no_beat(outputs)[0], truth)
            line += f", held-out AUPRC {row['val_auprc']:.4f}"
        history.append(row)
        log(line)
    save_weights(head, path)
    write_csv(folder / "beats.csv", history)


def _compiled(head: Any, config: TrainingConfig) -> Any:
    """Return the experts of the head as a model, with their losses and the optimizer."""
    import keras

    schedule = config.beats
    n_batches = schedule.epochs * schedule.steps
    # Each expert has a loss of its own: with a common one they would make up for each other.
    names = expert_names()
    experts = keras.Model(head.input, [head.get_layer(name).output for name in names])
    experts.compile(
        build_optimizer(schedule.learning_rate, n_batches, final_part=FINAL_RATE),
        loss=[class_loss(config) for _ in names],
        loss_weights=[1 / len(names) for _ in names],
    )
    return experts


def predict_beats(head: Any, table: BeatTable) -> Floats:
    """Return the head's outputs for the R-peaks of a record, not calibrated, shape (n_beats, 6)."""
    return score_beats(KerasNetwork(beat_head=head), table.logit_features, table.features)
