"""Losses of the trunk."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgscribe.symbols import NO_BEAT
from ecgscribe.training.config import TrainingConfig

__all__ = ["class_loss", "peak_loss"]


# Beats of a class as a window drawn at random from DS1 and svdb holds them, in parts of 1,000.
CLASS_SHARE = np.array([918.0, 36.0, 42.0, 3.5, 0.5])
CLASS_WEIGHT = np.minimum(np.sqrt(CLASS_SHARE[0] / CLASS_SHARE), 8)


def class_loss(config: TrainingConfig) -> Any:
    """Make the loss of class logits against indices, masked where the index is negative.

    Parameters
    ----------
    config : TrainingConfig
        Its ``imbalance.beat_loss`` says how rare classes count.

    Returns
    -------
    callable
        From targets (batch, n) and logits (batch, n, 5), or 6 with that of no beat, which counts
        as N does, to the mean loss over beats.
    """
    from keras import ops

    kind = config.imbalance.beat_loss
    of_class = np.append(CLASS_WEIGHT, CLASS_WEIGHT[0])
    if kind != "weighted":
        of_class = np.ones(NO_BEAT + 1)

    def loss(target: Any, logits: Any) -> Any:
        is_beat = ops.cast(target >= 0, "float32")
        n_answers = logits.shape[-1]
        weight = of_class[:n_answers].astype(np.float32)
        one_hot = ops.one_hot(ops.cast(ops.maximum(target, 0), "int32"), n_answers)
        log_p = ops.sum(ops.log_softmax(logits) * one_hot, axis=-1)
        each = -log_p * ops.sum(one_hot * weight, axis=-1)
        if kind == "focal":
            each = each * ops.square(1 - ops.exp(log_p))
        return ops.sum(each * is_beat) / (ops.sum(is_beat) + 1.0)

    return loss


def peak_loss(config: TrainingConfig) -> Any:
    """Make the binary cross-entropy of the sigmoid, masked where the target is negative."""
    from keras import ops

    weight = config.imbalance.peak_weight if config.imbalance.peak == "weighted" else 1.0

    def loss(target: Any, score: Any) -> Any:
        known = ops.cast(target >= 0, "float32")
        target = ops.maximum(target, 0.0)
        score = ops.clip(score, 1e-6, 1 - 1e-6)
        entropy = -(target * ops.log(score) * weight + (1 - target) * ops.log(1 - score))
        # Few steps hold an R-peak: the factor keeps the loss near 1 at the start.
        return 10 * ops.sum(entropy * known) / (ops.sum(known) + 1.0)

    return loss
