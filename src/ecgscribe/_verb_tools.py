"""What the verbs of the command line share: results on stdout, progress, what is read beside."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["chosen_leads", "print_text", "progress_bar", "stored", "tell"]

SLOW_S = 2.0
"""Seconds after which a command says how far it is."""
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} gone, {remaining} left"


def print_text(text: str) -> None:
    """Print a result, ended by one line break."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def tell(text: str, content: Any, options: argparse.Namespace) -> None:
    """Print a verb's result as it was asked for: as text, as JSON, or not at all."""
    if options.json:
        print_text(json.dumps(content, indent=1))
    elif not options.quiet:
        print_text(text)


def stored(record: Record | LazyRecord, options: argparse.Namespace) -> Annotation:
    """Read the annotations that lie beside a recording, and make sure that they are its own."""
    from ecgscribe import formats
    from ecgscribe.record import check_within

    annotation = formats.read_annotation(options.record, options.annotator, fs=record.fs)
    check_within(annotation, record)
    return annotation


def chosen_leads(
    record: Record | LazyRecord, options: argparse.Namespace
) -> tuple[str, ...] | None:
    """Give the one or two leads asked for; of more, the best are chosen."""
    return record.leads if options.leads and len(record.leads) <= 2 else None


@contextmanager
def progress_bar(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how far a recording is and how long it will take, after two seconds."""
    from tqdm import tqdm

    # None: only where someone looks, not in a log.
    off = True if quiet else None
    with tqdm(
        desc=name, delay=SLOW_S, disable=off, leave=False, bar_format=_BAR, file=sys.stderr
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
