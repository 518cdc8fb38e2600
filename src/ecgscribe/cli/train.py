"""The command ``train``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result

__all__ = ["train"]


@command("train --data-dir data -o runs/first")
@click.option(
    "--config", metavar="FILE", type=options.FILE,
    help="Settings, as TOML; those it leaves out keep their defaults.",
)  # fmt: skip
@options.data_dir("mitdb, svdb, nstdb and, for rhythms, vfdb, cudb and others")
@options.out("Run folder to write (default: run).", metavar="DIR", default="run")
@click.option(
    "--synthetic", is_flag=True,
    help="Train a small model on synthetic recordings, in minutes and without a database.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Resume an interrupted run.")
@options.as_json("the name of the model file and its hash as JSON")
@options.quiet
def train(
    *,
    config: Path | None,
    data_dir: Path | None,
    out: Path,
    synthetic: bool,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a model."""
    from ecgscribe.model.runtime import load_model
    from ecgscribe.training import train as training

    model = training.train(
        config,
        data_dir=data_dir,
        out=out,
        synthetic=synthetic,
        resume=resume,
        progress=None if quiet else partial(click.echo, err=True),
    )
    content = {"file": str(model), "model": load_model(model).hash}
    print_result(str(model), content, as_json=as_json, quiet=quiet)
