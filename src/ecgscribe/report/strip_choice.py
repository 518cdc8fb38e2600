"""Which parts of a recording a report shows: of each kind of finding the clearest examples.

Whatever was found has a strip, however much else there is; `per_kind` says how many of each kind.
Of what is dangerous up to `DANGEROUS` times as many are shown; of atrial fibrillation and of what
is unreadable also more, while there are fewer than `ROOM` times as many strips. What a reviewer
kept comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np

from ecgscribe.analysis.ectopy import Episode
from ecgscribe.analysis.pauses import Pause
from ecgscribe.analysis.rhythm_episodes import RhythmEpisode
from ecgscribe.analysis.rr_intervals import RATE_INTERVALS
from ecgscribe.formatting import rounded
from ecgscribe.report.beat_comparison import usual_interval
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.paper_rows import ROW_S, Row, one_row, rows_around
from ecgscribe.report.strips import USUAL_RATE, Mark, Strip
from ecgscribe.report.wording import episode_name
from ecgscribe.review_notes import kept_strips, reviewer_of
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["DANGEROUS", "LEAST_UNREADABLE_S", "ROOM", "choose_strips", "long_unreadable"]


DANGEROUS = 6
"""Strips of a dangerous kind for one of another kind."""
ROOM = 40
"""Strips, for one of each kind, up to which every fibrillation and unreadable span has its own."""
LEAST_UNREADABLE_S = 3.0
"""Length in seconds from which on an unreadable span is listed and shown."""
_ONSET_S = 2.0  # of paper before the beginning of a rhythm, and after its end
_MOST_PART_S = 2 * ROW_S - 1.0  # on two rows
_MOST_PARTS = 6  # strips for one that was kept
_MOST_TRIED = 200  # examples of which the clearest is shown


def choose_strips(inputs: ReportInputs, *, per_kind: int = 1) -> tuple[Strip, ...]:
    """Choose the strips of a report.

    Parameters
    ----------
    inputs : ReportInputs
    per_kind : int
        Most strips of one kind.

    Returns
    -------
    tuple of Strip
        The most important first. What one strip shows exactly, no other one does.
    """
    dangerous, room = DANGEROUS * per_kind, ROOM * per_kind
    ectopy = inputs.measures.ectopy
    strips = [
        *_kept(inputs),
        *_rhythms(inputs, "VFL", dangerous),
        *_rhythms(inputs, "VT", dangerous),
        *_rhythms(inputs, "ASYS", dangerous),
        *_pauses(inputs, gaps=True, most=dangerous),
        *_runs(inputs, "V", per_kind),
        *_pauses(inputs, gaps=False, most=per_kind),
    ]
    strips += _rhythms(inputs, "AFIB", max(dangerous, (room - len(strips)) // 2))
    strips += _runs(inputs, "S", per_kind)
    strips += _unreadable(inputs, max(dangerous, room - len(strips)))
    for name, patterns in ectopy.items():
        of_kind = (
            ("Couplet", patterns.couplets),
            ("Bigeminy", patterns.bigeminy),
            ("Trigeminy", patterns.trigeminy),
        )
        for title, episodes in of_kind:
            clearest = sorted(episodes, key=lambda e: _clearness(inputs, e, name), reverse=True)
            strips += [_episode(inputs, title, e, name) for e in clearest[:per_kind]]
    for name in ("V", "S", "F"):
        strips += islice(_single_beats(inputs, name), per_kind)
    strips += _heart_rates(inputs)
    return _once(strips)


def _once(strips: Iterable[Strip]) -> tuple[Strip, ...]:
    """Leave out what is shown by an earlier strip on the same paper for the same beats."""
    kept: dict[object, Strip] = {}
    for strip in strips:
        kept.setdefault((strip.rows, strip.time, strip.beats), strip)
    return tuple(kept.values())


# What a reviewer kept


def _kept(inputs: ReportInputs) -> Iterator[Strip]:
    """Yield the strips that a reviewer kept, a long one in parts."""
    reviewer = reviewer_of(inputs.annotation)
    name = "Kept strip" if reviewer is None else f"Kept by {reviewer}"
    duration = inputs.record.duration
    for begin, end in kept_strips(inputs.annotation):
        end = min(end, duration)
        detail = f"{end - begin:.1f} s that the reviewer kept"
        edges = np.linspace(begin, end, math.ceil((end - begin) / _MOST_PART_S) + 1).tolist()
        parts = [rows_around(first, last, duration) for first, last in pairwise(edges)]
        if len(parts) > _MOST_PARTS:
            detail += "; the beginning is shown"
        for k, rows in enumerate(parts[:_MOST_PARTS], start=1):
            yield Strip(
                title=name if len(parts) == 1 else f"{name}, part {k} of {len(parts)}",
                section="Recording",
                rows=rows,
                time=edges[k - 1],
                rate=inputs.rate_on_paper(rows),
                detail=detail,
            )


# Rhythms


def _rhythms(inputs: ReportInputs, kind: str, most: int) -> Iterator[Strip]:
    """Yield the onset and the end of the longest episodes of a kind, in time order."""
    episodes = [e for e in inputs.measures.rhythms if e.kind == kind]
    longest = sorted(episodes, key=lambda e: e.begin - e.end)[:most]
    for episode in sorted(longest, key=lambda e: e.begin):
        yield from _rhythm(inputs, episode)


def _rhythm(inputs: ReportInputs, episode: RhythmEpisode) -> Iterator[Strip]:
    fs, duration = inputs.record.fs, inputs.record.duration
    begin, end = episode.begin / fs, episode.end / fs
    name = episode_name(episode.kind)
    detail = f"{end - begin:.1f} s"
    if episode.rates.mean is not None:
        detail += f" at {rounded(episode.rates.mean, 0)}/min"
    onset = max(0.0, min(begin - _ONSET_S, duration - ROW_S))
    stop = max(0.0, min(end + _ONSET_S, duration) - ROW_S)
    last = min(end, duration) - 1 / fs
    parts: list[tuple[str, tuple[Row, ...], float]] = [
        (f"{name}: onset", ((onset, onset + ROW_S),), begin),
        (f"{name}: end", ((stop, stop + ROW_S),), last),
    ]
    if end - begin <= ROW_S - _ONSET_S:
        parts = [(name, rows_around(begin, end, duration), begin)]
    for title, rows, time in parts:
        yield Strip(
            title=title,
            section="Rhythms",
            rows=rows,
            time=time,
            rate=episode.rates.mean,
            detail=detail,
        )


# Pauses and unreadable spans


def _pauses(inputs: ReportInputs, *, gaps: bool, most: int) -> Iterator[Strip]:
    pauses = [pause for pause in inputs.measures.pauses if pause.is_gap == gaps]
    longest = sorted(pauses, key=lambda p: p.begin - p.end)[:most]
    for k, pause in enumerate(longest):
        title = "Pause" if k else "Longest pause"
        yield _gap(inputs, pause) if gaps else _pause(inputs, pause, title)


def _gap(inputs: ReportInputs, gap: Pause) -> Strip:
    fs = inputs.record.fs
    begin, end = gap.begin / fs, gap.end / fs
    text = f"{end - begin:.2f} s"
    return Strip(
        title="No beats: pause or lead off",
        section="Pauses",
        rows=rows_around(begin, end, inputs.record.duration),
        time=begin,
        detail=f"no beats for {text}: pause or lead off",
        marks=(Mark(begin, end, f"no beats for {text}"),),
    )


def _pause(inputs: ReportInputs, pause: Pause, title: str) -> Strip:
    beats, fs = inputs.measures.beats, inputs.record.fs
    k = int(np.searchsorted(beats.sample, pause.end))
    usual = usual_interval(beats, k)
    begin, end = pause.begin / fs, pause.end / fs
    detail = f"{end - begin:.2f} s from beat to beat"
    if usual is not None:
        detail += f", {round(100 * beats.rr[k] / usual)}% of the usual interval nearby"
    return Strip(
        title=title,
        section="Pauses",
        rows=rows_around(begin, end, inputs.record.duration),
        time=begin,
        beats=range(k, k + 1),
        class_name=AAMI_CLASSES[pause.after],
        detail=detail,
        marks=(Mark(begin, end, f"{end - begin:.2f} s"),),
    )


def long_unreadable(inputs: ReportInputs) -> list[tuple[float, float]]:
    """Return the unreadable spans of `LEAST_UNREADABLE_S` or more, in seconds, in time order."""
    spans: list[list[float]] = (inputs.measures.unreadable / inputs.record.fs).tolist()
    return [(begin, end) for begin, end in spans if end - begin >= LEAST_UNREADABLE_S]


def _unreadable(inputs: ReportInputs, most: int) -> Iterator[Strip]:
    longest = sorted(long_unreadable(inputs), key=lambda span: span[0] - span[1])[:most]
    for begin, end in sorted(longest):
        yield Strip(
            title="Unreadable",
            section="Recording",
            rows=rows_around(begin, end, inputs.record.duration),
            time=begin,
            detail=f"{end - begin:.1f} s are unreadable in every lead and may be noise, a "
            "standstill or flutter: look; beats there are not counted",
        )


# Ectopy


def _runs(inputs: ReportInputs, class_name: str, per_kind: int) -> Iterator[Strip]:
    runs = inputs.measures.ectopy[class_name].runs
    longest = sorted(runs, key=lambda e: (e.is_doubtful, -e.ectopic))[:per_kind]
    fastest = sorted(runs, key=lambda e: (e.is_doubtful, -(e.rate or 0.0)))[:per_kind]
    for k, run in enumerate(longest):
        yield _episode(inputs, "Run" if k else "Longest run", run, class_name)
    for k, run in enumerate(fastest):
        if run not in longest:
            yield _episode(inputs, "Run" if k else "Fastest run", run, class_name)


def _clearness(inputs: ReportInputs, episode: Episode, class_name: str) -> tuple[bool, float]:
    """Rank an episode: on clean paper first, then the lowest probability of its beats."""
    beats = range(episode.first, episode.last + 1)
    probability = inputs.probabilities(beats, AAMI_CLASSES.index(class_name))
    certainty = float(episode.ectopic) if probability is None else float(probability.min())
    return _is_clean(inputs, episode.first, episode.last), certainty


def _is_clean(inputs: ReportInputs, first: int, last: int) -> bool:
    """Return whether a row of paper around beats has no unreadable time."""
    time, unreadable = inputs.measures.beats.time, inputs.unreadable_s
    rows = one_row(
        float(time[first]), float(time[last]), inputs.record.duration, unreadable=unreadable
    )
    return not any(
        bool(np.any((unreadable[:, 0] < end) & (unreadable[:, 1] > begin))) for begin, end in rows
    )


def _episode(inputs: ReportInputs, kind: str, episode: Episode, class_name: str) -> Strip:
    time = inputs.measures.beats.time
    begin, end = float(time[episode.first]), float(time[episode.last])
    detail = f"{episode.ectopic} beats of {class_name}"
    fused = episode.length - episode.ectopic if kind.lower().endswith("run") else 0
    if fused:
        detail += f" and {fused} fused"
    if kind in ("Bigeminy", "Trigeminy"):
        every = "second" if kind == "Bigeminy" else "third"
        detail += f" among {episode.length}, every {every},"
    detail += f" in {end - begin:.1f} s"
    if episode.rate is not None:
        detail += f" at {rounded(episode.rate, 0)}/min"
    rows = one_row(begin, end, inputs.record.duration, unreadable=inputs.unreadable_s)
    if episode.is_doubtful:
        detail += ", doubtful"
    if rows[0][1] < end:
        detail += "; the beginning is shown"
    return Strip(
        title=f"{kind} of {class_name}",
        section="Ectopy",
        rows=rows,
        time=begin,
        beats=range(episode.first, episode.last + 1),
        class_name=class_name,
        compares=True,
        rate=episode.rate,
        detail=detail,
    )


def _single_beats(inputs: ReportInputs, class_name: str) -> Iterator[Strip]:
    """Yield beats of a class, isolated and the most certain on clean paper first."""
    index = AAMI_CLASSES.index(class_name)
    beats, probability = inputs.measures.beats, inputs.annotation.probability
    candidates = np.flatnonzero(beats.class_index == index)
    between = beats.has_rr & np.append(beats.has_rr[1:], False)[: len(beats)]
    patterns = inputs.measures.ectopy.get(class_name)
    isolated = np.zeros(len(beats), dtype=np.bool_)
    isolated[[] if patterns is None else [episode.first for episode in patterns.isolated]] = True
    for preferred in (isolated, between):
        if preferred[candidates].any():
            candidates = candidates[preferred[candidates]]
    if probability is None:  # from the middle of the recording on, and then those before
        candidates = np.roll(candidates, -(len(candidates) // 2))
        title = "A beat"
    else:
        sure = probability[beats.index[candidates], index]
        candidates = candidates[np.argsort(-sure, kind="stable")]
        title = "Most certain beat"
    tried: Sequence[int] = candidates[:_MOST_TRIED].tolist()
    for k in sorted(tried, key=lambda k: not _is_clean(inputs, k, k)):
        time = float(beats.time[k])
        rows = one_row(time, time, inputs.record.duration, unreadable=inputs.unreadable_s)
        yield Strip(
            title=f"{title} of class {class_name}",
            section="Ectopy",
            rows=rows,
            time=time,
            rate=inputs.rate_on_paper(rows),
            beats=range(k, k + 1),
            class_name=class_name,
            compares=True,
        )


# Heart rate


def _heart_rates(inputs: ReportInputs) -> Iterator[Strip]:
    measures = inputs.measures
    if measures.rate_extremes is None:
        return
    lowest, highest = measures.rate_extremes
    yield _heart_rate(inputs, "Lowest heart rate", lowest.last)
    yield _heart_rate(inputs, "Highest heart rate", highest.last)
    # The usual rhythm: where all intervals are from N to N, the rate nearest to the mean.
    usual = measures.beats.normal & ~measures.in_fibrillation
    normal = np.convolve(usual, np.ones(RATE_INTERVALS))[: len(usual)] == RATE_INTERVALS
    away = np.where(normal, np.abs(measures.rates - (measures.mean_rate or 0.0)), np.inf)
    nearest = np.argsort(away, kind="stable")[: min(int(normal.sum()), _MOST_TRIED)].tolist()
    if nearest:
        last = min(nearest, key=lambda k: not _is_clean(inputs, k - RATE_INTERVALS, k))
        yield _heart_rate(inputs, USUAL_RATE, last)


def _heart_rate(inputs: ReportInputs, title: str, last: int) -> Strip:
    """Show the heart rate over the intervals that end at a beat."""
    beats, first = inputs.measures.beats, last - RATE_INTERVALS
    begin, end = float(beats.time[first]), float(beats.time[last])
    duration, unreadable = inputs.record.duration, inputs.unreadable_s
    most_frequent = int(np.bincount(beats.class_index[first : last + 1]).argmax())
    rate = float(inputs.measures.rates[last])
    rows = one_row(begin, end, duration, unreadable=unreadable)
    if end >= rows[0][1]:
        rows = rows_around(begin, min(end, begin + 2 * ROW_S - 2.0), duration)
    return Strip(
        title=title,
        section="Heart rate",
        rows=rows,
        time=begin,
        beats=range(first, last + 1),
        class_name=AAMI_CLASSES[most_frequent],
        rate=rate,
        detail=f"{rounded(rate, 0)}/min over {RATE_INTERVALS} intervals",
    )
