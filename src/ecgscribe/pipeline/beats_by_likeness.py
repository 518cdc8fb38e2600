"""What beats that are alike change of each other's class: in one recording they are of one kind.

The network sees a beat and few around it. What is doubtful in one, those like it often show: a QRS
that is like others that are surely ventricular is ventricular, and one that is like none is more
often a disturbance. So the logit of V becomes the mean over the beats with the most similar QRS,
and that of S the mean over those that are most similar in timing, P wave, and how much they are
like the dominant beat. A stream asks the beats before alone (`ecgscribe.live.likeness`). Nothing
here is learned; the numbers were chosen on patients that the networks had not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.order_statistics import smallest
from ecgscribe.model.traits import N_QRS, N_RR
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.signal.windows import ceil_div
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["QRS", "TIMING", "Likeness", "apply_likeness", "class_logit", "judge"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

N, S, V, F = (AAMI_CLASSES.index(name) for name in "NSVF")

BLOCK = 1024
"""Beats that are compared with each other and with as many before and after them."""
NEAREST = 30
"""Beats by which another is judged at most."""
ROWS = 4
"""Beats whose products with others are computed at once."""
ASKED = 0.02
"""Probability of S or V from which on a beat is judged by others."""
SURE = 0.01
"""Probability of a class, or of another one, below which less means nothing more."""
QRS_LIKE = 0.5
"""Likeness of two QRS from which on one counts for the other; that of the same is 1."""
RR_WIDTH = 0.2
"""Standard deviation of the kernel over features of RR intervals: 7% of an interval."""
LIKENESS_WIDTH = 0.4
"""The same over likeness to the dominant beat."""
LEAST = 1e-6
"""Least part by which another is divided."""
FEW_OF_QRS, FEW_IN_TIME = 1.0, 4.0
"""Beats exactly alike that count as much as the beat itself."""
SUPPORT = 1.0
"""Logit of V that many beats with the same QRS add, and that a lack of any takes. Of beats with
many, 71% are V where the mean probability is 0.4 to 0.5; of those with none, 38% at 0.6 to 0.7."""


@dataclass(frozen=True)
class Likeness:
    """By what beats are alike, and the class that those alike decide."""

    of_class: int
    """Index of the class."""
    traits: slice
    """Columns of the traits that are compared."""
    distance: Callable[[Floats, Floats], Floats]
    """From the traits of some beats, shape (m, k), and of others, (n, k), to what is smaller the
    more alike they are, (m, n)."""
    at: Callable[[Floats], Floats]
    """From a distance to how alike they are, 0 to 1: only the nearest are asked for it."""
    few: float
    """Beats exactly alike that count as much as the beat itself."""
    support: float
    """Logit that many beats alike add, and that a lack of any takes."""


def apply_likeness(beats: ClassifiedCandidates) -> ClassifiedCandidates:
    """Classify the beats of a recording knowing those that are like them.

    Parameters
    ----------
    beats : ClassifiedCandidates
        In time order. Those without a class, or without traits, stay as they are.

    Returns
    -------
    ClassifiedCandidates
        The same beats with other probabilities of V and S, and of N and Q in proportion. That of F
        stays: a beat of fusion is like no other.
    """
    probability = beats.class_probability.astype(np.float64)
    known = np.flatnonzero(probability.any(axis=1) & beats.traits[:, :N_QRS].any(axis=1))
    judged, traits = probability[known], beats.traits[known]
    for likeness in (QRS, TIMING):
        logit = class_logit(judged, likeness.of_class)
        for begin in range(0, len(traits), BLOCK):
            own, near = slice(begin, begin + BLOCK), slice(max(begin - BLOCK, 0), begin + 2 * BLOCK)
            of_near = traits[near].astype(np.float32)
            itself = np.arange(len(traits[own])) + begin - near.start
            judge(likeness, judged[own], of_near[itself], of_near, logit[near], itself=itself)
    probability[known] = judged
    return dataclasses.replace(beats, class_probability=probability.astype(np.float32))


def class_logit(probability: Doubles, of_class: int) -> Doubles:
    """Return the logit of a class of beats that are not F, shape (n,)."""
    sure = np.clip(_share(probability, of_class), SURE, 1 - SURE)
    return np.asarray(np.log(sure / (1 - sure)))


def _share(probability: Doubles, of_class: int) -> Doubles:
    not_f = np.maximum(1 - probability[:, F], LEAST)
    return np.clip(probability[:, of_class] / not_f, 0, 1)


def judge(
    likeness: Likeness,
    probability: Doubles,
    traits: Floats,
    others: Floats,
    logit: Doubles,
    *,
    itself: Rows | None = None,
) -> None:
    """Change the class probabilities of beats: others that are alike judge one class.

    Parameters
    ----------
    likeness : Likeness
        By what they are alike.
    probability : ndarray of float64, shape (n, 5)
        Of the beats; it is changed in place.
    traits : ndarray of float32, shape (n, `TRAITS`)
        Of the beats.
    others : ndarray of float32, shape (m, `TRAITS`)
        Traits of the others.
    logit : ndarray of float64, shape (m,)
        Their logits of the class; see `class_logit`.
    itself : ndarray of int64, shape (n,), optional
        Which of the others each beat is, as none judges itself, if they are among them.
    """
    asked = np.flatnonzero(_share(probability, likeness.of_class) > ASKED)
    before, columns = probability[asked], likeness.traits
    distance = likeness.distance(traits[asked, columns], others[:, columns])
    if itself is not None:
        distance[np.arange(len(asked)), itself[asked]] = np.inf
    nearest = smallest(distance, NEAREST)
    weight = likeness.at(np.take_along_axis(distance, nearest, axis=1)).astype(np.float64)
    n_alike = weight.sum(axis=1)
    total = (weight * logit[nearest]).sum(axis=1)
    total += likeness.few * class_logit(before, likeness.of_class)
    mean = total / (n_alike + likeness.few) + likeness.support * (1 - 2 * np.exp(-n_alike))
    new, share = 1 / (1 + np.exp(-mean)), _share(before, likeness.of_class)
    rows = before * ((1 - new) / np.maximum(1 - share, LEAST))[:, None]
    rows[:, likeness.of_class] = new * np.maximum(1 - before[:, F], LEAST)
    rows[:, F] = before[:, F]
    rows[:, N] = np.maximum(rows[:, N] + 1 - rows.sum(axis=1), 0)
    probability[asked] = rows


def _products(some: Floats, others: Floats) -> Floats:
    """Return `some` @ `others`.T, a few rows at a time: BLAS then starts no threads.

    Those would keep a processor busy for longer than the product takes.
    """
    n, k = some.shape
    padded = np.zeros((ceil_div(n, ROWS), ROWS, k), dtype=np.float32)
    padded.reshape(-1, k)[:n] = some
    products = np.matmul(padded, np.ascontiguousarray(others.T))
    return np.asarray(products.reshape(len(padded) * ROWS, len(others))[:n])


def _qrs_distance(some: Floats, others: Floats) -> Floats:
    """Return by how much QRS are alike in shape and size, -1 for the same."""
    distance = _products(-some, others)
    distance /= np.maximum((some**2).sum(axis=1)[:, None], (others**2).sum(axis=1))
    return distance


def _qrs_alike(distance: Floats) -> Floats:
    return np.asarray(np.clip((-distance - QRS_LIKE) / (1 - QRS_LIKE), 0, 1) ** 2)


def _timing_distance(some: Floats, others: Floats) -> Floats:
    """Return the square distance in time and in likeness to the dominant beat."""
    width = np.full(some.shape[1], LIKENESS_WIDTH, dtype=np.float32)
    width[:N_RR] = RR_WIDTH
    some, others = some / width, others / width
    distance: Floats = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    distance -= _products(2 * some, others)
    return distance


def _timing_alike(distance: Floats) -> Floats:
    return np.asarray(np.exp(-np.maximum(distance, 0) / 2))


QRS = Likeness(V, slice(None, N_QRS), _qrs_distance, _qrs_alike, FEW_OF_QRS, SUPPORT)
TIMING = Likeness(S, slice(N_QRS, None), _timing_distance, _timing_alike, FEW_IN_TIME, 0.0)
