"""Recordings written as WFDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb

from ecgscribe import formats
from ecgscribe.errors import FormatError
from ecgscribe.record import NO_DATE, Record

SIGNAL = np.array([[0.5, -1.0], [np.nan, 32.767], [0.001, -32.767]], np.float32)
RECORD = Record(SIGNAL, 250.0, ("II", "V1"), name="made", comments=("a comment",))


@pytest.mark.parametrize(
    "start",
    [
        None,
        datetime(2003, 2, 1, 10, 20, 30),
        datetime(2003, 2, 1, 10, 20, 30, 125_000),
        datetime.combine(NO_DATE, time(10, 20, 30)),
    ],
)
def test_what_is_written_is_read_again(start: datetime | None, tmp_path: Path) -> None:
    path = formats.write_record(replace(RECORD, start=start), tmp_path)
    found = formats.read(path)
    np.testing.assert_allclose(found.signal, SIGNAL, atol=1e-6)
    assert replace(found, signal=SIGNAL) == replace(RECORD, start=start)
    assert wfdb.rdheader(str(path)).base_time == (None if start is None else start.time())


def test_both_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "made.hea").touch()
    with pytest.raises(FormatError, match=r"made\.hea: expected a new file"):
        formats.write_record(RECORD, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["made.hea"]


def test_samples_for_which_the_disk_has_no_room_are_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(name: str, *, write_dir: str, **_: object) -> None:
        for suffix in (".dat", ".hea"):
            (Path(write_dir) / f"{name}{suffix}").write_bytes(b"half")

    monkeypatch.setattr(wfdb, "wrsamp", cut_short)
    with pytest.raises(FormatError, match="the system refused"):
        formats.write_record(RECORD, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"signal": SIGNAL * 1000}, r"samples within 32\.767 of zero, found 32767; convert them"),
        ({"signal": np.full((3, 2), np.inf, np.float32)}, "of zero, found inf"),
        ({"signal": SIGNAL[:0]}, "expected samples, found none"),
        ({"name": "../made"}, "expected a name of letters, digits, - and _"),
        ({"name": "a.b"}, "found 'a.b'; rename it"),
        ({"leads": ("II", "II")}, "a different name for each lead, found II, II"),
        ({"units": ("m V", "mV")}, "units without blanks, found 'm V', 'mV'"),
        ({"leads": ("II", "V\n1")}, "leads and comments of one line"),
        ({"comments": ("a\nb",)}, "leads and comments of one line"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], match: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=match):
        formats.write_record(replace(RECORD, **changes), tmp_path)
    assert not list(tmp_path.iterdir())
