"""From labels to the classes of all beats: a Gaussian process around what the model predicted.

The mean of the process is the model's own prediction. A label corrects the beats around it by how
near they are, and leaves those that are far as they were (Rasmussen and Williams, Gaussian
Processes for Machine Learning, 2006, sections 2.2 and 2.7). All is in closed form.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "Labels",
    "adapt_probability",
    "disagreement",
    "kernel",
    "left_unsure",
    "prior",
    "thinned",
]


Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Labels = dict[int, int]
"""Index of each labelled beat, and of its class in `ecgscribe.symbols.AAMI_CLASSES`."""

DECIDED = 0.4
"""Part of the mean that is the class the model decided on; the rest is its probabilities."""
SMALLEST_LEAD = 1e-6
"""How much greater the mean of the beat's own class is than that of any other, at least."""
DISAGREEMENT = 0.1
"""Variance of each of `FEW` labels next to that of the process: equal beats may differ in label."""
FEW = 20
"""Labels above which the variance of each grows, with the root of their number.

Those of consecutive beats say less than those of beats apart, and a class that the labels lack is
not to be lost because of hundreds of labels of another.
"""
MOST_LABELS = 600
"""Labels of one class, evenly spaced, that are used for other beats."""
BLOCK = 4096
"""Beats whose distances to all labels are in memory at once."""


def prior(beats: Annotation) -> Doubles:
    """Return the mean for each class and beat, shape (n_beats, 5).

    That of the beat's own class is the greatest, also where a rule chose another one than the most
    probable, so that a beat far from all labels keeps its class.
    """
    probability = np.nan_to_num(np.asarray(beats.probability, dtype=np.float64))
    is_own = np.eye(len(AAMI_CLASSES), dtype=bool)[beats.class_index]
    mean = DECIDED * is_own + (1 - DECIDED) * probability
    own = mean[is_own][:, None]
    return np.where(is_own, own, np.minimum(mean, own - SMALLEST_LEAD))


def disagreement(n_labels: int) -> float:
    """Return the variance of a label, one of `n_labels`."""
    return DISAGREEMENT * math.sqrt(max(n_labels / FEW, 1))


def kernel(one: Doubles, other: Doubles) -> Doubles:
    """Return how far beats at two lists of places share a class, 1 for the same place."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.exp(-np.maximum(squares, 0) / 2))


def adapt_probability(
    place: Doubles, mean: Doubles, labels: Labels, *, variance: Doubles | None = None
) -> Doubles:
    """Return the probability of each class, given the labels.

    Parameters
    ----------
    place : ndarray of float64, shape (n_beats, n_dimensions)
        See `ecgscribe.adaptation.places.place_beats`.
    mean : ndarray of float64, shape (n_beats, 5)
        See `prior`.
    labels : dict of int to int
        See `Labels`.
    variance : ndarray of float64, optional
        That of each label which `thinned` keeps; by default `disagreement`.

    Returns
    -------
    ndarray of float64, shape (n_beats, 5)
        1 for the class of a labelled beat.
    """
    adapted = mean.copy()
    at, of_class = thinned(labels)
    if len(at):
        covariance = _of_labels(place[at], variance)
        weight = np.linalg.solve(covariance, np.eye(len(AAMI_CLASSES))[of_class] - mean[at])
        for begin in range(0, len(place), BLOCK):
            own = slice(begin, begin + BLOCK)
            adapted[own] += kernel(place[own], place[at]) @ weight
    adapted = np.clip(adapted, 0, None)
    adapted /= np.maximum(adapted.sum(axis=1, keepdims=True), 1e-9)
    adapted[list(labels)] = np.eye(len(AAMI_CLASSES))[list(labels.values())]
    return adapted


def left_unsure(place: Doubles, labelled: Doubles, *, variance: Doubles | None = None) -> Doubles:
    """Return the covariance of the process at some places once others are labelled.

    Parameters
    ----------
    place : ndarray of float64, shape (n, n_dimensions)
    labelled : ndarray of float64, shape (m, n_dimensions)
        Places of labelled beats.
    variance : ndarray of float64, shape (m,), optional
        That of their labels; by default `disagreement`.

    Returns
    -------
    ndarray of float64, shape (n, n)
    """
    covariance = kernel(place, place)
    if not len(labelled):
        return covariance
    across = kernel(labelled, place)
    known = _of_labels(labelled, variance)
    return np.asarray(covariance - across.T @ np.linalg.solve(known, across))


def _of_labels(labelled: Doubles, variance: Doubles | None) -> Doubles:
    """Return the covariance of the labels of some beats, shape (m, m)."""
    own = np.full(len(labelled), disagreement(len(labelled))) if variance is None else variance
    return kernel(labelled, labelled) + np.diag(own)


def thinned(labels: Labels) -> tuple[Positions, Positions]:
    """Return labelled beats and their classes, at most `MOST_LABELS` of each class."""
    at = np.array(sorted(labels), dtype=np.int64)
    of_class = np.array([labels[k] for k in at.tolist()], dtype=np.int64)
    kept = []
    for k in range(len(AAMI_CLASSES)):
        own = np.flatnonzero(of_class == k)
        evenly = np.linspace(0, max(len(own) - 1, 0), min(len(own), MOST_LABELS))
        kept.append(own[evenly.astype(np.int64)])
    order = np.concatenate(kept)
    return at[order], of_class[order]
