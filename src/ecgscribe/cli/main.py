"""The command ``ecgscribe`` itself: its commands by subject, and its exit codes.

Exit codes: 0 done, 1 something could not be done, 2 the command line is wrong, 130 ended by Ctrl-C,
129 and 143 ended by SIGHUP and SIGTERM. Results go to files or to stdout; progress, warnings and
errors go to stderr, one line each.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from ecgscribe._version import __version__
from ecgscribe.cli.commands import Commands
from ecgscribe.cli.messages import (
    complain,
    let_go_of,
    usage_line,
    warnings_on_one_line,
)
from ecgscribe.cli.signals import EndedError, Signals
from ecgscribe.errors import EcgScribeError, lacks_memory, one_line

__all__ = ["ecgscribe", "main"]

SUBJECTS = {
    "Annotate": ("annotate", "adapt", "archive", "stream"),
    "Look": ("info", "plot", "explain", "report", "serve"),
    "Measure and train": ("score", "evaluate", "train"),
    "Data and setup": ("fetch", "demo", "doctor", "completion"),
}
"""The commands, as the help groups them. Each is a function in the module of its name."""


@click.group(
    cls=Commands,
    subjects=SUBJECTS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="ecgscribe %(version)s", help="Print the version.")
def ecgscribe() -> None:
    """Read an ECG recording and annotate every heartbeat.

    A research tool, not a medical device. `ecgscribe COMMAND -h` shows the options of a command
    and an example.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line after the program's name; by default that of the process.

    Returns
    -------
    int
        The exit code.
    """
    _open_closed_streams()
    os.environ.pop("MPLBACKEND", None)  # no command opens a window; an unknown one is an error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # else of a cache that it cannot write
    signals = Signals()
    with warnings_on_one_line(), signals.watched():
        try:
            _refuse_nul(sys.argv[1:] if arguments is None else arguments)
            code = ecgscribe.main(arguments, prog_name="ecgscribe", standalone_mode=False)
            sys.stdout.flush()
        except (click.Abort, KeyboardInterrupt, EndedError):
            complain("stopped")
            code = signals.exit_code
        except Exception as error:
            code = _failed(error, signals)
    let_go_of(sys.stdout)
    return int(code or 0)


def _failed(error: Exception, signals: Signals) -> int:
    """Say in one line why a command failed; a bug stays a bug."""
    if signals.came is not None:  # a package that was being imported made an error of the signal
        complain("stopped")
        return signals.exit_code
    if isinstance(error, click.UsageError):
        complain(usage_line(error))
        return 2
    if isinstance(error, BrokenPipeError):  # the reader has what it wanted (`| head`)
        return 1
    known = isinstance(error, EcgScribeError | OSError | MemoryError)
    if not known and not (isinstance(error, ImportError) and lacks_memory(error)):
        raise error
    complain(one_line(error))
    return 1


def _open_closed_streams() -> None:
    """Let what is written to a closed stdout or stderr vanish; no file may get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    # Python has None in place of a stream that was closed when it started.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _refuse_nul(arguments: Sequence[str]) -> None:
    if any("\0" in argument for argument in arguments):
        raise click.UsageError("expected arguments without the character NUL, found one")
