"""The command ``score``."""

from __future__ import annotations

from typing import Literal, get_args

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.values import Choice, seconds

__all__ = ["score"]

Mapping = Literal["ec57", "literature"]


@command("score data/mitdb/100.atr 100.scribe --start 0")
@click.argument("ref", metavar="REF", type=click.Path())
@click.argument("test", metavar="TEST", type=click.Path())
@click.option(
    "--start", metavar="TIME", type=seconds, default="5:00", show_default=True,
    help="Count from here, in seconds or m:s.",
)  # fmt: skip
@click.option(
    "-w", "--window", metavar="SECONDS", type=seconds, default="0.15", show_default=True,
    help="Largest distance of two matching beats.",
)  # fmt: skip
@click.option(
    "--mapping", type=Choice(get_args(Mapping)), default="ec57", show_default=True,
    help="Which symbols belong to which class: according to the standard, or as most papers do.",
)  # fmt: skip
@options.as_json()
def score(
    ref: str, test: str, *, start: float, window: float, mapping: Mapping, as_json: bool
) -> None:
    """Compare two annotation files beat by beat, according to ANSI/AAMI EC57.

    REF holds the reference annotations (such as 100.atr), TEST those to score (such as 100.scribe).
    """
    from ecgscribe import formats, metrics

    reference = formats.read_annotation(ref)
    # A test file in another folder has no header next to it, and may not state the frequency.
    tested = formats.read_annotation(test, fs=reference.fs)
    comparison = metrics.compare(reference, tested, start=start, window=window, mapping=mapping)
    text = metrics.format_report(reference.name, ref, test, comparison)
    print_result(text, comparison.to_dict(), as_json=as_json)
