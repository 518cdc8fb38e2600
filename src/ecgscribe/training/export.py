"""Write a trained network as the files that annotation reads: ONNX, Keras weights, one JSON.

Keras exports to ONNX through TensorFlow. A network of another backend is exported by a separate
process, ``python -m ecgscribe.training.export WEIGHTS``, which reads the architecture as JSON from
its standard input and loads the weights, which are the same for all backends.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import platform
import subprocess
import sys
import warnings
from contextlib import redirect_stdout, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe._version import __version__
from ecgscribe.errors import ModelError
from ecgscribe.files import atomic_write, file_hash, write_text
from ecgscribe.model.features import LOGIT_FEATURE_NAMES
from ecgscribe.model.network import Architecture, build_network
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import score_beats, score_signal
from ecgscribe.signal.windows import FS, STEPS_PER_FRAME
from ecgscribe.training.keras_scoring import KerasNetwork

__all__ = [
    "TOLERANCE",
    "export_model",
    "largest_difference",
    "run_with_tensorflow",
    "to_onnx",
    "write_onnx",
    "write_onnx_in_process",
]


TOLERANCE = 1e-5
"""Largest difference allowed between a score of Keras and one of ONNX Runtime."""
CHECKED_S = 70
"""Seconds of random signal on which Keras and ONNX Runtime are compared."""
CHECKED_BEATS = 300
"""Random beats on which they are compared: more than one window."""
WEIGHTS = ".weights.h5"
"""Suffix of a file of Keras weights."""


def export_model(
    network: Any, architecture: Architecture, meta: dict[str, Any], folder: Path, name: str
) -> Model:
    """Write the files of a network and check that ONNX Runtime computes what Keras computes.

    Parameters
    ----------
    network : keras.Model
        Of any Keras backend.
    architecture : Architecture
    meta : dict
        Content of the JSON, without the versions of packages and the names and hashes of files,
        which are added.
    folder : Path
    name : str
        Stem of the files.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If a score differs by more than `TOLERANCE`, or TensorFlow is missing; the JSON, and with
        it the model, is then not written.
    FormatError
        If the system refuses to write a file.
    """
    import keras

    weights = folder / f"{name}{WEIGHTS}"
    atomic_write(weights, network.save_weights, force=True)
    if (backend := keras.backend.backend()) == "tensorflow":
        write_onnx(network, architecture, weights)
    else:
        write_onnx_in_process(architecture, weights)
    files = {"trunk": _onnx_path(weights, "trunk"), "weights": weights}
    if architecture.preset != "classic":
        files["beat_head"] = _onnx_path(weights, "beats")
    entries = {
        part: {"name": path.name, "sha256": file_hash(path)} for part, path in sorted(files.items())
    }
    meta = meta | {"versions": _versions(backend), "files": entries}
    model = Model.from_meta(folder / f"{name}.json", meta)
    difference = largest_difference(network, model)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"{model.path.name}: expected ONNX Runtime within {TOLERANCE:g} of Keras, found a "
            f"difference of {difference:.2g}; export with other versions of keras and tf2onnx"
        )
    write_text(model.path, json.dumps(model.meta, indent=1) + "\n", force=True)
    return model


def largest_difference(network: Any, model: Model) -> float:
    """Return the largest difference between the scores of Keras and of ONNX Runtime.

    Parameters
    ----------
    network : keras.Model
        From `ecgscribe.model.network.build_network`, with the model's weights.
    model : Model

    Returns
    -------
    float
        Largest over all outputs, on random signal and random beats.
    """
    rng = np.random.default_rng(0)
    by_keras = KerasNetwork.of(network)
    signal = rng.normal(size=(CHECKED_S * FS, 2)).astype(np.float32)
    ours, theirs = (score_signal(n, signal) for n in (model.network, by_keras))
    pairs = [(ours.peak, theirs.peak), (ours.frame_class, theirs.frame_class)]
    if by_keras.beat_head is not None:
        beats = [
            rng.normal(size=(CHECKED_BEATS, model_input.shape[-1])).astype(np.float32)
            for model_input in by_keras.beat_head.inputs
        ]
        pairs.append((score_beats(model.network, *beats), score_beats(by_keras, *beats)))
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def write_onnx(network: Any, architecture: Architecture, weights: Path) -> None:
    """Write the ONNX files of a network of the TensorFlow backend next to its weights."""
    classic = architecture.preset == "classic"
    trunk = network if classic else network.get_layer("trunk")
    to_onnx(trunk, _onnx_path(weights, "trunk"), {"signal": 2}, ["peak", "frame_class"])
    if not classic:
        inputs = {"class_facts": len(LOGIT_FEATURE_NAMES), "facts": architecture.n_facts}
        head = network.get_layer("beat_head")
        to_onnx(head, _onnx_path(weights, "beats"), inputs, ["probability"])


def write_onnx_in_process(architecture: Architecture, weights: Path) -> None:
    """Write the ONNX files next to the weights in a process with the TensorFlow backend."""
    settings = json.dumps(dataclasses.asdict(architecture))
    run_with_tensorflow("ecgscribe.training.export", weights, settings=settings)


def run_with_tensorflow(
    module: str, weights: Path, *arguments: Path, settings: str | None = None
) -> None:
    """Run a module that writes ONNX files, in a process with the TensorFlow backend.

    Parameters
    ----------
    module : str
        Its name in the package.
    weights, *arguments : Path
        Its arguments, the Keras weights first.
    settings : str, optional
        What it reads from its standard input.

    Raises
    ------
    ModelError
        If it fails.
    """
    run = subprocess.run(
        [sys.executable, "-m", module, str(weights), *map(str, arguments)],
        input=settings,
        env=os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]
        raise ModelError(
            f"{weights.name}: expected TensorFlow to write it as ONNX, found: {last}; "
            "install ecgscribe[train], then resume with --resume"
        )


def to_onnx(
    model: Any,
    path: Path,
    inputs: dict[str, int],
    outputs: list[str],
    *,
    length: int = 4 * STEPS_PER_FRAME,
) -> None:
    """Export one Keras model of the TensorFlow backend.

    Parameters
    ----------
    model : keras.Model
        Takes one sequence or more, shape (batch, n, channels) each.
    path : Path
        Replaced if it exists.
    inputs : dict
        From the name of each input to its channels.
    outputs : list of str
        Names of the outputs.
    length : int
        Length of a sequence that the model can take.
    """
    import keras
    import onnx

    # Keras exports a model only once it has been called.
    example = [np.zeros((1, length, width), dtype=np.float32) for width in inputs.values()]
    model(example if len(example) > 1 else example[0])
    signature = [
        keras.InputSpec(shape=(None, None, width), dtype="float32", name=name)
        for name, width in inputs.items()
    ]

    def write(temporary: Path) -> None:
        # The exporter calls code that newer versions of NumPy warn of.
        with warnings.catch_warnings(action="ignore"), redirect_stdout(io.StringIO()):
            model.export(
                temporary,
                format="onnx",
                verbose=False,
                input_signature=signature if len(signature) == 1 else [signature],
            )
        exported = onnx.load(temporary)
        _rename_outputs(exported.graph, outputs)
        onnx.checker.check_model(exported)
        onnx.save(exported, temporary)

    atomic_write(path, write, force=True)


def _rename_outputs(graph: Any, outputs: list[str]) -> None:
    """Rename the outputs in place; remove what describes the exporting machine."""
    names = {o.name: name for o, name in zip(graph.output, outputs, strict=True)}
    for node in graph.node:
        node.doc_string = ""
        for k, name in enumerate(node.output):
            node.output[k] = names.get(name, name)
        for k, name in enumerate(node.input):
            node.input[k] = names.get(name, name)
    for output in graph.output:
        output.name = names[output.name]


def _onnx_path(weights: Path, part: str) -> Path:
    """Return the ONNX file of a part, ``trunk`` or ``beats``, next to the weights."""
    return weights.with_name(f"{weights.name.removesuffix(WEIGHTS)}-{part}.onnx")


def _versions(backend: str) -> dict[str, str]:
    """Return the versions of Python and of the packages on which the weights depend."""
    versions = {"ecgscribe": __version__, "python": platform.python_version(), "backend": backend}
    packages = ("keras", "numpy", "onnx", "onnxruntime", "scipy", "tf2onnx", "wfdb")
    for package in (*packages, "tensorflow", "tensorflow-cpu", backend):
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def _main(weights: Path, architecture: Architecture) -> None:
    """Load the weights and write the ONNX files next to them."""
    network = build_network(architecture)
    network.load_weights(weights)
    write_onnx(network, architecture, weights)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Architecture(**json.load(sys.stdin)))
