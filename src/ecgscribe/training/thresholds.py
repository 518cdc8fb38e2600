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
from ecgscribe.training.examples import Example
from ecgscribe.training.matching import match_r_peaks

__all__ = [
    "abnormal_auprc",
    "choose_beat_thresholds",
    "choose_peak_threshold",
    "choose_thresholds",
    "detected_macro_f1",
    "fit_calibration",
    "r_peak_f1",
    "trunk_r_peak_f1",
]

Floats = NDArray[np.float32]

# Of values that do equally well, the first is chosen.
PEAK_CHOICES = (0.5, 0.4, CANDIDATE)
"""Least R-peak scores to choose from, for a model with a beat head."""
BEAT_CHOICES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.05)
"""Least probabilities of a beat to choose from."""
TRUNK_PEAK_CHOICES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Least R-peak scores to choose from, for a model without a beat head."""
S_WEIGHTS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
F_WEIGHTS = (0.5, 1.0, 2.0, 4.0)
"""Weights of the probabilities of S and F to choose from."""
LEAST_CHOICES = tuple(k / 20 for k in range(17))
"""Least probabilities of S, V and F to choose from."""
DOUBT = 0.005
"""Part of the F1 of a class that may be lost so that what is doubtful is not called ectopic."""
SPARED = 0.02
"""Part by which the errors in clean records may grow to reduce those in noisy ones."""


def abnormal_auprc(probability: Floats, truth: NDArray[np.int8]) -> float:
    """Return the average precision with which 1 - p(N) finds the beats that are not N."""
    return performance.average_precision(performance.pr_curve(1 - probability[:, 0], truth > 0))


def detected_macro_f1(predicted: NDArray[np.int8], truth: NDArray[np.int8]) -> float:
    """Return the mean F1 of the classes N, S, V and F that occur, over detected beats alone.

    Missed and false R-peaks do not count here; they do in `ecgscribe.metrics.performance.macro_f1`.
    """
    # The last two rows and columns, of missed and false R-peaks, stay empty.
    size = len(AAMI_CLASSES) + 2
    matrix = np.zeros((size, size), dtype=np.int64)
    np.add.at(matrix, (truth, predicted), 1)
    return float(performance.macro_f1(matrix))


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
        # The small penalty keeps the bias near 0 for classes that are rare in held-out patients.
        return float(-log_p.mean() + 1e-4 * np.sum(x**2))

    optimum = minimize(loss, np.zeros(len(AAMI_CLASSES)), method="L-BFGS-B").x
    return Calibration(
        temperature=round(float(np.exp(optimum[0])), 4),
        bias=(0.0, *(round(float(b), 4) for b in optimum[1:])),
    )


def choose_thresholds(probability: Floats, truth: NDArray[np.int8]) -> Thresholds:
    """Choose the thresholds that give the best F1 on held-out beats.

    The threshold of abnormal classes maximises their F1, the weights of S and F then maximise
    macro-F1. The least probabilities of S, V and F are the highest that cost hardly any F1 there:
    in other recordings, with noise or of other leads, more of what is doubtful is wrong.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        Calibrated.
    truth : ndarray of int8, shape (n_beats,)

    Returns
    -------
    Thresholds
        With ``abnormal``, ``weight`` and ``least`` chosen; the others are the defaults.
    """
    curve = performance.pr_curve(1 - probability[:, 0], truth > 0)
    f1 = 2 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, 1e-9)
    abnormal = float(np.clip(curve.threshold[int(np.argmax(f1))], 0.05, 0.95))
    choices = [
        Thresholds(abnormal=abnormal, weight=(s, 1.0, f, 1.0)) for s in S_WEIGHTS for f in F_WEIGHTS
    ]

    def macro_f1(thresholds: Thresholds) -> float:
        return detected_macro_f1(decide(probability, thresholds), truth)

    chosen = max(choices, key=macro_f1)
    least = _least_probabilities(probability, decide(probability, chosen), truth)
    return replace(chosen, abnormal=round(abnormal, 4), least=least)


def _least_probabilities(
    probability: Floats, predicted: NDArray[np.int8], truth: NDArray[np.int8]
) -> tuple[float, ...]:
    """Return the highest least probability of S, V and F that costs up to `DOUBT` of their F1."""
    least = [0.0] * (len(AAMI_CLASSES) - 1)
    for k in (1, 2, 3):
        of_class, is_class = probability[predicted == k, k], truth[predicted == k] == k
        n_true = int(np.sum(truth == k))
        f1 = [
            2 * np.sum(is_class[of_class >= low]) / max(np.sum(of_class >= low) + n_true, 1)
            for low in LEAST_CHOICES
        ]
        least[k - 1] = max(
            low for low, value in zip(LEAST_CHOICES, f1, strict=True) if value >= f1[0] - DOUBT
        )
    return tuple(least)


def r_peak_f1(
    tables: Sequence[BeatTable],
    beat_probability: Sequence[Floats],
    thresholds: Thresholds,
    *,
    window: float = 0.15,
) -> float:
    """Return the gross F1 of the R-peaks that are classified as beats.

    Parameters
    ----------
    tables : sequence of BeatTable
    beat_probability : sequence of ndarray of float32, shape (n_beats,)
        Probability that each R-peak of a table is a beat.
    thresholds : Thresholds
        The R-peak score and that probability must reach its ``peak`` and ``beat``.
    window : float
        Largest distance from the reference beat in seconds.

    Returns
    -------
    float
    """
    right = total = 0
    for table, p in zip(tables, beat_probability, strict=True):
        predicted = (table.peak_score >= thresholds.peak) & (p >= thresholds.beat)
        right += int(np.sum(predicted & (np.abs(table.offset) <= window)))
        total += int(np.sum(predicted & (table.class_index != UNKNOWN)))
        total += int(np.sum(table.is_beat)) + table.missed
    return 2 * right / max(total, 1)


def choose_beat_thresholds(
    tables: Sequence[Sequence[BeatTable]], beat_probability: Sequence[Sequence[Floats]]
) -> dict[str, float]:
    """Choose the least R-peak score and the least probability with which an R-peak is a beat.

    Results on clean recordings must not suffer for those on noisy ones: of the pairs that cost
    clean recordings hardly a beat, the pair that is best for the others is chosen.

    Parameters
    ----------
    tables : sequence of sequences of BeatTable
        Groups of held-out tables: clean records first, then changed and noisy ones.
    beat_probability : sequence of sequences of ndarray of float32, shape (n_beats,)
        Probability that each R-peak of a table is a beat.

    Returns
    -------
    dict
        ``peak`` and ``beat``: of the pairs whose 1 - F1 on clean records exceeds the least by up
        to `SPARED`, the pair with the least product of 1 - F1 over all groups. (In a product all
        groups count equally, however many errors each has.) ``beat_in_noise``: with that ``peak``,
        the probability with the least product over the groups that are not clean.
    """
    errors = {
        (peak, beat): [
            1 + 1e-6 - r_peak_f1(*group, Thresholds(peak=peak, beat=beat))
            for group in zip(tables, beat_probability, strict=True)
        ]
        for peak in PEAK_CHOICES
        for beat in BEAT_CHOICES
    }
    most = (1 + SPARED) * min(of_groups[0] for of_groups in errors.values())
    spared = [pair for pair, of_groups in errors.items() if of_groups[0] <= most]
    peak, beat = min(spared, key=lambda pair: float(np.prod(errors[pair])))
    in_noise = min(BEAT_CHOICES, key=lambda least: float(np.prod(errors[peak, least][1:])))
    return {"peak": peak, "beat": beat, "beat_in_noise": in_noise}


def trunk_r_peak_f1(
    scores: Sequence[Scores],
    held_out: Sequence[Example],
    *,
    threshold: float,
    window: float,
) -> float:
    """Return the gross F1 of the R-peaks that the trunk alone detects in held-out records.

    Parameters
    ----------
    scores : sequence of Scores
        From trunks that were not trained on the records.
    held_out : sequence of Example
        The records, in the same order.
    threshold : float
        Least R-peak score.
    window : float
        Largest distance from the reference beat in seconds.

    Returns
    -------
    float
    """
    right = total = 0
    for score, example in zip(scores, held_out, strict=True):
        r_peaks, _ = find_beats(score.peak, example.signal, threshold=threshold)
        r_peaks = r_peaks[~example.masked[r_peaks.astype(np.int64)]]
        right += len(match_r_peaks(r_peaks, example, window=window)[0])
        total += len(example.r_peaks) + len(r_peaks)
    return 2 * right / max(total, 1)


def choose_peak_threshold(scores: Sequence[Scores], held_out: Sequence[Example]) -> float:
    """Choose the R-peak threshold with the best mean F1 at 150 and 50 ms on held-out records.

    Parameters
    ----------
    scores : sequence of Scores
        From trunks that were not trained on the records.
    held_out : sequence of Example
        The records, in the same order.

    Returns
    -------
    float
    """

    def f1(threshold: float) -> float:
        return sum(
            trunk_r_peak_f1(scores, held_out, threshold=threshold, window=window)
            for window in (0.15, 0.05)
        )

    return float(max(TRUNK_PEAK_CHOICES, key=f1))
