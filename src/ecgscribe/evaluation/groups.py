"""Compared records, grouped by subject: the source of every metric and its interval."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.datasets.tables import Windows
from ecgscribe.evaluation.results import Estimate
from ecgscribe.metrics import bootstrap
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.performance import Doubles
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping

__all__ = [
    "Compared",
    "Group",
    "Scored",
    "compare_all",
    "estimate",
    "group",
    "names_in_mitdb",
    "subsets",
]


Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scored:
    """One annotated record.

    Parameters
    ----------
    name : str
        Name of the record.
    subject : str
        The person who was recorded; intervals draw subjects.
    reference, test : Annotation
        The reference annotations, without any where a table marks the records, and those to
        compare with them.
    n_samples : int
        Length of the record, in samples of its own.
    label : str, optional
        Label of the record as a whole; see `ecgscribe.datasets.read_labels`.
    windows : Windows, optional
        Marked windows of the record.
    """

    name: str
    subject: str
    reference: Annotation
    test: Annotation
    n_samples: int
    label: str | None = None
    windows: Windows | None = None


@dataclass(frozen=True, eq=False)
class Compared:
    """A record and the comparison of its two annotations."""

    scored: Scored
    comparison: Comparison


@dataclass(frozen=True, eq=False)
class Group:
    """The records that a metric is computed on.

    Parameters
    ----------
    compared : tuple of Compared
        One per record.
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

    def estimate(self, metric: Callable[[Counts], Doubles]) -> Estimate:
        """Compute a metric of confusion matrices over all records, with its interval."""
        return estimate(float(metric(self.counts.sum(axis=0))), metric(self.drawn))


def estimate(value: float, resampled: Doubles) -> Estimate:
    """Join a value and its 95% interval."""
    low, high = bootstrap.interval(resampled)
    return Estimate(value, low, high)


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
    """Group records by subject, except those named in `without`; None if no record is left."""
    kept = tuple(c for c in compared if c.scored.name not in without)
    if not kept:
        return None
    subjects, subject = np.unique([c.scored.subject for c in kept], return_inverse=True)
    counts = np.zeros((len(subjects), 7, 7), dtype=np.int64)
    np.add.at(counts, subject, np.stack([c.comparison.matrix for c in kept]))
    weights = bootstrap.patient_weights(len(subjects), resamples=resamples)
    return Group(kept, subject, counts, weights, np.tensordot(weights, counts, axes=1))


def names_in_mitdb(items: Iterable[Scored]) -> set[str]:
    """Return the names of the records of mitdb's subjects; elsewhere its names mean nothing."""
    return {item.name for item in items if item.subject.startswith("mitdb-")}


def subsets(names: Collection[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the name of each set of records to evaluate, with the records that it leaves out."""
    sets: list[tuple[str, tuple[str, ...]]] = [("all", ())]
    # DS2 with 202 is not entirely unseen: its subject is also that of 201, a record of DS1.
    for name in DATABASES["mitdb"].seen_elsewhere(names):
        sets.append((f"without {name}", (name,)))
    return sets
