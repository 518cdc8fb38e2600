"""Score recordings with Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.scoring import Scores, score_signal
from ecgscribe.signal.windows import STEPS_PER_FRAME
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example

__all__ = ["KerasNetwork", "score_examples"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class KerasNetwork:
    """A network that Keras computes; see `ecgscribe.model.scoring.Network`.

    Parameters
    ----------
    trunk : keras.Model, optional
        See `ecgscribe.model.network.build_trunk`; not needed to predict beats.
    beat_head : keras.Model, optional
        See `ecgscribe.model.network.build_beat_head`; not needed to predict the trunk's scores.
    steps_per_frame : int
        Steps that one frame of the trunk spans.
    """

    trunk: Any = None
    beat_head: Any = None
    steps_per_frame: int = STEPS_PER_FRAME

    @classmethod
    def of(cls, network: Any) -> KerasNetwork:
        """Wrap a network that `ecgscribe.model.network.build_network` returned."""
        if network.name == "trunk":  # the whole of ``classic``
            return cls(network, steps_per_frame=1)
        return cls(network.get_layer("trunk"), network.get_layer("beat_head"))

    def predict_trunk(self, windows: Floats) -> tuple[Floats, Floats]:
        """Score windows as they are; see `ecgscribe.model.scoring.Network.predict_trunk`."""
        peak, frame_class = self.trunk.predict_on_batch(windows)
        return np.asarray(peak), np.asarray(frame_class)

    def predict_beats(self, logit_features: Floats, features: Floats) -> Floats:
        """Predict the classes of runs of beats; see `ecgscribe.model.scoring.Network`."""
        return np.asarray(self.beat_head.predict_on_batch([logit_features, features]))


def score_examples(trunk: Any, examples: Sequence[Example], config: TrainingConfig) -> list[Scores]:
    """Score each example with the Keras trunk, in the windows that annotation uses."""
    network = KerasNetwork(trunk, steps_per_frame=config.architecture.steps_per_frame)
    return [score_signal(network, example.signal) for example in examples]
