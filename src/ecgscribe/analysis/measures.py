"""Every measure of the annotated beats of a recording, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES, Ectopy, ectopy
from ecgscribe.analysis.hrv import Variability, variability
from ecgscribe.analysis.morphology import Shape, shapes
from ecgscribe.analysis.rr_histogram import RRHistogram, rr_histogram
from ecgscribe.analysis.rr_intervals import (
    BeatSeries,
    Extreme,
    beat_series,
    mean_rate,
    pauses,
    rate_extremes,
    rates,
)
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation, LazyRecord

__all__ = ["Measures", "measure"]


@dataclass(frozen=True, eq=False)
class Measures:
    """Measures of the annotated beats of a recording.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats and the intervals between them.
    unreadable : ndarray of int64, shape (m, 2)
        Spans that are unreadable in every lead: first sample, and the one after the last.
    readable_s : float
        Seconds outside those spans.
    rates : ndarray of float64, shape (n_beats,)
        Heart rate over the intervals that end at each beat, as of `rr_intervals.rates`.
    mean_rate : float or None
        Beats per minute; None without intervals.
    rate_extremes : tuple of Extreme or None
        Lowest and highest heart rate; None if too few intervals follow one another.
    rr_histogram : RRHistogram or None
        None without intervals.
    variability : Variability
    ectopy : mapping of str to Ectopy
        By class, in the order of `ectopy.ECTOPIC_CLASSES`.
    pauses : ndarray of int64, shape (n_pauses,)
        Positions of the beats that end a pause.
    shapes : tuple of Shape
        Of each class that occurs, the dominant one first.
    """

    beats: BeatSeries
    unreadable: NDArray[np.int64]
    readable_s: float
    rates: NDArray[np.float64]
    mean_rate: float | None
    rate_extremes: tuple[Extreme, Extreme] | None
    rr_histogram: RRHistogram | None
    variability: Variability
    ectopy: Mapping[str, Ectopy]
    pauses: NDArray[np.int64]
    shapes: tuple[Shape, ...]


def measure(record: LazyRecord, annotation: Annotation, columns: Sequence[int]) -> Measures:
    """Measure the annotated beats of a recording.

    Parameters
    ----------
    record : LazyRecord
        The recording, of which only the pieces around some beats are read.
    annotation : Annotation
        Its annotations, in its own samples.
    columns : sequence of int
        Leads in which beat shapes are measured.

    Returns
    -------
    Measures
    """
    beats = beat_series(annotation, record.n_samples)
    unreadable = unreadable_spans(annotation, record.n_samples)
    return Measures(
        beats=beats,
        unreadable=unreadable,
        readable_s=float(record.n_samples - np.diff(unreadable, axis=1).sum()) / record.fs,
        rates=rates(beats),
        mean_rate=mean_rate(beats),
        rate_extremes=rate_extremes(beats),
        rr_histogram=rr_histogram(beats),
        variability=variability(beats, record.duration),
        ectopy={name: ectopy(beats, name) for name in ECTOPIC_CLASSES},
        pauses=pauses(beats),
        shapes=shapes(record, beats, columns),
    )
