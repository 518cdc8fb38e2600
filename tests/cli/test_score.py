"""`ecgscribe score`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.record import Annotation
from support.command_line import ecgscribe, error_line, only_error


def test_score_of_a_reference_with_itself_is_perfect(good: Path) -> None:
    ref = good.with_suffix(".ref")
    told = json.loads(ecgscribe("score", ref, ref, "--start", "0:00", "--json").stdout)
    assert told["qrs_se"]["value"] == told["qrs_pp"]["value"] == 1
    report = ecgscribe("score", ref, ref, "--start", "0").stdout
    assert "100.00 %" in report
    assert "good" in report


def test_score_starts_where_it_is_told(good: Path) -> None:
    ref = good.with_suffix(".ref")
    whole, half = (
        json.loads(ecgscribe("score", ref, ref, "--start", start, "--json").stdout)["qrs_se"][
            "total"
        ]
        for start in ("0", "0:15")
    )
    assert 0 < half < whole


def test_score_warns_that_nothing_counts(good: Path) -> None:
    ref = good.with_suffix(".ref")
    run = ecgscribe("score", ref, ref)  # shorter than the five minutes that do not count
    assert run.returncode == 0
    assert "score: no beats from 0:05:00 on; count all with --start 0" in run.stderr
    assert ecgscribe("score", ref, ref, "--start", "0").stderr == ""


def test_score_of_a_missing_file_is_one_line(good: Path) -> None:
    run = ecgscribe("score", good.with_suffix(".ref"), good.with_suffix(".absent"))
    assert "good.absent" in only_error(run)


def test_score_shows_runs_and_episodes_after_the_beats(good: Path) -> None:
    ref = good.with_suffix(".ref")
    lines = ecgscribe("score", ref, ref, "--start", "0").stdout.splitlines()
    heads = [line.split("Se")[0].strip() for line in lines]
    assert heads[-11].startswith("RMS RR interval error")
    assert heads[-10:] == [
        "V couplets", "V short runs", "V long runs", "S couplets", "S short runs", "S long runs",
        "AF episodes", "AF duration", "VF episodes", "VF duration",
    ]  # fmt: skip
    content = json.loads(ecgscribe("score", ref, ref, "--start", "0", "--json").stdout)
    assert set(content["runs"]) == {"ventricular", "supraventricular"}
    assert len(content["runs"]["ventricular"]["sensitivity"]) == 7
    assert content["episodes"]["AF"]["counts"] == {"TPs": 0, "FN": 0, "TPp": 0, "FP": 0}


@pytest.mark.parametrize("header", [True, False])
def test_score_takes_the_length_of_the_recording_for_an_episode_without_end(
    good: Path, tmp_path: Path, *, header: bool
) -> None:
    record = formats.open_record(good)
    fibrillation = Annotation(
        np.array([100, 3000]), np.array(["+", "N"]), record.fs, aux_note=np.array(["(AFIB", ""])
    )
    formats.write(fibrillation, tmp_path / "good.ref")
    if header:
        for file in formats.recording_files(good):
            shutil.copy(file, tmp_path)
    ref = tmp_path / "good.ref"
    content = json.loads(ecgscribe("score", ref, ref, "--start", "0", "--json").stdout)
    end = record.n_samples if header else 3000
    assert content["episodes"]["AF"]["duration_se"]["total"] == end - 100


@pytest.mark.parametrize("kind", ["csv", "parquet", "edf"])
def test_score_reads_what_annotate_writes(good: Path, tmp_path: Path, kind: str) -> None:
    for each in ("wfdb", kind):
        assert ecgscribe("annotate", good, "-o", tmp_path, "-f", each, "--quiet").returncode == 0
    ref = good.with_suffix(".ref")
    test = tmp_path / f"good.scribe.{kind}"
    other, same = (
        json.loads(ecgscribe("score", ref, each, "--start", "0", "--json", "--any-name").stdout)
        for each in (test, tmp_path / "good.scribe")
    )
    assert other == same


def test_score_says_from_where_it_counts(good: Path) -> None:
    ref = good.with_suffix(".ref")
    assert ecgscribe("score", ref, ref).stdout.startswith("Counted from 0:05:00 on")
    assert json.loads(ecgscribe("score", ref, ref, "--json").stdout)["start"] == 300


def test_score_refuses_annotations_of_different_recordings_unless_told(good: Path) -> None:
    ref = good.with_suffix(".ref")
    other = good.with_name("other.ref")
    shutil.copy(ref, other)
    run = ecgscribe("score", ref, other, "--start", "0")
    assert "found good and other" in only_error(run)
    run = ecgscribe("score", ref, other, "--start", "0", "--any-name")
    assert (run.returncode, run.stderr) == (0, "")


def test_score_refuses_a_window_of_nothing(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ref = good.with_suffix(".ref")
    line = error_line(capsys, "score", ref, ref, "-w", "0", code=2)
    assert "--window: expected a time above 0 s, found '0'" in line
