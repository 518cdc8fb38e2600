"""What the intervals between R-peaks alone show of atrial fibrillation.

In fibrillation no interval follows from those before it, and rhythms of many more people are known
by their intervals than by their signals. So an LSTM over R-peaks that sees nothing else gives an
opinion of its own, in windows of about two minutes. Its logit and that of the network over seconds,
which sees the signal, count alike, but for one thing: regular intervals do not speak against what
the signal shows, as atrial flutter may be regular.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.order_statistics import rolling_quantile
from ecgscribe.model.rhythm import N_INTERVAL_FEATURES, Rhythm, RhythmNetwork
from ecgscribe.model.rhythm_features import (
    LARGEST_LOG_RATIO,
    LONGEST_RR,
    NEAR,
    RATIO_GAIN,
    SHORTEST_RR,
    USUAL_RR,
)
from ecgscribe.signal.windows import FS

__all__ = [
    "LEAST_SCORE",
    "WINDOW",
    "fibrillation_by_second",
    "interval_features",
    "with_intervals",
]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LEAST_SCORE = 0.5
"""Least score of an R-peak candidate that counts."""
WINDOW = 128
"""R-peaks that the network sees at once, as in its training."""
HALO = 32
"""R-peaks at each end of such a window that the neighbouring one answers for."""
WINDOWS_AT_ONCE = 64
CHANGE_GAIN = 5.0
LARGEST_CHANGE = 0.5
"""Logarithm of the ratio of two intervals beyond which more means nothing."""
OPINION = 0.5
"""Weight of the logit of the intervals; that of the network over seconds has the rest."""
SURE = 1e-4
"""Least probability that the network over seconds may give a rhythm, or fibrillation's absence."""
SEEN_IN_SIGNAL = (Rhythm.TACHYCARDIA, Rhythm.FLUTTER, Rhythm.STANDSTILL)
"""Rhythms that the intervals know nothing of: fibrillation is what they leave."""


def interval_features(seconds: Doubles) -> Floats:
    """Describe the interval before each R-peak by the logarithms of ratios.

    Parameters
    ----------
    seconds : ndarray of float64, shape (n,)
        R-peaks in order.

    Returns
    -------
    ndarray of float32, shape (n, `ecgscribe.model.rhythm.N_INTERVAL_FEATURES`)
        The interval relative to its neighbourhood's median, to the one before, the same without its
        sign, the interval itself, and how the median changes. The first R-peak is described as the
        second one.
    """
    if len(seconds) < 2:
        return np.zeros((len(seconds), N_INTERVAL_FEATURES), dtype=np.float32)
    rr = np.log(np.clip(np.diff(seconds), SHORTEST_RR, LONGEST_RR))
    near = rolling_quantile(rr, NEAR)
    change = np.diff(rr, prepend=rr[0])
    columns = (
        RATIO_GAIN * (rr - near),
        RATIO_GAIN * change,
        CHANGE_GAIN * np.minimum(np.abs(change), LARGEST_CHANGE),
        RATIO_GAIN * (rr - np.log(USUAL_RR)),
        RATIO_GAIN * np.diff(near, prepend=near[0]),
    )
    most = RATIO_GAIN * LARGEST_LOG_RATIO
    features = np.empty((len(seconds), N_INTERVAL_FEATURES), dtype=np.float32)
    for k, column in enumerate(columns):
        features[1:, k] = np.clip(column, -most, most)
    features[0] = features[1]
    return features


def fibrillation_by_second(
    network: RhythmNetwork, r_peaks: Doubles, peak_scores: Floats, n_seconds: int
) -> Floats | None:
    """Return the logit of atrial fibrillation in every second, as far as the intervals show it.

    Parameters
    ----------
    network : RhythmNetwork
    r_peaks : ndarray of float64, shape (n,)
        R-peak candidates in steps, in order.
    peak_scores : ndarray of float32, shape (n,)
        Those below `LEAST_SCORE` do not count.
    n_seconds : int

    Returns
    -------
    ndarray of float32, shape (n_seconds,), optional
        That of the nearest R-peak; None where there are fewer than two intervals.
    """
    beats = r_peaks[peak_scores >= LEAST_SCORE] / FS
    if len(beats) < 3:
        return None
    logit = _of_beats(network, interval_features(beats))
    middle = np.arange(n_seconds) + 0.5
    nearest = np.clip(np.searchsorted(beats, middle), 1, len(beats) - 1)
    nearest -= middle - beats[nearest - 1] < beats[nearest] - middle
    return logit[nearest]


def _of_beats(network: RhythmNetwork, features: Floats) -> Floats:
    """Return the logit at every R-peak: each is answered by the window in whose core it lies."""
    n = len(features)
    length = min(WINDOW, n)
    starts = [*range(0, n - length, WINDOW - 2 * HALO), n - length]
    logit = np.zeros(n, dtype=np.float32)
    for k in range(0, len(starts), WINDOWS_AT_ONCE):
        some = starts[k : k + WINDOWS_AT_ONCE]
        of_windows = network.judge_intervals(np.stack([features[s : s + length] for s in some]))
        for start, own in zip(some, of_windows, strict=True):
            skipped = HALO if start else 0
            logit[start + skipped : start + length] = own[skipped:]
    return logit


def with_intervals(probability: Floats, logit: Floats) -> Floats:
    """Join what the signal and what the intervals show of atrial fibrillation.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Of the network over seconds.
    logit : ndarray of float32, shape (n_seconds,)
        See `fibrillation_by_second`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        The logit of fibrillation, among what is none of `SEEN_IN_SIGNAL`, is the mean of both, or
        that of the signal if it is more. The others keep their proportions.
    """
    before = probability[:, Rhythm.FIBRILLATION]
    sure = np.clip(before, SURE, 1 - SURE)
    of_signal = np.log(sure / (1 - sure))
    joined = np.maximum(of_signal, (1 - OPINION) * of_signal + OPINION * logit)
    left = 1 - probability[:, SEEN_IN_SIGNAL].sum(axis=1)
    fibrillation = np.clip(left, 0, 1) / (1 + np.exp(-joined))
    joint = np.maximum(probability, np.float32(SURE))
    joint[:, Rhythm.FIBRILLATION] = 0
    joint *= ((1 - fibrillation) / joint.sum(axis=1))[:, None]
    joint[:, Rhythm.FIBRILLATION] = fibrillation
    return joint
