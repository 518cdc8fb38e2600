"""What is told of a beat, in groups, and what would be told of it if one were as usual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.occlusion import Scene
from ecgscribe.model.beat_head import predict_in_windows
from ecgscribe.model.decision import decide
from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.scoring import BEAT_HALO
from ecgscribe.signal.windows import FS

__all__ = ["GROUPS", "INTERVALS", "Replaced", "replaced", "usual_beats"]


Floats = NDArray[np.float32]


def _of_leads(*features: str) -> tuple[str, ...]:
    return tuple(f"{fact}_{lead}" for fact in features for lead in (1, 2))


GROUPS: dict[str, tuple[str, ...]] = {
    "regularity of the rhythm around it": (
        "irregular_near", "irregular_far", "rr_before/irregular", "alike", "predictable",
    ),
    "heart rate around it": ("rr_near",),
    "P wave": _of_leads("p_like_dominant", "p_part", "p_near", "p_height_near"),
    "QRS shape": _of_leads(
        "qrs_like_dominant", "qrs_like_second", "height/dominant", "distance", "distance_near"
    ),
    "QRS width": _of_leads("width/dominant", "width"),
    "T wave": _of_leads("t_like_dominant"),
    "answer of the trunk to the signal": LOGIT_FEATURE_NAMES,
}  # fmt: skip
"""Facts of a beat that are set together to what they are of the usual beat. Left out are those that
come of the two RR intervals, and ``share_dominant``, which all beats of a run have in common."""


INTERVALS: dict[str, tuple[bool, bool]] = {
    "RR interval before it": (True, False),
    "RR interval after it": (False, True),
    "RR intervals before and after it": (True, True),
}
"""Whether the interval before the beat and the one after it are replaced. All facts that come of
them, also those of the beats around, are then told anew: what is early is told in many ways."""


LEAST = 3
"""Usual beats, at least, that say what is usual."""


@dataclass(frozen=True, eq=False)
class Replaced:
    """The facts of the beats of a scene, one group of them as usual.

    Parameters
    ----------
    name : str
        Of `GROUPS` or `INTERVALS`.
    class_facts, facts : ndarray of float32
        For `Scene.from_facts`.
    own, usual : float, optional
        Seconds, of a single interval.
    """

    name: str
    logit_features: Floats
    features: Floats
    own: float | None = None
    usual: float | None = None


def replaced(scene: Scene) -> list[Replaced]:
    """Give the facts of a scene with each group in turn as it is of its usual beats.

    The usual beats are those called N, or all where these are fewer than three; of facts, the
    median over them; of intervals, the median over those between two of them nearby.
    """
    of_class, features = scene.features()
    own = scene.index - scene.beats.start
    normal = usual_beats(scene, of_class, features)
    groups = []
    for name, members in GROUPS.items():
        a, b = of_class.copy(), features.copy()
        for table, names in ((a, LOGIT_FEATURE_NAMES), (b, FEATURE_NAMES)):
            columns = [k for k, fact in enumerate(names) if fact in members]
            table[own, columns] = np.median(table[normal][:, columns], axis=0)
        groups.append(Replaced(name, a, b))
    return groups + _with_usual_intervals(scene, of_class, normal)


def usual_beats(scene: Scene, of_class: Floats, features: Floats) -> NDArray[np.bool_]:
    """Tell which beats of the runs, other than the one in question, are called N.

    All are where these are fewer than three.

    Returns
    -------
    ndarray of bool, shape (beats of the runs,)
    """
    model = scene.model
    probability, _ = predict_in_windows(model.head, np.concatenate([of_class, features], axis=1))
    decided = decide(probability, model.thresholds)
    normal = np.asarray(decided == 0)
    normal[scene.index - scene.beats.start] = False
    return normal if normal.sum() >= LEAST else np.ones(len(normal), dtype=np.bool_)


def _with_usual_intervals(
    scene: Scene, of_class: Floats, normal: NDArray[np.bool_]
) -> list[Replaced]:
    step, index = scene.found.step, scene.index
    if not 0 < index < len(step) - 1:
        return []
    usual = _usual_interval(scene, normal)
    groups = []
    for name, which in INTERVALS.items():
        moved = step.copy()
        for first, replace in zip((index, index + 1), which, strict=True):
            if replace:  # all that follows is moved along
                moved[first:] += usual - (moved[first] - moved[first - 1])
        one = index if which[0] else index + 1
        values = (None, None) if all(which) else ((step[one] - step[one - 1]) / FS, usual / FS)
        groups.append(
            Replaced(name, of_class, scene.segment_features(moved, scene.waveform), *values)
        )
    return groups


def _usual_interval(scene: Scene, normal: NDArray[np.bool_]) -> float:
    """Give the usual RR interval in steps: of beats nearby, or of the runs if these are few."""
    step = scene.found.step[scene.beats]
    rr, fits = np.diff(step), normal[1:] & normal[:-1]
    own = scene.index - scene.beats.start
    near = np.zeros(len(rr), dtype=np.bool_)
    near[max(own - BEAT_HALO, 0) : own + BEAT_HALO] = True
    for chosen in (fits & near, fits, near):
        if chosen.sum() >= LEAST:
            return float(np.median(rr[chosen]))
    return float(np.median(rr))
