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

__all__ = [
    "Candidates",
    "ClassifiedCandidates",
    "FaintPeaks",
    "is_beat",
    "is_cut_off",
    "is_written",
    "near_end",
]


CUT_OFF_STEPS = 16
"""Steps from an end of the signal within which a wave may be cut off (0.125 s)."""
HALF_QRS_STEPS = 5
"""Steps from an end within which a QRS would be cut off itself (0.04 s)."""
SURE = 0.96
"""Probability of a beat from which on a candidate there is no rest of another wave."""
SURE_OF_HALF = 0.985
"""The same within `HALF_QRS_STEPS`."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


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
    """Shape of each, shape (n, 3, 2); see `ecgscribe.model.second_features.shapes_of`."""
    traits: NDArray[np.float16]
    """By what each is like others, shape (n, `TRAITS`); see `ecgscribe.model.traits`."""


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


def is_cut_off(beats: ClassifiedCandidates, n_steps: int, unreadable: Positions) -> Flags:
    """Return whether each candidate may be the rest of a wave that begins or ends unseen.

    What is left of a T wave at the begin of a strip looks like a beat. Of 87 such rests next to the
    ends of strips of DS1, none is as sure as is asked for. Of the beats there, 15% are not, and of
    those that are cut off within the QRS, 76%.

    Parameters
    ----------
    beats : ClassifiedCandidates
    n_steps : int
        Length of the recording.
    unreadable : ndarray of int64, shape (m, 2)
        Spans in which all leads are lost, in time order: there too, waves begin and end unseen.
    """
    edge = np.concatenate(([0], unreadable.reshape(-1), [n_steps]))
    after = np.searchsorted(edge, beats.r_peaks, side="right").clip(1, len(edge) - 1)
    distance = np.minimum(beats.r_peaks - edge[after - 1], edge[after] - beats.r_peaks)
    return near_end(distance, beats.beat_probability)


def near_end(distance: Doubles, beat_probability: Floats) -> Flags:
    """Return whether each candidate is too near an end of the signal to be known for a beat.

    Parameters
    ----------
    distance : ndarray of float64, shape (n,)
        Steps to the nearest end.
    beat_probability : ndarray of float32, shape (n,)
    """
    sure = np.where(distance < HALF_QRS_STEPS, SURE_OF_HALF, SURE)
    return np.asarray((distance < CUT_OFF_STEPS) & (beat_probability < sure))
