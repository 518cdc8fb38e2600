"""The command ``explain``."""

from __future__ import annotations

from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result, progress_bar
from ecgscribe.cli.recordings import chosen_leads, input_files
from ecgscribe.cli.values import Moment, moment
from ecgscribe.files import refuse_input

__all__ = ["explain"]


@command("explain data/mitdb/119 --at 1:30.5 -o why.png")
@options.recording
@click.option(
    "--at", metavar="TIME", type=moment, required=True,
    help="Explain the beat nearest to this time, from the start of the recording, in seconds or "
    "h:m:s, or of the day: @22:16:32.",
)  # fmt: skip
@options.fs
@options.leads("Leads to analyse, or to choose the best two from (default: all)")
@options.out("Also draw a picture: .png, .pdf or .svg.", metavar="FILE")
@options.model
@options.force("an existing picture")
@options.as_json()
@options.quiet
def explain(
    record: str,
    *,
    at: Moment,
    fs: float | None,
    leads: tuple[str, ...] | None,
    out: Path | None,
    model: str,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show which parts of the signal and which features decided the class of a beat."""
    from ecgscribe import formats, plots
    from ecgscribe.explanation.explain import explain as explain_beat
    from ecgscribe.explanation.figure import draw
    from ecgscribe.explanation.text import describe
    from ecgscribe.model.runtime import load_model

    loaded = load_model(model)
    if out is not None:  # before the work
        plots.check_picture(out, force=force)
        refuse_input(out, input_files(record, model=loaded))
    opened = formats.open_record(record, fs=fs, leads=leads)
    chosen = chosen_leads(opened, leads)
    with progress_bar(Path(record).name, quiet=quiet) as progress:
        explanation = explain_beat(
            opened, at=at.within(opened), model=loaded, leads=chosen, progress=progress
        )
    if out is not None:
        plots.save(draw(explanation, opened), out, force=force)
    print_result(describe(explanation), explanation.to_dict(), as_json=as_json, quiet=quiet)
