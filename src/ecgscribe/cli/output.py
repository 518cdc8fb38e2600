"""Results on stdout, progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import click

from ecgscribe.cli.messages import let_go_of, plain
from ecgscribe.errors import EcgScribeError

__all__ = ["print_result", "print_text", "progress_bar", "stage_bars", "without_log"]

SLOW_S = 2.0
"""Seconds after which a command shows its progress."""
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} elapsed, {remaining} left"


def print_text(text: str) -> None:
    """Print a result, ended by one line break.

    Raises
    ------
    EcgScribeError
        If stdout takes none, such as on a full disk.
    """
    try:
        click.echo(plain(text.rstrip("\n"), sys.stdout))
    except BrokenPipeError:  # the reader has what it wanted
        raise
    except OSError as error:
        let_go_of(sys.stdout)  # what it refused is not tried again at the end
        raise EcgScribeError(
            f"expected to print the result, stdout refused it ({error.strerror}); check where it "
            "goes, and the free space there"
        ) from error


def print_result(text: str, content: Any, *, as_json: bool, quiet: bool = False) -> None:
    """Print a result as text, as JSON, or not at all."""
    if as_json:
        print_text(json.dumps(content, indent=1))
    elif not quiet:
        print_text(text)


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how much is done and how long the rest will take, after two seconds.

    Parameters
    ----------
    title : str
        What is being done.
    quiet : bool
        Show nothing.

    Yields
    ------
    callable
        To be called with how much is done and how much there is in all.
    """
    from tqdm import tqdm

    # None: only on a terminal, not in a log.
    off = True if quiet else None
    with tqdm(
        desc=title, delay=SLOW_S, disable=off, leave=False, bar_format=_BAR, file=sys.stderr
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


@contextmanager
def stage_bars(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show a `progress_bar` for one stage after another; each call names its stage first."""
    with ExitStack() as stack:
        bars: dict[str, Callable[[int, int], None]] = {}

        def show(title: str, done: int, total: int) -> None:
            if title not in bars:
                stack.close()
                bars[title] = stack.enter_context(progress_bar(title, quiet=quiet))
            bars[title](done, total)

        yield show


@contextmanager
def without_log(off: bool) -> Iterator[None]:
    """Keep the log of a library function from the terminal; warnings and errors still come."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere if off else sys.stderr):
        yield
