"""An argument parser whose complaints are one line and name what was perhaps meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ecgscribe.formatting import did_you_mean

__all__ = ["Parser", "parse", "verbs_of"]


class Parser(argparse.ArgumentParser):
    """As `argparse.ArgumentParser`, but kinder; Python 3.14 can suggest choices by itself."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and exit with code 2."""
        stop = "" if message.endswith("?") else ";"
        sys.stderr.write(f"ecgscribe: {message}{stop} see {self.prog} -h\n")
        sys.exit(2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        hint = did_you_mean(str(value), known, otherwise="choose one of those")
        raise argparse.ArgumentError(
            action, f"expected one of {', '.join(known)}, found '{value}'; {hint}"
        )


def parse(root: Parser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse a command line; of an option that its verb does not know, name the nearest.

    Parameters
    ----------
    root : Parser
        With subparsers, whose choice is stored as ``verb``.
    arguments : sequence of str, optional
        What follows the program's name; by default what the shell gave.
    """
    options, unknown = root.parse_known_args(arguments)
    if not unknown:
        return options
    verb = verbs_of(root)[options.verb]
    option = next((text for text in unknown if text.startswith("-")), None)
    if option is None:
        verb.error(f"expected no further argument, found '{unknown[0]}'")
    name = option.partition("=")[0]
    # Of an argument parser, argparse has no public list of the options.
    hint = did_you_mean(name, verb._option_string_actions)
    verb.error(f"{options.verb} has no option {name}" + (hint and f"; {hint}"))


def verbs_of(root: argparse.ArgumentParser) -> dict[str, Parser]:
    """Give the parser of each verb."""
    (verbs,) = (a for a in root._actions if isinstance(a, argparse._SubParsersAction))
    return dict(verbs.choices)
