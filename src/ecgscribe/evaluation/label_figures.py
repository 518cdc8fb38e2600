"""Measure an annotator on recordings that are labelled as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ecgscribe.evaluation.counts import Count, figures
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.results import AnnotatorResults
from ecgscribe.metrics.weak_labels import LABELS, MEASURES, weak_labels

__all__ = ["measure_labels"]


def measure_labels(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Measure what is found in recordings of each label; see `ecgscribe.metrics.weak_labels`.

    Parameters
    ----------
    items : iterable of Scored
        One per record, with its label; those without one do not count.
    annotator : str
        Name of the annotator.
    seen : collection of str
        Subjects that it has learned from.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    AnnotatorResults
        Figures alone. F1 of the labels only if the annotator annotates rhythms.
    """
    scored = [item for item in items if item.label is not None]
    tables = np.zeros((len(scored), len(LABELS), len(MEASURES)), dtype=np.int64)
    for table, item in zip(tables, scored, strict=True):
        table[:] = weak_labels(item.label or "", item.test, n_samples=item.n_samples)
    return AnnotatorResults(
        annotator=annotator,
        records=tuple(item.name for item in scored),
        figures=figures(scored, _counts(tables), seen=seen, resamples=resamples),
    )


def _counts(tables: NDArray[np.int64]) -> Iterator[Count]:
    """Return the counts of tables of shape (n_records, labels, measures)."""

    def column(label: str, measure: str) -> NDArray[np.int64]:
        return tables[:, LABELS.index(label), MEASURES.index(measure)]

    for label in LABELS:
        yield Count(
            "recordings with any S, V or F",
            f"labelled {label}",
            column(label, "with ectopy"),
            column(label, "recordings"),
        )
    for label in LABELS:
        yield Count(
            "beats classified as S",
            f"labelled {label}",
            column(label, "S beats"),
            column(label, "readable beats"),
        )
    if tables[..., MEASURES.index("with rhythm")].any():
        for label in ("A", "N", "O"):
            called = sum(column(other, f"called {label}") for other in LABELS)
            right = column(label, f"called {label}")
            yield Count("F1", f"label {label}", 2 * right, column(label, "recordings") + called)
