"""What the network over seconds sees of each: its embedding, its amplitude, its R-peak candidates.

All that is relative to the whole recording is added at its end, when little is left in memory: some
thirty numbers a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.features import segments
from ecgscribe.model.rhythm import EMBEDDING
from ecgscribe.model.rhythm_features import IRREGULARITY_GAIN, rhythm_features
from ecgscribe.model.seconds import Seconds, relative_amplitude, typical_heights
from ecgscribe.signal.windows import FS

__all__ = [
    "BEAT_FEATURE_NAMES",
    "COUNTED_S",
    "N_BEAT_FEATURES",
    "N_SECOND_FEATURES",
    "P_WAVE_NAMES",
    "SHAPE_NAMES",
    "SecondFeatures",
    "beat_features_by_second",
    "shapes_of",
]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


BEAT_FEATURE_NAMES = (
    "rr_before/near",
    "irregular_near",
    "irregular_far",
    "rr_near",
    "rr_before",
    "alike",
    "predictable",
    "rr_before/previous",
)
"""Rhythm features of the last R-peak candidate of a second."""
P_WAVE_NAMES = ("p_near", "p_height_near")
"""Shape features of that candidate, of the lead in which each is largest."""
IRREGULAR = IRREGULARITY_GAIN * 0.05
"""Irregularity from which P waves count: the median change between RR intervals, as a share of the
interval. They show whether an irregular rhythm is fibrillation; what comes before the beats of a
regular tachycardia resembles them."""
SHAPE_NAMES = (*P_WAVE_NAMES, "width")
"""Shape features of a candidate, of each lead, that are kept for its rhythm."""
N_BEAT_FEATURES = len(BEAT_FEATURE_NAMES) + len(P_WAVE_NAMES) + 2
N_SECOND_FEATURES = EMBEDDING + 1 + N_BEAT_FEATURES + 1
BEAT_AGE_S = 3
"""Seconds for which the features of an R-peak candidate are used if no other follows."""
COUNTED_S = (3, 2)
"""Seconds before and after the end of a second whose candidates are counted."""


def shapes_of(features: Floats, names: Sequence[str]) -> Floats:
    """Return the shape features of R-peak candidates that their rhythm depends on.

    Parameters
    ----------
    features : ndarray of float32, shape (n, len(names))
    names : sequence of str
        Of its columns; see `ecgscribe.model.features.FEATURE_NAMES`.

    Returns
    -------
    ndarray of float32, shape (n, len(`SHAPE_NAMES`), 2)
        Of each lead; zeros without such columns.
    """
    wanted = [[f"{name}_{k + 1}" for k in range(2)] for name in SHAPE_NAMES]
    if wanted[0][0] not in names:
        return np.zeros((len(features), *np.shape(wanted)), dtype=np.float32)
    return features[:, [[names.index(name) for name in of_leads] for of_leads in wanted]]


def beat_features_by_second(
    r_peaks: Doubles, peak_scores: Floats, shapes: Floats, n_seconds: int
) -> Floats:
    """Return what the R-peak candidates show of the rhythm of each second.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps, in time order.
    peak_scores : ndarray of float32, shape (n,)
        Their scores.
    shapes : ndarray of float32, shape (n, len(`SHAPE_NAMES`), 2)
        Of each lead; see `shapes_of`.
    n_seconds : int

    Returns
    -------
    ndarray of float32, shape (n_seconds, `N_BEAT_FEATURES`)
        `BEAT_FEATURE_NAMES` and, where it is irregular, `P_WAVE_NAMES` of the last candidate, the
        candidates a second around, and the mean of their scores; zeros where there are none.
    """
    return _CandidateFeatures(r_peaks, peak_scores, shapes).of_seconds(0, n_seconds)


class _CandidateFeatures:
    """The features of R-peak candidates, from which those of any seconds are taken."""

    def __init__(self, r_peaks: Doubles, peak_scores: Floats, shapes: Floats) -> None:
        self._r_peaks = r_peaks
        self._total = np.concatenate(([0.0], np.cumsum(peak_scores, dtype=np.float64)))
        self._features = np.zeros((len(r_peaks), N_BEAT_FEATURES - 2), dtype=np.float32)
        if len(r_peaks) < 2:
            return
        self._features[:, len(BEAT_FEATURE_NAMES) :] = shapes[:, : len(P_WAVE_NAMES)].max(axis=2)
        for segment in segments(len(r_peaks)):
            columns = rhythm_features(r_peaks, segment)
            for k, name in enumerate(BEAT_FEATURE_NAMES):
                self._features[segment, k] = columns[name]
        regular = self._features[:, BEAT_FEATURE_NAMES.index("irregular_far")] <= IRREGULAR
        self._features[regular, len(BEAT_FEATURE_NAMES) :] = 0

    def of_seconds(self, begin: int, end: int) -> Floats:
        """Return the features of some seconds; see `beat_features_by_second`."""
        features = np.zeros((end - begin, N_BEAT_FEATURES), dtype=np.float32)
        r_peaks = self._r_peaks
        if len(r_peaks) < 2:
            return features
        edge = (np.arange(begin, end) + 1.0) * FS
        last = np.searchsorted(r_peaks, edge) - 1
        recent = (last >= 0) & (edge - r_peaks[np.maximum(last, 0)] < BEAT_AGE_S * FS)
        features[recent, :-2] = self._features[last[recent]]
        before, after = COUNTED_S
        first, stop = (np.searchsorted(r_peaks, edge + s * FS) for s in (-before, after))
        features[:, -2] = (stop - first) / (before + after)
        features[:, -1] = (self._total[stop] - self._total[first]) / np.maximum(stop - first, 1)
        return features


class SecondFeatures:
    """All that the network over seconds sees of a whole recording, or of a part of one.

    It is joined for the rows that are asked for: of a long recording it would fill the memory.
    `features[begin:end]` is an ndarray of float32, shape (n, `N_SECOND_FEATURES`): the embedding,
    the amplitude relative to the typical one, the features of R-peak candidates, and the number of
    leads that are not lost, less one.

    Parameters
    ----------
    seconds : Seconds
    r_peaks, peak_scores, shapes
        See `beat_features_by_second`; of a part, `ecgscribe.model.rhythm_features.FAR` or all
        that there are to each side, too.
    typical : ndarray of float32, shape (n_leads,), optional
        Height of each lead with which those of a part are compared; see `typical_heights`.
    """

    def __init__(
        self,
        seconds: Seconds,
        r_peaks: Doubles,
        peak_scores: Floats,
        shapes: Floats,
        *,
        typical: Floats | None = None,
    ) -> None:
        if typical is None:
            typical = typical_heights(seconds.height, seconds.lost)
        self._seconds, self._typical = seconds, typical
        self._candidates = _CandidateFeatures(r_peaks, peak_scores, shapes)

    def __len__(self) -> int:
        return len(self._seconds)

    def __getitem__(self, rows: slice) -> Floats:
        begin, end, _ = rows.indices(len(self))
        seconds = self._seconds
        lost = seconds.lost[begin:end]
        amplitude = relative_amplitude(seconds.height[begin:end], self._typical, lost)
        n_leads = (~lost).sum(axis=1).astype(np.float32)
        beats = self._candidates.of_seconds(begin, end)
        return np.concatenate(
            [seconds.embedding[begin:end], amplitude[:, None], beats, n_leads[:, None] - 1], axis=1
        )
