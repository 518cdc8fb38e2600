"""Every measure of the annotated beats of a recording, each computed once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES, Ectopy, ectopy, r_on_t
from ecgscribe.analysis.hrv import Variability, variability
from ecgscribe.analysis.morphology import Shape, shapes
from ecgscribe.analysis.pauses import Pause, times_without_beats
from ecgscribe.analysis.rate_times import RateTimes, rate_times
from ecgscribe.analysis.rhythm_episodes import (
    RhythmEpisode,
    RhythmRates,
    beats_inside,
    of_intervals,
    rhythm_episodes,
    rhythm_rates,
)
from ecgscribe.analysis.rr_histogram import RRHistogram, rr_histogram
from ecgscribe.analysis.rr_intervals import (
    PAUSE_S,
    BeatSeries,
    Extreme,
    beat_series,
    mean_rate,
    rate_extremes,
    rates,
)
from ecgscribe.analysis.templates import Template, beat_templates
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.rhythms import RhythmSpan
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["Measures", "measure", "usual_extremes"]


@dataclass(frozen=True, eq=False)
class Measures:
    """Measures of the annotated beats of a recording.

    Parameters
    ----------
    record : LazyRecord
        The recording.
    columns : tuple of int
        Leads in which beat shapes are measured.
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
        Lowest and highest heart rate as of `usual_extremes`; None if too few intervals follow one
        another.
    rate_times : RateTimes
    extremes_are_normal : bool
        Whether these are over NN intervals.
    all_extremes : tuple of Extreme or None
        Lowest and highest heart rate over all RR intervals.
    rr_histogram : RRHistogram or None
        None without intervals.
    variability : Variability
    ectopy : mapping of str to Ectopy
        By class, in the order of `ectopy.ECTOPIC_CLASSES`.
    r_on_t : int
        Number of beats of class V of `ectopy.r_on_t`.
    pause_s : float
        Seconds that a pause exceeds.
    pauses : tuple of Pause
        Pauses and gaps, in time order.
    rhythms : tuple of RhythmEpisode
        In time order; empty where no rhythm is annotated.
    in_fibrillation : ndarray of bool, shape (n_beats,)
        Whether each beat is in atrial fibrillation or flutter. Such beats are not part of
        `variability` and of the ectopy of class S.
    fibrillation_rates : RhythmRates
        Of all these beats.
    """

    record: LazyRecord
    columns: tuple[int, ...]
    beats: BeatSeries
    unreadable: NDArray[np.int64]
    readable_s: float
    rates: NDArray[np.float64]
    mean_rate: float | None
    rate_extremes: tuple[Extreme, Extreme] | None
    rate_times: RateTimes
    extremes_are_normal: bool
    all_extremes: tuple[Extreme, Extreme] | None
    rr_histogram: RRHistogram | None
    variability: Variability
    ectopy: Mapping[str, Ectopy]
    r_on_t: int
    pause_s: float
    pauses: tuple[Pause, ...]
    rhythms: tuple[RhythmEpisode, ...]
    in_fibrillation: NDArray[np.bool_]
    fibrillation_rates: RhythmRates

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Of each class that occurs, the dominant one first.

        Measured only when asked for: with the templates, that takes as long as to annotate.
        """
        return shapes(self.record, self.beats, self.columns)

    @cached_property
    def templates(self) -> tuple[tuple[Template, ...], ...]:
        """Of each of `shapes`; also measured only when asked for."""
        return tuple(beat_templates(shape, self.record.fs) for shape in self.shapes)


def measure(
    record: LazyRecord,
    annotation: Annotation,
    columns: Sequence[int],
    *,
    rhythms: Sequence[RhythmSpan] = (),
    pause_s: float = PAUSE_S,
) -> Measures:
    """Measure the annotated beats of a recording.

    Parameters
    ----------
    record : LazyRecord
        The recording, of which only the pieces around some beats are read.
    annotation : Annotation
        Its annotations, in its own samples.
    columns : sequence of int
        Leads in which beat shapes are measured.
    rhythms : sequence of RhythmSpan
        The rhythms that are annotated, in time order.
    pause_s : float
        Seconds that a pause exceeds.

    Returns
    -------
    Measures
    """
    beats = beat_series(annotation, record.n_samples)
    unreadable = unreadable_spans(annotation, record.n_samples)
    episodes = rhythm_episodes(record, beats, rhythms, columns)
    fibrillation = beats_inside(beats, episodes, "AFIB")
    rate = rates(beats)
    extremes, are_normal = usual_extremes(beats, pause_s)
    return Measures(
        record=record,
        columns=tuple(columns),
        beats=beats,
        unreadable=unreadable,
        readable_s=float(record.n_samples - np.diff(unreadable, axis=1).sum()) / record.fs,
        rates=rate,
        rate_times=rate_times(beats, rate, start=record.start),
        mean_rate=mean_rate(beats),
        rate_extremes=extremes,
        extremes_are_normal=are_normal,
        all_extremes=rate_extremes(beats),
        rr_histogram=rr_histogram(beats),
        variability=variability(of_intervals(beats, ~fibrillation), record.duration),
        ectopy={
            name: ectopy(
                _unclassified(beats, fibrillation) if name == "S" else beats,
                name,
                probability=_probability(annotation, beats, name),
            )
            for name in ECTOPIC_CLASSES
        },
        r_on_t=len(r_on_t(beats)),
        pause_s=pause_s,
        pauses=times_without_beats(
            record, annotation, beats, columns, longer_than=pause_s, apart_from=episodes
        ),
        rhythms=episodes,
        in_fibrillation=fibrillation,
        fibrillation_rates=rhythm_rates(of_intervals(beats, fibrillation)),
    )


def usual_extremes(
    beats: BeatSeries, pause_s: float
) -> tuple[tuple[Extreme, Extreme] | None, bool]:
    """Find the lowest and the highest heart rate over NN intervals that are no pauses.

    Parameters
    ----------
    beats : BeatSeries
    pause_s : float
        Seconds that a pause exceeds.

    Returns
    -------
    extremes : tuple of Extreme or None
        Where too few NN intervals follow one another, those over all intervals.
    are_normal : bool
        Whether they are over NN intervals.
    """
    usual = beats.normal & (np.nan_to_num(beats.rr) <= pause_s)
    extremes = rate_extremes(dataclasses.replace(beats, rr=np.where(usual, beats.rr, np.nan)))
    return (rate_extremes(beats), False) if extremes is None else (extremes, True)


def _probability(
    annotation: Annotation, beats: BeatSeries, class_name: str
) -> NDArray[np.float32] | None:
    """Return the probability of a class for each beat; None without probabilities."""
    if annotation.probability is None:
        return None
    return np.asarray(annotation.probability[beats.index, AAMI_CLASSES.index(class_name)])


def _unclassified(beats: BeatSeries, chosen: NDArray[np.bool_]) -> BeatSeries:
    """Return the beats with the chosen ones, shape (n_beats,), as of class Q."""
    q = AAMI_CLASSES.index("Q")
    return dataclasses.replace(
        beats, class_index=np.where(chosen, q, beats.class_index).astype(np.int8)
    )
