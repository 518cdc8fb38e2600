"""The command ``info``."""

from __future__ import annotations

from typing import Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.recordings import stored_annotation

__all__ = ["info"]


@command("info data/mitdb/100 --annotator atr")
@options.recording
@options.fs
@options.leads("Leads to show (default: all)")
@options.annotator("Also count the stored annotations of this extension, such as atr.")
@click.option(
    "--comments", is_flag=True,
    help="Also print the comments and the start time, which may identify the person.",
)  # fmt: skip
@options.as_json()
def info(
    record: str,
    *,
    fs: float | None,
    leads: tuple[str, ...] | None,
    annotator: str | None,
    comments: bool,
    as_json: bool,
) -> None:
    """Describe a recording: leads, duration, range and, if asked for, its annotations.

    If its signals differ in sampling frequency and no ECG lead decides, the signals are listed.
    """
    from ecgscribe import formats
    from ecgscribe.analysis.summary import summarize
    from ecgscribe.formats.lead_names import MixedFrequenciesError

    try:
        loaded = formats.read(record, fs=fs, leads=leads)
    except MixedFrequenciesError as error:
        signals = [
            {"name": name, "unit": unit, "fs": round(of_signal, 9)}
            for name, unit, of_signal in error.signals
        ]
        listed = [f"{each['name']}: {each['fs']:g} Hz, {each['unit']}" for each in signals]
        print_result("\n".join(listed), {"signals": signals}, as_json=as_json)
        raise
    annotation = stored_annotation(loaded, record, annotator) if annotator else None
    content = summarize(loaded, annotation, comments=comments)
    lines = [f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in content.items()]
    print_result("\n".join(lines), content, as_json=as_json)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.8g}"
    return "not given" if value is None else str(value)
