"""Train the rhythm networks of a run: one for each fold of patients, and one on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.files import write_csv
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import trunk_grid
from ecgscribe.model.seconds import embed_windows
from ecgscribe.pipeline.network_spans import NETWORK_KINDS, rhythm_spans
from ecgscribe.pipeline.rhythm_by_second import predict_seconds
from ecgscribe.signal.filters import scale
from ecgscribe.signal.windows import FS
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.data import TrainingData
from ecgscribe.training.intervals import Intervals, intervals_of, recorded_intervals
from ecgscribe.training.rhythm_export import add_rhythm
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_made import made_records
from ecgscribe.training.rhythm_network import fit_rhythm_networks, rhythm_noise
from ecgscribe.training.rhythm_records import RhythmRecord, has_ventricular, load_rhythm_records
from ecgscribe.training.run_folder import Log, prefixed

__all__ = ["steady_seconds", "train_rhythm", "unseen_seconds"]

Floats = NDArray[np.float32]

CHANGE_S = {"cudb": 5}
SURE = 0.7
"""Least score of an R-peak candidate that is taken to be a beat."""
USUAL_CHANGE_S = 2
"""Seconds on each side of a change of the rhythm that no table counts."""


def train_rhythm(
    model: Model,
    of_folds: Mapping[int, Model],
    data: TrainingData,
    config: TrainingConfig,
    out: Path,
    log: Log,
    *,
    data_dir: str | Path | None = None,
) -> Model:
    """Fit the rhythm networks and add them to the models of the run.

    R-peak candidates are those of a trunk that has not seen the patient, as they will be of new
    recordings. What the network of each fold predicts for its unseen patients is written to
    ``rhythm-unseen.csv``.

    Parameters
    ----------
    model : Model
        The one that is fitted on all patients.
    of_folds : mapping
        From fold to the model that has not seen its patients.
    data : TrainingData
        What the trunk learned from: other rhythms are made from it, and its noise is used.
    config : TrainingConfig
    out : Path
        Run folder; an interrupted run resumes after its last complete network.
    log : callable
        Takes one line of progress.
    data_dir : str or Path, optional
        Where the databases are.

    Returns
    -------
    Model
        With a rhythm network, or as it was if no recording has ventricular rhythms.
    """
    records = load_rhythm_records(
        of_folds, config.rhythm.databases, data_dir=data_dir, limit=config.limit, log=log
    )
    if not has_ventricular(records):
        log("no recordings with ventricular rhythms: the model will recognise beats alone")
        return model
    made = made_records(data.examples, data.fold, seed=config.seed, data_dir=data_dir)
    log(f"rhythm: {len(made)} made records")
    intervals = [*map(intervals_of, records), *recorded_intervals(data_dir=data_dir)]
    noises = rhythm_noise(data.noise, seed=config.seed)
    measured: list[dict[str, Any]] = []
    for fold, of_fold in of_folds.items():
        folder = out / f"fold-{fold}"
        others = [record for record in records + made if record.fold != fold]
        of_others = [each for each in intervals if each.fold != fold]
        log_fold = prefixed(log, f"fold {fold}")
        complete = _fit_one(of_fold, others, of_others, noises, config, folder, log_fold, fold=fold)
        measured += unseen_seconds(complete, [r for r in records if r.fold == fold])
    write_csv(out / "rhythm-unseen.csv", measured)
    for line in _summary(measured):
        log(f"rhythm of unseen patients: {line}")
    return _fit_one(model, records + made, intervals, noises, config, out, log, fold=None)


def _fit_one(
    model: Model,
    records: Sequence[RhythmRecord],
    intervals: Sequence[Intervals],
    noise: Sequence[Floats],
    config: TrainingConfig,
    folder: Path,
    log: Log,
    *,
    fold: int | None,
) -> Model:
    seed = config.seed if fold is None else config.seed + 1 + fold
    networks = fit_rhythm_networks(records, intervals, noise, config, folder, log, seed=seed)
    databases = [record.database for record in records]
    databases += [each.name.partition("/")[0] for each in intervals if each.fold is None]
    about = {
        "rhythms": [rhythm.name for rhythm in Rhythm],
        "training": {db: databases.count(db) for db in dict.fromkeys(databases)},
        "held_out_fold": fold,
    }
    return add_rhythm(model, networks, folder, about)


def unseen_seconds(model: Model, records: Sequence[RhythmRecord]) -> list[dict[str, Any]]:
    """Count the seconds of each rhythm by the rhythm that the spans show.

    Parameters
    ----------
    model : Model
        With a rhythm network that has not seen the patients.
    records : sequence of RhythmRecord

    Returns
    -------
    list of dict
        One row for each record and marked rhythm: ``record``, ``rhythm``, ``seconds``, and how many
        of them lie in a span of each of `ecgscribe.pipeline.network_spans.NETWORK_KINDS`.
    """
    rows = []
    for record in records:
        shown = _shown(model, record)
        label = steady_seconds(record.label, CHANGE_S.get(record.database, USUAL_CHANGE_S))
        for rhythm in Rhythm:
            own = shown[label == rhythm]
            if len(own):
                counts = np.bincount(own, minlength=len(NETWORK_KINDS)).tolist()
                row = {"record": record.name, "rhythm": rhythm.name.lower(), "seconds": len(own)}
                rows.append(row | dict(zip(NETWORK_KINDS, counts, strict=True)))
    return rows


def _shown(model: Model, record: RhythmRecord) -> NDArray[np.int64]:
    """Return the index of the rhythm of each second in `NETWORK_KINDS`, by spans."""
    if model.rhythm is None:
        raise ValueError("expected a model with a rhythm network, found none; train it first")
    leads = zip(record.unscaled.T, record.lost.T, strict=True)
    signal = np.stack([scale(np.ascontiguousarray(x), lost) for x, lost in leads], axis=1)
    grid = trunk_grid(len(signal))
    seconds = embed_windows(
        model.rhythm, signal, record.unscaled, record.lost, grid, 0, len(grid.starts)
    )
    peaks = (record.r_peaks, record.peak_scores, record.shapes)
    probability = predict_seconds(model.rhythm, seconds, *peaks)
    shown = np.zeros(len(seconds), dtype=np.int64)
    for span in rhythm_spans(probability, record.r_peaks[record.peak_scores >= SURE], len(signal)):
        shown[span.begin // FS : span.end // FS] = NETWORK_KINDS.index(span.kind)
    return shown


def steady_seconds(label: NDArray[np.int8], around: int) -> NDArray[np.int8]:
    """Return labels that are unknown where the rhythm changes within `around` seconds."""
    steady = label.copy()
    for shift in range(1, around + 1):
        steady[shift:][label[shift:] != label[:-shift]] = UNKNOWN
        steady[:-shift][label[shift:] != label[:-shift]] = UNKNOWN
    return steady


def _summary(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each database and rhythm."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        db = str(row["record"]).partition("/")[0]
        groups.setdefault((db, str(row["rhythm"])), []).append(row)
    lines = []
    for (db, rhythm), own in sorted(groups.items()):
        total = sum(row["seconds"] for row in own)
        shares = (f"{k} {sum(row[k] for row in own) / total:.1%}" for k in NETWORK_KINDS)
        lines.append(f"{db} {rhythm}, {total} s: {', '.join(shares)}")
    return lines
