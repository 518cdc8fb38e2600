"""The section on ectopy: isolated beats, couplets, bigeminy, trigeminy and runs of V and of S."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgscribe.analysis.ectopy import CERTAIN, LEAST_REPEATS, LEAST_RUN, PATTERNS, Ectopy, Episode
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Block, Cell, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import (
    NONE,
    TimeEntry,
    counted,
    number,
    per_minute,
    strip_cell,
    time_cell,
)
from ecgscribe.symbols import CLASS_NAMES

__all__ = [
    "EctopyEntry",
    "EpisodeEntry",
    "PatternEntry",
    "count_text",
    "ectopy_blocks",
    "ectopy_entries",
]


@dataclass(frozen=True)
class EpisodeEntry:
    """An episode: all its beats, the ectopic ones, its length, rate per minute and begin.

    `certainty` is the mean probability of the class over the ectopic beats.
    """

    beats: int
    ectopic: int
    length_s: float
    rate: float | None
    certainty: float | None
    doubtful: bool
    at: TimeEntry


@dataclass(frozen=True)
class PatternEntry:
    """The episodes of one pattern, how many are doubtful, and the ectopic beats in all of them.

    `strip` is the number of the strip with an example.
    """

    count: int
    doubtful: int
    beats: int
    strip: int | None
    longest: EpisodeEntry | None
    fastest: EpisodeEntry | None


@dataclass(frozen=True)
class EctopyEntry:
    """The patterns of one class, and the rules by which they are counted.

    `beats` are those in all patterns, `per_hour` of readable time; `r_on_t` is None but for V.
    """

    least_run: int
    least_repeats: int
    certain_from: float
    beats: int
    per_hour: float | None
    r_on_t: int | None
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
            certain_from=CERTAIN,
            beats=(n_beats := _ectopic_beats(patterns)),
            per_hour=_per_hour(inputs, n_beats),
            r_on_t=inputs.measures.r_on_t if name == "V" else None,
            isolated=_pattern_entry(inputs, patterns.isolated, name, single=True),
            couplets=_pattern_entry(inputs, patterns.couplets, name),
            bigeminy=_pattern_entry(inputs, patterns.bigeminy, name),
            trigeminy=_pattern_entry(inputs, patterns.trigeminy, name),
            runs=_pattern_entry(inputs, patterns.runs, name),
        )
        for name, patterns in inputs.measures.ectopy.items()
    }


def _ectopic_beats(patterns: Ectopy) -> int:
    """Count the ectopic beats, each once: bigeminy and trigeminy are of isolated ones."""
    apart = (*patterns.isolated, *patterns.couplets, *patterns.runs)
    return sum(episode.ectopic for episode in apart)


def _per_hour(inputs: ReportInputs, count: int) -> float | None:
    hours = inputs.measures.readable_s / 3600
    return rounded(count / hours, 1) if hours > 0 else None


def _pattern_entry(
    inputs: ReportInputs, episodes: tuple[Episode, ...], class_name: str, *, single: bool = False
) -> PatternEntry:
    longest = fastest = None
    if episodes and not single:
        # What is doubtful is not shown before what is certain.
        longest = max(episodes, key=lambda e: (not e.is_doubtful, e.ectopic, -e.first))
        fastest = max(episodes, key=lambda e: (not e.is_doubtful, e.rate or 0.0, -e.first))
    return PatternEntry(
        count=len(episodes),
        doubtful=sum(episode.is_doubtful for episode in episodes if not single),
        beats=sum(episode.ectopic for episode in episodes),
        strip=inputs.strip_of((range(e.first, e.last + 1) for e in episodes), class_name),
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
        certainty=rounded(episode.certainty, 2),
        doubtful=episode.is_doubtful,
        at=inputs.time_entry(begin),
    )


def ectopy_blocks(
    ectopy: Mapping[str, EctopyEntry], *, n_beats: int, withheld: bool = False
) -> tuple[Block, ...]:
    """Show the ectopy of each class.

    Parameters
    ----------
    ectopy : mapping of str to EctopyEntry
    n_beats : int
        Number of readable beats of all classes.
    withheld : bool
        Whether the classes of the beats are withheld.

    Returns
    -------
    tuple of Block
    """
    if withheld:
        return ("Not judged, as the classes of the beats are withheld.",)
    if n_beats == 0:
        return ("Not judged, as no beat is readable.",)
    blocks: list[Block] = []
    for name, entry in ectopy.items():
        if entry.isolated.count + entry.couplets.count + entry.runs.count == 0:
            blocks.append(f"No beats of class {name}: {CLASS_NAMES[name]}.")
        else:
            blocks += [_per_hour_text(name, entry), _table(name, entry)]
    if any(isinstance(block, Table) for block in blocks):
        rules = ectopy["V"]
        blocks.append(
            f"Patterns are derived from the classes alone. A run is {rules.least_run} beats or "
            f"more; bigeminy and trigeminy are at least {rules.least_repeats} isolated beats with "
            "one or two beats of class N between them. A fusion beat between two of V does not "
            "break a run. Rates are from the first beat to the last; the longest has the most "
            "ectopic beats."
        )
    doubtful = [_all_patterns(entry) for entry in ectopy.values()]
    if any(pattern.doubtful for patterns in doubtful for pattern in patterns.values()):
        blocks.append(
            f"* Doubtful: the model's mean probability of the class is below "
            f"{ectopy['V'].certain_from:g}. The longest and the fastest are doubtful only where "
            "all are."
        )
    return tuple(blocks)


def _all_patterns(entry: EctopyEntry) -> dict[str, PatternEntry]:
    return {title: getattr(entry, title) for title in PATTERNS}


def _table(name: str, entry: EctopyEntry) -> Table:
    return Table(
        f"Class {name}: {CLASS_NAMES[name]}",
        ("Pattern", "Episodes", f"{name} beats", "Longest", "at", "Fastest", "at"),
        tuple(_row(title.capitalize(), pattern) for title, pattern in _all_patterns(entry).items()),
    )


def _row(title: str, pattern: PatternEntry) -> tuple[Cell, ...]:
    longest, fastest = pattern.longest, pattern.fastest
    if longest is None or fastest is None:
        episodes: tuple[Cell, ...] = (NONE, NONE, NONE, NONE)
    else:
        episodes = (
            f"{number(longest.ectopic)}, {number(longest.length_s)} s{_star(longest)}",
            time_cell(longest.at),
            f"{per_minute(fastest.rate)}{_star(fastest)}",
            time_cell(fastest.at),
        )
    return (strip_cell(title, pattern.strip), count_text(pattern), number(pattern.beats), *episodes)


def _per_hour_text(name: str, entry: EctopyEntry) -> str:
    beats = counted(entry.beats, f"{name} beat")
    text = f"{beats}, {number(entry.per_hour)} per hour of readable time"
    if entry.r_on_t is not None:
        text += f"; R on T: {number(entry.r_on_t)}, judged by an estimated QT interval"
    return f"{text}."


def _star(episode: EpisodeEntry) -> str:
    return "*" if episode.doubtful else ""


def count_text(pattern: PatternEntry) -> str:
    """Write how many episodes there are, and how many of them are doubtful.

    Parameters
    ----------
    pattern : PatternEntry

    Returns
    -------
    str
        Such as ``12`` or ``12, of them 3 doubtful*``.
    """
    text = number(pattern.count)
    return f"{text}, of them {number(pattern.doubtful)} doubtful*" if pattern.doubtful else text
