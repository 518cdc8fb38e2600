"""The command ``stream``: samples come in from stdin, a socket or LSL, JSON lines go out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.messages import complain
from ecgscribe.cli.output import print_text
from ecgscribe.cli.values import Choice, address, names
from ecgscribe.errors import EcgScribeError, FormatError

if TYPE_CHECKING:
    from ecgscribe.live.events import Event

__all__ = ["stream"]

STARTUP_S = 2.7
"""Seconds of samples before the first beats are known: the scale of the signal must be."""


@command("stream --fs 360 --leads MLII,V1 < samples.txt")
@click.option(
    "--connect", metavar="HOST:PORT", type=address,
    help="Read from a TCP server (default: from stdin).",
)  # fmt: skip
@click.option(
    "--lsl", metavar="NAME", help="Read a stream of the Lab Streaming Layer (ecgscribe[lsl])."
)
@click.option(
    "-f", "--format", "kind", type=Choice(["text", "int16"]), default="text", show_default=True,
    help="text: one sample per line, values separated by commas or spaces; int16: little-endian "
    "frames.",
)  # fmt: skip
@options.fs
@click.option(
    "--columns", metavar="A,B", type=names,
    help="A name for each column of the samples, if they hold more than the leads to analyse.",
)  # fmt: skip
@options.leads("Leads to analyse (default: by name)", source="source")
@click.option("--peaks", is_flag=True, help="Also print each R-peak at once, before its class.")
@click.option(
    "--skip-bad", is_flag=True,
    help="Text: count a line that is no sample as a missing one, instead of ending.",
)  # fmt: skip
@click.option(
    "--retry", is_flag=True,
    help="TCP: connect again when the connection is lost; the gap counts as missing samples.",
)  # fmt: skip
@options.model
@options.quiet
def stream(
    *,
    connect: tuple[str, int] | None,
    lsl: str | None,
    kind: str,
    fs: float | None,
    columns: tuple[str, ...] | None,
    leads: tuple[str, ...] | None,
    peaks: bool,
    skip_bad: bool,
    retry: bool,
    model: str,
    quiet: bool,
) -> None:
    """Find and classify beats as samples arrive; print one JSON line per beat.

    A class comes at most 2.5 s after its beat. If the model recognises rhythms, a line is printed
    where one begins: dangerous ones within 10 s, all others within 30 s. Ends with stdin (0),
    with Ctrl-C or SIGTERM (0), or when a server or a stream is lost (1), each time after the last
    beats. Another Ctrl-C 5 s later ends it at once (130).
    """
    from ecgscribe.live import sources as source
    from ecgscribe.live.interruption import Interruption
    from ecgscribe.live.stream import Stream
    from ecgscribe.model.runtime import load_model

    if connect is not None and lsl is not None:
        raise click.UsageError("expected --connect or --lsl, found both; leave one out")
    interruption = Interruption()
    skipped = _Skipped(quiet=quiet)
    failure = None
    with interruption.watched(), ExitStack() as stack:
        inlet = None if lsl is None else interruption.wait(partial(source.lsl_inlet, lsl))
        if interruption.came:
            return
        if inlet is not None:
            fs, columns = fs or inlet.fs, columns or inlet.leads
        if not fs or not (columns or leads):
            raise FormatError(
                "stream: expected the sampling frequency and a name for each column, found none; "
                "give --fs and --leads"
            )
        if retry and connect is None:
            raise click.UsageError("expected --connect with --retry, found none; add the address")
        if skip_bad and (kind != "text" or lsl is not None):
            raise click.UsageError(
                "expected --skip-bad with lines of text, found none; leave it out"
            )
        live = Stream(fs, leads, columns=columns, model=load_model(model))
        n_columns = len(columns or leads or ())
        frames = partial(source.read_frames, n_columns=n_columns)
        skip = skipped.count if skip_bad else None
        lines = partial(source.read_lines, n_columns=n_columns, skip=skip)
        reader = lines if kind == "text" else frames
        read = source.standard_input
        if connect is not None and not retry:
            connection = source.connected(connect)
            read = interruption.wait(partial(stack.enter_context, connection)) or read
        if inlet is not None:
            chunks = inlet.chunks
        elif connect is not None and retry:
            chunks = source.reconnected(
                connect, reader, fs=fs, n_columns=n_columns, report=complain
            )
        else:
            chunks = reader(read)
        if not quiet and not interruption.came:
            complain(
                f"analyses {', '.join(live.leads)}; the first beats come after {STARTUP_S:g} s of "
                "samples"
            )
        try:
            for chunk in interruption.until(chunks):
                _print_events(live.push(chunk), fs=fs, peaks=peaks)
        except EcgScribeError as error:  # what came before it still counts
            failure = error
        _print_events(live.close(), fs=fs, peaks=peaks)
        skipped.summarize()
    if failure is not None:
        raise failure


class _Skipped:
    """Lines that were no samples: the first is shown at once, the number at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._n, self._quiet = 0, quiet

    def count(self, error: str) -> None:
        """Count a line."""
        self._n += 1
        if self._n == 1 and not self._quiet:
            complain(f"{error.partition('; ')[0]}; it counts as a missing sample, as others will")

    def summarize(self) -> None:
        """Show how many there were."""
        if self._n and not self._quiet:
            complain("1 line was no sample" if self._n == 1 else f"{self._n} lines were no samples")


def _print_events(events: Sequence[Event], *, fs: float, peaks: bool) -> None:
    """Print one JSON line per event, in the order of detection."""
    from ecgscribe.live.events import RPeak, to_dict

    lines = [
        json.dumps(to_dict(event, fs)) for event in events if peaks or not isinstance(event, RPeak)
    ]
    if lines:
        print_text("\n".join(lines))
