"""Score conditioned signals with a Keras trunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.scoring import Scores, score_signal
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example

__all__ = ["score_examples", "trunk_scores"]

Floats = NDArray[np.float32]


def trunk_scores(trunk: Any, signal: Floats, *, frame: int) -> Scores:
    """Score a conditioned signal with the Keras trunk, in the windows that annotation uses."""

    def predict(windows: Floats) -> tuple[Any, Any]:
        peak, frame_class = trunk.predict_on_batch(windows)
        return np.asarray(peak), np.asarray(frame_class)

    return score_signal(predict, signal, frame=frame)


def score_examples(trunk: Any, examples: Sequence[Example], config: TrainingConfig) -> list[Scores]:
    """Score each example with the Keras trunk; see `trunk_scores`."""
    return [trunk_scores(trunk, e.signal, frame=config.architecture.frame) for e in examples]
