"""The conditioned signal of a stream: filters, scale and memory."""

from __future__ import annotations

import numpy as np
import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.signal.filters import filter_lead


# At 251.3 Hz, hops have more positions between samples than are kept as matrices.
@pytest.mark.parametrize("fs", [100.0, 128.0, 251.3, 257.0, 360.0, 1000.0])
def test_filters_are_those_of_a_file(fs: float) -> None:
    record, _ = synthesize(duration=12.0, seed=5, fs=fs, noise=1.0, heart_rate=60.0, classes=("N",))
    live = LiveSignal(fs, 2, history=160 * 128)
    for begin in range(0, record.n_samples, 77):
        live.push(record.signal[begin : begin + 77])
        while live.n_samples >= live.samples_needed(live.next_end):
            live.advance()
    while live.end < live.n_steps:
        live.advance()
    n = live.n_steps
    for k in range(2):
        expected = filter_lead(record.signal[:, k], fs)
        scaled = live.since(0)[:n, k]
        # The scale changes from block to block; within one second the correlation is exact.
        for begin in range(0, n - 128, 128):
            a, b = expected[begin : begin + 60], scaled[begin : begin + 60]
            assert np.corrcoef(a, b)[0, 1] > 1 - 1e-4


def test_memory_is_bounded() -> None:
    live = LiveSignal(128.0, 1, history=20 * 128)
    rng = np.random.default_rng(1)
    sizes = set()
    for second in range(200):
        live.push(rng.normal(size=(128, 1)).astype(np.float32))
        while live.n_samples >= live.samples_needed(live.next_end):
            live.advance()
        live.release()
        assert len(live.since(0)) <= 2 * 20 * 128
        sizes.add(len(live._samples))
        assert live.end > second * 128 - 300
    assert max(sizes) < 4 * 128
