"""Recordings made ready for training, and the windows drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.catalogue import find_database
from ecgscribe.errors import DatasetError
from ecgscribe.metrics import ec57
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import condition
from ecgscribe.signal.filters import filter_lead
from ecgscribe.signal.windows import FS, samples_to_steps

__all__ = [
    "Example",
    "Floats",
    "Positions",
    "load_examples",
    "make_example",
    "match",
    "recorded_noise",
]


REALIGN_REACH = 8
"""Steps within which svdb's marks are looked for beside their R-peaks (62 ms)."""
QRS_HALF = 13
"""Steps to each side of an R-peak by which the shapes of beats are compared (0.1 s)."""
ALIKE = 0.8
"""Correlation from which on beats are of one shape."""
FEWEST_BEATS = 3


Floats = NDArray[np.float32]
Positions = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """One annotated record, conditioned.

    Parameters
    ----------
    name : str
        Database and record, as in ``mitdb/100``.
    signal : ndarray of float32, shape (n_steps, 2)
    step : ndarray of float64, shape (n_beats,)
        Reference R-peaks in steps.
    class_index : ndarray of int8, shape (n_beats,)
    masked : ndarray of bool, shape (n_steps,)
        True where the reference has no beats to learn from (ventricular flutter).
    """

    name: str
    signal: Floats
    step: NDArray[np.float64]
    class_index: NDArray[np.int8]
    masked: NDArray[np.bool_]


def _realigned(lead: Floats, step: Positions) -> Positions:
    """Move marks to the R-peak: where the record's usual QRS deflects the most.

    Each beat is laid over the mean of those like it, so that all are marked at one place of the
    QRS; beats of another shape move by the median.
    """
    reach, half = REALIGN_REACH, QRS_HALF
    at = np.rint(step).astype(np.int64)[:, None] + np.arange(-reach - half, reach + half + 1)
    inside = (at[:, 0] >= 0) & (at[:, -1] < len(lead))
    if inside.sum() < FEWEST_BEATS:
        return step
    beats = lead[np.clip(at, 0, len(lead) - 1)].astype(np.float64)
    shifted = np.lib.stride_tricks.sliding_window_view(beats, 2 * half + 1, axis=1)
    centred = shifted - shifted.mean(axis=2, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-6)
    usual = np.median(centred[inside, reach], axis=0)
    for _ in range(4):
        like = centred @ (usual / max(np.linalg.norm(usual), 1e-6))
        best = like.argmax(axis=1)
        alike = inside & (like.max(axis=1) > ALIKE)
        if alike.sum() < FEWEST_BEATS:
            return step
        usual = centred[alike, best[alike]].mean(axis=0)
    mean = shifted[alike, best[alike]].mean(axis=0)
    shift = best - reach
    shift[~alike] = np.median(shift[alike])
    return np.asarray(step + shift + np.abs(mean).argmax() - half, dtype=np.float64)


def make_example(
    name: str, record: Record, annotation: Annotation, *, align: bool = False
) -> Example:
    """Condition a record and bring its reference beats to its clock.

    Parameters
    ----------
    name : str
    record : Record
    annotation : Annotation
        Reference annotations.
    align : bool
        Move each mark to the R-peak beside it, for a database whose marks lie up to 70 ms off
        (svdb).

    Returns
    -------
    Example
    """
    conditioned = condition(record)
    beats = annotation.beats()
    step = samples_to_steps(beats.sample, conditioned.ratio)
    if align:
        step = np.sort(_realigned(conditioned.signal[:, 0], step))
    n = len(conditioned.signal)
    masked = np.zeros(n, dtype=np.bool_)
    begins = annotation.sample[annotation.symbol == "["]
    ends = annotation.sample[annotation.symbol == "]"]
    for begin, end in zip(begins, ends, strict=False):
        first, last = samples_to_steps(np.array([begin, end]), conditioned.ratio)
        masked[int(first) : int(last) + 1] = True
    keep = (step >= 0) & (step < n) & ~masked[np.clip(step, 0, n - 1).astype(np.int64)]
    return Example(name, conditioned.signal, step[keep], beats.class_index[keep], masked)


def load_examples(names: Iterable[str], *, data_dir: str | Path | None = None) -> list[Example]:
    """Load records by names such as ``mitdb/100``.

    Raises
    ------
    DatasetError
        If a record is absent.
    """
    examples = []
    for name in names:
        db, _, record = name.partition("/")
        loaded = datasets.load(db, record, data_dir=data_dir)
        examples.append(make_example(name, *loaded, align=find_database(db).realign_annotations))
    return examples


def recorded_noise(*, data_dir: str | Path | None = None) -> list[Floats]:
    """Load the first halves of nstdb's ``bw`` and ``ma``, filtered; none if nstdb is not there.

    ``em`` and the second halves are kept for tests.
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


def _annotation(step: NDArray[np.float64]) -> Annotation:
    sample = np.rint(step * 8).astype(np.int64)
    return Annotation(np.sort(sample), np.full(len(step), "N"), FS * 8.0)


def match(
    step: NDArray[np.float64], example: Example, *, window: float = 0.15
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair R-peaks with the reference beats of a record, as ANSI/AAMI EC57 does.

    Parameters
    ----------
    step : ndarray of float64, shape (n_beats,)
    example : Example
    window : float
        Seconds.

    Returns
    -------
    of_reference, of_step : ndarray of int64, shape (n_pairs,)
    """
    pairs = ec57.compare(_annotation(example.step), _annotation(step), start=0, window=window).pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    return pairs.reference_index[both], pairs.test_index[both]
