"""Leads in millivolts, one below the other without touching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord, Record

__all__ = ["in_millivolts", "stack"]


Doubles = NDArray[np.float64]


def in_millivolts(record: Record | LazyRecord, first: int, last: int) -> tuple[Doubles, list[bool]]:
    """Return a span of a recording in millivolts.

    Parameters
    ----------
    record : Record or LazyRecord
    first, last : int
        First sample, and the one after the last.

    Returns
    -------
    millivolts : ndarray of float64, shape (last - first, n_leads)
        Each lead is centred, and clipped at 5 mV.
    to_scale : list of bool
        Whether each lead is in a unit of voltage; one that is not has a height of 2 mV.
    """
    part = record.lazy().read(first, last).astype(np.float64)
    to_scale = [unit.lower() in MILLIVOLTS for unit in record.units]
    for k, unit in enumerate(record.units):
        finite = part[np.isfinite(part[:, k]), k]
        if len(finite) == 0:
            continue
        factor = MILLIVOLTS.get(unit.lower())
        if factor is None:
            factor = 2.0 / (float(np.ptp(finite)) or 2.0)
        part[:, k] = (part[:, k] - np.median(finite)) * factor
    return np.clip(part, -5.0, 5.0), to_scale


def stack(
    millivolts: Doubles, *, between: float, least_top: float = 0.0
) -> tuple[Doubles, Doubles]:
    """Place leads one below the other.

    Parameters
    ----------
    millivolts : ndarray of float64, shape (n, n_leads)
    between : float
        Distance between two leads in mV.
    least_top : float
        Room in mV above the zero of each lead, at least.

    Returns
    -------
    offsets : ndarray of float64, shape (n_leads,)
        In mV, to be added to the leads.
    bands : ndarray of float64, shape (n_leads, 2)
        Lowest and highest level of each lead with its offset.
    """
    offsets = np.zeros(millivolts.shape[1])
    bands = np.zeros((millivolts.shape[1], 2))
    for k, lead in enumerate(millivolts.T):
        finite = lead[np.isfinite(lead)]
        low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
        low = np.floor(10 * min(low, -0.25)) / 10
        high = np.ceil(10 * max(high, 0.25, least_top)) / 10
        offsets[k] = bands[k - 1, 0] - between - high if k else 0.0
        bands[k] = offsets[k] + low, offsets[k] + high
    return offsets, bands
