"""The command ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result

__all__ = ["doctor"]


@command("doctor --data-dir data")
@options.data_dir("the databases")
@options.as_json()
def doctor(*, data_dir: Path | None, as_json: bool) -> None:
    """List what is installed and check that ecgscribe works."""
    from ecgscribe.cli.installation import examine

    state = examine(data_dir=data_dir)
    print_result("\n".join(_lines(state)), state, as_json=as_json)
    if state["problems"]:
        raise click.exceptions.Exit(1)


def _lines(state: dict[str, Any]) -> list[str]:
    return [
        *(f"{name:14}{version or 'missing'}" for name, version in state["versions"].items()),
        "",
        *(_extra(name, packages) for name, packages in state["optional"].items()),
        "",
        f"{'Keras backend':14}{state['keras_backend'] or 'none, as Keras is missing'}",
        f"{'ONNX Runtime':14}{', '.join(state['onnx_providers']) or 'missing'}; "
        "ecgscribe uses CPUExecutionProvider",
        f"{'processors':14}{state['processors']}",
        "",
        f"{'data':14}expected in {state['data_dir']}",
        *(_database(name, database) for name, database in state["databases"].items()),
        "",
        *(_model(model) for model in state["models"]),
        "",
        *([f"problem: {problem}" for problem in state["problems"]] or [WORKS]),
    ]


WORKS = "ecgscribe annotate works here"


def _extra(name: str, packages: dict[str, str | None]) -> str:
    installed = ", ".join(f"{package} {v}" for package, v in packages.items() if v) or "nothing"
    missing = ", ".join(package for package, version in packages.items() if not version)
    advice = f"; missing: {missing}: pip install 'ecgscribe[{name}]'" if missing else ""
    return f"{name:14}{installed}{advice}"


def _database(name: str, state: dict[str, Any]) -> str:
    if state["folder"] is None:
        return f"{name:14}missing: ecgscribe fetch {name}"
    rest = "" if state["complete"] else f", not complete: ecgscribe fetch {name}"
    return f"{name:14}{state['records']} of {state['of']} records in {state['folder']}{rest}"


def _model(model: dict[str, Any]) -> str:
    state = f"{model['hash']}, every file verified" if model["verified"] else model["problem"]
    return f"{'model':14}{model['name']}: {state}"
