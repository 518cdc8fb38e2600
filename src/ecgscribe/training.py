"""Train a model from the databases, or a small one from synthetic recordings, into a run folder."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe import datasets
from ecgscribe.beat_training import (
    choose_thresholds,
    fit_beat_head,
    fit_calibration,
    make_tables,
    predict_beats,
)
from ecgscribe.beats import calibrate, softmax
from ecgscribe.errors import DatasetError, ModelError
from ecgscribe.export import export_model
from ecgscribe.features import FACTS
from ecgscribe.network import build_network
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.synthetic import patient, synthesize
from ecgscribe.training_config import (
    BeatTraining,
    TrainingConfig,
    TrunkTraining,
    load_config,
)
from ecgscribe.training_data import Example, load_examples, make_example, recorded_noise
from ecgscribe.trunk_training import Log, choose_peak_threshold, fit_trunk
from ecgscribe.windows import FS

__all__ = ["folds", "synthetic_config", "train"]

SYNTHETIC_PATIENTS = 30
SYNTHETIC_HELD_OUT = 6
SYNTHETIC_S = 180.0


def folds() -> dict[str, int]:
    """Give the fold of each training record, by names such as ``mitdb/101``."""
    text = resources.files("ecgscribe").joinpath("folds.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


def synthetic_config() -> TrainingConfig:
    """Give the settings that train a small model on generated recordings in a few minutes."""
    return TrainingConfig(
        databases=(),
        trunk=TrunkTraining(
            passes=8, steps=40, batch=32, window_s=10, learning_rate=4e-3, validate_every=2
        ),
        beats=BeatTraining(passes=6, steps=25, copies=1),
    )


def _synthetic_examples() -> list[Example]:
    return [
        make_example(
            f"synthetic/{k}", *synthesize(patient(k), seed=k, duration=SYNTHETIC_S)
        )
        for k in range(SYNTHETIC_PATIENTS)
    ]


def _names(config: TrainingConfig, data_dir: str | Path | None) -> tuple[list[str], list[str]]:
    """List the records to train on and those held out, of what is at hand."""
    table = folds()
    if unknown := set(config.databases) - {name.partition("/")[0] for name in table}:
        raise ModelError(
            f"expected databases among mitdb and svdb, found {', '.join(sorted(unknown))}; "
            "correct the configuration"
        )
    names = []
    for db in config.databases:
        present = set(datasets.available(db, data_dir=data_dir))
        wanted = [n for n in table if n.startswith(f"{db}/")]
        names += [n for n in wanted if n.partition("/")[2] in present]
        if not present:
            raise DatasetError(
                f"expected the records of {db}, found none; run: ecgscribe fetch {db}"
            )
    training = [n for n in names if table[n] != config.fold]
    return training[: config.limit or None], [n for n in names if table[n] == config.fold]


def _data_hashes(names: Sequence[str], data_dir: str | Path | None) -> dict[str, str]:
    """Give the SHA-256 over each record's files."""
    hashes = {}
    for name in names:
        db, _, record = name.partition("/")
        digest = hashlib.sha256()
        for path in sorted(datasets.locate(db, data_dir=data_dir).glob(f"{record}*")):
            digest.update(path.read_bytes())
        hashes[name] = digest.hexdigest()
    return hashes


def _versions() -> dict[str, str]:
    import keras

    packages = ("ecgscribe", "keras", "numpy", "scipy", "onnxruntime", "wfdb")
    versions = {package: metadata.version(package) for package in packages}
    backend = str(keras.backend.backend())
    versions[backend] = metadata.version(
        "tensorflow-cpu" if backend == "tensorflow" and not _installed("tensorflow") else backend
    )
    return versions | {"python": platform.python_version()}


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _open_run(out: Path, config: TrainingConfig, *, resume: bool) -> Log:
    """Make or reopen the run folder; give the function that logs to it and to the terminal."""
    from tqdm import tqdm

    settings = json.dumps(dataclasses.asdict(config), indent=1) + "\n"
    path = out / "config.json"
    if path.is_file() and not resume:
        raise ModelError(
            f"{out}: expected a new folder for the run, found an earlier run; "
            "go on with it by --resume, or name another --out"
        )
    if path.is_file() and path.read_text(encoding="utf-8") != settings:
        raise ModelError(
            f"{out}: expected the configuration that the run began with (config.json), found "
            "another; give the same --config, or name another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(settings, encoding="utf-8")
    started = time.monotonic()

    def log(line: str) -> None:
        tqdm.write(f"{time.monotonic() - started:6.0f} s  {line}", file=sys.stderr)
        with (out / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    return log


def _draw_curves(out: Path) -> None:
    from ecgscribe import plot

    for phase in ("trunk", "beats"):
        path = out / f"{phase}.csv"
        if not path.is_file():
            continue
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        history = {
            key: [float(row[key]) if row[key] else np.nan for row in rows]
            for key in rows[0]
            if key != "pass"
        }
        plot.save(plot.training_curves(history), out / f"{phase}.png", force=True)


def train(
    config: str | Path | TrainingConfig | None = None,
    *,
    data_dir: str | Path | None = None,
    out: str | Path = "run",
    synthetic: bool = False,
    resume: bool = False,
) -> Path:
    """Train a model.

    First the trunk learns R-peaks and frame classes from windows of signal; then the beat head
    learns the class from the trunk's features and the facts of each beat. Patients of one fold
    are held out: they stop the training, calibrate the probabilities and set the thresholds.

    Parameters
    ----------
    config : str, Path or TrainingConfig, optional
        A TOML file, or the settings themselves; the defaults train the model in the package.
    data_dir : str or Path, optional
        Where the databases are; see `ecgscribe.datasets.locate`.
    out : str or Path
        Folder of the run: config, log, course as CSV and PNG, checkpoints and, in the end,
        ``model.json`` with its weight files.
    synthetic : bool
        Train a small model on generated recordings, with no database.
    resume : bool
        Go on with a run that was interrupted.

    Returns
    -------
    Path
        The ``model.json``.

    Raises
    ------
    DatasetError
        If a database is absent.
    ModelError
        If the configuration is wrong, `out` holds a run that is not to be resumed, or the
        packages of ``ecgscribe[train]`` are absent.
    """
    if not isinstance(config, TrainingConfig):
        config = synthetic_config() if synthetic and config is None else load_config(config)
    facts = len(FACTS) if config.architecture.preset == "default" else 0
    architecture = dataclasses.replace(config.architecture, n_facts=facts)
    if architecture.preset == "classic":
        # Its features are the states of its one LSTM layer.
        architecture = dataclasses.replace(
            architecture, lstm_layers=1, n_features=2 * architecture.lstm_units
        )
    config = dataclasses.replace(config, architecture=architecture)
    try:
        import keras
        import tf2onnx  # noqa: F401  needed at the end: better missed now
    except ImportError as error:
        raise ModelError(
            f"training expects the packages of ecgscribe[train], found no {error.name}; "
            "run: pip install 'ecgscribe[train]'"
        ) from error
    out = Path(out)
    if synthetic:
        examples = _synthetic_examples()
        training, held_out = examples[SYNTHETIC_HELD_OUT:], examples[:SYNTHETIC_HELD_OUT]
        noise, hashes = [], {}
    else:
        names, held_names = _names(config, data_dir)
        training = load_examples(names, data_dir=data_dir)
        held_out = load_examples(held_names, data_dir=data_dir)
        noise = recorded_noise(data_dir=data_dir)
        hashes = _data_hashes([*names, *held_names], data_dir)
    log = _open_run(out, config, resume=resume)
    hours = sum(len(e.signal) for e in training) / FS / 3600
    log(f"{len(training)} records ({hours:.1f} h) to train on, {len(held_out)} held out")
    keras.utils.set_random_seed(config.seed)
    network = build_network(config.architecture)
    classic = config.architecture.preset == "classic"
    trunk = network if classic else network.get_layer("trunk")
    fit_trunk(trunk, training, held_out, noise, config, out, log)
    held_tables = make_tables(trunk, held_out, config)
    if classic:
        probability = np.concatenate([softmax(t.logits) for t in held_tables])
    else:
        head = network.get_layer("beat_head")
        copies = config.beats.copies if config.imbalance.augment else 0
        tables = make_tables(trunk, training, config, noise=noise, copies=copies)
        fit_beat_head(head, tables, held_tables, config, out, log)
        probability = np.concatenate([predict_beats(head, t) for t in held_tables])
    truth = np.concatenate([t.class_index for t in held_tables])
    calibration = fit_calibration(probability, truth)
    thresholds = choose_thresholds(calibrate(probability, calibration), truth)
    thresholds["peak"] = choose_peak_threshold(trunk, held_out, config)
    meta: dict[str, Any] = {
        "name": config.architecture.preset,
        "fs": FS,
        "leads": "one or two, any",
        "classes": list(AAMI_CLASSES),
        "trained_on": "synthetic recordings" if synthetic else "real recordings",
        "thresholds": thresholds,
        "calibration": calibration,
        "split": {
            "training": [e.name for e in training],
            "held_out": [e.name for e in held_out],
        },
        "facts": list(FACTS) if not classic else [],
        "config": dataclasses.asdict(config),
        "data_sha256": hashes,
        "versions": _versions(),
    }
    model = export_model(network, config.architecture, meta, out, "model")
    _draw_curves(out)
    log(f"done: {model.path}")
    return model.path
