"""Write a trained network as the files that annotation reads: ONNX, Keras weights, one JSON."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.errors import ModelError
from ecgscribe.network import Architecture
from ecgscribe.runtime import Model, file_hash
from ecgscribe.windows import STEPS_PER_FRAME

__all__ = ["TOLERANCE", "export_model", "largest_difference"]

TOLERANCE = 1e-5
"""Greatest difference allowed between a score of Keras and one of ONNX Runtime."""


def _to_onnx(model: Any, path: Path, inputs: dict[str, int], outputs: list[str]) -> None:
    """Export one Keras model; inputs are named with their number of channels."""
    import keras
    import onnx

    # Keras exports a model only once it has been called.
    length = 4 * STEPS_PER_FRAME
    example = [np.zeros((1, length, width), dtype=np.float32) for width in inputs.values()]
    model(example if len(example) > 1 else example[0])
    signature = [
        keras.InputSpec(shape=(None, None, width), dtype="float32", name=name)
        for name, width in inputs.items()
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        model.export(
            path,
            format="onnx",
            verbose=False,
            input_signature=signature if len(signature) == 1 else [signature],
        )
    exported = onnx.load(path)
    names = {o.name: name for o, name in zip(exported.graph.output, outputs, strict=True)}
    for node in exported.graph.node:
        node.doc_string = ""
        for k, name in enumerate(node.output):
            node.output[k] = names.get(name, name)
        for k, name in enumerate(node.input):
            node.input[k] = names.get(name, name)
    for output in exported.graph.output:
        output.name = names[output.name]
    onnx.checker.check_model(exported)
    onnx.save(exported, path)


def largest_difference(network: Any, model: Model, architecture: Architecture) -> float:
    """Give the largest difference between the scores of Keras and of ONNX Runtime.

    Parameters
    ----------
    network : keras.Model
        As `ecgscribe.network.build_network` gives it, with the model's weights.
    model : Model
    architecture : Architecture

    Returns
    -------
    float
        Over all outputs, on one window of random signal and random beats.
    """
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(40 * STEPS_PER_FRAME * 16, 2)).astype(np.float32)
    trunk = network if architecture.preset == "classic" else network.get_layer("trunk")
    by_onnx = model.score_signal(signal)
    by_keras = [np.asarray(o)[0] for o in trunk.predict_on_batch(signal_window(signal))]
    halo = (len(by_keras[0]) - len(signal)) // 2
    pairs = [(by_onnx.peak, by_keras[0][halo : halo + len(signal), 0])]
    frames = halo // model.frame
    for ours, theirs in ((by_onnx.features, by_keras[1]), (by_onnx.frame_class, by_keras[2])):
        pairs.append((ours, theirs[frames : frames + len(ours)]))
    if model.has_beat_head:
        features = rng.normal(size=(1, 256, architecture.n_features)).astype(np.float32)
        facts = rng.normal(size=(1, 256, architecture.n_facts)).astype(np.float32)
        head = network.get_layer("beat_head")
        theirs = np.asarray(head.predict_on_batch([features, facts]))[0]
        pairs.append((model.score_beats(features[0], facts[0])[:192], theirs[:192]))
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


def export_model(
    network: Any, architecture: Architecture, meta: dict[str, Any], folder: Path, name: str
) -> Model:
    """Write a network's files and check that ONNX Runtime gives what Keras gives.

    Parameters
    ----------
    network : keras.Model
    architecture : Architecture
    meta : dict
        What the JSON says beside the files and their hashes.
    folder : Path
    name : str
        Stem of the files.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If a score differs by more than `TOLERANCE`.
    """
    classic = architecture.preset == "classic"
    trunk = network if classic else network.get_layer("trunk")
    files = {"trunk": folder / f"{name}-trunk.onnx", "weights": folder / f"{name}.weights.h5"}
    _to_onnx(trunk, files["trunk"], {"signal": 2}, ["peak", "features", "frame_class"])
    if not classic:
        files["beat_head"] = folder / f"{name}-beats.onnx"
        inputs = {"trunk_features": architecture.n_features, "facts": architecture.n_facts}
        _to_onnx(network.get_layer("beat_head"), files["beat_head"], inputs, ["probability"])
    network.save_weights(files["weights"])
    meta = meta | {
        "files": {
            part: {"name": path.name, "sha256": file_hash(path)}
            for part, path in sorted(files.items())
        }
    }
    path = folder / f"{name}.json"
    temporary = path.with_name(f"new-{path.name}")
    temporary.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
    model = Model(path, meta)
    difference = largest_difference(network, model, architecture)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{path.name}: expected ONNX Runtime within {TOLERANCE:g} of Keras, found a "
            f"difference of {difference:.2g}; export with other versions of keras and tf2onnx"
        )
    return model
