"""A file that a command reads is never replaced, also with `--force`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from ecgscribe.model.runtime import MODELS
from support.command_line import error_line
from support.format_files import edf

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
    "command", ["report {} -o good.html", "annotate {} -f json --annotator scribe -o ."]
)
def test_the_model_is_not_replaced(
    command: str,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODELS, tmp_path, dirs_exist_ok=True)
    model = "good.json" if command.startswith("report") else "good.scribe.json"
    before = Path("default.json").rename(model).read_bytes()
    words = command.format(good.with_suffix("")).split()
    assert LINE in error_line(capsys, *words, "--force", "--model", model, code=1)
    assert Path(model).read_bytes() == before


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
