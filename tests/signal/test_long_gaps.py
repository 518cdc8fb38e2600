"""What is left out of a recording, and where the rest of it is in the whole."""

from __future__ import annotations

import numpy as np
import pytest

from ecgscribe.record import Record
from ecgscribe.signal.long_gaps import BLOCK_S, without_long_gaps

SHORT, LONG = 2 * BLOCK_S - 1, 10 * BLOCK_S


def with_gaps(*gaps: tuple[int, int]) -> Record:
    """A sample a second in two leads; both are missing in the gaps, and one at the begin."""
    signal = np.arange(40.0 * BLOCK_S)[:, None] + np.array([0.0, 0.5])
    signal[:500, 0] = np.nan
    for begin, length in gaps:
        signal[begin : begin + length] = np.nan
    return Record(signal.astype(np.float32), fs=1.0, leads=("I", "II"))


@pytest.mark.parametrize("gaps", [(), ((100, SHORT),), ((700, 3), (4000, 300))])
def test_a_recording_without_long_gaps_stays_as_it_is(gaps: tuple[tuple[int, int], ...]) -> None:
    lazy = with_gaps(*gaps).lazy()
    assert without_long_gaps(lazy).record is lazy


@pytest.mark.parametrize(
    "gaps",
    [
        ((700, LONG),),
        ((0, LONG),),
        ((20 * BLOCK_S, 20 * BLOCK_S),),
        ((0, 40 * BLOCK_S),),
        ((300, LONG), (300 + LONG + 1, LONG), (26 * BLOCK_S + 7, LONG)),
    ],
)
def test_of_a_long_gap_some_minutes_stay(gaps: tuple[tuple[int, int], ...]) -> None:
    record = with_gaps(*gaps)
    recorded = without_long_gaps(record.lazy())
    rest = recorded.record.record().signal
    assert len(rest) <= record.n_samples - sum(length - 3 * BLOCK_S for _, length in gaps)
    assert (record.n_samples - len(rest)) % BLOCK_S == 0
    valid = np.flatnonzero(np.isfinite(record.signal[:, 1]))
    assert np.array_equal(np.flatnonzero(np.isfinite(rest[:, 1])), recorded.in_record(valid))
    assert np.array_equal(recorded.in_whole(recorded.in_record(valid)), valid)
    every = np.arange(len(rest))
    assert np.array_equal(rest, record.signal[recorded.in_whole(every)], equal_nan=True)
    assert np.array_equal(recorded.in_record(recorded.in_whole(every)), every)
    for begin, end in ((0, 900), (650, 1400), (800, 801), (5, 5)):
        piece = recorded.record.read(begin, end)
        assert np.array_equal(piece, rest[begin:end], equal_nan=True)


def test_what_is_left_out_is_at_the_cut() -> None:
    recorded = without_long_gaps(with_gaps((700, LONG)).lazy())
    ((begin, end),) = recorded.left_out.tolist()
    inside = recorded.in_record(np.array([begin - 1, begin, end - 1, end, end + 1]))
    assert inside.tolist() == [begin - 1, begin, begin, begin, begin + 1]
