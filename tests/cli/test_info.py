"""`ecgscribe info`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ecgscribe import formats
from ecgscribe.record import Annotation
from support import format_files
from support.command_line import ecgscribe, only_error


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
    assert "damaged or cut short" in only_error(ecgscribe("plot", path))


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
    assert run.returncode == 1
    told = json.loads(run.stdout)["signals"]
    assert [(each["name"], each["fs"]) for each in told] == [("ECG 1000", 250), ("ECG 500", 125)]
    assert "ECG 500 (125 Hz) and ECG 1000 (250 Hz); choose leads" in run.stderr
    assert ecgscribe("info", tmp_path / "p.edf", "--leads", "ecg 500").returncode == 0
