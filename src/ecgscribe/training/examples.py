"""Prepare annotated recordings for training: condition them and align their reference beats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.catalogue import find_database
from ecgscribe.errors import DatasetError
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.filters import filter_lead
from ecgscribe.signal.windows import samples_to_steps

__all__ = ["Example", "load_examples", "make_example", "recorded_noise"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

ALIGN_REACH = 8
"""Steps around an annotation of svdb within which its R-peak is searched for (62 ms)."""
QRS_HALF = 13
"""Steps on each side of an R-peak over which the shapes of beats are compared (0.1 s)."""
SAME_SHAPE = 0.8
"""Correlation above which two beats have the same shape."""
ALIGN_ROUNDS = 4
"""Rounds in which the typical QRS and the shifts of the beats are estimated in turn."""
FEWEST_BEATS = 3
"""Beats below which the typical QRS of a record is not estimated."""


@dataclass(frozen=True, eq=False)
class Example:
    """One annotated record, conditioned.

    Parameters
    ----------
    name : str
        Database and record, as in ``mitdb/100``.
    signal : ndarray of float32, shape (n_steps, 2)
    r_peaks : ndarray of float64, shape (n_beats,)
        Reference R-peaks in steps.
    class_index : ndarray of int8, shape (n_beats,)
        AAMI class of each reference beat.
    masked : ndarray of bool, shape (n_steps,)
        True where the reference has no beats to learn from (ventricular flutter).
    """

    name: str
    signal: Floats
    r_peaks: Doubles
    class_index: NDArray[np.int8]
    masked: NDArray[np.bool_]


def make_example(
    name: str, record: Record, annotation: Annotation, *, align: bool = False
) -> Example:
    """Condition a record and convert its reference beats to steps.

    Parameters
    ----------
    name : str
    record : Record
    annotation : Annotation
        Reference annotations.
    align : bool
        Move each annotation to the nearby R-peak, for a database whose annotations are up to 70 ms
        off (svdb).

    Returns
    -------
    Example
    """
    conditioned = condition(record)
    beats = annotation.beats()
    r_peaks = samples_to_steps(beats.sample, conditioned.ratio)
    if align:
        r_peaks = np.sort(_aligned(conditioned.signal[:, 0], r_peaks))
    n = len(conditioned.signal)
    masked = np.zeros(n, dtype=np.bool_)
    begins = annotation.sample[annotation.symbol == "["]
    ends = annotation.sample[annotation.symbol == "]"]
    for begin, end in zip(begins, ends, strict=False):
        first, last = samples_to_steps(np.array([begin, end]), conditioned.ratio)
        masked[int(first) : int(last) + 1] = True
    inside = (r_peaks >= 0) & (r_peaks < n)
    inside &= ~masked[np.clip(r_peaks, 0, n - 1).astype(np.int64)]
    return Example(name, conditioned.signal, r_peaks[inside], beats.class_index[inside], masked)


def _aligned(lead: Floats, r_peaks: Doubles) -> Doubles:
    """Move annotations to the R-peak: the largest deflection of the record's typical QRS.

    Each beat is shifted until it correlates best with the mean of the beats of that shape, so that
    all are annotated at one point of the QRS. Beats of another shape move by the median shift.
    """
    reach, half = ALIGN_REACH, QRS_HALF
    at = np.rint(r_peaks).astype(np.int64)[:, None] + np.arange(-reach - half, reach + half + 1)
    inside = (at[:, 0] >= 0) & (at[:, -1] < len(lead))
    if inside.sum() < FEWEST_BEATS:
        return r_peaks
    beats = lead[np.clip(at, 0, len(lead) - 1)].astype(np.float64)
    shifted = np.lib.stride_tricks.sliding_window_view(beats, 2 * half + 1, axis=1)
    centred = shifted - shifted.mean(axis=2, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-6)
    typical = np.median(centred[inside, reach], axis=0)
    for _ in range(ALIGN_ROUNDS):
        correlation = centred @ (typical / max(np.linalg.norm(typical), 1e-6))
        best = correlation.argmax(axis=1)
        alike = inside & (correlation.max(axis=1) > SAME_SHAPE)
        if alike.sum() < FEWEST_BEATS:
            return r_peaks
        typical = centred[alike, best[alike]].mean(axis=0)
    mean = shifted[alike, best[alike]].mean(axis=0)
    shift = best - reach
    shift[~alike] = np.median(shift[alike])
    return np.asarray(r_peaks + shift + np.abs(mean).argmax() - half, dtype=np.float64)


def load_examples(names: Iterable[str], *, data_dir: str | Path | None = None) -> list[Example]:
    """Load records by names such as ``mitdb/100``.

    Raises
    ------
    DatasetError
        If a record is missing.
    """
    examples = []
    for name in names:
        db, _, record = name.partition("/")
        loaded = datasets.load(db, record, data_dir=data_dir)
        examples.append(make_example(name, *loaded, align=find_database(db).realign_annotations))
    return examples


def recorded_noise(*, data_dir: str | Path | None = None) -> list[Floats]:
    """Load the first halves of nstdb's ``bw`` and ``ma``, filtered, shape (n_steps, 2) each.

    ``em`` and the second halves are kept for tests. Without nstdb the list is empty.
    """
    noise = []
    for name in ("bw", "ma"):
        try:
            record = datasets.noise(name, data_dir=data_dir)
        except DatasetError:
            return []
        half = record.signal[: record.n_samples // 2]
        noise.append(np.stack([filter_lead(lead, record.fs) for lead in half.T], axis=1))
    return noise
