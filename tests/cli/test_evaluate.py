"""`ecgscribe evaluate`."""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecgscribe.cli.evaluate import command_line, evaluate
from ecgscribe.cli.main import main
from support.command_line import error_line


def test_command_that_evaluates_again_names_no_folder_of_this_machine() -> None:
    assert command_line("default", "mitdb", "ds2") == (
        "ecgscribe evaluate --db mitdb --split ds2 --benchmarks BENCHMARKS.md --force"
    )
    others = ("runs/other/model.json", "models/twin.json")
    line = command_line("somewhere/small.json", "svdb", "all", compare_with=others)
    assert "--db svdb --split all --model small.json" in line
    assert "--compare-with other --compare-with twin.json --benchmarks" in line
    assert command_line("runs/full", "mitdb", "ds2") == (
        command_line("runs/full/model.json", "mitdb", "ds2")
    )


def test_command_that_evaluates_again_parses_to_the_same_options() -> None:
    line = command_line(
        "default", "mitdb", "ds2", compare_with=("classic", "b"), snr=(12, -6), live=True,
        baselines=True,
    )  # fmt: skip
    assert line == (
        "ecgscribe evaluate --db mitdb --split ds2 --compare-with classic --compare-with b "
        "--snr 12,-6 --live --baselines --benchmarks BENCHMARKS.md --force"
    )
    options = evaluate.make_context("evaluate", shlex.split(line)[2:]).params
    assert options["compare_with"] == ("classic", "b")
    assert options["snr"] == (12.0, -6.0)
    assert options["live"] is options["baselines"] is options["force"] is True


def test_ratio_that_is_no_number_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(capsys, "evaluate", "--snr", "12,loud", code=2)
    assert "--snr: expected a number, found 'loud'" in line


def test_options_reach_the_library_as_they_are_and_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(
        model: str, *, progress: Callable[[str, int, int], None], **options: Any
    ) -> dict[str, Any]:
        progress("1/1 annotate", 1, 1)
        assert options.pop("out") == Path("report")
        return {"model": model, **options, "data_dir": str(options["data_dir"])}

    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.markdown"), "markdown", json.dumps
    )
    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.evaluate"), "evaluate", measure
    )
    words = ["evaluate", "--data-dir", "data", "-o", "report", "--compare-with", "a/classic.json"]
    assert main([*words, "--snr", "6,-6", "--baselines", "--json"]) == 0
    content, errors = capsys.readouterr()
    assert errors == ""
    assert json.loads(content) == {
        "model": "default", "db": "mitdb", "split": "ds2", "records": None, "annotator": None,
        "data_dir": "data",
        "benchmarks": None, "baselines": True, "live": False, "compare_with": ["a/classic.json"],
        "snrs_db": [6.0, -6.0], "force": False, "purpose": "evaluation",
        "command": "ecgscribe evaluate --db mitdb --split ds2 --compare-with classic.json "
        "--snr 6,-6 --baselines --benchmarks BENCHMARKS.md --force",
    }  # fmt: skip
