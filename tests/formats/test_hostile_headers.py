"""Headers and links that point elsewhere or at themselves, and persons named in headers."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ecgscribe import formats
from ecgscribe.cli.main import main
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.record import Annotation
from support import format_files
from support.command_line import error_line


@pytest.mark.parametrize(
    "signal", ["../../etc/passwd", "/dev/zero", "/etc/passwd", "https://example.org/r.dat"]
)
def test_signal_files_elsewhere_are_not_opened(
    signal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("r.dat", signal))
    line = error_line(capsys, "info", path, code=1)
    assert line.startswith("ecgscribe: ")
    assert "root:" not in line


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.filterwarnings("ignore:.*read next to its header:ecgscribe.errors.SignalWarning")
def test_another_s_signal_file_is_not_read(absolute: bool, tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        format_files.wfdb_record(folder)
    (other / "r.dat").write_bytes(bytes((other / "r.dat").stat().st_size))
    header, expected = own / "r.hea", formats.read(own / "r").signal
    elsewhere = str(other / "r.dat") if absolute else "../other/r.dat"
    header.write_text(header.read_text().replace("r.dat", elsewhere))
    assert np.array_equal(formats.read(header).signal, expected)
    (own / "r.dat").unlink()
    with pytest.raises(FormatError, match="expected a WFDB header, found it damaged"):
        formats.read(header)


@pytest.mark.parametrize(
    "header",
    ["r/2 2 250 800\nr 400\nr 400\n", "r/100000 2 250 40000000\n" + "s 400\n" * 100_000],
    ids=["itself", "many"],
)
def test_segments_without_end_are_refused_soon(
    header: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.hea"
    path.write_text(header)
    started = time.process_time()
    assert error_line(capsys, "info", path, code=1).startswith("ecgscribe: ")
    assert time.process_time() - started < 10


@pytest.mark.parametrize("suffix", [".hea", ".dat"])
def test_loops_of_links_are_refused(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.wfdb_record(tmp_path).with_suffix(suffix)
    path.unlink()
    path.symlink_to(path.name)
    assert error_line(capsys, "info", tmp_path / "r", code=1).startswith("ecgscribe: ")


def test_a_loop_of_folders_does_not_hide_the_recording(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert main(["info", str(tmp_path / "loop" / "loop" / path.name)]) == 0


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet", "edf", "wfdb"])
def test_the_last_year_of_the_calendar_can_be_written(fmt: str, tmp_path: Path) -> None:
    beats = Annotation(
        np.array([100, 300]),
        np.array(["N", "V"]),
        fs=250.0,
        start=datetime(9999, 12, 31, 23, 59, 59),
    )
    suffix = {"wfdb": "atr", "edf": "edf"}.get(fmt, fmt)
    target = tmp_path / f"r.{suffix}"
    with pytest.warns(SignalWarning, match="after the year 9999 are left out"):
        formats.write(beats, target)
    assert target.stat().st_size


@pytest.fixture(params=["edf", "dicom", "ishne", "wfdb"])
def of_a_person(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A recording whose header holds a name and a date of birth."""
    path = format_files.WRITERS[request.param](tmp_path)
    if request.param == "edf":
        format_files.edited(path, 8, b"4711 F 28-FEB-1931 Quixote_Jane".ljust(80))
    elif request.param == "ishne":  # the names and the birth after the magic, the sum and 7 numbers
        format_files.edited(path, 28, b"Jane".ljust(40) + b"Quixote".ljust(40))
        format_files.edited(path, 132, np.array([28, 2, 1931], dtype="<i2").tobytes())
    elif request.param == "wfdb":
        with path.open("a") as file:
            file.write("# Jane Quixote, born 1931-02-28\n")
    else:
        whole = pydicom.dcmread(path)
        whole.PatientName, whole.PatientBirthDate = "Quixote^Jane", "19310228"
        whole.save_as(path)
    assert b"Quixote" in path.read_bytes()
    return path


def shows_the_person(text: str) -> bool:
    return re.search(r"Quixote|1931-?02-?28|28[-.]FEB[-.]1931", text) is not None


def test_names_and_birth_dates_are_not_printed(
    of_a_person: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(of_a_person)]) == 0
    assert main(["info", str(of_a_person), "--json"]) == 0
    record = formats.read(of_a_person)
    printed = (*capsys.readouterr(), repr(record), record._repr_html_())
    assert not any(map(shows_the_person, printed))
    assert "II" in printed[0]


@pytest.mark.slow
def test_names_and_birth_dates_are_in_no_output(
    of_a_person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for kind in ("wfdb", "csv", "json", "parquet", "edf"):
        assert main(["annotate", str(of_a_person), "-f", kind, "-o", str(out)]) == 0
    for command, name in (("report", "r.html"), ("plot", "p.svg")):
        assert main([command, str(of_a_person), "-o", str(out / name)]) == 0
    written = [path.read_bytes().decode("latin-1") for path in out.iterdir()]
    assert len(written) == 8  # a report has a .json, too
    assert not any(map(shows_the_person, [*written, *capsys.readouterr()]))
