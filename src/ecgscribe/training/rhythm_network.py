"""Fit the rhythm networks: over a lead and over seconds together, and over intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_csv
from ecgscribe.leads import N_LEADS
from ecgscribe.model.rhythm import EMBEDDING, WINDOW_S
from ecgscribe.model.rhythm_network import (
    build_rhythm_head,
    build_rhythm_intervals,
    build_rhythm_lead,
)
from ecgscribe.model.second_features import N_SECOND_FEATURES
from ecgscribe.signal.windows import FS
from ecgscribe.training.config import RhythmTraining, TrainingConfig
from ecgscribe.training.intervals import IntervalPools, Intervals
from ecgscribe.training.keras_batches import keras_batches
from ecgscribe.training.noise_only import noise_only_signal
from ecgscribe.training.optimizer import build_optimizer
from ecgscribe.training.rhythm_records import RhythmRecord
from ecgscribe.training.rhythm_windows import RhythmPools
from ecgscribe.training.run_folder import Log, save_weights

__all__ = ["RhythmNetworks", "build_rhythm_network", "fit_rhythm_networks", "rhythm_noise"]

Floats = NDArray[np.float32]

WEIGHTS_NAMES = ("rhythm.weights.h5", "intervals.weights.h5")
"""Files of the weights of `RhythmNetworks`."""
FINAL_RATE = 0.02
"""Learning rate of the last batch, as a part of the highest."""
INTERVAL_BATCH, INTERVAL_RATE = 64, 4e-3
"""Sequences in a batch of intervals, and the highest learning rate of their network."""
MADE_NOISES = 6
MADE_NOISE_S = 600


def rhythm_noise(recorded: Sequence[Floats], *, seed: int) -> list[Floats]:
    """Return recorded and made noise, shape (n_steps, 2) each, to cut windows from."""
    made = [
        noise_only_signal(MADE_NOISE_S * FS, recorded, np.random.default_rng([seed, k]))
        for k in range(MADE_NOISES)
    ]
    return [*recorded, *made]


def build_rhythm_network() -> Any:
    """Build both parts as one Keras model, for training.

    Returns
    -------
    keras.Model
        From signal, readable leads and the rest of the features of a window, see
        `ecgscribe.training.rhythm_windows.to_inputs`, to logits (batch, `WINDOW_S`, n_rhythms). Its
        layers ``rhythm_lead`` and ``rhythm_head`` are those of `ecgscribe.model.rhythm_network`.
    """
    import keras
    from keras import layers, ops

    lead, head = build_rhythm_lead(), build_rhythm_head()
    signal = keras.Input((WINDOW_S * FS, N_LEADS), name="signal")
    readable = keras.Input((WINDOW_S, N_LEADS), name="readable")
    rest = keras.Input((WINDOW_S, N_SECOND_FEATURES - EMBEDDING), name="rest")
    # All leads are one batch, which is faster than one after the other.
    leads = ops.reshape(ops.transpose(signal, (0, 2, 1)), (-1, WINDOW_S * FS, 1))
    embedding = ops.reshape(lead(leads), (-1, N_LEADS, WINDOW_S, EMBEDDING))
    weight = ops.expand_dims(ops.transpose(readable, (0, 2, 1)), -1)
    total = ops.sum(embedding * weight, axis=1)
    n_leads = ops.maximum(ops.sum(readable, axis=-1, keepdims=True), 1.0)
    logits = head(layers.Concatenate()([total / n_leads, rest]))
    return keras.Model([signal, readable, rest], logits, name="rhythm")


class RhythmNetworks(NamedTuple):
    """The Keras models of one rhythm network."""

    seconds: Any
    """See `build_rhythm_network`."""
    intervals: Any
    """See `ecgscribe.model.rhythm_network.build_rhythm_intervals`."""

    @classmethod
    def build(cls) -> RhythmNetworks:
        """Build both, with random weights."""
        return cls(build_rhythm_network(), build_rhythm_intervals())

    @classmethod
    def load(cls, folder: Path) -> RhythmNetworks:
        """Build both with the weights in a folder."""
        networks = cls.build()
        for network, name in zip(networks, WEIGHTS_NAMES, strict=True):
            network.load_weights(folder / name)
        return networks


def fit_rhythm_networks(
    records: Sequence[RhythmRecord],
    intervals: Sequence[Intervals],
    noise: Sequence[Floats],
    config: TrainingConfig,
    folder: Path,
    log: Log,
    *,
    seed: int,
) -> RhythmNetworks:
    """Fit both networks for their whole schedules; load those whose weights the folder holds.

    Parameters
    ----------
    records : sequence of RhythmRecord
    intervals : sequence of Intervals
    noise : sequence of ndarray
        See `rhythm_noise`.
    config : TrainingConfig
    folder : Path
        Where the weights and the histories are written.
    log : callable
        Takes one line of progress.
    seed : int
        What is drawn in an epoch depends only on it and on the epoch.

    Returns
    -------
    RhythmNetworks
    """
    import keras

    keras.utils.set_random_seed(seed)
    networks = RhythmNetworks.build()
    of_seconds, of_beats = (folder / name for name in WEIGHTS_NAMES)
    if of_seconds.is_file():
        networks.seconds.load_weights(of_seconds)
    else:
        fit = _Fit("rhythm", RhythmPools(records, noise), _entropy_of_seconds, seed)
        schedule = config.rhythm
        fit.run(networks.seconds, schedule, schedule.epochs, of_seconds, log)
    if of_beats.is_file():
        networks.intervals.load_weights(of_beats)
    else:
        fit = _Fit("intervals", IntervalPools(intervals), _entropy_of_beats, seed)
        schedule = dataclasses.replace(
            config.rhythm, batch=INTERVAL_BATCH, learning_rate=INTERVAL_RATE
        )
        fit.run(networks.intervals, schedule, schedule.interval_epochs, of_beats, log)
    return networks


@dataclass(frozen=True)
class _Fit:
    """What one of the networks learns from."""

    name: str
    pools: RhythmPools | IntervalPools
    loss: Callable[[Any, Any], Any]
    seed: int

    def run(
        self, network: Any, schedule: RhythmTraining, epochs: int, weights: Path, log: Log
    ) -> None:
        """Fit a network; write its weights and history."""
        n_batches = epochs * schedule.steps
        optimizer = build_optimizer(
            schedule.learning_rate, n_batches, final_part=FINAL_RATE, warm_up=True
        )
        network.compile(optimizer, loss=self.loss)
        history = []
        for epoch in range(1, epochs + 1):
            draw = partial(_draw, self.pools, schedule.batch, self.seed, epoch)
            fit = network.fit(keras_batches(draw, schedule.steps), verbose=0, shuffle=False)
            history.append({"epoch": float(epoch), "loss": float(fit.history["loss"][0])})
            log(f"{self.name}, epoch {epoch}/{epochs}: loss {history[-1]['loss']:.4f}")
        save_weights(network, weights)
        write_csv(weights.with_name(f"{self.name}.csv"), history)


def _entropy_of_seconds(target: Any, logits: Any) -> Any:
    """Return the mean cross-entropy over the seconds with a label."""
    import keras
    from keras import ops

    entropy = keras.losses.sparse_categorical_crossentropy(
        ops.maximum(target, 0), logits, from_logits=True
    )
    return _mean_of_known(entropy, target)


def _entropy_of_beats(target: Any, logits: Any) -> Any:
    """Return the mean cross-entropy over the R-peaks with a label."""
    from keras import ops

    target = ops.reshape(target, ops.shape(logits))
    is_fibrillation = ops.cast(ops.maximum(target, 0), "float32")
    # Of a sigmoid: log(1 + exp(-x)) where it is fibrillation, the same plus x elsewhere.
    entropy = ops.softplus(-logits) + (1 - is_fibrillation) * logits
    return _mean_of_known(entropy, target)


def _mean_of_known(entropy: Any, target: Any) -> Any:
    from keras import ops

    known = ops.cast(target >= 0, "float32")
    return ops.sum(entropy * known) / (ops.sum(known) + 1.0)


def _draw(pools: RhythmPools | IntervalPools, n: int, seed: int, epoch: int, index: int) -> Any:
    return pools.draw(n, np.random.default_rng([seed, epoch, index]))
