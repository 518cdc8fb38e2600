"""One line on stderr for every error and warning: what was expected, what was found, what to do."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from ecgscribe.errors import SignalWarning, printable
from ecgscribe.formatting import did_you_mean

__all__ = ["complain", "let_go_of", "plain", "usage_line", "warnings_on_one_line"]

SAME_AS = {
    "--data-dir": ("--out",),
    "--from": ("--start",),
    "--peers": ("--baselines",),
    "--to": ("--end", "--out"),
    "--use": ("--leads",),
    "-f": ("--start",),
}
"""Options of another name for what people try."""


def complain(message: str) -> None:
    """Write one line to stderr; where stderr takes none, the work goes on without it."""
    _say(f"ecgscribe: {printable(message)}\n", sys.stderr)


def _say(text: str, stream: TextIO) -> None:
    try:
        stream.write(plain(text, stream))
        stream.flush()
    except OSError:
        let_go_of(stream)


def let_go_of(stream: TextIO) -> None:
    """Drop what a full disk or a closed pipe refuses; Python would complain as it exits."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def plain(text: str, stream: TextIO | None) -> str:
    """Return text that a terminal shows as it is: no control characters, only its own letters.

    Parameters
    ----------
    text : str
        Names and units from files may hold anything, such as escape sequences.
    stream : file or None
        Where it goes.
    """
    shown = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return shown.encode(encoding, "replace").decode(encoding)


def usage_line(error: click.UsageError) -> str:
    """Put what is wrong with a command line into one line."""
    message = _expected(error)
    stop = "" if message.endswith("?") else ";"
    program = "ecgscribe" if error.ctx is None else error.ctx.command_path
    return f"{message}{stop} see {program} -h"


def _expected(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            return _unknown_option(error)
        case click.BadOptionUsage():
            option = _options(error).get(error.option_name)
            if option is not None and option.is_flag:
                return f"expected {error.option_name} without a value, found one"
            return f"expected a value after {error.option_name}, found none"
        case click.MissingParameter(param=click.Parameter() as param):
            return f"expected {_name(param)}, found none"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{_name(param)}: {error.message}"
        case _:
            return error.format_message()


def _unknown_option(error: click.NoSuchOption) -> str:
    name, known = error.option_name, _options(error)
    same = [option for option in SAME_AS.get(name, ()) if option in known]
    words = [option.removeprefix("--") for option in same or known if option.startswith("--")]
    hint = did_you_mean(words[0] if same else name.lstrip("-"), words, prefix="--")
    command = "ecgscribe" if error.ctx is None else error.ctx.info_name
    return f"expected an option of {command}, found {name}" + (hint and f"; {hint}")


def _options(error: click.UsageError) -> dict[str, click.Option]:
    """Return the options of the command by each of their names."""
    params = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
    options = [param for param in params if isinstance(param, click.Option)]
    return {name: option for option in options for name in option.opts}


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.human_readable_name.rstrip(".")


@contextmanager
def warnings_on_one_line() -> Iterator[None]:
    """Show each SignalWarning as one line, and any other warning as before.

    A warning of a package is no error of the user: ``PYTHONWARNINGS=error`` is as if not set.
    """
    with warnings.catch_warnings():
        if any(option.startswith("error") for option in sys.warnoptions):
            warnings.simplefilter("default")
            for category in (DeprecationWarning, ImportWarning, ResourceWarning):
                warnings.simplefilter("ignore", category)
        warnings.simplefilter("always", SignalWarning)
        warnings.showwarning = _in_one_line(warnings.showwarning)
        yield


def _in_one_line(other: Callable[..., None]) -> Callable[..., None]:
    terminal = sys.stderr  # also where --quiet keeps the log of a command from it
    shown: set[str] = set()  # a recording that is read again is warned of again

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, SignalWarning):
            line_of_warning = " ".join(str(message).split())
            if line_of_warning not in shown:
                _say(f"ecgscribe: warning: {line_of_warning}\n", terminal)
                shown.add(line_of_warning)
        else:
            other(message, category, filename, lineno, file, line)

    return show
