"""What is made of a model's answers: rows at the R-peaks, probabilities, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT

__all__ = ["Floats", "calibrate", "decide", "softmax", "split_no_beat"]


Floats = NDArray[np.float32]


def softmax(logits: NDArray[np.floating[Any]]) -> Floats:
    """Turn logits, shape (n, classes), into probabilities."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def split_no_beat(probability: Floats) -> tuple[Floats, Floats]:
    """Split what the beat head says into the class, if there is a beat, and whether there is.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 6)

    Returns
    -------
    of_class : ndarray of float32, shape (n_beats, 5)
    of_beat : ndarray of float32, shape (n_beats,)
    """
    of_beat = np.maximum(1 - probability[:, NO_BEAT], np.float32(1e-9))
    of_class = probability[:, :NO_BEAT] / of_beat[:, None]
    return of_class.astype(np.float32), of_beat.astype(np.float32)


def calibrate(probability: Floats, calibration: Mapping[str, Any]) -> Floats:
    """Correct probabilities for the balance that training was given.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        As the network gives it.
    calibration : mapping
        ``temperature``, a number, and ``bias``, one for each class: temperature scaling (Guo et
        al., ICML 2017) with a prior for each class, fitted on held-out patients.

    Returns
    -------
    ndarray of float32, shape (n_beats, 5)
    """
    logits = np.log(np.maximum(probability, 1e-9)) / calibration["temperature"]
    return softmax(logits + np.asarray(calibration["bias"]))


def decide(probability: Floats, thresholds: Mapping[str, Any]) -> NDArray[np.int8]:
    """Name the class of each beat.

    A beat is abnormal where one less the probability of N reaches ``thresholds["abnormal"]``; its
    class is then the one of S, V, F and Q whose probability times ``thresholds["weight"]`` is
    greatest.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
    thresholds : mapping

    Returns
    -------
    ndarray of int8, shape (n_beats,)
        Index into `ecgscribe.symbols.AAMI_CLASSES`.
    """
    weight = np.array([thresholds["weight"][c] for c in AAMI_CLASSES[1:]])
    ectopic = 1 + np.argmax(probability[:, 1:] * weight, axis=1)
    abnormal = 1 - probability[:, 0] >= thresholds["abnormal"]
    return np.where(abnormal, ectopic, 0).astype(np.int8)
