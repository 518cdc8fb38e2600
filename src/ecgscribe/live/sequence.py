"""What the sequence of beats changes in a stream, beat by beat, knowing one or two later ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.beats_by_sequence import begins_suddenly, n_to_s, temper_s
from ecgscribe.pipeline.sudden_tachycardia import ECTOPIC, next_rate, sudden_tachycardia
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["LiveSequence"]


S = AAMI_CLASSES.index("S")


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


class LiveSequence:
    """Classifies the beats of a stream knowing those before, as `apply_sequence` does a recording.

    A sudden tachycardia is known once eight of its beats are, so that its first ones keep the class
    that was predicted. A run of S is one that began suddenly. Where the atria are known to
    fibrillate, no beat is early.
    """

    def __init__(self) -> None:
        self._rate: float | None = None
        """RR interval in seconds of a sudden tachycardia that has not ended, if any."""
        self._odd = 0
        """Latest RR intervals that are not of it."""
        self._in_run = False
        """Whether the last classified beat is one of a run of S that began suddenly."""

    def apply(
        self,
        class_probability: Floats,
        r_peaks: Doubles,
        due: Flags,
        thresholds: Thresholds,
        *,
        fibrillates: bool = False,
    ) -> Floats:
        """Classify the beats that are due.

        Parameters
        ----------
        class_probability : ndarray of float32, shape (n, 5)
            Of the latest beats.
        r_peaks : ndarray of float64, shape (n,)
            In steps, in time order.
        due : ndarray of bool, shape (n,)
            Which of them are classified now; each beat is once.
        thresholds : Thresholds
        fibrillates : bool
            Whether the rhythm in force is atrial fibrillation.

        Returns
        -------
        ndarray of float32, shape (n, 5)
            Of those that are due, the probability of N is added to that of S in a sudden
            tachycardia, and most of that of S to N in a run of S that does not begin suddenly, and
            of each S in atrial fibrillation.
        """
        probability = class_probability.copy()
        rr = np.diff(r_peaks, prepend=np.nan)
        is_s = decide(probability, thresholds) == S
        if fibrillates:
            temper_s(probability, due & is_s)
            is_s &= ~due
        others = np.flatnonzero(~is_s)
        for row in np.flatnonzero(due).tolist():
            own = slice(row, row + 1)
            if self._is_in_tachycardia(rr / FS, row) and not fibrillates:
                n_to_s(probability, own)
                self._in_run = bool(decide(probability[own], thresholds)[0] == S)
            elif is_s[row]:
                k = int(np.searchsorted(others, row))
                begin = int(others[k - 1]) + 1 if k else 0
                end = int(others[k]) if k < len(others) else len(rr)
                self._in_run = self._in_run or begins_suddenly(rr, begin, end)
                if not self._in_run:
                    temper_s(probability, own)
            else:
                self._in_run = False
        return probability

    def _is_in_tachycardia(self, rr: Doubles, row: int) -> bool:
        """Return whether the next beat is of a sudden tachycardia; `rr` in seconds."""
        if self._rate is not None:
            following = next_rate(self._rate, float(rr[row]))
            if following is not None:
                self._rate, self._odd = following, 0
                return True
            self._odd += 1
            if self._odd > ECTOPIC:
                self._rate = None
        if self._rate is None and sudden_tachycardia(rr)[row]:
            self._rate, self._odd = float(np.median(rr[row - 2 : row + 3])), 0
            return True
        return False
