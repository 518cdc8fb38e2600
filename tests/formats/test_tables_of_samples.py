"""Tables of samples as people have them: columns of times, headings, encodings, odd rows."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.counters import rises_evenly
from ecgscribe.formats.objects import as_record
from ecgscribe.formats.reading import open_record, read
from ecgscribe.formats.sample_times import Clock, timing
from ecgscribe.formats.sniffing import detect_format
from ecgscribe.record import Record

FS = 250
N = 1000
ECG = np.round(np.sin(np.arange(N) / 7) + 0.3 * np.sin(np.arange(N) / 3), 3)
SECONDS = np.arange(N) / FS


def saved(folder: Path, heading: str, rows: list[str], *, encoding: str = "utf-8") -> Path:
    path = folder / "r.csv"
    path.write_bytes((heading + "\n".join(rows) + "\n").encode(encoding))
    return path


def rows(times: list[str], *, separator: str = ",", signal: np.ndarray = ECG) -> list[str]:
    return [f"{t}{separator}{v:.3f}" for t, v in zip(times, signal, strict=True)]


def is_the_ecg(record: Record, name: str | None = None) -> None:
    np.testing.assert_allclose(record.signal, ECG[:, None], atol=1e-6)
    assert record.fs == FS
    assert name is None or record.leads == (name,)


@pytest.mark.parametrize(
    ("heading", "factor"),
    [
        ("time [s],ecg", 1), ("timestamp [ms],ecg", 1e3), ("Time (s),ecg", 1),
        ("time_us,ecg", 1e6), ("elapsedTime ms,ecg", 1e3), ("time,ecg\ns,mV", 1),
        ("Zeit,ecg\nms,mV", 1e3), ("time,ecg", 1), ("seconds,ecg", 1),
    ],
)  # fmt: skip
def test_a_column_of_times_is_no_lead_and_gives_the_frequency(
    heading: str, factor: float, tmp_path: Path
) -> None:
    path = saved(tmp_path, f"{heading}\n", rows([f"{t * factor:.10g}" for t in SECONDS]))
    is_the_ecg(read(path), "ecg")
    is_the_ecg(read(path, fs=FS), "ecg")
    with pytest.raises(FormatError, match="expected 360 Hz as given, found 250 Hz by the times"):
        read(path, fs=360)


EPOCH = 1_700_000_000  # 14 November 2023, 22:13:20 UTC


@pytest.mark.parametrize("heading", ["timestamp,ecg\n", "packet,t,ecg\n", ""])
@pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
def test_times_since_1970_show_their_unit_by_their_size(
    heading: str, per_second: int, tmp_path: Path
) -> None:
    texts = [str((EPOCH * FS + k) * per_second // FS) for k in range(N)]
    if per_second == 1:
        texts = [f"{EPOCH + k / FS:.3f}" for k in range(N)]
    if heading.startswith("packet"):
        texts = [f"{k},{text}" for k, text in enumerate(texts)]
    path = saved(tmp_path, heading, rows(texts))
    with warnings.catch_warnings():
        warnings.simplefilter("error" if heading else "ignore")
        record = read(path)
        is_the_ecg(record)
        is_the_ecg(read(path, fs=FS))
        with pytest.raises(FormatError, match="expected 360 Hz as given, found 250 Hz by"):
            read(path, fs=360)
    assert record.start == datetime(2023, 11, 14, 22, 13, 20)


def test_times_since_1970_in_arrays_and_tables(tmp_path: Path) -> None:
    times = EPOCH * 1000 + 1000 // FS * np.arange(N)
    np.savez(tmp_path / "z.npz", t=times, ecg=ECG)
    np.save(tmp_path / "m.npy", np.stack([times.astype(float), ECG]))
    frame = pd.DataFrame({"timestamp": times, "ecg": ECG})
    records = [read(tmp_path / "z.npz"), as_record(frame), as_record(frame.set_index("timestamp"))]
    with pytest.warns(SignalWarning, match="rises evenly"):
        records.append(read(tmp_path / "m.npy"))
    for record in records:
        assert isinstance(record, Record)
        is_the_ecg(record)
    assert [record.start for record in records[:2]] == [datetime(2023, 11, 14, 22, 13, 20)] * 2
    assert records[3].start == records[0].start


def test_what_is_no_time_since_1970_is_not_taken_for_one(tmp_path: Path) -> None:
    # Sample numbers, nanoseconds since a phone was switched on, and dates in steps of days.
    for first, step in ((1_000_000_000, 1), (10**14, 4_000_000), (EPOCH, 86_400)):
        path = saved(tmp_path, "t,ecg\n", rows([str(first + step * k) for k in range(N)]))
        with pytest.raises(FormatError, match=r"found none in the file; give it \(--fs\)"):
            read(path)
        record = read(path, fs=FS)
        is_the_ecg(record)
        assert record.start is None


def test_a_clock_of_whole_seconds_makes_no_gaps_but_shows_long_ones(tmp_path: Path) -> None:
    n = 30 * FS
    signal = np.resize(ECG, n)
    whole = np.arange(n) // FS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for texts in ([str(EPOCH + s) for s in whole], [f"22:13:{s + 20:02}" for s in whole]):
            record = read(saved(tmp_path, "time,ecg\n", rows(texts, signal=signal)))
            np.testing.assert_allclose(record.signal[:, 0], signal, atol=1e-6)
            assert record.fs == FS
    late = [str(s + 100 * (s >= 20)) for s in whole]
    path = saved(tmp_path, "time,ecg\n", rows(late, signal=signal))
    with pytest.warns(SignalWarning, match="missing in 1 places by the times in 'time', 1:40.0"):
        record = read(path, fs=FS)
    assert record.n_samples == n + 100 * FS
    np.testing.assert_allclose(record.signal[-10 * FS :, 0], signal[-10 * FS :], atol=1e-6)


@pytest.mark.parametrize("heading", ["point", "packetCounter", "", "Unnamed: 0", "sample no", "n"])
def test_a_column_that_counts_is_no_lead(heading: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"{heading},ecg\n", rows([str(k + 1) for k in range(N)]))
    is_the_ecg(read(path, fs=FS), "ecg")


def test_a_column_that_rises_evenly_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = saved(tmp_path, "something,ecg\n", rows([f"{1e9 + 4 * k}" for k in range(N)]))
    with pytest.warns(SignalWarning, match="like a time or a counter, left out: something"):
        is_the_ecg(read(path, fs=FS), "ecg")
    np.save(tmp_path / "m.npy", np.stack([SECONDS, ECG]))
    with pytest.warns(SignalWarning, match="left out: column 1"):
        is_the_ecg(read(tmp_path / "m.npy", fs=FS), "lead1")
    np.savez(tmp_path / "z.npz", signal=np.stack([ECG, SECONDS], axis=1), leads=["II", "clock"])
    with pytest.warns(SignalWarning, match="left out: clock"):
        is_the_ecg(read(tmp_path / "z.npz"), "II")


def test_an_array_of_times_is_no_signal(tmp_path: Path) -> None:
    np.savez(tmp_path / "z.npz", t=SECONDS, mine=ECG, ppg=ECG[::-1].copy(), signal=ECG)
    with pytest.warns(SignalWarning, match="only the array signal is read, left out: mine, ppg"):
        is_the_ecg(read(tmp_path / "z.npz"))
    np.savez(tmp_path / "y.npz", time_ms=1000 * SECONDS, mine=ECG)
    is_the_ecg(read(tmp_path / "y.npz"))


def test_what_rises_evenly() -> None:
    up = np.arange(64)
    assert rises_evenly(up)
    assert rises_evenly(up % 16)
    assert rises_evenly(up // 4)
    assert not rises_evenly(up[:20])
    assert not rises_evenly(np.zeros(64))
    assert not rises_evenly(np.append(up, 0.5))
    assert not rises_evenly(np.where(up > 60, np.nan, up))
    assert not rises_evenly(np.abs(up - 32))


def test_samples_that_are_missing_by_the_clock_are_nan(tmp_path: Path) -> None:
    keep = (SECONDS < 1) | (SECONDS >= 2)
    texts = [f"{t:.3f}" for t in SECONDS[keep]]
    path = saved(tmp_path, "time,ecg\n", rows(texts, signal=ECG[keep]))
    with pytest.warns(SignalWarning, match=r"missing in 1 places .* 0:01.0 in all; left empty"):
        opened = open_record(path)
    expected = np.where(keep, ECG, np.nan)[:, None]
    np.testing.assert_allclose(opened.record().signal, expected, atol=1e-6)
    np.testing.assert_allclose(opened.read(240, 510), expected[240:510], atol=1e-6)
    np.savez(tmp_path / "z.npz", t=SECONDS[keep], ecg=ECG[keep])
    with pytest.warns(SignalWarning, match="missing in 1 places"):
        np.testing.assert_allclose(read(tmp_path / "z.npz").signal, expected, atol=1e-6)
    np.save(tmp_path / "m.npy", np.stack([SECONDS, ECG])[:, keep])
    with pytest.warns(SignalWarning):  # it is also said that the column is left out
        np.testing.assert_allclose(read(tmp_path / "m.npy").signal, expected, atol=1e-6)


def test_a_gap_of_years_is_an_error_and_takes_no_memory(tmp_path: Path) -> None:
    late = SECONDS + np.where(np.arange(N) < 500, 0, 9_999_999_999)
    path = saved(tmp_path, "time,ecg\n", rows([f"{t:.3f}" for t in late]))
    with pytest.raises(FormatError, match="gaps of at most 31 days between"):
        read(path)


def test_rounded_and_uneven_times_make_no_gaps() -> None:
    rng = np.random.default_rng(1)
    even = np.arange(5000) / 360
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for times in (
            np.round(even, 3), np.round(even, 2), even + rng.uniform(0, 1e-3, 5000),
            np.repeat(even[::50], 50), even % 86_400,
        ):  # fmt: skip
            found = timing(Path("r"), "time", times, unit=1.0, given=360.0)
            assert found.places is None
            assert found.fs == pytest.approx(360, rel=0.011)  # packets end before the next one
    over_midnight = (even + 86_395) % 86_400
    assert timing(Path("r"), "time", over_midnight, unit=1.0, given=None).fs == 360
    back = np.where(np.arange(5000) < 2500, even, even - 3)
    with pytest.warns(SignalWarning, match="uneven or step back"):
        assert timing(Path("r"), "time", back, unit=1.0, given=360.0).places is None


def test_dates_are_times_and_give_the_start(tmp_path: Path) -> None:
    start = np.datetime64("2026-01-02T10:00:00")
    texts = [str(start + np.timedelta64(4 * k, "ms")) for k in range(N)]
    record = read(saved(tmp_path, "Phone timestamp;ecg [uV]\n", rows(texts, separator=";")))
    is_the_ecg(record, "ecg [uV]")
    assert record.start == datetime(2026, 1, 2, 10)


def test_rdsamp_writes_times_with_quotes(tmp_path: Path) -> None:
    texts = [f"'{int(t) // 60}:{t % 60:06.3f}'" for t in SECONDS]
    heading = "'Elapsed time','II'\n'hh:mm:ss.mmm','mV'\n"
    record = read(saved(tmp_path, heading, rows(texts)))
    is_the_ecg(record, "II")
    assert record.units == ("mV",)
    blanks = [f"   {t:.3f}   {v:.3f}" for t, v in zip(SECONDS, ECG, strict=True)]
    is_the_ecg(read(saved(tmp_path, "  time   II\n  (sec)   (mV)\n", blanks)), "II")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    texts = [f"{t:.3f};{v:.3f}".replace(".", ",") for t, v in zip(SECONDS, ECG, strict=True)]
    path = saved(tmp_path, "Zeit;Länge\ns;µV\n", texts, encoding=encoding)
    assert detect_format(path) == "csv"
    record = read(path)
    is_the_ecg(record, "Länge")
    assert record.units == ("µV",)


def test_quoted_decimal_commas(tmp_path: Path) -> None:
    is_the_ecg(read(saved(tmp_path, "ecg\n", [f'"{v:.3f}"'.replace(".", ",") for v in ECG]), fs=FS))


def test_what_stands_above_a_table_is_read(tmp_path: Path) -> None:
    heading = (
        "Name,A B\nDate of Birth,1992-01-04 00:00:00\nRecorded Date,2026-08-26 18:15:35 +0100\n"
        "Software Version,1.90\nSample Rate,250 hertz\n\n\nLead,Lead I\nUnit,µV\n\n"
    )
    record = read(saved(tmp_path, heading, [f"{v:.3f}" for v in ECG]))
    is_the_ecg(record, "I")
    assert (record.units, record.start) == (("µV",), datetime(2026, 8, 26, 18, 15, 35))
    biosppy = "# Simple Text Format\n# Sampling Rate (Hz):= 250.00\n# Labels:= ECG\n"
    is_the_ecg(read(saved(tmp_path, biosppy, [f"{v:.3f}" for v in ECG])), "ECG")
    interval = "Interval=\t0.004 s\nChannelTitle=\tECG\n"
    lines = rows([f"{t:.3f}" for t in SECONDS], separator="\t")
    with pytest.warns(SignalWarning, match="left out: column 1"):
        is_the_ecg(read(saved(tmp_path, interval, lines)), "ECG")


def test_opensignals_names_its_sensors(tmp_path: Path) -> None:
    about = {"dev": {"column": ["nSeq", "DI", "A1"], "sensor": ["ECG"], "sampling rate": 250}}
    heading = f"# OpenSignals Text File Format\n# {json.dumps(about)}\n# EndOfHeader\n"
    lines = [f"{k % 16}\t0\t{v:.3f}\t" for k, v in enumerate(ECG)]
    path = saved(tmp_path, heading, lines).rename(tmp_path / "r.txt")
    is_the_ecg(read(path, leads=["ecg"]), "ECG")


def test_text_beside_numbers_is_left_out_with_a_warning(tmp_path: Path) -> None:
    lines = [f"{v:.3f},{'N' if k % 9 else ''}" for k, v in enumerate(ECG)]
    path = saved(tmp_path, "ecg,beat\n", lines)
    with pytest.warns(SignalWarning, match="text, not numbers, left out: beat"):
        is_the_ecg(read(path, fs=FS), "ecg")


def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    lines = [f"{v:.3f}" for v in ECG]
    lines[700] = "oops"
    with pytest.raises(FormatError, match="expected numbers in ecg, found 'oops' in row 702"):
        read(saved(tmp_path, "ecg\n", lines), fs=FS)
    lines[700] = "1,2"
    with pytest.raises(FormatError, match="expected as many cells in every row") as raised:
        read(saved(tmp_path, "ecg\n", lines), fs=FS)
    assert "fresh copy" not in str(raised.value)


def test_a_heading_of_numbers_is_no_sample(tmp_path: Path) -> None:
    is_the_ecg(read(saved(tmp_path, "0\n", [f"{v:.3f}" for v in ECG]), fs=FS), "lead1")
    is_the_ecg(read(saved(tmp_path, ",0\n", rows([str(k) for k in range(N)])), fs=FS))
    far = [f"{20_000 + 1000 * v:.0f}" for v in ECG]
    with pytest.warns(SignalWarning, match=r"the first row \(0\) is far from the next"):
        assert read(saved(tmp_path, "0\n", far), fs=FS).n_samples == N
    near = [f"{10 * v:.0f}" for v in ECG]
    assert read(saved(tmp_path, "", near), fs=FS).n_samples == N


def test_a_long_table_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, "time,ecg\n", rows([f"{t:.3f}" for t in SECONDS]))
    whole = read(path)
    monkeypatch.setattr("ecgscribe.formats.csv._PART_ROWS", 300)
    np.testing.assert_array_equal(read(path).signal, whole.signal)
    dated = [
        str(np.datetime64("2026-01-02T23:59:58") + np.timedelta64(4 * k, "ms")) for k in range(N)
    ]
    record = read(saved(tmp_path, "time,ecg\n", rows(dated)))
    is_the_ecg(record, "ecg")
    assert record.start == datetime(2026, 1, 2, 23, 59, 58)


def test_a_line_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2," * 20_000)
    with pytest.raises(FormatError, match="without an end of line"):
        read(path, fs=360)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\n1,2\n"])
@pytest.mark.parametrize("cells", [b"1,", b"3"])
def test_a_later_row_without_end_is_refused_before_it_is_read(
    cells: bytes, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandas.read_csv", lambda *_, **__: pytest.fail("it is in memory"))
    path = tmp_path / "a.csv"
    path.write_bytes(b"I,II\n" + b"0.1,0.2\r\n" * 500 + cells * (3 << 20) + end)
    with pytest.raises(FormatError, match="found 1048576 characters without an end of line"):
        read(path, fs=360)


def test_leads_in_rows_are_put_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(",".join(["0.123456"] * 5000) + "\n" for _ in range(100)))
    with pytest.warns(SignalWarning, match="its 100 columns are read as leads of one recording"):
        assert read(path, fs=360).signal.shape == (5000, 100)
    path.write_text("".join(",".join(f"{v:.3f}" for v in row) + "\n" for row in (SECONDS, ECG)))
    with pytest.warns(SignalWarning, match="left out: column 1"):
        is_the_ecg(read(path))
    path.write_text(",".join(f"{v:.3f}" for v in ECG) + "\n")
    is_the_ecg(read(path, fs=FS))


def test_decimal_commas_of_a_single_column(tmp_path: Path) -> None:
    cells = [f"{v:.3f}".replace(".", ",") for v in ECG]
    for heading in ("", "ecg\n"):
        is_the_ecg(read(saved(tmp_path, heading, cells), fs=FS))
    counted = [f"{k},{round(1000 * v)}" for k, v in enumerate(ECG)]
    with pytest.warns(SignalWarning, match="left out: column 1"):
        assert read(saved(tmp_path, "", counted), fs=FS).leads == ("lead1",)


@pytest.mark.parametrize(
    ("separator", "decimal", "mark"), [(";", ".", ","), (";", ",", "."), ("\t", ",", ".")]
)
def test_marks_between_thousands(separator: str, decimal: str, mark: str, tmp_path: Path) -> None:
    whole = np.round(1000 * ECG) + 700
    for form in (",.0f", ",.2f"):
        numbers = [format(v, form).translate({44: mark, 46: decimal}) for v in whole]
        times = [f"{t:.3f}".replace(".", decimal) for t in SECONDS]
        lines = [f"{t}{separator}{v}" for t, v in zip(times, numbers, strict=True)]
        record = read(saved(tmp_path, f"time{separator}ecg\n", lines))
        np.testing.assert_allclose(record.signal[:, 0], whole)


@pytest.mark.parametrize(
    "cell", ["?", "!", "--", ".", "n.a.", "#NV", "#WERT!", "#", "***", "\\N", "-nan(ind)"]
)
def test_ways_to_leave_a_cell_empty(cell: str, tmp_path: Path) -> None:
    lines = [cell if 200 <= k < 220 else f"{v:.3f}" for k, v in enumerate(ECG)]
    signal = read(saved(tmp_path, "ecg\n", lines), fs=FS).signal[:, 0]
    expected = np.where((np.arange(N) >= 200) & (np.arange(N) < 220), np.nan, ECG)
    np.testing.assert_allclose(signal, expected, atol=1e-6)
    in_last = [f"{k / FS:.3f},{value}" for k, value in enumerate(lines)]
    np.testing.assert_array_equal(read(saved(tmp_path, "time,ecg\n", in_last)).signal[:, 0], signal)


@pytest.mark.parametrize("note", ["time;ecg", "# lead off?", "% 3; 4", "// x"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_headings_and_comments_between_the_rows(note: str, decimal: str, tmp_path: Path) -> None:
    lines = rows([f"{t:.3f}" for t in SECONDS], separator=";")
    for k in (900, 500, 300):
        lines.insert(k, note)
    lines = [line.replace(".", decimal) for line in lines]
    with pytest.warns(SignalWarning, match="headings between the rows, left out: 3"):
        is_the_ecg(read(saved(tmp_path, "time;ecg\n", lines)))


def test_numbers_with_single_quotes(tmp_path: Path) -> None:
    lines = [f"'{t:.3f}','{v:.3f}'" for t, v in zip(SECONDS, ECG, strict=True)]
    is_the_ecg(read(saved(tmp_path, "'time','ecg'\n", lines)))


def test_decimal_commas_between_commas_are_named(tmp_path: Path) -> None:
    lines = [row.replace(".", ",") for row in rows([f"{t:.3f}" for t in SECONDS])]
    with pytest.raises(FormatError, match="found 4; separate columns by semicolons"):
        read(saved(tmp_path, "time,ecg\n", lines), fs=FS)


def test_text_alone_is_shown(tmp_path: Path) -> None:
    path = saved(tmp_path, "time,ecg\n", [f"{t:.3f},0x{k:04x}" for k, t in enumerate(SECONDS)])
    with pytest.raises(FormatError, match="found text in ecg, such as '0x0000'; save its numbers"):
        read(path)


@pytest.mark.parametrize(
    ("heading", "units"),
    [
        ("t [s],EKG [mV],V1 [µV]", ("mV", "µV")),
        ("time,EKG (mV),V1 ( uV )", ("mV", "uV")),
        ("time_s,ecg_mV,v1", ("mV", "NU")),
        ("Time,EKG/mV,aV/V", ("mV", "NU")),
        ("Time,II,V", ("NU", "NU")),
        ("Time,ECG [Volt],ECG (microvolts)", ("Volt", "microvolts")),
        ('Time,"ECG, mV",V1 in uV', ("mV", "uV")),
    ],
)
def test_units_after_the_names_of_columns(
    heading: str, units: tuple[str, ...], tmp_path: Path
) -> None:
    rows = "".join(f"{k / 250:.3f},{k * k % 101},{k * k % 37}\n" for k in range(500))
    (tmp_path / "r.csv").write_text(f"{heading}\n{rows}", encoding="utf-8")
    assert read(tmp_path / "r.csv", fs=250).units == units


def test_steps_of_a_clock_are_kept_part_by_part_and_exactly() -> None:
    times = np.arange(600_000) / 360
    times[400_000:] += 20 * 86_400.0  # as float32, this step would be off by samples
    clock = Clock(1.0)
    for part in np.split(times, [1, 1, 2, 250_000]):
        clock.add(part)
    with pytest.warns(SignalWarning, match="missing in 1 places"):
        found = timing(Path("r"), "time", clock, given=None)
    assert found.fs == 360
    assert found.places is not None
    np.testing.assert_array_equal(found.places, np.round(times * 360))
    nights = Clock(1.0)
    for part in np.split((times[:9000] + 86_395) % 86_400, [1800, 1801, 4000]):
        nights.add(part)
    assert timing(Path("r"), "time", nights, given=None).places is None
    assert nights.last - nights.first == pytest.approx(times[8999])
    nothing = Clock()
    nothing.add(np.array([np.nan, *times[:100]]))
    nothing.add(times[100:200])
    assert timing(Path("r"), "time", nothing, given=None).fs is None


@pytest.mark.slow
def test_a_long_table_takes_little_more_memory_than_its_samples(tmp_path: Path) -> None:
    n = 3_000_000
    path = tmp_path / "r.csv"
    cells = [f",{a:.3f},{b:.3f},0\n" for a, b in zip(ECG, ECG[::-1], strict=True)]
    with path.open("w") as file:
        file.write("time,II,V1,V2\n")
        for second in range(0, n // FS, N // FS):
            file.write("".join(f"{second + k / FS:.3f}{row}" for k, row in enumerate(cells)))
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from ecgscribe.formats.reading import open_record\n"
        "import pandas\n"
        "def peak():\n"
        "    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "open_record(Path(sys.argv[2]), fs=250)\n"
        "before = peak()\n"
        "record = open_record(Path(sys.argv[1]), leads=['II', 'V1'])\n"
        "assert record.n_samples == 3_000_000\n"
        "print(peak() - before)\n"
    )
    (tmp_path / "small").mkdir()
    small = saved(tmp_path / "small", "time,ecg\n", rows([f"{t:.3f}" for t in SECONDS]))
    run = subprocess.run(
        [sys.executable, "-c", code, path, small], capture_output=True, text=True, check=True
    )
    samples, steps, one_part = 2 * 4 * n, 4 * n, 30_000_000
    assert int(run.stdout) < samples + steps + one_part
