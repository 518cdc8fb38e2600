"""Train a model from the databases, or a small one from synthetic recordings, into a run folder."""

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
from ecgscribe.training.cross_fitting import cross_fit, fit_whole
from ecgscribe.training.data import TrainingData, load_training_data, synthetic_data, training_names
from ecgscribe.training.export import export_model
from ecgscribe.training.keras_backend import import_keras
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.run_folder import Log, draw_curves, open_run
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
        training_names(
            config, data_dir
        )  # what is wrong with the data is said before Keras is loaded
    import_keras()
    out = Path(out)
    data = synthetic_data(config) if synthetic else load_training_data(config, data_dir=data_dir)
    log = open_run(out, config, resume=resume)
    hours = sum(len(e.signal) for e in data.examples) / FS / 3600
    log(f"{len(data.examples)} records ({hours:.1f} h) of {len(set(data.fold))} folds")
    model = (_train_classic if config.is_classic else _train_default)(data, config, out, log)
    for folder in (out, *sorted(out.glob("fold-*"))):
        draw_curves(folder)
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
    scores = score_examples(trunk, held_out, config)
    probability = np.concatenate(
        [softmax(s.class_logits_at(e.step)) for s, e in zip(scores, held_out, strict=True)]
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
    """Describe a network that was fitted on the patients of all folds but one, or of all."""
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
