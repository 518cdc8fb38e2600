"""Fit one network for each fold of patients, on all the others, and gather what they say of it.

A trunk knows the beats of the patients that it was trained on. What the beat head learns from, and
all that is chosen (calibration, thresholds), must come from trunks that have not seen the patient:
stacking with cross-fitting, as Wolpert, Neural Networks 5(2):241-259, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.beat_tables import BeatTable, make_tables
from ecgscribe.beat_training import (
    abnormal_auprc,
    choose_thresholds,
    fit_beat_head,
    fit_calibration,
    macro_f1,
    predict_beats,
)
from ecgscribe.beats import calibrate, decide
from ecgscribe.network import build_network
from ecgscribe.runtime import Scores
from ecgscribe.training_config import TrainingConfig
from ecgscribe.training_data import Example, Floats
from ecgscribe.trunk_training import Log, choose_peak_threshold, fit_trunk, peak_f1, trunk_scores

__all__ = ["CrossFit", "TrainingData", "choose_decisions", "cross_fit", "fit_fold", "fit_whole"]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a training draws from.

    Parameters
    ----------
    examples : list of Example
    fold : list of int
        Fold of each example; records of one patient share theirs.
    noise : list of ndarray of float32, shape (n_steps, 2)
        Noise recordings for augmentation.
    hashes : dict
        SHA-256 of each record's files.
    """

    examples: list[Example]
    fold: list[int]
    noise: list[Floats]
    hashes: dict[str, str]

    def split(self, fold: int | None) -> tuple[list[Example], list[Example]]:
        """Give the examples to train on and those of the fold held out, if any."""
        pairs = list(zip(self.examples, self.fold, strict=True))
        return [e for e, k in pairs if k != fold], [e for e, k in pairs if k == fold]


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Networks that have each not seen one fold, and what they say of it.

    Parameters
    ----------
    networks : dict
        From fold to the Keras network fitted on the others.
    tables : dict
        From fold to the tables of its records, by its trunk: unchanged ones, then copies.
    calibration, thresholds : dict
        Chosen on all records, each scored by networks that had not seen it; see
        `ecgscribe.beats.calibrate` and `ecgscribe.beats.decide`.
    figures : dict
        How well they do on unseen patients: AUPRC of abnormal and macro-F1 (on reference
        R-peaks), R-peak F1 at 150 and 50 ms.
    """

    networks: dict[int, Any]
    tables: dict[int, list[BeatTable]]
    calibration: dict[str, Any]
    thresholds: dict[str, Any]
    figures: dict[str, float]


def _copies(config: TrainingConfig) -> dict[str, int]:
    """Say how many copies of the records the head is to learn from."""
    if not config.imbalance.augment:
        return {}
    return {"copies": config.beats.copies, "rhythm_copies": config.beats.rhythm_copies}


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
    keys = sorted(set(data.fold))
    networks: dict[int, Any] = {}
    tables: dict[int, list[BeatTable]] = {}
    scores: list[Scores] = []
    unseen: list[Example] = []
    for k in keys:
        say = partial(_say, log, f"fold {k}")
        networks[k] = fit_fold(data, k, config, out / f"fold-{k}", say)
        trunk, held_out = networks[k].get_layer("trunk"), data.split(k)[1]
        said = [trunk_scores(trunk, e.signal, frame=config.architecture.frame) for e in held_out]
        tables[k] = make_tables(trunk, held_out, said, config, noise=data.noise, **_copies(config))
        scores += said
        unseen += held_out
    probabilities = []
    for k in keys:
        head = networks[k].get_layer("beat_head")
        others = [t for j in keys if j != k for t in tables[j]]
        plain = tables[k][: data.fold.count(k)]
        say = partial(_say, log, f"fold {k}")
        fit_beat_head(head, others, plain, config, out / f"fold-{k}", say)
        probabilities += [predict_beats(head, table) for table in plain]
    truth = np.concatenate([e.class_index for e in unseen])
    return _judge(networks, tables, np.concatenate(probabilities), truth, scores, unseen)


def _say(log: Log, who: str, line: str) -> None:
    log(f"{who}: {line}")


def choose_decisions(
    probability: Floats,
    truth: NDArray[np.int8],
    scores: Sequence[Scores],
    unseen: Sequence[Example],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose calibration and thresholds on records that their networks had not seen.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        Of the beats of all records, not calibrated.
    truth : ndarray of int8, shape (n_beats,)
    scores : sequence of Scores
    unseen : sequence of Example
        The records, in the order of `scores`.

    Returns
    -------
    calibration, thresholds : dict
        See `ecgscribe.beats.calibrate` and `ecgscribe.beats.decide`; the threshold of the R-peak
        is among them.
    """
    calibration = fit_calibration(probability, truth)
    thresholds = choose_thresholds(calibrate(probability, calibration), truth)
    thresholds["peak"] = choose_peak_threshold(scores, unseen)
    return calibration, thresholds


def _judge(
    networks: dict[int, Any],
    tables: dict[int, list[BeatTable]],
    probability: Floats,
    truth: NDArray[np.int8],
    scores: Sequence[Scores],
    unseen: Sequence[Example],
) -> CrossFit:
    """Choose what is to be chosen on unseen patients, and say how well it does there."""
    calibration, thresholds = choose_decisions(probability, truth, scores, unseen)
    calibrated = calibrate(probability, calibration)
    figures = {
        "auprc": abnormal_auprc(calibrated, truth),
        "macro_f1": macro_f1(decide(calibrated, thresholds), truth),
    }
    for name, window in (("r_peak_f1_150ms", 0.15), ("r_peak_f1_50ms", 0.05)):
        figures[name] = peak_f1(scores, unseen, threshold=thresholds["peak"], window=window)
    return CrossFit(networks, tables, calibration, thresholds, figures)


def fit_whole(
    data: TrainingData,
    tables: dict[int, list[BeatTable]],
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
    every = [table for of_fold in tables.values() for table in of_fold]
    fit_beat_head(network.get_layer("beat_head"), every, [], config, out, say)
    return network
