"""The command ``evaluate``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import ForDevelopers, command
from ecgscribe.cli.output import print_result, stage_bars, without_log
from ecgscribe.cli.values import Choice, names, numbers
from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.formatting import did_you_mean

__all__ = ["PLANS", "command_line", "evaluate"]


PLANS = (
    "exercise", "exercise-160", "exercise-steep", "gradual", "sudden", "runs", "fibrillation",
    "pauses", "standstill", "paced",
)  # fmt: skip
"""Keys of `ecgscribe.datasets.resequenced.PLANS`, which take long to import."""


class _Database(Choice):
    """The name of a database, or a folder."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Accept a folder, or a path to one, as it is."""
        if value not in self.choices and (os.sep in value or Path(value).is_dir()):
            return value
        return super().convert(value, param, ctx)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Name the choices, and that a folder is one, too."""
        hint = did_you_mean(str(value), self.choices, otherwise="choose one, or name a folder")
        return (
            f"expected one of {', '.join(self.choices)}, or a folder of annotated recordings, "
            f"found '{value}'; {hint}"
        )


@command("evaluate --data-dir data -o report")
@click.option(
    "--db", metavar="NAME|FOLDER", type=_Database(list(DATABASES)), default="mitdb",
    show_default=True, help=f"Database to evaluate on ({', '.join(DATABASES)}), or a folder of "
    "your own annotated recordings.",
)  # fmt: skip
@click.option(
    "--split", metavar="SPLIT",
    help="Records to evaluate on: ds1, ds2, all, paced, or held-out (the patients that the "
    "training of the model held out); by default ds2 of mitdb, else all.",
)  # fmt: skip
@click.option(
    "--records", metavar="A,B", type=names,
    help="Only these records, of all of the database unless --split names some.",
)  # fmt: skip
@click.option(
    "--folds", is_flag=True,
    help="Annotate each record by the network of the run (--model RUN) that has not seen its "
    "patient.",
)  # fmt: skip
@click.option(
    "--plan", metavar="PLAN", type=Choice(PLANS),
    help=f"Place the beats of each record anew, in another rhythm ({', '.join(PLANS)}).",
)  # fmt: skip
@options.annotator("Extension of the reference annotations in FOLDER; by default atr or ann.")
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
    split: str | None,
    records: tuple[str, ...] | None,
    annotator: str | None,
    folds: bool,
    plan: str | None,
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
    """Evaluate a model on what is marked in a database, and write the benchmark tables."""
    from ecgscribe.evaluation.evaluate import evaluate as evaluate_model
    from ecgscribe.evaluation.markdown import markdown
    from ecgscribe.evaluation.results import to_json

    if split is None:
        split = "all" if records or db not in DATABASES else DATABASES[db].default_split
    again = command_line(
        model, db, split, records=records or (), annotator=annotator, folds=folds, plan=plan,
        compare_with=compare_with, snr=snr or (), live=live, baselines=baselines, out=out,
        benchmarks=benchmarks,
    )  # fmt: skip
    with without_log(quiet), stage_bars(quiet=quiet) as progress:
        result = evaluate_model(
            model,
            db=db,
            split=split,
            records=records,
            annotator=annotator,
            folds=folds,
            plan=plan,
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
    records: Sequence[str] = (),
    annotator: str | None = None,
    folds: bool = False,
    plan: str | None = None,
    compare_with: Sequence[str] = (),
    snr: Sequence[float] = (),
    live: bool = False,
    baselines: bool = False,
    out: Path | None = None,
    benchmarks: Path | None = None,
) -> str:
    """Write the command that evaluates the model again, without the folders of this machine.

    Parameters
    ----------
    model, db, split, records, annotator, folds, plan, compare_with, snr, live, baselines
        The options of the command.
    out, benchmarks
        Where it writes, likewise.

    Returns
    -------
    str
    """
    words = ["ecgscribe", "evaluate", "--db", Path(db).resolve().name, "--split", split]
    if records:
        words += ["--records", ",".join(records)]
    if annotator is not None:
        words += ["--annotator", annotator]
    if plan is not None:
        words += ["--plan", plan]
    if folds:
        words.append("--folds")
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
    targets = {"--out": out, "--benchmarks": benchmarks}
    for option, target in targets.items():
        if target is not None:
            words += [option, target.resolve().name]
    return shlex.join([*words, "--force"] if any(targets.values()) else words)


def _without_folder(model: str) -> str:
    """Name a model file by its name, and the ``model.json`` of a run by the run's folder."""
    path = Path(model)
    return path.parent.name or path.stem if path.name == "model.json" else path.name
