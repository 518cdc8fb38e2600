"""Prepare recordings from which the rhythm network learns."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.errors import DatasetError, FormatError, SignalWarning
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.model.rhythm_features import IRREGULARITY_GAIN
from ecgscribe.model.runtime import Model
from ecgscribe.model.second_features import BEAT_FEATURE_NAMES, beat_features_by_second
from ecgscribe.model.seconds import heights, lost_seconds, typical_heights
from ecgscribe.pipeline.classification import classify_beats
from ecgscribe.pipeline.detection import detect_r_peaks
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.training.rhythm_labels import (
    UNKNOWN,
    RhythmMarks,
    find_marks,
    rhythm_fold,
)
from ecgscribe.training.run_folder import Log

__all__ = ["RhythmRecord", "has_ventricular", "load_rhythm_records", "make_rhythm_record"]

Floats = NDArray[np.float32]

SHORTEST_S = 5
"""Seconds that a recording must have to be learned from."""
WORKERS = 2
IRREGULAR = IRREGULARITY_GAIN * 0.08
"""Irregularity from which a rhythm may be atrial fibrillation: the median change between RR
intervals, as a share of the interval. On mitdb this finds 97% of it."""
UNMARKED_FIBRILLATION = ("cudb",)
"""Databases that do not mark atrial fibrillation where there is some."""


@dataclass(frozen=True, eq=False)
class RhythmRecord:
    """One recording with its rhythm by the second.

    Parameters
    ----------
    name : str
        Database and record, as in ``vfdb/418``.
    fold : int
        Fold of its patient.
    unscaled : ndarray of float32, shape (n_seconds * FS, n_leads)
        Filtered, in the unit of each lead.
    lost : ndarray of bool, shape (n_seconds * FS, n_leads)
    typical : ndarray of float32, shape (n_leads,)
        See `ecgscribe.model.seconds.typical_heights`.
    r_peaks : ndarray of float64, shape (n,)
        R-peak candidates in steps, of a trunk that has not seen the patient.
    peak_scores : ndarray of float32, shape (n,)
    shapes : ndarray of float32, shape (n, 3, 2)
        See `ecgscribe.model.second_features.shapes_of`.
    label : ndarray of int8, shape (n_seconds,)
        `Rhythm`, or `ecgscribe.training.rhythm_labels.UNKNOWN`.
    """

    name: str
    fold: int
    unscaled: Floats
    lost: NDArray[np.bool_]
    typical: Floats
    r_peaks: NDArray[np.float64]
    peak_scores: Floats
    shapes: Floats
    label: NDArray[np.int8]

    @property
    def database(self) -> str:
        """Name of the database."""
        return self.name.partition("/")[0]

    @cached_property
    def irregular(self) -> NDArray[np.bool_]:
        """Whether its R-peaks are as irregular around each second as in atrial fibrillation."""
        beats = (self.r_peaks, self.peak_scores, self.shapes)
        features = beat_features_by_second(*beats, len(self.label))
        wanted = BEAT_FEATURE_NAMES.index("irregular_far")
        return np.asarray(features[:, wanted] > IRREGULAR)

    def has(self, *rhythms: Rhythm) -> bool:
        """Return whether one of the rhythms occurs."""
        return bool(np.isin(self.label, rhythms).any())


def make_rhythm_record(
    name: str, fold: int, record: Record, label: NDArray[np.int8], model: Model
) -> RhythmRecord:
    """Condition a recording and find its R-peak candidates.

    Parameters
    ----------
    name : str
    fold : int
    record : Record
    label : ndarray of int8, shape (n_seconds,)
        Of its whole seconds.
    model : Model
        One that has not seen the patient.

    Returns
    -------
    RhythmRecord
    """
    conditioner = Conditioner.for_record(record, with_gaps=True)
    conditioned = conditioner.condition(0, conditioner.n_steps)
    n, n_leads = len(label) * FS, len(conditioner.leads)
    unscaled, lost = conditioned.unscaled[:n, :n_leads], conditioned.lost[:n]
    without_rhythm = dataclasses.replace(model, rhythm=None)
    blocks = detect_r_peaks(without_rhythm, conditioner)
    candidates = classify_beats(without_rhythm, blocks).candidates
    gone = lost_seconds(lost)
    known = np.where(gone.all(axis=1), UNKNOWN, label).astype(np.int8)
    typical = typical_heights(heights(unscaled), gone)
    return RhythmRecord(
        name,
        fold,
        unscaled,
        lost,
        typical,
        candidates.r_peaks,
        candidates.peak_scores,
        candidates.shapes,
        known,
    )


def load_rhythm_records(
    models: Mapping[int, Model],
    databases: Sequence[str],
    *,
    data_dir: str | Path | None,
    limit: int,
    log: Log,
) -> list[RhythmRecord]:
    """Prepare all records of some databases; those that are not on disk are left out.

    Parameters
    ----------
    models : mapping
        From fold to the model that has not seen its patients.
    databases : sequence of str
    data_dir : str or Path, optional
        Folder that holds a folder for each; see `ecgscribe.datasets.locate`.
    limit : int
        Use only this many records of each database; 0 for all.
    log : callable
        Takes one line per database.

    Returns
    -------
    list of RhythmRecord
    """
    records: list[RhythmRecord] = []
    for db in databases:
        marks = find_marks(db, data_dir=data_dir)

        def load(name: str, marks: RhythmMarks = marks) -> RhythmRecord | None:
            fold = rhythm_fold(marks.db, name, len(models))
            try:
                record = datasets.read_record(marks.db, name, data_dir=data_dir)
                n_seconds = int(record.duration)
                label = marks.seconds(name, n_seconds)
                model = models[sorted(models)[fold]]
                prepared = make_rhythm_record(f"{marks.db}/{name}", fold, record, label, model)
            except (DatasetError, FormatError) as error:
                log(f"left out: {error}")
                return None
            if marks.db in UNMARKED_FIBRILLATION:
                prepared.label[(prepared.label == Rhythm.PLAIN) & prepared.irregular] = UNKNOWN
            return prepared if n_seconds >= SHORTEST_S else None

        with warnings.catch_warnings(), ThreadPoolExecutor(WORKERS) as pool:
            warnings.simplefilter("ignore", SignalWarning)
            loaded = [
                record
                for record in pool.map(load, marks.records[: limit or None])
                if record is not None
            ]
        hours = sum(len(record.label) for record in loaded) / 3600
        if loaded:
            log(f"rhythm: {len(loaded)} records of {db} ({hours:.1f} h)")
        records += loaded
    return records


def has_ventricular(records: Sequence[RhythmRecord]) -> bool:
    """Return whether ventricular rhythms can be learned from the records."""
    return any(r.has(Rhythm.TACHYCARDIA, Rhythm.FLUTTER) for r in records)
