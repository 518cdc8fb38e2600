"""Measure an annotator by the time in each rhythm, where rhythms or windows are marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import DatasetError
from ecgscribe.evaluation.beat_figures import episode_counts
from ecgscribe.evaluation.counts import Count, figures
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.results import AnnotatorResults
from ecgscribe.metrics.rhythm_time import GROUPS, MEASURES, rhythm_time, shock_scores, window_time

__all__ = ["measure_resequenced", "measure_rhythms", "measure_windows"]


_TIMES = ("ventricular", "unreadable", "event")
_PIECES = "VT and VF, in pieces of 4 s"


def measure_rhythms(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Measure how the time in each rhythm is shown, and compare episodes.

    See `ecgscribe.metrics.rhythm_time` and `ecgscribe.metrics.episodes`.

    Parameters
    ----------
    items : iterable of Scored
        One per record, with the rhythms in their references.
    annotator : str
        Name of the annotator.
    seen : collection of str
        Subjects that it has learned from.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    AnnotatorResults
        Figures alone.
    """
    scored = list(items)
    tables = [rhythm_time(s.reference, s.test, n_samples=s.n_samples) for s in scored]
    results = _results(scored, tables, annotator=annotator, seen=seen, resamples=resamples)
    episodes = figures(scored, episode_counts(scored), seen=seen, resamples=resamples)
    return dataclasses.replace(results, figures=results.figures + episodes)


def measure_resequenced(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Measure both beats and the time in each rhythm, as resequenced recordings mark both.

    Parameters
    ----------
    items : iterable of Scored
        One per record, with beats and rhythms in their references.
    annotator, seen, resamples
        See `measure_rhythms`.

    Returns
    -------
    AnnotatorResults
    """
    scored = list(items)
    of_beats = evaluate_records(scored, annotator=annotator, seen=seen, resamples=resamples)
    tables = [rhythm_time(s.reference, s.test, n_samples=s.n_samples) for s in scored]
    of_time = _results(scored, tables, annotator=annotator, seen=seen, resamples=resamples)
    return dataclasses.replace(of_beats, figures=of_beats.figures + of_time.figures)


def measure_windows(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Measure how the time in ventricular and in other windows is shown.

    Parameters
    ----------
    items : iterable of Scored
        One per record, with its windows.
    annotator, seen, resamples
        See `measure_rhythms`.

    Returns
    -------
    AnnotatorResults
        Figures alone.

    Raises
    ------
    DatasetError
        If a record has no windows.
    """
    scored = list(items)
    tables = []
    for item in scored:
        if item.windows is None:
            raise DatasetError(
                f"{item.name}: expected its windows in windows.csv, found none; complete the table"
            )
        width = round(float(item.windows.end[0] - item.windows.start[0]))
        ventricular = item.windows.ventricular
        tables.append(window_time(ventricular, item.test, n_samples=item.n_samples, width=width))
    return _results(scored, tables, annotator=annotator, seen=seen, resamples=resamples)


def _results(
    scored: Sequence[Scored],
    tables: Sequence[NDArray[np.int64]],
    *,
    annotator: str,
    seen: Collection[str],
    resamples: int,
) -> AnnotatorResults:
    counts = list(_counts(np.stack(tables)))
    return AnnotatorResults(
        annotator=annotator,
        records=tuple(item.name for item in scored),
        figures=figures(scored, counts, seen=seen, resamples=resamples),
    )


def _counts(tables: NDArray[np.int64]) -> Iterator[Count]:
    """Return the counts of tables of shape (n_records, groups, measures)."""
    seconds = tables[..., MEASURES.index("seconds")]
    for measure in _TIMES:
        column = tables[..., MEASURES.index(measure)]
        title = "time with an event" if measure == "event" else f"time shown as {measure}"
        for group, name in enumerate(GROUPS):
            if measure != "event" or name == "ASYS":
                yield Count(title, name, column[:, group], seconds[:, group])
    shock = shock_scores(tables)
    yield Count("Se", _PIECES, shock.tp, shock.tp + shock.fn)
    yield Count("Sp", _PIECES, shock.tn, shock.tn + shock.fp)
