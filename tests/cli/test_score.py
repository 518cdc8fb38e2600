"""`ecgscribe score`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.record import Annotation
from support.command_line import ecgscribe, only_error


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
