"""The slow and obvious way: a record annotated with all of it in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import calibrate, softmax, split_no_beat
from ecgscribe.model.features import beat_features, logit_features
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import Scores, score_beats, score_signal
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.filters import long_runs
from ecgscribe.signal.windows import FS, steps_to_samples

Floats = NDArray[np.float32]


def classify(
    model: Model, signal: Floats, scores: Scores, step: NDArray[np.float64], height: Floats
) -> tuple[Floats, Floats]:
    """Give the class probabilities of all beats of a record, and that they are beats.

    Parameters
    ----------
    model : Model
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal.
    scores : Scores
        What the model's trunk says of it.
    step : ndarray of float64, shape (n_beats,)
        R-peaks in steps.
    height : ndarray of float32, shape (n_beats,)
        Their scores.

    Returns
    -------
    of_class : ndarray of float32, shape (n_beats, 5)
        Probability of each class, calibrated, if it is a beat.
    of_beat : ndarray of float32, shape (n_beats,)
        Probability that it is one; of a model without a beat head the score.
    """
    logits = scores.class_logits_at(step)
    if model.has_beat_head:
        of_logits, features = logit_features(logits, height), beat_features(signal, step)
        said = score_beats(model.network, of_logits, features)
        of_class, of_beat = split_no_beat(said)
    else:
        of_class, of_beat = softmax(logits), height
    return calibrate(of_class, model.calibration), of_beat


def annotate_whole(record: Record, model: Model) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Give samples, probabilities and scores of all beats."""
    conditioned = condition(record)
    scores = score_signal(model.network, conditioned.signal)
    thresholds = model.thresholds
    step, height = find_beats(scores.peak, conditioned.signal, threshold=thresholds.peak)
    hidden = long_runs(~conditioned.readable, round(0.1 * FS))
    seen = ~hidden[np.minimum(step.astype(np.int64), len(hidden) - 1)]
    step, height = step[seen], height[seen]
    probability, of_beat = classify(model, conditioned.signal, scores, step, height)
    if model.has_beat_head:
        beat = of_beat >= thresholds.beat
        step, height, of_beat = step[beat], height[beat], of_beat[beat]
        probability, _ = classify(model, conditioned.signal, scores, step, height)
    sample = steps_to_samples(step, conditioned.ratio, record.n_samples)
    return sample, probability, of_beat
