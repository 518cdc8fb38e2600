"""Trainings of the rhythm network of seconds, on two made patients."""

from __future__ import annotations

import dataclasses
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import ModelError
from ecgscribe.formats.wfdb.writing import write_annotation, write_record
from ecgscribe.model.runtime import MODELS, Model, load_model
from ecgscribe.model.second_features import N_SECOND_FEATURES
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation
from ecgscribe.training.config import RhythmTraining, TrainingConfig
from ecgscribe.training.data import TrainingData
from ecgscribe.training.rhythm import steady_seconds, train_rhythm

# Keras reads TensorFlow's arrays in a way that NumPy 2 deprecates.
KERAS = "ignore:__array__ implementation:DeprecationWarning"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(KERAS)]

CONFIG = TrainingConfig(
    folds=2, rhythm=RhythmTraining(epochs=1, interval_epochs=1, steps=2, batch=2)
)

NO_DATA = TrainingData([], [], [], {})


def model_in(folder: Path) -> Model:
    """Copy the model of the package, without a rhythm network."""
    folder.mkdir(parents=True)
    meta = load_model().meta
    files = {part: meta["files"][part] for part in ("trunk", "beat_head", "weights")}
    for entry in files.values():
        shutil.copy(MODELS / entry["name"], folder / entry["name"])
    (folder / "model.json").write_text(json.dumps(meta | {"files": files}))
    return load_model(folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings as vfdb has them, with a minute of what is marked as tachycardia."""
    root = tmp_path_factory.mktemp("data")
    (root / "vfdb").mkdir()
    for k, name in enumerate(("418", "419")):
        record = dataclasses.replace(synthesize(duration=150.0, seed=k, fs=250.0)[0], name=name)
        write_record(record, root / "vfdb")
        annotation = Annotation(
            sample=np.array([0, 10_000, 25_000]),
            symbol=np.array(["+"] * 3),
            aux_note=np.array(["(N", "(VT", "(N"]),
            fs=250.0,
        )
        write_annotation(annotation, root / "vfdb" / f"{name}.atr")
    return root


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model, list[str]]:
    out = tmp_path_factory.mktemp("runs") / "run"
    log: list[str] = []
    model, of_folds = model_in(out), {k: model_in(out / f"fold-{k}") for k in range(2)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        model = train_rhythm(model, of_folds, NO_DATA, CONFIG, out, log.append, data_dir=data)
    return out, model, log


def test_a_run_adds_the_rhythm_network_to_every_model(
    trained: tuple[Path, Model, list[str]],
) -> None:
    out, model, log = trained
    assert model.rhythm is not None
    assert model.meta["rhythm"]["training"] == {"vfdb": 2}
    assert any("2 records of vfdb" in line for line in log)
    assert model.hash == load_model(out).hash != load_model().hash
    for k in range(2):
        of_fold = load_model(out / f"fold-{k}")
        assert of_fold.rhythm is not None
        assert of_fold.meta["rhythm"] == model.meta["rhythm"] | {
            "training": {"vfdb": 1}, "held_out_fold": k,
        }  # fmt: skip
    unseen = (out / "rhythm-unseen.csv").read_text().splitlines()
    assert unseen[0] == "record,rhythm,seconds,N,AFIB,VT,VFL,ASYS"
    # Of 40, 60 and 50 s, those within 2 s of a change are not counted.
    assert [row.split(",")[:3] for row in unseen[1:]] == [
        [f"vfdb/{name}", *rest]
        for name in ("418", "419")
        for rest in (("plain", "86"), ("tachycardia", "56"))
    ]


def test_the_model_annotates_rhythms(trained: tuple[Path, Model, list[str]]) -> None:
    record, _ = synthesize(duration=30.0, seed=1)
    annotation = annotate(record, model=trained[1])
    assert annotation.rhythms[-1].end == record.n_samples


def test_what_is_fitted_is_loaded_when_a_run_resumes(
    trained: tuple[Path, Model, list[str]], data: Path
) -> None:
    out, model, _ = trained
    log: list[str] = []
    of_folds = {k: load_model(out / f"fold-{k}") for k in range(2)}
    again = train_rhythm(load_model(out), of_folds, NO_DATA, CONFIG, out, log.append, data_dir=data)
    seconds = np.random.default_rng(0).normal(size=(1, 9, N_SECOND_FEATURES)).astype(np.float32)
    assert again.rhythm is not None
    assert model.rhythm is not None
    np.testing.assert_array_equal(again.rhythm.classify(seconds), model.rhythm.classify(seconds))
    assert not any("epoch" in line for line in log)


def test_an_altered_rhythm_network_is_refused(
    trained: tuple[Path, Model, list[str]], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(trained[0], tmp_path / "copy"))
    path = copy / "model-rhythm-head.onnx"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelError, match="altered"):
        load_model(copy)


def test_without_ventricular_rhythms_the_model_stays_as_it_is(tmp_path: Path) -> None:
    model = model_in(tmp_path / "run")
    log: list[str] = []
    same = train_rhythm(
        model, {0: model}, NO_DATA, CONFIG, tmp_path / "run", log.append, data_dir=tmp_path
    )
    assert same is model
    assert "no recordings with ventricular rhythms" in log[-1]


def test_seconds_near_a_change_are_not_counted() -> None:
    label = np.array([0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2], dtype=np.int8)
    assert steady_seconds(label, 2).tolist() == [0, 0, 0, -1, -1, -1, -1, 2, 2, 2, 2]
    assert label[4] == 0
