"""EDF, BDF and ISHNE: gain, gaps, annotations, and impossible headers."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import read, read_annotation
from support import format_files
from support.format_files import FS, MILLIVOLTS, START, edited


def test_physical_range_of_edf_gives_gain_and_offset(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    record = read(path, leads=["ECG II"])  # the name in the file, and without its prefix
    assert (record.leads, record.units) == (("II",), ("uV",))


def test_gap_of_edf_is_nan_and_annotations_keep_their_time(tmp_path: Path) -> None:
    path = format_files.edf_with_gap(tmp_path)
    record = read(path)
    assert record.n_samples == 1625  # 2 s, a gap of 2.5 s, 2 s
    np.testing.assert_allclose(record.signal[:500] / 1000, MILLIVOLTS[:500], atol=1e-6)
    assert np.isnan(record.signal[500:1125]).all()
    np.testing.assert_allclose(record.signal[1125:] / 1000, MILLIVOLTS[500:], atol=1e-6)
    assert read_annotation(path).sample.tolist() == [100, 300]


@pytest.mark.parametrize("write", [format_files.edf, format_files.bdf])
def test_edf_annotations(write: Callable[[Path], Path], tmp_path: Path) -> None:
    path = write(tmp_path)
    annotation = read_annotation(path)
    assert annotation.sample.tolist() == [100, 300]
    assert annotation.symbol.tolist() == ["N", '"']
    assert annotation.aux_note.tolist() == ["", "loud ünd long"]
    assert (annotation.fs, annotation.start) == (FS, START)
    assert read_annotation(path, path.suffix[1:], fs=500).sample.tolist() == [200, 600]


@pytest.mark.parametrize("bdf", [False, True])
def test_annotations_of_a_long_file_are_read_without_its_signals(bdf: bool, tmp_path: Path) -> None:
    import edfio

    signal, whole, read_whole = (
        (edfio.BdfSignal, edfio.Bdf, edfio.read_bdf)
        if bdf
        else (edfio.EdfSignal, edfio.Edf, edfio.read_edf)
    )
    n_records = 2500
    made: Any = signal(np.zeros(n_records * 500), 500, label="II", physical_range=(-1, 1))
    notes = [edfio.EdfAnnotation(k / 4 + 0.5, None, f"beat {k}") for k in range(4 * n_records - 4)]
    file: Any = whole([made, made], annotations=notes, data_record_duration=1)
    file.write(tmp_path / "r")
    read_annotation(tmp_path / "r")  # whatever is imported on the way is not what is measured
    tracemalloc.start()
    annotation = read_annotation(tmp_path / "r")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected = read_whole(tmp_path / "r").get_annotations()
    assert annotation.aux_note.tolist() == [each.text for each in expected]
    np.testing.assert_array_equal(annotation.sample, [each.onset * 500 for each in expected])
    assert peak < (tmp_path / "r").stat().st_size


def test_edf_annotations_without_signals_have_symbols_and_notes(tmp_path: Path) -> None:
    import edfio

    notes = [(0.5, "V"), (1.0, "~ unreadable"), (2.0, "N or not"), (3.0, "loud and long")]
    path = tmp_path / "r.edf"
    edfio.Edf([], annotations=[edfio.EdfAnnotation(at, None, text) for at, text in notes]).write(
        path
    )
    annotation = read_annotation(path, fs=100)
    assert annotation.sample.tolist() == [50, 100, 200, 300]
    assert annotation.symbol.tolist() == ["V", "~", "N", '"']
    assert annotation.aux_note.tolist() == ["", "unreadable", "or not", "loud and long"]
    with pytest.raises(FormatError, match=r"give it \(--fs\)"):
        read_annotation(path)
    with pytest.raises(FormatError, match="expected signals"):
        read(path)


def test_edf_without_annotations_is_an_error(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path, annotations=False)
    with pytest.raises(FormatError, match="found none in it"):
        read_annotation(path)


def test_edf_of_several_frequencies_gives_those_of_the_ecg(tmp_path: Path) -> None:
    import edfio

    signals = [
        edfio.EdfSignal(np.linspace(-1, 1, n), n / 4, label=label, physical_dimension=unit)
        for n, label, unit in ((1000, "ECG II", "mV"), (200, "Resp", ""), (1000, "SpO2", "%"))
    ]
    path = tmp_path / "p.edf"
    edfio.Edf(signals).write(path)
    with pytest.warns(SignalWarning, match=r"left out: Resp \(50 Hz\)"):
        assert read(path).leads == ("II", "SpO2")
    assert read(path, leads=["Resp"]).fs == 50.0
    with pytest.raises(FormatError, match=r"found Resp \(50 Hz\) and II \(250 Hz\); choose"):
        read(path, leads=["II", "Resp"])


def test_impossible_edf_header_fields_are_refused(tmp_path: Path) -> None:
    good = format_files.edf(tmp_path).read_bytes()

    def broken(at: int, field: str) -> Path:
        path = tmp_path / "broken.edf"
        path.write_bytes(good[:at] + field.encode().ljust(8) + good[at + 8 :])
        return path

    n = int(good[252:256])
    for at, field in ((244, "0"), (244, "-1"), (252, "9999")):
        with pytest.raises(FormatError, match="expected"):
            read(broken(at, field))
    for field in ("0", "-1", "99999999", "x"):  # samples a data record
        with pytest.raises(FormatError, match="expected"):
            read(broken(256 + 216 * n, field))
    flat = read(broken(256 + n * (16 + 80 + 8 + 8), "-10000"))  # highest value as the lowest
    assert flat.units == ("NU", "uV")  # raw counts where the gain is none
    np.testing.assert_array_equal(flat.signal[:, 0], format_files.counts()[:, 0])
    assert read(broken(236, "-1")).n_samples == 1000  # not known when the header was written


# --- ISHNE ---


def test_ishne_annotation_times_add_up_over_timeouts(tmp_path: Path) -> None:
    annotation = read_annotation(format_files.ishne_annotation(tmp_path))
    assert annotation.sample.tolist() == [107, 65_842, 66_142]
    assert annotation.symbol.tolist() == ["N", "V", '"']
    assert annotation.aux_note.tolist() == ["", "", "?"]
    assert read_annotation(tmp_path / "r", "ann").fs == FS


@pytest.mark.parametrize(
    ("at", "value", "match"),
    [
        (14, struct.pack("<i", 2**31 - 1), "damaged or cut short"),
        (22, struct.pack("<i", -5), "from byte -5 on"),
        (156, struct.pack("<h", 0), "found 0 leads"),
        (156, struct.pack("<h", 13), "found 13 leads"),
        (272, struct.pack("<h", 0), r"sampling frequency, found none in the file; .*--fs"),
    ],
)
def test_impossible_ishne_header_fields_are_refused(
    at: int, value: bytes, match: str, tmp_path: Path
) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, at, value)
    with pytest.raises(FormatError, match=match):
        read(path)


@pytest.mark.parametrize("n_samples", [-1, 0, 2 * format_files.N_SAMPLES])
def test_ishne_samples_of_all_leads_or_none_in_the_header(n_samples: int, tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 14, struct.pack("<i", n_samples))
    with pytest.warns(SignalWarning, match=f"found {n_samples}; all 1000 in the file are read"):
        np.testing.assert_allclose(read(path).signal, format_files.MILLIVOLTS, atol=1e-6)


def test_of_ishne_with_fewer_samples_in_the_header_the_rest_is_named(tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 14, struct.pack("<i", 500))
    with pytest.warns(SignalWarning, match=r"only 2.0 s are read, .*, of 4.0 s in the file"):
        np.testing.assert_allclose(read(path).signal, format_files.MILLIVOLTS[:500], atol=1e-6)


def test_ishne_without_a_frequency_takes_the_one_given(tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 272, struct.pack("<h", -9))
    assert read(path, fs=200).fs == 200


@pytest.mark.parametrize(("year", "expected"), [(3, 2003), (99, 1999), (103, 2003)])
def test_ishne_years_of_two_digits(year: int, expected: int, tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 142, struct.pack("<h", year))
    start = read(path).start
    assert start is not None
    assert start.year == expected


def test_ishne_without_resolution_gives_counts(tmp_path: Path) -> None:
    path = format_files.ishne(tmp_path)
    edited(path, 206, struct.pack("<h", -9))
    record = read(path)
    assert record.units == ("NU", "mV")
    np.testing.assert_array_equal(record.signal[:, 0], format_files.counts()[:, 0])
