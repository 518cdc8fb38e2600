"""Replacements for a span of the signal of a beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.feature_groups import is_typical
from ecgscribe.explanation.occlusion import BeatContext
from ecgscribe.explanation.result import Replacement

__all__ = [
    "REACH",
    "Replace",
    "linear",
    "preferred",
    "replacements",
    "typical",
    "typical_beat",
]


Floats = NDArray[np.float32]


REACH = 51
"""Steps on each side of the R-peak, 0.4 s, within which spans are replaced."""
LEAST_BEATS = 3
"""Fewest beats of which a typical one is the mean."""


class Replace(Protocol):
    """Returns the signal of a beat with one span replaced."""

    def __call__(self, begin: int, end: int, leads: Sequence[int] = (0, 1)) -> Floats:
        """Replace a span.

        Parameters
        ----------
        begin, end : int
            First step of the span, and the one after its last, counted from the R-peak; within
            `REACH`.
        leads : sequence of int
            Columns of the leads.

        Returns
        -------
        ndarray of float32, shape (n_steps, 2)
        """


def replacements(context: BeatContext) -> dict[Replacement, Replace]:
    """Return the ways to replace a span of the signal of a beat.

    Returns
    -------
    dict
        ``"linear"``, and ``"typical"`` if there are typical beats nearby.
    """
    ways: dict[Replacement, Replace] = {"linear": partial(linear, context)}
    if context.model.head.feature_names:
        mean = typical_beat(context, is_typical(context, context.features()))
        if mean is not None:
            ways["typical"] = partial(typical, context, mean)
    return ways


def preferred(ways: Mapping[Replacement, Replace]) -> Replacement:
    """Return the name of the replacement that an explanation uses."""
    return "typical" if "typical" in ways else "linear"


def linear(context: BeatContext, begin: int, end: int, leads: Sequence[int] = (0, 1)) -> Floats:
    """Replace a span by a straight line between its neighbours; see `Replace`."""
    changed, columns = context.signal.copy(), list(leads)
    first = max(context.row + begin - 1, 0)
    last = min(context.row + end, len(changed) - 1)
    ramp = np.linspace(0, 1, last - first + 1, dtype=np.float32)[:, None]
    ends = context.signal[[first, last]][:, columns]
    changed[first : last + 1, columns] = ends[0] * (1 - ramp) + ends[1] * ramp
    return changed


def typical_beat(context: BeatContext, which: NDArray[np.bool_]) -> Floats | None:
    """Return the mean of the typical beats, `REACH` and one more step around the R-peak.

    Parameters
    ----------
    context : BeatContext
    which : ndarray of bool, shape (n_nearby,)
        The typical beats; see `ecgscribe.explanation.feature_groups.is_typical`.

    Returns
    -------
    ndarray of float32, shape (2 * REACH + 3, 2), or None
        Mean of those in the signal of the context; None if they are fewer than three.
    """
    r_peaks = context.beats.r_peaks[context.nearby][which]
    row = np.rint(r_peaks).astype(np.int64) - context.begin
    fits = (row > REACH + 1) & (row < len(context.signal) - REACH - 1)
    if fits.sum() < LEAST_BEATS:
        return None
    around = row[fits][:, None] + np.arange(-REACH - 1, REACH + 2)
    return np.asarray(context.signal[around].mean(axis=0), dtype=np.float32)


def typical(
    context: BeatContext, mean: Floats, begin: int, end: int, leads: Sequence[int] = (0, 1)
) -> Floats:
    """Replace a span by the typical beat, tilted so that it meets the signal at both ends.

    Parameters
    ----------
    context : BeatContext
    mean : ndarray of float32, shape (2 * REACH + 3, 2)
        See `typical_beat`.
    begin, end, leads
        See `Replace`.

    Returns
    -------
    ndarray of float32, shape (n_steps, 2)
    """
    changed, columns = context.signal.copy(), list(leads)
    rows = slice(context.row + begin - 1, context.row + end + 1)
    part = mean[REACH + begin : REACH + end + 2]
    ramp = np.linspace(0, 1, len(part), dtype=np.float32)[:, None]
    gap = context.signal[rows] - part
    changed[rows, columns] = (part + gap[0] * (1 - ramp) + gap[-1] * ramp)[:, columns]
    return changed
