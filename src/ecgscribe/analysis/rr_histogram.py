"""The histogram of RR intervals, those between two beats of class N apart from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries

__all__ = ["RRHistogram", "rr_histogram"]


@dataclass(frozen=True, eq=False)
class RRHistogram:
    """Counts of RR intervals in bins of equal width.

    Parameters
    ----------
    first_ms, bin_ms : int
        Lower edge of the first bin, and the width of every bin.
    normal, other : ndarray of int64, shape (n_bins,)
        Intervals from N to N, and all others.
    """

    first_ms: int
    bin_ms: int
    normal: NDArray[np.int64]
    other: NDArray[np.int64]

    @property
    def edges_ms(self) -> NDArray[np.int64]:
        """Lower edge of each bin and the upper edge of the last, shape (n_bins + 1,)."""
        return self.first_ms + self.bin_ms * np.arange(len(self.normal) + 1)


def rr_histogram(beats: BeatSeries, *, bin_ms: int = 20) -> RRHistogram | None:
    """Count the RR intervals.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.
    bin_ms : int
        Width of the bins in ms; their edges are multiples of it.

    Returns
    -------
    RRHistogram or None
        From the bin of the shortest interval to that of the longest; None without intervals.
    """
    rr = 1000.0 * beats.rr[beats.has_rr]
    if len(rr) == 0:
        return None
    normal = beats.normal[beats.has_rr]
    first, last = int(rr.min() // bin_ms), int(rr.max() // bin_ms)
    edges = bin_ms * np.arange(first, last + 2)
    return RRHistogram(
        first_ms=bin_ms * first,
        bin_ms=bin_ms,
        normal=np.histogram(rr[normal], edges)[0],
        other=np.histogram(rr[~normal], edges)[0],
    )
