"""The command ``adapt``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.recordings import (
    annotate_recording,
    chosen_leads,
    input_files,
    stored_annotation,
)
from ecgscribe.cli.values import extension, number
from ecgscribe.errors import FormatError
from ecgscribe.files import make_folder, refuse_existing, refuse_input

__all__ = ["adapt"]


@command("adapt data/mitdb/232 --ref atr --minutes 5 -o out")
@options.recording
@click.option(
    "--ref", metavar="EXT", type=extension, required=True,
    help="Extension of the annotations of a person next to the recording, such as atr.",
)  # fmt: skip
@click.option(
    "--minutes", metavar="MINUTES", type=number, default="5", show_default=True,
    help="Learn from the beats of the first minutes.",
)  # fmt: skip
@options.fs
@options.leads("Leads to analyse, or to choose the best two from (default: all)")
@options.out_folder
@options.written_annotator("adapted")
@options.model
@options.no_dates
@options.force()
@options.as_json()
@options.quiet
def adapt(
    record: str,
    *,
    ref: str,
    minutes: float,
    fs: float | None,
    leads: tuple[str, ...] | None,
    out: Path,
    annotator: str,
    model: str,
    no_dates: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Annotate a recording, adapted to its patient.

    The classes that a person gave to the beats of the first minutes correct those of the whole
    recording. The model itself stays as it is.
    """
    from ecgscribe import formats
    from ecgscribe.adaptation.adapt import Patient, corrections_from
    from ecgscribe.model.runtime import load_model
    from ecgscribe.signal.conditioning import choose_leads

    opened = formats.open_record(record, fs=fs, leads=leads)
    reference = stored_annotation(opened, record, ref)
    target = out / f"{opened.name}.{annotator}"
    loaded = load_model(model)
    refuse_input(target, input_files(record, annotator=ref, model=loaded))
    refuse_existing(target, force=force)
    make_folder(out)
    columns = choose_leads(opened, chosen_leads(opened, leads))
    before = annotate_recording(opened, model=loaded, leads=columns, quiet=quiet)
    corrections = corrections_from(before, reference, end=60 * minutes)
    if not corrections:
        raise FormatError(
            f"{record}: expected beats of {ref} in the first {minutes:g} minutes, found none that "
            "the model found, too; choose more with --minutes"
        )
    after = Patient.of(opened, before, leads=columns).adapt(corrections)
    if no_dates:
        after = dataclasses.replace(after, start=None)
    formats.write(after, target, force=force)
    changed = int((before.class_index != after.class_index).sum())
    summary = {
        "record": record,
        "file": str(target),
        "learned_from": len(corrections),
        "changed": changed,
        "beats": after.counts(),
    }
    counts = " ".join(f"{name} {count}" for name, count in after.counts().items() if count)
    text = (
        f"{record}: learned from {len(corrections)} beats, changed the class of {changed} "
        f"({counts}), written to {target}"
    )
    print_result(text, summary, as_json=as_json, quiet=quiet)
