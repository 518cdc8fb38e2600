"""The command ``demo``."""

from __future__ import annotations

from pathlib import Path

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result

__all__ = ["demo"]


@command("demo -o demo")
@options.out(
    "Folder for the page and its files (default: ecgscribe-demo).",
    metavar="DIR",
    default="ecgscribe-demo",
)
@options.force("an earlier demo")
@options.quiet
def demo(*, out: Path, force: bool, quiet: bool) -> None:
    """Annotate a synthetic recording, score the result and write a page about it."""
    from ecgscribe.cli.demonstration import demonstrate

    table = demonstrate(out, force=force)
    print_result(table, None, as_json=False, quiet=quiet)
