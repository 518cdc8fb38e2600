"""The patterns of ectopy, from the classes of the beats alone.

Of one class, V or S: a single beat is isolated, two in a row are a couplet, three or more a run.
In bigeminy every second beat is an isolated ectopic beat, in trigeminy every third, with beats of
class N between, at least three times in a row. A fusion beat (F) between two of V does not break a
run: it is one of its beats, but not of its V. Unclassifiable beats (Q) end a run. No pattern
crosses an interval that does not count.

With the probabilities of a model, a couplet or a run is *doubtful* if the mean probability of its
class over its ectopic beats is below `CERTAIN`. As annotated by networks that had not seen the
patient, in DS1 and svdb 58 of 150 couplets and runs of V and of S that are mostly of another class
are doubtful, and 139 of 1,194 that are right; of runs of V none of 92 that are right, and the only
one that is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "CERTAIN",
    "ECTOPIC_CLASSES",
    "LEAST_REPEATS",
    "LEAST_RUN",
    "PATTERNS",
    "QTC_S",
    "Ectopy",
    "Episode",
    "ectopy",
    "r_on_t",
]


ECTOPIC_CLASSES = ("V", "S")
"""AAMI classes whose ectopy has patterns, in the order in which it is reported."""
PATTERNS = ("isolated", "couplets", "bigeminy", "trigeminy", "runs")
"""Fields of `Ectopy`, in the order in which they are reported."""
CERTAIN = 0.75
"""Lowest mean probability of an episode that is not doubtful; chosen on DS1."""
QTC_S = 0.4
"""QT interval at 60 beats per minute by which `r_on_t` judges."""
LEAST_RUN = 3
"""Fewest beats of a run."""
LEAST_REPEATS = 3
"""Fewest ectopic beats of bigeminy and of trigeminy."""


@dataclass(frozen=True)
class Episode:
    """Beats that belong together.

    Parameters
    ----------
    first, last : int
        Positions of the first and the last ectopic beat in the beat series.
    ectopic : int
        Number of ectopic beats.
    rate : float or None
        Beats per minute from the first beat to the last; None for a single one.
    certainty : float or None
        Mean probability of the class over the ectopic beats; None without probabilities.
    """

    first: int
    last: int
    ectopic: int
    rate: float | None
    certainty: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether a model is not certain of it."""
        return self.certainty is not None and self.certainty < CERTAIN

    @property
    def length(self) -> int:
        """Beats from the first to the last, ectopic or not."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Ectopy:
    """Episodes of one class, each in time order.

    Parameters
    ----------
    isolated, couplets, runs, bigeminy, trigeminy : tuple of Episode
        Isolated beats include those of bigeminy and trigeminy.
    """

    isolated: tuple[Episode, ...]
    couplets: tuple[Episode, ...]
    runs: tuple[Episode, ...]
    bigeminy: tuple[Episode, ...]
    trigeminy: tuple[Episode, ...]


def ectopy(
    beats: BeatSeries, class_name: str, *, probability: NDArray[np.float32] | None = None
) -> Ectopy:
    """Find the patterns of ectopy of one class.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.
    class_name : str
        AAMI class, V or S.
    probability : ndarray of float32, shape (n_beats,), optional
        Of this class, for each beat.

    Returns
    -------
    Ectopy
    """
    ectopic = beats.class_index == AAMI_CLASSES.index(class_name)
    member = ectopic | _fused(beats, ectopic) if class_name == "V" else ectopic
    joined = member.copy()  # with the beat before
    joined[1:] &= member[:-1] & beats.has_rr[1:]
    joined[:1] = False
    first = np.flatnonzero(member & ~joined)
    last = np.flatnonzero(member & ~np.append(joined[1:], False)[: len(member)])
    length = last - first + 1
    single = first[length == 1]

    def episodes(keep: NDArray[np.bool_]) -> tuple[Episode, ...]:
        pairs = zip(first[keep].tolist(), last[keep].tolist(), strict=True)
        return tuple(_episode(beats, ectopic, probability, a, b) for a, b in pairs)

    def periodic(period: int) -> tuple[Episode, ...]:
        pairs = _periodic(beats, single, period=period)
        return tuple(_episode(beats, ectopic, probability, a, b) for a, b in pairs)

    return Ectopy(
        isolated=episodes(length == 1),
        couplets=episodes(length == 2),
        runs=episodes(length >= LEAST_RUN),
        bigeminy=periodic(2),
        trigeminy=periodic(3),
    )


def r_on_t(beats: BeatSeries) -> NDArray[np.int64]:
    """Find beats of class V that are so early that they come during the T wave before them.

    The QT interval is not measured, but estimated by the formula of Bazett (Heart 1920;7:353-370)
    from the RR interval before the beat before: `QTC_S` times the root of its seconds.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.

    Returns
    -------
    ndarray of int64, shape (n,)
        Positions of those that follow a beat of another class.
    """
    if len(beats) < LEAST_RUN:
        return np.zeros(0, dtype=np.int64)
    ventricular = beats.class_index == AAMI_CLASSES.index("V")
    early = np.zeros(len(beats), dtype=np.bool_)
    with np.errstate(invalid="ignore"):  # NaN where an interval does not count
        early[2:] = beats.rr[2:] < QTC_S * np.sqrt(beats.rr[1:-1])
    early[1:] &= ~ventricular[:-1]
    return np.flatnonzero(early & ventricular)


def _fused(beats: BeatSeries, ectopic: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the beats of class F between two of V, with intervals that count on both sides."""
    fused = np.zeros(len(beats), dtype=np.bool_)
    if len(beats) >= LEAST_RUN:
        of_class = beats.class_index == AAMI_CLASSES.index("F")
        between = ectopic[:-2] & ectopic[2:] & beats.has_rr[1:-1] & beats.has_rr[2:]
        fused[1:-1] = of_class[1:-1] & between
    return fused


def _episode(
    beats: BeatSeries,
    ectopic: NDArray[np.bool_],
    probability: NDArray[np.float32] | None,
    first: int,
    last: int,
) -> Episode:
    seconds = float(beats.sample[last] - beats.sample[first]) / beats.fs
    rate = 60.0 * (last - first) / seconds if last > first and seconds > 0 else None
    own = ectopic[first : last + 1]
    certainty = None if probability is None else float(probability[first : last + 1][own].mean())
    return Episode(first, last, int(own.sum()), rate, certainty)


def _periodic(
    beats: BeatSeries, single: NDArray[np.int64], *, period: int
) -> list[tuple[int, int]]:
    """Find where every `period`-th beat is an isolated ectopic beat, and all others N.

    Return the first and the last of these beats of each such series.
    """
    successor = single + period
    # Of the `period` beats after each: all intervals count, and all beats but the last are N.
    fits = np.isin(successor, single)
    for offset in range(1, period + 1):
        k = np.minimum(single + offset, len(beats) - 1)
        fits &= beats.has_rr[k]
        if offset < period:
            fits &= beats.class_index[k] == 0
    next_of = dict(zip(single[fits].tolist(), successor[fits].tolist(), strict=True))
    episodes = []
    for first in sorted(set(next_of) - set(next_of.values())):
        last, ectopic = first, 1
        while last in next_of:
            last, ectopic = next_of[last], ectopic + 1
        if ectopic >= LEAST_REPEATS:
            episodes.append((first, last))
    return episodes
