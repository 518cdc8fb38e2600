"""What the beats of a stream are compared with: all that were classified, or the latest of them.

A recorded file is compared with itself, `ecgscribe.model.features.SEGMENT` beats at a time. With a
few minutes of a stream alone, a run of ectopic beats that lasts as long would be what is usual.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.tail import Tail
from ecgscribe.model.features import SEGMENT, RecordStatistics, record_statistics
from ecgscribe.model.shape_features import WAVEFORM
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["FEWEST", "RecordSoFar"]


FEWEST = 128
"""Beats from which on they are a record to compare with."""
RENEWED = 64
"""Most beats after which the statistics are computed anew; sooner as long as there are few."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class RecordSoFar:
    """The latest beats that were classified; memory and work per beat do not grow."""

    def __init__(self) -> None:
        self._n = 0
        self._r_peaks = Tail(SEGMENT, np.zeros((0, 1)))
        self._scores = Tail(SEGMENT, np.zeros((0, 1 + len(AAMI_CLASSES)), dtype=np.float32))
        self._waveforms = Tail(SEGMENT, np.zeros((0, 2 * WAVEFORM), dtype=np.float32))
        self._statistics: RecordStatistics | None = None
        self._next = FEWEST
        """Beats at which the statistics are computed next."""

    def add(
        self, r_peaks: Doubles, *, logits: Floats, peak_scores: Floats, waveforms: Floats
    ) -> None:
        """Add the next beats, at most `SEGMENT`; see `ecgscribe.model.beat_head.BeatHead`."""
        self._r_peaks.append(r_peaks[:, None])
        self._scores.append(np.concatenate([peak_scores[:, None], logits], axis=1))
        self._waveforms.append(waveforms.reshape(-1, 2 * WAVEFORM))
        self._n += len(r_peaks)

    def invert(self, lead: int, until: float) -> None:
        """Invert a lead of the beats before step `until`."""
        before = self._r_peaks.since(0)[:, 0] < until
        self._waveforms.since(0).reshape(-1, WAVEFORM, 2)[before, :, lead] *= -1
        self._next = min(self._next, max(self._n, FEWEST))

    def statistics(self) -> RecordStatistics | None:
        """Return what beats are compared with; None while there are fewer than `FEWEST`."""
        if self._n >= self._next:
            scores = self._scores.since(self._n - SEGMENT)
            self._statistics = record_statistics(
                self._r_peaks.since(self._n - SEGMENT)[:, 0],
                logits=scores[:, 1:],
                peak_scores=scores[:, 0],
                waveforms=self._waveforms.since(self._n - SEGMENT).reshape(-1, WAVEFORM, 2),
            )
            self._next = self._n + min(self._n // 8, RENEWED)
        return self._statistics
