"""Beats of synthetic rhythms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series
from ecgscribe.record import Annotation

FS = 1000.0
Doubles = NDArray[np.float64]


def beats_of(time: Doubles, *, symbols: NDArray[np.str_] | None = None) -> BeatSeries:
    sample = np.rint(time * FS).astype(np.int64)
    annotation = Annotation(sample, np.full(len(time), "N") if symbols is None else symbols, FS)
    return beat_series(annotation, int(sample[-1]) + 1)


def modulated(lf_ms: float, hf_ms: float, *, seconds: float, mean: float = 0.8) -> Doubles:
    """R-peak times of a rhythm whose interval swings at 0.1 and at 0.25 Hz."""
    time = [0.0]
    while time[-1] < seconds:
        t = time[-1]
        swing = lf_ms * math.sin(2 * math.pi * 0.1 * t) + hf_ms * math.sin(2 * math.pi * 0.25 * t)
        time.append(t + mean + swing / 1000)
    return np.array(time)


def irregular(n: int, *, ectopic: float = 0.0, seed: int = 0) -> tuple[Doubles, NDArray[np.str_]]:
    rng = np.random.default_rng(seed)
    time = np.cumsum(0.8 + 0.05 * rng.standard_normal(n))
    return time, np.where(rng.random(n) < ectopic, "V", "N")
