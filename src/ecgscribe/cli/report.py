"""The command ``report``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result, progress_bar
from ecgscribe.cli.recordings import chosen_leads, input_files, stored_annotation
from ecgscribe.cli.values import number, whole
from ecgscribe.errors import FormatError
from ecgscribe.files import refuse_input

__all__ = ["report"]


@command("report data/mitdb/119 -o 119.html")
@options.recording
@options.fs
@options.leads("Leads to analyse and show, or to choose the best two from (default: all)")
@options.out(
    "Page to write, .html or .pdf, and a .json with all of its numbers (default: NAME.html here).",
    metavar="FILE",
)
@options.annotator("Stored annotations to report on, such as atr (default: the model's own).")
@click.option(
    "--annotations",
    metavar="FILE",
    type=options.FILE,
    help="File of corrected annotations to report on, such as reviewed.scribe.",
)
@click.option("--by", metavar="NAME", help="Who corrected these (default: whom the file names).")
@click.option(
    "--strips",
    metavar="N",
    type=whole(1),
    default=1,
    show_default=True,
    help="Strips of each kind of finding; of dangerous ones more.",
)
@click.option(
    "--pause",
    metavar="SECONDS",
    type=number,
    help="An RR interval longer than this is a pause (default: 2).",
)
@click.option(
    "--patient",
    metavar="FILE",
    type=options.FILE,
    help="TOML file with name, id, birth, indication, medication …; shown in the report.",
)
@click.option("--comments", is_flag=True, help="Show the comments in the recording's header.")
@click.option("--full", is_flag=True, help="Add every second of a lead, an hour a page.")
@options.model
@options.no_dates
@options.force()
@options.as_json("all numbers of the report as JSON")
@options.quiet
def report(
    record: str,
    *,
    fs: float | None,
    leads: tuple[str, ...] | None,
    out: Path | None,
    annotator: str | None,
    annotations: Path | None,
    by: str | None,
    strips: int,
    pause: float | None,
    patient: Path | None,
    comments: bool,
    full: bool,
    model: str,
    no_dates: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Summarise a recording on one page, HTML or PDF."""
    from ecgscribe import formats
    from ecgscribe.analysis.rr_intervals import PAUSE_S
    from ecgscribe.model.runtime import load_model
    from ecgscribe.report.build import check_target
    from ecgscribe.report.build import report as write_report
    from ecgscribe.report.patient import read_patient

    _check_together(annotator, annotations, by)
    source = formats.open_record(record, fs=fs, leads=leads)
    target = Path(f"{source.name}.html") if out is None else out
    check_target(target, force=force)
    files = formats.recording_files(record)
    loaded = None if annotator or annotations is not None else load_model(model)
    inputs = [
        *input_files(record, annotator=annotator, model=loaded),
        *(path for path in (annotations, patient) if path is not None),
    ]
    for written in (target, target.with_suffix(".json")):
        refuse_input(written, inputs)
    about = None if patient is None else read_patient(patient)
    annotation, origin = None, annotator
    if annotations is not None:
        annotation = formats.read_annotation(annotations, fs=source.fs)
        origin = annotations.name
    elif annotator:
        annotation = stored_annotation(source, record, annotator)
    if no_dates:
        source = dataclasses.replace(source, start=None)
        about = about and dataclasses.replace(about, birth=None)
    with progress_bar(Path(record).name, quiet=quiet) as progress:
        content = write_report(
            source,
            annotation,
            out=target,
            model=loaded,
            leads=chosen_leads(source, leads),
            annotator=origin,
            corrected_by=by,
            strips=strips,
            pause_s=PAUSE_S if pause is None else pause,
            patient=about,
            comments=comments,
            full=full,
            files=files,
            force=force,
            progress=progress,
        )
    print_result(str(target), content, as_json=as_json, quiet=quiet)


def _check_together(annotator: str | None, annotations: Path | None, by: str | None) -> None:
    if annotator and annotations is not None:
        raise FormatError(
            "report: expected --annotator or --annotations, found both; leave one out"
        )
    if by and annotations is None:
        raise FormatError(
            f"report: expected --annotations FILE with --by {by}, found none; name the file that "
            f"{by} corrected"
        )
