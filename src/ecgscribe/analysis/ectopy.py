"""The patterns of ectopy, from the classes of the beats alone.

Of one class, V or S: a single beat is isolated, two in a row are a couplet, three or more a run.
In bigeminy every second beat is an isolated ectopic beat, in trigeminy every third, with beats of
class N between, at least three times in a row. Fusion beats (F) and unclassifiable beats (Q) are
not counted with V, and end a run. No pattern crosses an interval that does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "ECTOPIC_CLASSES",
    "LEAST_REPEATS",
    "LEAST_RUN",
    "PATTERNS",
    "Ectopy",
    "Episode",
    "ectopy",
]


ECTOPIC_CLASSES = ("V", "S")
"""AAMI classes whose ectopy has patterns, in the order in which it is reported."""
PATTERNS = ("isolated", "couplets", "bigeminy", "trigeminy", "runs")
"""Fields of `Ectopy`, in the order in which they are reported."""
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
    """

    first: int
    last: int
    ectopic: int
    rate: float | None

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


def ectopy(beats: BeatSeries, class_name: str) -> Ectopy:
    """Find the patterns of ectopy of one class.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.
    class_name : str
        AAMI class, V or S.

    Returns
    -------
    Ectopy
    """
    ectopic = beats.class_index == AAMI_CLASSES.index(class_name)
    joined = ectopic.copy()  # with the beat before
    joined[1:] &= ectopic[:-1] & beats.has_rr[1:]
    joined[:1] = False
    first = np.flatnonzero(ectopic & ~joined)
    last = np.flatnonzero(ectopic & ~np.append(joined[1:], False)[: len(ectopic)])
    length = last - first + 1
    single = first[length == 1]

    def episodes(keep: NDArray[np.bool_]) -> tuple[Episode, ...]:
        pairs = zip(first[keep].tolist(), last[keep].tolist(), strict=True)
        return tuple(_episode(beats, a, b, ectopic=b - a + 1) for a, b in pairs)

    return Ectopy(
        isolated=episodes(length == 1),
        couplets=episodes(length == 2),
        runs=episodes(length >= LEAST_RUN),
        bigeminy=_periodic(beats, single, period=2),
        trigeminy=_periodic(beats, single, period=3),
    )


def _episode(beats: BeatSeries, first: int, last: int, *, ectopic: int) -> Episode:
    seconds = float(beats.sample[last] - beats.sample[first]) / beats.fs
    rate = 60.0 * (last - first) / seconds if last > first and seconds > 0 else None
    return Episode(first, last, ectopic, rate)


def _periodic(beats: BeatSeries, single: NDArray[np.int64], *, period: int) -> tuple[Episode, ...]:
    """Find where every `period`-th beat is an isolated ectopic beat, and all others N."""
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
            episodes.append(_episode(beats, first, last, ectopic=ectopic))
    return tuple(episodes)
