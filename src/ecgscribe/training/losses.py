"""Losses of the trunk and of the beat head."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.config import TrainingConfig

__all__ = ["CLASS_FREQUENCY", "class_loss", "peak_loss"]

CLASS_FREQUENCY = np.array([918.0, 36.0, 42.0, 3.5, 0.5])
"""Beats of each class per 1,000 beats, in windows drawn uniformly from DS1 and svdb."""
MOST_WEIGHT = 8
"""Largest weight of a rare class, relative to N."""
CLASS_WEIGHT = np.minimum(np.sqrt(CLASS_FREQUENCY[0] / CLASS_FREQUENCY), MOST_WEIGHT)


def class_loss(config: TrainingConfig) -> Any:
    """Make the loss between class logits and class indices; negative indices are masked.

    Parameters
    ----------
    config : TrainingConfig
        Its ``imbalance.beat_loss`` sets how much rare classes count.

    Returns
    -------
    callable
        From targets (batch, n) and logits (batch, n, 5) to the mean loss over beats. Logits may
        have a sixth channel, of no beat, which has the weight of N.
    """
    from keras import ops

    kind = config.imbalance.beat_loss
    weights = np.append(CLASS_WEIGHT, CLASS_WEIGHT[0])
    if kind != "weighted":
        weights = np.ones(NO_BEAT + 1)

    def loss(target: Any, logits: Any) -> Any:
        is_beat = ops.cast(target >= 0, "float32")
        n_classes = logits.shape[-1]
        weight = weights[:n_classes].astype(np.float32)
        one_hot = ops.one_hot(ops.cast(ops.maximum(target, 0), "int32"), n_classes)
        log_p = ops.sum(ops.log_softmax(logits) * one_hot, axis=-1)
        each = -log_p * ops.sum(one_hot * weight, axis=-1)
        if kind == "focal":
            each = each * ops.square(1 - ops.exp(log_p))
        return ops.sum(each * is_beat) / (ops.sum(is_beat) + 1.0)

    return loss


def peak_loss(config: TrainingConfig) -> Any:
    """Make the binary cross-entropy of R-peak scores; negative targets are masked.

    Parameters
    ----------
    config : TrainingConfig
        Its ``imbalance.peak`` and ``peak_weight`` set the weight of steps near an R-peak.

    Returns
    -------
    callable
        From targets and scores, both (batch, n_steps, 1), to the mean loss over steps, times 10.
    """
    from keras import ops

    weight = config.imbalance.peak_weight if config.imbalance.peak == "weighted" else 1.0

    def loss(target: Any, score: Any) -> Any:
        unmasked = ops.cast(target >= 0, "float32")
        target = ops.maximum(target, 0.0)
        score = ops.clip(score, 1e-6, 1 - 1e-6)
        entropy = -(target * ops.log(score) * weight + (1 - target) * ops.log(1 - score))
        # Few steps hold an R-peak: the factor keeps the loss near 1 at the start.
        return 10 * ops.sum(entropy * unmasked) / (ops.sum(unmasked) + 1.0)

    return loss
