"""The section on ectopy: isolated beats, couplets, bigeminy, trigeminy and runs of V and of S."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgscribe.analysis.ectopy import LEAST_REPEATS, LEAST_RUN, PATTERNS, Episode
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import NONE, TimeEntry, number, per_minute
from ecgscribe.symbols import CLASS_NAMES

__all__ = ["EctopyEntry", "EpisodeEntry", "PatternEntry", "ectopy_blocks", "ectopy_entries"]


@dataclass(frozen=True)
class EpisodeEntry:
    """An episode: all its beats, the ectopic ones, its length, rate per minute and begin."""

    beats: int
    ectopic: int
    length_s: float
    rate: float | None
    at: TimeEntry


@dataclass(frozen=True)
class PatternEntry:
    """The episodes of one pattern, and the ectopic beats in all of them."""

    count: int
    beats: int
    longest: EpisodeEntry | None
    fastest: EpisodeEntry | None


@dataclass(frozen=True)
class EctopyEntry:
    """The patterns of one class, and the rules by which they are counted."""

    least_run: int
    least_repeats: int
    isolated: PatternEntry
    couplets: PatternEntry
    bigeminy: PatternEntry
    trigeminy: PatternEntry
    runs: PatternEntry


def ectopy_entries(inputs: ReportInputs) -> dict[str, EctopyEntry]:
    """Describe the ectopy of each class.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    dict of str to EctopyEntry
        By class, V and S.
    """
    return {
        name: EctopyEntry(
            least_run=LEAST_RUN,
            least_repeats=LEAST_REPEATS,
            isolated=_pattern_entry(inputs, patterns.isolated, single=True),
            couplets=_pattern_entry(inputs, patterns.couplets),
            bigeminy=_pattern_entry(inputs, patterns.bigeminy),
            trigeminy=_pattern_entry(inputs, patterns.trigeminy),
            runs=_pattern_entry(inputs, patterns.runs),
        )
        for name, patterns in inputs.measures.ectopy.items()
    }


def _pattern_entry(
    inputs: ReportInputs, episodes: tuple[Episode, ...], *, single: bool = False
) -> PatternEntry:
    longest = fastest = None
    if episodes and not single:
        longest = max(episodes, key=lambda e: (e.ectopic, -e.first))
        fastest = max(episodes, key=lambda e: (e.rate or 0.0, -e.first))
    return PatternEntry(
        count=len(episodes),
        beats=sum(episode.ectopic for episode in episodes),
        longest=None if longest is None else _episode_entry(inputs, longest),
        fastest=None if fastest is None else _episode_entry(inputs, fastest),
    )


def _episode_entry(inputs: ReportInputs, episode: Episode) -> EpisodeEntry:
    time = inputs.measures.beats.time
    begin, end = float(time[episode.first]), float(time[episode.last])
    return EpisodeEntry(
        beats=episode.length,
        ectopic=episode.ectopic,
        length_s=round(end - begin, 1),
        rate=rounded(episode.rate, 0),
        at=inputs.time_entry(begin),
    )


def ectopy_blocks(ectopy: Mapping[str, EctopyEntry]) -> tuple[str | Table, ...]:
    """Show the ectopy of each class.

    Parameters
    ----------
    ectopy : mapping of str to EctopyEntry

    Returns
    -------
    tuple of str or Table
    """
    blocks: list[str | Table] = []
    for name, entry in ectopy.items():
        if entry.isolated.count + entry.couplets.count + entry.runs.count == 0:
            blocks.append(f"No beats of class {name}: {CLASS_NAMES[name]}.")
        else:
            blocks.append(_table(name, entry))
    if any(isinstance(block, Table) for block in blocks):
        rules = ectopy["V"]
        blocks.append(
            f"Patterns are derived from the classes alone. A run is {rules.least_run} beats or "
            f"more; bigeminy and trigeminy are at least {rules.least_repeats} isolated beats with "
            "one or two beats of class N between them. Fusion beats are not counted with V. Rates "
            "are from the first beat to the last; the longest has the most ectopic beats."
        )
    return tuple(blocks)


def _table(name: str, entry: EctopyEntry) -> Table:
    patterns: dict[str, PatternEntry] = {title: getattr(entry, title) for title in PATTERNS}
    return Table(
        f"Class {name}: {CLASS_NAMES[name]}",
        ("Pattern", "Episodes", f"{name} beats", "Longest", "at", "Fastest", "at"),
        tuple(_row(title.capitalize(), pattern) for title, pattern in patterns.items()),
    )


def _row(title: str, pattern: PatternEntry) -> tuple[str, ...]:
    longest, fastest = pattern.longest, pattern.fastest
    if longest is None or fastest is None:
        episodes = (NONE, NONE, NONE, NONE)
    else:
        episodes = (
            f"{number(longest.ectopic)}, {number(longest.length_s)} s",
            longest.at.text,
            per_minute(fastest.rate),
            fastest.at.text,
        )
    return (title, number(pattern.count), number(pattern.beats), *episodes)
