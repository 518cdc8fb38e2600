"""When a rhythm is reported: each once, soon after its begin, and never taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.pipeline.beats_by_rhythm import KILLING
from ecgscribe.pipeline.network_spans import (
    FIBRILLATION_LASTS,
    FIBRILLATION_SMOOTHED_S,
    LEAST_PART_S,
    Evidence,
    rhythm_spans,
)
from ecgscribe.pipeline.step_spans import LEAST_S, StepSpan
from ecgscribe.pipeline.svta_spans import with_svta
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS

__all__ = ["FIBRILLATION_DELAY_S", "RhythmReporter"]


FIBRILLATION_DELAY_S = 30
"""Seconds within which atrial fibrillation, and its end, is reported."""
FIBRILLATION_S = 20
"""Shortest atrial fibrillation in seconds: 30 s of it would be reported too late."""
FIBRILLATION_END_S = FIBRILLATION_SMOOTHED_S // 2 + 1
"""Shortest rhythm after atrial fibrillation that ends it, in seconds: no later second then changes
the mean at its begin."""
SVTA_SETTLED_S = 28
"""Age in seconds at which supraventricular tachyarrhythmia is reported: it is no fibrillation."""
SVTA_END_S = 2
"""Shortest rhythm after it that ends it, in seconds: longer than any RR interval within it."""
VENTRICULAR = ("VT", "VFL")


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class RhythmReporter:
    """Decides on the rhythm of a stream as `ecgscribe.annotate` does on that of a recording."""

    def __init__(self) -> None:
        self.kind: RhythmKind | None = None
        """The rhythm in force; None at first."""
        self.begin = -LEAST_S * FS
        """Step from which it holds."""

    @property
    def kills(self) -> bool:
        """Whether the rhythm in force is one that kills, and shows in an unreadable signal."""
        return self.kind in KILLING

    def changes(
        self,
        probability: Floats,
        beats: Doubles,
        *,
        classified: tuple[Doubles, Floats],
        first: int,
        now: int,
        ended: bool = False,
    ) -> Iterator[StepSpan]:
        """Decide on the rhythm of the latest seconds.

        Parameters
        ----------
        probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
            Of the latest seconds, at least one more than the last time.
        beats : ndarray of float64, shape (n,)
            R-peaks in steps from the first of them, within no standstill.
        classified : tuple of ndarray of float64 and ndarray of float32, shape (m,) each
            All beats, in steps from the first of these seconds, and P(S) of each; 0 of those that
            are of another class.
        first : int
            The first of these seconds.
        now : int
            Step that the signal has reached.
        ended : bool
            Whether no signal follows.

        Yields
        ------
        StepSpan
            Each new rhythm, from its begin as far as it is known.
        """
        spans = rhythm_spans(
            probability,
            beats,
            len(probability) * FS,
            evidence=self._evidence(),
        )
        settled = now - (0 if ended else SVTA_SETTLED_S * FS) - first * FS
        for span in self._with_svta(spans, *classified, first=first, settled=settled):
            apart = 1 if "SVTA" in (span.kind, self.kind) else LEAST_S * FS
            earliest = max(self.begin + apart, now - FIBRILLATION_DELAY_S * FS)
            begin, end = max(span.begin + first * FS, earliest), span.end + first * FS
            if span.kind != self.kind and end - begin >= self._least(span.kind):
                self.kind, self.begin = span.kind, begin
                yield StepSpan(begin=begin, end=end, kind=span.kind, probability=span.probability)

    def _evidence(self) -> Evidence:
        """Return what it takes to be a rhythm: less, if it is the one in force."""
        if self.kind == "AFIB":
            return Evidence(fibrillation_s=1, fibrillation=FIBRILLATION_LASTS)
        return Evidence(
            ventricular_s=1 if self.kind in VENTRICULAR else LEAST_S,
            # The beats before a standstill that lasts are no longer among those that are kept.
            heart_beside=self.kind != "ASYS",
            fibrillation_s=FIBRILLATION_S,
            unsettled_s=FIBRILLATION_SMOOTHED_S // 2,
        )

    def _with_svta(
        self,
        spans: Sequence[StepSpan],
        r_peaks: Doubles,
        of_s: Floats,
        *,
        first: int,
        settled: int,
    ) -> list[StepSpan]:
        """Cut out the tachyarrhythmia that is in force, or those that began by step `settled`.

        Any other counts as plain until it is settled.
        """
        runs = [
            span
            for span in with_svta(spans, r_peaks, of_s > 0, of_s)
            if span.kind == "SVTA" and span.end + first * FS > self.begin
        ]
        if self.kind == "SVTA":
            runs = runs[:1]
        else:
            runs = [run for run in runs if run.begin <= settled and self.kind in (None, "N")]
        kept = np.zeros(len(r_peaks), dtype=np.bool_)
        for run in runs:
            kept |= (r_peaks >= run.begin) & (r_peaks < run.end)
        return with_svta(spans, r_peaks, kept, of_s)

    def _least(self, kind: RhythmKind) -> int:
        """Return how many steps a rhythm must last to follow the one in force."""
        if kind == "SVTA":
            return 1
        return FS * self._least_s(kind)

    def _least_s(self, kind: RhythmKind) -> int:
        """Return how many seconds a rhythm other than SVTA must last."""
        if kind == "AFIB":
            return FIBRILLATION_S
        if kind == "N" and self.kind == "AFIB":
            return FIBRILLATION_END_S
        if kind == "N" and self.kind == "SVTA":
            return SVTA_END_S
        return LEAST_PART_S if {kind, self.kind} <= set(VENTRICULAR) else LEAST_S
