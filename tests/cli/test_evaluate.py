"""`ecgscribe evaluate`."""

from __future__ import annotations

import shlex

import pytest

from command_line import error_line
from ecgscribe.cli.evaluate import command_line, evaluate


def test_command_that_evaluates_again_names_no_folder_of_this_machine() -> None:
    assert command_line("default", "mitdb", "ds2") == (
        "ecgscribe evaluate --db mitdb --split ds2 --benchmarks BENCHMARKS.md --force"
    )
    line = command_line("somewhere/small.json", "svdb", "all", compare_with=("a/other/model.json",))
    assert "--db svdb --split all --model small.json --compare-with other --bench" in line
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
