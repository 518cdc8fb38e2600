"""Signal quality, second by second: the one place that decides what is noise.

Where a heart is recorded, nearly every R-peak candidate is a beat, and there are enough of them.
In noise most candidates are doubtful, or too few are left to be the work of a heart. The signal
quality index of a second is therefore, over the ten seconds around it,

- the mean probability that a candidate is a beat, of all candidates, false detections too; times
- the number of beats expected there, the sum of those probabilities, as a share of the fewest that
  a heart makes: 16 per minute; at most 1.

Less than a threshold is noise. Ten seconds without any candidate look like noise, and count as
such, even where the heart stands still or flutters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import READABLE
from ecgscribe.signal.windows import FS, ceil_div

__all__ = ["quality_at", "scale_quality", "signal_quality"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

AROUND_S = 5.0
"""Seconds to each side on which the index depends."""
LEAST_RATE = 16 / 60
"""Fewest beats per second of a heart."""


def signal_quality(
    r_peaks: Doubles,
    beat_probability: Floats,
    n_steps: int,
    *,
    unreadable: Positions | None = None,
) -> Floats:
    """Compute the signal quality index of every second of a recording.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        All R-peak candidates in steps, in time order, false detections too.
    beat_probability : ndarray of float32, shape (n,)
        Probability that each is a beat.
    n_steps : int
        Length of the recording.
    unreadable : ndarray of int64, shape (m, 2), optional
        Spans in which all leads are lost, from step to step; no beat is expected there.

    Returns
    -------
    ndarray of float32, shape (seconds,)
        0 to 1; the last second may not be whole.
    """
    middle = (np.arange(ceil_div(n_steps, FS)) + 0.5) * FS
    begin = np.maximum(middle - AROUND_S * FS, 0)
    end = np.minimum(middle + AROUND_S * FS, n_steps)
    first, last = np.searchsorted(r_peaks, begin), np.searchsorted(r_peaks, end)
    total = np.concatenate(([0.0], np.cumsum(beat_probability, dtype=np.float64)))
    beats = total[last] - total[first]
    seconds = (end - begin) / FS
    if unreadable is not None and len(unreadable):
        seconds = seconds - (_steps_before(end, unreadable) - _steps_before(begin, unreadable)) / FS
    mean = beats / np.maximum(last - first, 1)
    enough = np.minimum(beats / np.maximum(LEAST_RATE * seconds, 1e-9), 1)
    # A moment between two unreadable spans is too short to expect a beat in.
    brief = LEAST_RATE * seconds < 1
    index = np.where(brief, np.maximum(mean, last == first), mean * enough)
    return np.asarray(index, dtype=np.float32)


def _steps_before(step: Doubles, spans: Positions) -> Doubles:
    """Count the steps of the spans that are before each step."""
    edges = spans.reshape(-1).astype(np.float64)
    inside = np.concatenate(([0.0], np.cumsum(np.diff(spans, axis=1)[:, 0])))
    counted = np.stack([inside[:-1], inside[1:]], axis=1).reshape(-1)
    return np.asarray(np.interp(step, edges, counted))


def scale_quality(index: Floats, threshold: float) -> Floats:
    """Scale signal quality indices so that the threshold of noise is `READABLE`, and 0 and 1 stay.

    Parameters
    ----------
    index : ndarray of float32, shape (seconds,)
        See `signal_quality`.
    threshold : float
        `ecgscribe.model.decision.Thresholds.noise`.
    """
    quality = np.interp(index, [0, threshold, 1], [0, READABLE, 1])
    return np.asarray(quality, dtype=np.float32)


def quality_at(r_peaks: Doubles, quality: Floats) -> Floats:
    """Return the quality of the second that contains each R-peak."""
    return quality[np.clip(r_peaks.astype(np.int64) // FS, 0, len(quality) - 1)]
