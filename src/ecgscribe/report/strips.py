"""The stretches that a report shows on paper: which ones, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.ectopy import Episode, ectopy
from ecgscribe.analysis.morphology import Shape, cut, likeness, qrs_width
from ecgscribe.analysis.rr_intervals import (
    RATE_INTERVALS,
    BeatSeries,
    mean_rate,
    pauses,
    rate_extremes,
    rates,
)
from ecgscribe.formatting import rounded
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.content import ECTOPIC, at
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["MOST_STRIPS", "STRIP_S", "Context", "strips"]


STRIP_S = 7.0
"""Seconds of paper: 175 mm, which fits a page."""
MOST_STRIPS = 10
_LEAD_IN_S = 1.5  # before an episode that does not fit into a strip
_NEAR_S = 120.0  # to each side of a beat, that its usual interval is taken from
_LEAST_NEAR, _MOST_NEAR = 3, 16


@dataclass(frozen=True, eq=False)
class Context:
    """What the strips are chosen from.

    Parameters
    ----------
    source : LazyRecord
    annotation : Annotation
    beats : BeatSeries
        Those that count.
    shapes : sequence of Shape
        The dominant beat first.
    columns : sequence of int
        Leads that are shown.
    """

    source: LazyRecord
    annotation: Annotation
    beats: BeatSeries
    shapes: Sequence[Shape]
    columns: Sequence[int]

    def probability(self, first: int, last: int, class_index: int) -> NDArray[np.float32] | None:
        """Give the probability of a class of the beats from `first` to `last` that are of it."""
        if self.annotation.probability is None:
            return None
        mine = np.arange(first, last + 1)
        mine = mine[self.beats.class_index[mine] == class_index]
        return np.asarray(self.annotation.probability[self.beats.index[mine], class_index])

    def certainty(self, episode: Episode, class_index: int) -> float:
        """Give the lowest probability of an episode's beats; 0 where none is known."""
        p = self.probability(episode.first, episode.last, class_index)
        return 0.0 if p is None else float(p.min())


@dataclass(frozen=True)
class _Event:
    """Something to show: its beats, from the first to the last, or a stretch of seconds."""

    title: str
    begin: float
    end: float
    class_index: int | None = None
    first: int = -1
    last: int = -1
    beat: int | None = None
    """The beat that is told of in detail."""
    said: str = ""
    at: float | None = None
    """The time that is told, where it is not that of the first beat."""


def strips(context: Context) -> list[dict[str, Any]]:
    """Choose at most `MOST_STRIPS` stretches and say what each shows.

    Parameters
    ----------
    context : Context

    Returns
    -------
    list of dict
        In time order. ``begin_s`` and ``end_s`` say what to draw; ``title``, ``at``, ``text``
        and the figures of which the text is made go with it.
    """
    chosen: list[tuple[_Event, float, float]] = []
    for event in _events(context):
        begin, end = _paper(event, context.source.duration)
        # What is already on paper is not shown again.
        if not any(low <= event.begin and event.end <= high for _, low, high in chosen):
            chosen.append((event, begin, end))
        if len(chosen) == MOST_STRIPS:
            break
    return [_tell(context, *one) for one in sorted(chosen, key=lambda one: one[1])]


def _paper(event: _Event, duration: float) -> tuple[float, float]:
    """Place a strip around an event, or at the beginning of one that is too long for it."""
    if event.end - event.begin > STRIP_S - _LEAD_IN_S:
        begin = event.begin - _LEAD_IN_S
    else:
        begin = (event.begin + event.end - STRIP_S) / 2
    begin = max(0.0, min(begin, duration - STRIP_S))
    return begin, min(begin + STRIP_S, duration)


def _events(context: Context) -> Iterator[_Event]:
    """Give what may be shown, the most telling first."""
    structure = {name: ectopy(context.beats, index) for name, index in ECTOPIC.items()}
    for name, found in structure.items():
        if found.runs:
            longest = max(found.runs, key=lambda e: e.length)
            fastest = max(found.runs, key=lambda e: e.rate or 0.0)
            yield _of_episode(context, f"Longest run of {name}", longest, name)
            if fastest is not longest:
                yield _of_episode(context, f"Fastest run of {name}", fastest, name)
    ends = pauses(context.beats)
    if len(ends):
        yield _of_pause(context, int(ends[np.argmax(context.beats.rr[ends])]))
    for name, found in structure.items():
        if found.couplets:
            sure = [context.certainty(e, ECTOPIC[name]) for e in found.couplets]
            best = found.couplets[int(np.argmax(sure))]
            yield _of_episode(context, f"Couplet of {name}", best, name)
        for kind in ("bigeminy", "trigeminy"):
            episodes: tuple[Episode, ...] = getattr(found, kind)
            if episodes:
                best = max(episodes, key=lambda e: e.ectopic)
                yield _of_episode(context, f"{kind.capitalize()} of {name}", best, name)
    for name in ("V", "S", "F"):
        yield from _most_certain(context, name)
    yield from _of_rates(context)
    yield from _of_noise(context)


def _of_episode(context: Context, title: str, episode: Episode, name: str) -> _Event:
    beats = context.beats
    begin, end = float(beats.time[episode.first]), float(beats.time[episode.last])
    kind = title.split()[0]
    said = f"{episode.ectopic} beats of {name}"
    if kind in ("Bigeminy", "Trigeminy"):
        said += f" among {episode.length}, every {'second' if kind == 'Bigeminy' else 'third'},"
    said += f" in {end - begin:.1f} s"
    if episode.rate is not None:
        said += f" at {rounded(episode.rate, 0)}/min"
    if end - begin > STRIP_S - _LEAD_IN_S:
        said += "; the beginning is shown"
    index = ECTOPIC[name]
    return _Event(title, begin, end, index, episode.first, episode.last, episode.first, said)


def _of_pause(context: Context, k: int) -> _Event:
    beats = context.beats
    usual = usual_interval(beats, k)
    said = f"{beats.rr[k]:.2f} s from beat to beat"
    if usual is not None:
        said += f", {round(100 * beats.rr[k] / usual)}% of the usual interval around it"
    begin, end = float(beats.time[k - 1]), float(beats.time[k])
    return _Event("Longest pause", begin, end, int(beats.class_index[k]), k, k, None, said, begin)


def _most_certain(context: Context, name: str) -> Iterator[_Event]:
    """Find the surest beat of a class, of those whose intervals are known if there is one."""
    index = AAMI_CLASSES.index(name)
    beats = context.beats
    mine = np.flatnonzero(beats.class_index == index)
    whole = mine[(beats.has_rr & np.append(beats.has_rr[1:], False)[: len(beats)])[mine]]
    mine = whole if len(whole) else mine
    if len(mine) == 0:
        return
    if context.annotation.probability is None:
        k, title = int(mine[len(mine) // 2]), f"A beat of class {name}"
    else:
        k = int(mine[np.argmax(context.annotation.probability[beats.index[mine], index])])
        title = f"Most certain beat of class {name}"
    yield _Event(title, float(beats.time[k]), float(beats.time[k]), index, k, k, k)


def _of_rates(context: Context) -> Iterator[_Event]:
    beats = context.beats
    extremes = rate_extremes(beats)
    if extremes is None:
        return
    every, mean = rates(beats), mean_rate(beats)
    found = [
        ("Highest heart rate", extremes[1].first, extremes[1].last),
        ("Lowest heart rate", extremes[0].first, extremes[0].last),
    ]
    # The usual rhythm: of the stretches of N alone, the one nearest to the mean rate.
    normal = np.convolve(beats.normal, np.ones(RATE_INTERVALS))[: len(beats)] == RATE_INTERVALS
    away = np.where(normal, np.abs(every - (mean or 0.0)), np.inf)
    if normal.any():
        usual = int(np.argmin(away))
        found.append(("Normal beats at the mean heart rate", usual - RATE_INTERVALS, usual))
    for title, first, last in found:
        begin, end = float(beats.time[first]), float(beats.time[last])
        said = f"{rounded(float(every[last]), 0)}/min over {RATE_INTERVALS} intervals"
        most = int(np.bincount(beats.class_index[first : last + 1]).argmax())
        if end - begin > STRIP_S - _LEAD_IN_S:
            begin = end = (begin + end) / 2
        yield _Event(title, begin, end, most, first, last, None, said)


def _of_noise(context: Context) -> Iterator[_Event]:
    fs = context.source.fs
    stretches = unreadable_spans(context.annotation, context.source.n_samples)
    if len(stretches) == 0:
        return
    begin, end = stretches[int(np.diff(stretches, axis=1)[:, 0].argmax())] / fs
    said = f"{end - begin:.1f} s cannot be read in any lead; beats in it are not counted"
    middle = (begin + end) / 2 if end - begin > STRIP_S else None
    if middle is not None:
        said += "; its middle is shown"
    low, high = (middle, middle) if middle is not None else (begin, end)
    yield _Event("Longest unreadable stretch", float(low), float(high), said=said, at=float(begin))


def usual_interval(beats: BeatSeries, k: int) -> float | None:
    """Give the patient's own rhythm around a beat: the median of the NN intervals nearest to it.

    Parameters
    ----------
    beats : BeatSeries
    k : int
        Number of the beat; the intervals before and after it do not count.

    Returns
    -------
    float or None
        Seconds, over at most 16 intervals within two minutes; None if there are fewer than 3.
    """
    normal = beats.normal.copy()
    normal[k : k + 2] = False
    low, high = np.searchsorted(beats.time, [beats.time[k] - _NEAR_S, beats.time[k] + _NEAR_S])
    near = np.arange(low, high)[normal[low:high]]
    near = near[np.argsort(np.abs(near - k), kind="stable")][:_MOST_NEAR]
    return float(np.median(beats.rr[near])) if len(near) >= _LEAST_NEAR else None


def _time(context: Context, event: _Event) -> float:
    if event.at is not None:
        return event.at
    return float(context.beats.time[event.first])


def _tell(context: Context, event: _Event, begin: float, end: float) -> dict[str, Any]:
    content: dict[str, Any] = {
        "title": event.title,
        "at": at(context.source, _time(context, event)),
        "begin_s": round(begin, 3),
        "end_s": round(end, 3),
        "probability": None,
    }
    parts = [event.said] if event.said else []
    if event.class_index is not None:
        name = AAMI_CLASSES[event.class_index]
        p = context.probability(event.first, event.last, event.class_index)
        if p is not None:
            content["probability"] = {
                "class": name,
                "mean": round(float(p.mean()), 2),
                "lowest": round(float(p.min()), 2),
            }
            said = f"the model's probability of {name} is {_two(p.mean())}"
            if len(p) > 1:
                said += f" on average and {_two(p.min())} at the lowest"
            parts.append(said)
    if event.beat is not None:
        which = "the first" if event.last > event.first else "it"
        measured = _measured(context, event.beat)
        content["beat"] = measured
        parts += _why(measured, which)
    text = "; ".join(parts) or "No more is known of it"
    content["text"] = f"{text[:1].upper()}{text[1:]}."
    return content


def _two(value: float) -> str:
    return f"{round(float(value), 2):.2f}"


def _measured(context: Context, k: int) -> dict[str, Any]:
    """Measure one beat against the patient's own rhythm and dominant beat."""
    beats, fs = context.beats, context.source.fs
    usual = usual_interval(beats, k)
    before = float(beats.rr[k])
    after = float(beats.rr[k + 1]) if k + 1 < len(beats) else float("nan")
    content: dict[str, Any] = {
        "usual_rr_s": rounded(usual, 2),
        "rr_before_s": rounded(before, 2),
        "rr_after_s": rounded(after, 2),
        "early_percent": None if usual is None else rounded(100 * (1 - before / usual), 0),
        "pause_percent": None if usual is None else rounded(100 * after / usual, 0),
        "qrs_ms": None,
        "usual_qrs_ms": None,
        "likeness": None,
    }
    if context.shapes:
        dominant = context.shapes[0]
        beat = cut(context.source, context.columns, [int(beats.sample[k])])[0]
        width = qrs_width(beat, fs)
        content["qrs_ms"] = None if width is None else round(100 * width) * 10
        if dominant.qrs_s is not None:
            content["usual_qrs_ms"] = round(100 * dominant.qrs_s) * 10
        content["likeness"] = rounded(likeness(beat, dominant.median, fs), 2)
        content["dominant"] = dominant.class_name
    return content


def _why(beat: dict[str, Any], which: str) -> list[str]:
    parts = []
    early, pause = beat["early_percent"], beat["pause_percent"]
    if early is not None:
        how = f"{early}% early" if early > 0 else f"{-early}% late" if early < 0 else "on time"
        said = (
            f"{which} comes {how} ({beat['rr_before_s']:.2f} s, usual {beat['usual_rr_s']:.2f} s)"
        )
        if pause is not None:
            said += f" and the next interval is {pause}% of the usual one"
        parts.append(said)
    else:
        parts.append("too few intervals from N to N lie around to tell what is usual")
    if beat["qrs_ms"] is not None:
        said = f"QRS about {beat['qrs_ms']} ms wide"
        if beat["usual_qrs_ms"] is not None:
            said += f" (dominant beat, {beat['dominant']}: {beat['usual_qrs_ms']} ms)"
        parts.append(said)
    if beat["likeness"] is not None:
        parts.append(f"correlation with the dominant beat {beat['likeness']:.2f}")
    return parts
