"""The verbs that show a recording: ``plot``, ``explain`` and ``report``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe._verb_tools import chosen_leads, progress_bar, stored, tell
from ecgscribe.errors import FormatError

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["run_explain", "run_plot", "run_report"]


def run_plot(options: argparse.Namespace) -> None:
    """Draw a strip, or all beats."""
    from ecgscribe import formats, plots

    whole = options.kind != "strip"
    if whole and (options.start, options.end) != (None, None):
        raise FormatError(
            f"plot: expected --from and --to with a strip, found them with {options.kind}, which "
            "shows the whole recording; leave them out"
        )
    reading = {"fs": options.fs, "leads": options.leads}
    if whole:  # only the beats are drawn
        source = formats.open_record(options.record, **reading)
        draw = {"day": plots.day, "lorenz": plots.lorenz, "timeline": plots.timeline}[options.kind]
        axes = draw(_shown(source, options))
        name = source.name
    else:
        record = formats.read(options.record, **reading)
        annotation = _shown(record, options)
        axes = plots.strip(record, annotation, start=options.start or 0.0, end=options.end)
        name = record.name
    target = Path(f"{name}.png") if options.out is None else options.out
    file = str(plots.save(axes, target, force=options.force))
    tell(file, {"record": options.record, "file": file}, options)


def _shown(record: Record | LazyRecord, options: argparse.Namespace) -> Annotation:
    """Give the annotations to draw: those that were asked for, or the model's own."""
    if options.annotator:
        return stored(record, options)
    from ecgscribe.model.runtime import load_model
    from ecgscribe.pipeline.annotate import annotate

    model, leads = load_model(options.model), chosen_leads(record, options)
    with progress_bar(Path(options.record).name, quiet=options.quiet) as progress:
        return annotate(record, model=model, leads=leads, progress=progress)


def run_explain(options: argparse.Namespace) -> None:
    """Say, and draw if asked for, why a beat was given its class."""
    from ecgscribe import formats, plots
    from ecgscribe.explanation.explain import explain
    from ecgscribe.explanation.figure import draw
    from ecgscribe.model.runtime import load_model

    model = load_model(options.model)
    record = formats.read(options.record, fs=options.fs, leads=options.leads)
    leads = chosen_leads(record, options)
    with progress_bar(Path(options.record).name, quiet=options.quiet) as progress:
        explanation = explain(record, at=options.at, model=model, leads=leads, progress=progress)
    if options.out is not None:
        plots.save(draw(explanation, record), options.out, force=options.force)
    tell(explanation.text(), explanation.to_dict(), options)


def run_report(options: argparse.Namespace) -> None:
    """Write the report on a recording."""
    from ecgscribe import formats
    from ecgscribe.report.build import check_target, report

    record = formats.open_record(options.record, fs=options.fs, leads=options.leads)
    target = Path(f"{record.name}.html") if options.out is None else options.out
    check_target(target, force=options.force)
    annotation = stored(record, options) if options.annotator else None
    with progress_bar(Path(options.record).name, quiet=options.quiet) as progress:
        content = report(
            record,
            annotation,
            out=target,
            model=None if options.annotator else options.model,
            leads=chosen_leads(record, options),
            annotator=options.annotator,
            files=formats.recording_files(options.record),
            force=options.force,
            progress=progress,
        )
    tell(str(target), content, options)
