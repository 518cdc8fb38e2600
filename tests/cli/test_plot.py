"""`ecgscribe plot`."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest

from ecgscribe import plots
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.cli.main import main
from ecgscribe.cli.values import moment
from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES
from support.command_line import ecgscribe, only_error
from support.report_pages import recording_with_ectopy
from support.wfdb_files import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def test_plot_draws_a_strip_and_overwrites_only_when_forced(good: Path, tmp_path: Path) -> None:
    command = ["plot", good, "--start", "0:05", "--end", "0:08", "--annotator", "ref"]
    run = ecgscribe(*command, cwd=tmp_path)
    assert run.stdout == "good-strip.png\n"
    assert (tmp_path / "good-strip.png").read_bytes().startswith(b"\x89PNG")
    assert "--force" in only_error(ecgscribe(*command, cwd=tmp_path))
    assert ecgscribe(*command, "--force", cwd=tmp_path).returncode == 0


def test_plot_annotates_where_no_annotator_is_named(good: Path, tmp_path: Path) -> None:
    assert ecgscribe("plot", good, "-o", tmp_path / "strip.svg").returncode == 0
    assert "<svg" in (tmp_path / "strip.svg").read_text()


@pytest.mark.parametrize("kind", ["day", "lorenz", "timeline"])
def test_plot_draws_all_beats_of_a_recording(good: Path, tmp_path: Path, kind: str) -> None:
    command = ["plot", good, "--kind", kind, "--annotator", "ref", "-o", tmp_path / "beats.pdf"]
    run = ecgscribe(*command)
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "beats.pdf").read_bytes().startswith(b"%PDF")
    assert "with a strip" in only_error(ecgscribe(*command, "--start", "0:05"))


def test_plot_outside_the_recording_is_one_line(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("plot", good, "--start", "40", "--annotator", "ref", "-o", tmp_path / "a.png")
    assert "within the recording" in only_error(run)


def test_a_time_of_day_needs_a_recording_that_has_one(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("plot", good, "--start", "@22:16:32", "-o", tmp_path / "a.png")
    assert "expected a recording with a time of day" in only_error(run)


@pytest.mark.parametrize(
    ("text", "seconds"), [("@23:50:30", 30.0), ("@00:10:00", 1200.0), ("1:30", 90.0)]
)
def test_a_moment_is_of_the_day_or_from_the_start(text: str, seconds: float) -> None:
    signal = np.zeros((2000 * 10, 1), np.float32)
    record = Record(signal, 10.0, ("II",), start=datetime(2026, 3, 1, 23, 50))
    assert moment(text).within(record) == seconds


@pytest.mark.parametrize(
    ("text", "expected", "advice"),
    [
        ("@23:49:59", "from @23:50:00 to @00:23:20, found @23:49:59", "one of these times of day"),
        ("@00:24:00", "from @23:50:00 to @00:23:20, found @0:24:00", "one of these times of day"),
        ("0:40:00", "up to 0:33:20 from the start, found 0:40:00", "choose an earlier time"),
        ("23:55:00", "up to 0:33:20 from the start, found 23:55:00", "write @23:55:00"),
    ],
)
def test_a_moment_outside_the_recording_is_an_error_of_its_own_clock(
    text: str, expected: str, advice: str
) -> None:
    signal = np.zeros((2000 * 10, 1), np.float32)
    record = Record(signal, 10.0, ("II",), start=datetime(2026, 3, 1, 23, 50))
    with pytest.raises(FormatError) as error:
        moment(text).within(record)
    assert expected in str(error.value)
    assert advice in str(error.value)


def test_no_time_of_day_is_after_midnight() -> None:
    with pytest.raises(click.BadParameter, match="below @24:00:00"):
        moment("@25:10:00")


def test_an_existing_picture_is_refused_before_the_work(good: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("mine")
    missing = tmp_path / "nothing.json"
    run = ecgscribe("plot", good, "--model", missing, "-o", tmp_path / "a.png")
    assert "--force" in only_error(run)
    assert (tmp_path / "a.png").read_text() == "mine"


def test_plot_tells_its_file_as_text_as_json_or_not_at_all(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "a.png")
    command = ["plot", str(good), "--annotator", "ref", "-o", target, "--force"]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"record": str(good), "file": target}
    assert main([*command, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_picture_of_a_paced_recording_counts_beats_as_its_report_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = recording_with_ectopy(30.0, name="paced")
    paced = dataclasses.replace(record, comments=("Pacemaker",))
    path = save(paced, tmp_path)
    drawn: list[Annotation] = []
    lorenz = plots.lorenz

    def recorded(annotation: Annotation) -> Axes:
        drawn.append(annotation)
        return lorenz(annotation)

    monkeypatch.setattr(plots, "lorenz", recorded)
    assert main(["plot", str(path), "--kind", "lorenz", "-o", str(tmp_path / "a.png")]) == 0
    assert main(["report", str(path), "-o", str(tmp_path / "a.html")]) == 0
    beats = json.loads((tmp_path / "a.json").read_text())["beats"]
    counts = {c["class"]: c["count"] for c in beats["classes"] if c["count"]}
    indices = beat_series(drawn[0], record.n_samples).class_index
    assert counts == {"Q": len(indices)}
    assert {AAMI_CLASSES[k] for k in indices} == {"Q"}
    assert len(indices) > 20
