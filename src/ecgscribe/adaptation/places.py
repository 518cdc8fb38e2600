"""Where each beat of a recording lies among the others: shape, timing, P wave, the model's odds.

Beats that lie close together are probably of one class, whatever the model calls it. Nothing here
is learned: all is relative to the recording.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.model.features import FEATURE_NAMES, segment_features, segments
from ecgscribe.model.rhythm_features import FAR
from ecgscribe.model.shape_features import BEFORE, WAVEFORM, waveforms
from ecgscribe.record import Annotation
from ecgscribe.signal.conditioning import Conditioner

__all__ = ["place_beats"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SHAPE = slice(10, 75)
"""Steps of a waveform that are compared: from 0.19 s before the R-peak to 0.32 s after it."""
QRS = slice(24, 48)
"""Steps by whose usual size the waveforms of a recording are divided."""
N_SHAPES = 10
"""Principal components of the waveforms."""
MOST_FITTED = 2000
"""Beats, evenly spaced, that the components are computed from."""
TIMING = ("rr_before/near", "rr_after/near", "rr_before/previous", "rr_before/upper")
"""Columns of the beat head's features that say how early a beat is."""
P_WAVES = ("p_near_1", "p_near_2")
"""Columns that say how much the P wave is like those of the beats around, by lead."""
ROOM = BEFORE + WAVEFORM
"""Steps of signal around the beats of a segment."""
LEAST_PROBABILITY = 1e-4
# Chosen on DS1 and svdb, on patients that the network has not seen: experiments/adaptation.csv.
SHAPE_SCALE = 1 / 0.7
TIMING_SCALE = 4.0
ODDS_SCALE = 6.0
P_WAVE_SCALE = 1.5


def place_beats(conditioner: Conditioner, beats: Annotation) -> Doubles:
    """Return the place of each beat; near ones are alike, a distance of 1 is about a cluster's.

    Parameters
    ----------
    conditioner : Conditioner
        Of the recording.
    beats : Annotation
        Beats alone, as a model annotated them.

    Returns
    -------
    ndarray of float64, shape (n_beats, n_dimensions)

    Raises
    ------
    FormatError
        If the beats have no probabilities.
    """
    if beats.probability is None:
        raise FormatError(
            f"annotation {beats.name}: expected the probabilities of a model, found none; "
            "annotate the recording first"
        )
    r_peaks = conditioner.steps_at(beats.sample)
    shapes = np.zeros((len(r_peaks), SHAPE.stop - SHAPE.start, 2), dtype=np.float32)
    size = np.zeros(len(r_peaks))
    timed = np.zeros((len(r_peaks), len(TIMING) + len(P_WAVES)))
    columns = [FEATURE_NAMES.index(name) for name in (*TIMING, *P_WAVES)]
    for segment in segments(len(r_peaks)):
        if segment.stop == segment.start:
            continue
        beat_shapes = _waveforms(conditioner, r_peaks[segment])
        first, last = max(segment.start - FAR, 0), min(segment.stop + FAR, len(r_peaks))
        own = slice(segment.start - first, segment.stop - first)
        timed[segment] = segment_features(r_peaks[first:last], own, beat_shapes)[:, columns]
        size[segment] = (beat_shapes[:, QRS] ** 2).sum(axis=(1, 2))
        shapes[segment] = beat_shapes[:, SHAPE]
    odds = np.log(np.clip(beats.probability, LEAST_PROBABILITY, 1))
    parts = [
        _components(shapes) / (np.sqrt(size.mean() if len(size) else 1) + 1e-6) / SHAPE_SCALE,
        timed[:, : len(TIMING)] / TIMING_SCALE,
        (odds[:, 1:4] - odds[:, :1]) / ODDS_SCALE,
        timed[:, len(TIMING) :] / P_WAVE_SCALE,
    ]
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _waveforms(conditioner: Conditioner, r_peaks: Doubles) -> Floats:
    """Cut the waveforms of consecutive beats from the part of the signal that holds them."""
    begin = max(int(r_peaks[0]) - ROOM, 0)
    end = min(int(r_peaks[-1]) + ROOM, conditioner.n_steps)
    return waveforms(conditioner.condition(begin, end).signal, r_peaks - begin)


def _components(shapes: Floats) -> Doubles:
    """Return the principal components of waveforms, each less its own and their common level."""
    if not len(shapes):
        return np.zeros((0, N_SHAPES))
    level = shapes - np.median(shapes, axis=1, keepdims=True)
    flat = level.reshape(len(level), -1)
    flat -= np.median(flat, axis=0)
    fitted = flat[np.linspace(0, len(flat) - 1, min(len(flat), MOST_FITTED)).astype(np.int64)]
    *_, directions = np.linalg.svd(fitted - fitted.mean(axis=0), full_matrices=False)
    return np.asarray(flat @ directions[:N_SHAPES].T, dtype=np.float64)
