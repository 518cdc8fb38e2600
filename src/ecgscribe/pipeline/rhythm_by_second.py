"""The rhythm of each second: what the network predicts, and what is certain without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.intervals import fibrillation_by_second, with_intervals
from ecgscribe.model.order_statistics import rolling_quantile
from ecgscribe.model.rhythm import Rhythm, RhythmNetwork, predict_rhythm
from ecgscribe.model.rhythm_features import NEAR
from ecgscribe.model.second_features import SHAPE_NAMES, SecondFeatures
from ecgscribe.model.seconds import Seconds, typical_heights
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "beats_not_still",
    "predict_seconds",
    "rhythm_probabilities",
    "still_where_quiet",
    "without_narrow",
    "without_slow_normal",
]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


NARROW = 0.95
"""Width of a QRS, area over height in units of 62 ms, below which it is not that of ventricular
tachycardia. Of vfdb's, 2% of the beats of 421 are narrower, of the other recordings none."""
LEAST_BEATS = 3
"""Candidates that show how wide a QRS is."""
LIKELY_BEAT = 0.5
"""Least probability of a beat that ends a standstill; it must also exceed that of standstill."""
SLOW_S = 0.6
"""Median RR interval in seconds from which a rhythm is no tachycardia: below 100 per minute."""
UNBROKEN_S = 1.5
"""Longest RR interval in seconds where no beat is missed."""
NORMAL = 0.9
"""Mean probability of N of beats that are normal. No span of vfdb and cudb that the networks
that have not seen it call tachycardia is that slow and unbroken and has it."""
QUIET = 0.25
"""Part of the typical height of its lead that the signal of a quiet second has at most. Of DS1 and
63 records of svdb, hardly a second of what looks like noise is that low."""


def predict_seconds(
    network: RhythmNetwork,
    seconds: Seconds,
    r_peaks: Doubles,
    peak_scores: Floats,
    shapes: Floats,
    *,
    typical: Floats | None = None,
) -> Floats:
    """Predict the rhythm of every second: what the network says, and what is certain without it.

    Parameters
    ----------
    network : RhythmNetwork
    seconds : Seconds
    r_peaks, peak_scores, shapes, typical
        See `ecgscribe.model.second_features.SecondFeatures`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        See `rhythm_probabilities`, `still_where_quiet` and `without_narrow`.
    """
    features = SecondFeatures(seconds, r_peaks, peak_scores, shapes, typical=typical)
    probability = predict_rhythm(network, features)
    logit = fibrillation_by_second(network, r_peaks, peak_scores, len(seconds))
    if logit is not None:
        probability = with_intervals(probability, logit)
    probability = rhythm_probabilities(probability, seconds.lost)
    probability = still_where_quiet(probability, seconds, r_peaks, typical=typical)
    return without_narrow(probability, r_peaks, shapes)


def rhythm_probabilities(probability: Floats, lost: Flags) -> Floats:
    """Count seconds in which all leads are lost as noise.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    lost : ndarray of bool, shape (n_seconds, n_leads)
    """
    counted = probability.copy()
    counted[lost.all(axis=1)] = np.eye(len(Rhythm))[Rhythm.NOISE]
    return counted


def still_where_quiet(
    probability: Floats, seconds: Seconds, r_peaks: Doubles, *, typical: Floats | None = None
) -> Floats:
    """Count a quiet baseline as standstill: it is no noise, and no rhythm without candidates.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    seconds : Seconds
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps.
    typical : ndarray of float32, shape (n_leads,), optional
        Typical height of each lead, if not that of these seconds.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        What speaks for a ventricular rhythm stays.
    """
    height, lost = seconds.height, seconds.lost
    usual = typical_heights(height, lost) if typical is None else typical
    quiet = np.all(lost | (height <= QUIET * usual), axis=1) & ~np.all(lost, axis=1)
    empty = np.ones(len(seconds), dtype=np.bool_)
    second = np.floor(r_peaks / FS).astype(np.int64)
    empty[second[(second >= 0) & (second < len(seconds))]] = False
    counted = probability.copy()
    for kind, rows in (
        (Rhythm.NOISE, quiet),
        (Rhythm.PLAIN, quiet & empty),
        (Rhythm.FIBRILLATION, quiet & empty),
    ):
        counted[rows, Rhythm.STANDSTILL] += counted[rows, kind]
        counted[rows, kind] = 0
    return counted


def without_narrow(probability: Floats, r_peaks: Doubles, shapes: Floats) -> Floats:
    """Count ventricular tachycardia as a plain rhythm where a QRS is narrow.

    The QRS of ventricular tachycardia is wide in every lead. In plain rhythms of vfdb it is
    narrower than `NARROW`, but for one bundle branch block.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps.
    shapes : ndarray of float32, shape (n, 3, 2)
        See `ecgscribe.model.second_features.shapes_of`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    """
    if len(r_peaks) < LEAST_BEATS or len(probability) == 0:
        return probability
    of_leads = shapes[:, SHAPE_NAMES.index("width")]
    narrowest = np.where(of_leads > 0, of_leads, np.inf).min(axis=1)
    width = rolling_quantile(narrowest, NEAR)
    return _without_tachycardia(probability, r_peaks, width < NARROW)


def without_slow_normal(probability: Floats, candidates: ClassifiedCandidates) -> Floats:
    """Count ventricular tachycardia as a plain rhythm where beats are normal and slow.

    It is faster than 100 per minute, and its beats look ventricular. Normal beats of a bundle
    branch block are wide, too.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    candidates : ClassifiedCandidates
        All of them, false detections too.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    """
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    r_peaks = candidates.r_peaks
    if len(r_peaks) < LEAST_BEATS or len(probability) == 0:
        return probability
    rr = np.diff(r_peaks, prepend=2 * r_peaks[0] - r_peaks[1]) / FS
    is_slow = rolling_quantile(rr, NEAR) >= SLOW_S
    unbroken = maximum_filter1d(rr, NEAR, mode="nearest") <= UNBROKEN_S
    of_normal = candidates.class_probability[:, AAMI_CLASSES.index("N")]
    normal = of_normal * candidates.beat_probability
    is_normal = uniform_filter1d(normal, NEAR, mode="nearest") >= NORMAL
    return _without_tachycardia(probability, r_peaks, is_slow & unbroken & is_normal)


def _without_tachycardia(probability: Floats, r_peaks: Doubles, speaks_against: Flags) -> Floats:
    """Count tachycardia as plain in the seconds whose nearest R-peak speaks against it."""
    middle = (np.arange(len(probability)) + 0.5) * FS
    nearest = np.clip(np.searchsorted(r_peaks, middle), 1, len(r_peaks) - 1)
    nearest -= middle - r_peaks[nearest - 1] < r_peaks[nearest] - middle
    plain = speaks_against[nearest]
    counted = probability.copy()
    counted[plain, Rhythm.PLAIN] += counted[plain, Rhythm.TACHYCARDIA]
    counted[plain, Rhythm.TACHYCARDIA] = 0
    return counted


def beats_not_still(r_peaks: Doubles, beat_probability: Floats, probability: Floats) -> Doubles:
    """Return the R-peaks that are rather beats than noise on the baseline of a standstill.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps.
    beat_probability : ndarray of float32, shape (n,)
        Probability that each is a beat.
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Of every whole second.
    """
    if len(probability) == 0:
        return np.zeros(0)
    second = np.minimum(r_peaks.astype(np.int64) // FS, len(probability) - 1)
    still = probability[second, Rhythm.STANDSTILL]
    likely = beat_probability > np.maximum(still, LIKELY_BEAT)
    return np.asarray(r_peaks[likely])
