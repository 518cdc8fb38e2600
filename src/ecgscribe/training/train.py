"""Train a model, from the databases or from synthetic recordings, and write it to a run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.model.decision import Calibration, Thresholds, calibrate, softmax
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import build_network
from ecgscribe.model.runtime import Model
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training.config import TrainingConfig, complete, load_config, synthetic_config
from ecgscribe.training.cross_fitting import cross_fit, fit_final
from ecgscribe.training.data import TrainingData, load_training_data, synthetic_data, training_names
from ecgscribe.training.export import export_model
from ecgscribe.training.keras_backend import import_keras
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.rhythm import train_rhythm
from ecgscribe.training.run_folder import Log, check_run, draw_curves, open_run
from ecgscribe.training.thresholds import choose_peak_threshold, choose_thresholds, fit_calibration
from ecgscribe.training.trunk import fit_trunk

__all__ = ["train"]


def train(
    config: str | Path | TrainingConfig | None = None,
    *,
    data_dir: str | Path | None = None,
    out: str | Path = "run",
    synthetic: bool = False,
    resume: bool = False,
    progress: Log | None = None,
) -> Path:
    """Train a model.

    The trunk learns R-peaks and frame classes from windows of signal; the beat head learns the
    class of each beat from the trunk's outputs and from features of the beat. One network is fitted
    per fold of patients, on all other folds. Its outputs on the patients that it has not seen serve
    to train the head of the final network, to calibrate it and to choose its thresholds. The final
    trunk learns from all patients. Then the rhythm network is fitted in the same way, from the
    databases with rhythms that are there. ``classic``, which has no beat head, holds out one fold.

    Parameters
    ----------
    config : str, Path or TrainingConfig, optional
        A TOML file, or the settings themselves; the defaults train the model in the package.
    data_dir : str or Path, optional
        Where the databases are; see `ecgscribe.datasets.locate`.
    out : str or Path
        Folder of the run. It holds the configuration, the log, learning curves as CSV and PNG,
        checkpoints and, at the end, ``model.json`` with its weight files; ``fold-K`` holds the same
        of the network that has not seen the patients of fold K.
    synthetic : bool
        Train a small model on synthetic recordings, without a database.
    resume : bool
        Resume an interrupted run.
    progress : callable, optional
        Takes each line of the log as it is written, such as ``print``.

    Returns
    -------
    Path
        The ``model.json``.

    Raises
    ------
    DatasetError
        If a database is missing.
    ModelError
        If the configuration is wrong, `out` holds a run that is not to be resumed, or packages of
        ``ecgscribe[train]`` are missing.
    """
    if not isinstance(config, TrainingConfig):
        config = synthetic_config() if synthetic and config is None else load_config(config)
    config = complete(config)
    if not synthetic:
        training_names(config, data_dir)  # shows what is wrong with the data before Keras is loaded
    out = Path(out)
    check_run(out, config, resume=resume)  # before the work
    import_keras()
    data = synthetic_data(config) if synthetic else load_training_data(config, data_dir=data_dir)
    log = open_run(out, config, resume=resume, progress=progress)
    hours = sum(len(e.signal) for e in data.examples) / FS / 3600
    log(f"{len(data.examples)} records ({hours:.1f} h) of {len(set(data.fold))} folds")
    if config.is_classic:
        model = _train_classic(data, config, out, log)
    else:
        model = _train_default(data, config, out, log, data_dir=data_dir)
    for folder in (out, *sorted(out.glob("fold-*"))):
        draw_curves(folder)
    log(f"done: {model.path}")
    return model.path


def _train_default(
    data: TrainingData, config: TrainingConfig, out: Path, log: Log, *, data_dir: str | Path | None
) -> Model:
    """Train trunk and beat head by cross-fitting, then the rhythm network."""
    fitted = cross_fit(data, config, out, log)
    log("unseen patients: " + ", ".join(f"{k} {v:.4f}" for k, v in fitted.metrics.items()))
    of_folds = {}
    for fold, network in fitted.networks.items():
        meta = _meta(data, fold, config, fitted.calibration, fitted.thresholds)
        folder = out / f"fold-{fold}"
        of_folds[fold] = export_model(network, config.architecture, meta, folder, "model")
    network = fit_final(data, fitted.tables, config, out, log)
    meta = _meta(data, None, config, fitted.calibration, fitted.thresholds)
    meta["unseen_patients"] = {k: round(v, 5) for k, v in fitted.metrics.items()}
    model = export_model(network, config.architecture, meta, out, "model")
    if not data.hashes:  # synthetic recordings have no rhythm but their own
        return model
    return train_rhythm(model, of_folds, data, config, out, log, data_dir=data_dir)


def _train_classic(data: TrainingData, config: TrainingConfig, out: Path, log: Log) -> Model:
    """Train the trunk alone, with one fold held out."""
    import keras

    keras.utils.set_random_seed(config.seed)
    trunk = build_network(config.architecture)
    training, held_out = data.split(config.fold)
    fit_trunk(trunk, training, held_out, data.noise, config, out, log)
    scores = score_examples(trunk, held_out, config)
    probability = np.concatenate(
        [softmax(s.class_logits_at(e.r_peaks)) for s, e in zip(scores, held_out, strict=True)]
    )
    truth = np.concatenate([e.class_index for e in held_out])
    calibration = fit_calibration(probability, truth)
    thresholds = dataclasses.replace(
        choose_thresholds(calibrate(probability, calibration), truth),
        peak=choose_peak_threshold(scores, held_out),
    )
    meta = _meta(data, config.fold, config, calibration, thresholds)
    return export_model(trunk, config.architecture, meta, out, "model")


def _meta(
    data: TrainingData,
    fold: int | None,
    config: TrainingConfig,
    calibration: Calibration,
    thresholds: Thresholds,
) -> dict[str, Any]:
    """Describe a network that was fitted on the patients of all folds but one, or of all folds."""
    training, held_out = data.split(fold)
    return {
        "name": config.architecture.preset,
        "fs": FS,
        "leads": "one or two, any",
        "classes": list(AAMI_CLASSES),
        "trained_on": "real recordings" if data.hashes else "synthetic recordings",
        "thresholds": thresholds.to_json(beat_head=not config.is_classic),
        "calibration": calibration.to_json(),
        "split": {
            "training": [e.name for e in training],
            "held_out": [e.name for e in held_out],
        },
        "facts": [] if config.is_classic else list(FEATURE_NAMES),
        "config": dataclasses.asdict(config),
        "data_sha256": data.hashes,
    }
