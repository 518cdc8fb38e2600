"""EDF files with odd header fields and odd times, as recorders write them."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.analysis.summary import summarize
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import open_record, read, read_annotation
from ecgscribe.formats.writing import write
from support import format_files
from support.format_files import FS, MILLIVOLTS, START, edited

N_SIGNALS = 3  # two leads and the annotations
PHYSICAL_MIN = 256 + N_SIGNALS * (16 + 80 + 8)
UNIT = 256 + N_SIGNALS * (16 + 80)


def edf(folder: Path, at: int, field: bytes, width: int = 8) -> Path:
    path = format_files.edf(folder)
    edited(path, at, field.ljust(width))
    return path


def with_onsets(folder: Path, onsets: list[float]) -> Path:
    """Write EDF+D with a record of 1 s at each onset, which the first annotation gives."""
    path = format_files.edf(folder, annotations=False)
    n_records = 4
    head, per = path.read_bytes()[:768], 2 * FS * 2
    body = path.read_bytes()[768:]
    columns = [head[256 + a : 256 + b] for a, b in _fields(2)]
    label, others = b"EDF Annotations ", [b" " * 80, b" " * 8, b"-1".ljust(8), b"1".ljust(8)]
    others += [b"-32768".ljust(8), b"32767".ljust(8), b" " * 80, b"20".ljust(8), b" " * 32]
    fields = b"".join(c + extra for c, extra in zip(columns, [label, *others], strict=True))
    fixed = head[:184] + b"1024".ljust(8) + b"EDF+D".ljust(44)
    fixed += b"%-8d" % len(onsets) + head[244:252] + b"3".ljust(4)
    parts = []
    for k, onset in enumerate(onsets):
        at = (k % n_records) * per
        parts.append(body[at : at + per] + f"+{onset:.15g}\x14\x14".encode().ljust(40, b"\0"))
    path.write_bytes(fixed + fields + b"".join(parts))
    return path


def _fields(n: int) -> list[tuple[int, int]]:
    ends = np.cumsum([0, *(n * w for w in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32))]).tolist()
    return list(pairwise(ends))


@pytest.mark.parametrize("version", [b"0" + 7 * b"\0", b"       0"])
def test_ways_to_write_the_version(version: bytes, tmp_path: Path) -> None:
    path = edf(tmp_path, 0, version)
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


def test_decimal_commas_are_points(tmp_path: Path) -> None:
    path = edf(tmp_path, PHYSICAL_MIN, b"-10000,0")
    with pytest.warns(SignalWarning, match="commas in the range of values"):
        np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


def test_a_range_that_is_no_number_gives_raw_counts_of_that_lead(tmp_path: Path) -> None:
    path = edf(tmp_path, PHYSICAL_MIN, b"low")
    with pytest.warns(SignalWarning, match="raw counts are read: ECG II"):
        record = read(path)
    assert record.units == ("NU", "uV")
    np.testing.assert_array_equal(record.signal[:, 0], format_files.counts()[:, 0])


def test_counts_without_a_sign(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path, annotations=False)
    data = path.read_bytes()
    samples = (np.frombuffer(data[768:], "<i2").astype(np.int64) + 32_768).astype("<u2")
    path.write_bytes(data[:768] + samples.tobytes())
    edited(path, 256 + 2 * (16 + 80 + 8 + 8 + 8), b"30768   30768   34768   34768   ")
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-5)


def test_of_a_file_that_was_cut_short_whole_records_are_read(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(SignalWarning, match="found '4' in its header .*; all 3 in the file are"):
        np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS[:750], atol=1e-6)


def test_a_rounded_duration_of_records_keeps_a_whole_frequency(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path, annotations=False)
    edited(path, 244, b"0.333333")
    assert read(path).fs == 750
    edited(path, 244, b"0.9999  ")
    assert read(path).fs == 250 / 0.9999


def test_a_unit_in_utf_8_keeps_its_letters(tmp_path: Path) -> None:
    assert read(edf(tmp_path, UNIT, "µV".encode(), 8)).units == ("µV", "uV")
    assert read(edf(tmp_path, UNIT, "µV".encode("latin-1"), 8)).units == ("µV", "uV")
    assert read(edf(tmp_path, UNIT, b"[uV]", 8)).units == ("uV", "uV")
    path = edf(tmp_path, UNIT, "µV".encode(), 8)
    edited(path, 8, "Jörg".encode("latin-1"))
    record = read(path)
    assert record.units == ("µV", "uV")
    assert record.comments[0].startswith("Jörg")


def test_fields_padded_with_nul_are_read(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path, annotations=False)
    data = path.read_bytes()
    path.write_bytes(data[:8] + data[8:768].replace(b"  ", b"\0\0") + data[768:])
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


@pytest.mark.parametrize("field", [b"-10000uV", b"- 10000", b"-10000\0x"])
def test_ways_to_write_a_range(field: bytes, tmp_path: Path) -> None:
    path = edf(tmp_path, PHYSICAL_MIN, field)
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


@pytest.mark.parametrize("field", [b"", b"four", b"0", b"3", b"99999999", b"-2"])
def test_without_the_right_number_of_records_all_are_read(field: bytes, tmp_path: Path) -> None:
    with pytest.warns(SignalWarning, match="all 4 in the file are read"):
        assert read(edf(tmp_path, 236, field)).n_samples == len(MILLIVOLTS)


@pytest.mark.parametrize(
    ("at", "field", "match"),
    [
        (244, b"0", "longer than 0 s, found 2 signals and records of 0 s"),
        (244, b"x", "records of nan s"),
        (252, b"two", "a whole number as the number of signals in its header, found 'two"),
        (256 + N_SIGNALS * 216, b"1,5", "samples per data record of ECG II in its header, found"),
    ],
)
def test_a_field_that_is_needed_is_named(at: int, field: bytes, match: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=match) as raised:
        read(edf(tmp_path, at, field, 4 if at == 252 else 8))
    assert "fresh copy" not in str(raised.value)


@pytest.mark.parametrize(
    ("day", "recording", "expected"),
    [
        (b"01.02.03", b"", START),
        (b"01/02/03", b"", START),
        (b"xx.xx.xx", b"Startdate 01-FEB-2003 X X X", START),
        (b"01.01.85", b"Startdate X X X X", START.replace(year=1, month=1, day=1)),
        (b"31.02.03", b"", START.replace(year=1, month=1, day=1)),
        (b"01.02.03", "Startdate 01-FÉV-2003 X X X".encode("latin-1"), START),
        (b"01.02.03", b"Startdate 31-FEB-2003 X X X", START),
    ],
)
def test_the_start_is_what_is_known_of_it(
    day: bytes, recording: bytes, expected: datetime, tmp_path: Path
) -> None:
    path = edf(tmp_path, 168, day)
    edited(path, 88, recording.ljust(80))
    if day.startswith(b"31"):
        with pytest.warns(SignalWarning, match=r"start date such as 31.12.99, found '31.02.03'"):
            assert read(path).start == expected
    else:
        assert read(path).start == expected


def test_a_time_of_day_alone_has_no_date_in_any_output(tmp_path: Path) -> None:
    path = edf(tmp_path, 168, b"01.01.85")
    edited(path, 88, b"Startdate X X X X".ljust(80))
    assert summarize(read(path), comments=True, start=True)["start"] == "10:20:30"
    annotation = read_annotation(path)
    assert str(annotation.to_frame()["clock"][0]) == "10:20:30.400000"
    assert "10:20:30.400000" in write(annotation, tmp_path / "a.csv").read_text().splitlines()[1]
    edited_start = read_annotation(write(annotation, tmp_path / "a.edf"), fs=FS).start
    assert edited_start == annotation.start
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(write(annotation, tmp_path / "a.parquet"))
    assert str(table["clock"][0]) == "10:20:30.400000"


def test_an_impossible_time_is_left_out_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(SignalWarning, match=r"start time such as 10.20.30, found '24.00.00'"):
        assert read(edf(tmp_path, 176, b"24.00.00")).start is None


def test_times_of_records_may_be_off_by_less_than_a_sample(tmp_path: Path) -> None:
    fast = open_record(with_onsets(tmp_path, [0.9995 * k for k in range(40)]))
    assert fast.n_samples == 40 * FS
    np.testing.assert_allclose(fast.read(0, 1000) / 1000, MILLIVOLTS, atol=1e-6)
    late = read(with_onsets(tmp_path, [0, 1, 2.5, 3.5]))
    assert late.n_samples == 1125
    assert np.isnan(late.signal).all(axis=1).sum() == 125
    with pytest.raises(FormatError, match="found record 2 to overlap the one before it"):
        read(with_onsets(tmp_path, [0, 1, 1.9, 3]))


def test_the_first_time_of_a_part_belongs_to_its_start(tmp_path: Path) -> None:
    record = read(with_onsets(tmp_path, [90, 91, 92, 93]))
    assert record.n_samples == 1000
    assert record.start == START.replace(minute=22, second=0)


@pytest.mark.parametrize("onset", [999_999_999, 9_999_999_999_999])
def test_a_gap_of_years_is_refused(onset: int, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="gaps of at most 31 days between samples, found"):
        open_record(with_onsets(tmp_path, [0, 1, 2, onset]))


def test_annotations_before_the_start_are_left_out(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"+0.4", b"-0.4"))
    with pytest.warns(SignalWarning, match=r"1 annotations before the start .* first at -0.4 s"):
        assert read_annotation(path).sample.tolist() == [300]


@pytest.mark.parametrize("onset", [b"0.4", b"+ 0.4", b"+.4", b"+4e-1"])
def test_ways_to_write_the_time_of_an_annotation(onset: bytes, tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    new = (onset + b"\x14N\x14").ljust(9, b"\0")
    path.write_bytes(path.read_bytes().replace(b"+0.4\x14N\x14".ljust(9, b"\0"), new))
    annotation = read_annotation(path)
    assert (annotation.sample.tolist(), annotation.symbol[0]) == ([100, 300], "N")


def test_annotations_without_a_time_are_left_out(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    good = path.read_bytes()
    path.write_bytes(good.replace(b"+0.4\x14N", b"xxxx\x14N"))
    with pytest.warns(SignalWarning, match=r"1 annotations .* left out, the first is b'xxxx"):
        assert read_annotation(path).sample.tolist() == [300]
    path.write_bytes(good.replace(b"+", b"x"))
    with pytest.raises(FormatError, match="expected annotations that begin with their time"):
        read_annotation(path)


def test_a_data_record_without_a_time_follows_the_one_before(tmp_path: Path) -> None:
    path = with_onsets(tmp_path, [0, 1, 5, 6])
    path.write_bytes(path.read_bytes().replace(b"+6\x14\x14", b"\0\0\0\0"))
    with pytest.warns(SignalWarning, match="1 data records without a time"):
        record = read(path)
    np.testing.assert_allclose(record.signal[-500:] / 1000, MILLIVOLTS[500:], atol=1e-6)
    path.write_bytes(path.read_bytes().replace(b"+0\x14\x14", b"\0\0\0\0"))
    with pytest.raises(FormatError, match="the time of the first data record"):
        read(path)


def test_annotations_in_latin_1_keep_their_letters(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    path.write_bytes(path.read_bytes().replace("ünd".encode(), "üund".encode("latin-1")))
    assert read_annotation(path).aux_note[1] == "loud üund long"


@pytest.mark.parametrize(
    ("day", "hour", "expected"),
    [
        (b"1.2.03", b"9.20.30", datetime(2003, 2, 1, 9, 20, 30)),
        (b"01-02-03", b"10-20-30", START),
        (b"1 2 03", b"9,5,3", START.replace(hour=9, minute=5, second=3)),
        (b"2003.2.1", b" 10:20", START.replace(second=0)),
    ],
)
def test_starts_in_fewer_digits_or_other_order(
    day: bytes, hour: bytes, expected: datetime, tmp_path: Path
) -> None:
    path = edf(tmp_path, 88, b"", 80)
    edited(path, 168, day.ljust(8) + hour.ljust(8))
    assert read(path).start == expected


def test_months_of_plus_in_lower_case(tmp_path: Path) -> None:
    path = edf(tmp_path, 88, b"Startdate 1-feb-2003 X X X", 80)
    edited(path, 168, b"yy.yy.yy")
    assert read(path).start == START


@pytest.mark.parametrize("length", [b"99999", b"", b"x"])
def test_the_number_of_signals_decides_where_the_header_ends(length: bytes, tmp_path: Path) -> None:
    path = edf(tmp_path, 184, length)
    with pytest.warns(SignalWarning, match=f"found '{length.decode()}'; the number of signals"):
        np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


def test_gaps_of_a_file_that_is_said_to_have_none(tmp_path: Path) -> None:
    path = with_onsets(tmp_path, [0, 1, 5, 6])
    edited(path, 192, b"EDF+C")
    with pytest.warns(SignalWarning, match="lasts 3.0 s longer by the times"):
        record = read(path)
    assert record.n_samples == 7 * FS
    assert np.isnan(record.signal[2 * FS : 5 * FS]).all()
    edited(with_onsets(tmp_path, [0, 0, 0, 0]), 192, b"EDF+C")
    assert read(path).n_samples == 4 * FS
