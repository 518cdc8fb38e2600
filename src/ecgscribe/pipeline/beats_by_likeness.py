"""What beats that are alike change of each other's class: in one recording they are of one kind.

The network sees a beat and few around it. What is doubtful in one, those like it often show: a QRS
that is like others that are surely ventricular is ventricular, and one that is like none is more
often a disturbance. So the logit of V becomes the mean over the beats with the most similar QRS,
and that of S the mean over those that are most similar in timing, P wave, and how much they are
like the dominant beat. Nothing here is learned; the numbers were chosen on patients that the
networks had not seen.
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

__all__ = ["apply_likeness"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

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
class _Likeness:
    """By what beats are alike."""

    distance: Callable[[Floats, Floats], Floats]
    """From the traits of some beats, shape (m, k), and of others, (n, k), to what is smaller the
    more alike they are, (m, n)."""
    at: Callable[[Floats], Floats]
    """From a distance to how alike they are, 0 to 1: only the nearest are asked for it."""


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
    _judge(judged, V, traits[:, :N_QRS], _QRS, few=FEW_OF_QRS, support=SUPPORT)
    _judge(judged, S, traits[:, N_QRS:], _TIMING, few=FEW_IN_TIME, support=0.0)
    probability[known] = judged
    return dataclasses.replace(beats, class_probability=probability.astype(np.float32))


def _judge(
    probability: Doubles,
    of_class: int,
    traits: NDArray[np.float16],
    likeness: _Likeness,
    *,
    few: float,
    support: float,
) -> None:
    """Change the class probabilities, shape (n, 5): beats that are alike judge one class."""
    not_f = np.maximum(1 - probability[:, F], LEAST)
    share = np.clip(probability[:, of_class] / not_f, 0, 1)
    sure = np.clip(share, SURE, 1 - SURE)
    logit = np.log(sure / (1 - sure))
    for begin in range(0, len(traits), BLOCK):
        near = slice(max(begin - BLOCK, 0), begin + 2 * BLOCK)
        asked = begin + np.flatnonzero(share[begin : begin + BLOCK] > ASKED)
        of_near = traits[near].astype(np.float32)
        distance = likeness.distance(of_near[asked - near.start], of_near)
        distance[np.arange(len(asked)), asked - near.start] = np.inf  # none judges itself
        nearest = smallest(distance, NEAREST)
        weight = likeness.at(np.take_along_axis(distance, nearest, axis=1)).astype(np.float64)
        n_alike = weight.sum(axis=1)
        total = (weight * logit[near][nearest]).sum(axis=1) + few * logit[asked]
        mean = total / (n_alike + few) + support * (1 - 2 * np.exp(-n_alike))
        new = 1 / (1 + np.exp(-mean))
        rows = probability[asked] * ((1 - new) / np.maximum(1 - share[asked], LEAST))[:, None]
        rows[:, of_class], rows[:, F] = new * not_f[asked], probability[asked, F]
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


_QRS = _Likeness(_qrs_distance, _qrs_alike)
_TIMING = _Likeness(_timing_distance, _timing_alike)
