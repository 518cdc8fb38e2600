"""Records that were compared, gathered by subject: what every figure and interval is taken from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.metrics import bootstrap
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.performance import FloatArray
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping

__all__ = ["Compared", "Group", "Scored", "compare_all", "figure", "group", "subsets"]


Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scored:
    """One record that an annotator has annotated.

    Parameters
    ----------
    name : str
        Name of the record.
    subject : str
        Who it was recorded from; intervals draw subjects.
    reference, test : Annotation
        The known beats, and those that were detected.
    """

    name: str
    subject: str
    reference: Annotation
    test: Annotation


@dataclass(frozen=True, eq=False)
class Compared:
    """A record and how its two annotations compare."""

    scored: Scored
    comparison: Comparison


@dataclass(frozen=True, eq=False)
class Group:
    """Records that one figure is taken over.

    Parameters
    ----------
    compared : tuple of Compared
        One a record.
    subject : ndarray of int64, shape (n_records,)
        Index of each record's subject.
    counts : ndarray of int64, shape (n_subjects, 7, 7)
        Confusion matrix of each subject.
    weights : ndarray of int64, shape (resamples, n_subjects)
        How often each resample draws each subject.
    drawn : ndarray of int64, shape (resamples, 7, 7)
        Confusion matrix of each resample.
    """

    compared: tuple[Compared, ...]
    subject: NDArray[np.intp]
    counts: Counts
    weights: Counts
    drawn: Counts

    def figure(self, of: Callable[[Counts], FloatArray]) -> dict[str, float]:
        """Take a figure of confusion matrices over all records, with its interval."""
        return figure(float(of(self.counts.sum(axis=0))), of(self.drawn))


def figure(value: float, resampled: FloatArray) -> dict[str, float]:
    """Put a value and its 95% interval together."""
    low, high = bootstrap.interval(resampled)
    return {"value": value, "low": low, "high": high}


def compare_all(
    items: Iterable[Scored], *, start: float, window: float, mapping: Mapping
) -> list[Compared]:
    """Compare the annotations of every record; see `ecgscribe.metrics.ec57.compare`."""
    return [
        Compared(s, compare(s.reference, s.test, start=start, window=window, mapping=mapping))
        for s in items
    ]


def group(
    compared: Iterable[Compared], *, without: Collection[str], resamples: int
) -> Group | None:
    """Gather records by subject, but for those named in `without`; None where none are left."""
    kept = tuple(c for c in compared if c.scored.name not in without)
    if not kept:
        return None
    subjects, subject = np.unique([c.scored.subject for c in kept], return_inverse=True)
    counts = np.zeros((len(subjects), 7, 7), dtype=np.int64)
    np.add.at(counts, subject, np.stack([c.comparison.matrix for c in kept]))
    weights = bootstrap.patient_weights(len(subjects), resamples=resamples)
    return Group(kept, subject, counts, weights, np.tensordot(weights, counts, axes=1))


def subsets(names: Collection[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Name the sets of records a table is given for, each with the records it leaves out."""
    sets: list[tuple[str, tuple[str, ...]]] = [("all", ())]
    # 202 is the subject of 201, which DS1 holds: DS2 is not wholly unseen with it.
    for name in DATABASES["mitdb"].seen_elsewhere(names):
        sets.append((f"without {name}", (name,)))
    return sets
