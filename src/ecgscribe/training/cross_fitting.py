"""Fit one network per fold of patients, on all other folds, and collect its outputs on that fold.

On the patients that it was trained on, a trunk is nearly always right. The beat head must therefore
learn from trunks that have not seen the patient, and calibration and thresholds must be chosen on
their outputs: stacking with cross-fitting, see Wolpert, Neural Networks 5(2):241-259, 1992.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import ModelError
from ecgscribe.files import make_folder
from ecgscribe.model.decision import Calibration, Thresholds, calibrate, decide, split_no_beat
from ecgscribe.model.network import build_network
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.training.beat_head import fit_beat_head, predict_beats
from ecgscribe.training.beat_tables import BeatTable, BeatTables, make_tables
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.data import TrainingData
from ecgscribe.training.rhythm_augmentation import changing_rate
from ecgscribe.training.run_folder import Log, prefixed
from ecgscribe.training.thresholds import (
    abnormal_auprc,
    choose_beat_thresholds,
    choose_thresholds,
    detected_macro_f1,
    fit_calibration,
    r_peak_f1,
)
from ecgscribe.training.trunk import fit_trunk
from ecgscribe.training.weak_labels import make_weak_tables

__all__ = [
    "CrossFit",
    "cross_fit",
    "evaluate_out_of_fold",
    "fit_final",
    "fit_fold",
    "fit_heads",
    "fit_trunks",
]

Floats = NDArray[np.float32]

WEAK_STEP = 20
"""Of the recordings that are labelled as a whole, one in so many counts when thresholds are chosen:
some of what heads call ectopic in them is ectopic."""
CHANGING_STEP = 4
"""Of the copies of a fold whose rate rises and falls, heads learn from one in so many: from all of
them, they learn to trust no early beat."""


@dataclass(frozen=True, eq=False)
class CrossFit:
    """One network per fold, each fitted on the other folds, and what was chosen on their outputs.

    Parameters
    ----------
    networks : dict
        From fold to the Keras network fitted on the other folds.
    tables : dict
        From fold to the tables of its records, made with that trunk.
    calibration : Calibration
    thresholds : Thresholds
        Chosen on all records, each with the outputs of a network that has not seen it; see
        `ecgscribe.model.decision.calibrate` and `ecgscribe.model.decision.decide`.
    metrics : dict
        Results on unseen patients: AUPRC of abnormal classes and macro-F1 (of detected R-peaks),
        R-peak F1 within 150 and 50 ms, and within 150 ms in changed and in noisy copies.
    """

    networks: dict[int, Any]
    tables: dict[int, BeatTables]
    calibration: Calibration
    thresholds: Thresholds
    metrics: dict[str, float]


def cross_fit(data: TrainingData, config: TrainingConfig, out: Path, log: Log) -> CrossFit:
    """Fit a network for every fold, on the patients of all other folds.

    Parameters
    ----------
    data : TrainingData
    config : TrainingConfig
    out : Path
        Run folder; each fold has its own folder in it.
    log : callable
        Takes one line of progress.

    Returns
    -------
    CrossFit
    """
    return fit_heads(*fit_trunks(data, config, out, log), config, out, log)


def fit_trunks(
    data: TrainingData, config: TrainingConfig, out: Path, log: Log
) -> tuple[dict[int, Any], dict[int, BeatTables]]:
    """Fit the trunk of each fold, and make the tables of that fold with it.

    Parameters
    ----------
    data : TrainingData
    config : TrainingConfig
    out : Path
        Run folder; each fold has its own folder in it.
    log : callable
        Takes one line of progress.

    Returns
    -------
    networks : dict
        From fold to its Keras network, whose head is not fitted.
    tables : dict
        From fold to the tables of its records.
    """
    networks: dict[int, Any] = {}
    tables: dict[int, BeatTables] = {}
    for k in sorted(set(data.fold)):
        networks[k] = fit_fold(data, k, config, out / f"fold-{k}", prefixed(log, f"fold {k}"))
        trunk, held_out = networks[k].get_layer("trunk"), data.split(k)[1]
        tables[k] = make_tables(trunk, held_out, config, noise=data.noise, **_copies(config))
        tables[k].weak.extend(make_weak_tables(trunk, data.weak.get(k, []), config))
    return networks, tables


def fit_fold(
    data: TrainingData, fold: int | None, config: TrainingConfig, out: Path, log: Log
) -> Any:
    """Build a network and fit its trunk on the patients of all folds but one, or of all folds.

    Parameters
    ----------
    data : TrainingData
    fold : int, optional
        The fold that is held out; without it, none is.
    config : TrainingConfig
    out : Path
        Folder of the trunk's checkpoints; created in an existing folder.
    log : callable
        Takes one line of progress.

    Returns
    -------
    keras.Model
        Its beat head, if it has one, is not fitted.
    """
    import keras

    keras.utils.set_random_seed(config.seed if fold is None else config.seed + 1 + fold)
    network = build_network(config.architecture)
    make_folder(out)
    fit_trunk(network.get_layer("trunk"), *data.split(fold), data.noise, config, out, log)
    return network


def fit_heads(
    networks: dict[int, Any],
    tables: dict[int, BeatTables],
    config: TrainingConfig,
    out: Path,
    log: Log,
    *,
    training_tables: dict[int, BeatTables] | None = None,
) -> CrossFit:
    """Fit the head of each fold's network on the tables of all other folds, and evaluate it.

    Parameters
    ----------
    networks : dict
        From fold to its Keras network; the heads are changed in place.
    tables : dict
        From fold to the tables of its records, made with a trunk that has not seen them.
    config : TrainingConfig
    out : Path
        Run folder; each fold has its own folder in it.
    log : callable
        Takes one line of progress.
    training_tables : dict, optional
        Tables that the heads learn from instead; `tables` then serve only for evaluation.

    Returns
    -------
    CrossFit

    Raises
    ------
    ModelError
        If no trunk detects a beat.
    """
    if not any(table.is_beat.any() for k in tables for table in tables[k].unchanged):
        raise ModelError(
            "expected trunks that find R-peaks of unseen patients, found none in any record; "
            "train them for longer (epochs or steps of [trunk])"
        )
    for k, network in networks.items():
        others = {j: of_fold for j, of_fold in (training_tables or tables).items() if j != k}
        fit_beat_head(
            network.get_layer("beat_head"),
            _learned_tables(others),
            tables[k].unchanged,
            config,
            out / f"fold-{k}",
            prefixed(log, f"fold {k}"),
            weak=_weak_tables(others),
        )
    return evaluate_out_of_fold(networks, tables)


def evaluate_out_of_fold(networks: dict[int, Any], tables: dict[int, BeatTables]) -> CrossFit:
    """Choose calibration and thresholds on unseen patients, and evaluate the networks there.

    One in `WEAK_STEP` of the recordings that are labelled as a whole counts for the thresholds of
    classes, too.

    Parameters
    ----------
    networks : dict
        From fold to its Keras network, with its head fitted on the other folds.
    tables : dict
        From fold to the tables of its records, made with that network's trunk.

    Returns
    -------
    CrossFit
    """
    clean, changed, noisy, weak = (_Outputs([], [], []) for _ in range(4))
    for k, of_fold in tables.items():
        head = networks[k].get_layer("beat_head")
        clean.add(head, of_fold.unchanged)
        changed.add(head, of_fold.copies)
        noisy.add(head, of_fold.noisy)
        weak.add(head, of_fold.weak[::WEAK_STEP])
    probability, truth = clean.beats()
    calibration = fit_calibration(probability, truth)
    calibrated = calibrate(probability, calibration)
    weak_probability, weak_truth = weak.beats()
    groups = (clean, changed, noisy)
    of_beats = choose_beat_thresholds(
        [group.tables for group in groups], [group.beat_probability for group in groups]
    )
    thresholds = replace(
        choose_thresholds(
            np.concatenate([calibrated, calibrate(weak_probability, calibration)]),
            np.concatenate([truth, weak_truth]),
        ),
        peak=of_beats["peak"],
        beat=of_beats["beat"],
        beat_in_noise=of_beats["beat_in_noise"],
    )
    metrics = {
        "auprc": abnormal_auprc(calibrated, truth),
        "macro_f1": detected_macro_f1(decide(calibrated, thresholds), truth),
        "r_peak_f1_150ms": clean.r_peak_f1(thresholds),
        "r_peak_f1_50ms": clean.r_peak_f1(thresholds, window=0.05),
        "r_peak_f1_changed": changed.r_peak_f1(thresholds),
        "r_peak_f1_noisy": noisy.r_peak_f1(thresholds),
    }
    return CrossFit(networks, tables, calibration, thresholds, metrics)


def fit_final(
    data: TrainingData,
    tables: dict[int, BeatTables],
    config: TrainingConfig,
    out: Path,
    log: Log,
) -> Any:
    """Fit the final network: its trunk on all patients, its head on all tables.

    Parameters
    ----------
    data : TrainingData
    tables : dict
        The tables of a `CrossFit`.
    config : TrainingConfig
    out : Path
        Run folder.
    log : callable
        Takes one line of progress.

    Returns
    -------
    keras.Model
    """
    log = prefixed(log, "all")
    network = fit_fold(data, None, config, out, log)
    head, weak = network.get_layer("beat_head"), _weak_tables(tables)
    fit_beat_head(head, _learned_tables(tables), [], config, out, log, weak=weak)
    return network


@dataclass(frozen=True, eq=False)
class _Outputs:
    """Tables of unseen patients, with what the beat heads predict for each."""

    tables: list[BeatTable]
    class_probability: list[Floats]
    beat_probability: list[Floats]

    def add(self, head: Any, tables: list[BeatTable]) -> None:
        """Add tables and the predictions of a head for them."""
        for table in tables:
            of_class, of_beat = split_no_beat(predict_beats(head, table))
            self.tables.append(table)
            self.class_probability.append(of_class)
            self.beat_probability.append(of_beat)

    def beats(self) -> tuple[Floats, NDArray[np.int8]]:
        """Return the predictions for the R-peaks that are beats, and their classes."""
        probability = [np.zeros((0, len(AAMI_CLASSES)), dtype=np.float32)]
        truth = [np.zeros(0, dtype=np.int8)]
        for table, of_class in zip(self.tables, self.class_probability, strict=True):
            probability.append(of_class[table.is_beat])
            truth.append(table.class_index[table.is_beat])
        return np.concatenate(probability), np.concatenate(truth)

    def r_peak_f1(self, thresholds: Thresholds, *, window: float = 0.15) -> float:
        """Return the gross F1 of the R-peaks that are classified as beats."""
        return r_peak_f1(self.tables, self.beat_probability, thresholds, window=window)


def _copies(config: TrainingConfig) -> dict[str, int]:
    """Return how many copies of each record `make_tables` is to make."""
    if not config.imbalance.augment:
        return {}
    names = ("copies", "rhythm_copies", "noisy_copies")
    return {name: getattr(config.beats, name) for name in names}


def _learned_tables(tables: dict[int, BeatTables]) -> list[BeatTable]:
    """Return the tables that heads learn from, of all folds, in one list.

    Copies in loud noise are left out. They serve only for the choice of thresholds: in them most
    detections are beats, and heads that learn from them take noise itself for beats. So are most
    copies whose rate rises and falls; see `CHANGING_STEP`.
    """
    learned: list[BeatTable] = []
    for of_fold in tables.values():
        changing = [t for t in of_fold.copies if t.name.endswith(f"/{changing_rate.__name__}")]
        left_out = [t for n, t in enumerate(changing, start=1) if n % CHANGING_STEP]
        learned += of_fold.unchanged
        learned += [t for t in of_fold.copies if t not in left_out]
    return learned


def _weak_tables(tables: dict[int, BeatTables]) -> list[BeatTable]:
    """Return the tables of recordings that are labelled as a whole, of all folds, in one list."""
    return [table for of_fold in tables.values() for table in of_fold.weak]
