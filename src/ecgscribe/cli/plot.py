"""The command ``plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.recordings import annotate_recording, input_files, stored_annotation
from ecgscribe.cli.values import Choice, Moment, moment
from ecgscribe.errors import FormatError
from ecgscribe.files import refuse_input

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["plot"]


@command("plot data/mitdb/119 --kind lorenz -o lorenz.pdf")
@options.recording
@options.fs
@options.leads("Leads to draw and to analyse (default: all)")
@click.option(
    "--kind", type=Choice(["strip", "day", "lorenz", "timeline"]), default="strip",
    show_default=True,
    help="strip: ECG paper; day: heart rate, one hour per line; lorenz: each RR interval against "
    "the next; timeline: beats of each class over time.",
)  # fmt: skip
@click.option(
    "--start",
    metavar="TIME",
    type=moment,
    help="Start of a strip, from the start of the recording, or of the day: @22:16:32 "
    "(default: 0:00).",
)
@click.option(
    "--end",
    metavar="TIME",
    type=moment,
    help="End of a strip, likewise (default: 10 s after its start).",
)
@click.option("--no-letters", is_flag=True, help="Strip: leave out the classes of the beats.")
@click.option("--rr", is_flag=True, help="Strip: write RR intervals in ms, and the mean rate.")
@options.out("Picture to write: .png, .pdf or .svg (default: NAME-KIND.png here).", metavar="FILE")
@options.annotator("Stored annotations to draw, such as atr (default: the model's own).")
@options.model
@options.force("an existing picture")
@options.as_json("the name of the picture as JSON")
@options.quiet
def plot(
    record: str,
    *,
    fs: float | None,
    leads: tuple[str, ...] | None,
    kind: str,
    start: Moment | None,
    end: Moment | None,
    no_letters: bool,
    rr: bool,
    out: Path | None,
    annotator: str | None,
    model: str,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw a strip on ECG paper or an overview of all beats, coloured by class."""
    from ecgscribe import formats, plots
    from ecgscribe.analysis.paced import as_paced
    from ecgscribe.model.runtime import load_model

    _only_for_strips(kind, start=start, end=end, no_letters=no_letters, rr=rr)

    def annotation_of(opened: Record | LazyRecord) -> Annotation:
        if annotator:
            return stored_annotation(opened, record, annotator)
        made = annotate_recording(opened, model=load_model(model), leads=leads, quiet=quiet)
        return as_paced(made) if opened.paced else made  # as a report counts them

    source = formats.open_record(record, fs=fs, leads=leads)
    target = Path(f"{source.name}-{kind}.png") if out is None else out
    plots.check_picture(target, force=force)  # before the work
    used = None if annotator else load_model(model)
    refuse_input(target, input_files(record, annotator=annotator, model=used))
    if kind == "strip":
        begin = 0.0 if start is None else start.within(source)
        stop = None if end is None else end.within(source)
        plots.check_strip(source, begin, stop)
        axes: Any = plots.strip_rows(
            source, annotation_of(source), start=begin, end=stop, letters=not no_letters,
            rr=rr,
        )  # fmt: skip
    else:  # only the beats are drawn
        draw = {"day": plots.day, "lorenz": plots.lorenz, "timeline": plots.timeline}[kind]
        axes = draw(annotation_of(source))
    file = str(plots.save(axes, target, force=force))
    print_result(file, {"record": record, "file": file}, as_json=as_json, quiet=quiet)


def _only_for_strips(
    kind: str, *, start: Moment | None, end: Moment | None, no_letters: bool, rr: bool
) -> None:
    """Refuse the options of a strip with another kind of picture."""
    given = {
        "--start": start is not None,
        "--end": end is not None,
        "--no-letters": no_letters,
        "--rr": rr,
    }
    found = [name for name, is_given in given.items() if is_given]
    if kind != "strip" and found:
        raise FormatError(
            f"plot: expected {' and '.join(found)} with a strip, found {kind}, which shows the "
            "whole recording; leave it out"
        )
