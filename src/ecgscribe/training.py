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
from dataclasses import dataclass
from importlib import resources
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
from ecgscribe.formats import write_text
from ecgscribe.network import build_network
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.synthetic import patient, synthesize
from ecgscribe.training_config import TrainingConfig, complete, load_config, synthetic_config
from ecgscribe.training_data import (
    Example,
    Floats,
    load_examples,
    make_example,
    recorded_noise,
)
from ecgscribe.trunk_training import Log, choose_peak_threshold, fit_trunk
from ecgscribe.windows import FS

__all__ = ["folds", "train"]

SYNTHETIC_PATIENTS = 30
SYNTHETIC_HELD_OUT = 6
SYNTHETIC_S = 180.0
BACKENDS = ("tensorflow", "jax", "torch")
"""Keras backends that can train."""


def folds() -> dict[str, int]:
    """Give the fold of each training record, by names such as ``mitdb/101``."""
    text = resources.files("ecgscribe").joinpath("folds.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


@dataclass(frozen=True, eq=False)
class _Data:
    training: list[Example]
    held_out: list[Example]
    noise: list[Floats]
    hashes: dict[str, str]


def _synthesize() -> _Data:
    examples = [
        make_example(f"synthetic/{k}", *synthesize(patient(k), seed=k, duration=SYNTHETIC_S))
        for k in range(SYNTHETIC_PATIENTS)
    ]
    return _Data(examples[SYNTHETIC_HELD_OUT:], examples[:SYNTHETIC_HELD_OUT], [], {})


def _load(config: TrainingConfig, data_dir: str | Path | None) -> _Data:
    names, held_out = _names(config, data_dir)
    return _Data(
        load_examples(names, data_dir=data_dir),
        load_examples(held_out, data_dir=data_dir),
        recorded_noise(data_dir=data_dir),
        _data_hashes([*names, *held_out], data_dir),
    )


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
    training = [n for n in names if table[n] != config.fold]
    held_out = [n for n in names if table[n] == config.fold]
    if not training or not held_out:
        raise DatasetError(
            f"expected records to train on and others to hold out (fold {config.fold}), found "
            f"{len(training)} and {len(held_out)}; choose databases and a fold from 0 to "
            f"{max(table.values())}, and fetch what is absent"
        )
    return training[: config.limit or None], held_out


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
    config = complete(config)
    keras = _import_keras()
    out = Path(out)
    data = _synthesize() if synthetic else _load(config, data_dir)
    log = _open_run(out, config, resume=resume)
    hours = sum(len(e.signal) for e in data.training) / FS / 3600
    log(f"{len(data.training)} records ({hours:.1f} h) to train on, {len(data.held_out)} held out")
    keras.utils.set_random_seed(config.seed)
    network = build_network(config.architecture)
    classic = config.architecture.preset == "classic"
    trunk = network if classic else network.get_layer("trunk")
    fit_trunk(trunk, data.training, data.held_out, data.noise, config, out, log)
    held_tables = make_tables(trunk, data.held_out, config)
    if classic:
        probability = np.concatenate([softmax(t.logits) for t in held_tables])
    else:
        head = network.get_layer("beat_head")
        copies = config.beats.copies if config.imbalance.augment else 0
        tables = make_tables(trunk, data.training, config, noise=data.noise, copies=copies)
        fit_beat_head(head, tables, held_tables, config, out, log)
        probability = np.concatenate([predict_beats(head, t) for t in held_tables])
    truth = np.concatenate([t.class_index for t in held_tables])
    calibration = fit_calibration(probability, truth)
    thresholds = choose_thresholds(calibrate(probability, calibration), truth)
    thresholds["peak"] = choose_peak_threshold(trunk, data.held_out, config)
    meta: dict[str, Any] = {
        "name": config.architecture.preset,
        "fs": FS,
        "leads": "one or two, any",
        "classes": list(AAMI_CLASSES),
        "trained_on": "synthetic recordings" if synthetic else "real recordings",
        "thresholds": thresholds,
        "calibration": calibration,
        "split": {
            "training": [e.name for e in data.training],
            "held_out": [e.name for e in data.held_out],
        },
        "facts": list(FACTS) if not classic else [],
        "config": dataclasses.asdict(config),
        "data_sha256": data.hashes,
    }
    model = export_model(network, config.architecture, meta, out, "model")
    _draw_curves(out)
    log(f"done: {model.path}")
    return model.path
