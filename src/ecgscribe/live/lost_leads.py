"""Which samples of a stream are invalid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.filters import invalid_samples

__all__ = ["LostLeadFinder"]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class LostLeadFinder:
    """Finds invalid samples: missing, flat or saturated.

    A lead is saturated at the lowest or the highest value that it has reached so far.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz.
    n_leads : int
    """

    def __init__(self, fs: float, n_leads: int) -> None:
        self._fs = fs
        self._range = np.tile(np.array([[np.inf], [-np.inf]], dtype=np.float32), n_leads)

    def invalid(self, samples: Floats) -> Flags:
        """Return where each lead is invalid; see `ecgscribe.signal.filters.invalid_samples`.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples, n_leads)
            The latest ones; some may have been seen before.

        Returns
        -------
        ndarray of bool, shape (n_samples, n_leads)
        """
        flags = np.zeros(samples.shape, dtype=np.bool_)
        for k in range(samples.shape[1] if len(samples) else 0):
            lead = samples[:, k]
            low, high = self._range[:, k]
            valid = lead[np.isfinite(lead)]
            if len(valid):
                low, high = min(low, valid.min()), max(high, valid.max())
                self._range[:, k] = low, high
            with_range = np.concatenate(([low, high], lead)).astype(np.float32)
            flags[:, k] = invalid_samples(with_range, self._fs)[2:]
        return flags

    def forget_range(self, lead: int) -> None:
        """Forget which values a lead has reached, because its scale has changed."""
        self._range[:, lead] = np.inf, -np.inf
