"""`ecgscribe info`."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.record import Annotation, Record
from support import format_files
from support.command_line import complaints, ecgscribe, made, only_error
from support.wfdb_files import save


def test_info_says_what_a_recording_holds(good: Path) -> None:
    told = json.loads(ecgscribe("info", good, "--json", "--annotator", "ref").stdout)
    assert (told["name"], told["fs"], told["samples"]) == ("good", 360.0, 10800)
    assert told["beats"] == len(formats.read_annotation(good.with_suffix(".ref")).beats())
    lines = ecgscribe("info", good).stdout.splitlines()
    assert {"name: good", "fs: 360", "duration: 30", "paced: no"} <= set(lines)


def test_leads_of_edf_go_by_the_name_in_the_file(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    run = ecgscribe("info", path, "--leads", "ECG V1", "--annotator", "edf", "--json")
    info = json.loads(run.stdout)
    assert (info["leads"], info["units"], info["annotations"]) == (["V1"], ["uV"], 2)
    path.write_bytes(path.read_bytes()[:-1])
    (line,) = complaints(ecgscribe("info", path))
    assert "found '4' in its header (was it cut short?); all 3 in the file are read" in line
    path.write_bytes(path.read_bytes()[:1100])
    assert "damaged or cut short" in only_error(ecgscribe("plot", path))


def test_a_warning_is_one_line_however_often_the_header_is_read(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("r.dat", "old/r.dat"))
    (line,) = complaints(ecgscribe("info", path))
    assert "the signal file is read next to its header, not from old/r.dat" in line


def test_annotations_that_run_past_the_recording_are_rejected(good: Path, tmp_path: Path) -> None:
    record = formats.read(good)
    beyond = np.array([100, record.n_samples], dtype=np.int64)
    formats.write(Annotation(beyond, np.array(["N", "N"]), record.fs), good.with_suffix(".past"))
    for command in (["info", good], ["plot", good, "-o", tmp_path / "strip.png"]):
        line = only_error(ecgscribe(*command, "--annotator", "past"))
        assert "expected times within" in line
    assert not list(tmp_path.iterdir())


def test_info_lists_the_signals_where_no_lead_decides_the_frequency(tmp_path: Path) -> None:
    import edfio

    edfio.Edf(
        [edfio.EdfSignal(np.linspace(-1, 1, n), n / 4, label=f"ECG {n}") for n in (1000, 500)]
    ).write(tmp_path / "p.edf")
    run = ecgscribe("info", tmp_path / "p.edf", "--json")
    assert run.returncode == 0
    told = json.loads(run.stdout)["signals"]
    assert [(each["name"], each["fs"]) for each in told] == [("ECG 1000", 250), ("ECG 500", 125)]
    assert "ECG 500 (125 Hz) and ECG 1000 (250 Hz); choose leads" in run.stderr
    assert [line.split(":")[0] for line in complaints(run)] == ["annotate needs a choice"]
    assert ecgscribe("info", tmp_path / "p.edf", "--leads", "ecg 500").returncode == 0


def told_by(*arguments: object) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ecgscribe("info", *arguments, "--json").stdout)
    return content


def test_info_says_how_a_recording_is_stored(tmp_path: Path) -> None:
    edf = told_by(format_files.edf(tmp_path))
    assert edf["format"].startswith("EDF")
    assert edf["bits"] == [16] * len(edf["leads"])
    assert all(gain > 0 for gain in edf["gains"])
    (tmp_path / "w.hea").write_text("w 2 360 10\nw.dat 212 100/uV 11 0 0 0 0 II\nw.dat 212 0 V1\n")
    (tmp_path / "w.dat").write_bytes(bytes(30))
    wfdb = told_by(tmp_path / "w")
    assert (wfdb["format"], wfdb["gains"], wfdb["bits"]) == (
        "WFDB, format 212",
        [100, 200],
        [11, 12],
    )
    table = tmp_path / "t.csv"
    np.savetxt(table, np.random.default_rng(0).normal(size=(900, 2)), delimiter=",")
    text = told_by(table, "--fs", "250")
    assert (text["format"], text["gains"], text["bits"]) == ("CSV", [None] * 2, [None] * 2)


def test_info_shows_the_leads_that_annotate_uses(good: Path, tmp_path: Path) -> None:
    record = formats.read(good)
    twelve = np.tile(record.signal[:, :1], (1, 3)) + np.float32(0.1)
    three = Record(twelve, record.fs, ("I", "II", "V1"), name="three")
    formats.write_record(three, tmp_path)
    run = ecgscribe("annotate", tmp_path / "three", "-o", tmp_path, "--json")
    used = json.loads(run.stdout)["leads"]
    assert told_by(tmp_path / "three")["leads_used"] == used
    assert f" in {', '.join(used)}," in run.stderr
    assert told_by(tmp_path / "three", "--leads", "I")["leads_used"] == ["I"]


def test_info_shows_the_start_unless_dates_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "d"
    (tmp_path / "d.hea").write_text("d 1 100 100 04:00:00 01/02/2003\nd.dat 16 200 I\n")
    (tmp_path / "d.dat").write_bytes(bytes(200))
    assert told_by(path)["start"] == "2003-02-01T04:00:00"
    hidden = ecgscribe("info", path, "--no-dates")
    assert "2003" not in hidden.stdout
    assert "start:" not in hidden.stdout


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
)
def test_info_on_a_terminal_of_ascii_alone(variables: dict[str, str], tmp_path: Path) -> None:
    record = dataclasses.replace(made("und", duration=10), leads=("Ü", "心"), units=("µV", "mV"))
    save(record, tmp_path).with_suffix(".hea").rename(tmp_path / "ünd.hea")
    environment = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "PYTHONIOENCODING")}
    for options in ([], ["--json"]):
        run = subprocess.run(
            [sys.executable, "-m", "ecgscribe", "info", tmp_path / "ünd", *options],
            env=environment | variables, capture_output=True, check=False,
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, b"")
        assert run.stdout.isascii()
        assert b"mV" in run.stdout
