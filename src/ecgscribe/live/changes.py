"""What changes in a live signal beside its beats: leads that are lost, and that turn over."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.model.shape_features import AFTER, BEFORE
from ecgscribe.signal.filters import BRIDGED_S, long_runs
from ecgscribe.signal.windows import FS

__all__ = ["Losses", "Shapes", "hidden"]


LOSS_AHEAD = FS
"""Steps after which it is known whether a lead is lost: a short loss does not count."""
TURNED = -0.9
"""Correlation of a beat with the usual one at which its lead seems to have turned over."""
TURNED_BEATS = 3
"""Beats in a row after which it has; one ectopic beat may be such a mirror."""
LEARN = 0.1
"""Share that a beat has in the usual one."""


Floats = NDArray[np.float32]


def hidden(live: LiveSignal, step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which steps lie where no lead can be read, as `ecgscribe.annotate` does; shape (n,)."""
    lost = live.lost_since(live.end - len(live.lost_since(0)))
    first = live.end - len(lost)
    if not lost.any():
        return np.zeros(len(step), dtype=np.bool_)
    gone = long_runs(np.logical_and.reduce(lost, axis=1), round(BRIDGED_S * FS))
    return np.asarray(gone[np.clip(step.astype(np.int64) - first, 0, len(gone) - 1)])


class Losses:
    """Leads that cannot be read, as the marks of `ecgscribe.annotate` have it."""

    def __init__(self) -> None:
        self._looked_to = 0
        self._lost: tuple[int, ...] = ()

    def look(self, live: LiveSignal) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Give each step from which on other leads than before are lost, and those leads."""
        begin, until = self._looked_to, min(live.end - LOSS_AHEAD, live.n_steps)
        if until <= begin:
            return
        self._looked_to = until
        around = live.lost_since(begin - LOSS_AHEAD)
        if not self._lost and not around.any():
            return
        first = live.end - len(around)
        each = np.stack([long_runs(lead, FS) for lead in around.T], axis=1)
        each |= long_runs(np.logical_and.reduce(around, axis=1), round(BRIDGED_S * FS))[:, None]
        for step in range(begin, until):
            lost = tuple(np.flatnonzero(each[step - first]).tolist())
            if lost != self._lost:
                self._lost = lost
                yield step, lost


class Shapes:
    """The usual beat of each lead, and leads that turn over: beat after beat is its mirror."""

    def __init__(self, n_leads: int) -> None:
        self._usual: list[Floats | None] = [None] * n_leads
        self._mirrored: list[deque[int]] = [deque(maxlen=TURNED_BEATS) for _ in range(n_leads)]
        self._waiting: deque[float] = deque()

    def add(self, step: float) -> None:
        """Take an R-peak, to be looked at when its T wave is there."""
        self._waiting.append(step)

    def turns(self, live: LiveSignal) -> Iterator[tuple[int, int]]:
        """Give each lead that turned over, and the first step of the first beat that shows it."""
        while self._waiting and self._waiting[0] + AFTER + 1 <= live.end:
            begin = round(self._waiting.popleft()) - BEFORE
            if begin < live.first:
                continue
            beat = live.since(begin)[: BEFORE + AFTER]
            lost = live.lost_since(begin)[: BEFORE + AFTER].any(axis=0)
            for lead in np.flatnonzero(~lost).tolist():
                if self._turned(lead, begin, beat[:, lead]):
                    yield lead, self._mirrored[lead][0]
                    self._mirrored[lead].clear()

    def likeness(self, lead: int, beat: Floats) -> float:
        """Correlate one lead of a beat with the usual one, -1 to 1; 0 where there is none yet."""
        usual = self._usual[lead]
        if usual is None or len(beat) < len(usual):
            return 0.0
        return float(_unit(beat) @ _unit(usual))

    def _turned(self, lead: int, begin: int, beat: Floats) -> bool:
        usual = self._usual[lead]
        beat = _unit(beat)  # one of another scale counts no more than others
        if usual is None:
            self._usual[lead] = beat
            return False
        if self.likeness(lead, beat) < TURNED:
            self._mirrored[lead].append(begin)
        else:
            self._mirrored[lead].clear()
            self._usual[lead] = usual + LEARN * (beat - usual)
        if len(self._mirrored[lead]) < TURNED_BEATS:
            return False
        self._usual[lead] = -usual
        return True


def _unit(beat: Floats) -> Floats:
    """Take the mean away and divide by the norm; zeros stay zeros."""
    centred = beat - beat.mean()
    return np.asarray(centred / max(float(np.sqrt(centred @ centred)), 1e-6), dtype=np.float32)
