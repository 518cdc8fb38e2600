"""Pair detected R-peaks with the reference beats of an example."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics import ec57
from ecgscribe.record import Annotation
from ecgscribe.signal.windows import FS
from ecgscribe.training.examples import Example

__all__ = ["match_r_peaks"]

Doubles = NDArray[np.float64]

FINE = 8
"""Annotations hold whole samples: R-peaks are compared at this multiple of 128 Hz."""


def match_r_peaks(
    r_peaks: Doubles, example: Example, *, window: float = 0.15
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair R-peaks with the reference beats of a record according to ANSI/AAMI EC57.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n_beats,)
        Detected R-peaks in steps.
    example : Example
    window : float
        Largest distance of a pair in seconds.

    Returns
    -------
    reference_index, detected_index : ndarray of int64, shape (n_pairs,)
        Index of each pair in ``example.r_peaks`` and in `r_peaks`.
    """
    reference, detected = _annotation(example.r_peaks), _annotation(r_peaks)
    pairs = ec57.compare(reference, detected, start=0, window=window).pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    return pairs.reference_index[both], pairs.test_index[both]


def _annotation(r_peaks: Doubles) -> Annotation:
    sample = np.sort(np.rint(r_peaks * FINE).astype(np.int64))
    return Annotation(sample, np.full(len(r_peaks), "N"), FS * float(FINE))
