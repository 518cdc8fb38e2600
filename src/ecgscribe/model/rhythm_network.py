"""The Keras models of the rhythm: over the signal of a lead, over seconds, and over R-peaks.

The first turns each second of one lead into a few numbers, by strided convolutions and a
bidirectional LSTM; it is the same for every lead. The second reads, second by second, the mean of
what the leads gave, their amplitude and what the R-peak candidates show, and predicts the rhythm of
every second by another bidirectional LSTM. That convolutions and an LSTM recognise what needs a
shock: Picon et al., PLoS One 14(5):e0216756, 2019. The third sees nothing but intervals between
R-peaks, and says how much they are those of atrial fibrillation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecgscribe.model.network import bilstm
from ecgscribe.model.rhythm import EMBEDDING, N_INTERVAL_FEATURES, N_RHYTHMS
from ecgscribe.model.second_features import N_SECOND_FEATURES
from ecgscribe.signal.windows import FS

if TYPE_CHECKING:
    import keras

__all__ = ["build_rhythm_head", "build_rhythm_intervals", "build_rhythm_lead"]


CONVOLUTIONS = ((16, 9), (24, 7), (32, 7), (32, 5))
"""Filters and width of each convolution; each halves the rate, to 8 Hz in the end."""
LEAD_UNITS = 32
HEAD_UNITS = 24
INTERVAL_UNITS = (20, 16)
"""Units of each direction of the LSTM layers."""


def build_rhythm_lead() -> keras.Model:
    """Build the part of the rhythm network that sees the signal of one lead.

    Returns
    -------
    keras.Model
        From ``signal`` (batch, n_steps, 1), n_steps a multiple of `FS`, to an embedding of each
        second (batch, n_seconds, `EMBEDDING`).
    """
    import keras
    from keras import layers

    x = signal = keras.Input((None, 1), name="signal")
    for filters, width in CONVOLUTIONS:
        x = layers.Conv1D(filters, width, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.98)(x)
        x = layers.Activation("relu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Concatenate()([bilstm(LEAD_UNITS, x), x])
    x = layers.AveragePooling1D(FS // 2 ** len(CONVOLUTIONS))(x)
    embedding = layers.Dense(EMBEDDING, activation="tanh", name="embedding")(layers.Dropout(0.3)(x))
    return keras.Model(signal, embedding, name="rhythm_lead")


def build_rhythm_head() -> keras.Model:
    """Build the part of the rhythm network that runs over seconds.

    Returns
    -------
    keras.Model
        From ``seconds`` (batch, n_seconds, `N_SECOND_FEATURES`), see
        `ecgscribe.model.second_features.SecondFeatures`, to the logits of the rhythms (batch,
        n_seconds, `N_RHYTHMS`).
    """
    import keras
    from keras import layers

    seconds = keras.Input((None, N_SECOND_FEATURES), name="seconds")
    x = layers.GaussianNoise(0.1)(layers.Dropout(0.2)(seconds))
    x = layers.Concatenate()([x, bilstm(HEAD_UNITS, x)])
    logits = layers.Dense(N_RHYTHMS, name="rhythm")(layers.Dropout(0.3)(x))
    return keras.Model(seconds, logits, name="rhythm_head")


def build_rhythm_intervals() -> keras.Model:
    """Build the network that sees intervals alone.

    Returns
    -------
    keras.Model
        From ``intervals`` (batch, n_beats, `N_INTERVAL_FEATURES`), see
        `ecgscribe.model.intervals.interval_features`, to the logit of atrial fibrillation at each
        R-peak (batch, n_beats, 1).
    """
    import keras
    from keras import layers

    x = intervals = keras.Input((None, N_INTERVAL_FEATURES), name="intervals")
    for units in INTERVAL_UNITS:
        x = bilstm(units, x)
    logit = layers.Dense(1, name="fibrillation")(x)
    return keras.Model(intervals, logit, name="rhythm_intervals")
