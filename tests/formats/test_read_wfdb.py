"""WFDB records: every signal format, segments, pieces."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import open_record, read, read_annotation, recording_files
from support import format_files
from support.format_files import FS, MILLIVOLTS

# Bits a sample of the formats that wfdb reads but does not write, and the most of the others.
BY_HAND = {"8": 8, "61": 16, "160": 16, "212": 12, "310": 32 / 3, "311": 32 / 3}
MOST = {"16": 32_767, "24": 8_388_607, "32": 2**31 - 1, "80": 127, "508": 127, "516": 32_767}


def any_bytes(fmt: str, n_bytes: int) -> bytes:
    """Return random bytes; in format 311 without the unused bits, of which wfdb 4.3 reads one."""
    data = np.random.default_rng(0).integers(0, 256, n_bytes).astype(np.uint8)
    if fmt == "311":
        data[3::4] &= 0x3F
    return data.tobytes()


@pytest.mark.parametrize("fmt", [*BY_HAND, *MOST, "524"])
@pytest.mark.parametrize("n_leads", [1, 3])
def test_every_signal_format_reads_as_wfdb_reads_it(fmt: str, n_leads: int, tmp_path: Path) -> None:
    if fmt in BY_HAND:  # any bytes are samples
        n_bytes = int(np.ceil(301 * n_leads / 6) * 6 * BY_HAND[fmt] / 8)
        (tmp_path / "r.dat").write_bytes(any_bytes(fmt, n_bytes))
        lines = [f"r.dat {fmt} 200(3)/mV 16 0 5 0 0 L"] * n_leads
        (tmp_path / "r.hea").write_text("\n".join([f"r {n_leads} {FS} 301", *lines]) + "\n")
    else:
        top = min(MOST.get(fmt, 8_388_607), 100_000)
        values = (np.arange(301 * n_leads).reshape(301, n_leads) * 7) % (2 * top) - top + 1
        wfdb.wrsamp(
            "r", FS, ["mV"] * n_leads, [f"L{k}" for k in range(n_leads)],
            d_signal=values.astype(np.int64), fmt=[fmt] * n_leads, adc_gain=[200.0] * n_leads,
            baseline=[3] * n_leads, write_dir=str(tmp_path),
        )  # fmt: skip
    source = open_record(tmp_path / "r")
    expected = wfdb.rdrecord(str(tmp_path / "r"), return_res=32).p_signal
    np.testing.assert_array_equal(source.read(0, source.n_samples), expected)
    for begin, end in ((0, 1), (1, 8), (100, 301), (300, 301), (5, 5)):
        np.testing.assert_array_equal(source.read(begin, end), expected[begin:end])


def test_skewed_signals_are_aligned_in_pieces_too(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("16 200", "16:3 200", 1))
    source = open_record(path)
    np.testing.assert_allclose(source.read(0, 900)[:, 0], MILLIVOLTS[3:903, 0], atol=1e-6)
    np.testing.assert_array_equal(source.read(400, 500), source.record().signal[400:500])
    assert np.isnan(source.read(990, 1000)[:, 0]).sum() == 3


def test_segments_of_other_leads_are_joined_by_name(tmp_path: Path) -> None:
    record = read(format_files.wfdb_segments(tmp_path))
    assert record.leads == ("II", "V1", "V9")
    np.testing.assert_allclose(record.signal[:400, :2], MILLIVOLTS[:400], atol=1e-6)
    np.testing.assert_allclose(record.signal[500:, 1], MILLIVOLTS[:400, 1], atol=1e-6)
    assert np.isnan(record.signal[400:500]).all()
    assert np.isnan(record.signal[500:, 0]).all()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("a 400", "a 300", "expected 300 samples in segment a, found 400"),
        ("a 400", "r 400", "a segment with signals of its own"),
        ("r/4 3 250 900", "r/4 3 250 901", "expected 901 samples, found 900"),
        ("r/4 3 250 900", "r/9 3 250 900", "expected 9 segments"),
        ("r/4 3 250 900", "r/4 3 125 900", "expected 125 Hz as in r, found 250 Hz"),
        ("a 400", "../a 400", "damaged"),
    ],
)
def test_segments_that_do_not_fit_are_refused(
    old: str, new: str, match: str, tmp_path: Path
) -> None:
    path = format_files.wfdb_segments(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FormatError, match=match):
        open_record(path)


def test_other_signals_of_another_frequency_do_not_make_a_record_unreadable(
    tmp_path: Path,
) -> None:
    frames = np.arange(300, dtype="<i2").reshape(100, 3)
    frames.tofile(tmp_path / "m.dat")
    (tmp_path / "m.hea").write_text(
        "m 2 125 100\nm.dat 16x2 200 16 0 0 0 0 II\nm.dat 16 200/NU 16 0 0 0 0 PLETH\n"
    )
    with pytest.warns(SignalWarning, match=r"left out: PLETH \(125 Hz\)"):
        record = read(tmp_path / "m")
    assert (record.leads, record.fs, record.n_samples) == (("II",), 250.0, 200)
    assert read(tmp_path / "m", leads=["PLETH"]).fs == 125.0


# --- checksums ---


def damaged(path: Path, sample: int = 501, by: int = 3) -> Path:
    """Change one sample of the second lead of a record with 16-bit samples, two per frame."""
    frames = np.fromfile(path.with_suffix(".dat"), "<i2").reshape(-1, 2)
    frames[sample, 1] += by
    frames.tofile(path.with_suffix(".dat"))
    return path


def test_a_wrong_checksum_is_an_error(tmp_path: Path) -> None:
    path = damaged(format_files.wfdb_record(tmp_path))
    stated = int(path.read_text().splitlines()[2].split()[6])
    found = (stated + 3 + 2**15) % 2**16 - 2**15
    match = f"expected the checksum {stated} of signal 2 as its header says, found {found}: "
    with pytest.raises(FormatError, match=match):
        read(path)
    assert read(path, leads=["II"]).n_samples == 1000


def test_a_checksum_of_0_or_none_is_not_compared(tmp_path: Path) -> None:
    path = damaged(format_files.wfdb_record(tmp_path))
    lines = path.read_text().splitlines()
    without = [*lines[:2], " ".join(lines[2].split()[:6])]
    zero = [*lines[:2], re.sub(r"(-?\d+) 0 V1$", "0 0 V1", lines[2])]
    assert zero != lines
    for text in (without, zero):
        path.write_text("\n".join(text) + "\n")
        assert read(path).n_samples == 1000


@pytest.mark.parametrize("fmt", ["8", "16", "24", "32", "80", "212", "310", "311", "516"])
def test_the_checksum_of_every_signal_format_is_compared(fmt: str, tmp_path: Path) -> None:
    bits = BY_HAND | {"80": 8}  # too few for the samples of the others
    path = format_files.wfdb_record(tmp_path, "16" if fmt in bits else fmt)
    if fmt in bits:  # any bytes are samples
        n_bytes = int(np.ceil(2000 / 6) * 6 * bits[fmt] / 8)
        path.with_suffix(".dat").write_bytes(any_bytes(fmt, n_bytes))
        path.write_text(path.read_text().replace("dat 16 ", f"dat {fmt} "))
        path.write_text(re.sub(r"-?\d+ 0 (II|V1)", r"0 0 \1", path.read_text()))
    samples = wfdb.rdrecord(str(path.with_suffix("")), physical=False).d_signal
    for off, lead in ((0, None), (1, 0), (-1, 1)):
        sums = samples.astype(np.int64).sum(axis=0)
        if lead is not None:
            sums[lead] += off
        lines = path.read_text().splitlines()
        for k in range(2):
            lines[1 + k] = re.sub(r"-?\d+ 0 (II|V1)$", rf"{sums[k] % 2**16} 0 \1", lines[1 + k])
        path.write_text("\n".join(lines) + "\n")
        if lead is None:
            read(path)
        else:
            with pytest.raises(FormatError, match=f"of signal {lead + 1} as its header says"):
                read(path)


PIECES = st.lists(st.lists(st.integers(0, 1000), min_size=2, max_size=2).map(sorted), max_size=12)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return damaged(format_files.wfdb_record(tmp_path_factory.mktemp("wrong")))


@given(pieces=PIECES, ends=st.permutations([(0, 400), (300, 600), (600, 601), (601, 1000)]))
def test_a_wrong_checksum_is_an_error_with_the_last_piece_in_any_order(
    pieces: list[list[int]], ends: list[tuple[int, int]], wrong: Path
) -> None:
    source = open_record(wrong)
    left = set(range(1000))
    for begin, end in [*pieces, *ends]:
        left -= set(range(begin, end))
        if left or begin == end:
            source.read(begin, end)
        else:
            with pytest.raises(FormatError, match="expected the checksum"):
                source.read(begin, end)


def test_checksums_of_segments_and_several_samples_per_frame_are_compared(
    tmp_path: Path,
) -> None:
    path = format_files.wfdb_segments(tmp_path)
    assert read(path).n_samples == 900
    damaged(tmp_path / "a", 399)
    with pytest.raises(FormatError, match="/a: expected the checksum"):
        read(path)
    np.arange(300, dtype="<i2").tofile(tmp_path / "m.dat")
    for stated, right in ((sum(range(300)) - sum(range(2, 300, 3)), True), (1, False)):
        (tmp_path / "m.hea").write_text(
            f"m 2 125 100\nm.dat 16x2 200 16 0 0 {stated % 2**16} 0 II\n"
            "m.dat 16 200/NU 16 0 0 0 0 PLETH\n"
        )
        if right:
            assert read(tmp_path / "m", leads=["II"]).n_samples == 200
        else:
            with pytest.raises(FormatError, match="expected the checksum 1 of signal 1"):
                read(tmp_path / "m", leads=["II"])


# --- letters ---


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_letters_of_a_header_are_as_they_were_written(encoding: str, tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    text = path.read_text().replace("200.0(0)/mV", "200.0(0)/µV", 1)
    text = text.replace(" II\n", " Ableitung Ü2\n").replace("a comment", "Müller, Łódź"[:6])
    path.write_bytes(text.encode(encoding))
    record = read(path)
    assert record.leads == ("Ableitung Ü2", "V1")
    assert record.units == ("µV", "mV")
    assert record.comments == ("Müller",)
    assert read(path, leads=["ableitung ü2"]).leads == ("Ableitung Ü2",)
    np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)


def test_names_without_one_ascii_letter_and_units_beyond_wfdb_s_pattern(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    text = path.read_text().replace("200.0(0)/mV", "200.0(0)/°C", 1)
    path.write_text(text.replace(" II\n", " 导联二\n"), encoding="utf-8")
    record = read(path)
    assert record.leads == ("导联二", "V1")
    assert record.units == ("°C", "mV")


def test_letters_of_segments_join_them(tmp_path: Path) -> None:
    path = format_files.wfdb_segments(tmp_path)
    for name in ("plan", "a", "b"):
        header = tmp_path / f"{name}.hea"
        header.write_text(header.read_text().replace("V1", "Ä1"), encoding="utf-8")
    record = read(path)
    assert record.leads == ("II", "Ä1", "V9")
    np.testing.assert_allclose(record.signal[500:, 1], MILLIVOLTS[:400, 1], atol=1e-6)


# --- headers as people have them ---


def with_first_line(path: Path, line: str) -> Path:
    path.write_text("\n".join([line, *path.read_text().splitlines()[1:]]) + "\n")
    return path


@pytest.mark.parametrize("line", ["r 2 250", "r 2 250 0", "r 2 250/360(0) 0"])
def test_without_a_length_the_file_is_read_to_its_end(line: str, tmp_path: Path) -> None:
    path = with_first_line(format_files.wfdb_record(tmp_path), line)
    np.testing.assert_allclose(read(path).signal, MILLIVOLTS, atol=1e-6)


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("10:20:30 01/02/2003", datetime(2003, 2, 1, 10, 20, 30)),
        ("2003-02-01 10:20:30 ", datetime(2003, 2, 1, 10, 20, 30)),
        ("10:20:30.25", datetime(1, 1, 1, 10, 20, 30, 250_000)),
        ("20:30", datetime(1, 1, 1, 0, 20, 30)),
        ("", None),
    ],
)
def test_starts_as_they_are_written(written: str, start: datetime | None, tmp_path: Path) -> None:
    path = with_first_line(format_files.wfdb_record(tmp_path), f"r 2 250 1000 {written}")
    record = read(path)
    assert record.start == start
    np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)
    assert read_annotation(path.with_suffix(".atr")).start == start


@pytest.mark.parametrize("odd", ["2006", "31/02/2006", "25:00:00", "yesterday"])
def test_an_odd_date_is_left_out_and_said(odd: str, tmp_path: Path) -> None:
    path = with_first_line(format_files.wfdb_record(tmp_path), f"r 2 250 1000 10:20:30 {odd}")
    with pytest.warns(SignalWarning, match=f"01/02/2003, found '{odd}'; left out"):
        record = read(path)
    assert record.start == datetime(1, 1, 1, 10, 20, 30)
    np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)


@pytest.mark.parametrize("gain", ["nan", "inf", "-Infinity(3)/mV"])
def test_a_gain_that_is_no_number_gives_raw_counts(gain: str, tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("200.0(0)/mV", gain, 1))
    with pytest.warns(SignalWarning, match="expected a gain of II, found .*raw counts are read"):
        record = read(path)
    assert record.units == ("NU", "mV")
    np.testing.assert_array_equal(record.signal[:, 0], format_files.counts()[:, 0])


def test_suffixes_in_capitals_are_found(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.with_suffix(".dat").rename(tmp_path / "R.DAT")
    np.testing.assert_allclose(read(path).signal, MILLIVOLTS, atol=1e-6)
    assert recording_files(path)[1] == tmp_path / "R.DAT"
    path.rename(tmp_path / "r.HEA")
    assert read(tmp_path / "r").name == "r"
    (tmp_path / "x").mkdir()
    format_files.edf(tmp_path / "x").rename(tmp_path / "x" / "UP.EDF")
    assert read(tmp_path / "x" / "UP").name == "UP"


def test_a_gap_of_years_between_segments_is_refused(tmp_path: Path) -> None:
    path = format_files.wfdb_segments(tmp_path)
    path.write_text(f"r/4 3 {FS} {10**12 + 800}\nplan 0\na 400\n~ {10**12}\nb 400\n")
    with pytest.raises(FormatError, match="expected gaps of at most 31 days"):
        open_record(path)


@pytest.mark.parametrize("suffix", [".dat", ".atr", ".hea"])
@pytest.mark.parametrize("device", [False, True])
def test_pipes_and_devices_are_not_opened(suffix: str, device: bool, tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path).with_suffix(suffix)
    path.unlink()
    if device:
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    if suffix == ".atr":
        assert read(tmp_path / "r").n_samples == 1000
        with pytest.raises(FormatError, match="expected a regular file, found a folder, a pipe or"):
            read_annotation(path)
    else:
        with pytest.raises(FormatError, match=r"expected a .*(regular file|found no r\.hea)"):
            read(tmp_path / "r")


def test_differences_are_summed_over_steps_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgscribe.formats.wfdb.decoding._STEP_FRAMES", 64)
    steps = np.random.default_rng(0).integers(-128, 128, (1000, 3)).astype(np.int8)
    (tmp_path / "r.dat").write_bytes(steps.tobytes())
    line = "r.dat 8{} 1(0)/mV 16 0 {} 0 0 L{}\n"
    (tmp_path / "r.hea").write_text(
        f"r 2 {FS} 1000\n" + line.format("x2", 7, 1) + line.format("", -7, 2)
    )
    for lead, columns, first in (("L1", steps[:, :2], 7), ("L2", steps[:, 2:], -7)):
        expected = first + columns.reshape(-1).astype(np.int64).cumsum()[:, None]
        opened = open_record(tmp_path / "r", leads=[lead])
        for begin, end in ((900, 1000), (10, 150), (0, 1), (64, 128), (0, len(expected))):
            np.testing.assert_array_equal(opened.read(begin, end), expected[begin:end])
