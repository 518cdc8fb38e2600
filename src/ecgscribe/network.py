"""The Keras model, nothing else: a trunk that is scored once over the signal, and its heads.

``default``
    Strided convolutions and bidirectional LSTM layers give, for every frame, the scores of the
    R-peak at each of its steps and a vector of features. The features at the R-peaks, joined with
    rhythm and morphology facts, pass a bidirectional LSTM over beats to the class.
``classic``
    The textbook form, sample by sample: one bidirectional LSTM layer, a sigmoid and a softmax.

LSTM layers run over sequences as Hochreiter & Schmidhuber, Neural Comput 9(8):1735-1780, 1997,
both ways as Schuster & Paliwal, IEEE Trans Signal Process 45(11):2673-2681, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.windows import STEPS_PER_FRAME

if TYPE_CHECKING:
    import keras

__all__ = ["Architecture", "build_beat_head", "build_network", "build_trunk", "expert_names"]

N_CLASSES = len(AAMI_CLASSES)
N_EXPERTS = 3
"""Experts of each of two kinds in the beat head: those that know the facts alone, and those that
also see the trunk's features. The trunk knows its training patients too well to be trusted alone,
the facts alone vary much from seed to seed, and all of them together are the steadiest."""


def expert_names() -> tuple[str, ...]:
    """Name the layers of the beat head whose outputs are the experts' class logits."""
    kinds = ("by_facts", "by_all")
    return tuple(f"{kind}_{k}" for kind in kinds for k in range(1, N_EXPERTS + 1))


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network.

    Parameters
    ----------
    preset : {"default", "classic"}
    lstm_units : int
        Units of each direction of every trunk LSTM.
    lstm_layers : int
        Trunk LSTM layers, one after the other.
    n_features : int
        Features that the trunk gives for every frame.
    beat_units : int
        Units of each direction of the LSTM over beats.
    n_facts : int
        Rhythm and morphology facts of a beat.
    """

    preset: Literal["default", "classic"] = "default"
    lstm_units: int = 64
    lstm_layers: int = 2
    n_features: int = 32
    beat_units: int = 48
    n_facts: int = 0

    @property
    def frame(self) -> int:
        """Steps that one frame of the trunk spans."""
        return STEPS_PER_FRAME if self.preset == "default" else 1


def _bilstm(units: int, x: Any) -> Any:
    from keras import layers

    # The plain kernel exports to ONNX and runs on every backend; cuDNN's does neither.
    return layers.Bidirectional(layers.LSTM(units, return_sequences=True, use_cudnn=False))(x)


def _convolution(filters: int, width: int, stride: int, x: Any) -> Any:
    from keras import layers

    x = layers.Conv1D(filters, width, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.98)(x)
    return layers.Activation("relu")(x)


def _default_trunk(architecture: Architecture) -> keras.Model:
    import keras
    from keras import layers

    signal = keras.Input((None, 2), name="signal")
    fine = _convolution(32, 9, 2, signal)
    fine = _convolution(48, 7, 2, fine)
    x = _convolution(64, 5, 2, fine)
    for _ in range(architecture.lstm_layers):
        x = _bilstm(architecture.lstm_units, x)
    features = layers.Dense(architecture.n_features, activation="tanh", name="features")(x)
    frame_class = layers.Dense(N_CLASSES, name="frame_class")(features)
    # The R-peak needs a finer place than a frame: the convolutions' half frames give it.
    joined = layers.Concatenate()([layers.UpSampling1D(2)(layers.Dense(48)(x)), fine])
    joined = layers.Conv1D(32, 5, padding="same", activation="relu")(joined)
    peak = layers.Dense(STEPS_PER_FRAME // 2)(joined)
    peak = layers.Reshape((-1, 1))(peak)
    peak = layers.Activation("sigmoid", name="peak")(peak)
    return keras.Model(signal, [peak, features, frame_class], name="trunk")


def _classic_trunk(architecture: Architecture) -> keras.Model:
    import keras
    from keras import layers

    signal = keras.Input((None, 2), name="signal")
    features = _bilstm(architecture.lstm_units, signal)
    peak = layers.Dense(1, activation="sigmoid", name="peak")(features)
    step_class = layers.Dense(N_CLASSES, name="frame_class")(features)
    return keras.Model(signal, [peak, features, step_class], name="trunk")


def build_trunk(architecture: Architecture) -> keras.Model:
    """Build the part of the network that is scored over the signal.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    keras.Model
        From ``signal`` (batch, n_steps, 2), n_steps a multiple of 8, to the R-peak scores
        (batch, n_steps, 1), the features (batch, n_frames, n) and the class logits
        (batch, n_frames, 5). A frame of ``classic`` is one step.
    """
    build = _default_trunk if architecture.preset == "default" else _classic_trunk
    return build(architecture)


def build_beat_head(architecture: Architecture) -> keras.Model:
    """Build the part of the network that runs over beats.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    keras.Model
        From ``trunk_features`` (batch, n_beats, n) and ``facts`` (batch, n_beats, n_facts) to the
        class probabilities (batch, n_beats, 5), the geometric mean of what the experts say; see
        `expert_names`. Beats that are padding hold zeros.
    """
    import keras
    from keras import layers, ops

    features = keras.Input((None, architecture.n_features), name="trunk_features")
    facts = keras.Input((None, architecture.n_facts), name="facts")
    known = layers.Dropout(0.15)(facts)
    seen = layers.Concatenate()([layers.Dropout(0.3)(features), known])
    logits = [
        _expert(architecture, known if name.startswith("by_facts") else seen, name)
        for name in expert_names()
    ]
    together = layers.Average()([ops.log_softmax(z) for z in logits])
    probability = layers.Activation("softmax", name="probability")(together)
    return keras.Model([features, facts], probability, name="beat_head")


def _expert(architecture: Architecture, x: Any, name: str) -> Any:
    """Give class logits (batch, n_beats, 5) from what is told of each beat."""
    from keras import layers

    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Concatenate()([x, _bilstm(architecture.beat_units, x)])
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(48, activation="relu")(x)
    return layers.Dense(N_CLASSES, name=name)(x)


def build_network(architecture: Architecture) -> keras.Model:
    """Build the whole network: trunk and heads as one Keras model.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    keras.Model
        For ``default``, from ``signal`` (batch, n_steps, 2), ``beat_frames`` (batch, n_beats) and
        ``facts`` (batch, n_beats, n_facts) to R-peak scores and class probabilities; its layers
        ``trunk`` and ``beat_head`` are the parts that `build_trunk` and `build_beat_head` give.
        For ``classic`` the trunk alone.
    """
    import keras
    from keras import ops

    trunk = build_trunk(architecture)
    if architecture.preset == "classic":
        return trunk
    head = build_beat_head(architecture)
    signal = keras.Input((None, 2), name="signal")
    frames = keras.Input((None,), dtype="int32", name="beat_frames")
    facts = keras.Input((None, architecture.n_facts), name="facts")
    peak, features, _ = trunk(signal)

    gathered = ops.take_along_axis(features, ops.expand_dims(frames, -1), axis=1)
    return keras.Model([signal, frames, facts], [peak, head([gathered, facts])], name="ecgscribe")
