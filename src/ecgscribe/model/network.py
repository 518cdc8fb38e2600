"""The Keras model, nothing else: a trunk over the signal, and a head over beats.

``default``
    Strided convolutions and bidirectional LSTM layers compute, for every frame, the scores of the
    R-peak at each of its steps and the logits of the classes. The logits at the R-peaks, compared
    with those of the whole record, are joined with features of rhythm and shape; from these,
    experts that see a few beats and one with a bidirectional LSTM over beats predict the class.
    Class logits, not hidden features, join trunk and head: they mean the same in every trunk, so
    that the head can learn from trunks that have not seen the patient.
``classic``
    The textbook form, sample by sample: one bidirectional LSTM layer, a sigmoid and a softmax.

LSTM layers run over sequences as Hochreiter & Schmidhuber, Neural Comput 9(8):1735-1780, 1997,
both ways as Schuster & Paliwal, IEEE Trans Signal Process 45(11):2673-2681, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecgscribe.model.features import LOGIT_FEATURE_NAMES
from ecgscribe.signal.windows import STEPS_PER_FRAME
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT

if TYPE_CHECKING:
    import keras

__all__ = [
    "Architecture",
    "bilstm",
    "build_beat_head",
    "build_network",
    "build_trunk",
    "expert_names",
]


N_CLASSES = len(AAMI_CLASSES)
DROPOUT = 0.2
"""Dropout before each LSTM layer of the trunk and after the last."""
N_LOCAL = 3
"""Experts of the beat head that see a beat and its neighbours, `LOCAL_BEATS` in all. With few
patients to learn from, what sees more beats learns the patients: these weigh three quarters."""
LOCAL_BEATS = 5


def expert_names() -> tuple[str, ...]:
    """Return the names of the layers of the beat head that hold the experts' class logits."""
    return (*(f"local_{k}" for k in range(1, N_LOCAL + 1)), "sequence")


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
    beat_features : int
        Features of a beat and its neighbours in each expert of the beat head.
    beat_units : int
        Units of each direction of the LSTM over beats.
    n_facts : int
        Rhythm and shape features of a beat.
    """

    preset: Literal["default", "classic"] = "default"
    lstm_units: int = 64
    lstm_layers: int = 2
    beat_features: int = 96
    beat_units: int = 12
    n_facts: int = 0

    @property
    def steps_per_frame(self) -> int:
        """Steps that one frame of the trunk spans."""
        return STEPS_PER_FRAME if self.preset == "default" else 1


def bilstm(units: int, x: Any) -> Any:
    """Apply a bidirectional LSTM layer of so many units in each direction; all states are kept."""
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
        x = bilstm(architecture.lstm_units, layers.Dropout(DROPOUT)(x))
    shape = layers.Dense(32, activation="relu")(layers.Dropout(DROPOUT)(x))
    frame_class = layers.Dense(N_CLASSES, name="frame_class")(shape)
    # The R-peak needs a finer place than a frame: the convolutions' half frames give it.
    joined = layers.Concatenate()([layers.UpSampling1D(2)(layers.Dense(48)(x)), fine])
    joined = layers.Conv1D(32, 5, padding="same", activation="relu")(joined)
    peak = layers.Dense(STEPS_PER_FRAME // 2)(joined)
    peak = layers.Reshape((-1, 1))(peak)
    peak = layers.Activation("sigmoid", name="peak")(peak)
    return keras.Model(signal, [peak, frame_class], name="trunk")


def _classic_trunk(architecture: Architecture) -> keras.Model:
    import keras
    from keras import layers

    signal = keras.Input((None, 2), name="signal")
    states = bilstm(architecture.lstm_units, signal)
    peak = layers.Dense(1, activation="sigmoid", name="peak")(states)
    step_class = layers.Dense(N_CLASSES, name="frame_class")(states)
    return keras.Model(signal, [peak, step_class], name="trunk")


def build_trunk(architecture: Architecture) -> keras.Model:
    """Build the part of the network that is scored over the signal.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    keras.Model
        From ``signal`` (batch, n_steps, 2), n_steps a multiple of 8, to the R-peak scores
        (batch, n_steps, 1) and the class logits (batch, n_frames, 5). A frame of ``classic`` is
        one step.
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
        From logit features, ``class_facts`` (batch, n_beats, 20), and features of rhythm and shape,
        ``facts`` (batch, n_beats, n_facts), to the probabilities (batch, n_beats, 6) of the classes
        and of no beat, the geometric mean over the experts; see `expert_names`. Padding is zero.
    """
    import keras
    from keras import layers, ops

    classes = keras.Input((None, len(LOGIT_FEATURE_NAMES)), name="class_facts")
    features = keras.Input((None, architecture.n_facts), name="facts")
    x = layers.Concatenate()([classes, features])
    x = layers.BatchNormalization(momentum=0.98, center=False, scale=False)(x)
    x = layers.Rescaling(3.0)(layers.Activation("tanh")(layers.Rescaling(1 / 3)(x)))
    logits = [_expert(architecture, x, name) for name in expert_names()]
    together = layers.Average()([ops.log_softmax(z) for z in logits])
    probability = layers.Activation("softmax", name="probability")(together)
    return keras.Model([classes, features], probability, name="beat_head")


def _expert(architecture: Architecture, x: Any, name: str) -> Any:
    """Return class logits (batch, n_beats, 6) from the features of each beat."""
    from keras import layers

    x = layers.GaussianNoise(0.3)(layers.Dropout(0.2)(x))
    x = layers.Conv1D(architecture.beat_features, LOCAL_BEATS, padding="same", activation="relu")(x)
    x = layers.Dropout(0.4)(x)
    if name == "sequence":
        x = layers.Concatenate()([x, bilstm(architecture.beat_units, x)])
        x = layers.Dropout(0.4)(x)
    return layers.Dense(NO_BEAT + 1, name=name)(x)


def build_network(architecture: Architecture) -> keras.Model:
    """Build the whole network: trunk and head as one Keras model.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    keras.Model
        For ``default``, from ``signal`` (batch, n_steps, 2), ``class_facts`` and ``facts`` of
        beats (batch, n_beats, n) to R-peak scores, frame classes and class probabilities; its
        layers ``trunk`` and ``beat_head`` are those of `build_trunk` and `build_beat_head`.
        The step between them, from frame classes and signal to features, is not learned: see
        `ecgscribe.model.features`. For ``classic`` the trunk alone.
    """
    import keras

    trunk = build_trunk(architecture)
    if architecture.preset == "classic":
        return trunk
    head = build_beat_head(architecture)
    inputs = [trunk.input, *head.input]
    return keras.Model(inputs, [*trunk(trunk.input), head(head.input)], name="ecgscribe")
