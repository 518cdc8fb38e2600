"""How well a recording can be read, second by second: the one place that says what is noise.

Where a heart is seen, nearly every candidate for an R-peak is a beat, and there are enough of them.
In noise most candidates are doubtful, or too few are left to be the work of a heart. So what is
asked of the ten seconds around each second is:

- the mean probability that a candidate is a beat, of all candidates, those among them that were
  rejected and are not written; and
- how many beats are expected there, the sum of those probabilities, of the fewest that a heart
  makes: 24 a minute.

Their product, or the mean alone where there are enough, is the trust; less than a threshold is
noise. Ten seconds without any candidate cannot be told from noise, and count as such, also where
the heart stands still or flutters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import READABLE
from ecgscribe.signal.windows import FS

__all__ = ["grade", "quality_at", "trust"]


AROUND_S = 5.0
"""Seconds to each side that are looked at."""
LEAST_RATE = 24 / 60
"""Beats a second that a heart makes at the least."""


def trust(
    step: NDArray[np.float64],
    score: NDArray[np.float32],
    n_steps: int,
    *,
    lost: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Tell how much every second of a recording is to be trusted.

    Parameters
    ----------
    step : ndarray of float64, shape (n,)
        All candidates for R-peaks in steps, in time order, rejected ones too.
    score : ndarray of float32, shape (n,)
        Probability that each is a beat.
    n_steps : int
        Length of the recording.
    lost : ndarray of int64, shape (m, 2), optional
        Stretches that no lead can be read in, from step to step; no beat is expected there.

    Returns
    -------
    ndarray of float32, shape (seconds,)
        0 to 1; the last second may not be whole.
    """
    middle = (np.arange(-(-n_steps // FS)) + 0.5) * FS
    begin = np.maximum(middle - AROUND_S * FS, 0)
    end = np.minimum(middle + AROUND_S * FS, n_steps)
    first, last = np.searchsorted(step, begin), np.searchsorted(step, end)
    total = np.concatenate(([0.0], np.cumsum(score, dtype=np.float64)))
    beats = total[last] - total[first]
    seconds = (end - begin) / FS
    if lost is not None and len(lost):
        seconds = seconds - (_before(end, lost) - _before(begin, lost)) / FS
    mean = beats / np.maximum(last - first, 1)
    enough = np.minimum(beats / np.maximum(LEAST_RATE * seconds, 1e-9), 1)
    # A moment between two stretches that cannot be read is too short to expect a beat in.
    brief = LEAST_RATE * seconds < 1
    trusted = np.where(brief, np.maximum(mean, last == first), mean * enough)
    return np.asarray(trusted, dtype=np.float32)


def _before(step: NDArray[np.float64], stretches: NDArray[np.int64]) -> NDArray[np.float64]:
    """Count the steps of the stretches that lie before each step."""
    edges = stretches.reshape(-1).astype(np.float64)
    inside = np.concatenate(([0.0], np.cumsum(np.diff(stretches, axis=1)[:, 0])))
    counted = np.stack([inside[:-1], inside[1:]], axis=1).reshape(-1)
    return np.asarray(np.interp(step, edges, counted))


def grade(trusted: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """Turn trust into quality, which is `READABLE` at the threshold, 0 at 0 and 1 at 1."""
    quality = np.interp(trusted, [0, threshold, 1], [0, READABLE, 1])
    return np.asarray(quality, dtype=np.float32)


def quality_at(step: NDArray[np.float64], quality: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the quality of the second that each step lies in."""
    return quality[np.clip(step.astype(np.int64) // FS, 0, len(quality) - 1)]
