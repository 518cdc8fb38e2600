"""Rates that rise from beat to beat, as those of a sinus node do."""

from __future__ import annotations

import numpy as np

__all__ = ["rising"]


def rising(n: int, change: float, seed: int) -> list[float]:
    """Return RR intervals in seconds, from 1.0 on, each `change` times the last or a little off.

    With a change of 0.99 the rate rises from 62 to 140 per minute within 50 s.
    """
    rng = np.random.default_rng(seed)
    rr = np.maximum(1.0 * change ** np.arange(n), 0.35) * np.exp(rng.uniform(-0.02, 0.02, n))
    return [float(each) for each in rr]
