"""`ecgscribe report`: what it never replaces, and what it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ecgscribe.cli.main import main
from ecgscribe.record import LazyRecord
from support import format_files
from support.command_line import error_line
from support.format_files import START


@pytest.mark.parametrize("written", ["r.html", "r.json"])
def test_report_never_replaces_its_input(
    written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.edf(tmp_path).rename(tmp_path / written)
    before = path.read_bytes()
    line = error_line(capsys, "report", path, "-o", tmp_path / "r.html", "--force", code=1)
    assert "found one that is read; choose another name" in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("no_dates", [False, True])
def test_no_dates_leaves_the_start_out_of_a_report(
    no_dates: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[LazyRecord] = []

    def write_nothing(source: LazyRecord, *arguments: Any, **options: Any) -> dict[str, Any]:
        reported.append(source)
        return {}

    monkeypatch.setattr("ecgscribe.report.build.report", write_nothing)
    command = ["report", str(format_files.edf(tmp_path)), "-o", str(tmp_path / "r.html")]
    assert main([*command, *["--no-dates"] * no_dates]) == 0
    assert [source.start for source in reported] == [None if no_dates else START]
