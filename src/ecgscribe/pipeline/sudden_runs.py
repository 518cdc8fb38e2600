"""Runs of supraventricular beats, by how they begin: from one beat to the next.

What each limit is worth on unseen patients, and on recordings that were made to have many such
runs, is in ``experiments/README.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOUBTFUL_S", "begins_suddenly", "of_the_run", "rate_to_hold", "stands_out"]

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

EARLY = 0.88
"""Part of the longest of the three RR intervals before that the RR interval of an early beat has at
most. Breathing rarely shortens one as much."""
LONG_RUN = 8
"""Beats from which a run must also stay fast."""
FAST = 0.9
"""Part of the median of five RR intervals that the median of the next five has at most where a
long run begins."""
REACH = 2
"""Beats around the first of a run at which it may begin: that one may have been called N or V."""
STEADY = 1.15
"""Times by which an RR interval is at most longer or shorter than those of a run that holds on."""
LONGEST_AGO = 60
"""Beats before a run among which it may have begun as one of N, and N are looked for."""
LATEST_N = 3
"""N before a run, each after an N, that it is compared with."""
DOUBTFUL_S = 0.1
"""Probability of S from which a beat may be one of a run that stands out."""
FEWEST = 3
"""Beats of the shortest run that stands out."""
LEAP = 0.8
"""Part of the RR intervals of the N before that those of a run that stands out have at most."""
REGULAR = 0.06
"""Part of its RR interval by which half of those of a run that stands out change at most."""
HOLDS = 5
"""Beats of S from which a regular run goes on while it holds its rate."""
LATEST_S = 8
"""Latest beats of a run that its rate is taken of."""
LOGIT = 3.0
"""How much higher the mean logit of S of a run that stands out is than those of the N before."""


def begins_suddenly(rr: Doubles, begin: int, end: int, is_n: Flags) -> bool:
    """Return whether a run of beats begins from one beat to the next.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
        From each beat to the one before it; NaN for the first beat of the recording.
    begin, end : int
        The first beat of the run, and the one after its last.
    is_n : ndarray of bool, shape (n,)
        Which of the beats before it are normal.

    Returns
    -------
    bool
        A short run at the very begin of a recording is given the benefit of the doubt. A run may
        have begun earlier: beats before it at the same rate, called N, are of the same run. And
        where one run follows another after a few N, it is faster than those.
    """
    is_long = end - begin >= LONG_RUN
    near = _near(begin, len(rr) if is_long else end)
    if not is_long and begin <= 1:
        return True
    if any(_is_early(rr, k) for k in near) and (
        not is_long
        or any(_falls(rr, k) for k in near)
        or _rr_at_begin(rr, begin, end) <= FAST * _usual_rr(rr, begin, is_n)
    ):
        return True
    first = _first_at_the_rate(rr, begin, end)
    return 1 < first < begin and _is_early(rr, first) and _falls(rr, first)


def stands_out(rr: Doubles, logit: Doubles, begin: int, end: int, is_n: Flags) -> bool:
    """Return whether a run of beats that may be S is one, by all that stands out against N.

    It begins from one beat to the next, is faster than the N before it, regular, and by shape and
    P wave far more likely to be S than those.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
    logit : ndarray of float64, shape (n,)
        Of S against N.
    begin, end : int
    is_n : ndarray of bool, shape (n,)
        See `begins_suddenly`.
    """
    if end - begin < FEWEST:
        return False
    usual = _usual_rr(rr, begin, is_n)
    own = _rr_at_begin(rr, begin, end)
    return (
        own <= LEAP * usual
        and any(_is_early(rr, k) for k in _near(begin, len(rr)))
        and _is_regular(rr[begin:end], own)
        and bool(logit[begin:end].mean() - np.median(logit[_latest_n(begin, is_n)]) >= LOGIT)
    )


def rate_to_hold(rr: Doubles, begin: int, end: int, is_n: Flags) -> float | None:
    """Return the RR interval of a run of S that goes on while it holds its rate.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
    begin, end : int
    is_n : ndarray of bool, shape (n,)
        See `begins_suddenly`.

    Returns
    -------
    float or None
        None if the run is short, hardly faster than the N before it, or not regular.
    """
    own = rr[begin:end]
    if len(own) < HOLDS:
        return None
    median = float(np.median(own))
    if median <= LEAP * _usual_rr(rr, begin, is_n) and _is_regular(own, median):
        return float(np.median(own[-LATEST_S:]))
    return None


def of_the_run(rr: Doubles, begin: int, end: int) -> Flags:
    """Return which beats of a run that stands out are not late; shape (end - begin,)."""
    own = rr[begin:end]
    return np.asarray(own <= STEADY * np.median(own), dtype=np.bool_)


def _near(begin: int, end: int) -> range:
    """Return the beats before `end` at which a run may begin whose first is `begin`."""
    return range(max(begin - REACH, 2), min(begin + REACH + 1, end))


def _is_regular(own: Doubles, typical: float) -> bool:
    """Return whether half of some RR intervals change little, compared with a typical one."""
    return bool(np.median(np.abs(np.diff(own))) <= REGULAR * typical)


def _is_early(rr: Doubles, beat: int) -> bool:
    """Return whether a beat comes early after the three before it."""
    return bool(rr[beat] <= EARLY * rr[max(beat - 3, 1) : beat].max())


def _falls(rr: Doubles, beat: int) -> bool:
    """Return whether the RR intervals are shorter from a beat on."""
    return bool(np.median(rr[beat : beat + 5]) <= FAST * np.median(rr[max(beat - 5, 1) : beat]))


def _rr_at_begin(rr: Doubles, begin: int, end: int) -> float:
    return float(np.median(rr[begin : min(begin + 5, end)]))


def _latest_n(begin: int, is_n: Flags) -> NDArray[np.intp]:
    """Return the latest N before a run that follow an N: after an ectopic beat is a pause."""
    first = max(begin - LONGEST_AGO, 2)
    after_n = is_n[first:begin] & is_n[first - 1 : max(begin - 1, first - 1)]
    return first + np.flatnonzero(after_n)[-LATEST_N:]


def _usual_rr(rr: Doubles, begin: int, is_n: Flags) -> float:
    """Return the median RR interval of the latest N before a run; NaN if there are hardly any."""
    latest = _latest_n(begin, is_n)
    return float(np.median(rr[latest])) if len(latest) > 1 else np.nan


def _first_at_the_rate(rr: Doubles, begin: int, end: int) -> int:
    """Return the first of the beats before a run, without a break, that are as fast as it is."""
    rate = _rr_at_begin(rr, begin, end)
    before = rr[max(begin - LONGEST_AGO, 1) : begin]
    others = np.flatnonzero((before > STEADY * rate) | (before < rate / STEADY))
    return begin - len(before) + (int(others[-1]) + 1 if len(others) else 0)
