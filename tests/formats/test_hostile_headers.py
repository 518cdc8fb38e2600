"""Headers and links that point elsewhere or at themselves, and persons named in headers."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ecgscribe import formats
from ecgscribe.cli.main import main
from ecgscribe.errors import SignalWarning
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


@pytest.mark.parametrize("fmt", ["edf", "dicom"])
def test_names_and_birth_dates_are_not_printed(
    fmt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.WRITERS[fmt](tmp_path)
    if fmt == "edf":
        format_files.edited(path, 8, b"4711 F 28-FEB-1931 Roe_Jane".ljust(80))
    else:
        whole = pydicom.dcmread(path)
        whole.PatientName, whole.PatientBirthDate = "Roe^Jane", "19310228"
        whole.save_as(path)
    assert b"Jane" in path.read_bytes()
    assert main(["info", str(path)]) == 0
    assert main(["info", str(path), "--json"]) == 0
    printed = (*capsys.readouterr(), repr(formats.read(path)), formats.read(path)._repr_html_())
    for text in printed:
        assert "Roe" not in text
        assert "1931" not in text
    assert "II" in printed[0]
