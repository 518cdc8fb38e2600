"""The filters of `ecgscribe.signal.filters`, for one hop of a stream."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.filters import filter_lead
from ecgscribe.signal.lead_statistics import without_large_offset

__all__ = ["HOP", "MOST_PHASES", "fill_gaps", "filter_hop"]


HOP = 40
"""Steps from one look at the signal to the next (0.31 s); a multiple of a frame."""
MOST_PHASES = 16
"""Most positions of hops between samples for which the filters are kept as matrices."""


Floats = NDArray[np.float32]


def fill_gaps(lead: Floats) -> Floats:
    """Replace invalid samples of a lead by straight lines, and remove a large offset.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        Finite; zero if no sample is valid.
    """
    valid = np.flatnonzero(np.isfinite(lead))
    if len(valid) == 0:
        return np.zeros_like(lead)
    if len(valid) < len(lead):
        lead = np.interp(np.arange(len(lead)), valid, lead[valid]).astype(np.float32)
    return without_large_offset(lead, lead.min(), lead.max())


def filter_hop(leads: Floats, fs: float, first: int) -> Floats:
    """Filter one hop by a single matrix product, which costs less than several calls.

    Parameters
    ----------
    leads : ndarray of float32, shape (n_samples, n_leads)
        Finite samples around the hop.
    fs : float
        Sampling frequency in Hz.
    first : int
        First step of the hop, counted from the first step of `leads`.

    Returns
    -------
    ndarray of float32, shape (`HOP`, n_leads)
    """
    return _matrix(fs, len(leads), first) @ leads


@lru_cache(maxsize=2 * MOST_PHASES)
def _matrix(fs: float, n_samples: int, first: int) -> Floats:
    """Return the filters, which are linear, as a matrix of shape (`HOP`, n_samples)."""
    filtered = filter_lead(np.eye(n_samples, dtype=np.float32), fs)
    return np.ascontiguousarray(filtered[first : first + HOP])
