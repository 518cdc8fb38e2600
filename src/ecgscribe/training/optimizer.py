"""The optimizer of the trunk and of the beat head."""

from __future__ import annotations

from typing import Any

__all__ = ["build_optimizer"]

WEIGHT_DECAY = 1e-3
CLIP_NORM = 1.0
WARM_UP_FROM = 0.05
"""Learning rate at the start of a warm-up, as a part of the highest."""
BATCHES_PER_WARM_UP_BATCH = 50
"""A warm-up adds one batch for so many batches of the schedule, but `FEWEST_WARM_UP` or more."""
FEWEST_WARM_UP = 10


def build_optimizer(
    learning_rate: float, n_batches: int, *, final_part: float, warm_up: bool = False
) -> Any:
    """Build AdamW with a learning rate that decays along a cosine.

    Parameters
    ----------
    learning_rate : float
        Highest learning rate.
    n_batches : int
        Batches over which it decays.
    final_part : float
        Learning rate at the end, as a part of the highest.
    warm_up : bool
        Raise the learning rate from a small value to the highest in the first batches.

    Returns
    -------
    keras.optimizers.AdamW
    """
    from keras import optimizers

    start, warm_up_options = learning_rate, {}
    if warm_up:
        start = WARM_UP_FROM * learning_rate
        steps = max(n_batches // BATCHES_PER_WARM_UP_BATCH, FEWEST_WARM_UP)
        warm_up_options = {"warmup_target": learning_rate, "warmup_steps": steps}
    rate = optimizers.schedules.CosineDecay(start, n_batches, alpha=final_part, **warm_up_options)
    return optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=CLIP_NORM)
