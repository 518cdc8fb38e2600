"""The content of a report: every number and text of it, in dataclasses with one JSON form.

Numbers are rounded as they are shown, and times carry the text that is shown for them. The page is
made of this content alone and so shows nothing that the JSON does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecgscribe._version import __version__
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.patient import Patient
from ecgscribe.report.sections.beats import BeatsEntry, beats_entry
from ecgscribe.report.sections.ectopy import EctopyEntry, ectopy_entries
from ecgscribe.report.sections.findings import FindingEntry, finding_entries
from ecgscribe.report.sections.full import FullEntry, full_entry
from ecgscribe.report.sections.heart_rate import HeartRateEntry, heart_rate_entry
from ecgscribe.report.sections.hours import HourEntry, hour_entries
from ecgscribe.report.sections.pauses import PausesEntry, pauses_entry
from ecgscribe.report.sections.recording import (
    OriginEntry,
    ReadableEntry,
    RecordingEntry,
    readable_entry,
    recording_entry,
)
from ecgscribe.report.sections.rhythms import RhythmsEntry, rhythms_entry
from ecgscribe.report.sections.rr_intervals import RRIntervalsEntry, rr_entry
from ecgscribe.report.sections.shapes import ShapesEntry, shapes_entry
from ecgscribe.report.sections.strips import PAPER, StripEntry, strip_entries
from ecgscribe.report.sections.variability import VariabilityEntry, variability_entry

__all__ = [
    "INTENDED_USE",
    "VERSION",
    "ReportContent",
    "SoftwareEntry",
    "findings_of",
    "report_content",
]


VERSION = 1
"""Version of the JSON form; see `ecgscribe.report.schema`."""
INTENDED_USE = (
    "ecgscribe is a research tool, not a medical device: this report is not for diagnosis or "
    "treatment, and a person qualified to read ECGs must judge everything in it."
)
"""What is on every report's first page."""


@dataclass(frozen=True)
class SoftwareEntry:
    """The program that made the report, and what the report is for."""

    name: str
    version: str
    intended_use: str


@dataclass(frozen=True)
class ReportContent:
    """Everything that a report shows; `paper` is the scale of its strips."""

    version: int
    patient: Patient | None
    findings: tuple[FindingEntry, ...]
    recording: RecordingEntry
    annotations: OriginEntry
    readable: ReadableEntry
    rhythms: RhythmsEntry
    beats: BeatsEntry
    heart_rate: HeartRateEntry
    hours: tuple[HourEntry, ...]
    rr_intervals: RRIntervalsEntry
    variability: VariabilityEntry
    ectopy: Mapping[str, EctopyEntry]
    pauses: PausesEntry
    shapes: ShapesEntry
    software: SoftwareEntry
    paper: str
    strips: tuple[StripEntry, ...]
    full: FullEntry | None


def findings_of(inputs: ReportInputs) -> tuple[FindingEntry, ...]:
    """Write the findings of a recording, the most urgent first.

    Parameters
    ----------
    inputs : ReportInputs
        With strips, times are linked to them.

    Returns
    -------
    tuple of FindingEntry
    """
    return finding_entries(
        rhythms=rhythms_entry(inputs),
        pauses=pauses_entry(inputs),
        ectopy=ectopy_entries(inputs),
        readable=readable_entry(inputs),
        beats=beats_entry(inputs),
        rate=heart_rate_entry(inputs),
        paced=inputs.classes_withheld,
    )


def report_content(
    inputs: ReportInputs,
    *,
    origin: OriginEntry,
    files: Iterable[Mapping[str, str]],
    patient: Patient | None = None,
    comments: bool = False,
    full: bool = False,
) -> ReportContent:
    """Describe a recording.

    Parameters
    ----------
    inputs : ReportInputs
    origin : OriginEntry
        Where the annotations come from.
    files : iterable of mapping
        ``name`` and ``sha256`` of each file of the recording.
    patient : Patient, optional
        What was given about the patient.
    comments : bool
        Whether the comments of the recording's header are shown.
    full : bool
        Whether every second is shown.

    Returns
    -------
    ReportContent
    """
    return ReportContent(
        version=VERSION,
        patient=patient if patient and patient.stated() else None,
        findings=findings_of(inputs),
        recording=recording_entry(inputs, files, comments=comments),
        annotations=origin,
        readable=readable_entry(inputs),
        rhythms=rhythms_entry(inputs),
        beats=beats_entry(inputs),
        heart_rate=heart_rate_entry(inputs),
        hours=hour_entries(inputs),
        rr_intervals=rr_entry(inputs),
        variability=variability_entry(inputs),
        ectopy=ectopy_entries(inputs),
        pauses=pauses_entry(inputs),
        shapes=shapes_entry(inputs),
        software=SoftwareEntry("ecgscribe", __version__, INTENDED_USE),
        paper=PAPER,
        strips=strip_entries(inputs),
        full=full_entry(inputs) if full else None,
    )
