"""What is installed on this machine, and whether ecgscribe works here."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ecgscribe import datasets
from ecgscribe._version import __version__
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import EcgScribeError
from ecgscribe.model.runtime import MODELS, Model, load_model
from ecgscribe.pipeline.annotate import annotate

__all__ = ["OPTIONAL", "REQUIRED", "examine"]

REQUIRED = (
    "click", "edfio", "jinja2", "matplotlib", "numpy", "onnxruntime", "pandas", "platformdirs",
    "pooch", "pydicom", "requests", "scipy", "tqdm", "wfdb",
)  # fmt: skip
"""Packages that are installed with ecgscribe."""
OPTIONAL = {
    "train": ("keras", "onnx", "tensorflow", "tf2onnx"),
    "parquet": ("pyarrow",),
    "lsl": ("pylsl",),
    "report": ("fpdf2",),
    "web": ("starlette", "uvicorn"),
    "archive": ("dask", "distributed", "fsspec", "pyarrow"),
    "baselines": ("neurokit2", "sleepecg"),
}
"""Packages of each extra: ``pip install 'ecgscribe[train]'`` and so on."""
_OTHER_NAMES = {"tensorflow": "tensorflow-cpu"}
"""Other names under which a package may be installed."""
_TRIAL_S = 20.0


def examine(*, data_dir: str | Path | None = None) -> dict[str, Any]:
    """Collect versions, backends, databases and models, and try to annotate.

    Parameters
    ----------
    data_dir : str or Path, optional
        Where the databases are; see `ecgscribe.datasets.locate`.

    Returns
    -------
    dict
        Only types that JSON has: ``versions`` (None if a package is missing), ``optional`` (a
        dict of versions for each extra), ``keras_backend``, ``onnx_providers``, ``processors``,
        ``data_dir``, ``databases``, ``models``, and ``problems``, a line for each reason why
        ``ecgscribe annotate`` does not work here.
    """
    models = [_model(path) for path in sorted(MODELS.glob("*.json"))]
    return {
        "versions": {
            "python": platform.python_version(),
            "ecgscribe": __version__,
            **{name: _version(name) for name in REQUIRED},
        },
        "optional": {
            extra: {name: _version(name) for name in names} for extra, names in OPTIONAL.items()
        },
        "keras_backend": _keras_backend(),
        "onnx_providers": _onnx_providers(),
        "processors": os.cpu_count() or 1,
        "data_dir": str(datasets.default_dir() if data_dir is None else data_dir),
        "databases": {db: _database(db, data_dir) for db in datasets.DATABASES},
        "models": models,
        "problems": _problems(),
    }


def _version(name: str) -> str | None:
    for installed_as in (name, _OTHER_NAMES.get(name)):
        try:
            if installed_as is not None:
                return metadata.version(installed_as)
        except metadata.PackageNotFoundError:
            continue
    return None


def _keras_backend() -> str | None:
    """Return the backend that Keras would choose, without importing Keras, which takes seconds."""
    if _version("keras") is None:
        return None
    settings = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        chosen = json.loads(settings.read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        chosen = None
    return os.environ.get("KERAS_BACKEND") or chosen or "tensorflow"


def _onnx_providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError:
        return []
    return list(onnxruntime.get_available_providers())


def _database(db: str, data_dir: str | Path | None) -> dict[str, Any]:
    """Return where a database is and how many of its records; do not verify the files."""
    records = len(datasets.DATABASES[db].records)
    try:
        folder = datasets.locate(db, data_dir=data_dir)
        present = len(datasets.available(db, data_dir=data_dir))
    except EcgScribeError:
        return {"folder": None, "records": 0, "of": records, "complete": False}
    complete = not datasets.absent_files(db, data_dir=data_dir)
    return {"folder": str(folder), "records": present, "of": records, "complete": complete}


def _model(path: Path) -> dict[str, Any]:
    """Return the name and the hash of a model, and whether its files match its description."""
    try:
        model = load_model(path)
        for part in model.meta["files"]:
            model.weight_file(part)
    except EcgScribeError as error:
        return {"name": path.stem, "hash": None, "verified": False, "problem": str(error)}
    return {"name": path.stem, "hash": model.hash, "verified": True, "files": _hashes(model)}


def _hashes(model: Model) -> dict[str, str]:
    return {entry["name"]: entry["sha256"] for entry in model.meta["files"].values()}


def _problems() -> list[str]:
    """Annotate a short synthetic recording, which needs all that `ecgscribe annotate` needs."""
    problems = [f"{name} is not installed" for name in REQUIRED if _version(name) is None]
    record, reference = synthesize(duration=_TRIAL_S, seed=1, noise=0.2)
    try:
        n_beats = len(annotate(record).beats())
    except (EcgScribeError, ImportError, OSError) as error:
        return [*problems, f"a synthetic recording cannot be annotated: {error}"]
    if abs(n_beats - len(reference)) > 0.1 * len(reference):
        problems.append(f"a synthetic recording holds {len(reference)} beats, {n_beats} were found")
    return problems
