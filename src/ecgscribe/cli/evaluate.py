"""The command ``evaluate``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import ForDevelopers, command
from ecgscribe.cli.output import print_result, stage_bars, without_log
from ecgscribe.cli.values import Choice, numbers
from ecgscribe.datasets.catalogue import DATABASES

__all__ = ["command_line", "evaluate"]


@command("evaluate --data-dir data -o report")
@click.option(
    "--db", type=Choice(list(DATABASES)), default="mitdb", show_default=True,
    help="Database to evaluate on.",
)  # fmt: skip
@click.option(
    "--split", metavar="SPLIT", default="ds2", show_default=True,
    help="Records to evaluate on: ds1, ds2, all, paced, or held-out (the patients that the "
    "training of the model held out).",
)  # fmt: skip
@options.data_dir("the databases")
@options.out("Folder for tables and plots.", metavar="DIR")
@options.model
@click.option(
    "--compare-with", metavar="MODEL", multiple=True, type=click.Path(),
    help="Another model to evaluate on the same records; can be repeated.",
)  # fmt: skip
@click.option(
    "--baselines", is_flag=True, help="Also evaluate other detectors (ecgscribe[baselines])."
)
@click.option("--live", is_flag=True, help="Also evaluate the live path.")
@click.option(
    "--snr", metavar="A,B", type=numbers,
    help="Also find R-peaks with recorded noise added at these signal-to-noise ratios, in dB.",
)  # fmt: skip
@options.force()
@options.as_json("all results as JSON instead of tables")
@options.quiet
@click.option(
    "--benchmarks", metavar="FILE", type=options.FILE, cls=ForDevelopers,
    help="File for the page (BENCHMARKS.md); its tables go to benchmarks/results next to it.",
)  # fmt: skip
@click.option(
    "--purpose", metavar="TEXT", default="evaluation", cls=ForDevelopers,
    help="Why DS2 is used, for experiments/ds2.csv.",
)  # fmt: skip
def evaluate(
    *,
    db: str,
    split: str,
    data_dir: Path | None,
    out: Path | None,
    model: str,
    compare_with: tuple[str, ...],
    baselines: bool,
    live: bool,
    snr: tuple[float, ...] | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    benchmarks: Path | None,
    purpose: str,
) -> None:
    """Evaluate a model and write the benchmark tables."""
    from ecgscribe.evaluation.evaluate import evaluate as evaluate_model
    from ecgscribe.evaluation.markdown import markdown
    from ecgscribe.evaluation.results import to_json

    again = command_line(
        model, db, split, compare_with=compare_with, snr=snr or (), live=live, baselines=baselines
    )
    with without_log(quiet), stage_bars(quiet=quiet) as progress:
        result = evaluate_model(
            model,
            db=db,
            split=split,
            data_dir=data_dir,
            out=out,
            benchmarks=benchmarks,
            baselines=baselines,
            live=live,
            compare_with=compare_with,
            snrs_db=snr or (),
            force=force,
            purpose=purpose,
            command=again,
            progress=progress,
        )
    print_result(markdown(result), to_json(result), as_json=as_json, quiet=quiet)


def command_line(
    model: str,
    db: str,
    split: str,
    *,
    compare_with: Sequence[str] = (),
    snr: Sequence[float] = (),
    live: bool = False,
    baselines: bool = False,
) -> str:
    """Write the command that evaluates the model again, without the folders of this machine.

    Parameters
    ----------
    model, db, split, compare_with, snr, live, baselines
        The options of the command.

    Returns
    -------
    str
    """
    words = ["ecgscribe", "evaluate", "--db", db, "--split", split]
    if _without_folder(model) != "default":
        words += ["--model", _without_folder(model)]
    for other in compare_with:
        words += ["--compare-with", _without_folder(other)]
    if snr:
        words += ["--snr", ",".join(f"{ratio:g}" for ratio in snr)]
    if live:
        words.append("--live")
    if baselines:
        words.append("--baselines")
    return shlex.join([*words, "--benchmarks", "BENCHMARKS.md", "--force"])


def _without_folder(model: str) -> str:
    """Name a model file by its name, and the ``model.json`` of a run by the run's folder."""
    path = Path(model)
    return path.parent.name or path.stem if path.name == "model.json" else path.name
