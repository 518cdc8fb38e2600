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
    """Describe a recording: leads, duration, range and, if asked for, its annotations."""
    from ecgscribe import formats
    from ecgscribe.analysis.summary import summarize

    loaded = formats.read(record, fs=fs, leads=leads)
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
