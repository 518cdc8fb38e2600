"""By what a beat is known to be like another of its recording: shape of its QRS, timing, P wave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.shape_features import BEFORE, SHIFTS

__all__ = ["N_QRS", "N_RR", "TRAITS", "no_traits", "traits_of"]


Floats = NDArray[np.float32]
Halves = NDArray[np.float16]

AROUND = 12
"""Steps before and after an R-peak between which its QRS lies (0.09 s)."""
COEFFICIENTS = 8
"""Cosines that describe the QRS in each lead, the constant left out: up to 21 Hz."""
N_QRS = 2 * COEFFICIENTS
_RR = ("rr_before/near", "rr_after/near", "rr_before/upper")
N_RR = len(_RR)
TIMING_NAMES = (
    *_RR, "p_like_dominant_1", "p_like_dominant_2", "qrs_like_dominant_1", "qrs_like_dominant_2"
)  # fmt: skip
"""Features of timing, P wave and QRS: RR intervals first, then those of each lead."""
TRAITS = N_QRS + len(TIMING_NAMES)
"""Numbers per beat: coefficients of the QRS, then those features."""


def no_traits(n: int) -> Halves:
    """Return the traits of beats that are like no other, shape (n, `TRAITS`)."""
    return np.zeros((n, TRAITS), dtype=np.float16)


def traits_of(features: Floats, names: Sequence[str], beats: Floats) -> Halves:
    """Return the traits of beats.

    Parameters
    ----------
    features : ndarray of float32, shape (n, len(names))
    names : sequence of str
        Of its columns; see `ecgscribe.model.features.FEATURE_NAMES`.
    beats : ndarray of float32, shape (n, `ecgscribe.model.shape_features.WAVEFORM`, 2)

    Returns
    -------
    ndarray of float16, shape (n, `TRAITS`)
        Zeros without such columns.
    """
    traits = no_traits(len(features))
    if not len(features) or not set(TIMING_NAMES) <= set(names):
        return traits
    middle = BEFORE + max(SHIFTS)
    qrs = beats[:, middle - AROUND : middle + AROUND]
    traits[:, :N_QRS] = np.einsum("kt,ntl->nlk", _cosines(), qrs).reshape(len(qrs), N_QRS)
    traits[:, N_QRS:] = features[:, [names.index(name) for name in TIMING_NAMES]]
    return traits


def _cosines() -> Floats:
    """Return the first rows of an orthonormal cosine transform, without the constant."""
    step, order = np.arange(2 * AROUND) + 0.5, np.arange(1, COEFFICIENTS + 1)
    waves = np.cos(np.pi * order[:, None] * step / (2 * AROUND)) / np.sqrt(AROUND)
    return np.asarray(waves, dtype=np.float32)
