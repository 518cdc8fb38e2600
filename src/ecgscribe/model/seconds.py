"""What is kept of each second of a recording for its rhythm: an embedding, heights, lost leads.

Seconds are whole seconds of the conditioned signal, counted from its first step. The network over
one lead runs in windows on the trunk's grid, so that a recording can be embedded block by block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.rhythm import EMBEDDING, RhythmNetwork
from ecgscribe.signal.windows import FS, Grid

__all__ = ["Seconds", "embed_windows", "heights", "relative_amplitude", "typical_heights"]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


LARGEST_AMPLITUDE = 6.0
"""Powers of 2 beyond which a larger or smaller amplitude means nothing more."""
AMPLITUDE_GAIN = 1 / 3
"""Brings amplitudes to the order of one."""


@dataclass(frozen=True, eq=False)
class Seconds:
    """What is kept of each second of a recording, or of a part of one, for its rhythm.

    Parameters
    ----------
    embedding : ndarray of float32, shape (n, `EMBEDDING`)
        Mean over the leads that are not lost; zeros where all are.
    height : ndarray of float32, shape (n, n_leads)
        Peak-to-peak value of each lead, filtered but not scaled.
    lost : ndarray of bool, shape (n, n_leads)
        Whether a lead is lost for the whole second.
    """

    embedding: Floats
    height: Floats
    lost: Flags

    def __len__(self) -> int:
        return len(self.embedding)

    @classmethod
    def join(cls, parts: Sequence[Seconds]) -> Seconds:
        """Join consecutive parts, at least one."""
        return cls(
            np.concatenate([part.embedding for part in parts]),
            np.concatenate([part.height for part in parts]),
            np.concatenate([part.lost for part in parts]),
        )


def embed_windows(
    network: RhythmNetwork,
    signal: Floats,
    unscaled: Floats,
    lost: Flags,
    grid: Grid,
    first: int,
    last: int,
    *,
    begin: int = 0,
) -> Seconds:
    """Describe the seconds that the windows `first` up to `last` of a grid answer for.

    Parameters
    ----------
    network : RhythmNetwork
    signal, unscaled : ndarray of float32, shape (n_steps, 2)
        The whole conditioned signal, scaled and before, or the part that those windows span.
    lost : ndarray of bool, shape (n_steps, n_leads)
        Whether each lead is lost.
    grid : Grid
        Windows of the whole, all multiples of a second; see `ecgscribe.model.scoring.trunk_grid`.
    first, last : int
        Range of windows.
    begin : int
        Position in the whole of the first row, a multiple of `FS`.

    Returns
    -------
    Seconds
        Windows end where the recording does: what is not there would be taken for standstill.
    """
    n_leads, n_seconds = lost.shape[1], grid.n // FS
    height, gone = heights(unscaled[:, :n_leads]), lost_seconds(lost)
    parts = []
    for window in range(first, last):
        own = slice(window * grid.core // FS, min((window + 1) * grid.core // FS, n_seconds))
        if own.start >= own.stop:
            continue
        seen = slice(
            max(own.start - grid.halo // FS, 0), min(own.stop + grid.halo // FS, n_seconds)
        )
        rows = slice(seen.start * FS - begin, seen.stop * FS - begin)
        leads = np.ascontiguousarray(signal[rows, :n_leads].T[..., None])
        inside = slice(own.start - seen.start, own.stop - seen.start)
        embedding = network.embed(leads)[:, inside]
        here = slice(own.start - begin // FS, own.stop - begin // FS)
        readable = ~gone[here]
        parts.append(Seconds(_mean_over(embedding, readable), height[here], gone[here]))
    if parts:
        return Seconds.join(parts)
    nothing = np.zeros((0, n_leads), dtype=np.float32)
    return Seconds(np.zeros((0, EMBEDDING), dtype=np.float32), nothing, nothing > 0)


def _mean_over(embedding: Floats, readable: Flags) -> Floats:
    """Return the mean over leads, shape (n, `EMBEDDING`), of (n_leads, n, `EMBEDDING`)."""
    weight = readable.T[..., None].astype(np.float32)
    return np.asarray((embedding * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1))


def heights(unscaled: Floats) -> Floats:
    """Return the peak-to-peak value of each whole second, shape (n_seconds, n_leads)."""
    n, n_leads = len(unscaled) // FS, unscaled.shape[1]
    by_lead = np.ascontiguousarray(unscaled[: n * FS].T).reshape(n_leads, n, FS)
    return np.ascontiguousarray(np.ptp(by_lead, axis=2).T)


def lost_seconds(lost: Flags) -> Flags:
    """Return whether each lead is lost for all of each second, shape (n_seconds, n_leads)."""
    n, n_leads = len(lost) // FS, lost.shape[1]
    by_lead = np.ascontiguousarray(lost[: n * FS].T).reshape(n_leads, n, FS)
    return np.ascontiguousarray(by_lead.all(axis=2).T)


def typical_heights(height: Floats, lost: Flags) -> Floats:
    """Return the median height of each lead over the seconds in which it is not lost."""
    columns = zip(height.T, lost.T, strict=True)
    typical = [np.median(own[~gone]) if not gone.all() else 1.0 for own, gone in columns]
    return np.maximum(np.array(typical, dtype=np.float32), np.float32(1e-6))


def relative_amplitude(height: Floats, typical: Floats, lost: Flags) -> Floats:
    """Compare the height of each second with the typical one of its lead.

    Parameters
    ----------
    height : ndarray of float32, shape (n, n_leads)
    typical : ndarray of float32, shape (n_leads,)
    lost : ndarray of bool, shape (n, n_leads)

    Returns
    -------
    ndarray of float32, shape (n,)
        Powers of 2, scaled to the order of one: the mean over the leads that are not lost.
    """
    power = np.log2(np.maximum(height, 1e-9) / typical)
    power = AMPLITUDE_GAIN * np.clip(power, -LARGEST_AMPLITUDE, LARGEST_AMPLITUDE)
    total = np.where(lost, 0, power).sum(axis=1)
    return np.asarray(total / np.maximum((~lost).sum(axis=1), 1), dtype=np.float32)
