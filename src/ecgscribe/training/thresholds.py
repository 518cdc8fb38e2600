"""Choose thresholds and calibration on patients that training has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics import performance
from ecgscribe.model.decision import Calibration, Thresholds, decide
from ecgscribe.model.scoring import Scores
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training.beat_tables import CANDIDATE, UNKNOWN, BeatTable
from ecgscribe.training.examples import Example, match

__all__ = [
    "abnormal_auprc",
    "choose_beat_thresholds",
    "choose_peak_threshold",
    "choose_thresholds",
    "fit_calibration",
    "macro_f1",
    "peak_f1",
    "r_peak_f1",
]

Floats = NDArray[np.float32]
CANDIDATES = (0.5, 0.4, CANDIDATE)
BEATS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.05)
"""Scores and probabilities from which on there may be and is a beat, to choose from; of equals the
first."""


SPARED = 0.02
"""Part of the errors in clean records by which they may grow for the sake of noisy ones."""


def abnormal_auprc(probability: Floats, truth: NDArray[np.int8]) -> float:
    """Give the average precision of 1 - p(N) for the beats that are not N."""
    return performance.average_precision(performance.pr_curve(1 - probability[:, 0], truth > 0))


def macro_f1(predicted: NDArray[np.int8], truth: NDArray[np.int8]) -> float:
    """Mean F1 over the classes N, S, V and F that occur."""
    figures = []
    for k in range(4):
        of_class, called = truth == k, predicted == k
        if of_class.any():
            figures.append(2 * np.sum(of_class & called) / (of_class.sum() + called.sum()))
    return float(np.mean(figures))


def fit_calibration(probability: Floats, truth: NDArray[np.int8]) -> Calibration:
    """Fit temperature and class priors to held-out beats by maximum likelihood.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
    truth : ndarray of int8, shape (n_beats,)

    Returns
    -------
    Calibration
    """
    from scipy.optimize import minimize

    n = len(truth)
    logits = np.log(np.maximum(probability.astype(np.float64), 1e-9))

    def loss(x: NDArray[np.float64]) -> float:
        z = logits / np.exp(x[0]) + np.concatenate(([0.0], x[1:]))
        z -= z.max(axis=1, keepdims=True)
        log_p = z[np.arange(n), truth] - np.log(np.exp(z).sum(axis=1))
        # The small penalty keeps classes that held-out patients hardly have where they are.
        return float(-log_p.mean() + 1e-4 * np.sum(x**2))

    found = minimize(loss, np.zeros(len(AAMI_CLASSES)), method="L-BFGS-B").x
    return Calibration(
        temperature=round(float(np.exp(found[0])), 4),
        bias=(0.0, *(round(float(b), 4) for b in found[1:])),
    )


def choose_thresholds(probability: Floats, truth: NDArray[np.int8]) -> Thresholds:
    """Choose the decision that gives held-out beats their best F1 figures.

    The threshold of abnormal is chosen for its F1, then the weights of S and F for macro-F1.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        Calibrated.
    truth : ndarray of int8, shape (n_beats,)

    Returns
    -------
    Thresholds
        With ``abnormal`` and ``weight`` chosen; the others are the defaults.
    """
    curve = performance.pr_curve(1 - probability[:, 0], truth > 0)
    f1 = 2 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, 1e-9)
    abnormal = float(np.clip(curve.threshold[int(np.argmax(f1))], 0.05, 0.95))
    tried = [
        Thresholds(abnormal=abnormal, weight=(s, 1.0, f, 1.0))
        for s in (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
        for f in (0.5, 1.0, 2.0, 4.0)
    ]
    best = max(tried, key=lambda thresholds: macro_f1(decide(probability, thresholds), truth))
    return replace(best, abnormal=round(abnormal, 4))


def r_peak_f1(
    tables: Sequence[BeatTable],
    of_beat: Sequence[Floats],
    thresholds: Thresholds,
    *,
    window: float = 0.15,
) -> float:
    """Give the gross F1 of the R-peaks that are called beats.

    Parameters
    ----------
    tables : sequence of BeatTable
    of_beat : sequence of ndarray of float32, shape (n_beats,)
        Probability that each R-peak is one.
    thresholds : Thresholds
        Score and probability must reach its ``peak`` and ``beat``.
    window : float
        Seconds from the reference beat within which one is found.

    Returns
    -------
    float
    """
    found = total = 0
    for table, p in zip(tables, of_beat, strict=True):
        called = (table.height >= thresholds.peak) & (p >= thresholds.beat)
        found += int(np.sum(called & (np.abs(table.offset) <= window)))
        total += int(np.sum(called & (table.class_index != UNKNOWN)))
        total += int(np.sum(table.is_beat)) + table.missed
    return 2 * found / max(total, 1)


def choose_beat_thresholds(
    tables: Sequence[Sequence[BeatTable]], of_beat: Sequence[Sequence[Floats]]
) -> dict[str, float]:
    """Choose from which score on the head is asked, and from which answer on there is a beat.

    Clean recordings are not to pay for noisy ones: of the pairs that cost them hardly a beat, the
    one that serves the others best is taken.

    Parameters
    ----------
    tables : sequence of sequences of BeatTable
        Groups of held-out tables: clean records first, then changed and noisy ones.
    of_beat : sequence of sequences of ndarray of float32, shape (n_beats,)
        Probability that each R-peak is one.

    Returns
    -------
    dict
        ``peak`` and ``beat``: of the pairs whose 1 - F1 of clean records is the least but for
        `SPARED`, that with the least product of the groups' 1 - F1, which makes groups count
        alike however many errors there are in each. ``beat_in_noise``: with that ``peak``, the
        one that has the least product over the groups that are not clean.
    """
    errors = {
        (peak, beat): [
            1 + 1e-6 - r_peak_f1(*group, Thresholds(peak=peak, beat=beat))
            for group in zip(tables, of_beat, strict=True)
        ]
        for peak in CANDIDATES
        for beat in BEATS
    }
    most = (1 + SPARED) * min(of_groups[0] for of_groups in errors.values())
    spared = [pair for pair, of_groups in errors.items() if of_groups[0] <= most]
    peak, beat = min(spared, key=lambda pair: float(np.prod(errors[pair])))
    in_noise = min(BEATS, key=lambda least: float(np.prod(errors[peak, least][1:])))
    return {"peak": peak, "beat": beat, "beat_in_noise": in_noise}


PEAK_THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Those to choose from; of equals the first."""


def peak_f1(
    scores: Sequence[Scores],
    held_out: Sequence[Example],
    *,
    threshold: float,
    window: float,
) -> float:
    """Give the gross F1 of the R-peaks over held-out records."""
    found = wanted = called = 0
    for score, example in zip(scores, held_out, strict=True):
        step, _ = find_beats(score.peak, example.signal, threshold=threshold)
        step = step[~example.masked[step.astype(np.int64)]]
        found += len(match(step, example, window=window)[0])
        wanted += len(example.step)
        called += len(step)
    return 2 * found / max(wanted + called, 1)


def choose_peak_threshold(scores: Sequence[Scores], held_out: Sequence[Example]) -> float:
    """Choose the R-peak threshold with the best mean F1 at 150 and 50 ms on held-out records.

    Parameters
    ----------
    scores : sequence of Scores
        From trunks that had not seen the records.
    held_out : sequence of Example
        The records, in the same order.

    Returns
    -------
    float
    """

    def figure(threshold: float) -> float:
        return sum(peak_f1(scores, held_out, threshold=threshold, window=w) for w in (0.15, 0.05))

    return float(max(PEAK_THRESHOLDS, key=figure))
