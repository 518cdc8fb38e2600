"""R-peak candidates, and the one place that decides which of them are beats."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import Thresholds
from ecgscribe.model.shape_features import WAVEFORM
from ecgscribe.record import READABLE
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["Candidates", "ClassifiedCandidates", "FaintPeaks", "is_beat", "is_written"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Arrays with one row per candidate, in time order."""

    r_peaks: Doubles
    """Steps of the recording, shape (n,)."""

    def __len__(self) -> int:
        return len(self.r_peaks)

    def __getitem__(self, which: slice | Flags) -> Self:
        return type(self)(*(getattr(self, f.name)[which] for f in dataclasses.fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Join consecutive parts, at least one."""
        if len(parts) == 1:
            return parts[0]
        names = [f.name for f in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, eq=False)
class Candidates(_Rows):
    """R-peak candidates with all that their class is predicted from."""

    peak_scores: Floats
    """Scores of the R-peaks, 0 to 1, shape (n,)."""
    logits: Floats
    """Class logits of the trunk, shape (n, 5)."""
    waveforms: Floats
    """Conditioned signal around them, shape (n, `WAVEFORM`, 2)."""

    @classmethod
    def none(cls) -> Candidates:
        """Return no candidates."""
        shapes = ((), (len(AAMI_CLASSES),), (WAVEFORM, 2))
        return cls(np.zeros(0), *(np.zeros((0, *shape), dtype=np.float32) for shape in shapes))


@dataclass(frozen=True, eq=False)
class FaintPeaks(_Rows):
    """R-peaks whose scores are too low for a candidate: only in tachycardia are they beats."""

    peak_scores: Floats
    """Scores, shape (n,)."""


@dataclass(frozen=True, eq=False)
class ClassifiedCandidates(_Rows):
    """R-peak candidates with what was predicted of them, and nothing that takes much memory."""

    beat_probability: Floats
    """Probability that each is a beat, shape (n,)."""
    class_probability: Floats
    """Calibrated probability of each class if it is a beat, shape (n, 5); zeros if it is not."""
    peak_scores: Floats
    """Scores of the R-peaks, 0 to 1, shape (n,)."""
    shapes: Floats
    """Shape of each, shape (n, 3, 2); see `ecgscribe.model.rhythm.shapes_of`."""


def is_beat(beat_probability: Floats, thresholds: Thresholds) -> Flags:
    """Return whether each candidate is a beat; the others are false detections."""
    return np.asarray(beat_probability >= thresholds.beat)


def is_written(beat_probability: Floats, quality: Floats, thresholds: Thresholds) -> Flags:
    """Return whether each candidate is written: a beat and, in noise, a sure one.

    Parameters
    ----------
    beat_probability : ndarray of float32, shape (n,)
    quality : ndarray of float32, shape (n,)
        Of the second that holds each; see `ecgscribe.pipeline.signal_quality`.
    thresholds : Thresholds
    """
    sure = (quality >= READABLE) | (beat_probability >= thresholds.beat_in_noise)
    return is_beat(beat_probability, thresholds) & sure
