"""A start at the end of the calendar: all is written, without times of day that there are not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from support import format_files


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wfdb", "ishne", "aecg", "dicom"])
def test_recording_that_outlasts_the_calendar_and_the_next_one_are_written(
    kind: str,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(format_files, "START", datetime(9999, 12, 31, 23, 59, 59))
    late = format_files.WRITERS[kind](tmp_path)
    for fmt in ("csv", "parquet", "edf"):
        out = tmp_path / fmt
        assert main(["annotate", str(late), str(good), "-f", fmt, "-o", str(out)]) == 0
        assert {path.name.partition(".")[0] for path in out.iterdir()} == {"r", "good"}
        lines = capsys.readouterr().err.splitlines()
        assert len([line for line in lines if " written to " in line]) == 2
        assert all(line.startswith("ecgscribe: ") for line in lines)
    assert main(["report", str(late), "-o", str(tmp_path / "r.html"), "--quiet"]) == 0
