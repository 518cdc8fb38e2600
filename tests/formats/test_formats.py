"""Recordings: what is read, and what is refused with which message."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb

from ecgscribe.datasets.catalogue import PACED
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import read, read_annotation
from ecgscribe.formats.wfdb.records import mentions_pacemaker
from ecgscribe.leads import is_ecg
from ecgscribe.record import check_within
from support.physionet_server import write_record


@pytest.fixture
def record_path(tmp_path: Path) -> Path:
    return write_record(tmp_path, "100")


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def without_checksums(record_path: Path) -> None:
    """Let the header state 0 for each checksum, which is not compared."""
    header = record_path.with_suffix(".hea")
    header.write_text(
        re.sub(r"( -?\d+) -?\d+ 0 (?=\S+$)", r"\1 0 0 ", header.read_text(), flags=re.M)
    )


# --- records ---


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
def test_wfdb_record_is_read_in_physical_units(record_path: Path, suffix: str) -> None:
    record = read(f"{record_path}{suffix}")
    assert record.signal.dtype == np.float32
    assert record.signal.shape == (720, 2)
    np.testing.assert_allclose(record.signal[100], [0.5, 0.0])
    assert (record.fs, record.leads, record.units) == (360.0, ("MLII", "V1"), ("mV", "mV"))
    assert (record.name, record.start, record.paced) == ("100", None, False)


def test_leads_are_chosen_by_name_in_the_requested_order(record_path: Path) -> None:
    assert read(record_path, leads=["v1", "MLII"]).leads == ("V1", "MLII")
    with pytest.raises(FormatError, match="leads out of MLII, V1, found V9"):
        read(record_path, leads=["V9"])


def test_invalid_samples_are_nan(record_path: Path) -> None:
    dat = record_path.with_suffix(".dat")
    values = np.fromfile(dat, "<i2")
    values[10] = -32768  # what format 16 keeps for "no valid sample"
    values.tofile(dat)
    without_checksums(record_path)
    signal = read(record_path).signal
    assert np.isnan(signal[5, 0])
    assert np.isnan(signal).sum() == 1


def test_start_time_comes_from_the_header(record_path: Path) -> None:
    edit(record_path.with_suffix(".hea"), "720\n", "720 10:20:30.5 01/02/2003\n")
    assert read(record_path).start == datetime(2003, 2, 1, 10, 20, 30, 500_000)
    assert read_annotation(record_path, "atr").start == datetime(2003, 2, 1, 10, 20, 30, 500_000)


def test_gap_between_segments_is_nan(tmp_path: Path) -> None:
    write_record(tmp_path, "a", n_samples=400)
    write_record(tmp_path, "b", n_samples=400)
    (tmp_path / "long.hea").write_text("long/4 2 360 900\nplan 0\na 400\n~ 100\nb 400\n")
    plan = "~ 0 200(0)/mV 16 0 0 0 0 "
    (tmp_path / "plan.hea").write_text(f"plan 2 360 0\n{plan}MLII\n{plan}V1\n")
    signal = read(tmp_path / "long").signal
    assert signal.shape == (900, 2)
    assert np.isnan(signal).all(axis=1).sum() == 100


def test_leads_of_two_frequencies_must_be_chosen_from(tmp_path: Path) -> None:
    frames = np.arange(300, dtype="<i2").reshape(100, 3)
    frames.tofile(tmp_path / "m.dat")
    (tmp_path / "m.hea").write_text("m 2 125 100\nm.dat 16x2 200 16 0 0 0 0 II\nm.dat 16 200\n")
    with pytest.raises(FormatError, match=r"found lead2 \(125 Hz\) and II \(250 Hz\); choose"):
        read(tmp_path / "m")
    record = read(tmp_path / "m", leads=["II"])
    assert record.fs == 250.0
    np.testing.assert_allclose(record.signal[:4, 0] * 200, [0, 1, 3, 4])


def test_numbers_of_a_monitor_are_left_out(tmp_path: Path) -> None:
    np.arange(300, dtype="<i2").tofile(tmp_path / "m.dat")
    (tmp_path / "m.hea").write_text("m 2 1 2\nm.dat 16x149 200 16 0 0 0 0 II\nm.dat 16 200\n")
    with pytest.warns(SignalWarning, match=r"left out: lead2 \(1 Hz\)"):
        assert read(tmp_path / "m").leads == ("II",)
    assert not any(is_ecg(name, "NU") for name in ("HRV", "ST II", "PVC", "Perf"))


@pytest.mark.parametrize(
    ("comments", "paced"),
    [
        (["The rhythm is paced with a demand", "pacemaker."], True),
        (["Device: Pacemaker"], True),
        (["possibly due to a wandering atrial", "pacemaker."], False),
        (["Digoxin, Norpace"], False),
        (["No pacemaker"], False),
        (["Pacemaker: none"], False),
        ([], False),
    ],
)
def test_pacemaker_is_detected_in_header_text(comments: list[str], paced: bool) -> None:
    assert mentions_pacemaker(comments) is paced


def test_header_that_mentions_a_pacemaker_marks_the_record(tmp_path: Path) -> None:
    path = write_record(tmp_path, "p", comments=("Pacemaker implanted", "Name: Jane Roe"))
    assert read(path).paced


def test_paced_beats_in_the_reference_annotations_mark_the_record(record_path: Path) -> None:
    assert not read(record_path).paced
    wfdb.wrann("100", "atr", np.array([100, 300]), ["N", "/"], write_dir=str(record_path.parent))
    assert read(record_path).paced


@pytest.mark.parametrize("content", [None, b"", b"\x01", b"not an annotation file", b"\0" * 7])
def test_missing_or_damaged_reference_annotations_do_not_matter(
    record_path: Path, content: bytes | None
) -> None:
    atr = record_path.with_suffix(".atr")
    atr.unlink()
    if content is not None:
        atr.write_bytes(content)
    record = read(record_path)
    assert (record.n_samples, record.paced) == (720, False)


# --- records that are refused ---


def refused(path: Path, match: str, **options: Any) -> None:
    with pytest.raises(FormatError, match=match) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_missing_record_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "100", r"found no 100\.hea and no other recording")


def test_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "found a folder; name a record in it")
    refused(Path(), "found a folder")


def test_other_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.edf").write_bytes(b"0       ")
    refused(tmp_path / "a.edf", "damaged or cut short")


def test_header_without_signal_file_is_refused(record_path: Path) -> None:
    record_path.with_suffix(".dat").unlink()
    refused(record_path, r"found no file 100\.dat; put it next to")


def test_signal_file_without_header_is_refused(record_path: Path) -> None:
    record_path.with_suffix(".hea").unlink()
    refused(record_path.with_suffix(".dat"), r"found no 100\.hea")


@pytest.mark.parametrize("cut", [1, 2, 4, 720])
@pytest.mark.parametrize("fmt", ["16", "212"])
def test_truncated_signal_file_is_refused(tmp_path: Path, cut: int, fmt: str) -> None:
    signal = np.zeros((720, 2), np.int64)
    wfdb.wrsamp(
        "t", 360, ["mV"] * 2, ["I", "II"], d_signal=signal, fmt=[fmt] * 2,
        adc_gain=[200.0] * 2, baseline=[0, 0], write_dir=str(tmp_path),
    )  # fmt: skip
    dat = tmp_path / "t.dat"
    dat.write_bytes(dat.read_bytes()[:-cut])
    refused(tmp_path / "t", "damaged or cut short")


@pytest.mark.parametrize("first_line", ["100 2 0 720", "100 2 -5 720", "100 2 x 720", "100 2", ""])
def test_frequency_that_is_0_missing_or_no_number_is_refused(
    record_path: Path, first_line: str
) -> None:
    header = record_path.with_suffix(".hea")
    lines = header.read_text().splitlines()
    header.write_text("\n".join([first_line, *lines[1:]] if first_line else []) + "\n")
    refused(record_path, "expected a sampling frequency above 0 Hz")


def test_record_without_signals_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.hea").write_text("e 0 360 0\n")
    refused(tmp_path / "e", "expected at least one signal, found none")


def test_annotations_are_read_although_the_record_has_no_signals(
    record_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "e.hea").write_text("e 0 250 0\n")
    (tmp_path / "e.atr").write_bytes(record_path.with_suffix(".atr").read_bytes())
    annotation = read_annotation(tmp_path / "e", "atr")
    assert (annotation.fs, len(annotation) > 0) == (250.0, True)


def test_damaged_header_is_refused(record_path: Path) -> None:
    record_path.with_suffix(".hea").write_text("100 2 360 720\n100.dat nonsense\n")
    refused(record_path, "found it damaged")


def test_given_frequency_must_agree_with_the_header(record_path: Path) -> None:
    assert read(record_path, fs=360).fs == 360.0
    refused(record_path, "expected 250 Hz as given, found 360 Hz", fs=250.0)


# --- CSV ---


def test_export_of_mitdb_is_converted_to_mv(tmp_path: Path) -> None:
    (tmp_path / "100.csv").write_text("'sample #','MLII','V5'\n0,995,1011\n1,1224,1024\n")
    record = read(tmp_path / "100.csv")
    assert (record.fs, record.leads, record.units) == (360.0, ("MLII", "V5"), ("mV", "mV"))
    np.testing.assert_allclose(record.signal, [[-0.145, -0.065], [1.0, 0.0]], atol=1e-6)
    assert read(tmp_path / "100").name == "100"


def test_export_of_another_database_needs_its_frequency(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("'sample #','ECG1'\n0,-101\n1,40\n")
    refused(tmp_path / "s.csv", "expected a sampling frequency")
    record = read(tmp_path / "s.csv", fs=128)
    assert record.units == ("NU",)
    assert record.signal.ravel().tolist() == [-101, 40]


def test_plain_csv_with_names_units_and_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,I,II\ns,mV,uV\n0.0,0.1,5\n0.004,,-\n0.008,0.3,7\n")
    record = read(tmp_path / "a.csv", fs=250)
    assert (record.leads, record.units) == (("I", "II"), ("mV", "uV"))
    assert np.isnan(record.signal).tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert read(tmp_path / "a.csv", fs=250, leads=["ii"]).leads == ("II",)


def test_csv_without_a_heading_gets_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    assert read(tmp_path / "a.csv", fs=100).leads == ("lead1", "lead2")


@pytest.mark.parametrize(
    "text", ["", "I,II\n", "I\n1\nx\n2\n", "I,II\n1,2\n1,2,3\n", "time\n1\n2\n"]
)
def test_damaged_csv_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    refused(tmp_path / "a.csv", "expected", fs=100)


@pytest.mark.mitdb
def test_every_record_of_mitdb_holds_its_own_annotations(data_dir: Path) -> None:
    paced = []
    for header in sorted((data_dir / "mitdb").glob("*.hea")):
        record = read(header)
        check_within(read_annotation(header, "atr"), record)
        assert (record.fs, record.signal.shape) == (360.0, (650_000, 2))
        if record.paced:
            paced.append(record.name)
    assert paced == sorted(PACED)  # two by their headers, two by their annotations
