"""The batches of an epoch, drawn by other threads while earlier ones are learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["keras_batches"]


def keras_batches(draw: Callable[..., Any], n: int) -> Any:
    """Make the batches of one epoch.

    Parameters
    ----------
    draw : callable
        Takes the ``index`` of a batch and returns that batch.
    n : int
        Number of batches.

    Returns
    -------
    keras.utils.PyDataset
    """
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return n

        def __getitem__(self, index: int) -> Any:
            return draw(index=index)

    return Batches(workers=2, max_queue_size=6)
