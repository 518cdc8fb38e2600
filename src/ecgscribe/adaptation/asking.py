"""Which beat is most worth asking about: an unsure one that many unsure beats would learn from."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ecgscribe.adaptation.posterior import (
    Labels,
    adapt_probability,
    disagreement,
    left_unsure,
    thinned,
)

__all__ = ["beat_to_ask"]


Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

POOL = 1000
"""Beats that one is chosen from: half are those of which the model is least sure."""
CAUTION = 3.0
"""How many times the usual variance of a label is taken to be while beats are chosen."""
SURPRISE = 1.0
"""Variance added to a label of a class that the model was sure the beat is not.

One such label may change many beats, so another beat like it is soon asked about, too.
"""


def beat_to_ask(
    place: Doubles, mean: Doubles, labels: Labels, *, skipped: Collection[int] = ()
) -> int | None:
    """Return the beat whose label would say most about the beats that are still unsure.

    It is the one that lowers the variance of the process most, summed over all beats and weighted
    by how unsure the class of each is (Seo et al., IJCNN 2000), times how unsure its own class is:
    a label that everyone expects says little.

    Parameters
    ----------
    place : ndarray of float64, shape (n_beats, n_dimensions)
        See `ecgscribe.adaptation.places.place_beats`.
    mean : ndarray of float64, shape (n_beats, 5)
        Probabilities as the model predicted them.
    labels : dict of int to int
        See `ecgscribe.adaptation.posterior.Labels`.
    skipped : collection of int
        Indices of beats that are not asked about.

    Returns
    -------
    int or None
        Its index; None if all beats are labelled or skipped.
    """
    closed = [*labels, *skipped]
    pool, stands_for = _pool(1 - mean.max(axis=1, initial=0))
    is_open = ~np.isin(pool, closed)
    pool, stands_for = pool[is_open], stands_for[is_open]
    if not len(pool):
        left = np.setdiff1d(np.arange(len(place)), closed)
        return int(left[0]) if len(left) else None
    at, of_class = thinned(labels)
    expected = CAUTION * disagreement(len(at))
    variance = expected + SURPRISE * (1 - mean[at, of_class]) ** 2
    adapted = adapt_probability(place, mean, labels, variance=variance)[pool]
    covariance = left_unsure(place[pool], place[at], variance=variance)
    unknown = np.clip(np.diag(covariance), 0, 1)
    weight = stands_for * unknown * (1 - adapted.max(axis=1))
    gain = (covariance**2) @ weight / (unknown + expected)
    own_doubt = np.sqrt(np.maximum(1 - (adapted**2).sum(axis=1), 0))
    return int(pool[np.argmax(gain * own_doubt)])


def _pool(unsure: Doubles) -> tuple[Positions, Doubles]:
    """Return the beats to choose from, and how many beats each stands for."""
    n = len(unsure)
    if n <= POOL:
        return np.arange(n), np.ones(n)
    by_doubt = np.argsort(-unsure, kind="stable")
    first, rest = by_doubt[: POOL // 2], np.sort(by_doubt[POOL // 2 :])
    evenly = rest[np.linspace(0, len(rest) - 1, POOL - len(first)).astype(np.int64)]
    each = np.concatenate([np.ones(len(first)), np.full(len(evenly), len(rest) / len(evenly))])
    return np.concatenate([first, evenly]), each
