"""Fit one network for each fold of patients, on all the others, and gather what they say of it.

A trunk knows the beats of the patients that it was trained on. What the beat head learns from, and
all that is chosen (calibration, thresholds), must come from trunks that have not seen the patient:
stacking with cross-fitting, as Wolpert, Neural Networks 5(2):241-259, 1992.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import ModelError
from ecgscribe.model.decision import (
    Calibration,
    Thresholds,
    calibrate,
    decide,
    split_no_beat,
)
from ecgscribe.model.network import build_network
from ecgscribe.training.beat_head import fit_beat_head, predict_beats
from ecgscribe.training.beat_tables import BeatTable, BeatTables, make_tables
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.data import TrainingData
from ecgscribe.training.run_folder import Log
from ecgscribe.training.thresholds import (
    abnormal_auprc,
    choose_beat_thresholds,
    choose_thresholds,
    fit_calibration,
    macro_f1,
    r_peak_f1,
)
from ecgscribe.training.trunk import fit_trunk

__all__ = ["CrossFit", "cross_fit", "fit_fold", "fit_heads", "fit_trunks", "fit_whole"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Networks that have each not seen one fold, and what they say of it.

    Parameters
    ----------
    networks : dict
        From fold to the Keras network fitted on the others.
    tables : dict
        From fold to the tables of its records, by its trunk.
    calibration : Calibration
    thresholds : Thresholds
        Chosen on all records, each scored by networks that had not seen it.
    figures : dict
        How well they do on unseen patients: AUPRC of abnormal and macro-F1 (of the R-peaks found),
        R-peak F1 at 150 and 50 ms, and at 150 ms in changed and in noisy copies.
    """

    networks: dict[int, Any]
    tables: dict[int, BeatTables]
    calibration: Calibration
    thresholds: Thresholds
    figures: dict[str, float]


def _copies(config: TrainingConfig) -> dict[str, int]:
    """Say how many copies of the records the head is to learn from."""
    if not config.imbalance.augment:
        return {}
    kinds = ("copies", "rhythm_copies", "noisy_copies")
    return {kind: getattr(config.beats, kind) for kind in kinds}


def fit_fold(
    data: TrainingData, fold: int | None, config: TrainingConfig, out: Path, log: Log
) -> Any:
    """Make a network and fit its trunk on the patients of all folds but one, or of all.

    Parameters
    ----------
    data : TrainingData
    fold : int, optional
        The fold that is held out; without it, none is.
    config : TrainingConfig
    out : Path
        Folder of the trunk's checkpoints, made where its parent is.
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
    out.mkdir(exist_ok=True)
    fit_trunk(network.get_layer("trunk"), *data.split(fold), data.noise, config, out, log)
    return network


def cross_fit(data: TrainingData, config: TrainingConfig, out: Path, log: Log) -> CrossFit:
    """Fit a network for every fold, on the patients of all the others.

    Parameters
    ----------
    data : TrainingData
    config : TrainingConfig
    out : Path
        Folder of the run; each fold has its own in it.
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
    """Fit the trunk of each fold, and gather what it says of that fold.

    Parameters
    ----------
    data : TrainingData
    config : TrainingConfig
    out : Path
        Folder of the run; each fold has its own in it.
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
        say = partial(_say, log, f"fold {k}")
        networks[k] = fit_fold(data, k, config, out / f"fold-{k}", say)
        trunk, held_out = networks[k].get_layer("trunk"), data.split(k)[1]
        tables[k] = make_tables(trunk, held_out, config, noise=data.noise, **_copies(config))
    return networks, tables


def fit_heads(
    networks: dict[int, Any],
    tables: dict[int, BeatTables],
    config: TrainingConfig,
    out: Path,
    log: Log,
    *,
    learnt: dict[int, BeatTables] | None = None,
) -> CrossFit:
    """Fit the head of each fold's network on the tables of all the others.

    Parameters
    ----------
    networks : dict
        From fold to its Keras network; their heads are changed in place.
    tables : dict
        From fold to the tables of its records, by a trunk that had not seen them.
    config : TrainingConfig
    out : Path
        Folder of the run; each fold has its own in it.
    log : callable
        Takes one line of progress.
    learnt : dict, optional
        Tables to learn from in place of those; all else is done on `tables`.

    Returns
    -------
    CrossFit

    Raises
    ------
    ModelError
        If no trunk finds a beat.
    """
    if not any(table.is_beat.any() for k in tables for table in tables[k].unchanged):
        raise ModelError(
            "expected trunks that find R-peaks of unseen patients, found none in any record; "
            "train them for longer (passes or steps of [trunk])"
        )
    for k, network in networks.items():
        others = {j: of_fold for j, of_fold in (learnt or tables).items() if j != k}
        say = partial(_say, log, f"fold {k}")
        head = network.get_layer("beat_head")
        fit_beat_head(
            head, _every_table(others), tables[k].unchanged, config, out / f"fold-{k}", say
        )
    return _judge(networks, tables)


def _every_table(tables: dict[int, BeatTables]) -> list[BeatTable]:
    """Give the tables of all folds that heads learn from in one list.

    Loud noise is not among them, but for the choice of thresholds: heads that learn there, where
    most of what the trunk finds is a beat, take noise itself for beats.
    """
    return [t for of_fold in tables.values() for t in (*of_fold.unchanged, *of_fold.copies)]


def _say(log: Log, who: str, line: str) -> None:
    log(f"{who}: {line}")


def _judge(networks: dict[int, Any], tables: dict[int, BeatTables]) -> CrossFit:
    """Choose what is to be chosen on unseen patients, and say how well it does there."""
    groups: tuple[list[BeatTable], ...] = ([], [], [])
    said: tuple[list[tuple[Floats, Floats]], ...] = ([], [], [])
    for k, of_fold in tables.items():
        head = networks[k].get_layer("beat_head")
        for g, group in enumerate((of_fold.unchanged, of_fold.copies, of_fold.noisy)):
            groups[g].extend(group)
            said[g].extend(split_no_beat(predict_beats(head, table)) for table in group)
    truth = np.concatenate([t.class_index[t.is_beat] for t in groups[0]])
    of_class = np.concatenate([p[t.is_beat] for t, (p, _) in zip(groups[0], said[0], strict=True)])
    calibration = fit_calibration(of_class, truth)
    calibrated = calibrate(of_class, calibration)
    of_beat = [[p for _, p in group] for group in said]
    of_beats = choose_beat_thresholds(groups, of_beat)
    thresholds = replace(
        choose_thresholds(calibrated, truth),
        peak=of_beats["peak"],
        beat=of_beats["beat"],
        beat_in_noise=of_beats["beat_in_noise"],
    )
    figures = {
        "auprc": abnormal_auprc(calibrated, truth),
        "macro_f1": macro_f1(decide(calibrated, thresholds), truth),
        "r_peak_f1_150ms": r_peak_f1(groups[0], of_beat[0], thresholds),
        "r_peak_f1_50ms": r_peak_f1(groups[0], of_beat[0], thresholds, window=0.05),
        "r_peak_f1_changed": r_peak_f1(groups[1], of_beat[1], thresholds),
        "r_peak_f1_noisy": r_peak_f1(groups[2], of_beat[2], thresholds),
    }
    return CrossFit(networks, tables, calibration, thresholds, figures)


def fit_whole(
    data: TrainingData,
    tables: dict[int, BeatTables],
    config: TrainingConfig,
    out: Path,
    log: Log,
) -> Any:
    """Fit the network that is to be used: its trunk on all patients, its head on all tables.

    Parameters
    ----------
    data : TrainingData
    tables : dict
        Of `cross_fit`.
    config : TrainingConfig
    out : Path
        Folder of the run.
    log : callable
        Takes one line of progress.

    Returns
    -------
    keras.Model
    """
    say = partial(_say, log, "all")
    network = fit_fold(data, None, config, out, say)
    fit_beat_head(network.get_layer("beat_head"), _every_table(tables), [], config, out, say)
    return network
