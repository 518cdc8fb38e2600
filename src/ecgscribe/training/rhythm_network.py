"""Fit the rhythm network: the part over a lead and the part over seconds, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_csv
from ecgscribe.leads import N_LEADS
from ecgscribe.model.rhythm import EMBEDDING, N_SECOND_FEATURES, WINDOW_S
from ecgscribe.model.rhythm_network import build_rhythm_head, build_rhythm_lead
from ecgscribe.signal.windows import FS
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.noise_only import noise_only_signal
from ecgscribe.training.optimizer import build_optimizer
from ecgscribe.training.rhythm_records import RhythmRecord
from ecgscribe.training.rhythm_windows import RhythmPools
from ecgscribe.training.run_folder import Log, save_weights

__all__ = ["WEIGHTS_NAME", "build_rhythm_network", "fit_rhythm_network", "rhythm_noise"]

Floats = NDArray[np.float32]

WEIGHTS_NAME = "rhythm.weights.h5"
FINAL_RATE = 0.02
"""Learning rate of the last batch, as a part of the highest."""
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


def fit_rhythm_network(
    records: Sequence[RhythmRecord],
    noise: Sequence[Floats],
    config: TrainingConfig,
    folder: Path,
    log: Log,
    *,
    seed: int,
) -> Any:
    """Fit the network for its whole schedule; load it instead if the folder holds its weights.

    Parameters
    ----------
    records : sequence of RhythmRecord
    noise : sequence of ndarray
        See `rhythm_noise`.
    config : TrainingConfig
    folder : Path
        Where the weights and the history are written.
    log : callable
        Takes one line of progress.
    seed : int
        The windows of an epoch depend only on it and on the epoch.

    Returns
    -------
    keras.Model
        See `build_rhythm_network`.
    """
    import keras

    schedule = config.rhythm
    keras.utils.set_random_seed(seed)
    network = build_rhythm_network()
    path = folder / WEIGHTS_NAME
    if path.is_file():
        network.load_weights(path)
        return network
    n_batches = schedule.epochs * schedule.steps
    optimizer = build_optimizer(
        schedule.learning_rate, n_batches, final_part=FINAL_RATE, warm_up=True
    )
    network.compile(optimizer, loss=_loss)
    pools = RhythmPools(records, noise)
    history = []
    for epoch in range(1, schedule.epochs + 1):
        draw = partial(_draw, pools, schedule.batch, seed, epoch)
        fit = network.fit(_batches(draw, schedule.steps), verbose=0, shuffle=False)
        history.append({"epoch": float(epoch), "loss": float(fit.history["loss"][0])})
        log(f"rhythm, epoch {epoch}/{schedule.epochs}: loss {history[-1]['loss']:.4f}")
    save_weights(network, path)
    write_csv(folder / "rhythm.csv", history)
    return network


def _loss(target: Any, logits: Any) -> Any:
    """Return the mean cross-entropy over the seconds with a label."""
    import keras
    from keras import ops

    known = ops.cast(target >= 0, "float32")
    entropy = keras.losses.sparse_categorical_crossentropy(
        ops.maximum(target, 0), logits, from_logits=True
    )
    return ops.sum(entropy * known) / (ops.sum(known) + 1.0)


def _draw(pools: RhythmPools, n: int, seed: int, epoch: int, index: int) -> Any:
    return pools.draw(n, np.random.default_rng([seed, epoch, index]))


def _batches(draw: Callable[[int], Any], n: int) -> Any:
    """Make the batches of one epoch, drawn by other threads while earlier ones are learned."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return n

        def __getitem__(self, index: int) -> Any:
            return draw(index)

    return Batches(workers=2, max_queue_size=6)
