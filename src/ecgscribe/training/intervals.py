"""Sequences of R-peaks to learn fibrillation from: recordings, and afdb, which has no signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.resequenced.fibrillation import FIBRILLATION_RECORDS
from ecgscribe.errors import DatasetError
from ecgscribe.model.intervals import LEAST_SCORE, WINDOW, interval_features
from ecgscribe.model.rhythm import N_INTERVAL_FEATURES, Rhythm
from ecgscribe.record import Annotation
from ecgscribe.signal.windows import FS
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_records import RhythmRecord

__all__ = [
    "IntervalPools",
    "Intervals",
    "draw_intervals",
    "intervals_of",
    "recorded_intervals",
    "recorded_marks",
]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Labels = NDArray[np.int8]

GROUPS = {
    "afdb, fibrillation": 0.2,
    "afdb": 0.15,
    "svdb": 0.22,
    "mitdb, fibrillation": 0.07,
    "mitdb": 0.07,
    "cinc2017": 0.1,
    "cinc2017, fibrillation": 0.1,
    "aftdb, fibrillation": 0.04,
    "afpdb": 0.05,
}
"""Relative frequency with which sequences are drawn around a beat in fibrillation, or in another
rhythm, of each database."""
FEWEST = 8
"""R-peaks below which a recording, or a part of one, is not learned from."""
SPARE = 40
"""R-peaks that are drawn beyond a window, as some are lost."""
MISSED, ADDED = (0.0, 0.01, 0.04), (0.0, 0.0, 0.01, 0.03)
"""Shares of R-peaks that a detector may have missed, and added."""
JITTER_S = (0.001, 0.004, 0.008)
RATE = 0.12
"""Standard deviation of the logarithm of the factor by which the rate is changed."""
SHORT = 0.3
SHORT_BEATS = (10, 60)
"""Share of the sequences that are short, as in hand-held recordings, and their lengths."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """R-peaks of one recording.

    Parameters
    ----------
    name : str
        Database and record.
    fold : int, optional
        Fold of the patient; that of afdb is in none.
    seconds : ndarray of float64, shape (n,)
    label : ndarray of int8, shape (n,)
        Whether each is in atrial fibrillation, 1 or 0, or `UNKNOWN`.
    """

    name: str
    fold: int | None
    seconds: Doubles
    label: Labels


def intervals_of(record: RhythmRecord) -> Intervals:
    """Return the R-peaks of a recording, as a trunk that has not seen the patient finds them."""
    seconds = record.r_peaks[record.peak_scores >= LEAST_SCORE] / FS
    rhythm = record.label[np.minimum(seconds.astype(np.int64), len(record.label) - 1)]
    label = np.full(len(seconds), UNKNOWN, dtype=np.int8)
    label[rhythm == Rhythm.PLAIN] = 0
    label[rhythm == Rhythm.FIBRILLATION] = 1
    return Intervals(record.name, record.fold, seconds, label)


def recorded_marks(
    *, data_dir: str | Path | None = None
) -> Iterator[tuple[str, Annotation, Annotation]]:
    """Yield name, rhythms and R-peaks of the records of afdb that training may use.

    Those that `ecgscribe.datasets.resequenced` evaluates with are left out.

    Parameters
    ----------
    data_dir : str or Path, optional
        See `ecgscribe.datasets.locate`; without afdb there are none.
    """
    try:
        records = datasets.available("afdb", data_dir=data_dir)
    except DatasetError:
        return
    for name in sorted(set(records) - set(FIBRILLATION_RECORDS)):
        rhythms, r_peaks = (
            datasets.read_annotation("afdb", name, marks=marks, data_dir=data_dir)
            for marks in ("rhythms", "peaks")
        )
        yield name, rhythms, r_peaks


def recorded_intervals(*, data_dir: str | Path | None = None) -> list[Intervals]:
    """Return the R-peaks of `recorded_marks`, with whether each is in fibrillation."""
    found = []
    for name, rhythms, r_peaks in recorded_marks(data_dir=data_dir):
        beats = r_peaks.beats().sample
        label = _labels(rhythms, beats)
        found.append(Intervals(f"afdb/{name}", None, beats / r_peaks.fs, label))
    return found


def _labels(rhythms: Annotation, beats: NDArray[np.int64]) -> Labels:
    """Label beats by the rhythm in force; flutter and junctional rhythm may be either."""
    change = rhythms.symbol == "+"
    in_force = [
        1 if note.startswith("(AFIB") else 0 if note.startswith("(N") else UNKNOWN
        for note in rhythms.aux_note[change].tolist()
    ]
    span = np.searchsorted(rhythms.sample[change], beats, side="right") - 1
    return np.array([*in_force, UNKNOWN], dtype=np.int8)[span]


def draw_intervals(source: Intervals, wanted: int, rng: Generator) -> tuple[Floats, Labels]:
    """Draw a sequence around a beat with a label, with a detector's errors and another rate.

    Parameters
    ----------
    source : Intervals
    wanted : int
        The label.
    rng : numpy.random.Generator

    Returns
    -------
    features : ndarray of float32, shape (`WINDOW`, `N_INTERVAL_FEATURES`)
        Zeros after the last R-peak.
    label : ndarray of int8, shape (`WINDOW`,)
        Whether each is in fibrillation, or `UNKNOWN`.
    """
    inside = int(rng.choice(np.flatnonzero(source.label == wanted)))
    begin = max(inside - int(rng.integers(WINDOW)), 0)
    part = slice(begin, begin + WINDOW + SPARE)
    kept = rng.random(len(source.seconds[part])) >= rng.choice(MISSED)
    seconds, label = source.seconds[part][kept], source.label[part][kept]
    features = np.zeros((WINDOW, N_INTERVAL_FEATURES), dtype=np.float32)
    of_beats = np.full(WINDOW, UNKNOWN, dtype=np.int8)
    if len(seconds) < FEWEST:
        return features, of_beats
    added = rng.uniform(seconds[0], seconds[-1], rng.binomial(len(seconds), rng.choice(ADDED)))
    order = np.argsort(np.concatenate([seconds, added]), kind="stable")
    label = np.concatenate([label, label[np.searchsorted(seconds, added)]])[order]
    seconds = np.concatenate([seconds, added])[order] * np.exp(rng.normal(0, RATE))
    seconds += rng.normal(0, rng.choice(JITTER_S), len(seconds))
    n = int(rng.integers(*SHORT_BEATS)) if rng.random() < SHORT else len(seconds)
    own = interval_features(np.maximum.accumulate(seconds[:n]))[:WINDOW]
    features[: len(own)], of_beats[: len(own)] = own, label[: len(own)]
    return features, of_beats


class IntervalPools:
    """Recordings to draw sequences from, by database and rhythm.

    Parameters
    ----------
    sources : sequence of Intervals
    """

    def __init__(self, sources: Sequence[Intervals]) -> None:
        pools: dict[str, list[Intervals]] = {}
        for source in sources:
            db = source.name.partition("/")[0]
            for group, wanted in ((db, 0), (f"{db}, fibrillation", 1)):
                if (source.label == wanted).any():
                    pools.setdefault(group, []).append(source)
        # Where none of those databases is there, from what is.
        self._pools = {group: pools[group] for group in GROUPS if group in pools} or pools
        share = np.array([GROUPS.get(group, 1.0) for group in self._pools])
        self._share = share / max(share.sum(), 1e-9)

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Labels]:
        """Draw a batch of `n` sequences; see `draw_intervals`."""
        rows = []
        for group in rng.choice(list(self._pools), n, p=self._share).tolist():
            pool = self._pools[group]
            wanted = int("," in group)
            rows.append(draw_intervals(pool[int(rng.integers(len(pool)))], wanted, rng))
        features, label = (np.stack(column) for column in zip(*rows, strict=True))
        return features, label
