"""Add a rhythm network to the files of a model.

Keras exports to ONNX through TensorFlow. A network of another backend is exported by a separate
process, ``python -m ecgscribe.training.rhythm_export WEIGHTS STEM``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.errors import ModelError
from ecgscribe.files import file_hash, write_text
from ecgscribe.model.rhythm import N_SECOND_FEATURES, WINDOW_S
from ecgscribe.model.runtime import RHYTHM_PARTS, Model
from ecgscribe.signal.windows import FS
from ecgscribe.training.export import TOLERANCE, run_with_tensorflow, to_onnx
from ecgscribe.training.rhythm_network import build_rhythm_network

__all__ = ["add_rhythm", "write_rhythm_onnx"]


def add_rhythm(model: Model, network: Any, weights: Path, about: dict[str, Any]) -> Model:
    """Write a rhythm network next to a model, and name it in the model's JSON.

    Parameters
    ----------
    model : Model
        Of the same patients.
    network : keras.Model
        From `ecgscribe.training.rhythm_network.build_rhythm_network`.
    weights : Path
        Its weights.
    about : dict
        What it was trained on; ``rhythm`` of the JSON.

    Returns
    -------
    Model
        With its rhythm network.

    Raises
    ------
    ModelError
        If ONNX Runtime computes something else than Keras, or TensorFlow is missing.
    """
    import keras

    stem = model.path.with_suffix("")
    if keras.backend.backend() == "tensorflow":
        write_rhythm_onnx(network, stem)
    else:
        run_with_tensorflow("ecgscribe.training.rhythm_export", weights, stem)
    entries = {
        part: {"name": path.name, "sha256": file_hash(path)}
        for part in RHYTHM_PARTS
        for path in [_onnx_path(stem, part)]
    }
    meta = model.meta | {"rhythm": about, "files": model.meta["files"] | entries}
    complete = Model.from_meta(model.path, meta)
    difference = _largest_difference(network, complete)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{model.path.name}: expected ONNX Runtime within {TOLERANCE:g} of Keras, found a "
            f"difference of {difference:.2g}; export with other versions of keras and tf2onnx"
        )
    write_text(model.path, json.dumps(meta, indent=1) + "\n", force=True)
    return complete


def write_rhythm_onnx(network: Any, stem: Path) -> None:
    """Write the two ONNX files of a network of the TensorFlow backend."""
    lead, head = (network.get_layer(part) for part in RHYTHM_PARTS)
    to_onnx(lead, _onnx_path(stem, "rhythm_lead"), {"signal": 1}, ["embedding"], length=2 * FS)
    inputs = {"seconds": N_SECOND_FEATURES}
    to_onnx(head, _onnx_path(stem, "rhythm_head"), inputs, ["rhythm"])


def _largest_difference(network: Any, model: Model) -> float:
    rng = np.random.default_rng(0)
    lead, head = (network.get_layer(part) for part in RHYTHM_PARTS)
    signal = rng.normal(size=(2, 20 * FS, 1)).astype(np.float32)
    seconds = rng.normal(size=(2, WINDOW_S, N_SECOND_FEATURES)).astype(np.float32)
    if model.rhythm is None:
        return float("inf")
    pairs = [
        (model.rhythm.embed(signal), lead.predict(signal, verbose=0)),
        (model.rhythm.classify(seconds), head.predict(seconds, verbose=0)),
    ]
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


def _onnx_path(stem: Path, part: str) -> Path:
    return stem.with_name(f"{stem.name}-{part.replace('_', '-')}.onnx")


def _main(weights: Path, stem: Path) -> None:
    network = build_rhythm_network()
    network.load_weights(weights)
    write_rhythm_onnx(network, stem)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
