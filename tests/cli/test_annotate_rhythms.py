"""The seconds of each rhythm in the summary of ``annotate``."""

from __future__ import annotations

import numpy as np

from ecgscribe.cli.annotate import rhythm_seconds
from ecgscribe.record import Annotation


def test_the_summary_adds_up_the_seconds_of_each_rhythm() -> None:
    annotation = Annotation(
        sample=np.array([0, 1000, 1500, 3000, 3250]),
        symbol=np.array(["+"] * 5),
        aux_note=np.array(["(N", "(VT", "(N", "(VT", "(VFL"]),
        fs=100.0,
        n_samples=4000,
    )
    assert rhythm_seconds(annotation) == {"VT": 7.5, "VFL": 7.5}
    assert rhythm_seconds(annotation.select(annotation.aux_note == "(N")) == {}
