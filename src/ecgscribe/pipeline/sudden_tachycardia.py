"""Supraventricular tachycardia, by how it begins: from one beat to the next, fast and regular.

A sinus node does not leap: in exercise, fever or fright the rate rises over many beats. Where
regular beats are a fifth faster than those before, from one beat to the next, and stay so, another
pacemaker drives the heart. Such are, by the reference of 22 records of DS1 and 63 of svdb, 1,278
beats of class S, 33 of V, and 7 of their 180,000 beats of class N.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["ECTOPIC", "follow", "next_rate", "sudden_tachycardia"]


BEATS = 8
"""Beats before the begin, and from it on, that are compared; no shorter run counts."""
LEAP = 0.8
"""Part of the RR intervals before that those from the begin on have at most."""
SLOWEST_S = 0.6
"""RR interval that a tachycardia stays below: 100 per minute."""
REGULAR = 0.1
"""Part of their median by which the first RR intervals differ from it at most."""
HOLDS_ON = 0.15
"""Part of its rate by which an RR interval differs from it at most while it holds on."""
ECTOPIC = 3
"""RR intervals in a row that may differ by more where it goes on after them."""
LATE = 1.3
"""Times its RR interval from which one is a pause."""
ADAPTS = 0.1
"""Part of a difference from its rate by which the rate follows each RR interval."""


Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


def sudden_tachycardia(rr: Doubles) -> Flags:
    """Return which beats are of a regular tachycardia that began from one beat to the next.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
        Seconds from the beat before; NaN for the first.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    inside = np.zeros(len(rr), dtype=np.bool_)
    if len(rr) <= 2 * BEATS:
        return inside
    windows = sliding_window_view(rr[1:], BEATS)
    median = np.median(windows, axis=1)
    before, after, own = median[:-BEATS], median[BEATS:], windows[BEATS:]
    limit = LEAP * before
    regular = (np.abs(own - after[:, None]) <= REGULAR * after[:, None])[:, 1:].all(axis=1)
    begins = (after < SLOWEST_S) & (after <= limit) & (own[:, 0] <= limit) & regular
    end = 0
    for k in np.flatnonzero(begins).tolist():
        begin = k + BEATS + 1
        if begin >= end:
            of_it = follow(rr, begin, float(after[k]))
            end = begin + len(of_it)
            if len(of_it) >= BEATS:
                inside[begin:end] = of_it
    return inside


def next_rate(rate: float, rr: float) -> float | None:
    """Return the RR interval of a tachycardia that holds on for one beat more.

    Parameters
    ----------
    rate : float
        Its RR interval so far, in seconds; it may change slowly.
    rr : float
        The next one.

    Returns
    -------
    float or None
        None if that one is not of the tachycardia.
    """
    return rate + ADAPTS * (rr - rate) if abs(rr - rate) <= HOLDS_ON * rate else None


def follow(rr: Doubles, begin: int, rate: float) -> Flags:
    """Return which beats are of a tachycardia, from one of them on, up to its last.

    It goes on through ectopic beats, but a beat that ends a pause is not of it.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
        From each beat to the one before it.
    begin : int
        The beat.
    rate : float
        Its RR interval so far, in the same unit.

    Returns
    -------
    ndarray of bool, shape (m,)
        From that beat on; of no length if it is not of the tachycardia, nor are the next few.
    """
    of_it: list[bool] = []
    length, odd = 0, 0
    for own in rr[begin:].tolist():
        following = next_rate(rate, own)
        of_it.append(own < LATE * rate)
        odd = 0 if following is not None else odd + 1
        if odd > ECTOPIC:
            break
        if following is not None:
            rate, length = following, len(of_it)
    return np.array(of_it[:length], dtype=np.bool_)
