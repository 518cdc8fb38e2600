"""The rhythm of every second of a recording, as the databases mark it, and its fold of patients.

| database | what is marked |
|---|---|
| vfdb, mitdb | rhythms (``+``), flutter (``[`` to ``]``) |
| cudb | flutter and fibrillation, or ``windows.csv``: whether every five seconds are ventricular |
| cinc2017 | the whole recording: N none of these, A atrial fibrillation, ~ noise, O unknown |
| afpdb | the half hour before fibrillation; what follows it (``pNNc``) is left out |
| aftdb | fibrillation throughout |
| svdb | none of these throughout |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets import Windows
from ecgscribe.errors import DatasetError
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.record import Annotation
from ecgscribe.training.data import folds

__all__ = [
    "UNKNOWN",
    "RhythmMarks",
    "find_marks",
    "labels_of_annotation",
    "labels_of_windows",
    "rhythm_fold",
]

Labels = NDArray[np.int8]

UNKNOWN = -1
"""Label of a second that is not learned from."""

PACED = {"102": 0, "104": 1, "107": 2, "217": 3}
"""Folds of the paced records of mitdb, which no trunk learns from: wide, and no tachycardia."""

NOTES: dict[str, Rhythm] = {
    **dict.fromkeys(
        ("N", "NSR", "BI", "BII", "B", "T", "SBR", "NOD", "P", "PM", "SVTA", "AB", "PREX", "HGEA"),
        Rhythm.PLAIN,
    ),
    **dict.fromkeys(("AFIB", "AFL"), Rhythm.FIBRILLATION),
    "VT": Rhythm.TACHYCARDIA,
    **dict.fromkeys(("VFL", "VF", "VFIB"), Rhythm.FLUTTER),
    "ASYS": Rhythm.STANDSTILL,
    "NOISE": Rhythm.NOISE,
}
"""Rhythms of notes without their parenthesis; others, such as escape rhythms, are unknown."""
WHOLE = {"svdb": Rhythm.PLAIN, "afpdb": Rhythm.PLAIN, "aftdb": Rhythm.FIBRILLATION}
"""Databases with one rhythm in all of a recording."""
RECORD_LABELS = {"N": Rhythm.PLAIN, "A": Rhythm.FIBRILLATION, "~": Rhythm.NOISE}


@dataclass(frozen=True, eq=False)
class RhythmMarks:
    """What is marked in the records of one database to learn rhythms from.

    Parameters
    ----------
    db : str
    records : tuple of str
        Those with their signals, without patients that no training sees.
    labels : mapping of str to str
        Labels of whole recordings (cinc2017).
    windows : mapping of str to Windows
        Labelled windows (cudb without its annotations).
    data_dir : str or Path, optional
        Where the database is.
    """

    db: str
    records: tuple[str, ...]
    labels: Mapping[str, str]
    windows: Mapping[str, Windows]
    data_dir: str | Path | None

    def seconds(self, record: str, n_seconds: int) -> Labels:
        """Return the rhythm of every whole second of a record.

        Parameters
        ----------
        record : str
        n_seconds : int

        Returns
        -------
        ndarray of int8, shape (n_seconds,)
            `ecgscribe.model.rhythm.Rhythm`, or `UNKNOWN`.
        """
        if self.db in WHOLE or self.labels:
            rhythm = RECORD_LABELS[self.labels[record]] if self.labels else WHOLE[self.db]
            return np.full(n_seconds, rhythm, dtype=np.int8)
        if self.windows:
            return labels_of_windows(self.windows[record], n_seconds)
        annotation = datasets.read_annotation(self.db, record, data_dir=self.data_dir)
        # cudb marks beats and flutter; what is neither has a rhythm without a name.
        start = Rhythm.PLAIN if self.db == "cudb" else None
        return labels_of_annotation(annotation, n_seconds, start=start)


def find_marks(db: str, *, data_dir: str | Path | None = None) -> RhythmMarks:
    """Find the records of a database to learn rhythms from, and what is marked in them.

    Parameters
    ----------
    db : str
    data_dir : str or Path, optional
        See `ecgscribe.datasets.locate`.

    Returns
    -------
    RhythmMarks
        Without records if the database is not there.
    """
    try:
        records = datasets.recorded(db, data_dir=data_dir)
    except DatasetError:
        return RhythmMarks(db, (), {}, {}, data_dir)
    labels: dict[str, str] = {}
    windows: dict[str, Windows] = {}
    if db in ("mitdb", "svdb"):
        known = {*folds(), *(f"mitdb/{record}" for record in PACED)}
        records = tuple(record for record in records if f"{db}/{record}" in known)
    elif db == "cinc2017":
        labels = datasets.read_labels(db, data_dir=data_dir)
        kept = set(datasets.split_records(db, "tenth"))
        records = tuple(r for r in records if labels.get(r) in RECORD_LABELS and r not in kept)
    elif db == "afpdb":
        records = tuple(record for record in records if re.fullmatch(r"p\d+", record))
    elif db == "cudb" and datasets.marked(db, data_dir=data_dir) == "windows":
        windows = datasets.read_windows(db, data_dir=data_dir)
        records = tuple(record for record in records if record in windows)
    return RhythmMarks(db, records, labels, windows, data_dir)


def rhythm_fold(db: str, record: str, n_folds: int) -> int:
    """Return the fold of a record, by patient.

    Parameters
    ----------
    db, record : str
    n_folds : int

    Notes
    -----
    mitdb and svdb have the folds of ``folds.json``, and paced records one each. vfdb goes by the
    place of the record in the published list, and all others by the number in their name: of cudb
    and afpdb two numbers are one patient or one place in the list, of aftdb s0i and t0i are one
    recording.
    """
    if db in ("mitdb", "svdb"):
        return PACED.get(record, folds().get(f"{db}/{record}", 0)) % n_folds
    if db == "vfdb":
        return datasets.find_database(db).records.index(record) % n_folds
    number = int(re.sub(r"\D", "", record))
    return (number + 1) // 2 % n_folds if db in ("cudb", "afpdb") else number % n_folds


def labels_of_annotation(
    annotation: Annotation, n_seconds: int, *, start: Rhythm | None = None
) -> Labels:
    """Return the rhythm of the seconds that lie wholly in one.

    Parameters
    ----------
    annotation : Annotation
        Reference annotations.
    n_seconds : int
    start : Rhythm, optional
        Where no ``+`` holds yet; unknown by default.

    Returns
    -------
    ndarray of int8, shape (n_seconds,)
    """
    label = np.full(n_seconds, UNKNOWN if start is None else start, dtype=np.int8)
    fs = annotation.fs
    for span in annotation.rhythms:
        end = n_seconds if span == annotation.rhythms[-1] else int(span.end / fs)
        label[int(np.ceil(span.begin / fs)) : end] = NOTES.get(span.kind, UNKNOWN)
        if span.begin:
            label[int(span.begin / fs) : int(np.ceil(span.begin / fs))] = UNKNOWN
    begins = annotation.sample[annotation.symbol == "["] / fs
    ends = annotation.sample[annotation.symbol == "]"] / fs
    for begin, end_s in zip(begins.tolist(), ends.tolist(), strict=False):
        label[int(begin) : int(end_s) + 1] = Rhythm.FLUTTER
    return label


def labels_of_windows(windows: Windows, n_seconds: int) -> Labels:
    """Return the rhythm of the seconds of labelled windows: flutter, or none of these.

    Parameters
    ----------
    windows : Windows
    n_seconds : int

    Returns
    -------
    ndarray of int8, shape (n_seconds,)
    """
    label = np.full(n_seconds, UNKNOWN, dtype=np.int8)
    for start, end, is_ventricular in zip(
        windows.start.tolist(), windows.end.tolist(), windows.ventricular.tolist(), strict=True
    ):
        label[int(start) : int(end)] = Rhythm.FLUTTER if is_ventricular else Rhythm.PLAIN
    return label
