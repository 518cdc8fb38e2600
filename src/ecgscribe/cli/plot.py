"""The command ``plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.recordings import annotate_recording, stored_annotation
from ecgscribe.cli.values import Choice, seconds
from ecgscribe.errors import FormatError

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
@click.option("--start", metavar="TIME", type=seconds, help="Start of a strip (default: 0:00).")
@click.option(
    "--end", metavar="TIME", type=seconds, help="End of a strip (default: 10 s after the start)."
)
@options.out("Picture to write: .png, .pdf or .svg (default: NAME.png here).", metavar="FILE")
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
    start: float | None,
    end: float | None,
    out: Path | None,
    annotator: str | None,
    model: str,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw a strip on ECG paper or an overview of all beats, coloured by class."""
    from ecgscribe import formats, plots
    from ecgscribe.model.runtime import load_model

    if kind != "strip" and (start, end) != (None, None):
        raise FormatError(
            f"plot: expected --start and --end with a strip, found them with {kind}, which shows "
            "the whole recording; leave them out"
        )

    def annotation_of(opened: Record | LazyRecord) -> Annotation:
        if annotator:
            return stored_annotation(opened, record, annotator)
        return annotate_recording(opened, model=load_model(model), leads=leads, quiet=quiet)

    if kind == "strip":
        whole = formats.read(record, fs=fs, leads=leads)
        axes = plots.strip(whole, annotation_of(whole), start=start or 0.0, end=end)
        name = whole.name
    else:  # only the beats are drawn
        source = formats.open_record(record, fs=fs, leads=leads)
        draw = {"day": plots.day, "lorenz": plots.lorenz, "timeline": plots.timeline}[kind]
        axes = draw(annotation_of(source))
        name = source.name
    target = Path(f"{name}.png") if out is None else out
    file = str(plots.save(axes, target, force=force))
    print_result(file, {"record": record, "file": file}, as_json=as_json, quiet=quiet)
