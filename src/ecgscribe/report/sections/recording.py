"""The section on the recording: its file, its annotations and its readable time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ecgscribe.analysis.rhythm_episodes import EPISODE_KINDS
from ecgscribe.formatting import format_time, percent, rounded
from ecgscribe.record import clock_text
from ecgscribe.report.blocks import Block, Bullets, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.strip_choice import LEAST_UNREADABLE_S, long_unreadable
from ecgscribe.report.wording import TimeEntry, episode_name, number, share, time_cell

__all__ = [
    "MAY_BE",
    "WITHHELD",
    "FileEntry",
    "ModelEntry",
    "OriginEntry",
    "ReadableEntry",
    "RecordingEntry",
    "UnreadableEntry",
    "readable_entry",
    "recording_blocks",
    "recording_entry",
]


MAY_BE = "may be noise, a standstill or flutter: look"
"""What is written of an unreadable span of which nothing else is known."""


WITHHELD = (
    "The header or the annotations mention a pacemaker: all beats are counted as paced (Q), and "
    "classes and noise are withheld, because the model was not trained on paced beats."
)
"""What is written of a paced recording that a model annotated."""
_PACED = "The header or the annotations mention a pacemaker."
_FROM_START = "Times are from the start of the recording (h:mm:ss)."
_TIME_OF_DAY = "Times are times of day, and in parentheses from the start (h:mm:ss)."


@dataclass(frozen=True)
class FileEntry:
    """A file of the recording."""

    name: str
    sha256: str


@dataclass(frozen=True)
class RecordingEntry:
    """The recording; `clock` says what times are, `comments` is None unless asked for."""

    name: str
    start: str | None
    clock: str
    duration_s: float
    duration: str
    fs_hz: float | None
    leads: tuple[str, ...]
    leads_shown: tuple[str, ...]
    paced: bool
    classes_withheld: bool
    comments: tuple[str, ...] | None
    files: tuple[FileEntry, ...]


@dataclass(frozen=True)
class ModelEntry:
    """The model that made the annotations; `version` is that of ecgscribe when it was made."""

    name: str
    version: str | None
    sha256: str


@dataclass(frozen=True)
class OriginEntry:
    """Where the annotations come from, and whether they contain probabilities of the classes."""

    text: str
    annotator: str | None
    corrected_by: str | None
    model: ModelEntry | None
    probabilities: bool


@dataclass(frozen=True)
class UnreadableEntry:
    """A span that is unreadable in every lead, and what it may be."""

    length_s: float
    at: TimeEntry
    note: str


@dataclass(frozen=True)
class ReadableEntry:
    """Time in which at least one lead is readable; the longer unreadable spans are listed."""

    seconds: float
    time: str
    percent: float
    unreadable_spans: int
    listed_from_s: float | None
    listed: tuple[UnreadableEntry, ...]
    longest_unreadable: UnreadableEntry | None


def _clock(start: datetime) -> str:
    """Return a start to the second; without a date if that is not known."""
    return clock_text(start.replace(microsecond=0)).replace("T", " ")


def recording_entry(
    inputs: ReportInputs, files: Iterable[Mapping[str, str]], *, comments: bool = False
) -> RecordingEntry:
    """Describe the recording.

    Parameters
    ----------
    inputs : ReportInputs
    files : iterable of mapping
        ``name`` and ``sha256`` of each file of the recording.
    comments : bool
        Whether the comments of its header are shown.

    Returns
    -------
    RecordingEntry
    """
    record = inputs.record
    return RecordingEntry(
        name=record.name,
        start=None if record.start is None else _clock(record.start),
        clock=_FROM_START if record.start is None else _TIME_OF_DAY,
        duration_s=round(record.duration, 3),
        duration=format_time(record.duration, hours=True),
        fs_hz=rounded(record.fs, 3),
        leads=tuple(record.leads),
        leads_shown=tuple(record.leads[k] for k in inputs.columns),
        paced=record.paced,
        classes_withheld=inputs.classes_withheld,
        comments=tuple(record.comments) if comments else None,
        files=tuple(FileEntry(file["name"], file["sha256"]) for file in files),
    )


def readable_entry(inputs: ReportInputs) -> ReadableEntry:
    """Describe the readable time.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    ReadableEntry
    """
    seconds, unreadable = inputs.measures.readable_s, inputs.measures.unreadable
    spans: list[list[float]] = inputs.unreadable_s.tolist()
    longest = max(spans, key=lambda span: span[1] - span[0], default=None)
    return ReadableEntry(
        seconds=round(seconds, 3),
        time=format_time(seconds, hours=True),
        percent=percent(seconds, inputs.record.duration),
        unreadable_spans=len(unreadable),
        listed_from_s=rounded(LEAST_UNREADABLE_S, 0),
        listed=tuple(_unreadable_entry(inputs, *span) for span in long_unreadable(inputs)),
        longest_unreadable=None if longest is None else _unreadable_entry(inputs, *longest),
    )


def _unreadable_entry(inputs: ReportInputs, begin: float, end: float) -> UnreadableEntry:
    return UnreadableEntry(
        length_s=round(end - begin, 1),
        at=inputs.time_entry(begin),
        note=_note(inputs, begin, end),
    )


def _note(inputs: ReportInputs, begin: float, end: float) -> str:
    """Return what an unreadable span is: what is annotated there, or what it may be.

    Noise in atrial fibrillation may hide as much as elsewhere.
    """
    fs, measures = inputs.record.fs, inputs.measures
    for episode in measures.rhythms:
        known = episode.kind in EPISODE_KINDS and episode.kind != "AFIB"
        if known and episode.begin < end * fs and episode.end > begin * fs:
            return episode_name(episode.kind)
    if any(p.is_gap and p.begin <= begin * fs and end * fs <= p.end for p in measures.pauses):
        return "no beats: pause or lead off"
    return MAY_BE


def recording_blocks(
    recording: RecordingEntry, readable: ReadableEntry, origin: OriginEntry
) -> tuple[Block, ...]:
    """Show the recording.

    Parameters
    ----------
    recording : RecordingEntry
    readable : ReadableEntry
    origin : OriginEntry

    Returns
    -------
    tuple of Block
    """
    rows = (
        ("Name", recording.name),
        ("Start", recording.start or "not given"),
        ("Duration", f"{recording.duration} (h:mm:ss)"),
        ("Sampling frequency", f"{number(recording.fs_hz)} Hz"),
        ("Leads", ", ".join(recording.leads)),
        ("Leads shown here", ", ".join(recording.leads_shown)),
        ("Annotations", origin.text),
        ("Readable time", f"{readable.time}, {share(readable.percent)}"),
    )
    blocks: list[Block] = [Table("What was recorded", ("Entry", "Value"), rows)]
    if recording.comments is not None:
        blocks += _comments(recording.comments)
    if readable.longest_unreadable is not None:
        blocks.append(_unreadable(readable.unreadable_spans, readable.longest_unreadable))
    if readable.listed:
        blocks.append(_unreadable_table(readable))
    if recording.paced:
        blocks.append(WITHHELD if recording.classes_withheld else _PACED)
    return tuple(blocks)


def _comments(comments: tuple[str, ...]) -> list[Block]:
    if not comments:
        return ["The header of the recording has no comments."]
    return ["Comments in the header of the recording:", Bullets(tuple((c,) for c in comments))]


def _unreadable(count: int, longest: UnreadableEntry) -> str:
    where = f"{number(longest.length_s)} s at {longest.at.text}"
    if count == 1:
        text = f"One span is unreadable in every lead: {where}."
    else:
        text = f"{number(count)} spans are unreadable in every lead; the longest is {where}."
    return f"{text} Beats there are not counted, and no RR interval crosses them."


def _unreadable_table(readable: ReadableEntry) -> Table:
    return Table(
        f"Unreadable spans of {number(readable.listed_from_s)} s or more",
        ("Begin", "Length", "What it may be"),
        tuple((time_cell(u.at), number(u.length_s, " s"), u.note) for u in readable.listed),
    )
