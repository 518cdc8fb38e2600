"""Add rhythm networks to the files of a model.

Keras exports to ONNX through TensorFlow. Networks of another backend are exported by a separate
process, ``python -m ecgscribe.training.rhythm_export FOLDER STEM``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.errors import ModelError
from ecgscribe.files import file_hash, write_text
from ecgscribe.model.intervals import WINDOW
from ecgscribe.model.rhythm import N_INTERVAL_FEATURES, WINDOW_S
from ecgscribe.model.runtime import RHYTHM_PARTS, Model
from ecgscribe.model.second_features import N_SECOND_FEATURES
from ecgscribe.signal.windows import FS
from ecgscribe.training.export import TOLERANCE, run_with_tensorflow, to_onnx
from ecgscribe.training.rhythm_network import RhythmNetworks

__all__ = ["add_rhythm", "write_rhythm_onnx"]


def add_rhythm(
    model: Model, networks: RhythmNetworks, folder: Path, about: dict[str, Any]
) -> Model:
    """Write rhythm networks next to a model, and name them in the model's JSON.

    Parameters
    ----------
    model : Model
        Of the same patients.
    networks : RhythmNetworks
    folder : Path
        Holds their weights.
    about : dict
        What they were trained on; ``rhythm`` of the JSON.

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
        write_rhythm_onnx(networks, stem)
    else:
        run_with_tensorflow("ecgscribe.training.rhythm_export", folder, stem)
    entries = {
        part: {"name": path.name, "sha256": file_hash(path)}
        for part in RHYTHM_PARTS
        for path in [_onnx_path(stem, part)]
    }
    meta = model.meta | {"rhythm": about, "files": model.meta["files"] | entries}
    complete = Model.from_meta(model.path, meta)
    difference = _largest_difference(networks, complete)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{model.path.name}: expected ONNX Runtime within {TOLERANCE:g} of Keras, found a "
            f"difference of {difference:.2g}; export with other versions of keras and tf2onnx"
        )
    write_text(model.path, json.dumps(meta, indent=1) + "\n", force=True)
    return complete


def write_rhythm_onnx(networks: RhythmNetworks, stem: Path) -> None:
    """Write the ONNX files of networks of the TensorFlow backend."""
    lead, head, intervals = _parts(networks)
    to_onnx(lead, _onnx_path(stem, "rhythm_lead"), {"signal": 1}, ["embedding"], length=2 * FS)
    inputs = {"seconds": N_SECOND_FEATURES}
    to_onnx(head, _onnx_path(stem, "rhythm_head"), inputs, ["rhythm"])
    inputs = {"intervals": N_INTERVAL_FEATURES}
    to_onnx(intervals, _onnx_path(stem, "rhythm_intervals"), inputs, ["fibrillation"])


def _parts(networks: RhythmNetworks) -> list[Any]:
    """Return the Keras model of each of `RHYTHM_PARTS`."""
    return [*map(networks.seconds.get_layer, RHYTHM_PARTS[:2]), networks.intervals]


def _largest_difference(networks: RhythmNetworks, model: Model) -> float:
    rng = np.random.default_rng(0)
    lead, head, intervals = _parts(networks)
    signal = rng.normal(size=(2, 20 * FS, 1)).astype(np.float32)
    seconds = rng.normal(size=(2, WINDOW_S, N_SECOND_FEATURES)).astype(np.float32)
    rr = rng.normal(size=(2, WINDOW, N_INTERVAL_FEATURES)).astype(np.float32)
    if model.rhythm is None:
        return float("inf")
    pairs = [
        (model.rhythm.embed(signal), lead.predict(signal, verbose=0)),
        (model.rhythm.classify(seconds), head.predict(seconds, verbose=0)),
        (model.rhythm.judge_intervals(rr), intervals.predict(rr, verbose=0)[..., 0]),
    ]
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


def _onnx_path(stem: Path, part: str) -> Path:
    return stem.with_name(f"{stem.name}-{part.replace('_', '-')}.onnx")


def _main(folder: Path, stem: Path) -> None:
    write_rhythm_onnx(RhythmNetworks.load(folder), stem)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
