"""A single sample far off is bridged, and no sample of a heart is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe import Record, annotate
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.signal.single_samples import bridge_single_samples


@given(
    st.integers(3, 996),
    st.floats(5, 1e6),
    st.sampled_from([-1, 1]),
    st.sampled_from([200.0, 250.0, 360.0, 1000.0]),
)
def test_a_sample_far_off_becomes_the_mean_of_its_neighbours(
    at: int, far: float, sign: int, fs: float
) -> None:
    lead = np.sin(np.arange(1000) / 7).astype(np.float32)
    damaged = lead.copy()
    damaged[at] = sign * far
    bridged = bridge_single_samples(damaged, fs)
    assert bridged[at] == pytest.approx(0.5 * (lead[at - 1] + lead[at + 1]), abs=1e-6)
    assert np.array_equal(np.delete(bridged, at), np.delete(lead, at))


@pytest.mark.parametrize("fs", [200.0, 360.0, 1000.0])
def test_beats_stay_as_they_are(fs: float) -> None:
    record, _ = synthesize(duration=20, fs=fs, seed=3)
    lead = np.ascontiguousarray(record.signal[:, 0], dtype=np.float32)
    assert np.abs(bridge_single_samples(lead, fs) - lead).max() < 0.1 * np.ptp(lead)


@pytest.mark.parametrize("length", [0, 1, 3, 6])
def test_a_short_lead_stays(length: int) -> None:
    lead = np.zeros(length, dtype=np.float32)
    assert bridge_single_samples(lead, 500) is lead


def test_missing_samples_stay() -> None:
    lead = np.zeros(100, dtype=np.float32)
    lead[40:50] = np.nan
    lead[70] = np.nan
    assert np.array_equal(bridge_single_samples(lead, 250), lead, equal_nan=True)


@pytest.mark.parametrize("far", [3.0, 1000.0])
def test_no_beat_is_found_on_a_single_sample(far: float) -> None:
    record, reference = synthesize(duration=30, fs=250, seed=1)
    beats = reference.beats()
    between = int(beats.sample[10:12].mean())
    signal = record.signal.copy()
    signal[between, :] = far
    damaged = Record(signal=signal, fs=record.fs, leads=record.leads, units=record.units)
    with_it, without = annotate(damaged).beats(), annotate(record).beats()
    assert np.array_equal(with_it.sample, without.sample)
    assert np.array_equal(with_it.symbol, without.symbol)
