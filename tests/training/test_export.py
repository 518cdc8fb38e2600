"""Model files: ONNX Runtime computes what Keras computes, or no model is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.errors import ModelError
from ecgscribe.files import file_hash
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture, build_network
from ecgscribe.model.runtime import MODELS, Model, load_model
from ecgscribe.training import export
from ecgscribe.training.export import TOLERANCE, export_model, largest_difference
from support.tiny_training import SIZES

# Keras reads TensorFlow's arrays in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CLASSIC = replace(SIZES, preset="classic", n_facts=0)
DECISIONS = {
    "thresholds": {"peak": 0.5, "beat": 0.5, "abnormal": 0.5, "weight": dict.fromkeys("SVFQ", 1.0)},
    "calibration": {"temperature": 1.0, "bias": [0.0] * 5},
    "facts": list(FEATURE_NAMES),
}


def _network(sizes: Architecture) -> Any:
    """Build a network whose weights, those of normalisation too, are like trained ones."""
    network = build_network(sizes)
    rng = np.random.default_rng(0)
    network.set_weights(
        [w * rng.uniform(0.7, 1.3, w.shape) + rng.normal(0, 0.02) for w in network.get_weights()]
    )
    return network


@pytest.fixture(scope="module", params=[SIZES, CLASSIC], ids=lambda sizes: sizes.preset)
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Model]:
    folder = tmp_path_factory.mktemp(request.param.preset)
    network = _network(request.param)
    return network, export_model(network, request.param, DECISIONS, folder, "model")


def test_onnx_computes_what_keras_computes(exported: tuple[Any, Model]) -> None:
    network, model = exported
    assert 0 < largest_difference(network, model) <= TOLERANCE


def test_files_are_named_with_their_hashes(exported: tuple[Any, Model]) -> None:
    _, model = exported
    meta = json.loads(model.path.read_text())
    folder = model.path.parent
    parts = {"trunk", "weights"} | ({"beat_head"} if model.has_beat_head else set())
    assert set(meta["files"]) == parts
    for entry in meta["files"].values():
        assert entry["sha256"] == file_hash(folder / entry["name"])
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        *(entry["name"] for entry in meta["files"].values()),
    }
    assert meta["calibration"] == DECISIONS["calibration"]
    assert meta["versions"]["backend"] == "tensorflow"
    assert {"ecgscribe", "python", "keras", "numpy", "onnxruntime"} <= set(meta["versions"])
    assert load_model(model.path).hash == model.hash


def test_onnx_files_name_their_outputs_and_no_machine(exported: tuple[Any, Model]) -> None:
    import onnx

    _, model = exported
    trunk = onnx.load(model.weight_file("trunk"))
    assert [o.name for o in trunk.graph.output] == ["peak", "frame_class"]
    assert all(not node.doc_string for node in trunk.graph.node)
    if model.has_beat_head:
        head = onnx.load(model.weight_file("beat_head"))
        assert [i.name for i in head.graph.input] == ["class_facts", "facts"]
        assert [o.name for o in head.graph.output] == ["probability"]


def test_weights_load_into_a_new_network(exported: tuple[Any, Model]) -> None:
    network, model = exported
    other = build_network(SIZES if model.has_beat_head else CLASSIC)
    other.load_weights(model.weight_file("weights"))
    for ours, theirs in zip(network.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_onnx_file_that_was_changed_differs(exported: tuple[Any, Model], tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    network, model = exported
    meta = json.loads(model.path.read_text())
    for entry in meta["files"].values():
        (tmp_path / entry["name"]).write_bytes((model.path.parent / entry["name"]).read_bytes())
    path = tmp_path / meta["files"]["trunk"]["name"]
    changed = onnx.load(path)
    for weight in changed.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.ndim > 1:
            weight.CopyFrom(numpy_helper.from_array(values * np.float32(1.05), weight.name))
    onnx.save(changed, path)
    meta["files"]["trunk"]["sha256"] = file_hash(path)
    assert largest_difference(network, Model.from_meta(tmp_path / "model.json", meta)) > TOLERANCE


def test_network_that_differs_from_its_onnx_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = export.write_onnx

    def write_then_change_weights(network: Any, architecture: Architecture, weights: Path) -> None:
        write(network, architecture, weights)
        network.set_weights([w + 0.01 for w in network.get_weights()])

    monkeypatch.setattr(export, "write_onnx", write_then_change_weights)
    with pytest.raises(ModelError, match=r"model\.json: expected ONNX Runtime within 1e-05 of"):
        export_model(_network(CLASSIC), CLASSIC, DECISIONS, tmp_path, "model")
    assert not (tmp_path / "model.json").exists()


def test_scores_that_are_not_numbers_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "largest_difference", lambda *_: float("nan"))
    with pytest.raises(ModelError, match="found a difference of nan"):
        export_model(_network(CLASSIC), CLASSIC, DECISIONS, tmp_path, "model")
    assert not (tmp_path / "model.json").exists()


def test_weights_that_tensorflow_cannot_export_are_one_line(tmp_path: Path) -> None:
    # How it goes well is part of a training with another backend: see test_train.py.
    weights = tmp_path / "model.weights.h5"
    weights.write_bytes(b"these are no weights")
    with pytest.raises(ModelError) as caught:
        export.write_onnx_in_process(SIZES, weights)
    assert str(caught.value).startswith("model.weights.h5: expected TensorFlow to write it as ONNX")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.json")), ids=lambda path: path.stem)
def test_model_in_the_package_is_the_same_in_keras_and_onnx(path: Path) -> None:
    model = load_model(path)
    network = build_network(Architecture(**model.meta["config"]["architecture"]))
    network.load_weights(model.weight_file("weights"))
    assert largest_difference(network, model) <= TOLERANCE
