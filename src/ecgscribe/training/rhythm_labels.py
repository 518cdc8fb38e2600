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

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import formats
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.record import Annotation
from ecgscribe.training.data import folds

__all__ = [
    "HELD_OUT_DIGIT",
    "UNKNOWN",
    "label_seconds",
    "labels_of_annotation",
    "record_labels",
    "rhythm_fold",
    "rhythm_records",
]

Labels = NDArray[np.int8]

UNKNOWN = -1
"""Label of a second that is not learned from."""
HELD_OUT_DIGIT = "3"
"""Last digit of the recordings of cinc2017 that no training uses."""
VFDB = (
    *("418", "419", "420", "421", "422", "423", "424", "425", "426", "427", "428", "429", "430"),
    *("602", "605", "607", "609", "610", "611", "612", "614", "615"),
)
"""Records of vfdb, as published: a patient each."""

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
RECORD_LABELS = {"N": Rhythm.PLAIN, "A": Rhythm.FIBRILLATION, "~": Rhythm.NOISE}


def rhythm_records(db: str, root: Path, labels: Mapping[str, str]) -> dict[str, Path]:
    """Return the records of a database to learn rhythms from.

    Parameters
    ----------
    db : str
    root : Path
        Folder that holds a folder of that name; it may be missing.
    labels : mapping
        See `record_labels`.

    Returns
    -------
    dict
        From names such as ``vfdb/418`` to paths without a suffix.
    """
    paths = {path.stem: path.with_suffix("") for path in sorted((root / db).rglob("*.hea"))}
    if db in ("mitdb", "svdb"):
        trainable = folds()
        paced = PACED if db == "mitdb" else {}
        paths = {
            name: path
            for name, path in paths.items()
            if f"{db}/{name}" in trainable or name in paced
        }
    elif db == "cinc2017":
        known = {name for name in labels if labels[name] in RECORD_LABELS}
        paths = {name: path for name, path in paths.items() if name in known}
    elif db == "afpdb":
        paths = {name: path for name, path in paths.items() if re.fullmatch(r"p\d+", name)}
    elif db == "aftdb":  # its test sets have names that the learning set shares
        paths = {
            f"{path.parent.name}-{path.stem}": path.with_suffix("")
            for path in sorted((root / db).rglob("*.hea"))
        }
    return {f"{db}/{name}": path for name, path in paths.items()}


def record_labels(root: Path) -> dict[str, str]:
    """Return the label of each recording of cinc2017, from ``REFERENCE.csv``."""
    for path in sorted((root / "cinc2017").rglob("REFERENCE.csv")):
        with path.open(newline="") as file:
            return dict(row[:2] for row in csv.reader(file) if len(row) > 1)
    return {}


def rhythm_fold(name: str, n_folds: int) -> int | None:
    """Return the fold of a record, by patient; None if it is not to be learned from.

    Parameters
    ----------
    name : str
        Such as ``vfdb/418``.
    n_folds : int

    Notes
    -----
    mitdb and svdb have the folds of ``folds.json``, and paced records one each. vfdb goes by the
    place of the record in the
    published list, and all others by the number in their name: of cudb and afpdb two numbers are
    one patient or one place in the list, of aftdb s0i and t0i are one recording.
    """
    db, _, record = name.partition("/")
    if db in ("mitdb", "svdb"):
        return PACED.get(record, folds().get(name, 0)) % n_folds
    if db == "vfdb":
        return VFDB.index(record) % n_folds if record in VFDB else 0
    number = int(re.sub(r"\D", "", record.rpartition("-")[2]) or 0)
    if db == "cinc2017":
        return None if record.endswith(HELD_OUT_DIGIT) else number % n_folds
    return (number + 1) // 2 % n_folds if db in ("cudb", "afpdb") else number % n_folds


def label_seconds(name: str, path: Path, n_seconds: int, labels: Mapping[str, str]) -> Labels:
    """Return the rhythm of every whole second of a record.

    Parameters
    ----------
    name : str
        Such as ``vfdb/418``.
    path : Path
        The record without a suffix.
    n_seconds : int
    labels : mapping
        See `record_labels`.

    Returns
    -------
    ndarray of int8, shape (n_seconds,)
        `ecgscribe.model.rhythm.Rhythm`, or `UNKNOWN`.
    """
    db, _, record = name.partition("/")
    constant = {"svdb": Rhythm.PLAIN, "afpdb": Rhythm.PLAIN, "aftdb": Rhythm.FIBRILLATION}
    if db == "cinc2017":
        constant["cinc2017"] = RECORD_LABELS[labels[record]]
    if db in constant:
        return np.full(n_seconds, constant[db], dtype=np.int8)
    if db == "cudb" and (windows := path.with_name("windows.csv")).is_file():
        return _labels_of_windows(windows, record, n_seconds)
    annotation = formats.read_annotation(path, "atr")
    # cudb marks beats and flutter; what is neither has a rhythm without a name.
    start = Rhythm.PLAIN if db == "cudb" else None
    return labels_of_annotation(annotation, n_seconds, start=start)


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


def _labels_of_windows(path: Path, record: str, n_seconds: int) -> Labels:
    label = np.full(n_seconds, UNKNOWN, dtype=np.int8)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["record"] == record:
                ventricular = row["ventricular"] == "1"
                rhythm = Rhythm.FLUTTER if ventricular else Rhythm.PLAIN
                label[int(row["start_s"]) : int(row["end_s"])] = rhythm
    return label
