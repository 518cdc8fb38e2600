"""What ecgscribe finds on this machine, and whether it works here: `ecgscribe doctor`."""

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

__all__ = ["OPTIONAL", "REQUIRED", "examine", "report"]

REQUIRED = (
    "edfio", "matplotlib", "numpy", "onnxruntime", "pandas", "pooch", "pydicom", "requests",
    "scipy", "shtab", "tqdm", "wfdb",
)  # fmt: skip
"""Packages that are installed with ecgscribe."""
OPTIONAL = {
    "train": ("keras", "onnx", "tensorflow", "tf2onnx"),
    "parquet": ("pyarrow",),
    "lsl": ("pylsl",),
    "report": ("fpdf2", "jinja2", "neurokit2"),
    "peers": ("neurokit2", "sleepecg"),
}
"""Packages of each extra: ``pip install 'ecgscribe[train]'`` and so on."""
_OTHER_NAMES = {"tensorflow": "tensorflow-cpu"}
"""What else a package may be installed as."""
_TRIAL_S = 20.0


def examine(*, data_dir: str | Path | None = None) -> dict[str, Any]:
    """Look at versions, backends, databases and models, and try to annotate.

    Parameters
    ----------
    data_dir : str or Path, optional
        Where databases are looked for; see `ecgscribe.datasets.locate`.

    Returns
    -------
    dict
        Only types that JSON has: ``versions`` (None where a package is absent), ``optional`` (a
        dict of versions for each extra), ``keras_backend``, ``onnx_providers``, ``processors``,
        ``data_dir``, ``databases``, ``models``, and ``problems``, a line for each reason why
        ``ecgscribe annotate`` would not work here: none if it would.
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
    """Give the backend that Keras would take, without the seconds that importing it takes."""
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
    """Tell where a database is and how much of it; whether the files are right is not asked."""
    records = len(datasets.DATABASES[db])
    try:
        folder = datasets.locate(db, data_dir=data_dir)
        found = len(datasets.available(db, data_dir=data_dir))
    except EcgScribeError:
        return {"folder": None, "records": 0, "of": records, "complete": False}
    absent = datasets.absent_files(db, data_dir=data_dir)
    return {"folder": str(folder), "records": found, "of": records, "complete": not absent}


def _model(path: Path) -> dict[str, Any]:
    """Tell what a model is, and whether every file of it is as its description says."""
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
    record, known = synthesize(duration=_TRIAL_S, seed=1, noise=0.2)
    try:
        found = len(annotate(record).beats())
    except (EcgScribeError, ImportError, OSError) as error:
        return [*problems, f"a synthetic recording cannot be annotated: {error}"]
    if abs(found - len(known)) > 0.1 * len(known):
        problems.append(f"of {len(known)} beats of a synthetic recording {found} are found")
    return problems


def report(found: dict[str, Any]) -> str:
    """Put what `examine` found into lines of text."""
    lines = [f"{name:14}{version or 'absent'}" for name, version in found["versions"].items()]
    lines.append("")
    for extra, packages in found["optional"].items():
        there = ", ".join(f"{name} {v}" for name, v in packages.items() if v) or "nothing"
        absent = ", ".join(name for name, version in packages.items() if not version)
        advice = f"; absent: {absent}: pip install 'ecgscribe[{extra}]'" if absent else ""
        lines.append(f"{extra:14}{there}{advice}")
    lines += [
        "",
        f"{'Keras backend':14}{found['keras_backend'] or 'none, as Keras is absent'}",
        f"{'ONNX Runtime':14}{', '.join(found['onnx_providers']) or 'absent'}; "
        "ecgscribe uses CPUExecutionProvider",
        f"{'processors':14}{found['processors']}",
        "",
        f"{'data':14}looked for in {found['data_dir']}",
    ]
    for db, state in found["databases"].items():
        what = f"not found: ecgscribe fetch {db}"
        if state["folder"] is not None:
            what = f"{state['records']} of {state['of']} records in {state['folder']}"
            what += "" if state["complete"] else f", not complete: ecgscribe fetch {db}"
        lines.append(f"{db:14}{what}")
    lines.append("")
    for model in found["models"]:
        what = f"{model['hash']}, every file verified" if model["verified"] else model["problem"]
        lines.append(f"{'model':14}{model['name']}: {what}")
    lines.append("")
    lines += [f"problem: {problem}" for problem in found["problems"]]
    if not found["problems"]:
        lines.append("ecgscribe annotate works here")
    return "\n".join(lines)
