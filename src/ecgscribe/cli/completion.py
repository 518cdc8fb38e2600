"""The command ``completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_text
from ecgscribe.cli.values import Choice

__all__ = ["completion"]

VARIABLE = "_ECGSCRIBE_COMPLETE"
"""Environment variable by which the script of a shell asks for completions."""


@command("completion bash > ecgscribe.bash")
@click.argument("shell", metavar="SHELL", type=Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that lets the shell complete commands, options, choices and files.

    SHELL is bash, zsh or fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # one of click's own
    print_text(kind(context.find_root().command, {}, "ecgscribe", VARIABLE).source())
