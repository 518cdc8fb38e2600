"""The command ``info``."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.messages import complain
from ecgscribe.cli.output import print_result
from ecgscribe.cli.recordings import chosen_leads, stored_annotation
from ecgscribe.errors import FormatError, SignalWarning, one_line, printable

if TYPE_CHECKING:
    from ecgscribe.record import LazyRecord

__all__ = ["info"]


@command("info data/mitdb/100 --annotator atr")
@options.recording
@options.fs
@options.leads("Leads to show (default: all)")
@options.annotator("Also count the stored annotations of this extension, such as atr.")
@click.option(
    "--comments", is_flag=True,
    help="Also print the comments, which may identify the person.",
)  # fmt: skip
@options.no_dates
@options.as_json()
def info(
    record: str,
    *,
    fs: float | None,
    leads: tuple[str, ...] | None,
    annotator: str | None,
    comments: bool,
    no_dates: bool,
    as_json: bool,
) -> None:
    """Describe a recording: leads, duration, storage and, if asked for, its annotations.

    If its signals differ in sampling frequency and no ECG lead decides, the signals are listed.
    """
    from ecgscribe import formats
    from ecgscribe.analysis.summary import summarize
    from ecgscribe.formats.lead_names import MixedFrequenciesError

    try:
        opened = formats.open_record(record, fs=fs, leads=leads)
    except MixedFrequenciesError as error:
        signals = [
            {"name": name, "unit": unit, "fs": round(of_signal, 9)}
            for name, unit, of_signal in error.signals
        ]
        listed = [f"{each['name']}: {each['fs']:g} Hz, {each['unit']}" for each in signals]
        print_result("\n".join(listed), {"signals": signals}, as_json=as_json)
        complain(f"annotate needs a choice: {one_line(error)}")
        return
    annotation = stored_annotation(opened, record, annotator) if annotator else None
    if no_dates:
        opened = dataclasses.replace(opened, start=None)
    content = summarize(opened, annotation, comments=comments, start=not no_dates)
    storage = formats.read_storage(record)
    of_leads = storage.of(opened.leads)
    content |= {
        "format": storage.format,
        "gains": [each.gain for each in of_leads],
        "bits": [each.bits for each in of_leads],
        "leads_used": _used(opened, leads),
    }
    lines = [f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in content.items()]
    print_result("\n".join(lines), content, as_json=as_json)


def _used(record: LazyRecord, leads: tuple[str, ...] | None) -> list[str]:
    """Return the leads that `annotate` would use; none where it would refuse."""
    from ecgscribe.signal.conditioning import choose_leads

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SignalWarning)  # about leads that are only described here
        try:
            return [record.leads[k] for k in choose_leads(record, chosen_leads(record, leads))]
        except FormatError:
            return []


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, float):
        return f"{value:.8g}"
    return "not given" if value is None else printable(str(value))
