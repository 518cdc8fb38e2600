"""Groups of features of a beat, and what they are for typical beats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.occlusion import BeatContext
from ecgscribe.model.beat_head import predict_in_windows
from ecgscribe.model.decision import decide
from ecgscribe.model.features import LOGIT_FEATURE_NAMES
from ecgscribe.model.scoring import BEAT_HALO
from ecgscribe.signal.windows import FS

__all__ = [
    "GROUPS",
    "INTERVALS",
    "ReplacedFeatures",
    "is_typical",
    "with_typical_features",
]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def _of_both_leads(*features: str) -> tuple[str, ...]:
    return tuple(f"{feature}_{lead}" for feature in features for lead in (1, 2))


GROUPS: dict[str, tuple[str, ...]] = {
    "regularity of the rhythm nearby": (
        "irregular_near", "irregular_far", "rr_before/irregular", "alike", "predictable",
    ),
    "heart rate nearby": ("rr_near",),
    "P wave": _of_both_leads("p_like_dominant", "p_part", "p_near", "p_height_near"),
    "QRS shape": _of_both_leads(
        "qrs_like_dominant", "qrs_like_second", "height/dominant", "distance", "distance_near"
    ),
    "QRS width": _of_both_leads("width/dominant", "width"),
    "T wave": _of_both_leads("t_like_dominant"),
    "evidence from the waveform": LOGIT_FEATURE_NAMES,
}  # fmt: skip
"""Features of a beat that are replaced together by their typical values. Features of the two RR
intervals are missing, and ``share_dominant``, which all beats of a segment have in common."""


INTERVALS: dict[str, tuple[bool, bool]] = {
    "RR interval before the beat": (True, False),
    "RR interval after the beat": (False, True),
    "RR intervals before and after the beat": (True, True),
}
"""Whether the interval before the beat and the one after it are replaced. All features that depend
on them are recomputed, those of neighbouring beats too, as many features show an early beat."""


LEAST_BEATS = 3
"""Fewest beats or intervals that show what is typical."""


@dataclass(frozen=True, eq=False)
class ReplacedFeatures:
    """Features of the beats near one beat, with one group replaced by its typical values.

    Parameters
    ----------
    name : str
        One of `GROUPS` or `INTERVALS`.
    features : ndarray of float32, shape (n_nearby, n_features)
        For `BeatContext.classify_features`.
    observed, typical : float, optional
        A single RR interval in seconds: the real one and the one that replaces it.
    """

    name: str
    features: Floats
    observed: float | None = None
    typical: float | None = None


def with_typical_features(context: BeatContext) -> list[ReplacedFeatures]:
    """Replace each group of features of a beat in turn by its typical values.

    A typical value of a feature is its median over the typical beats, see `is_typical`. A typical
    RR interval is the median of the nearby intervals between two typical beats.
    """
    features = context.features()
    typical = is_typical(context, features)
    names = context.model.head.feature_names
    replaced = []
    for name, members in GROUPS.items():
        changed = features.copy()
        columns = [k for k, feature in enumerate(names) if feature in members]
        changed[context.index_nearby, columns] = np.median(features[typical][:, columns], axis=0)
        replaced.append(ReplacedFeatures(name, changed))
    return replaced + _with_typical_intervals(context, typical)


def is_typical(context: BeatContext, features: Floats) -> Flags:
    """Return which beats near a beat are typical: those that are classified as N.

    Parameters
    ----------
    context : BeatContext
    features : ndarray of float32, shape (n_nearby, n_features)
        Features of the beats of its segments.

    Returns
    -------
    ndarray of bool, shape (n_nearby,)
        The beat itself does not count. All are true if fewer than three others are N.
    """
    model = context.model
    probability, _ = predict_in_windows(model.head, features)
    normal = np.asarray(decide(probability, model.thresholds) == 0)
    normal[context.index_nearby] = False
    return normal if normal.sum() >= LEAST_BEATS else np.ones(len(normal), dtype=np.bool_)


def _with_typical_intervals(context: BeatContext, typical: Flags) -> list[ReplacedFeatures]:
    r_peaks, index = context.beats.r_peaks, context.index
    if not 0 < index < len(r_peaks) - 1:
        return []
    interval = _typical_interval(context, typical)
    replaced = []
    for name, which in INTERVALS.items():
        moved = r_peaks.copy()
        for end, replace in zip((index, index + 1), which, strict=True):
            if replace:  # all later R-peaks move along
                moved[end:] += interval - (moved[end] - moved[end - 1])
        end = index if which[0] else index + 1
        observed = (r_peaks[end] - r_peaks[end - 1]) / FS
        values = (None, None) if all(which) else (observed, interval / FS)
        replaced.append(ReplacedFeatures(name, context.features(moved), *values))
    return replaced


def _typical_interval(context: BeatContext, typical: Flags) -> float:
    """Return the typical RR interval in steps, of nearby beats or, if they are few, of all."""
    rr = np.diff(context.beats.r_peaks[context.nearby])
    between_typical = typical[1:] & typical[:-1]
    own = context.index_nearby
    near = np.zeros(len(rr), dtype=np.bool_)
    near[max(own - BEAT_HALO, 0) : own + BEAT_HALO] = True
    for chosen in (between_typical & near, between_typical, near):
        if chosen.sum() >= LEAST_BEATS:
            return float(np.median(rr[chosen]))
    return float(np.median(rr))
