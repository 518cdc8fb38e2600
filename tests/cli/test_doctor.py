"""`ecgscribe doctor`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ecgscribe.cli import installation
from ecgscribe.cli.main import main
from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.model.runtime import MODELS

ROOT = Path(__file__).resolve().parent.parent.parent


def test_doctor_says_that_ecgscribe_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json", "--data-dir", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "CPUExecutionProvider" in told["onnx_providers"]
    assert told["processors"] >= 1
    assert {db: state["folder"] for db, state in told["databases"].items()} == dict.fromkeys(
        DATABASES
    )
    models = {model["name"]: model for model in told["models"]}
    assert set(models) == {path.stem for path in MODELS.glob("*.json")}
    assert all(model["verified"] for model in models.values())


@pytest.mark.mitdb
def test_doctor_finds_databases(data_dir: Path) -> None:
    found = installation.examine(data_dir=data_dir)["databases"]
    assert (found["mitdb"]["records"], found["mitdb"]["complete"]) == (48, True)
    assert found["svdb"]["complete"] is (found["svdb"]["records"] == 78)


def test_doctor_tells_of_an_altered_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecgscribe.model import runtime

    shutil.copytree(MODELS, tmp_path / "models")
    trunk = tmp_path / "models" / "default-trunk.onnx"
    trunk.write_bytes(trunk.read_bytes()[:-1] + b"!")
    for module in (runtime, installation):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("default: default-trunk.onnx" in line for line in lines if "model" in line)
    assert "the file was altered" in lines[-1]
    assert lines[-1].startswith("problem: ")


def test_doctor_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "_version", lambda name: None if name == "keras" else "1.0")
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "missing: keras: pip install 'ecgscribe[train]'" in out
    assert "none, as Keras is missing" in out


@pytest.mark.parametrize(
    ("environment", "settings", "expected"),
    [("jax", '{"backend": "torch"}', "jax"), ("", '{"backend": "torch"}', "torch"),
     ("", "{", "tensorflow"), ("", "[]", "tensorflow")],
)  # fmt: skip
def test_doctor_knows_the_backend_of_keras(
    environment: str,
    settings: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "keras.json").write_text(settings)
    monkeypatch.setattr(installation, "_version", lambda name: "3.10")  # Keras, wherever this runs
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", environment)
    assert installation._keras_backend() == expected


def test_doctor_knows_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        bare = {r.split(";")[0].split(">")[0].strip() for r in requirements}
        return bare - {"tensorflow-cpu"}

    assert names(project["dependencies"]) == set(installation.REQUIRED)
    extras = project["optional-dependencies"]
    assert {k: names(extras[k]) for k in extras if k not in ("docs", "dev", "dev-train")} == {
        extra: set(packages) for extra, packages in installation.OPTIONAL.items()
    }


def test_doctor_opens_no_socket(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "sys.addaudithook(lambda event, _: event.startswith('socket') and print(event))\n"
        "from ecgscribe.cli.main import main\n"
        "sys.exit(main(['doctor']))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={k: v for k, v in os.environ.items() if k != "ECGSCRIBE_DATA"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "socket" not in run.stdout
