"""What columns of times say: order, gaps, frequency, start."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecgscribe.errors import SignalWarning
from ecgscribe.formats.objects import as_record
from ecgscribe.formats.reading import read
from ecgscribe.formats.sample_times import timing
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.record import NO_DATE, LazyRecord

FS = 250
N = 2000
ECG = np.round(np.sin(np.arange(N) / 7) + 0.3 * np.sin(np.arange(N) / 3), 3)
SECONDS = np.arange(N) / FS
START = datetime(2026, 3, 14, 9, 26, 53)
ROWS = [f"{t:.3f},{v:.3f}" for t, v in zip(SECONDS, ECG, strict=True)]
STEPS_BACK = "'time' are uneven or step back; they are not used"


MIDNIGHT = datetime.combine(NO_DATE, time())


def saved(folder: Path, rows: list[str], heading: str = "time,ecg") -> Path:
    path = folder / "r.csv"
    path.write_text("\n".join([heading, *rows]) + "\n")
    return path


def timed(times: Any, form: str = "{}") -> list[str]:
    return [f"{form.format(t)},{v:.3f}" for t, v in zip(times, ECG, strict=True)]


def check(path: Path, signal: Any = ECG) -> None:
    record = read(path)
    assert record.fs == FS
    np.testing.assert_allclose(record.signal[:, 0], signal, atol=1e-6)


@pytest.mark.parametrize("digits", [3, 9])
@pytest.mark.parametrize(
    ("fs", "is_missing"),
    [
        (250, lambda k: (k >= 600) & (k < 900) | (k >= 1500) & (k < 1510)),  # in most blocks
        (250, lambda k: np.isin(k % 50, (3, 4))),
        (130, lambda k: np.isin(k % 730, np.arange(73))),
        (1000, lambda k: (k >= 600) & (k < 900)),
        (512, lambda k: (k >= 600) & (k < 900)),
    ],
)
def test_gaps_are_as_long_as_what_is_missing(
    fs: float, is_missing: Callable[[Any], Any], digits: int
) -> None:
    places = np.flatnonzero(~is_missing(np.arange(N)))
    times = np.round((places - places[0]) / fs, digits)
    with pytest.warns(SignalWarning, match=r"samples are missing in \d+ places"):
        found = timing(Path("r"), "time", times, unit=1.0, given=None)
    assert found.fs == pytest.approx(fs, rel=1e-3)
    np.testing.assert_array_equal(found.places, places - places[0])


@pytest.mark.parametrize("fs", [90, 95, 550, 700, 900, 950])
def test_times_of_whole_milliseconds_or_hundredths_show_no_gaps(fs: float) -> None:
    times = np.round(np.arange(5000) / fs, 2 if fs < 100 else 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = timing(Path("r"), "time", times, unit=1.0, given=None)
    assert found.places is None
    assert found.fs == pytest.approx(fs, rel=2e-3)


@pytest.mark.parametrize("in_packet", [2, 5, 10, 16])
def test_packets_with_one_time_for_all_their_samples(in_packet: int, tmp_path: Path) -> None:
    packet = np.arange(N) // in_packet
    rows = timed(packet * in_packet / FS, "{:.6f}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(saved(tmp_path, rows))
        uneven = np.arange(N) // 27 * 27 + np.where(np.arange(N) % 27 < 13, 0, 13)
        check(saved(tmp_path, timed(uneven / FS, "{:.6f}")))
    lost = np.isin(packet, (40, 41, 60))
    path = saved(tmp_path, [row for row, each in zip(rows, lost, strict=True) if not each])
    with pytest.warns(SignalWarning, match="missing in 2 places"):
        check(path, np.where(lost, np.nan, ECG))


def test_milliseconds_of_a_second_keep_the_frequency(tmp_path: Path) -> None:
    times = np.arange(N) * 4 % 1000
    with pytest.warns(SignalWarning, match="'ms' are uneven or step back"):
        check(saved(tmp_path, timed(times), "ms,ecg"))
    minutes = [f"0,{k // FS},{row}" for k, row in enumerate(timed(times))]
    record = read(saved(tmp_path, minutes, "min,sec,ms,value"), fs=FS)
    assert record.leads == ("value",)


def test_counters_that_begin_at_1_in_each_round(tmp_path: Path) -> None:
    counts = np.arange(N) % 200 + 1
    assert read(saved(tmp_path, timed(counts), "no,ecg"), fs=FS).n_samples == N
    rows = timed(counts)
    with pytest.warns(SignalWarning, match="missing in 1 places by the times in 'packet'"):
        record = read(saved(tmp_path, rows[:700] + rows[705:], "packet,value"), fs=FS)
    assert (record.leads, record.n_samples) == (("value",), N)


def test_parts_of_a_day(tmp_path: Path) -> None:
    path = saved(tmp_path, timed(SECONDS / 86_400, "{:.10f}"))
    assert read(path, fs=FS).fs == FS


@pytest.mark.parametrize("heading", ["time [s/250],ecg", "time (s / 250),ecg"])
def test_times_in_parts_of_a_second(heading: str, tmp_path: Path) -> None:
    check(saved(tmp_path, timed(range(437_000, 437_000 + N)), heading))


def test_nanoseconds_from_2000(tmp_path: Path) -> None:
    first = (START - datetime(2000, 1, 1)) // timedelta(microseconds=1) * 1000
    path = saved(tmp_path, timed(first + 4_000_000 * np.arange(N)))
    check(path)
    assert read(path).start == START


@pytest.mark.parametrize("form", ["%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S%f"])
def test_dates_and_times_as_one_number(form: str, tmp_path: Path) -> None:
    dates = [START + timedelta(seconds=t) for t in SECONDS]  # over the end of a minute
    path = saved(tmp_path, timed([date.strftime(form)[:-3] for date in dates]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(path)
    assert read(path).start == START


@pytest.mark.parametrize("name", ["Hora", "Heure", "Messzeit", "local_ts", "Время", "時間"])
def test_times_in_other_languages(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(saved(tmp_path, timed(SECONDS), f"{name},ecg"))


@pytest.mark.parametrize(
    "order",
    [
        np.arange(N)[::-1], np.roll(np.arange(N), 700),
        np.random.default_rng(1).permutation(N), np.arange(N).reshape(-1, 100)[::-1].ravel(),
    ],
)  # fmt: skip
def test_rows_in_another_order_are_put_in_that_of_their_times(
    order: np.ndarray, tmp_path: Path
) -> None:
    with pytest.warns(SignalWarning, match="rows are not in the order of 'time'; the samples are"):
        check(saved(tmp_path, [ROWS[k] for k in order]))
    dates = [(START + timedelta(seconds=t)).isoformat() for t in SECONDS]
    rows = timed(dates)
    with pytest.warns(SignalWarning, match="not in the order"):
        record = read(saved(tmp_path, [rows[k] for k in order]))
    assert record.start == START
    frame = pd.DataFrame({"time": dates, "ecg": ECG}).iloc[order]
    with pytest.warns(SignalWarning, match="not in the order"):
        table = as_record(frame)
    assert isinstance(table, LazyRecord)
    assert table.start == START
    np.testing.assert_allclose(table.read(0, N)[:, 0], ECG, atol=1e-6)


def test_times_that_step_back_do_not_change_the_order_nor_the_frequency(tmp_path: Path) -> None:
    for late in (np.where(SECONDS < 4, 3600, 0), np.where(SECONDS < 4, 86_400, 0)):
        with pytest.warns(SignalWarning, match=STEPS_BACK):
            check(saved(tmp_path, timed(SECONDS + late, "{:.3f}")))
    twice = [*ROWS[:1000], *ROWS[950:]]
    with pytest.warns(SignalWarning, match=STEPS_BACK):
        check(saved(tmp_path, twice), [*ECG[:1000], *ECG[950:]])
    with pytest.warns(SignalWarning, match=STEPS_BACK):
        check(saved(tmp_path, [*ROWS[:-1], f"7.9,{ECG[-1]:.3f}"]))


def test_midnight_in_any_unit(tmp_path: Path) -> None:
    of_day = np.round(1000 * (SECONDS + 86_396)) % 86_400_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(saved(tmp_path, timed(of_day, "{:.0f}"), "time_ms,ecg"))


def test_a_few_times_may_be_missing(tmp_path: Path) -> None:
    rows = list(ROWS)
    for k, cell in ((700, ""), (900, "-"), (1999, "")):
        rows[k] = f"{cell},{ECG[k]:.3f}"
    check(saved(tmp_path, rows))


def test_milliseconds_beside_a_clock_of_seconds(tmp_path: Path) -> None:
    rows = [
        f"{START + timedelta(seconds=int(t))},{round(1000 * t) % 1000},{v:.3f}"
        for t, v in zip(SECONDS, ECG, strict=True)
    ]
    check(saved(tmp_path, rows, "time,ms,ecg"))


@pytest.mark.parametrize("day", [25_569, 719_529])
def test_days_of_excel_and_of_matlab(day: int, tmp_path: Path) -> None:
    first = day + (START - datetime(1970, 1, 1)) / timedelta(days=1)
    path = saved(tmp_path, timed(first + SECONDS / 86_400, "{:.10f}"))
    check(path)
    start = read(path).start
    assert start is not None
    assert abs(start - START) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("01:02:03.5 PM", MIDNIGHT + timedelta(hours=13, minutes=2, seconds=3.5)),
        ("12:02:03 am", MIDNIGHT + timedelta(minutes=2, seconds=3)),
        ("09:26:53+01:00", datetime.combine(NO_DATE, START.time())),
        ("2026-03-14 09:26:53 CET", START), ("2026-03-14T09:26:53+01:00[Europe/Berlin]", START),
        ("0 days 09:26:53", None), ("2 days 00:00:01.5", None),
    ],
)  # fmt: skip
def test_ways_to_write_a_time(text: str, start: datetime | None) -> None:
    assert parse_times([text])[1] == start


def test_days_since_the_start() -> None:
    seconds, _ = parse_times(["0 days 23:59:59.5", "1 days 00:00:00", "1 day, 0:00:00.5"])
    assert (seconds - seconds[0]).tolist() == [0, 0.5, 1]


def test_an_offset_that_changes_in_summer() -> None:
    texts = ["2026-03-29T01:59:59.5+01:00", "2026-03-29T03:00:00.5+02:00"]
    seconds, start = parse_times(texts)
    assert seconds.tolist() == [0, 1]
    assert start == datetime(2026, 3, 29, 1, 59, 59, 500_000)
