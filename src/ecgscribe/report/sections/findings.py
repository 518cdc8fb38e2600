"""The findings: what a reader must know first, one sentence each, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecgscribe.report.blocks import Block, Bullets, Cell, Link, section_id
from ecgscribe.report.sections.beats import BeatsEntry
from ecgscribe.report.sections.ectopy import EctopyEntry
from ecgscribe.report.sections.heart_rate import HeartRateEntry
from ecgscribe.report.sections.pauses import PausesEntry
from ecgscribe.report.sections.recording import MAY_BE, WITHHELD, ReadableEntry
from ecgscribe.report.sections.rhythms import RhythmEntry, RhythmsEntry
from ecgscribe.report.wording import TimeEntry, counted, number, per_minute, share, time_cell

__all__ = ["FindingEntry", "finding_blocks", "finding_entries"]


@dataclass(frozen=True)
class FindingEntry:
    """A finding: a sentence, the time that it ends with, and the section that has more of it."""

    text: str
    at: TimeEntry | None
    section: str

    @property
    def sentence(self) -> str:
        """The whole of it as text."""
        return self.text if self.at is None else f"{self.text} {self.at.text}."


def finding_entries(
    *,
    rhythms: RhythmsEntry,
    pauses: PausesEntry,
    ectopy: dict[str, EctopyEntry],
    readable: ReadableEntry,
    beats: BeatsEntry,
    rate: HeartRateEntry,
    paced: bool,
) -> tuple[FindingEntry, ...]:
    """Write the findings of a recording from the content of its sections.

    Parameters
    ----------
    rhythms : RhythmsEntry
    pauses : PausesEntry
    ectopy : dict of str to EctopyEntry
    readable : ReadableEntry
    beats : BeatsEntry
    rate : HeartRateEntry
    paced : bool
        Whether the classes are withheld for that reason.

    Returns
    -------
    tuple of FindingEntry
        The most urgent first.
    """
    return (
        *_nothing(beats),
        *(_rhythm(rhythm) for rhythm in rhythms.urgent if rhythm.kind != "AFIB"),
        *_pauses(pauses),
        *([FindingEntry(WITHHELD, at=None, section="Recording")] if paced else []),
        *_runs("V", ectopy["V"]),
        *(_fibrillation(rhythm) for rhythm in rhythms.urgent if rhythm.kind == "AFIB"),
        *_runs("S", ectopy["S"]),
        *_unreadable(readable),
        *_burden(beats),
        *_patterns("V", ectopy["V"]),
        *_patterns("S", ectopy["S"]),
        *_rates(rate),
    )


def _nothing(beats: BeatsEntry) -> Iterator[FindingEntry]:
    if beats.counted == 0:
        text = "No readable beats: heart rate, ectopy and pauses cannot be judged."
        yield FindingEntry(text, at=None, section="Beats")


def _rhythm(rhythm: RhythmEntry) -> FindingEntry:
    rate = "" if rhythm.rate_mean is None else f", {per_minute(rhythm.rate_mean)}"
    return _episodes(rhythm, f"{rhythm.name}: ", rate)


def _fibrillation(rhythm: RhythmEntry) -> FindingEntry:
    rate = ""
    if rhythm.rate_mean is not None:
        rate = f", mean heart rate {per_minute(rhythm.rate_mean)}"
    if rhythm.rate_min is not None and rhythm.rate_max is not None:
        rate += f" ({number(rhythm.rate_min)} to {number(rhythm.rate_max)})"
    return _episodes(rhythm, f"{rhythm.name}: {share(rhythm.percent)} of the readable time, ", rate)


def _episodes(rhythm: RhythmEntry, begin: str, rate: str) -> FindingEntry:
    """State how many episodes of a rhythm there are, how long, and when the longest begins."""
    longest = rhythm.longest
    length = _length(longest.length_s)
    if rhythm.count == 1:
        text = f"{begin}1 episode of {length}{rate}, begins at"
    else:
        text = (
            f"{begin}{counted(rhythm.count, 'episode')}, {rhythm.time} (h:mm:ss) in all{rate}; "
            f"the longest, {length}, begins at"
        )
    return FindingEntry(text, at=longest.at, section="Rhythms")


def _length(seconds: float) -> str:
    """Write a length as it is spoken; from a minute on without fractions of a second."""
    if seconds < 60:
        return number(seconds, " s")
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _pauses(pauses: PausesEntry) -> Iterator[FindingEntry]:
    gaps = [pause for pause in pauses.all if pause.what != "pause"]
    if gaps:
        length = number(gaps[0].length_s, " s")
        text = f"No beats for {length}: pause or lead off"
        if len(gaps) > 1:
            text += f"; {number(pauses.gaps)} such gaps, the longest"
        yield FindingEntry(f"{text} at", at=gaps[0].at, section="Pauses")
    real = [pause for pause in pauses.all if pause.what == "pause"]
    if real:
        text = f"{counted(pauses.count, 'pause')} of more than {number(pauses.longer_than_s)} s"
        length = number(real[0].length_s, " s", digits=2)
        yield FindingEntry(f"{text}; the longest, {length}, at", at=real[0].at, section="Pauses")


def _runs(name: str, ectopy: EctopyEntry) -> Iterator[FindingEntry]:
    longest, fastest = ectopy.runs.longest, ectopy.runs.fastest
    if longest is None or fastest is None:
        return
    text = f"{counted(ectopy.runs.count, 'run')} of {name}"
    if ectopy.runs.doubtful:
        text += f", {number(ectopy.runs.doubtful)} of them doubtful"
    if ectopy.runs.count == 1:
        text = f"1 {'doubtful ' if longest.doubtful else ''}run of {name}"
        rate = "" if longest.rate is None else f" at {per_minute(longest.rate)}"
        text += f", {number(longest.beats)} beats{rate}, begins at"
    else:
        if fastest.rate is not None:
            text += f", the fastest at {per_minute(fastest.rate)}"
        text += f"; the longest, {number(longest.beats)} beats, begins at"
    yield FindingEntry(text, at=longest.at, section="Ectopy")


def _patterns(name: str, ectopy: EctopyEntry) -> Iterator[FindingEntry]:
    """State how many couplets and episodes of bigeminy and trigeminy there are."""
    patterns = (
        ("couplet", "couplets", ectopy.couplets),
        ("episode of bigeminy", "episodes of bigeminy", ectopy.bigeminy),
        ("episode of trigeminy", "episodes of trigeminy", ectopy.trigeminy),
    )
    longest = [pattern.longest for *_, pattern in patterns if pattern.longest is not None]
    if not longest:
        return
    counts = [
        counted(pattern.count, one, several) for one, several, pattern in patterns if pattern.count
    ]
    most = max(longest, key=lambda episode: episode.ectopic)
    yield FindingEntry(
        f"{name}: {', '.join(counts)}; the longest, {number(most.ectopic)} beats of {name}, "
        "begins at",
        at=most.at,
        section="Ectopy",
    )


def _unreadable(readable: ReadableEntry) -> Iterator[FindingEntry]:
    unknown = [span for span in readable.listed if span.note == MAY_BE]
    if not unknown:
        return
    longest = max(unknown, key=lambda span: span.length_s)
    length = _length(longest.length_s)
    yield FindingEntry(
        f"{share(readable.percent)} of the recording is readable; {counted(len(unknown), 'span')} "
        f"of {number(readable.listed_from_s)} s or more {MAY_BE}; the longest, {length}, at",
        at=longest.at,
        section="Recording",
    )


def _burden(beats: BeatsEntry) -> Iterator[FindingEntry]:
    counts = {c.class_name: c.count for c in beats.classes}
    parts = []
    if counts["V"]:
        parts.append(f"{counted(counts['V'], 'VE', 'VE')}, {share(beats.pvc_percent)} of all beats")
    outside = counts["S"] - beats.s_in_fibrillation
    if outside:
        which = "the beats outside atrial fibrillation" if beats.in_fibrillation else "all beats"
        of = f"{share(beats.sve_percent)} of {which}"
        parts.append(f"{number(outside)} SVE, {of}")
    if parts:
        yield FindingEntry("; ".join(parts) + ".", at=None, section="Beats")


def _rates(rate: HeartRateEntry) -> Iterator[FindingEntry]:
    if rate.mean is None:
        return
    text = f"Mean heart rate {per_minute(rate.mean)}"
    if rate.lowest is not None and rate.highest is not None:
        which = " over all beats"
        if rate.lowest_of_all is not None and rate.highest_of_all is not None:
            lowest, highest = rate.lowest_of_all.rate, rate.highest_of_all.rate
            which += f" ({number(lowest)} to {number(highest)}); between normal beats"
        text += (
            f"{which}, lowest {number(rate.lowest.rate)}, highest {per_minute(rate.highest.rate)}"
        )
    yield FindingEntry(f"{text}.", at=None, section="Heart rate")


def finding_blocks(findings: tuple[FindingEntry, ...]) -> tuple[Block, ...]:
    """Show the findings.

    Parameters
    ----------
    findings : tuple of FindingEntry

    Returns
    -------
    tuple of Block
    """
    if not findings:
        return ("Nothing was found.",)
    return (Bullets(tuple(_sentence(finding) for finding in findings)),)


def _sentence(finding: FindingEntry) -> tuple[Cell, ...]:
    more = Link(finding.section, section_id(finding.section))
    if finding.at is None:
        return finding.text, " ", more
    return f"{finding.text} ", time_cell(finding.at), ". ", more
