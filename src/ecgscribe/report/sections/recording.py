"""The section on the recording: its file, its annotations and its readable time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ecgscribe.formatting import format_time, percent, rounded
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.wording import TimeEntry, number, share

__all__ = [
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


@dataclass(frozen=True)
class FileEntry:
    """A file of the recording."""

    name: str
    sha256: str


@dataclass(frozen=True)
class RecordingEntry:
    """The recording."""

    name: str
    start: str | None
    duration_s: float
    duration: str
    fs_hz: float | None
    leads: tuple[str, ...]
    leads_shown: tuple[str, ...]
    paced: bool
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
    model: ModelEntry | None
    probabilities: bool


@dataclass(frozen=True)
class UnreadableEntry:
    """A span that is unreadable in every lead."""

    length_s: float
    at: TimeEntry


@dataclass(frozen=True)
class ReadableEntry:
    """Time in which at least one lead is readable."""

    seconds: float
    time: str
    percent: float
    unreadable_spans: int = field(metadata=key("unreadable_stretches"))
    longest_unreadable: UnreadableEntry | None


def recording_entry(inputs: ReportInputs, files: Iterable[Mapping[str, str]]) -> RecordingEntry:
    """Describe the recording.

    Parameters
    ----------
    inputs : ReportInputs
    files : iterable of mapping
        ``name`` and ``sha256`` of each file of the recording.

    Returns
    -------
    RecordingEntry
    """
    record = inputs.record
    return RecordingEntry(
        name=record.name,
        start=None if record.start is None else f"{record.start:%Y-%m-%d %H:%M:%S}",
        duration_s=round(record.duration, 3),
        duration=format_time(record.duration, hours=True),
        fs_hz=rounded(record.fs, 3),
        leads=tuple(record.leads),
        leads_shown=tuple(record.leads[k] for k in inputs.columns),
        paced=record.paced,
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
    return ReadableEntry(
        seconds=round(seconds, 3),
        time=format_time(seconds, hours=True),
        percent=percent(seconds, inputs.record.duration),
        unreadable_spans=len(unreadable),
        longest_unreadable=_longest(inputs) if len(unreadable) else None,
    )


def _longest(inputs: ReportInputs) -> UnreadableEntry:
    unreadable, fs = inputs.measures.unreadable, inputs.record.fs
    length = np.diff(unreadable, axis=1)[:, 0]
    k = int(length.argmax())
    return UnreadableEntry(
        length_s=round(int(length[k]) / fs, 1), at=inputs.time_entry(int(unreadable[k, 0]) / fs)
    )


def recording_blocks(
    recording: RecordingEntry, readable: ReadableEntry, origin: OriginEntry
) -> tuple[str | Table, ...]:
    """Show the recording.

    Parameters
    ----------
    recording : RecordingEntry
    readable : ReadableEntry
    origin : OriginEntry

    Returns
    -------
    tuple of str or Table
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
    blocks: list[str | Table] = [Table("What was recorded", ("Entry", "Value"), rows)]
    if readable.longest_unreadable is not None:
        blocks.append(_unreadable(readable.unreadable_spans, readable.longest_unreadable))
    if recording.paced:
        blocks.append(
            "The header or the annotations mention a pacemaker; the model was not trained on paced "
            "beats, so its classes of them are unreliable."
        )
    return tuple(blocks)


def _unreadable(count: int, longest: UnreadableEntry) -> str:
    where = f"{number(longest.length_s)} s at {longest.at.text}"
    if count == 1:
        text = f"One span is unreadable in every lead: {where}."
    else:
        text = f"{number(count)} spans are unreadable in every lead; the longest is {where}."
    return f"{text} Beats there are not counted, and no RR interval crosses them."
