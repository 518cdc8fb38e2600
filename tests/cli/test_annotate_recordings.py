"""`ecgscribe annotate` on recordings that are rejected, and on those that need a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.record import Record
from support.command_line import Run, Signal, complaints, ecgscribe, made
from support.wfdb_files import save


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("rejected")
    first, last = save(made("first"), folder), save(made("last"), folder)
    save(made("headeronly"), folder).with_suffix(".dat").unlink()
    cut = save(made("truncated"), folder).with_suffix(".dat")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    altered = save(made("altered"), folder).with_suffix(".dat")
    altered.write_bytes(b"\x7f" + altered.read_bytes()[1:])
    header = save(made("fszero"), folder).with_suffix(".hea")
    header.write_text(header.read_text().replace("fszero 2 360", "fszero 2 0"))
    save(renamed(made("noecg"), leads=("PLETH", "RESP"), units=("NU", "pm")), folder)
    save(made("hasty", duration=0.9), folder)
    (folder / "directory").mkdir()
    names = (
        "missing",
        "headeronly",
        "truncated",
        "altered",
        "fszero",
        "noecg",
        "hasty",
        "directory",
    )
    records = [first, *(folder / name for name in names), last]
    return ecgscribe("annotate", *records, "-o", folder / "out"), folder / "out"


def renamed(record: Record, *, leads: tuple[str, ...], units: tuple[str, ...]) -> Record:
    return Record(record.signal, record.fs, leads, units, name=record.name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no missing.hea"),
        ("headeronly", "headeronly.dat"),
        ("truncated", "cut short"),
        ("altered", "expected the checksum"),
        ("fszero", "sampling frequency above 0 Hz"),
        ("noecg", "expected an ECG lead"),
        ("hasty", "at least 1 s"),
        ("directory", "found a folder"),
    ],
)
def test_rejected_recording_gets_one_clear_line_and_no_file(
    rejected: tuple[Run, Path], name: str, reason: str
) -> None:
    run, out = rejected
    assert run.returncode == 1
    line, last = (line for line in complaints(run) if name in line)
    assert reason in line
    assert " recordings failed: " in last
    assert not list(out.glob(f"*{name}*"))


def test_other_recordings_of_the_call_are_done(rejected: tuple[Run, Path]) -> None:
    run, out = rejected
    assert sorted(path.name for path in out.iterdir()) == ["first.scribe", "last.scribe"]
    assert len(complaints(run)) == 11
    assert complaints(run)[-1].startswith("8 of 10 recordings failed: ")


GAP = slice(10, 15)  # s


def lose(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = np.nan


def flatten(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = 0.1


def saturate(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = 5.0


def kill_second_lead(signal: Signal, fs: int) -> None:
    signal[:, 1] = 0.0


def smooth_out(signal: Signal, fs: int) -> None:
    """Leave a slow wave that comes and goes, and nothing as steep as a QRS."""
    time = np.arange(len(signal)) / fs
    wave = 0.3 * np.sin(np.pi * time / time[-1]) ** 2 * np.sin(2 * np.pi * time)
    signal[:] = wave[:, None]


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("doubtful")
    records = [
        made("nan", change=lose),
        made("flat", change=flatten),
        made("saturated", change=saturate),
        made("deadlead", change=kill_second_lead),
        made("beatless", change=smooth_out),
        made("threeseconds", duration=3.0),
        renamed(made("besides"), leads=("II", "PLETH"), units=("mV", "NU")),
    ]
    run = ecgscribe(
        "annotate", *(save(record, folder) for record in records), "-o", folder / "out", "--quiet"
    )
    return run, folder / "out"


@pytest.mark.parametrize(
    "name", ["nan", "flat", "saturated", "deadlead", "beatless", "threeseconds", "besides"]
)
def test_doubtful_recording_is_annotated_with_a_warning(
    doubtful: tuple[Run, Path], name: str
) -> None:
    run, out = doubtful
    assert run.returncode == 0, run.stderr
    assert (out / f"{name}.scribe").is_file()
    assert [line for line in complaints(run) if line.startswith(f"warning: {name}: ")]


@pytest.mark.parametrize("name", ["nan", "flat", "saturated"])
def test_stretch_without_a_signal_is_marked_and_holds_no_beats(
    doubtful: tuple[Run, Path], name: str
) -> None:
    annotation = formats.read_annotation(doubtful[1] / f"{name}.scribe")
    at = annotation.sample / annotation.fs
    mark = annotation.symbol == "~"
    np.testing.assert_allclose(at[mark], [GAP.start, GAP.stop], atol=0.1)
    assert annotation.aux_note[mark].tolist() == ["unreadable", "readable"]
    beats = at[annotation.class_index >= 0]
    assert not np.any((beats > GAP.start) & (beats < GAP.stop))
    assert np.sum(beats < GAP.start) > 5
    assert np.sum(beats > GAP.stop) > 8


@pytest.mark.parametrize("name", ["deadlead", "besides"])
def test_good_lead_is_enough(doubtful: tuple[Run, Path], name: str) -> None:
    annotation = formats.read_annotation(doubtful[1] / f"{name}.scribe")
    assert len(annotation.beats()) > 20


def test_dead_lead_beside_a_good_one_is_marked(doubtful: tuple[Run, Path]) -> None:
    annotation = formats.read_annotation(doubtful[1] / "deadlead.scribe")
    marks = annotation.select(annotation.symbol == "~")
    assert len(marks) == 2
    assert marks.aux_note[0].endswith(" unreadable")
    assert marks.subtype.tolist() == [32, 0]


def test_recording_without_beats_gets_none(doubtful: tuple[Run, Path]) -> None:
    assert len(formats.read_annotation(doubtful[1] / "beatless.scribe").beats()) == 0
    assert "warning: beatless: no beats found" in complaints(doubtful[0])


def test_three_seconds_are_enough_to_find_beats(doubtful: tuple[Run, Path]) -> None:
    assert len(formats.read_annotation(doubtful[1] / "threeseconds.scribe").beats()) >= 2


def test_one_lead_alone_is_normal_use(tmp_path: Path) -> None:
    record = made("single")
    one = Record(record.signal[:, :1], record.fs, record.leads[:1], name="single")
    run = ecgscribe("annotate", save(one, tmp_path), "-o", tmp_path, "--quiet")
    assert run.returncode == 0
    assert not complaints(run)


def test_pacemaker_in_the_header_is_warned_of(tmp_path: Path) -> None:
    record = made("paced")
    paced = Record(record.signal, record.fs, record.leads, name="paced", comments=("Pacemaker",))
    run = ecgscribe("annotate", save(paced, tmp_path), "-o", tmp_path, "--quiet")
    assert run.returncode == 0
    (line,) = complaints(run)
    assert line.startswith("warning: paced: ")
    assert "pacemaker" in line
