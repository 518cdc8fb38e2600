"""The page of a report, its sections in the order in which a Holter report is read.

Made of the content alone; HTML and PDF both show exactly this.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.report.blocks import Box, Page, Section
from ecgscribe.report.content import ReportContent
from ecgscribe.report.sections.beats import beats_blocks
from ecgscribe.report.sections.ectopy import ectopy_blocks
from ecgscribe.report.sections.findings import finding_blocks
from ecgscribe.report.sections.full import full_blocks
from ecgscribe.report.sections.heart_rate import HeartRateEntry, heart_rate_blocks
from ecgscribe.report.sections.overview import overview_blocks
from ecgscribe.report.sections.patient import patient_blocks
from ecgscribe.report.sections.pauses import pauses_blocks
from ecgscribe.report.sections.recording import recording_blocks
from ecgscribe.report.sections.rhythms import rhythm_blocks
from ecgscribe.report.sections.rr_intervals import rr_blocks
from ecgscribe.report.sections.shapes import shapes_blocks
from ecgscribe.report.sections.strips import strip_blocks
from ecgscribe.report.sections.variability import variability_blocks
from ecgscribe.report.wording import NONE, number, per_minute, share

__all__ = ["Pictures", "page"]


_NOT_MEASURED = "Not measured, and to be judged on the paper: ST segment, QT and PR interval."
_BOXES = (Box("Interpretation", 40.0), Box("Name, date and signature", 16.0))


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pictures of a report, as PNG.

    Parameters
    ----------
    strips : tuple of tuple of bytes
        One per strip of the content.
    day, lorenz, histogram, tachogram, trend : bytes or None
        None without RR intervals.
    shapes, templates : bytes or None
        None without beats.
    full : tuple of bytes
        One per page of the full disclosure of the content.
    """

    strips: tuple[tuple[bytes, ...], ...]
    day: bytes | None
    lorenz: bytes | None
    histogram: bytes | None
    tachogram: bytes | None
    trend: bytes | None
    shapes: bytes | None
    templates: bytes | None
    full: tuple[bytes, ...] = ()


def page(content: ReportContent, pictures: Pictures) -> Page:
    """Make the page.

    Parameters
    ----------
    content : ReportContent
    pictures : Pictures

    Returns
    -------
    Page
    """
    recording = content.recording
    lead = "lead" if len(recording.leads) == 1 else "leads"
    start = f"{recording.start}, " if recording.start else ""
    return Page(
        title=f"ECG report: {recording.name}",
        subtitle=f"{start}{recording.duration} (h:mm:ss), {lead} {', '.join(recording.leads)}, "
        f"{number(recording.fs_hz)} Hz. {recording.clock}",
        notice=content.software.intended_use,
        key_figures=_key_figures(content),
        sections=_sections(content, pictures),
        foot=_foot(content),
    )


def _key_figures(content: ReportContent) -> tuple[tuple[str, str], ...]:
    beats, rate = content.beats, content.heart_rate
    return (
        ("Beats", number(beats.counted)),
        ("Mean heart rate", per_minute(rate.mean)),
        (f"Lowest to highest{', N-N' if rate.extremes_are_normal else ''}", _range(rate)),
        ("PVC burden", share(beats.pvc_percent)),
        ("SVE burden", share(beats.sve_percent)),
        ("Pauses", number(content.pauses.count if beats.counted else None)),
        ("Longest without beats", number(content.pauses.longest_s, " s")),
        ("Gaps without beats", number(content.pauses.gaps if beats.counted else None)),
        ("Atrial fibrillation", _fibrillation(content)),
        ("Readable", share(content.readable.percent)),
    )


def _range(rate: HeartRateEntry) -> str:
    if rate.lowest is None or rate.highest is None:
        return NONE
    return f"{number(rate.lowest.rate)} to {per_minute(rate.highest.rate)}"


def _fibrillation(content: ReportContent) -> str:
    if not content.rhythms.annotated:
        return "not looked for"
    rhythm = content.rhythms.of("AFIB")
    return "none found" if rhythm is None else share(rhythm.percent)


def _sections(content: ReportContent, pictures: Pictures) -> tuple[Section, ...]:
    recording, patient = content.recording, content.patient
    withheld = recording.classes_withheld
    return (
        *((Section("Patient", patient_blocks(patient)),) if patient is not None else ()),
        Section("Findings", finding_blocks(content.findings)),
        Section(
            "Recording",
            recording_blocks(recording, content.readable, content.annotations),
        ),
        Section(
            "Overview",
            overview_blocks(
                content.beats, content.heart_rate, day=pictures.day, lorenz=pictures.lorenz
            ),
        ),
        Section("Rhythms", rhythm_blocks(content.rhythms)),
        Section("Beats", beats_blocks(content.beats)),
        Section(
            "Heart rate",
            heart_rate_blocks(
                content.heart_rate, content.hours, trend=pictures.trend, withheld=withheld
            ),
        ),
        Section(
            "RR intervals",
            rr_blocks(
                content.rr_intervals,
                histogram=pictures.histogram,
                tachogram=pictures.tachogram,
            ),
        ),
        Section(
            "Heart rate variability", variability_blocks(content.variability, withheld=withheld)
        ),
        Section(
            "Ectopy",
            ectopy_blocks(content.ectopy, n_beats=content.beats.counted, withheld=withheld),
        ),
        Section("Pauses", pauses_blocks(content.pauses, n_beats=content.beats.counted)),
        Section(
            "Beat shapes",
            shapes_blocks(content.shapes, overlay=pictures.shapes, templates=pictures.templates),
        ),
        Section(
            "Strips",
            strip_blocks(
                content.strips,
                paper=content.paper,
                probabilities=content.annotations.probabilities,
                pictures=pictures.strips,
            ),
        ),
        Section("Interpretation", (_NOT_MEASURED, *_BOXES)),
        *_appendix(content, pictures),
    )


def _appendix(content: ReportContent, pictures: Pictures) -> tuple[Section, ...]:
    if content.full is None:
        return ()
    return (Section("Full disclosure", full_blocks(content.full, pictures.full)),)


def _foot(content: ReportContent) -> tuple[str, ...]:
    software, model = content.software, content.annotations.model
    lines = [f"Made by {software.name} {software.version}."]
    if model is not None:
        made = f", made with ecgscribe {model.version}" if model.version else ""
        lines.append(f"Model {model.name}{made}, SHA-256 {model.sha256}.")
    lines += [f"{file.name}: SHA-256 {file.sha256}." for file in content.recording.files]
    return tuple(lines)
