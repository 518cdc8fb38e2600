"""Which leads of a stream are noise next to one that shows beats."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.filters import nan_median
from ecgscribe.signal.noisy_leads import NOISE_BLOCKS, are_noise, prominence

__all__ = ["NoisyLeadFinder"]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class NoisyLeadFinder:
    """Finds noise by the past blocks; a recorded file is judged by those on both sides.

    Parameters
    ----------
    n_leads : int
    """

    def __init__(self, n_leads: int) -> None:
        self._past: deque[Floats] = deque(maxlen=NOISE_BLOCKS)
        self.noisy: Flags = np.zeros(n_leads, dtype=np.bool_)
        """Whether each lead is noise now."""

    def measure(self, block: Floats, lost: Flags) -> None:
        """Add the next block of two seconds.

        Parameters
        ----------
        block : ndarray of float32, shape (n_steps, n_leads)
            Filtered leads.
        lost : ndarray of bool, shape (n_steps, n_leads)
            Whether each is lost.
        """
        self._past.append(prominence(block, lost))
        past = np.stack(self._past, axis=-1)
        self.noisy = are_noise(nan_median(past))
