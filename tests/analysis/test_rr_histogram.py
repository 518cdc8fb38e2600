from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.analysis.rr_histogram import rr_histogram
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.record import Annotation

FS = 1000.0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(200, 3000), st.sampled_from("NV")), min_size=2, max_size=60),
    st.sampled_from([1, 20, 33]),
)
def test_counts_equal_those_of_a_slow_count(beats: list[tuple[int, str]], bin_ms: int) -> None:
    sample = np.cumsum([rr for rr, _ in beats])
    symbols = [symbol for _, symbol in beats]
    annotation = Annotation(sample, np.array(symbols), FS)
    histogram = rr_histogram(beat_series(annotation, int(sample[-1]) + 1), bin_ms=bin_ms)
    assert histogram is not None
    bins = [int(1000.0 * (rr / FS) // bin_ms) for rr, _ in beats[1:]]
    edges = [bin_ms * k for k in range(min(bins), max(bins) + 2)]
    assert histogram.edges_ms.tolist() == edges
    normal = [0] * (len(edges) - 1)
    other = normal.copy()
    for before, symbol, k in zip(symbols[:-1], symbols[1:], bins, strict=True):
        (normal if before == symbol == "N" else other)[k - min(bins)] += 1
    assert histogram.normal.tolist() == normal
    assert histogram.other.tolist() == other


def test_without_intervals_there_is_no_histogram() -> None:
    assert rr_histogram(beat_series(Annotation(np.array([5]), np.array(["N"]), FS), 10)) is None
