"""The section on rhythms: fibrillation, tachycardia, standstill, and what a reference names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecgscribe.analysis.rhythm_episodes import (
    EPISODE_KINDS,
    RhythmEpisode,
    RhythmRates,
    readable_length,
)
from ecgscribe.formatting import format_time, percent, rounded
from ecgscribe.report.blocks import Block, Cell, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import (
    NONE,
    TimeEntry,
    episode_name,
    number,
    per_minute,
    share,
    time_cell,
)

__all__ = [
    "RhythmEntry",
    "RhythmEpisodeEntry",
    "RhythmsEntry",
    "rhythm_blocks",
    "rhythms_entry",
]


_MOST_LISTED = 30  # episodes of a kind on the page; JSON has all


@dataclass(frozen=True)
class RhythmEpisodeEntry:
    """One episode: its begin, its length, and its heart rates in beats per minute."""

    at: TimeEntry
    length_s: float
    length: str
    rate_min: float | None
    rate_mean: float | None
    rate_max: float | None


@dataclass(frozen=True)
class RhythmEntry:
    """A rhythm: its time, its share of the readable time, and its heart rates per minute.

    Heart rates are those of all episodes together, and None for rhythms that only a reference
    names.
    """

    kind: str
    name: str
    count: int
    seconds: float
    time: str
    percent: float
    rate_min: float | None
    rate_mean: float | None
    rate_max: float | None
    episodes: tuple[RhythmEpisodeEntry, ...]

    @property
    def longest(self) -> RhythmEpisodeEntry:
        """The longest episode."""
        return max(self.episodes, key=lambda episode: episode.length_s)


@dataclass(frozen=True)
class RhythmsEntry:
    """What rhythms are annotated: whether any, the urgent ones in order, and the others."""

    annotated: bool
    most_listed: int
    urgent: tuple[RhythmEntry, ...]
    other: tuple[RhythmEntry, ...]

    def of(self, kind: str) -> RhythmEntry | None:
        """Return an urgent rhythm; None if it does not occur."""
        return next((rhythm for rhythm in self.urgent if rhythm.kind == kind), None)


def rhythms_entry(inputs: ReportInputs) -> RhythmsEntry:
    """Describe the rhythms that are annotated.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    RhythmsEntry
    """
    episodes = inputs.measures.rhythms
    kinds = list(dict.fromkeys(episode.kind for episode in episodes))
    urgent = [kind for kind in EPISODE_KINDS if kind in kinds]
    other = sorted(kind for kind in kinds if kind not in EPISODE_KINDS)
    return RhythmsEntry(
        annotated=len(episodes) > 0,
        most_listed=_MOST_LISTED,
        urgent=tuple(_rhythm(inputs, kind) for kind in urgent),
        other=tuple(_rhythm(inputs, kind) for kind in other),
    )


def _rhythm(inputs: ReportInputs, kind: str) -> RhythmEntry:
    own = [episode for episode in inputs.measures.rhythms if episode.kind == kind]
    seconds = sum(episode.end - episode.begin for episode in own) / inputs.record.fs
    rates = _all_rates(inputs, own)
    readable_s = readable_length(own, inputs.measures.unreadable) / inputs.record.fs
    return RhythmEntry(
        kind=kind,
        name=episode_name(kind),
        count=len(own),
        seconds=round(seconds, 3),
        time=format_time(seconds, hours=True),
        percent=percent(readable_s, inputs.measures.readable_s),
        rate_min=rounded(rates.lowest, 0),
        rate_mean=rounded(rates.mean, 0),
        rate_max=rounded(rates.highest, 0),
        episodes=tuple(_episode(inputs, episode) for episode in own),
    )


def _all_rates(inputs: ReportInputs, episodes: Sequence[RhythmEpisode]) -> RhythmRates:
    """Return the rates over all episodes of one kind."""
    if episodes[0].kind == "AFIB":
        return inputs.measures.fibrillation_rates
    if len(episodes) == 1:
        return episodes[0].rates
    lowest = [e.rates.lowest for e in episodes if e.rates.lowest is not None]
    highest = [e.rates.highest for e in episodes if e.rates.highest is not None]
    weighted = [(e.rates.mean, e.end - e.begin) for e in episodes if e.rates.mean is not None]
    total = sum(weight for _, weight in weighted)
    return RhythmRates(
        min(lowest, default=None),
        sum(rate * weight for rate, weight in weighted) / total if total else None,
        max(highest, default=None),
    )


def _episode(inputs: ReportInputs, episode: RhythmEpisode) -> RhythmEpisodeEntry:
    fs = inputs.record.fs
    seconds = (episode.end - episode.begin) / fs
    return RhythmEpisodeEntry(
        at=inputs.time_entry(episode.begin / fs),
        length_s=round(seconds, 1),
        length=format_time(seconds, hours=True),
        rate_min=rounded(episode.rates.lowest, 0),
        rate_mean=rounded(episode.rates.mean, 0),
        rate_max=rounded(episode.rates.highest, 0),
    )


def rhythm_blocks(rhythms: RhythmsEntry) -> tuple[Block, ...]:
    """Show the rhythms.

    Parameters
    ----------
    rhythms : RhythmsEntry

    Returns
    -------
    tuple of Block
    """
    if not rhythms.annotated:
        return (
            "The annotations name no rhythms: fibrillation, flutter, tachycardia and standstill "
            "were not looked for.",
        )
    blocks: list[Block] = []
    if rhythms.urgent:
        blocks.append(_summary("Arrhythmias", rhythms.urgent))
    else:
        blocks.append(
            "No atrial or ventricular fibrillation or flutter, and no ventricular tachycardia, was "
            "found."
        )
    if rhythms.of("AFIB"):
        blocks.append(
            "Beats in atrial fibrillation are not part of the SVE burden, of the ectopy of class S "
            "and of heart rate variability."
        )
    blocks += [_episodes(rhythm, rhythms.most_listed) for rhythm in rhythms.urgent]
    if rhythms.other:
        blocks.append(
            _summary("Other rhythms that the annotations name", rhythms.other, of=" over all beats")
        )
    return tuple(blocks)


def _summary(caption: str, rhythms: tuple[RhythmEntry, ...], *, of: str = "") -> Table:
    return Table(
        f"{caption} (rates in beats per minute{of})",
        (
            "Rhythm", "Episodes", "Time", "Of readable time", "Longest", "Lowest", "Mean",
            "Highest",
        ),
        tuple(
            (
                rhythm.name,
                number(rhythm.count),
                rhythm.time,
                share(rhythm.percent),
                rhythm.longest.length,
                *map(number, (rhythm.rate_min, rhythm.rate_mean, rhythm.rate_max)),
            )
            for rhythm in rhythms
        ),
    )  # fmt: skip


def _episodes(rhythm: RhythmEntry, most: int) -> Table:
    longest = sorted(rhythm.episodes, key=lambda episode: -episode.length_s)[:most]
    shown = sorted(longest, key=lambda episode: episode.at.seconds)
    caption = f"{rhythm.name}: every episode"
    if len(rhythm.episodes) > most:
        caption = f"{rhythm.name}: the {most} longest episodes"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            time_cell(episode.at),
            number(episode.length_s, " s"),
            per_minute(episode.rate_min),
            per_minute(episode.rate_mean),
            per_minute(episode.rate_max),
        )
        for episode in shown
    )
    header: tuple[str, ...] = ("Begin", "Length", "Lowest rate", "Mean rate", "Highest rate")
    if all(row[2] == row[4] == NONE for row in rows):
        rows, header = tuple(row[:2] + row[3:4] for row in rows), ("Begin", "Length", "Rate")
    return Table(caption, header, rows)
