"""`ecgscribe train`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from ecgscribe.errors import FormatError, ModelError
from ecgscribe.model.runtime import MODELS
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.run_folder import open_run
from support.command_line import ecgscribe, only_error


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_database_that_is_not_there_is_one_line(name: str, tmp_path: Path) -> None:
    run = ecgscribe(name, "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert "ecgscribe fetch mitdb" in only_error(run)


def test_a_run_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(FormatError, match="run: expected a folder to write into, cannot make it"):
        open_run(tmp_path / "run", TrainingConfig(), resume=False)


def test_a_model_of_no_run_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    for resume in (False, True):
        with pytest.raises(ModelError, match=r"a new folder for the run, found a model"):
            open_run(tmp_path, TrainingConfig(), resume=resume)


def test_train_with_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("epoch = 3\n")
    run = ecgscribe("train", "--config", tmp_path / "wrong.toml", "--out", tmp_path / "out")
    assert "epoch" in only_error(run)


def test_quiet_training_logs_to_its_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecgscribe.training import train as training

    def train(config: object, *, progress: Callable[[str], None] | None, **_: object) -> Path:
        if progress is not None:
            progress("     1 s  fold 0: epoch 1/10")
        return MODELS / "default.json"

    monkeypatch.setattr(training, "train", train)
    command = ["train", "--out", str(tmp_path)]
    assert main([*command, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([*command, "--json"]) == 0
    result, log = capsys.readouterr()
    assert len(json.loads(result)["model"]) == 64
    assert "epoch 1/10" in log
