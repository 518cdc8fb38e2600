"""WFDB headers with odd fields, and segments that differ, as people have them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import read
from ecgscribe.record import NO_DATE
from support.format_files import FS, LEADS, MILLIVOLTS, N_SAMPLES, START, counts

LINES = "r.dat 16 200/mV 16 0 0 0 0 II\nr.dat 16 200/mV 16 0 0 0 0 V1\n"
OF_DAY = datetime.combine(NO_DATE, START.time())


def header(
    folder: Path, first: str, lines: str = LINES, *, name: str = "r", encoding: str = "utf-8"
) -> Path:
    counts().astype("<i2").tofile(folder / f"{name}.dat")
    path = folder / f"{name}.hea"
    path.write_bytes(f"{first}\n{lines}".encode(encoding))
    return path


def is_right(path: Path) -> None:
    record = read(path)
    np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)
    assert (record.fs, record.leads, record.units) == (FS, LEADS, ("mV", "mV"))


@pytest.mark.parametrize(
    "start",
    [
        "10:20:30 01/02/2003", "01/02/2003 10:20:30", "2003-02-01T10:20:30", "10:20:30 2003/02/01",
        "10:20:30 01-02-2003", "10:20:30 1-Feb-2003", "10:20:30 01.02.2003",
        "[10:20:30 01/02/2003]", "10:20:30, 01/02/2003", "2003-02-01T10:20:30Z",
        "2003-02-01T10:20:30.000+01:00",
    ],
)  # fmt: skip
def test_ways_to_write_the_start(start: str, tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES} {start}")
    is_right(path)
    assert read(path).start == START


@pytest.mark.parametrize("day", ["31/02/2003", "01/13/2003", "1-Foo-2003"])
def test_a_day_that_is_none_leaves_the_time(day: str, tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES} 10:20:30 {day}")
    with pytest.warns(SignalWarning, match=f"found '{day}'; left out"):
        assert read(path).start == OF_DAY


def test_a_time_that_is_none_is_not_midnight(tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES} 10h20 01/02/2003")
    with pytest.warns(SignalWarning, match="found '10h20'; left out"):
        assert read(path).start is None


@pytest.mark.parametrize("fs", ["250,0", "250Hz", "250.000", "250/1000(0)"])
def test_ways_to_write_the_frequency(fs: str, tmp_path: Path) -> None:
    is_right(header(tmp_path, f"r 2 {fs} {N_SAMPLES}"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("200/mV 16 0 0", "200.0(0.0)/mV 16 0.0 0"), ("r.dat", "./r.dat"),
        ("r.dat", r"data\r.dat"), ("r.dat", "C:/data/r.dat"), (" ", "\t"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*read next to its header:ecgscribe.errors.SignalWarning")
def test_ways_to_write_a_signal(old: str, new: str, tmp_path: Path) -> None:
    is_right(header(tmp_path, f"r 2 250 {N_SAMPLES}", LINES.replace(old, new)))


@pytest.mark.parametrize(
    "gain",
    ["100(+0)/mV", "100 (0)/mV", "100( 0 )/mV", "100(0) /mV", "100,0/mV", "100(0)mV", "0.1/uV"],
)
def test_ways_to_write_a_gain(gain: str, tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES}", LINES.replace("200/mV", gain, 1))
    record = read(path)
    scale = 1000 if gain.endswith("uV") else 1
    np.testing.assert_allclose(record.signal[:, 0], MILLIVOLTS[:, 0] * 2 * scale, atol=1e-3)
    assert record.leads == LEADS


def test_a_gain_of_no_known_form_gives_raw_counts(tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES}", LINES.replace("200/mV", "100[0]/mV", 1))
    with pytest.warns(SignalWarning, match=r"a gain of II, found 100\[0\]/mV; raw counts"):
        record = read(path)
    assert (record.leads, record.units) == (LEADS, ("NU", "mV"))
    np.testing.assert_array_equal(record.signal[:, 0], counts()[:, 0])


def test_what_pads_the_end_of_a_header_is_left_out(tmp_path: Path) -> None:
    is_right(header(tmp_path, f"r 2 250 {N_SAMPLES}", f"{LINES}\x1a\0\0"))


def test_samples_beyond_the_length_in_the_header_are_named(tmp_path: Path) -> None:
    path = header(tmp_path, "r 2 250 500")
    with pytest.warns(SignalWarning, match=r"only 2.0 s are read, .*, of 4.0 s in the signal file"):
        np.testing.assert_allclose(read(path).signal, MILLIVOLTS[:500], atol=1e-6)


def test_a_signal_file_in_another_folder_is_read_from_this_one(tmp_path: Path) -> None:
    path = header(tmp_path, f"r 2 250 {N_SAMPLES}", LINES.replace("r.dat", "old/r.dat"))
    with pytest.warns(SignalWarning, match="read next to its header, not from old/r.dat"):
        is_right(path)
    (tmp_path / "r.dat").unlink()
    with pytest.raises(FormatError, match=r"damaged in the line 'old/r\.dat"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_encodings_of_a_header(encoding: str, tmp_path: Path) -> None:
    is_right(header(tmp_path, f"r 2 250 {N_SAMPLES}", encoding=encoding))


def test_names_with_blanks(tmp_path: Path) -> None:
    first, lines = f"my rec 2 250 {N_SAMPLES}", LINES.replace("r.dat", "my rec.dat")
    is_right(header(tmp_path, first, lines, name="my rec"))
    (tmp_path / "my rec.dat").unlink()
    with pytest.raises(FormatError, match=r"damaged in the line 'my rec\.dat 16"):
        read(tmp_path / "my rec.hea")


def segments(folder: Path, second: str, *, fs: str = "250") -> Path:
    columns = [1, 0] if second.endswith("II\n") else [0, 1]
    for name, begin, order in (("a", 0, [0, 1]), ("b", 500, columns)):
        counts()[begin : begin + 500, order].astype("<i2").tofile(folder / f"{name}.dat")
    (folder / "a.hea").write_text(f"a 2 {fs} 500\n{LINES.replace('r.dat', 'a.dat')}")
    (folder / "b.hea").write_text(f"b 2 250 500\n{second}")
    (folder / "r.hea").write_text("r/2 2 250 1000\na 500\nb 500\n")
    return folder / "r.hea"


def test_segments_whose_leads_come_in_another_order(tmp_path: Path) -> None:
    lines = LINES.replace("r.dat", "b.dat").splitlines(keepends=True)
    is_right(segments(tmp_path, lines[1] + lines[0]))
    is_right(segments(tmp_path, "".join(lines).replace("V1", "v1").replace("II", "ii")))


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_segments_of_which_one_lacks_a_lead(order: str, tmp_path: Path) -> None:
    path = segments(tmp_path, LINES.replace("r.dat", "b.dat"))
    counts()[:500, 1].astype("<i2").tofile(tmp_path / "a.dat")
    (tmp_path / "a.hea").write_text("a 1 250 500\na.dat 16 200/mV 16 0 0 0 0 V1\n")
    path.write_text("r/2 2 250 1000\n" + "".join(f"{name} 500\n" for name in order))
    record = read(path, leads=LEADS)
    begin = 500 * order.index("a")
    assert np.isnan(record.signal[begin : begin + 500, 0]).all()
    places = np.r_[0:500, 500:1000] if order == "ab" else np.r_[500:1000, 0:500]
    np.testing.assert_allclose(record.signal[:, 1], MILLIVOLTS[places, 1], atol=1e-6)


def test_the_first_segment_has_what_the_record_lacks(tmp_path: Path) -> None:
    path = segments(tmp_path, LINES.replace("r.dat", "b.dat"))
    first = tmp_path / "a.hea"
    first.write_text(f"{first.read_text()}# paced\n".replace("500\n", "500 10:20:30 01/02/2003\n"))
    record = read(path)
    assert (record.start, record.comments, record.paced) == (START, ("paced",), True)
    path.write_text("r/3 2 250 1100\n~ 100\na 500\nb 500\n")
    assert read(path).start is None


def test_a_record_may_be_called_like_a_file_of_another_format(tmp_path: Path) -> None:
    lines = LINES.replace("r.dat", "r.edf.dat")
    header(tmp_path, f"r.edf 2 250 {N_SAMPLES}", lines, name="r.edf")
    is_right(tmp_path / "r.edf")


def test_segments_in_other_units_of_voltage(tmp_path: Path) -> None:
    for unit in ("0.2/uV", "0.2/microvolts", "0.0002/nV", "200000/Volt"):
        is_right(segments(tmp_path, LINES.replace("r.dat", "b.dat").replace("200/mV", unit)))
    with pytest.raises(FormatError, match="expected lead II in one unit"):
        read(segments(tmp_path, LINES.replace("r.dat", "b.dat").replace("200/mV", "2/mmHg")))


def test_segments_whose_frequency_is_rounded(tmp_path: Path) -> None:
    is_right(segments(tmp_path, LINES.replace("r.dat", "b.dat"), fs="250.0001"))
    with pytest.raises(FormatError, match=r"expected 250 Hz as in r, found 250\.1 Hz"):
        read(segments(tmp_path, LINES.replace("r.dat", "b.dat"), fs="250.1"))
