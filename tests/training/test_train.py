"""Whole trainings, small ones: what the run folder holds, resume after a kill, other backends."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.datasets.catalogue import DS1, SVDB
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError, ModelError
from ecgscribe.model.network import Architecture, build_network
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.scoring import score_signal
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.training.config import TrainingConfig, complete
from ecgscribe.training.data import folds, training_names
from ecgscribe.training.export import TOLERANCE, largest_difference
from ecgscribe.training.train import train
from support.tiny_training import CONFIG, EPOCHS, train_tiny
from support.wfdb_files import save

# Keras reads TensorFlow's arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# JAX is locked with the tests. PyTorch is too large for that; it is tested where it is installed.
OTHER_BACKENDS = ["jax", *(["torch"] if importlib.util.find_spec("torch") else [])]
TRAIN_TINY = [sys.executable, str(Path(__file__).parents[1] / "support" / "tiny_training.py")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a training that was not interrupted."""
    out = tmp_path_factory.mktemp("run") / "new" / "run"
    train_tiny(out)
    return out


def _history(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def _environment(**changes: str) -> dict[str, str]:
    """Return the environment of a user who has set nothing for Keras."""
    ours = ("KERAS_BACKEND", "KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL")
    return {k: v for k, v in os.environ.items() if k not in ours} | changes


def _difference(model: Model) -> float:
    """Compare the model's ONNX files with its weights, read by a new network."""
    network = build_network(Architecture(**model.meta["config"]["architecture"]))
    network.load_weights(model.weight_file("weights"))
    return largest_difference(network, model)


# --- the run folder -----------------------------------------------------------------------


@pytest.mark.slow
def test_run_folder_holds_everything(run: Path) -> None:
    of_each = {
        *("trunk.csv", "trunk.png", "trunk-state.json", "trunk-last.weights.h5"),
        *("beats.csv", "beats.png", "beats.weights.h5"),
        *("model.json", "model-trunk.onnx", "model-beats.onnx", "model.weights.h5"),
    }
    folds_of_it = {"fold-0", "fold-1"}
    assert {path.name for path in run.iterdir()} == of_each | folds_of_it | {
        "config.json",
        "log.txt",
    }
    for name in folds_of_it:
        assert {p.name for p in (run / name).iterdir()} == of_each | {"trunk-best.weights.h5"}
    for name in ("trunk.png", "beats.png", "fold-1/trunk.png"):
        assert (run / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_config_is_kept_whole(run: Path) -> None:
    kept = json.loads((run / "config.json").read_text())
    assert kept == json.loads(json.dumps(asdict(complete(CONFIG))))


@pytest.mark.slow
def test_history_has_loss_and_held_out_metrics(run: Path) -> None:
    trunk = _history(run / "fold-0" / "trunk.csv")
    assert [row["epoch"] for row in trunk] == [1, 2, 3]
    assert all(np.isfinite(row["loss"]) for row in trunk)
    # Held-out patients are evaluated after the second epoch, as set, and after the last one.
    assert ["val_auprc" in row for row in trunk] == [False, True, True]
    beats = _history(run / "fold-0" / "beats.csv")
    assert [row["epoch"] for row in beats] == [1, 2]
    assert all(0 <= row["val_auprc"] <= 1 for row in beats)
    assert not any("val_auprc" in row for row in _history(run / "trunk.csv"))


@pytest.mark.slow
def test_log_has_a_line_per_epoch(run: Path) -> None:
    lines = (run / "log.txt").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S", line) for line in lines)
    assert "5 records (0.1 h) of 2 folds" in lines[0]
    for who in ("fold 0", "fold 1", "all"):
        assert sum(f"{who}: epoch" in line for line in lines) == EPOCHS
        assert sum(f"{who}: beat head, epoch" in line for line in lines) == 2
    assert sum("held-out AUPRC" in line for line in lines) == 8
    assert sum("unseen patients: auprc" in line for line in lines) == 1
    assert lines[-1].endswith(f"done: {run / 'model.json'}")


@pytest.mark.slow
def test_model_file_describes_its_training(run: Path) -> None:
    meta = load_model(run).meta
    assert meta["trained_on"] == "synthetic recordings"
    assert meta["data_sha256"] == {}
    names = [f"synthetic/{k}" for k in range(5)]
    assert meta["split"] == {"training": names, "held_out": []}
    assert load_model(run / "fold-1").meta["split"]["held_out"] == names[1::2]
    assert load_model(run / "fold-1").thresholds == load_model(run).thresholds
    assert set(meta["unseen_patients"]) == {
        "auprc",
        "macro_f1",
        "r_peak_f1_150ms",
        "r_peak_f1_50ms",
        "r_peak_f1_changed",
        "r_peak_f1_noisy",
    }
    assert meta["config"] == json.loads((run / "config.json").read_text())
    assert {"ecgscribe", "python", "keras", "numpy", "scipy", "wfdb"} <= set(meta["versions"])


@pytest.mark.slow
def test_model_is_the_same_in_keras_and_onnx(run: Path) -> None:
    assert _difference(load_model(run)) <= TOLERANCE


@pytest.mark.slow
def test_model_annotates(run: Path) -> None:
    record, _ = synthesize(duration=20)
    annotation = annotate(record, model=load_model(run))
    assert annotation.probability is not None


# --- resume -------------------------------------------------------------------------------


@pytest.mark.slow
def test_killed_run_is_resumed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = subprocess.run(
        [*TRAIN_TINY, str(tmp_path), "--kill"],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert killed.returncode == -9
    lines = [line.partition(" s  ")[2] for line in killed.stderr.splitlines()]
    assert lines[0] == "5 records (0.1 h) of 2 folds"
    assert lines[1].startswith("fold 0: epoch 1/3: loss ")
    assert len(lines) == 2
    assert json.loads((tmp_path / "fold-0" / "trunk-state.json").read_text())["done"] == 1
    assert not (tmp_path / "model.json").exists()

    with pytest.raises(ModelError, match="expected a new folder for the run, found an earlier run"):
        train_tiny(tmp_path)
    assert train_tiny(tmp_path, resume=True) == tmp_path / "model.json"
    assert "fold 0: resuming after epoch 1\n" in capsys.readouterr().err

    history = Path("fold-0", "trunk.csv")
    uninterrupted, resumed = _history(run / history), _history(tmp_path / history)
    assert [row["epoch"] for row in resumed] == [row["epoch"] for row in uninterrupted]
    for ours, theirs in zip(resumed, uninterrupted, strict=True):
        # The batches are the same; what dropout removes is not.
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.1)
        assert set(ours) == set(theirs)
    assert load_model(tmp_path).meta["split"] == load_model(run).meta["split"]


@pytest.mark.slow
def test_finished_run_that_is_resumed_keeps_its_trunk(run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(run, again)
    train_tiny(again, resume=True)
    assert _history(again / "trunk.csv") == _history(run / "trunk.csv")
    signal = np.random.default_rng(0).normal(size=(1280, 2)).astype(np.float32)
    before, after = (score_signal(load_model(folder).network, signal) for folder in (run, again))
    np.testing.assert_allclose(after.peak, before.peak, atol=1e-6)


@pytest.mark.slow
def test_earlier_run_is_not_overwritten(run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    with pytest.raises(ModelError, match="resume it with --resume, or name another --out"):
        train_tiny(run)
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before


@pytest.mark.slow
def test_run_is_not_resumed_with_another_config(run: Path) -> None:
    before = (run / "config.json").read_bytes()
    with pytest.raises(ModelError, match="expected the configuration that the run began with"):
        train_tiny(run, config=replace(CONFIG, seed=2), resume=True)
    assert (run / "config.json").read_bytes() == before


# --- databases ----------------------------------------------------------------------------

MADE = ("mitdb/101", "mitdb/114", "svdb/800", "svdb/802", "nstdb/bw", "nstdb/ma")


@pytest.fixture(scope="module")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Databases of a few synthetic records, two of which are of the fold held out."""
    root = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(MADE):
        db, _, record_name = name.partition("/")
        fs = 128 if db == "svdb" else 360
        record, annotation = synthesize(duration=60, seed=seed, fs=fs, v_rate=0.2)
        folder = root / db
        save(record, folder, record_name)
        if db != "nstdb":
            formats.write(annotation, folder / f"{record_name}.atr")
    return root


@pytest.mark.slow
def test_training_on_databases_holds_out_a_fold(made_data: Path, tmp_path: Path) -> None:
    config = replace(
        CONFIG,
        folds=5,
        fold=3,
        databases=("mitdb", "svdb"),
        architecture=replace(CONFIG.architecture, preset="classic"),
        trunk=replace(CONFIG.trunk, epochs=1, peak_width=-0.05),
    )
    model = load_model(train(config, data_dir=made_data, out=tmp_path / "run"))
    assert model.meta["trained_on"] == "real recordings"
    assert model.meta["split"] == {
        "training": ["mitdb/101", "svdb/800"],
        "held_out": ["mitdb/114", "svdb/802"],
    }
    digest = hashlib.sha256()
    for suffix in ("atr", "dat", "hea"):
        digest.update((made_data / "mitdb" / f"101.{suffix}").read_bytes())
    assert model.meta["data_sha256"]["mitdb/101"] == digest.hexdigest()
    assert set(model.meta["data_sha256"]) == {n for n in MADE if not n.startswith("nstdb")}

    # The classic network classifies at the R-peak itself: no beat head, no features.
    assert not model.has_beat_head
    assert model.meta["facts"] == []
    assert not (tmp_path / "run" / "beats.csv").exists()
    assert _difference(model) <= TOLERANCE


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"databases": ("mitdb", "nstdb")}, "expected databases among mitdb and svdb, found nstdb"),
        ({"databases": ()}, "expected records of several folds, found 0 records of 0; choose"),
        ({"folds": 1}, "expected records of several folds, found 4 records of 1; choose"),
        (
            {"folds": 5, "fold": 2, "architecture": Architecture("classic")},
            "none of fold 2; choose",
        ),
    ],
)
def test_data_that_cannot_be_split_is_one_line(
    changes: dict[str, object], line: str, made_data: Path, tmp_path: Path
) -> None:
    config = replace(CONFIG, **{"databases": ("mitdb", "svdb")} | changes)  # type: ignore[arg-type]
    with pytest.raises((ModelError, DatasetError), match=line):
        train(config, data_dir=made_data, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_limit_holds_for_each_fold(made_data: Path) -> None:
    config = TrainingConfig(databases=("svdb", "mitdb"), limit=1)
    assert training_names(config, made_data) == {"mitdb/101": 0, "mitdb/114": 3, "svdb/800": 1}


def test_every_training_record_has_its_fold() -> None:
    names = {f"mitdb/{name}" for name in DS1} | {f"svdb/{name}" for name in SVDB}
    assert set(folds()) <= names
    assert {f"mitdb/{name}" for name in DS1} <= set(folds())
    assert set(folds().values()) == set(range(5))


# --- what is installed --------------------------------------------------------------------


@pytest.mark.parametrize("package", ["keras", "tf2onnx"])
def test_package_that_is_not_installed_is_one_line(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package == "tf2onnx":
        monkeypatch.setitem(sys.modules, "keras", ModuleType("keras"))  # it is not asked anything
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError) as caught:
        train(synthetic=True, out=tmp_path / "run")
    assert str(caught.value) == (
        f"training expects the packages of ecgscribe[train], found no {package}; "
        "run: pip install 'ecgscribe[train]'"
    )
    assert not (tmp_path / "run").exists()


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_backend_is_tensorflow_by_default_and_prints_nothing(tmp_path: Path) -> None:
    code = (
        "from ecgscribe.training.keras_backend import import_keras as k; "
        "print(k().backend.backend())"
    )
    done = _python(code, KERAS_HOME=str(tmp_path / "none"))
    assert (done.stdout, done.stderr, done.returncode) == ("tensorflow\n", "", 0)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["nonsense", "numpy"])
def test_backend_that_cannot_train_is_one_line(backend: str, tmp_path: Path) -> None:
    code = (
        "from ecgscribe.cli.main import main; import sys; sys.exit(main(['train', '--synthetic']))"
    )
    done = _python(code, KERAS_BACKEND=backend, KERAS_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        rf"ecgscribe: KERAS_BACKEND: expected one of tensorflow, jax, torch, .*{backend}.*\n",
        done.stderr,
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", OTHER_BACKENDS)
def test_other_backends_train_the_same_kind_of_model(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    # JAX compiles the three networks of a run once, and in a hurry.
    compiled = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
        "JAX_PERSISTENT_COMPILATION_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "XLA_FLAGS": (
            "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
        ),
    }
    out = tmp_path / "run"
    done = subprocess.run(
        [*TRAIN_TINY, str(out)],
        env=_environment(KERAS_BACKEND=backend, **compiled),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    model = load_model(out)
    assert model.meta["versions"]["backend"] == backend
    assert [row["epoch"] for row in _history(out / "trunk.csv")] == [1, 2, 3]
    # This process has the TensorFlow backend: the weights are the same for both.
    assert _difference(model) <= TOLERANCE


def test_settings_of_a_file_are_those_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[trunk]\nstep = 3\n")
    with pytest.raises(ModelError, match=r"wrong\.toml \[trunk\]: .* did you mean steps\?"):
        train(path, out=tmp_path / "run")
