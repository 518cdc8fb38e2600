"""The structure of ectopy, told from the classes of the beats alone.

Of one class, V or S: a beat between others is isolated, two in a row are a couplet, three or more
a run. Bigeminy is an isolated ectopic beat at every second place, trigeminy at every third, with
beats of class N between, at least three times in a row. Fusion beats (F) and beats that cannot be
told (Q) are not counted with V, and end a run. Nothing reaches over a place where an interval is
not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries

__all__ = ["LEAST_REPEATS", "LEAST_RUN", "Ectopy", "Episode", "ectopy"]


LEAST_RUN = 3
"""Beats of a run at the least."""
LEAST_REPEATS = 3
"""Ectopic beats of bigeminy and of trigeminy at the least."""


@dataclass(frozen=True)
class Episode:
    """Beats that belong together.

    Parameters
    ----------
    first, last : int
        Numbers of the first and the last ectopic beat.
    ectopic : int
        How many are ectopic.
    rate : float or None
        Beats a minute from the first beat to the last; None for a single one.
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
        Isolated beats are counted whether or not they are part of bigeminy or trigeminy.
    """

    isolated: tuple[Episode, ...]
    couplets: tuple[Episode, ...]
    runs: tuple[Episode, ...]
    bigeminy: tuple[Episode, ...]
    trigeminy: tuple[Episode, ...]


def ectopy(beats: BeatSeries, class_index: int) -> Ectopy:
    """Tell the structure of the ectopy of one class.

    Parameters
    ----------
    beats : BeatSeries
        The beats that count.
    class_index : int
        Index of the class in `ecgscribe.symbols.AAMI_CLASSES`.

    Returns
    -------
    Ectopy
    """
    mine = beats.class_index == class_index
    joined = mine.copy()  # with the beat before
    joined[1:] &= mine[:-1] & beats.has_rr[1:]
    joined[:1] = False
    first = np.flatnonzero(mine & ~joined)
    last = np.flatnonzero(mine & ~np.append(joined[1:], False)[: len(mine)])
    length = last - first + 1
    single = first[length == 1]

    def episodes(keep: NDArray[np.bool_]) -> tuple[Episode, ...]:
        pairs = zip(first[keep].tolist(), last[keep].tolist(), strict=True)
        return tuple(_episode(beats, a, b, b - a + 1) for a, b in pairs)

    return Ectopy(
        isolated=episodes(length == 1),
        couplets=episodes(length == 2),
        runs=episodes(length >= LEAST_RUN),
        bigeminy=_repeated(beats, single, 2),
        trigeminy=_repeated(beats, single, 3),
    )


def _episode(beats: BeatSeries, first: int, last: int, ectopic: int) -> Episode:
    seconds = float(beats.sample[last] - beats.sample[first]) / beats.fs
    rate = 60.0 * (last - first) / seconds if last > first and seconds > 0 else None
    return Episode(first, last, ectopic, rate)


def _repeated(beats: BeatSeries, single: NDArray[np.int64], period: int) -> tuple[Episode, ...]:
    """Find where isolated ectopic beats stand at every `period`-th place, N between them."""
    next_ = single + period
    # Of the `period` places after each: all intervals known, and all beats but the last N.
    fits = np.isin(next_, single)
    for step in range(1, period + 1):
        at = np.minimum(single + step, len(beats) - 1)
        fits &= beats.has_rr[at]
        if step < period:
            fits &= beats.class_index[at] == 0
    found = []
    follows = dict(zip(single[fits].tolist(), next_[fits].tolist(), strict=True))
    begins = sorted(set(follows) - set(follows.values()))
    for begin in begins:
        end, ectopic = begin, 1
        while end in follows:
            end, ectopic = follows[end], ectopic + 1
        if ectopic >= LEAST_REPEATS:
            found.append(_episode(beats, begin, end, ectopic))
    return tuple(found)
