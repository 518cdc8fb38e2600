from __future__ import annotations

import dataclasses
from datetime import datetime

import numpy as np
import pytest

from ecgscribe.analysis.measures import measure
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.build import report
from ecgscribe.report.rate_trend import rate_trend, trend_steps
from support.report_pages import recording_with_ectopy


def flat(seconds: float) -> LazyRecord:
    fs = 100.0
    return LazyRecord(
        lambda begin, end: np.zeros((end - begin, 1), dtype=np.float32),
        round(seconds * fs),
        fs,
        ("II",),
    )


def test_the_trend_is_the_mean_of_each_minute_and_the_bars_are_counts() -> None:
    record = flat(3 * 3600)
    time = np.concatenate([np.arange(1, 5400, 1.0), np.arange(5400, 10800, 0.5)])
    symbol = np.where(np.arange(len(time)) % 100 == 7, "V", "N")
    annotation = Annotation((time * 100).astype(np.int64), symbol, 100.0, n_samples=1080000)
    rate, bars = rate_trend(measure(record, annotation, [0]), record)
    (line,) = (shown for shown in rate.lines if len(shown.get_xdata()) > 2)
    x, y = line.get_xdata(), line.get_ydata()
    assert len(x) == 180
    assert y[:90] == pytest.approx(60)
    assert y[91:] == pytest.approx(120)
    v = np.array([shown.get_height() for shown in bars.containers[0]])
    assert v.tolist() == np.histogram(time[symbol == "V"], [0, 3600, 7200, 10800])[0].tolist()
    assert sum(shown.get_height() for shown in bars.containers[1]) == 0


def test_a_trend_may_be_without_ectopy() -> None:
    record, annotation = recording_with_ectopy(60.0)
    lazy = record.lazy()
    assert len(rate_trend(measure(lazy, annotation, [0]), lazy, ectopy=False)) == 1


@pytest.mark.parametrize(
    ("duration", "steps"), [(30, (10, 60)), (1800, (60, 300)), (7200, (60, 3600))]
)
def test_short_recordings_have_shorter_steps(duration: float, steps: tuple[float, float]) -> None:
    assert trend_steps(duration) == steps


def test_times_above_and_below_are_also_by_day_and_by_night() -> None:
    record, reference = recording_with_ectopy(60.0)
    unknown = report(record, reference)["heart_rate"]
    assert unknown["fast_day_time"] is unknown["slow_night_time"] is None
    record = dataclasses.replace(record, start=datetime(2026, 3, 1, 3, 0))
    rate = report(record, reference)["heart_rate"]
    assert (rate["fast_day_time"], rate["slow_day_time"]) == ("0:00:00", "0:00:00")
    assert rate["fast_night_time"] == rate["fast_time"]
