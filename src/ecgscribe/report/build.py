"""The report of one recording: every number once, as JSON, and a page of them as HTML or PDF."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe import plots
from ecgscribe.analysis.rr_intervals import PAUSE_S
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.files import file_sums, refuse_existing, write_together
from ecgscribe.formatting import utf8
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.plots.saving import picture
from ecgscribe.record import Annotation, LazyRecord, Record, check_is_record, check_within
from ecgscribe.report import figures
from ecgscribe.report.content import ReportContent, report_content
from ecgscribe.report.full_disclosure import full_pages
from ecgscribe.report.inputs import ReportInputs, report_inputs
from ecgscribe.report.json_form import to_json
from ecgscribe.report.page import Pictures, page
from ecgscribe.report.patient import Patient, read_patient
from ecgscribe.report.rate_trend import rate_trend
from ecgscribe.report.sections.recording import ModelEntry, OriginEntry
from ecgscribe.report.strip_choice import choose_strips
from ecgscribe.report.template_figure import template_panels
from ecgscribe.review_notes import reviewer_of
from ecgscribe.signal.conditioning import choose_leads

__all__ = ["SUFFIXES", "check_target", "origin_entry", "report", "report_on"]


SUFFIXES = (".html", ".pdf")


def report(
    record: Record | LazyRecord,
    annotation: Annotation | None = None,
    *,
    out: str | Path | None = None,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    annotator: str | None = None,
    corrected_by: str | None = None,
    files: Iterable[str | Path] = (),
    strips: int = 1,
    pause_s: float = PAUSE_S,
    patient: Patient | str | Path | None = None,
    comments: bool = False,
    full: bool = False,
    force: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, Any]:
    """Report on a recording.

    Only the pieces that are shown are read again, so memory hardly grows with its length.

    Parameters
    ----------
    record : Record or LazyRecord
        The recording.
    annotation : Annotation, optional
        Its annotations; by default those of the model.
    out : str or Path, optional
        Page to write, ``.html`` or ``.pdf``; the numbers go next to it as ``.json``.
    model : Model, str or Path, optional
        Model that annotates, or that made `annotation`, as `ecgscribe.annotate` takes it.
    leads : sequence of str or int, optional
        One or two leads to annotate from and to show; by default the best ones.
    annotator : str, optional
        Who or what made `annotation`, to be named in the report.
    corrected_by : str, optional
        Who corrected `annotation`, to be named in the report; by default whom a note among them
        names, see `ecgscribe.review_notes`.
    files : iterable of str or Path, optional
        Files of the recording, listed with their SHA-256; see
        `ecgscribe.formats.recording_files`.
    strips : int
        Most strips of one kind; of dangerous kinds more, see `ecgscribe.report.strip_choice`.
    pause_s : float
        Seconds that an RR interval must exceed to be a pause.
    patient : Patient, str or Path, optional
        Who was recorded, or a TOML file of it; see `ecgscribe.report.patient`.
    comments : bool
        Whether to show the comments in the recording's header, which may identify the patient.
    full : bool
        Whether to show every second of the first lead in an appendix, an hour a page.
    force : bool
        Overwrite files.
    progress : callable, optional
        As for `ecgscribe.annotate`.

    Returns
    -------
    dict
        Every number of the page; only types that JSON has.

    Raises
    ------
    FormatError
        If `strips` or `pause_s` is not positive, the recording cannot be used, the annotations do
        not belong to it, or `out` has another suffix, already exists, or cannot be written.
    ModelError
        If the model is missing or was altered.
    EcgScribeError
        If `out` is a PDF and ``ecgscribe[report]`` is not installed.
    """
    if strips < 1:
        raise FormatError(
            f"report: expected at least 1 strip of each kind, found {strips}; choose another number"
        )
    if not 0 < pause_s < math.inf:
        raise FormatError(
            f"report: expected pauses of more than 0 s, found {pause_s:g} s; choose another length"
        )
    check_is_record(record)
    if out is not None:
        check_target(out, force=force)
    if isinstance(patient, str | Path):
        patient = read_patient(patient)
    lazy = record.lazy()
    sums = file_sums(files)
    columns = choose_leads(lazy, leads)
    if annotation is None or model is not None:
        model = load_model(model)
    if annotation is None:
        annotation = annotate(lazy, model=model, leads=columns, progress=progress)
        annotator = corrected_by = None
    elif corrected_by is None:
        corrected_by = reviewer_of(annotation)
    check_within(annotation, lazy)
    inputs = report_inputs(lazy, _at_fs(annotation, lazy.fs), columns, pause_s=pause_s)
    origin = origin_entry(
        inputs.annotation, model=model, annotator=annotator, corrected_by=corrected_by
    )
    return report_on(
        inputs,
        origin=origin,
        files=sums,
        out=out,
        strips=strips,
        patient=patient,
        comments=comments,
        full=full,
        force=force,
    )


def report_on(
    inputs: ReportInputs,
    *,
    origin: OriginEntry,
    files: Iterable[Mapping[str, str]] = (),
    out: str | Path | None = None,
    strips: int = 1,
    patient: Patient | None = None,
    comments: bool = False,
    full: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Report on a recording that is annotated and measured.

    Parameters
    ----------
    inputs : ReportInputs
        Without strips, which are chosen here.
    origin : OriginEntry
        Where the annotations come from.
    files : iterable of mapping
        ``name`` and ``sha256`` of each file of the recording.
    out, strips, patient, comments, full, force
        See `report`.

    Returns
    -------
    dict
        As of `report`.

    Raises
    ------
    FormatError
        If the page exists or cannot be written.
    """
    inputs = dataclasses.replace(inputs, strips=choose_strips(inputs, per_kind=strips))
    content = report_content(
        inputs, origin=origin, files=files, patient=patient, comments=comments, full=full
    )
    if out is not None:
        _write(Path(out), inputs, content, force=force)
    numbers: dict[str, Any] = to_json(content)
    return numbers


def check_target(out: str | Path, *, force: bool = False) -> None:
    """Refuse, before any work is done, a page that could not be written.

    Parameters
    ----------
    out : str or Path
        The page.
    force : bool
        Whether files may be overwritten.

    Raises
    ------
    FormatError
        If it has another suffix, it or the JSON next to it already exists, or its folder does not.
    EcgScribeError
        If it is a PDF and ``ecgscribe[report]`` is not installed.
    """
    out = Path(out)
    if out.suffix.lower() not in SUFFIXES:
        raise FormatError(
            f"{out}: expected a report that ends in {' or '.join(SUFFIXES)}, "
            f"found {out.suffix or 'no suffix'!r}; rename it"
        )
    if not out.parent.is_dir():
        raise FormatError(
            f"{out}: expected a folder {out.parent} to write into, found none; make it first"
        )
    for target in (out, out.with_suffix(".json")):
        refuse_existing(target, force=force)
    if out.suffix.lower() == ".pdf" and find_spec("fpdf") is None:
        raise EcgScribeError(
            f"{out}: expected the package fpdf2 to write a PDF, found none; "
            "pip install 'ecgscribe[report]'"
        )


def _at_fs(annotation: Annotation, fs: float) -> Annotation:
    """Convert annotations to samples at another frequency."""
    if annotation.fs == fs:
        return annotation
    sample = np.rint(annotation.sample * (fs / annotation.fs)).astype(np.int64)
    return dataclasses.replace(annotation, sample=sample, fs=fs)


def origin_entry(
    annotation: Annotation,
    *,
    model: Model | str | Path | None,
    annotator: str | None = None,
    corrected_by: str | None = None,
) -> OriginEntry:
    """Describe where annotations come from; see `report`."""
    entry = None
    if isinstance(model, Model):
        version = model.meta.get("versions", {}).get("ecgscribe")
        entry = ModelEntry(str(model.meta["name"]), version, model.hash)
    if annotator is not None:
        text = f"stored, annotator {annotator}"
    else:
        text = "given" if entry is None else f"by the model {entry.name}"
    if corrected_by is not None:
        text += f", corrected by {corrected_by}"
    return OriginEntry(text, annotator, corrected_by, entry, annotation.probability is not None)


def _write(out: Path, inputs: ReportInputs, content: ReportContent, *, force: bool) -> None:
    """Make both files whole before either is written."""
    shown = page(content, _pictures(inputs, content))
    if out.suffix.lower() == ".html":
        from ecgscribe.report.html import html

        data = utf8(html(shown)).encode("utf-8")
    else:
        from ecgscribe.report.pdf import pdf

        data = pdf(shown)
    numbers = json.dumps(to_json(content), indent=1, allow_nan=False) + "\n"
    files = {out: data, out.with_suffix(".json"): numbers.encode("utf-8")}
    write_together(files, force=force)


def _pictures(inputs: ReportInputs, content: ReportContent) -> Pictures:
    record, measures = inputs.record, inputs.measures
    day = lorenz = histogram = tachogram = trend = shapes = templates = None
    if measures.rr_histogram is not None:
        shown = figures.of_recording(inputs.annotation, record)
        day, lorenz = picture(plots.day(shown)), picture(plots.lorenz(shown))
        histogram = picture(figures.rr_histogram(measures.rr_histogram))
        drawn = figures.tachogram(
            measures.beats, record, unreadable=measures.unreadable, rhythms=measures.rhythms
        )
        tachogram = picture(drawn)
        trend = picture(rate_trend(measures, record, ectopy=not inputs.classes_withheld))
    if measures.shapes:
        leads = [record.leads[k] for k in inputs.columns]
        units = [record.units[k] for k in inputs.columns]
        shapes = picture(figures.beat_overlay(measures.shapes, leads, units))
        if any(measures.templates):
            templates = picture(template_panels(measures.shapes, measures.templates, leads))
    return Pictures(
        strips=tuple(
            figures.paper_strip(
                record, inputs.annotation, inputs.columns, strip, mm_per_mv=entry.mm_per_mv
            )
            for strip, entry in zip(inputs.strips, content.strips, strict=True)
        ),
        day=day,
        lorenz=lorenz,
        histogram=histogram,
        tachogram=tachogram,
        trend=trend,
        shapes=shapes,
        templates=templates,
        full=() if content.full is None else tuple(full_pages(inputs)),
    )
