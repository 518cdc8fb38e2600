"""The verb ``stream``: samples come in from stdin, a socket or LSL, JSON lines go out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ecgscribe.errors import EcgScribeError, FormatError

if TYPE_CHECKING:
    from ecgscribe.live.events import Beat
    from ecgscribe.live.stream import Stream

__all__ = ["run_stream"]


def run_stream(options: argparse.Namespace) -> None:
    """Read until the source ends or Ctrl-C, and print what becomes known."""
    from ecgscribe.live import sources
    from ecgscribe.live.stream import Stream
    from ecgscribe.model.runtime import load_model

    fs, leads = options.fs, options.leads
    inlet = sources.lsl_inlet(options.lsl) if options.lsl is not None else None
    if inlet is not None:
        fs, leads = fs or inlet.fs, leads or inlet.leads
    if not fs or not leads:
        raise FormatError(
            "stream: expected the sampling frequency and a name for each column, found them "
            "nowhere; give --fs and --leads"
        )
    stream = Stream(fs, leads, use=options.use, model=load_model(options.model))
    failure = None
    with ExitStack() as stack:
        if inlet is not None:
            chunks = inlet.chunks
        else:
            read = sources.standard_input
            if options.connect is not None:
                read = stack.enter_context(sources.connected(options.connect))
            reader = sources.read_lines if options.format == "text" else sources.read_frames
            chunks = reader(read, len(leads))
        try:
            for chunk in sources.until_interrupted(chunks):
                _print_told(stream, stream.push(chunk), peaks=options.peaks)
        except EcgScribeError as error:  # what came before it still counts
            failure = error
        _print_told(stream, stream.close(), peaks=options.peaks)
    if failure is not None:
        raise failure


def _print_told(stream: Stream, beats: Sequence[Beat], *, peaks: bool) -> None:
    """Print what a push or the end told, one JSON line each, in the order it became known."""
    from ecgscribe.live.events import Peak, to_dict

    told = [e for e in stream.events if peaks or not isinstance(e, Peak)]
    for event in sorted([*told, *beats], key=lambda e: e.known):
        sys.stdout.write(json.dumps(to_dict(event, stream.fs)) + "\n")
    if told or beats:
        sys.stdout.flush()
