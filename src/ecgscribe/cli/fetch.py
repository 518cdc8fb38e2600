"""The command ``fetch``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import ForDevelopers, command
from ecgscribe.cli.output import print_result, progress_bar
from ecgscribe.cli.values import Choice
from ecgscribe.datasets.catalogue import DATABASES

if TYPE_CHECKING:
    from ecgscribe.datasets.database import Database

__all__ = ["fetch"]


@command("fetch mitdb -o data")
@click.argument("db", metavar="DB", type=Choice(list(DATABASES)), required=False)
@options.out(
    "Folder that holds the databases (default: the cache folder; to verify, ECGSCRIBE_DATA first).",
    metavar="DIR",
)
@click.option(
    "--verify", is_flag=True,
    help="Download nothing; compare the local files with the published checksums.",
)  # fmt: skip
@click.option(
    "--list", "listed", is_flag=True,
    help="Download nothing; list the databases, with size, licence and what is marked.",
)  # fmt: skip
@options.as_json()
@options.quiet
@click.option(
    "--base-url", metavar="URL", cls=ForDevelopers,
    help="Download from a mirror with the same layout as PhysioNet.",
)  # fmt: skip
def fetch(
    db: str | None,
    *,
    out: Path | None,
    verify: bool,
    listed: bool,
    as_json: bool,
    quiet: bool,
    base_url: str | None,
) -> None:
    """Download a database from PhysioNet, or verify a local copy."""
    if listed:
        _list(as_json=as_json, quiet=quiet)
        return
    if db is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param=context.command.params[0])
    if verify:
        _verify(db, out, as_json=as_json, quiet=quiet)
        return
    from ecgscribe import datasets

    source = base_url or datasets.BASE_URL
    with progress_bar(db, quiet=quiet) as progress:
        folder = str(datasets.fetch(db, to=out, base_url=source, progress=progress))
    print_result(folder, {"db": db, "folder": folder}, as_json=as_json, quiet=quiet)


_TITLES = "\n\n".join(f"{name}: {database.title}." for name, database in DATABASES.items())
fetch.help = f"{fetch.help}\n\n{_TITLES}"


def _list(*, as_json: bool, quiet: bool) -> None:
    databases = DATABASES.values()
    print_result(
        "\n".join(map(_line, databases)),
        [_content(database) for database in databases],
        as_json=as_json,
        quiet=quiet,
    )


def _line(database: Database) -> str:
    return (
        f"{database.name:10}{len(database.records):5} records {database.megabytes:4} MB  "
        f"{', '.join(database.published_marks):15} {database.licence}  "
        f"{database.title} {database.version}. {database.citation}"
    )


def _content(database: Database) -> dict[str, Any]:
    return {
        "db": database.name,
        "title": database.title,
        "version": database.version,
        "records": len(database.records),
        "megabytes": database.megabytes,
        "marks": list(database.published_marks),
        "licence": database.licence,
        "citation": database.citation,
    }


def _verify(db: str, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from ecgscribe import datasets

    result = datasets.verify(db, data_dir=out)
    lines = [
        f"{db}: {len(result.ok)} good, {len(result.bad)} bad, {len(result.absent)} absent",
        *(f"bad {name}" for name in result.bad),
        *(f"absent {name}" for name in result.absent),
    ]
    content = {"db": db, **dataclasses.asdict(result)}
    print_result("\n".join(lines), content, as_json=as_json, quiet=quiet)
    if result.bad:
        raise click.exceptions.Exit(1)
