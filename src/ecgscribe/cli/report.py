"""The command ``report``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result, progress_bar
from ecgscribe.cli.recordings import chosen_leads, stored_annotation
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
    model: str,
    no_dates: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Summarise a recording on one page, HTML or PDF."""
    from ecgscribe import formats
    from ecgscribe.report.build import check_target
    from ecgscribe.report.build import report as write_report

    source = formats.open_record(record, fs=fs, leads=leads)
    target = Path(f"{source.name}.html") if out is None else out
    check_target(target, force=force)
    files = formats.recording_files(record)
    for written in (target, target.with_suffix(".json")):
        refuse_input(written, files)
    annotation = stored_annotation(source, record, annotator) if annotator else None
    if no_dates:
        source = dataclasses.replace(source, start=None)
    with progress_bar(Path(record).name, quiet=quiet) as progress:
        content = write_report(
            source,
            annotation,
            out=target,
            model=None if annotator else model,
            leads=chosen_leads(source, leads),
            annotator=annotator,
            files=files,
            force=force,
            progress=progress,
        )
    print_result(str(target), content, as_json=as_json, quiet=quiet)
