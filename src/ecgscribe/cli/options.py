"""Options that several commands share, each spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ecgscribe.cli.values import extension, names, number, own_annotator

__all__ = [
    "FILE",
    "annotator",
    "as_json",
    "data_dir",
    "force",
    "fs",
    "leads",
    "model",
    "no_dates",
    "out",
    "out_folder",
    "quiet",
    "recording",
    "written_annotator",
]

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
"""A file to read or write, as a `Path`; the shell completes it."""

fs = click.option(
    "--fs", metavar="HZ", type=number, help="Sampling frequency, if the source does not state it."
)
no_dates = click.option(
    "--no-dates", is_flag=True,
    help="Leave the start date and time, and a date of birth, which may identify the person, out "
    "of the output.",
)  # fmt: skip
quiet = click.option("--quiet", is_flag=True, help="Print only warnings and errors.")
recording = click.argument("record", metavar="RECORD", type=click.Path())


def leads(purpose: str, *, source: str = "file") -> Callable[[F], F]:
    """Add ``--leads``, which chooses leads, or names the columns of a source without names."""
    text = f"{purpose}; if the {source} names no leads, a name for each column."
    return click.option("--leads", metavar="A,B", type=names, help=text)


def out(purpose: str, *, metavar: str, default: str | None = None) -> Callable[[F], F]:
    """Add ``-o/--out``, where the result goes."""
    complete = _folders if metavar == "DIR" else None
    return click.option(
        "-o", "--out", metavar=metavar, type=FILE, default=default, shell_complete=complete,
        help=purpose,
    )  # fmt: skip


def data_dir(holds: str) -> Callable[[F], F]:
    """Add ``--data-dir``, where databases are looked for."""
    return click.option(
        "--data-dir", metavar="DIR", type=FILE, shell_complete=_folders,
        help=f"Folder that holds {holds} (default: ECGSCRIBE_DATA, else the cache folder).",
    )  # fmt: skip


def out_folder(function: F) -> F:
    """Add ``-o/--out`` for a folder that need not be there; by default the current one."""
    purpose = "Folder to write into (default: the current one)."
    return out(purpose, metavar="DIR", default=".")(function)


def written_annotator(default: str) -> Callable[[F], F]:
    """Add ``--annotator``, which names annotations that are written by their extension."""
    return click.option(
        "--annotator", metavar="EXT", type=own_annotator, default=default, show_default=True,
        help="Extension of what is written.",
    )  # fmt: skip


def annotator(purpose: str) -> Callable[[F], F]:
    """Add ``--annotator``, which names stored annotations by their extension."""
    return click.option("--annotator", metavar="EXT", type=extension, help=purpose)


def as_json(what: str = "the result as JSON") -> Callable[[F], F]:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what}.")


def force(what: str = "existing files") -> Callable[[F], F]:
    """Add ``--force``."""
    return click.option("--force", is_flag=True, help=f"Overwrite {what}.")


def model(function: F) -> F:
    """Add ``--model``."""
    return click.option(
        "--model", metavar="MODEL", default="default", show_default=True, shell_complete=_models,
        help="Model to use: a name, a model file or a run folder.",
    )(function)  # fmt: skip


def _folders(
    context: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _models(
    context: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the models of the package, else a file."""
    from ecgscribe.model.runtime import MODELS

    known = sorted(path.stem for path in MODELS.glob("*.json"))
    items = [CompletionItem(name) for name in known if name.startswith(incomplete)]
    return items or [CompletionItem(incomplete, type="file")]
