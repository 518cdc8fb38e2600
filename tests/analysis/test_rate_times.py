from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ecgscribe.analysis.ectopy import r_on_t
from ecgscribe.analysis.rate_times import rate_times
from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series, rates
from ecgscribe.record import Annotation


def beats_at(seconds: list[float], symbols: str | None = None) -> BeatSeries:
    sample = np.rint(np.array(seconds) * 1000).astype(np.int64)
    symbol = np.array(list(symbols or "N" * len(seconds)))
    return beat_series(Annotation(sample, symbol, 1000.0), int(sample[-1]) + 1)


def test_fast_and_slow_time_is_that_of_the_rates_over_eight_intervals() -> None:
    beats = beats_at(np.cumsum([0.5] * 40 + [1.5] * 40).tolist())
    times = rate_times(beats, rates(beats), start=None)
    rate = rates(beats)
    assert times.fast_s == pytest.approx(sum(beats.rr[k] for k in range(80) if rate[k] > 100))
    assert times.slow_s == pytest.approx(sum(beats.rr[k] for k in range(80) if rate[k] < 50))
    assert 14 < times.fast_s < 20
    assert (times.day, times.night) == (None, None)
    assert (times.fast_day_s, times.slow_night_s) == (None, None)


def test_day_and_night_are_of_the_clock() -> None:
    beats = beats_at(np.cumsum([1.0] * 60 + [0.5] * 60).tolist())
    times = rate_times(beats, rates(beats), start=datetime(2026, 3, 1, 5, 59, 0))
    assert times.night == pytest.approx(60, abs=0.1)
    assert times.day == pytest.approx(120, abs=3)  # one interval crosses the hour
    assert times.fast_night_s == times.slow_day_s == times.slow_night_s == 0
    assert times.fast_day_s == times.fast_s > 20
    evening = rate_times(beats, rates(beats), start=datetime(2026, 3, 1, 21, 59, 0))
    assert (evening.fast_day_s, evening.fast_night_s) == (0, times.fast_s)


def test_no_beats_no_rates() -> None:
    beats = beats_at([1.0])
    times = rate_times(beats, rates(beats), start=datetime(2026, 3, 1))
    assert (times.fast_s, times.slow_s, times.day, times.night) == (0, 0, None, None)


@pytest.mark.parametrize(
    ("coupling", "symbols", "n"),
    [(0.35, "NNVN", 1), (0.45, "NNVN", 0), (0.35, "NNNN", 0), (0.35, "NVVN", 0)],
)
def test_r_on_t_is_a_v_beat_within_the_estimated_qt_interval(
    coupling: float, symbols: str, n: int
) -> None:
    assert len(r_on_t(beats_at([1, 2, 2 + coupling, 3.4], symbols))) == n
