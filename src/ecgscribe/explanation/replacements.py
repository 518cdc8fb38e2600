"""What stands in for a stretch of the signal that is taken away from a beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.feature_groups import usual_beats
from ecgscribe.explanation.occlusion import Scene

__all__ = ["REACH", "Fill", "as_usual", "fills", "straight", "usual_beat"]


Floats = NDArray[np.float32]
Fill = Callable[..., Floats]


REACH = 51
"""Steps to each side of the R-peak, 0.4 s, within which stretches are taken away."""
LEAST = 3


def fills(scene: Scene) -> dict[str, Fill]:
    """Give the ways to take away a stretch of a beat.

    Returns
    -------
    dict
        ``"line"``, and ``"usual"`` where there are usual beats around; from the first step of the
        stretch and the one after the last, within `REACH` of the R-peak, and the columns of the
        leads, to the signal without it.
    """
    ways: dict[str, Fill] = {"line": partial(straight, scene)}
    if scene.model.head.feature_names:
        mean = usual_beat(scene, usual_beats(scene, *scene.features()))
        if mean is not None:
            ways["usual"] = partial(as_usual, scene, mean)
    return ways


def straight(scene: Scene, begin: int, end: int, leads: Sequence[int] = (0, 1)) -> Floats:
    """Replace a stretch, in steps from the R-peak, by a line between its neighbours."""
    changed, columns = scene.signal.copy(), list(leads)
    first, last = max(scene.at + begin - 1, 0), min(scene.at + end, len(changed) - 1)
    ramp = np.linspace(0, 1, last - first + 1, dtype=np.float32)[:, None]
    ends = scene.signal[[first, last]][:, columns]
    changed[first : last + 1, columns] = ends[0] * (1 - ramp) + ends[1] * ramp
    return changed


def usual_beat(scene: Scene, usual: NDArray[np.bool_]) -> Floats | None:
    """Give the mean of the usual beats around, `REACH` and one step to each side of the R-peak.

    Parameters
    ----------
    scene : Scene
    usual : ndarray of bool, shape (beats of the runs,)
        See `ecgscribe.explanation.feature_groups.usual_beats`.

    Returns
    -------
    ndarray of float32, shape (2 * REACH + 3, 2), or None
        Of those in the window of the trunk; none where these are fewer than three.
    """
    row = np.rint(scene.found.step[scene.beats][usual]).astype(np.int64) - scene.begin
    fits = (row > REACH + 1) & (row < len(scene.signal) - REACH - 1)
    if fits.sum() < LEAST:
        return None
    around = row[fits][:, None] + np.arange(-REACH - 1, REACH + 2)
    return np.asarray(scene.signal[around].mean(axis=0), dtype=np.float32)


def as_usual(
    scene: Scene, mean: Floats, begin: int, end: int, leads: Sequence[int] = (0, 1)
) -> Floats:
    """Replace a stretch, in steps from the R-peak, by the mean beat, tilted to meet its ends.

    Parameters
    ----------
    scene : Scene
    mean : ndarray of float32, shape (2 * REACH + 3, 2)
        See `usual_beat`.
    begin, end : int
        Within `REACH`.
    leads : sequence of int

    Returns
    -------
    ndarray of float32, shape of the scene's signal
    """
    changed, columns = scene.signal.copy(), list(leads)
    rows = slice(scene.at + begin - 1, scene.at + end + 1)
    part = mean[REACH + begin : REACH + end + 2]
    ramp = np.linspace(0, 1, len(part), dtype=np.float32)[:, None]
    gap = scene.signal[rows] - part
    changed[rows, columns] = (part + gap[0] * (1 - ramp) + gap[-1] * ramp)[:, columns]
    return changed
