"""Train a model from the databases, or a small one from synthetic recordings, into a run folder."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe import datasets
from ecgscribe.beat_training import choose_thresholds, fit_calibration
from ecgscribe.beats import calibrate, rows_at, softmax
from ecgscribe.cross_fitting import TrainingData, cross_fit, fit_whole
from ecgscribe.errors import DatasetError, ModelError
from ecgscribe.export import export_model
from ecgscribe.features import FACTS
from ecgscribe.formats import write_text
from ecgscribe.network import build_network
from ecgscribe.runtime import Model
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.synthetic import patient, synthesize
from ecgscribe.training_config import TrainingConfig, complete, load_config, synthetic_config
from ecgscribe.training_data import load_examples, make_example, recorded_noise
from ecgscribe.trunk_training import Log, choose_peak_threshold, fit_trunk, trunk_scores
from ecgscribe.windows import FS

__all__ = ["folds", "load_training_data", "train"]

SYNTHETIC_PATIENTS = 30
SYNTHETIC_S = 180.0
BACKENDS = ("tensorflow", "jax", "torch")
"""Keras backends that can train."""


def folds() -> dict[str, int]:
    """Give the fold of each training record, by names such as ``mitdb/101``."""
    text = resources.files("ecgscribe").joinpath("folds.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


def _synthesize(config: TrainingConfig) -> TrainingData:
    examples = [
        make_example(f"synthetic/{k}", *synthesize(patient(k), seed=k, duration=SYNTHETIC_S))
        for k in range(SYNTHETIC_PATIENTS)
    ]
    return TrainingData(examples, [k % config.folds for k in range(len(examples))], [], {})


def load_training_data(
    config: TrainingConfig, *, data_dir: str | Path | None = None
) -> TrainingData:
    """Load the records that a configuration names, of what is at hand, with their folds.

    Raises
    ------
    DatasetError
        If there are none to train on, or none to hold out.
    ModelError
        If it names a database that there are no folds for.
    """
    names = _names(config, data_dir)
    return TrainingData(
        load_examples(names, data_dir=data_dir),
        list(names.values()),
        recorded_noise(data_dir=data_dir),
        _data_hashes(list(names), data_dir),
    )


def _names(config: TrainingConfig, data_dir: str | Path | None) -> dict[str, int]:
    """List the records to train on, of what is at hand, with the fold of each."""
    table = folds()
    if unknown := set(config.databases) - {name.partition("/")[0] for name in table}:
        raise ModelError(
            f"expected databases among mitdb and svdb, found {', '.join(sorted(unknown))}; "
            "correct the configuration"
        )
    names: dict[str, int] = {}
    for db in config.databases:
        present = {f"{db}/{record}" for record in datasets.available(db, data_dir=data_dir)}
        for name in present.intersection(table):
            names[name] = table[name] % config.folds
    by_fold: dict[int, list[str]] = {}
    for name in table:
        if name in names:
            by_fold.setdefault(names[name], []).append(name)
    found = ""
    if len(by_fold) < 2:
        found = f"{len(names)} records of {len(by_fold)}"
    elif _is_classic(config) and config.fold not in by_fold:
        found = f"none of fold {config.fold}"
    if found:
        raise DatasetError(
            f"expected records of several folds, found {found}; choose databases and folds, and "
            "fetch what is absent"
        )
    kept = {n for group in by_fold.values() for n in group[: config.limit or None]}
    return {name: names[name] for name in table if name in kept}


def _is_classic(config: TrainingConfig) -> bool:
    return config.architecture.preset == "classic"


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


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep TensorFlow's greetings off the terminal, unless its log level was asked for."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # While it loads, TensorFlow writes to the file descriptor itself, whatever the level.
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _import_keras() -> Any:
    """Import Keras with its backend, and what the export needs: better missed now than then."""
    try:
        with _hushed():
            import keras
            import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"training expects the packages of ecgscribe[train], found no {error.name or error}; "
            "run: pip install 'ecgscribe[train]'"
        ) from error
    except ValueError as error:
        raise ModelError(
            f"KERAS_BACKEND: expected one of {', '.join(BACKENDS)}, found another ({error}); "
            "choose one of those"
        ) from error
    if (backend := keras.backend.backend()) not in BACKENDS:
        raise ModelError(
            f"KERAS_BACKEND: expected one of {', '.join(BACKENDS)}, found {backend}, which cannot "
            "train; choose one of those"
        )
    return keras


def _open_run(out: Path, config: TrainingConfig, *, resume: bool) -> Log:
    """Make or reopen the run folder; give the function that logs to it and to the terminal."""
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
    write_text(path, settings, force=True)
    started = time.monotonic()

    def log(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {line}\n")
        sys.stderr.flush()
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

    The trunk learns R-peaks and frame classes from windows of signal; the beat head learns the
    class from what the trunk says of each beat and from the facts of it. One network is fitted for
    each fold of patients, on all the others: what these say of their unseen patients is what the
    head of the final network learns from, and what calibrates it and sets its thresholds. The
    final trunk learns from all patients. ``classic`` has no head over beats: it holds out one fold.

    Parameters
    ----------
    config : str, Path or TrainingConfig, optional
        A TOML file, or the settings themselves; the defaults train the model in the package.
    data_dir : str or Path, optional
        Where the databases are; see `ecgscribe.datasets.locate`.
    out : str or Path
        Folder of the run: config, log, course as CSV and PNG, checkpoints and, in the end,
        ``model.json`` with its weight files; in ``fold-K`` the same of the network that has not
        seen the patients of that fold.
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
    config = complete(config)
    if not synthetic:
        _names(config, data_dir)  # what is wrong with the data is said before Keras is loaded
    _import_keras()
    out = Path(out)
    data = _synthesize(config) if synthetic else load_training_data(config, data_dir=data_dir)
    log = _open_run(out, config, resume=resume)
    hours = sum(len(e.signal) for e in data.examples) / FS / 3600
    log(f"{len(data.examples)} records ({hours:.1f} h) of {len(set(data.fold))} folds")
    model = (_train_classic if _is_classic(config) else _train_default)(data, config, out, log)
    for folder in (out, *sorted(out.glob("fold-*"))):
        _draw_curves(folder)
    log(f"done: {model.path}")
    return model.path


def _train_default(data: TrainingData, config: TrainingConfig, out: Path, log: Log) -> Model:
    found = cross_fit(data, config, out, log)
    log("unseen patients: " + ", ".join(f"{k} {v:.4f}" for k, v in found.figures.items()))
    for fold, network in found.networks.items():
        meta = _meta(data, fold, config, found.calibration, found.thresholds)
        export_model(network, config.architecture, meta, out / f"fold-{fold}", "model")
    network = fit_whole(data, found.tables, config, out, log)
    meta = _meta(data, None, config, found.calibration, found.thresholds)
    meta["unseen_patients"] = {k: round(v, 5) for k, v in found.figures.items()}
    return export_model(network, config.architecture, meta, out, "model")


def _train_classic(data: TrainingData, config: TrainingConfig, out: Path, log: Log) -> Model:
    import keras

    keras.utils.set_random_seed(config.seed)
    trunk = build_network(config.architecture)
    training, held_out = data.split(config.fold)
    fit_trunk(trunk, training, held_out, data.noise, config, out, log)
    scores = [trunk_scores(trunk, e.signal, frame=config.architecture.frame) for e in held_out]
    probability = np.concatenate(
        [
            softmax(rows_at(s.frame_class, e.step, frame=config.architecture.frame))
            for s, e in zip(scores, held_out, strict=True)
        ]
    )
    truth = np.concatenate([e.class_index for e in held_out])
    calibration = fit_calibration(probability, truth)
    thresholds = choose_thresholds(calibrate(probability, calibration), truth)
    thresholds["peak"] = choose_peak_threshold(scores, held_out)
    meta = _meta(data, config.fold, config, calibration, thresholds)
    return export_model(trunk, config.architecture, meta, out, "model")


def _meta(
    data: TrainingData,
    fold: int | None,
    config: TrainingConfig,
    calibration: dict[str, Any],
    thresholds: dict[str, Any],
) -> dict[str, Any]:
    """Describe a network that was fitted on the patients of all folds but one, or of all."""
    training, held_out = data.split(fold)
    return {
        "name": config.architecture.preset,
        "fs": FS,
        "leads": "one or two, any",
        "classes": list(AAMI_CLASSES),
        "trained_on": "real recordings" if data.hashes else "synthetic recordings",
        "thresholds": thresholds,
        "calibration": calibration,
        "split": {
            "training": [e.name for e in training],
            "held_out": [e.name for e in held_out],
        },
        "facts": [] if _is_classic(config) else list(FACTS),
        "config": dataclasses.asdict(config),
        "data_sha256": data.hashes,
    }
