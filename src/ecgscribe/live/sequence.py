"""What the sequence of beats changes in a stream, beat by beat, knowing one or two later ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.pipeline.beats_by_sequence import PART_OF_N, n_to_s, s_logit, temper_s
from ecgscribe.pipeline.sudden_runs import (
    DOUBTFUL_S,
    begins_suddenly,
    of_the_run,
    rate_to_hold,
    stands_out,
)
from ecgscribe.pipeline.sudden_tachycardia import ECTOPIC, next_rate, sudden_tachycardia
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["LiveSequence"]


N, S = (AAMI_CLASSES.index(name) for name in "NS")


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


class LiveSequence:
    """Classifies the beats of a stream knowing those before, as `apply_sequence` does a recording.

    A sudden tachycardia is known once eight of its beats are, so that its first ones keep the class
    that was predicted; so do the first two of a run of doubtful S that stands out. A run of S is
    one that began suddenly, and goes on while a fast one holds its rate. Where the atria are known
    to fibrillate, no beat is early.
    """

    def __init__(self) -> None:
        self._rate: float | None = None
        """RR interval in seconds of a sudden tachycardia or a fast run of S that has not ended."""
        self._odd = 0
        """Latest RR intervals that are not of it."""
        self._s: set[float] = set()
        """R-peaks of the latest beats of class S."""

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
            tachycardia, and half of it in a run of doubtful S that stands out; most of that of S is
            added to N in a run of S that does not begin suddenly, and of each S in atrial
            fibrillation.
        """
        probability = class_probability.copy()
        rr = np.diff(r_peaks, prepend=np.nan)
        predicted = decide(probability, thresholds)
        is_s = predicted == S
        if fibrillates:
            temper_s(probability, due & is_s)
            is_s &= ~due
        found = np.array([r_peak in self._s for r_peak in r_peaks.tolist()], dtype=np.bool_)
        may_be_s = found | is_s
        may_be_s |= (predicted == N) & (class_probability[:, S] > DOUBTFUL_S)
        logit = s_logit(class_probability)
        for row in np.flatnonzero(due).tolist():
            own = slice(row, row + 1)
            is_n = ((predicted == N) | (predicted == S)) & ~found
            goes_on = row > 0 and bool(found[row - 1])
            in_tachycardia = self._is_in_tachycardia(rr / FS, row)
            if fibrillates:
                continue
            if in_tachycardia:
                n_to_s(probability, own)
                found[row] = decide(probability[own], thresholds)[0] == S
            elif is_s[row] and (goes_on or begins_suddenly(rr, *_run(is_s, row), is_n)):
                found[row] = True
            else:
                if is_s[row]:
                    temper_s(probability, own)
                begin, end = _run(may_be_s, row)
                if (
                    begin < end
                    and stands_out(rr, logit, begin, end, is_n)
                    and of_the_run(rr, begin, end)[row - begin]
                ):
                    n_to_s(probability, own, PART_OF_N)
                    found[row] = True
            if found[row] and self._rate is None:
                rate = rate_to_hold(rr, _run(found, row)[0], row + 1, is_n)
                self._rate, self._odd = None if rate is None else rate / FS, 0
        self._s = set(r_peaks[found].tolist())
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


def _run(flag: Flags, row: int) -> tuple[int, int]:
    """Return the first row of the run of true values around a row, and the one after its last."""
    if not flag[row]:
        return row, row
    others = np.flatnonzero(~flag)
    k = int(np.searchsorted(others, row))
    begin = int(others[k - 1]) + 1 if k else 0
    return begin, int(others[k]) if k < len(others) else len(flag)
