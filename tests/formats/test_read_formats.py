"""Every format that is read: known values, leads, suffixes and pieces."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.lead_names import chosen_leads, short_names
from ecgscribe.formats.reading import open_record, read
from ecgscribe.formats.sniffing import detect_format
from support import format_files
from support.format_files import FS, LEADS, MILLIVOLTS, NEED_FS, START, WRITERS

IN_MILLIVOLTS = {"mV": 1.0, "uV": 1e-3, "NU": 1.0}
WHOLE = [name for name in sorted(WRITERS) if name not in ("wfdb-segments", "edf-gap")]
NAMELESS = {"npy", "mat", "mat-4", "mat-compressed"}


def fs_of(name: str) -> float | None:
    return FS if name in NEED_FS else None


@pytest.mark.parametrize("name", WHOLE)
def test_the_same_recording_in_every_format(name: str, tmp_path: Path) -> None:
    record = read(WRITERS[name](tmp_path), fs=fs_of(name))
    factor = np.array([IN_MILLIVOLTS[unit] for unit in record.units])
    np.testing.assert_allclose(record.signal * factor, MILLIVOLTS, atol=1e-6)
    assert record.fs == FS
    assert record.leads == (("lead1", "lead2") if name in NAMELESS else LEADS)
    assert record.start in (None, START)
    has_clock = name.startswith("wfdb") or name in ("edf", "bdf", "ishne", "dicom", "aecg")
    assert (record.start == START) is has_clock


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_pieces_are_what_the_whole_holds(name: str, tmp_path: Path) -> None:
    source = open_record(WRITERS[name](tmp_path), fs=fs_of(name))
    whole = source.record().signal
    assert whole.shape == (source.n_samples, len(source.leads))

    @settings(max_examples=10, deadline=None)
    @given(st.lists(st.integers(0, source.n_samples), min_size=2, max_size=2).map(sorted))
    def compare(ends: list[int]) -> None:
        begin, end = ends
        piece = source.read(begin, end)
        assert piece.dtype == np.float32
        np.testing.assert_array_equal(piece, whole[begin:end])

    compare()


@pytest.mark.parametrize("name", WHOLE)
def test_leads_are_chosen_by_name(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    second = read(path, fs=fs_of(name), leads=["lead2" if name in NAMELESS else "v1"])
    assert second.leads == (("lead2",) if name in NAMELESS else ("V1",))
    np.testing.assert_array_equal(second.signal[:, 0], read(path, fs=fs_of(name)).signal[:, 1])
    with pytest.raises(FormatError, match="expected"):
        read(path, fs=fs_of(name), leads=["V9"])
    with pytest.raises(FormatError, match="expected"):
        read(path, fs=None if name in NEED_FS else 2 * FS)


@pytest.mark.parametrize("name", ["npy", "mat"])
def test_leads_name_the_columns_of_a_file_without_names(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    assert read(path, fs=FS, leads=["II", "V1"]).leads == ("II", "V1")
    with pytest.raises(FormatError, match="a name for each of 2 columns"):
        read(path, fs=FS, leads=["II", "V1", "V2"])


@pytest.mark.parametrize("name", sorted(name for name in WRITERS if not name.startswith("wfdb")))
def test_a_wrong_suffix_does_not_matter(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    right = read(path, fs=fs_of(name))
    for suffix in (".txt", ".edf", ".csv", ".dat"):
        wrong = read(path.rename(tmp_path / f"r{suffix}"), fs=fs_of(name))
        np.testing.assert_array_equal(wrong.signal, right.signal)
        path = tmp_path / f"r{suffix}"


@pytest.mark.parametrize("name", ["edf", "bdf", "ishne", "dicom", "aecg", "tsv", "npz", "mat"])
def test_a_recording_is_found_without_its_suffix(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    assert read(path.with_suffix(""), fs=fs_of(name)).name == "r"


# --- DICOM, aECG ---


def test_padding_of_dicom_is_nan(tmp_path: Path) -> None:
    raw = format_files.counts()
    raw[10, 1] = -32_768
    record = read(format_files.dicom(tmp_path, signal=raw))
    assert np.isnan(record.signal).sum() == 1
    assert np.isnan(record.signal[10, 1])


def test_deflated_dicom_is_refused(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    explicit = b"1.2.840.10008.1.2.1\0"
    path.write_bytes(path.read_bytes().replace(explicit, b"1.2.840.10008.1.2.1.99"))
    with pytest.raises(FormatError, match="not compressed, found transfer syntax deflated"):
        read(path)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE AnnotatedECG [<!ENTITY x "y">]>',
        '<!DOCTYPE AnnotatedECG SYSTEM "file:///etc/hostname">',
        '<!DOCTYPE AnnotatedECG [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;">]>',
    ],
)
def test_entities_of_xml_are_refused(doctype: str, tmp_path: Path) -> None:
    path = format_files.aecg(tmp_path)
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\n{doctype}\n{rest}")
    with pytest.raises(FormatError, match="document type, found <!DOCTYPE AnnotatedECG>; remove"):
        read(path)


def test_xml_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text("<svg><g/></svg>")
    with pytest.raises(FormatError, match="annotated ECG, found XML of svg"):
        read(tmp_path / "r.xml")


def test_origin_of_aecg_is_added_in_the_unit_of_the_scale(tmp_path: Path) -> None:
    path = format_files.aecg(tmp_path)
    path.write_text(path.read_text().replace('value="0" unit="uV"', 'value="-2" unit="mV"', 1))
    signal = read(path).signal
    np.testing.assert_allclose(signal[:, 0], MILLIVOLTS[:, 0] * 1000 - 2000, atol=1e-3)
    np.testing.assert_allclose(signal[:, 1], MILLIVOLTS[:, 1] * 1000, atol=1e-3)


# --- tables and arrays ---


def test_tables_of_continental_europe(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(
        "Zeit;Ableitung \xdc;II\ns;mV;mV\n0;0,5;1\n1;-1,5;2\n".encode("latin-1")
    )
    record = read(tmp_path / "r.csv", fs=100, leads=["Ableitung Ü"])
    assert record.leads == ("Ableitung Ü",)
    assert record.signal.ravel().tolist() == [0.5, -1.5]


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_a_heading_after_blank_lines_is_a_heading(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"r.{suffix}").write_text("\n\ntime,II\n\ns,mV\n0,0.5\n1,1.5\n")
    record = read(tmp_path / f"r.{suffix}", fs=100)
    assert (record.leads, record.units) == (("II",), ("mV",))
    assert record.signal.ravel().tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (b"1,2\n", True), (b"I,II\n-1.5e-3,nan\n", True), (b"I\tII\nmV\tmV\n1\t-\n", True),
        (b"\xef\xbb\xbf1;2,5\n", True), (b"'0:00.003',-0.5\n", True), (b"1,inf\n", True),
        (b"", False), (b",,\n", False), (b"I,II\nx,y\n", False), (b"1 2 3\n", False),
        (b"1,2\n\0x", False), (b"1,2\n\0\0", True), (b"a\nb\nc\n1,2\n", False),
    ],
)  # fmt: skip
def test_a_table_is_detected_by_a_row_of_numbers(head: bytes, is_one: bool, tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(head)
    assert detect_format(tmp_path / "r") == ("csv" if is_one else None)


def test_every_lead_has_a_name_of_its_own_however_many_there_are() -> None:
    names = short_names(["II (2)", "ii", "II", None, "II", "ECG II", "lead\t9", "Lead 9"])
    assert names == ["II (2)", "ii", "II (3)", "lead4", "II (4)", "II (5)", "lead 9", "Lead 9 (2)"]
    many = short_names(["x"] * 100_000)
    assert len(set(many)) == 100_000


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ECG 1", "ECG 1"), ("ekg_V5", "V5"), ("Lead I (Einthoven)", "I"), ("LEAD aVR", "aVR"),
        ("Lead aVR, augmented voltage, right", "aVR"), ("MDC_ECG_LEAD_II", "II"),
        ("ECG from a file, column 0", "ECG from a file, column 0"), ("Lead A", "Lead A"),
    ],
)  # fmt: skip
def test_only_names_of_standard_leads_are_shortened(written: str, name: str) -> None:
    assert short_names([written]) == [name]
    assert chosen_leads(Path("r"), ["other", name], [written]) == [1]
    assert chosen_leads(Path("r"), ["other", name], [name.upper()]) == [1]


def test_names_with_commas_are_found_in_a_list_separated_by_commas() -> None:
    names = ["sig 0, fmt 8", "II", "a,b", "b"]
    for asked, columns in (
        ("sig 0, fmt 8", [0]), ("II,sig 0, fmt 8", [1, 0]), ("a,b", [2]), ("b,a,b,II", [3, 2, 1]),
    ):  # fmt: skip
        assert (
            chosen_leads(Path("r"), names, [part.strip() for part in asked.split(",")]) == columns
        )
    with pytest.raises(FormatError, match="found sig 0, fmt 9"):
        chosen_leads(Path("r"), names, ["sig 0", "fmt 9"])


def test_text_that_holds_the_letters_of_another_format_is_text(tmp_path: Path) -> None:
    heading = f"{'I' * 126}IM,II\n"
    (tmp_path / "r.csv").write_text(heading + "1,2\n3,4\n")
    assert read(tmp_path / "r.csv", fs=100).leads == (f"{'I' * 126}IM", "II")


def test_names_are_made_different_and_prefixes_dropped(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("II,Lead II,,ECG\n1,2,3,4\n5,6,7,8\n")
    record = read(tmp_path / "r.csv", fs=100)
    assert record.leads == ("II", "II (2)", "lead3", "ECG")
    assert read(tmp_path / "r.csv", fs=100, leads=["ii (2)"]).signal[:, 0].tolist() == [2, 6]


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2j]), np.array(["a"]), np.zeros((2, 2, 2)), np.array(1.0), np.zeros((0, 2)),
        np.array([{}, []], dtype=object), np.zeros(3, dtype=[("a", "f8"), ("b", "f8")]),
    ],
)  # fmt: skip
def test_arrays_that_are_no_signals_are_refused(array: NDArray[Any], tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", array, allow_pickle=True)
    with pytest.raises(FormatError, match="expected"):
        read(tmp_path / "r.npy", fs=FS)
    np.savez(tmp_path / "r.npz", signal=array)
    with pytest.raises(FormatError, match="expected"):
        read(tmp_path / "r.npz", fs=FS)


def test_absurd_sizes_are_refused_before_memory_is_allocated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgscribe.formats.reading.MAX_VALUES", 10**9)
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2), }"
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + header.encode().ljust(117) + b"\n"
    (tmp_path / "r.npy").write_bytes(data)
    with pytest.raises(FormatError, match="expected"):
        read(tmp_path / "r.npy", fs=FS)
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace(" 1000 ", " 1000000000000 "))
    with pytest.raises(FormatError, match="expected 4000000000000 bytes as its header says"):
        read(path)
    path = format_files.wfdb_segments(tmp_path)
    gap = 600_000_000  # 27.8 days
    path.write_text(f"r/4 3 {FS} {gap + 800}\nplan 0\na 400\n~ {gap}\nb 400\n")
    with pytest.raises(FormatError, match="at most 1000000000 samples to read into memory"):
        read(path)
    source = open_record(path)  # in pieces, it can be read all the same
    assert np.isnan(source.read(10**8, 10**8 + 5)).all()
    np.testing.assert_array_equal(
        source.read(source.n_samples - 5, source.n_samples)[:, 1],
        open_record(path).read(395, 400)[:, 1],
    )


# --- units ---


@pytest.mark.parametrize(("factor", "unit"), [(1000.0, "uV"), (200.0, "NU"), (0.37, "mV")])
def test_unit_and_gain_do_not_change_the_annotations(factor: float, unit: str) -> None:
    from ecgscribe import annotate
    from ecgscribe.datasets.synthetic import synthesize

    made, _ = synthesize(duration=60.0)
    signal = np.asarray(made.signal * factor, dtype=np.float32)
    scaled = dataclasses.replace(made, signal=signal, units=(unit,) * len(made.leads))
    expected, found = annotate(made), annotate(scaled)
    assert len(expected.beats()) > 50
    np.testing.assert_array_equal(found.sample, expected.sample)
    np.testing.assert_array_equal(found.symbol, expected.symbol)


def test_a_matlab_file_is_read_by_the_wfdb_header_next_to_it(tmp_path: Path) -> None:
    path = format_files.wfdb_mat(tmp_path)
    counts = format_files.counts()
    assert read(path.with_suffix(".mat")).leads == LEADS
    path.unlink()
    np.testing.assert_array_equal(read(path.with_suffix(".mat"), fs=FS).signal, counts)
