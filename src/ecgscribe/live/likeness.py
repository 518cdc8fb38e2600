"""What the earlier beats of a stream change of the class of those that are like them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.tail import Tail
from ecgscribe.model.features import SEGMENT
from ecgscribe.model.traits import COEFFICIENTS, N_QRS, TRAITS
from ecgscribe.pipeline.beats_by_likeness import QRS, TIMING, class_logit, judge

__all__ = ["LiveLikeness"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

KINDS = (QRS, TIMING)


class LiveLikeness:
    """Classifies beats by those before, as `apply_likeness` does by all of a recording.

    Memory and work per beat do not grow: the latest `SEGMENT` beats are asked.
    """

    def __init__(self) -> None:
        self._n = 0
        self._r_peaks = Tail(SEGMENT, np.zeros((0, 1)))
        self._traits = Tail(SEGMENT, np.zeros((0, TRAITS), dtype=np.float32))
        self._logits = Tail(SEGMENT, np.zeros((0, len(KINDS))))

    def apply(self, class_probability: Floats, r_peaks: Doubles, traits: Floats) -> Floats:
        """Classify the next beats, at most `SEGMENT`, and remember them.

        Parameters
        ----------
        class_probability : ndarray of float32, shape (n, 5)
        r_peaks : ndarray of float64, shape (n,)
            In steps, in time order.
        traits : ndarray of float32, shape (n, `TRAITS`)
            See `ecgscribe.model.traits`.

        Returns
        -------
        ndarray of float32, shape (n, 5)
            As `ecgscribe.pipeline.beats_by_likeness.apply_likeness` changes it; beats without
            traits stay as they are.
        """
        known = np.flatnonzero(traits[:, :N_QRS].any(axis=1))
        judged, traits = class_probability[known].astype(np.float64), traits[known]
        latest = self._n - SEGMENT
        earlier = self._traits.since(latest)
        logits = np.zeros((len(known), len(KINDS)))
        for k, kind in enumerate(KINDS):
            logits[:, k] = class_logit(judged, kind.of_class)
            if len(earlier):
                judge(kind, judged, traits, earlier, self._logits.since(latest)[:, k])
        self._r_peaks.append(r_peaks[known, None])
        self._traits.append(traits)
        self._logits.append(logits)
        self._n += len(known)
        probability = class_probability.copy()
        probability[known] = judged
        return probability

    def invert(self, lead: int, until: float) -> None:
        """Invert a lead of the beats before step `until`."""
        before = self._r_peaks.since(0)[:, 0] < until
        qrs = slice(lead * COEFFICIENTS, (lead + 1) * COEFFICIENTS)
        self._traits.since(0)[before, qrs] *= -1
