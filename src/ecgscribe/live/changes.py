"""Changes of a live signal: leads that are lost, and leads that are inverted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.model.shape_features import AFTER, BEFORE
from ecgscribe.signal.filters import BRIDGED_S
from ecgscribe.signal.windows import FS

__all__ = ["LeadLossMonitor", "PolarityMonitor", "all_lost_at"]


LOSS_AHEAD = FS
"""Steps after which a lead counts as lost; shorter losses do not count."""
INVERTED = -0.9
"""Correlation with the typical beat below which a beat looks inverted."""
INVERTED_BEATS = 3
"""Consecutive beats that must look inverted; a single ectopic beat may."""
WEIGHT = 0.1
"""Weight of a new beat in the typical beat."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


def all_lost_at(signal: LiveSignal, r_peaks: Doubles) -> Flags:
    """Return whether every lead is lost at each R-peak, as `ecgscribe.annotate` decides it.

    Parameters
    ----------
    signal : LiveSignal
    r_peaks : ndarray of float64, shape (n,)
        In steps.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    lost = signal.lost_since(0)
    first = signal.end - len(lost)
    if not lost.any():
        return np.zeros(len(r_peaks), dtype=np.bool_)
    all_lost = long_runs(np.logical_and.reduce(lost, axis=1), round(BRIDGED_S * FS))
    return np.asarray(all_lost[np.clip(r_peaks.astype(np.int64) - first, 0, len(all_lost) - 1)])


class LeadLossMonitor:
    """Notices leads that are lost, as the quality annotations of `ecgscribe.annotate` do."""

    def __init__(self) -> None:
        self._checked = 0
        self._lost: tuple[int, ...] = ()
        self._lost_since = 0
        self._reported: tuple[int, ...] = ()

    def changes(
        self, signal: LiveSignal, rhythm_since: int, *, kills: bool
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Check the steps that are new.

        Parameters
        ----------
        signal : LiveSignal
        rhythm_since : int
            Step from which the rhythm in force holds.
        kills : bool
            Whether it is one that kills, in which no moment without any lead is reported.

        Yields
        ------
        step : int
            Step from which other leads are lost than before.
        leads : tuple of int
            The leads that are lost from there on.
        """
        for step in self._losses(signal):
            yield from self._report(step, signal.n_leads, kills=kills)
        # The rhythm may be another one than when they were lost.
        step = max(self._lost_since, rhythm_since)
        yield from self._report(step, signal.n_leads, kills=kills)

    def _report(
        self, step: int, n_leads: int, *, kills: bool
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        leads = () if kills and len(self._lost) == n_leads else self._lost
        if leads != self._reported:
            self._reported = leads
            yield step, leads

    def _losses(self, signal: LiveSignal) -> Iterator[int]:
        """Yield each step of the new ones from which other leads are lost."""
        begin, until = self._checked, min(signal.end - LOSS_AHEAD, signal.n_steps)
        if until <= begin:
            return
        self._checked = until
        around = signal.lost_since(begin - LOSS_AHEAD)
        if not self._lost and not around.any():
            return
        first = signal.end - len(around)
        lost = np.stack([long_runs(lead, FS) for lead in around.T], axis=1)
        lost |= long_runs(np.logical_and.reduce(around, axis=1), round(BRIDGED_S * FS))[:, None]
        for step in range(begin, until):
            leads = tuple(np.flatnonzero(lost[step - first]).tolist())
            if leads != self._lost:
                self._lost, self._lost_since = leads, step
                yield step


class PolarityMonitor:
    """Notices inverted leads: several beats in a row mirror the typical beat of the lead.

    Parameters
    ----------
    n_leads : int
    """

    def __init__(self, n_leads: int) -> None:
        self._typical: list[Floats | None] = [None] * n_leads
        self._inverted: list[deque[int]] = [deque(maxlen=INVERTED_BEATS) for _ in range(n_leads)]
        self._waiting: deque[float] = deque()

    def add(self, r_peak: float) -> None:
        """Add an R-peak, in steps; its beat is examined once its T wave has come."""
        self._waiting.append(r_peak)

    def inversions(self, signal: LiveSignal) -> Iterator[tuple[int, int]]:
        """Examine the beats that are complete.

        Yields
        ------
        lead : int
            A lead that is inverted.
        step : int
            First step of the first beat that shows it.
        """
        while self._waiting and self._waiting[0] + AFTER + 1 <= signal.end:
            begin = round(self._waiting.popleft()) - BEFORE
            if begin < signal.first:
                continue
            beat = signal.since(begin)[: BEFORE + AFTER]
            lost = signal.lost_since(begin)[: BEFORE + AFTER].any(axis=0)
            for lead in np.flatnonzero(~lost).tolist():
                if self._is_inverted(lead, begin, beat[:, lead]):
                    yield lead, self._inverted[lead][0]
                    self._inverted[lead].clear()

    def correlation(self, lead: int, beat: Floats) -> float:
        """Return the correlation of one lead of a beat, shape (n_steps,), with the typical beat.

        It is zero if there is no typical beat yet, or the beat is too short.
        """
        typical = self._typical[lead]
        if typical is None or len(beat) < len(typical):
            return 0.0
        return float(_normalised(beat) @ _normalised(typical))

    def _is_inverted(self, lead: int, begin: int, beat: Floats) -> bool:
        typical = self._typical[lead]
        beat = _normalised(beat)  # so that a beat at another scale has the same weight
        if typical is None:
            self._typical[lead] = beat
            return False
        if self.correlation(lead, beat) < INVERTED:
            self._inverted[lead].append(begin)
        else:
            self._inverted[lead].clear()
            self._typical[lead] = typical + WEIGHT * (beat - typical)
        if len(self._inverted[lead]) < INVERTED_BEATS:
            return False
        self._typical[lead] = -typical
        return True


def _normalised(beat: Floats) -> Floats:
    """Subtract the mean and divide by the norm; zeros stay zero."""
    centred = beat - beat.mean()
    return np.asarray(centred / max(float(np.sqrt(centred @ centred)), 1e-6), dtype=np.float32)
