"""A file that a command reads is never replaced, also with `--force`."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from ecgscribe.model.runtime import MODELS
from support.command_line import error_line
from support.format_files import edf
from support.physionet_server import write_record

LINE = "expected a file to write, found one that is read"


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("plot {} --annotator png -o good.png --force", "good.png"),
        ("report {} --annotator html --force", "good.html"),
        ("report {} --annotator json -o good.html --force", "good.json"),
        ("adapt {} --ref mine --annotator mine --force", "good.mine"),
    ],
)
@pytest.mark.parametrize("name", ["good", "good.hea"])
def test_annotations_are_not_replaced(
    command: str,
    target: str,
    name: str,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix in (".hea", ".dat"):
        shutil.copy(good.with_suffix(suffix), tmp_path)
    shutil.copy(good.with_suffix(".ref"), tmp_path / target)
    before = Path(target).read_bytes()
    assert LINE in error_line(capsys, *command.format(name).split(), code=1)
    assert Path(target).read_bytes() == before


def test_annotations_of_a_name_with_a_dot_are_not_replaced(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(good.with_suffix(".hea"), "a.b.hea")
    shutil.copy(good.with_suffix(".dat"), tmp_path)
    shutil.copy(good.with_suffix(".ref"), "a.b.mine")
    before = Path("a.b.mine").read_bytes()
    line = error_line(
        capsys, "adapt", "a.b", "--ref", "mine", "--annotator", "mine", "--force", code=1
    )
    assert LINE in line
    assert Path("a.b.mine").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "model"),
    [
        ("report {} -o good.html", "good.json"),
        ("annotate {} -f json --annotator scribe -o .", "good.scribe.json"),
        ("plot {} -o model.png", "model.png"),
        ("explain {} --at 5 -o model.png", "model.png"),
    ],
)
def test_the_model_is_not_replaced(
    command: str,
    model: str,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODELS, tmp_path, dirs_exist_ok=True)
    before = Path("default.json").rename(model).read_bytes()
    words = command.format(good.with_suffix("")).split()
    assert LINE in error_line(capsys, *words, "--force", "--model", model, code=1)
    assert Path(model).read_bytes() == before


@pytest.mark.parametrize(
    "command", ["annotate {}", "report {}", "plot {}", "explain {} --at 5", "adapt {} --ref ref"]
)
def test_a_folder_in_place_of_the_file_is_named_before_the_work(
    command: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command.format(good.with_suffix("")).split(), "--force", "-o"]
    if words[0] in ("annotate", "adapt"):
        target = tmp_path / "good.mine"
        words = [*words, str(tmp_path), "--annotator", "mine"]
    else:
        target = tmp_path / ("good.html" if words[0] == "report" else "good.png")
        words.append(str(target))
    target.mkdir()
    line = error_line(capsys, *words, code=1)
    assert line == f"ecgscribe: {target}: expected a file name to write, found a folder; add a name"


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ("--benchmarks clinic/anna.atr", "clinic/anna.atr"),
        ("--benchmarks page.md", "page.md"),
        ("-o out", "out/evaluation.json"),
        ("--compare-with default.json --benchmarks default.json", "default.json"),
    ],
)
def test_what_is_evaluated_is_not_replaced(
    options: str,
    target: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODELS, tmp_path, dirs_exist_ok=True)
    write_record(tmp_path / "clinic", "anna")
    Path("page.md").symlink_to("clinic/anna.hea")
    Path("out").mkdir()
    Path("out/evaluation.json").hardlink_to("clinic/anna.dat")
    before = Path(target).read_bytes()
    line = error_line(capsys, "evaluate", "--db", "./clinic", "--force", *options.split(), code=1)
    assert line.startswith(f"ecgscribe: {target}: {LINE}")
    assert Path(target).read_bytes() == before


def test_a_folder_for_tables_that_cannot_be_made_is_named_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module("ecgscribe.evaluation.evaluate")
    monkeypatch.setattr(module, "measure", None)
    write_record(tmp_path, "anna")
    (tmp_path / "file").touch()
    words = ["evaluate", "--db", str(tmp_path), "-o", str(tmp_path / "file")]
    assert "expected a folder to write into" in error_line(capsys, *words, code=1)


def test_another_recording_of_the_batch_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.scribe.edf", "a.edf"):
        edf(tmp_path).rename(name)
    before = Path("a.scribe.edf").read_bytes()
    for other in ("a.scribe.edf", "a.scribe"):
        assert main(["annotate", "a.edf", other, "absent", "-f", "edf", "-o", ".", "--force"]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].startswith(f"ecgscribe: a.scribe.edf: {LINE}")
        assert any(" written to a.scribe.scribe.edf" in line for line in lines)
        assert Path("a.scribe.edf").read_bytes() == before
