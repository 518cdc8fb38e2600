"""Templates: the different shapes of QRS among the sampled beats of one class.

The beat that most others resemble is the first template, together with those; the next is found
among the beats that are left, until what is left resembles few others. Bins that hold every beat of
a recording are in `ecgscribe.analysis.beat_bins`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import BEFORE_S, QRS_S, SHIFT_S, Shape, median_width

__all__ = ["ALIKE", "LEAST_SHARE", "MOST_TEMPLATES", "Template", "beat_templates"]


ALIKE = 0.9
"""Least correlation of two beats of one template."""
MOST_TEMPLATES = 4
"""Most templates of a class."""
LEAST_SHARE = 0.05
"""Least share of the sampled beats of a class that is a template of its own, after the first."""
_LEAST_BEATS = 3  # likewise


Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Template:
    """Beats of one class that resemble one another.

    Parameters
    ----------
    count : int
        Number of these among the sampled beats of the class.
    median : ndarray of float64, shape (points, leads)
        Median of the beats, as of `ecgscribe.analysis.morphology.Shape`.
    qrs_s : float or None
        Median width of their QRS in seconds; None where noise hides more than half of them.
    """

    count: int
    median: Doubles
    qrs_s: float | None


def beat_templates(shape: Shape, fs: float) -> tuple[Template, ...]:
    """Find the templates of a class.

    Parameters
    ----------
    shape : Shape
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    tuple of Template
        The most frequent first; empty if every beat has a flat lead or invalid samples.
    """
    alike = _correlations(shape.beats, fs) >= ALIKE
    left = alike.any(axis=1)
    templates: list[Template] = []
    while len(templates) < MOST_TEMPLATES and left.any():
        resembled = (alike & left).sum(axis=1) * left
        own = alike[np.argmax(resembled)] & left
        count = int(own.sum())
        if templates and count < max(_LEAST_BEATS, LEAST_SHARE * len(shape.beats)):
            break
        beats = shape.beats[own]
        templates.append(Template(count, np.median(beats, axis=0), median_width(beats, fs)))
        left &= ~own
    return tuple(templates)


def _correlations(beats: Doubles, fs: float) -> Doubles:
    """Correlate each QRS with each, as `morphology.qrs_correlation`; shape (n, n).

    A beat with a flat lead or invalid samples has only correlations of -1.
    """
    middle, reach = round(BEFORE_S * fs), round(QRS_S * fs)
    best = np.full((len(beats), len(beats)), -1.0)
    valid = np.isfinite(beats).all(axis=(1, 2))
    target, has_target = _unit_vectors(beats[:, middle - reach : middle + reach + 1])
    shifts = round(SHIFT_S * fs)
    for shift in range(-shifts, shifts + 1):
        first = middle - reach + shift
        part, has_part = _unit_vectors(beats[:, first : first + 2 * reach + 1])
        both = (valid & has_part)[:, None] & (valid & has_target)[None, :]
        best = np.where(both, np.maximum(best, part @ target.T), best)
    return np.asarray(np.maximum(best, best.T))


def _unit_vectors(parts: Doubles) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return parts so scaled that their products are mean correlations, and which can be."""
    centred = np.nan_to_num(parts - parts.mean(axis=1, keepdims=True))
    norm = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    scaled = centred / np.where(norm > 0, norm, 1.0) / np.sqrt(parts.shape[2])
    return scaled.reshape(len(parts), -1), np.asarray((norm[:, 0] > 0).all(axis=1))
