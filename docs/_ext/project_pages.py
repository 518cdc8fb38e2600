"""Put the project's own pages, and the help of its commands, where a comment asks for them.

``<!-- page: MODEL_CARD.md -->`` stands for that file of the project, and
``<!-- page: README.md, Limits -->`` for the text under that heading of it;
``<!-- commands -->`` for the help of every command. So nothing is written twice.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecgscribe.cli.commands import Command
from ecgscribe.cli.main import ecgscribe

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = {
    "MODEL_CARD.md": "model_card.md",
    "BENCHMARKS.md": "benchmarks.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "speed.md",
    "benchmarks/adaptation.md": "adaptation.md",
    "benchmarks/archive.md": "archive.md",
    "benchmarks/foreign_hearts.md": "foreign_hearts.md",
    "benchmarks/results/README.md": "results.md",
}
"""Files of the project that are pages of the documentation."""

_PAGE = re.compile(r"<!-- page: ([^,>]+?)(?:, ([^>]+?))? -->")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")


def page(name: str, heading: str | None = None) -> str:
    """Give a page of the project, or the text under one heading of it, with links that work here.

    Parameters
    ----------
    name : str
        The file, from the project's root.
    heading : str, optional
        A heading of the second level.

    Raises
    ------
    ValueError
        If the file has no such heading.
    """
    text = (ROOT / name).read_text(encoding="utf-8")
    if heading is not None:
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        if heading not in sections:
            raise ValueError(f"{name}: expected a heading {heading!r}, found {list(sections)}")
        text = sections[heading]
    return _LINK.sub(lambda match: _link(match, ROOT / Path(name).parent), text).strip()


def _link(match: re.Match[str], folder: Path) -> str:
    picture, words, target = match.groups()
    target, mark, anchor = target.partition("#")
    file = (folder / target).resolve().relative_to(ROOT).as_posix()
    if file.startswith("docs/"):
        return f"{picture}[{words}]({file.removeprefix('docs/')}{mark}{anchor})"
    if file in PAGES:
        return f"[{words}]({PAGES[file]}{mark}{anchor})"
    return f"{{download}}`{words.strip('`')} <../{file}>`"


def commands() -> str:
    """Return the help of every command as Markdown, subject by subject."""
    root = click.Context(ecgscribe, info_name="ecgscribe", **ecgscribe.context_settings)
    root.terminal_width = 100
    parts = [f"```text\n{root.get_help()}\n```"]
    for subject, names in ecgscribe.subjects.items():
        parts.append(f"## {subject}")
        for name in names:
            command = ecgscribe.get_command(root, name)
            if command is not None:
                parts.append(_command(command, click.Context(command, root, name)))
    return "\n\n".join(parts)


def _command(command: Command, context: click.Context) -> str:
    """Return what one command does, an example, and its usage and options."""
    formatter = context.make_formatter()
    command.format_usage(context, formatter)
    command.format_options(context, formatter)
    return (
        f"### {command.name}\n\n{inspect.cleandoc(command.help or '')}\n\n"
        f"```sh\necgscribe {command.example}\n```\n\n```text\n{formatter.getvalue()}```"
    )


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    for match in _PAGE.finditer(source[0]):
        app.env.note_dependency(str(ROOT / match.group(1)))
    text = _PAGE.sub(lambda match: page(match.group(1), match.group(2)), source[0])
    if "<!-- commands -->" in text:
        text = text.replace("<!-- commands -->", commands())
    source[0] = text


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx fill each page as it reads it."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
