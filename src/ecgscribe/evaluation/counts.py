"""Figures that are shares of counts: of beats, seconds or recordings, with their intervals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.evaluation.groups import Scored, estimate, names_in_mitdb, subsets
from ecgscribe.evaluation.results import PER_1000, PERCENT, Figure
from ecgscribe.metrics import bootstrap
from ecgscribe.metrics.performance import Doubles, ratio

__all__ = ["Count", "figures"]


SCALE: Mapping[str, float] = {PERCENT: 100.0, PER_1000: 1000.0}
"""Factor of a share in each unit."""


@dataclass(frozen=True, eq=False)
class Count:
    """What is counted for one figure.

    Parameters
    ----------
    measure, of : str
        What is measured, and of which part of the records.
    hits, total : array_like, shape (n_records,)
        Numerator and denominator of each record.
    unit : str
        `PERCENT` or `PER_1000`.
    """

    measure: str
    of: str
    hits: ArrayLike
    total: ArrayLike
    unit: str = PERCENT


def figures(
    items: Sequence[Scored],
    counts: Iterable[Count],
    *,
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> tuple[Figure, ...]:
    """Return every count as a share over each set of records, with its interval over patients.

    Parameters
    ----------
    items : sequence of Scored
        The records.
    counts : iterable of Count
        Counts of the records, in the same order.
    seen : collection of str
        Subjects that the annotator has learned from. Where they are some of those of `items`, both
        parts are sets of their own.
    resamples : int
        Bootstrap resamples of patients; without any (0) the intervals are NaN.

    Returns
    -------
    tuple of Figure
        Set by set. A figure without anything to count is left out.
    """
    every = list(counts)
    return tuple(
        figure
        for title, chosen in _sets(items, seen)
        for figure in _of_set(items, every, title, chosen, resamples=resamples)
    )


def _sets(items: Sequence[Scored], seen: Collection[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    if not items:
        return []
    sets = [
        (title, np.array([item.name not in left_out for item in items]))
        for title, left_out in subsets(names_in_mitdb(items))
    ]
    known = np.array([item.subject in seen for item in items])
    if known.any() and not known.all():
        sets += [("seen in training", known), ("not seen in training", ~known)]
    return sets


def _of_set(
    items: Sequence[Scored],
    counts: Sequence[Count],
    title: str,
    chosen: NDArray[np.bool_],
    *,
    resamples: int,
) -> Iterable[Figure]:
    of_items = [item.subject for item, kept in zip(items, chosen, strict=True) if kept]
    subjects, subject = np.unique(of_items, return_inverse=True)
    weights = bootstrap.patient_weights(len(subjects), resamples=resamples)
    for count in counts:
        by_subject = np.zeros((2, len(subjects)))
        for sums, values in zip(by_subject, (count.hits, count.total), strict=True):
            np.add.at(sums, subject, np.asarray(values, dtype=np.float64)[chosen])
        hits, total = by_subject
        if not total.any():
            continue
        scale = SCALE[count.unit]
        resampled: Doubles = scale * ratio(weights @ hits, weights @ total)
        yield Figure(
            set=title,
            measure=count.measure,
            of=count.of,
            people=int(np.count_nonzero(total)),
            hits=float(hits.sum()),
            total=float(total.sum()),
            unit=count.unit,
            value=estimate(scale * float(hits.sum() / total.sum()), resampled),
        )
