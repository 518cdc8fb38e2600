"""Names that are no plain text, in every output that a person looks at."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from xml.dom import minidom

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.cli.main import main
from support.command_line import error_line


@pytest.fixture(params=[r"$\frac$", "e\x1b[31m", "e\x9b31m", "L" * 200, "心電図"])
def odd(request: pytest.FixtureRequest, good: Path) -> Path:
    """A recording with an odd name, and lead names that are as odd."""
    name = str(request.param)
    header = good.with_name(f"{name}.hea")
    text = good.with_suffix(".hea").read_text(encoding="utf-8").replace("good ", "odd ", 1)
    header.write_text(text.replace(" ECG1", f" {name}"), encoding="utf-8")
    good.with_name(f"{name}.ref").write_bytes(good.with_suffix(".ref").read_bytes())
    return header.with_suffix("")


@pytest.mark.slow
def test_names_are_plain_text_in_pictures_and_pages(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, page, why = (tmp_path / name for name in ("a.svg", "a.html", "b.svg"))
    assert main(["plot", str(odd), "--annotator", "ref", "-o", str(picture)]) == 0
    assert main(["report", str(odd), "--annotator", "ref", "-o", str(page)]) == 0
    assert main(["explain", str(odd), "--at", "10", "-o", str(why)]) == 0
    minidom.parse(str(picture))
    minidom.parse(str(why))
    shown = [file.read_text(encoding="utf-8") for file in (picture, page, why)]
    for text in (*shown, *capsys.readouterr()):
        assert not {"\x1b", "\x9b"} & set(text)


def test_a_line_break_in_a_name_makes_no_line_of_its_own(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = good.with_name("a\nforged: b.hea")
    odd.write_bytes(good.with_suffix(".hea").read_bytes())
    assert main(["info", str(odd)]) == 0
    shown = capsys.readouterr()
    assert "name: a?forged: b" in shown.out
    assert main(["annotate", str(odd), str(tmp_path / "no\nrmal"), "-o", str(tmp_path)]) == 1
    done, failed, which = capsys.readouterr().err.splitlines()
    assert "a?forged: b.hea: 37 beats" in done
    assert "no?rmal" in failed
    assert which == f"ecgscribe: 1 of 2 recordings failed: {tmp_path}/no?rmal"


def test_nul_in_an_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "NUL" in error_line(capsys, "info", "a\0b", code=2)


@pytest.fixture
def bytes_name(good: Path, tmp_path: Path) -> Path:
    """A recording whose own name, and that of its signal file, are no UTF-8."""
    header = good.with_suffix(".hea").read_bytes()
    named = header.replace(b"good.dat", b"r\xff\xe9.dat").replace(b"good ", b"r\xff\xe9 ", 1)
    path = tmp_path / os.fsdecode(b"r\xff\xe9.hea")
    path.write_bytes(named)
    path.with_suffix(".dat").write_bytes(good.with_suffix(".dat").read_bytes())
    return path.with_suffix("")


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_signal_file_is_found_by_its_bytes(bytes_name: Path, good: Path, tmp_path: Path) -> None:
    assert np.array_equal(formats.read(bytes_name).signal, formats.read(good).signal)
    by_other = tmp_path / "plain.hea"
    by_other.write_bytes(bytes_name.with_suffix(".hea").read_bytes())
    assert np.array_equal(formats.read(by_other).signal, formats.read(good).signal)
    whole = tmp_path / "whole.hea"
    whole.write_bytes(b"whole/1 2 360 10800\nr\xff\xe9 10800\n")
    assert np.array_equal(formats.read(whole).signal, formats.read(good).signal)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_every_output_of_a_name_that_is_no_utf_8(
    bytes_name: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fpdf", reason="fpdf2 is not installed")
    out = ["-o", str(tmp_path), "--quiet"]
    for kind in ("wfdb", "csv", "json", "parquet", "edf"):
        assert main(["annotate", str(bytes_name), "-f", kind, *out]) == 0
    beats = Path(f"{bytes_name}.scribe")
    for table in ("csv", "parquet"):
        assert main(["score", str(beats), f"{beats}.{table}", "--start", "0"]) == 0
    stored = [str(bytes_name), "--annotator", "scribe", "-o"]
    for command, suffix in (("plot", "png"), ("report", "html"), ("report", "pdf")):
        assert main([command, *stored, str(tmp_path / f"{command}.{suffix}"), "--force"]) == 0
    assert main(["explain", str(bytes_name), "--at", "10", "-o", str(tmp_path / "e.svg")]) == 0
    (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Traceback" not in capsys.readouterr().err
