"""What is measured on each kind of marking: the only place that chooses.

To measure another kind, add its function to `MEASURED`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from ecgscribe.datasets.database import MARKS, Marks
from ecgscribe.errors import DatasetError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.label_figures import measure_labels
from ecgscribe.evaluation.protocol import evaluate_records, r_peak_metrics, starts_within
from ecgscribe.evaluation.results import AnnotatorResults
from ecgscribe.evaluation.rhythm_figures import measure_rhythms, measure_windows

__all__ = ["MEASURED", "R_PEAKS", "Measure", "measure_of", "measure_peaks"]


R_PEAKS: frozenset[Marks] = frozenset({"beats", "peaks", "waves"})
"""Kinds that mark every R-peak, without which neither other detectors nor noise are measured."""


class Measure(Protocol):
    """Measures one annotator on records that are marked in one way."""

    def __call__(
        self,
        items: Iterable[Scored],
        *,
        annotator: str = "ecgscribe",
        seen: Collection[str] = (),
        resamples: int = 1000,
    ) -> AnnotatorResults:
        """Measure the annotator.

        Parameters
        ----------
        items : iterable of Scored
            One per record.
        annotator : str
            Name of the annotator.
        seen : collection of str
            Subjects that it has learned from; see `ecgscribe.evaluation.counts.figures`.
        resamples : int
            Bootstrap resamples of patients; without any (0) the intervals are NaN.

        Returns
        -------
        AnnotatorResults
        """
        ...


def measure_peaks(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Score R-peaks alone, as the reference beats have no classes.

    Parameters
    ----------
    items : iterable of Scored
        One per record.
    annotator, seen
        See `Measure`; what it has learned from changes nothing here.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    AnnotatorResults
        Without conditions and figures.
    """
    scored = list(items)
    return AnnotatorResults(
        annotator=annotator,
        records=tuple(s.name for s in scored),
        r_peaks=r_peak_metrics(
            scored, annotator=annotator, resamples=resamples, starts=starts_within(scored)
        ),
    )


MEASURED: Mapping[Marks, Measure] = {
    "beats": evaluate_records,
    "peaks": measure_peaks,
    "waves": measure_peaks,
    "rhythms": measure_rhythms,
    "windows": measure_windows,
    "labels": measure_labels,
}
"""What measures each kind of marking."""


def measure_of(db: str, marks: Marks, *, r_peaks: bool = False) -> Measure:
    """Return what measures a kind of marking.

    Parameters
    ----------
    db : str
        Name of the database.
    marks : str
        Kind of its marking.
    r_peaks : bool
        Whether something is asked for that needs every R-peak marked.

    Returns
    -------
    Measure

    Raises
    ------
    DatasetError
        If R-peaks are needed and not marked.
    """
    if r_peaks and marks not in R_PEAKS:
        raise DatasetError(
            f"{db}: expected marked R-peaks for baselines and added noise, found {marks} "
            f"({MARKS[marks]}); evaluate without these"
        )
    return MEASURED[marks]
