"""`ecgscribe evaluate`."""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecgscribe import formats
from ecgscribe.cli.evaluate import command_line, evaluate
from ecgscribe.cli.main import main
from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.datasets.synthetic import synthesize
from support.command_line import ecgscribe, error_line
from support.physionet_server import write_record
from support.wfdb_files import save


def test_command_that_evaluates_again_names_no_folder_of_this_machine() -> None:
    line = command_line("default", "mitdb", "ds2")
    assert line == "ecgscribe evaluate --db mitdb --split ds2"
    out, page = Path("some/report"), Path("other/PAGE.md")
    assert command_line("default", "mitdb", "ds2", out=out, benchmarks=page) == (
        f"{line} --out report --benchmarks PAGE.md --force"
    )
    others = ("runs/other/model.json", "models/twin.json")
    line = command_line("somewhere/small.json", "svdb", "all", compare_with=others)
    assert "--db svdb --split all --model small.json" in line
    assert "--compare-with other --compare-with twin.json" in line
    assert command_line("runs/full", "mitdb", "ds2") == (
        command_line("runs/full/model.json", "mitdb", "ds2")
    )


def test_command_that_evaluates_again_parses_to_the_same_options() -> None:
    line = command_line(
        "default", "mitdb", "ds2", compare_with=("classic", "b"), snr=(12, -6), live=True,
        baselines=True, benchmarks=Path("BENCHMARKS.md"),
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
        "folds": False, "plan": None, "data_dir": "data",
        "benchmarks": None, "baselines": True, "live": False, "compare_with": ["a/classic.json"],
        "snrs_db": [6.0, -6.0], "force": False, "purpose": "evaluation",
        "command": "ecgscribe evaluate --db mitdb --split ds2 --compare-with classic.json "
        "--snr 6,-6 --baselines --out report --force",
    }  # fmt: skip


def test_own_recordings_are_evaluated_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "clinic").mkdir()
    for seed, name in enumerate(("anna", "ben", "cleo")):
        record, reference = synthesize(duration=40.0, seed=seed)
        formats.write(reference, save(record, tmp_path / "clinic", name).with_suffix(".qrs"))

    run = ecgscribe(
        "evaluate", "--db", tmp_path / "clinic", "--annotator", "qrs", "--records", "anna,ben",
        "--out", tmp_path / "report",
    )  # fmt: skip

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("# clinic, all, in part: 2 records\n")
    assert str(tmp_path) not in run.stdout
    assert (
        "ecgscribe evaluate --db clinic --split all --records anna,ben --annotator qrs "
        "--out report --force" in run.stdout
    )
    assert (tmp_path / "report" / "evaluation.json").is_file()


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("mitb", "or a folder of annotated recordings, found 'mitb'; did you mean mitdb?", 2),
        ("somewhere", "found 'somewhere'; choose one, or name a folder", 2),
        ("nowhere/at/all", "found nowhere/at/all; choose one of them, or name a folder", 1),
    ],
)
def test_a_database_that_is_none_is_one_line(
    capsys: pytest.CaptureFixture[str], name: str, message: str, code: int
) -> None:
    assert message in error_line(capsys, "evaluate", "--db", name, code=code)


@pytest.mark.parametrize("name", [name for name in DATABASES if name != "mitdb"])
def test_a_database_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    line = error_line(capsys, "evaluate", "--db", name, "--data-dir", str(tmp_path), code=1)
    assert f"run `ecgscribe fetch {name}`" in line


def test_a_folder_without_annotations_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path, "anna").with_suffix(".atr").unlink()
    line = error_line(capsys, "evaluate", "--db", str(tmp_path), code=1)
    assert "expected annotated recordings, found 1 recordings and no annotations" in line


def test_a_record_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path, "anna")
    line = error_line(capsys, "evaluate", "--db", str(tmp_path), "--records", "anne", code=1)
    assert "found anne; did you mean anna?" in line


def test_splits_default_to_ds2_of_mitdb_and_to_all_of_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(model: str, **options: Any) -> dict[str, Any]:
        return {"split": options["split"]}

    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.markdown"), "markdown", json.dumps
    )
    monkeypatch.setattr(
        importlib.import_module("ecgscribe.evaluation.evaluate"), "evaluate", measure
    )
    for words, split in (
        ([], "ds2"),
        (["--records", "100"], "all"),
        (["--split", "ds1", "--records", "101"], "ds1"),
        (["--db", "svdb"], "all"),
        (["--db", "."], "all"),
    ):
        assert main(["evaluate", *words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"split": split}
