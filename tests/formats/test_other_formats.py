"""What is told apart: other formats, parts of recordings, padding, compression, our own faults."""

from __future__ import annotations

import codecs
import gzip
import re
import struct
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats import reading
from ecgscribe.formats.checks import clock_time, format_errors
from ecgscribe.formats.reading import open_record, read
from support import format_files
from support.format_files import FS, MILLIVOLTS, NEED_FS, START, WRITERS, edited

NAMED = {
    "SCP-ECG": b"\x12\x34" + struct.pack("<I", 900) + b"\0" * 10 + b"SCPECG" + b"\0" * 100,
    "an old file of Microsoft Office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99,
    "HDF5; save the samples": b"\x89HDF\r\n\x1a\n" + b"\0" * 99,
    "a MATLAB file of version 7.3": b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\x02IM" + b"\0" * 999,
    "a PDF": b"%PDF-1.7\n1 0 obj\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
    "a header of BrainVision": b"BrainVision Data Exchange Header File Version 2.0\r\n",
    "MFER": b"@ MFR Standard 12 leads ECG" + b"\0" * 99,
    "FIF": b"\0\0\0d\0\0\0\x1f" + b"\0" * 99,
    "an archive; unpack it first": b"a.csv".ljust(257, b"\0") + b"ustar\0" + b"\0" * 300,
    "JSON": b'{"ecg": [1, 2, 3]}\n',
    "a document; save the samples": b"{\\rtf1\\ansi ECG}",
    "a pointer to a file in Git LFS; get": b"version https://git-lfs.github.com/spec/v1\noid",
    "a pointer to a file in git-annex; get": b"/annex/objects/MD5E-s1--0.edf\n",
    "Parquet": b"PAR1" + b"\0" * 99,
    "pickled Python objects": b"\x80\x04\x95" + b"\0" * 99,
    "a compressed file; unpack it first": b"BZh91AY" + b"\0" * 99,
}


@pytest.mark.parametrize("name", sorted(NAMED))
@pytest.mark.parametrize("suffix", ["", ".csv", ".dat"])
def test_other_formats_are_named(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    path.write_bytes(NAMED[name])
    with pytest.raises(FormatError, match=f"expected a recording .* found {name}") as raised:
        read(path, fs=FS)
    assert "fresh copy" not in str(raised.value)


@pytest.mark.parametrize("suffix", ["", ".csv", ".edf", ".dat", ".gz"])
def test_an_empty_file_is_called_so(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"r{suffix}").touch()
    with pytest.raises(FormatError, match="found an empty file; get a fresh copy"):
        read(tmp_path / f"r{suffix}", fs=FS)


@pytest.mark.parametrize(
    ("member", "match"),
    [
        ("xl/workbook.xml", "an Excel workbook; save the sheet as CSV"),
        ("word/document.xml", "an office document"),
        ("100.dat", "a ZIP archive; unpack it first"),
    ],
)
def test_archives_are_told_apart(member: str, match: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.xlsx", "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(FormatError, match=match):
        read(tmp_path / "r.xlsx", fs=FS)


@pytest.mark.parametrize("doctype", ["", '<!DOCTYPE RestingECG SYSTEM "restecg.dtd">'])
def test_xml_of_other_makers_is_named(doctype: str, tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(f'<?xml version="1.0"?>{doctype}<RestingECG></RestingECG>')
    with pytest.raises(FormatError, match="found XML of RestingECG, the XML of GE MUSE; convert"):
        read(tmp_path / "r.xml")


@pytest.mark.parametrize(
    ("root", "advice"),
    [("html", "web page; download the file itself"), ("HealthData", "name one of its electrocard")],
)
def test_xml_that_is_no_recording_says_what_to_do(root: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(f"<?xml version='1.0'?><{root}>404</{root}>")
    with pytest.raises(FormatError, match=advice) as raised:
        read(tmp_path / "r.xml")
    assert "convert it" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(name for name in WRITERS if not name.startswith("wfdb")))
def test_any_format_is_read_compressed(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    fs = FS if name in NEED_FS else None
    expected = read(path, fs=fs)
    packed = tmp_path / f"{path.name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    record = open_record(packed, fs=fs)
    np.testing.assert_array_equal(record.read(0, record.n_samples), expected.signal)
    assert record.name == expected.name


def test_errors_and_warnings_name_the_compressed_file(tmp_path: Path) -> None:
    twice = tmp_path / "r.csv.gz"
    twice.write_bytes(gzip.compress(gzip.compress(WRITERS["csv"](tmp_path).read_bytes())))
    with pytest.raises(FormatError, match=f"^{re.escape(str(twice))}: .* another format"):
        read(twice)
    counted = tmp_path / "n.csv.gz"
    rows = "".join(f"{k / FS:.6f},{k * k % 101}\n" for k in range(1000))
    counted.write_bytes(gzip.compress(rows.encode()))
    with pytest.warns(SignalWarning, match=f"^{re.escape(str(counted))}: .* left out: column 1"):
        read(counted, fs=FS)
    rows += "4.000000,x\n"
    counted.write_bytes(gzip.compress(rows.encode()))
    with pytest.raises(FormatError, match=f"^{re.escape(str(counted))}: .* found 'x'"):
        read(counted, fs=FS)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be", "utf-16"])
def test_tables_of_wide_characters(encoding: str, tmp_path: Path) -> None:
    path = WRITERS["csv"](tmp_path)
    expected = read(path)
    bom = codecs.BOM_UTF32_BE if encoding == "utf-32-be" else b""  # the others write their own
    path.write_bytes(bom + path.read_text().encode(encoding))
    record = read(path)
    np.testing.assert_array_equal(record.signal, expected.signal)
    assert (record.leads, record.units) == (expected.leads, expected.units)


def test_what_no_signal_fits_into_is_not_unpacked(tmp_path: Path) -> None:
    size = 140 * 2**20
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(b"\n" * size, 1))
    with zipfile.ZipFile(tmp_path / "r.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (%d,), }" % size
        head = b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + header.ljust(117) + b"\n"
        archive.writestr("signal.npy", head + b"\0" * size)
    for name in ("r.csv.gz", "r.npz"):
        with pytest.raises(FormatError, match="which no signal fits into"):
            read(tmp_path / name, fs=FS)


def test_matlab_zeros_are_not_unpacked(tmp_path: Path) -> None:
    from scipy.io import savemat

    zeros = np.zeros(140 * 2**20, dtype=np.int8)
    savemat(tmp_path / "r.mat", {"val": zeros}, do_compression=True)
    with pytest.raises(FormatError, match="which no signal fits into"):
        read(tmp_path / "r.mat", fs=FS)


# --- DICOM ---


def test_dicom_without_its_preamble_is_read(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[132:])
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)
    length = int.from_bytes(data[140:144], "little")  # of the group with the transfer syntax
    path.write_bytes(data[144 + length :])
    np.testing.assert_allclose(read(path).signal / 1000, MILLIVOLTS, atol=1e-6)


def test_padding_with_a_value_that_samples_take_is_a_long_run(tmp_path: Path) -> None:
    import pydicom

    raw = format_files.counts()
    raw[10:20] = 0
    raw[600:] = 0
    path = format_files.dicom(tmp_path, signal=raw)
    dataset = pydicom.dcmread(path)
    dataset.WaveformSequence[0].WaveformPaddingValue = b"\0\0"
    dataset.save_as(path)
    lost = np.isnan(read(path).signal)
    assert lost[600:].all()
    assert not lost[:600].any()


@pytest.mark.parametrize("part", ["Content", "Series", "Study"])
def test_the_start_of_dicom_is_looked_for(part: str, tmp_path: Path) -> None:
    import pydicom

    path = format_files.dicom(tmp_path)
    dataset = pydicom.dcmread(path)
    del dataset.AcquisitionDateTime
    setattr(dataset, f"{part}Time", "102030")
    dataset.save_as(path)
    assert read(path).start == START.replace(year=1, month=1, day=1)
    setattr(dataset, f"{part}Date", "20030201")
    dataset.save_as(path)
    assert read(path).start == START


def test_waveforms_of_other_lengths_are_left_out_with_a_warning(tmp_path: Path) -> None:
    import pydicom

    path = format_files.dicom(tmp_path)
    dataset = pydicom.dcmread(path)
    short = pydicom.dcmread(format_files.dicom(tmp_path, signal=format_files.counts(500)))
    dataset.WaveformSequence.append(short.WaveformSequence[0])
    dataset.save_as(path)
    with pytest.warns(SignalWarning, match=r"left out: II \(2\), V1 \(2\)"):
        assert read(path).n_samples == len(MILLIVOLTS)


def test_of_waveforms_of_one_length_the_first_is_read(tmp_path: Path) -> None:
    import pydicom

    path = format_files.dicom(tmp_path)
    dataset = pydicom.dcmread(path)
    late = pydicom.dcmread(path).WaveformSequence[0]
    late.MultiplexGroupTimeOffset = 4000
    dataset.WaveformSequence.append(late)
    dataset.save_as(path)
    with pytest.warns(SignalWarning, match=r"left out: II \(2\), V1 \(2\)"):
        record = read(path)
    assert (record.leads, record.start) == (("II", "V1"), START)


# --- aECG, ISHNE ---


def aecg_with(folder: Path, extra: str) -> Path:
    path = format_files.aecg(folder)
    text = path.read_text()
    path.write_text(text.replace("<component><sequenceSet>", f"{extra}<component><sequenceSet>", 1))
    return path


SHORT = (
    '<component><sequenceSet><component><sequence><code code="TIME_RELATIVE"/><value>'
    '<head value="0" unit="s"/><increment value="4" unit="ms"/></value></sequence></component>'
    '<component><sequence><code code="MDC_ECG_LEAD_{}"/><value><origin value="0" unit="uV"/>'
    '<scale value="5" unit="uV"/><digits>1 2 3 4</digits></value></sequence></component>'
    "</sequenceSet></component>"
)


def test_of_several_sets_the_longest_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    path = aecg_with(tmp_path, SHORT.format("V6"))
    with pytest.warns(SignalWarning, match=r"one of 2 sets of leads is read, left out: V6 \(0.0"):
        assert read(path).leads == ("II", "V1")
    with pytest.warns(SignalWarning, match=r"left out: II, V1 \(4.0 s\)"):
        assert read(path, leads=["V6"]).n_samples == 4


def test_the_time_of_a_series_is_a_start(tmp_path: Path) -> None:
    path = aecg_with(tmp_path, '<effectiveTime><low value="20030201102030.000"/></effectiveTime>')
    path.write_text(path.read_text().replace("TIME_ABSOLUTE", "TIME_RELATIVE"))
    assert read(path).start == START


def test_ishne_without_a_date_keeps_the_time(tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 138, struct.pack("<3h", -9, -9, -9))
    assert read(path).start == datetime(1, 1, 1, 10, 20, 30)


def test_a_date_alone_is_no_time() -> None:
    assert clock_time("20030201") is None
    assert clock_time("200302011020") == datetime(2003, 2, 1, 10, 20)


# --- what is not wrong with the file ---


def test_our_own_faults_are_not_called_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(error: Exception) -> None:
        def fail(*arguments: object, **options: object) -> None:
            raise error

        monkeypatch.setitem(fail.__globals__, "__name__", "ecgscribe.made")
        monkeypatch.setattr(reading, "find_recording", fail)

    for error, match in (
        (AttributeError("no attribute 'startdatetime'"), "fault in ecgscribe .* report this line"),
        (MemoryError(), "expected enough memory"),
        (ImportError("no soundfile"), r"none that works \(no soundfile\); see ecgscribe doctor"),
    ):
        raising(error)
        with pytest.raises(FormatError, match=match) as raised:
            open_record(tmp_path / "r")
        assert "fresh copy" not in str(raised.value)


def test_what_a_parser_says_is_about_the_file() -> None:
    with pytest.raises(FormatError, match="damaged or cut short"), format_errors(Path("r"), "x"):
        int("no number")


def test_pickled_arrays_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="found Python objects, which can run code"):
        read(tmp_path / "r.npy", fs=FS)
