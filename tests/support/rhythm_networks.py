"""A rhythm network that a test can predict: the rhythm is what the signal's size says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.model.rhythm import EMBEDDING, N_RHYTHMS, Rhythm
from ecgscribe.pipeline import rhythm_by_second
from ecgscribe.signal.windows import FS

Floats = NDArray[np.float32]


@contextmanager
def any_tachycardia() -> Iterator[None]:
    """Let tachycardia be planned where the beats are narrow, slow and normal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rhythm_by_second, "NARROW", 0.0)
        patch.setattr(rhythm_by_second, "NORMAL", 1.1)
        yield


def certain(text: str) -> Floats:
    """One letter per second: n none, a AF, t VT, f VF, s standstill, x noise."""
    order = dict(zip("natfsx", Rhythm, strict=True))
    return np.eye(N_RHYTHMS, dtype=np.float32)[[order[letter] for letter in text]]


class SpikeNetwork:
    """Reads the rhythm of a second from the number of large steps in it.

    A second's embedding is its mean, its largest value and the sum of the window before it over the
    last `memory` seconds, so that what a window lacks would show.
    """

    def __init__(self, memory: int = 3) -> None:
        self.memory = memory
        self.lengths: list[int] = []

    def embed(self, signal: Floats) -> Floats:
        """Return simple figures of each second."""
        n, n_steps, _ = signal.shape
        self.lengths.append(n_steps // FS)
        seconds = signal.reshape(n, n_steps // FS, FS)
        embedding = np.zeros((n, n_steps // FS, EMBEDDING), dtype=np.float32)
        embedding[..., 0], embedding[..., 1] = seconds.mean(axis=2), np.ptp(seconds, axis=2)
        for back in range(self.memory):
            shifted = np.roll(seconds.std(axis=2), back, axis=1)
            shifted[:, :back] = 0
            embedding[..., 2] += shifted
        return embedding

    def classify(self, seconds: Floats) -> Floats:
        """Return logits that depend on all features of a second and its neighbours."""
        mixed = seconds @ np.cos(np.arange(seconds.shape[-1] * N_RHYTHMS)).reshape(
            -1, N_RHYTHMS
        ).astype(np.float32)
        around = np.pad(mixed, ((0, 0), (1, 1), (0, 0)))
        return np.asarray(around[:, :-2] + around[:, 1:-1] + around[:, 2:], dtype=np.float32)

    def judge_intervals(self, intervals: Floats) -> Floats:
        """Return logits that depend on the interval before each R-peak and on the one before it."""
        return np.asarray(intervals[..., 1] + intervals[..., 3])


class PlannedNetwork:
    """Predicts a plan, one letter of `certain` per second, of a recording of at most a minute."""

    def __init__(self, plan: str) -> None:
        self._logits = 9 * certain(plan)

    def embed(self, signal: Floats) -> Floats:
        """Return zeros."""
        return np.zeros((len(signal), signal.shape[1] // FS, EMBEDDING), dtype=np.float32)

    def classify(self, seconds: Floats) -> Floats:
        """Return the plan."""
        return np.repeat(self._logits[None, : seconds.shape[1]], len(seconds), axis=0)

    def judge_intervals(self, intervals: Floats) -> Floats:
        """Return that they show nothing."""
        return np.zeros(intervals.shape[:2], dtype=np.float32)
