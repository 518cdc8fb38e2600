"""Which parts of a recording a report shows on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ecgscribe.analysis.ectopy import Episode
from ecgscribe.analysis.rr_intervals import RATE_INTERVALS
from ecgscribe.formatting import rounded
from ecgscribe.report.beat_comparison import usual_interval
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["MOST_STRIPS", "STRIP_S", "Strip", "StripKind", "choose_strips", "paper_span"]


STRIP_S = 7.0
"""Seconds of paper: 175 mm, which fits a page."""
MOST_STRIPS = 10
_LEAD_IN_S = 1.5  # before an episode that does not fit into a strip


class StripKind(Enum):
    """What a strip shows; the value is its title, with a place for the class."""

    LONGEST_RUN = "Longest run of {}"
    FASTEST_RUN = "Fastest run of {}"
    LONGEST_PAUSE = "Longest pause"
    COUPLET = "Couplet of {}"
    BIGEMINY = "Bigeminy of {}"
    TRIGEMINY = "Trigeminy of {}"
    MOST_CERTAIN_BEAT = "Most certain beat of class {}"
    SAMPLE_BEAT = "A beat of class {}"
    HIGHEST_RATE = "Highest heart rate"
    LOWEST_RATE = "Lowest heart rate"
    MEAN_RATE = "Normal beats at the mean heart rate"
    UNREADABLE = "Longest unreadable span"


_BEAT_KINDS = (StripKind.MOST_CERTAIN_BEAT, StripKind.SAMPLE_BEAT)
_EPISODE_KINDS = (
    StripKind.LONGEST_RUN,
    StripKind.FASTEST_RUN,
    StripKind.COUPLET,
    StripKind.BIGEMINY,
    StripKind.TRIGEMINY,
)


@dataclass(frozen=True)
class Strip:
    """A part of the recording to show.

    Parameters
    ----------
    kind : StripKind
    span : tuple of float
        Seconds from which and up to which the strip must show; of a span that does not fit, its
        middle.
    time : float
        Seconds at which what is shown begins.
    beats : range
        Positions of its beats in the beat series; empty for an unreadable span.
    class_name : str or None
        AAMI class whose probability goes with it.
    detail : str
        What is written first about it.
    """

    kind: StripKind
    span: tuple[float, float]
    time: float
    beats: range
    class_name: str | None
    detail: str = ""

    @property
    def title(self) -> str:
        """Title of the strip."""
        return self.kind.value.format(self.class_name)

    @property
    def compared_beat(self) -> int | None:
        """Position of the beat that is compared with its surroundings."""
        return self.beats[0] if self.kind in (*_BEAT_KINDS, *_EPISODE_KINDS) else None


def choose_strips(inputs: ReportInputs) -> list[Strip]:
    """Choose at most `MOST_STRIPS` strips.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    list of Strip
        In the order of their paper.
    """
    duration = inputs.record.duration
    chosen: list[Strip] = []
    for strip in _candidates(inputs):
        # What is already on paper is not shown again.
        papers = (paper_span(other, duration) for other in chosen)
        if not any(low <= strip.span[0] and strip.span[1] <= high for low, high in papers):
            chosen.append(strip)
        if len(chosen) == MOST_STRIPS:
            break
    return sorted(chosen, key=lambda strip: paper_span(strip, duration)[0])


def paper_span(strip: Strip, duration: float) -> tuple[float, float]:
    """Place the paper around a strip, or at the beginning of one that is too long.

    Parameters
    ----------
    strip : Strip
    duration : float
        Length of the recording in seconds.

    Returns
    -------
    tuple of float
        Seconds from which and up to which the paper shows.
    """
    begin, end = strip.span
    paper = begin - _LEAD_IN_S if _too_long(begin, end) else (begin + end - STRIP_S) / 2
    paper = max(0.0, min(paper, duration - STRIP_S))
    return paper, min(paper + STRIP_S, duration)


def _too_long(begin: float, end: float) -> bool:
    return end - begin > STRIP_S - _LEAD_IN_S


def _candidates(inputs: ReportInputs) -> Iterator[Strip]:
    """Yield what may be shown, the most important first."""
    ectopy = inputs.measures.ectopy
    for name, patterns in ectopy.items():
        if patterns.runs:
            longest = max(patterns.runs, key=lambda e: e.length)
            fastest = max(patterns.runs, key=lambda e: e.rate or 0.0)
            yield _episode(inputs, StripKind.LONGEST_RUN, longest, name)
            if fastest is not longest:
                yield _episode(inputs, StripKind.FASTEST_RUN, fastest, name)
    if len(inputs.measures.pauses):
        yield _longest_pause(inputs)
    for name, patterns in ectopy.items():
        if patterns.couplets:
            surest = max(patterns.couplets, key=lambda e: _certainty(inputs, e, name))
            yield _episode(inputs, StripKind.COUPLET, surest, name)
        for kind, episodes in (
            (StripKind.BIGEMINY, patterns.bigeminy),
            (StripKind.TRIGEMINY, patterns.trigeminy),
        ):
            if episodes:
                yield _episode(inputs, kind, max(episodes, key=lambda e: e.ectopic), name)
    for name in ("V", "S", "F"):
        yield from _single_beat(inputs, name)
    yield from _heart_rates(inputs)
    if len(inputs.measures.unreadable):
        yield _longest_unreadable(inputs)


def _certainty(inputs: ReportInputs, episode: Episode, class_name: str) -> float:
    """Return the lowest probability of an episode's ectopic beats; 0 without probabilities."""
    beats = range(episode.first, episode.last + 1)
    probability = inputs.probabilities(beats, AAMI_CLASSES.index(class_name))
    return 0.0 if probability is None else float(probability.min())


def _episode(inputs: ReportInputs, kind: StripKind, episode: Episode, class_name: str) -> Strip:
    time = inputs.measures.beats.time
    begin, end = float(time[episode.first]), float(time[episode.last])
    detail = f"{episode.ectopic} beats of {class_name}"
    if kind in (StripKind.BIGEMINY, StripKind.TRIGEMINY):
        every = "second" if kind is StripKind.BIGEMINY else "third"
        detail += f" among {episode.length}, every {every},"
    detail += f" in {end - begin:.1f} s"
    if episode.rate is not None:
        detail += f" at {rounded(episode.rate, 0)}/min"
    if _too_long(begin, end):
        detail += "; the beginning is shown"
    return Strip(
        kind,
        span=(begin, end),
        time=begin,
        beats=range(episode.first, episode.last + 1),
        class_name=class_name,
        detail=detail,
    )


def _longest_pause(inputs: ReportInputs) -> Strip:
    beats, ends = inputs.measures.beats, inputs.measures.pauses
    k = int(ends[np.argmax(beats.rr[ends])])
    usual = usual_interval(beats, k)
    detail = f"{beats.rr[k]:.2f} s from beat to beat"
    if usual is not None:
        detail += f", {round(100 * beats.rr[k] / usual)}% of the usual interval nearby"
    begin, end = float(beats.time[k - 1]), float(beats.time[k])
    return Strip(
        StripKind.LONGEST_PAUSE,
        span=(begin, end),
        time=begin,
        beats=range(k, k + 1),
        class_name=AAMI_CLASSES[beats.class_index[k]],
        detail=detail,
    )


def _single_beat(inputs: ReportInputs, class_name: str) -> Iterator[Strip]:
    """Yield the most certain beat of a class, if possible one between two counted intervals."""
    index = AAMI_CLASSES.index(class_name)
    beats, probability = inputs.measures.beats, inputs.annotation.probability
    candidates = np.flatnonzero(beats.class_index == index)
    between = beats.has_rr & np.append(beats.has_rr[1:], False)[: len(beats)]
    if between[candidates].any():
        candidates = candidates[between[candidates]]
    if len(candidates) == 0:
        return
    if probability is None:
        k, kind = int(candidates[len(candidates) // 2]), StripKind.SAMPLE_BEAT
    else:
        k = int(candidates[np.argmax(probability[beats.index[candidates], index])])
        kind = StripKind.MOST_CERTAIN_BEAT
    time = float(beats.time[k])
    yield Strip(kind, span=(time, time), time=time, beats=range(k, k + 1), class_name=class_name)


def _heart_rates(inputs: ReportInputs) -> Iterator[Strip]:
    measures = inputs.measures
    if measures.rate_extremes is None:
        return
    lowest, highest = measures.rate_extremes
    yield _heart_rate(inputs, StripKind.HIGHEST_RATE, highest.last)
    yield _heart_rate(inputs, StripKind.LOWEST_RATE, lowest.last)
    # The usual rhythm: where all intervals are from N to N, the rate nearest to the mean.
    ones = np.ones(RATE_INTERVALS)
    normal = np.convolve(measures.beats.normal, ones)[: len(measures.beats)] == RATE_INTERVALS
    if normal.any():
        away = np.where(normal, np.abs(measures.rates - (measures.mean_rate or 0.0)), np.inf)
        yield _heart_rate(inputs, StripKind.MEAN_RATE, int(np.argmin(away)))


def _heart_rate(inputs: ReportInputs, kind: StripKind, last: int) -> Strip:
    """Show the heart rate over the intervals that end at a beat."""
    beats, first = inputs.measures.beats, last - RATE_INTERVALS
    begin, end = float(beats.time[first]), float(beats.time[last])
    middle = (begin + end) / 2
    most_frequent = int(np.bincount(beats.class_index[first : last + 1]).argmax())
    rate = rounded(float(inputs.measures.rates[last]), 0)
    return Strip(
        kind,
        span=(middle, middle) if _too_long(begin, end) else (begin, end),
        time=begin,
        beats=range(first, last + 1),
        class_name=AAMI_CLASSES[most_frequent],
        detail=f"{rate}/min over {RATE_INTERVALS} intervals",
    )


def _longest_unreadable(inputs: ReportInputs) -> Strip:
    unreadable = inputs.measures.unreadable
    longest = int(np.diff(unreadable, axis=1)[:, 0].argmax())
    begin, end = (unreadable[longest] / inputs.record.fs).tolist()
    detail = f"{end - begin:.1f} s are unreadable in every lead; beats there are not counted"
    middle = (begin + end) / 2
    fits = end - begin <= STRIP_S
    if not fits:
        detail += "; the middle is shown"
    return Strip(
        StripKind.UNREADABLE,
        span=(begin, end) if fits else (middle, middle),
        time=begin,
        beats=range(0),
        class_name=None,
        detail=detail,
    )
