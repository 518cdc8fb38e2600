"""The scale of each lead of a stream: half the median peak-to-peak value of its past blocks."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ecgscribe.leads import N_LEADS
from ecgscribe.signal.filters import SCALE_BLOCKS
from ecgscribe.signal.windows import FS

__all__ = ["CHANGE_STEPS", "ScaleTracker", "scaled"]


CHANGE_BLOCK = FS
CHANGE_BLOCKS = 3
"""The median of so many blocks of one second shows a sudden change of the scale."""
CHANGE_STEPS = CHANGE_BLOCKS * CHANGE_BLOCK
CHANGE = 6.0
"""Smallest ratio of two scales that is a sudden change; the median follows smaller changes."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


def scaled(steps: Floats, scale: Doubles) -> Floats:
    """Divide filtered leads by their scales.

    Parameters
    ----------
    steps : ndarray of float32, shape (n_steps, 2)
    scale : ndarray of float64, shape (2,)
        Zero for a lead without a scale, which becomes zero.

    Returns
    -------
    ndarray of float32, shape (n_steps, 2)
    """
    divisor = np.where(scale > 0, scale, 1)
    return np.clip(np.where(scale > 0, steps / divisor, 0), -20, 20).astype(np.float32)


class ScaleTracker:
    """Follows the scale of each lead.

    Parameters
    ----------
    n_leads : int
        One or two.
    """

    def __init__(self, n_leads: int) -> None:
        self._heights: list[deque[float]] = [deque(maxlen=SCALE_BLOCKS) for _ in range(n_leads)]
        self.scale: Doubles = np.zeros(N_LEADS)
        """Scale of each lead; zero until it is known."""

    def measure(self, block: Floats, lost: Flags) -> list[int]:
        """Add the peak-to-peak values of a block.

        Parameters
        ----------
        block : ndarray of float32, shape (n_steps, 2)
            Filtered leads.
        lost : ndarray of bool, shape (n_steps, n_leads)
            A lead that is lost from end to end does not count.

        Returns
        -------
        list of int
            Leads that have got their first scale.
        """
        new = []
        for k, heights in enumerate(self._heights):
            if not lost[:, k].all():
                heights.append(float(np.ptp(block[:, k])))
                before, self.scale[k] = self.scale[k], median(heights) / 2
                if before == 0 < self.scale[k]:
                    new.append(k)
        return new

    def sudden_changes(self, steps: Floats) -> dict[int, float]:
        """Return the new scales of leads that may have changed suddenly.

        Parameters
        ----------
        steps : ndarray of float32, shape (`CHANGE_STEPS`, 2)
            The latest steps of the filtered leads, none of them lost.

        Returns
        -------
        dict of int to float
            New scale of each such lead.
        """
        leads = np.ascontiguousarray(steps.T)
        height = np.ptp(leads.reshape(N_LEADS, CHANGE_BLOCKS, CHANGE_BLOCK), axis=2)
        new = (np.sort(height, axis=1)[:, CHANGE_BLOCKS // 2] / 2).tolist()
        return {
            k: new[k]
            for k, old in enumerate(self.scale[: len(self._heights)].tolist())
            if old > 0 < new[k] and not old / CHANGE < new[k] < old * CHANGE
        }

    def begin_of_change(self, lead: int, scale: float, steps: Floats) -> int:
        """Return the first of some steps for which a new scale of a lead holds.

        Parameters
        ----------
        lead : int
        scale : float
            The new scale.
        steps : ndarray of float32, shape (n_steps, 2)
            The latest steps of the filtered leads.

        Returns
        -------
        int
            The first step that is too large for the old scale, or, if the new scale is smaller,
            the one after the last step that is too large for it.
        """
        size = np.abs(steps[:, lead])
        grown = scale > self.scale[lead]
        large = np.flatnonzero(size > 2 * (self.scale[lead] if grown else scale))
        if len(large) == 0:
            return 0
        return int(large[0] if grown else large[-1] + 1)

    def replace(self, lead: int, scale: float) -> None:
        """Start again with a new scale for a lead."""
        self._heights[lead].clear()
        self._heights[lead].append(2 * scale)
        self.scale[lead] = scale
