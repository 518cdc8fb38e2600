"""What makes a command: an example, options that help does not list, and a group by subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from ecgscribe.formatting import did_you_mean

__all__ = ["Command", "Commands", "ForDevelopers", "command"]


class ForDevelopers(click.Option):
    """An option that only developers need; CONTRIBUTING.md lists them, not the help."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings | {"hidden": True})


class Command(click.Command):
    """A command with an example.

    Parameters
    ----------
    example : str
        Command line without the program's name.
    """

    allow_extra_args = True  # `parse_args` words the error

    def __init__(self, *arguments: Any, example: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse arguments that no parameter takes."""
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # the parser leaves it out of some
            raise
        if rest and not ctx.resilient_parsing:
            raise click.UsageError(f"expected no further argument, found '{rest[0]}'", ctx)
        return rest

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example on a line of its own."""
        formatter.write(f"\nexample: ecgscribe {self.example}\n")


class Commands(click.Group):
    """Commands by subject, each imported from the module of its name when it is needed.

    Parameters
    ----------
    subjects : mapping of str to sequence of str
        Names of commands by the subject under which the help lists them.
    """

    def __init__(
        self, *arguments: Any, subjects: Mapping[str, Sequence[str]], **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self.subjects = subjects

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names, subject by subject."""
        return [name for names in self.subjects.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: Command = getattr(import_module(f"ecgscribe.cli.{cmd_name}"), cmd_name)
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a command line without a command."""
        if not args and not ctx.resilient_parsing:
            raise click.UsageError("expected a command, found none", ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the commands near an unknown one."""
        known = self.list_commands(ctx)
        if args[0] not in known and not ctx.resilient_parsing:
            hint = did_you_mean(args[0], known, otherwise=f"choose one of {', '.join(known)}")
            raise click.UsageError(f"expected a command, found '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of commands for each subject."""
        for subject, names in self.subjects.items():
            with formatter.section(subject):
                shown = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl(
                    [(name, found.get_short_help_str(limit=100)) for name, found in shown if found],
                    col_max=12,
                )


def command(example: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function; its docstring is the help.

    Parameters
    ----------
    example : str
        Command line without the program's name.

    Returns
    -------
    callable
        The decorator.
    """
    return click.command(cls=Command, example=example)
