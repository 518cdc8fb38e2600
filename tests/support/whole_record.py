"""The slow and obvious way: a record annotated with all of it in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs
from ecgscribe.model.decision import calibrate, softmax, split_no_beat
from ecgscribe.model.features import FEATURE_NAMES, beat_features, logit_features
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores, score_beats, score_signal
from ecgscribe.model.shape_features import waveforms
from ecgscribe.model.traits import traits_of
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.windows import FS, steps_to_samples

Floats = NDArray[np.float32]


def classify(
    model: Model, signal: Floats, scores: Scores, r_peaks: NDArray[np.float64], peak_scores: Floats
) -> tuple[Floats, Floats]:
    """Return the class probabilities of all beats of a record, and that they are beats.

    Parameters
    ----------
    model : Model
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal.
    scores : Scores
        Of the trunk.
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps.
    peak_scores : ndarray of float32, shape (n_beats,)
        Their scores.

    Returns
    -------
    class_probability : ndarray of float32, shape (n_beats, 5)
        Probability of each class, calibrated, if it is a beat.
    beat_probability : ndarray of float32, shape (n_beats,)
        Probability that it is one; of a model without a beat head the score.
    """
    logits = scores.class_logits_at(r_peaks)
    if model.has_beat_head:
        of_logits, features = logit_features(logits, peak_scores), beat_features(signal, r_peaks)
        output = score_beats(model.network, of_logits, features)
        class_probability, beat_probability = split_no_beat(output)
    else:
        class_probability, beat_probability = softmax(logits), peak_scores
    return calibrate(class_probability, model.calibration), beat_probability


def annotate_whole(
    record: Record, model: Model
) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.float16]]:
    """Return samples, probabilities, scores and traits of all beats."""
    conditioned = condition(record)
    scores = score_signal(model.network, conditioned.signal)
    thresholds = model.thresholds
    r_peaks, peak_scores = find_beats(scores.peak, conditioned.signal, threshold=thresholds.peak)
    hidden = long_runs(~conditioned.readable, round(0.1 * FS))
    seen = ~hidden[np.minimum(r_peaks.astype(np.int64), len(hidden) - 1)]
    r_peaks, peak_scores = r_peaks[seen], peak_scores[seen]
    probability, beat_probability = classify(
        model, conditioned.signal, scores, r_peaks, peak_scores
    )
    if model.has_beat_head:
        beat = beat_probability >= thresholds.beat
        r_peaks, peak_scores, beat_probability = (
            r_peaks[beat],
            peak_scores[beat],
            beat_probability[beat],
        )
        probability, _ = classify(model, conditioned.signal, scores, r_peaks, peak_scores)
    sample = steps_to_samples(r_peaks, conditioned.ratio, record.n_samples)
    return sample, probability, beat_probability, traits_at(conditioned.signal, r_peaks)


def traits_at(signal: Floats, r_peaks: NDArray[np.float64]) -> NDArray[np.float16]:
    """Return the traits of all beats of a record."""
    features = beat_features(signal, r_peaks)
    return traits_of(features, FEATURE_NAMES, waveforms(signal, r_peaks))
