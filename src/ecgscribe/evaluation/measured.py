"""What is measured on each kind of marking: the only place that chooses.

To measure another kind, add its function to `MEASURED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ecgscribe.datasets.database import MARKS, Marks
from ecgscribe.errors import DatasetError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.protocol import evaluate_records, r_peak_metrics, starts_within
from ecgscribe.evaluation.results import AnnotatorResults

__all__ = ["MEASURED", "R_PEAKS", "Measure", "measure_of", "measure_peaks"]


R_PEAKS: frozenset[Marks] = frozenset({"beats", "peaks", "waves"})
"""Kinds that mark every R-peak, without which neither other detectors nor noise are measured."""


class Measure(Protocol):
    """Measures one annotator on records that are marked in one way."""

    def __call__(
        self, items: Iterable[Scored], *, annotator: str = "ecgscribe", resamples: int = 1000
    ) -> AnnotatorResults:
        """Measure the annotator.

        Parameters
        ----------
        items : iterable of Scored
            One per record.
        annotator : str
            Name of the annotator.
        resamples : int
            Bootstrap resamples of patients; without any (0) the intervals are NaN.

        Returns
        -------
        AnnotatorResults
        """
        ...


def measure_peaks(
    items: Iterable[Scored], *, annotator: str = "ecgscribe", resamples: int = 1000
) -> AnnotatorResults:
    """Score R-peaks alone, as the reference beats have no classes.

    Parameters
    ----------
    items : iterable of Scored
        One per record.
    annotator : str
        Name of the annotator.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    AnnotatorResults
        Without conditions.
    """
    scored = list(items)
    return AnnotatorResults(
        records=tuple(s.name for s in scored),
        r_peaks=r_peak_metrics(
            scored, annotator=annotator, resamples=resamples, starts=starts_within(scored)
        ),
        conditions=(),
    )


MEASURED: Mapping[Marks, Measure] = {
    "beats": evaluate_records,
    "peaks": measure_peaks,
    "waves": measure_peaks,
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
        If nothing measures this kind yet, or it does not mark R-peaks and they are needed.
    """
    if marks not in MEASURED:
        raise DatasetError(
            f"{db}: expected a kind of marking that can be measured ({', '.join(MEASURED)}), "
            f"found {marks} ({MARKS[marks]}); choose another database"
        )
    if r_peaks and marks not in R_PEAKS:
        raise DatasetError(
            f"{db}: expected marked R-peaks for baselines and added noise, found {marks} "
            f"({MARKS[marks]}); evaluate without these"
        )
    return MEASURED[marks]
