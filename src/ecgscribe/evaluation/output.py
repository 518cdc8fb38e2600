"""The files of an evaluation: its page, its tables, its plots, and the log of runs on DS2."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ecgscribe import plots
from ecgscribe.evaluation.markdown import markdown
from ecgscribe.evaluation.results import ConditionResults, EvaluationResult, to_json
from ecgscribe.evaluation.table_files import table_csv, tables_page
from ecgscribe.evaluation.tables import TABLE_FILES, tables
from ecgscribe.files import make_folder, refuse_existing, refuse_input, whole_folder, write_text

__all__ = ["log_ds2", "prepare_outputs", "write_benchmarks", "write_evaluation"]


PLOTS = ("pr_curve.png", "confusion.png", "reliability.png")
RESULTS = "results"
"""Folder of the tables in the folder of an evaluation."""
BENCHMARK_RESULTS = "benchmarks/results"
"""Folder of the tables, next to a page such as BENCHMARKS.md."""
ELSEWHERE = "benchmarks/foreign_hearts.md"
"""Page of other databases, next to a page such as BENCHMARKS.md; linked if it is there."""
ADAPTED = "benchmarks/adaptation.md"
"""Page of adaptation to the patient, likewise."""
README = "README.md"
LOG_COLUMNS = ["hash", "date", "purpose"]


def log_ds2(path: Path, *, model_hash: str, purpose: str) -> bool:
    """Log that a model was run on DS2, unless the log has its hash already.

    Parameters
    ----------
    path : Path
        The log, a CSV file with the columns hash, date and purpose; made if it is missing.
    model_hash : str
        SHA-256 of the model.
    purpose : str
        Purpose of the run.

    Returns
    -------
    bool
        Whether a line was added.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ",".join(LOG_COLUMNS) + "\n"
    if any(row["hash"] == model_hash for row in csv.DictReader(io.StringIO(text))):
        return False
    line = io.StringIO()
    today = datetime.now(UTC).date().isoformat()
    csv.writer(line, lineterminator="\n").writerow([model_hash, today, purpose])
    whole = text if text.endswith("\n") else text + "\n"
    write_text(path, whole + line.getvalue(), force=True)
    return True


def write_evaluation(result: EvaluationResult, folder: Path, *, force: bool = False) -> None:
    """Write evaluation.json, evaluation.md, the tables and, if beats were classified, the plots.

    Parameters
    ----------
    result : EvaluationResult
        The result of `ecgscribe.evaluate`.
    folder : Path
        Folder to write into; made if it is missing.
    force : bool
        Replace existing files.

    Raises
    ------
    FormatError
        If a file exists and `force` is false, or cannot be written.
    """
    text = json.dumps(to_json(result), indent=1, allow_nan=False)
    with whole_folder(folder, force=force) as scratch:
        write_text(scratch / "evaluation.json", text + "\n")
        conditions = result.results.conditions
        drawn = _draw(conditions[0], scratch) if conditions else ()
        page = markdown(result, plots=drawn, tables=RESULTS)
        write_text(scratch / "evaluation.md", page)
        _write_tables(result, scratch / RESULTS)


def write_benchmarks(result: EvaluationResult, page: Path, *, force: bool = False) -> None:
    """Write the page of an evaluation, and its tables into ``benchmarks/results`` next to it.

    Parameters
    ----------
    result : EvaluationResult
        The result of `ecgscribe.evaluate`.
    page : Path
        The Markdown file.
    force : bool
        Replace existing files.

    Raises
    ------
    FormatError
        If a file exists and `force` is false, or cannot be written.
    """
    elsewhere = ELSEWHERE if (page.parent / ELSEWHERE).is_file() else None
    adapted = ADAPTED if (page.parent / ADAPTED).is_file() else None
    text = markdown(result, tables=BENCHMARK_RESULTS, elsewhere=elsewhere, adapted=adapted)
    with whole_folder(page.parent, force=force) as scratch:
        write_text(scratch / page.name, text)
        _write_tables(result, scratch / BENCHMARK_RESULTS)


def _write_tables(result: EvaluationResult, folder: Path) -> None:
    make_folder(folder)
    every = tables(result)
    for file, table in every.items():
        write_text(folder / file, table_csv(table))
    about = f"{result.db}, {result.split}"
    write_text(folder / README, tables_page(every, about=about))


def _draw(condition: ConditionResults, folder: Path) -> tuple[str, ...]:
    abnormal = condition.abnormal
    axes = {"confusion.png": plots.confusion(condition.matrix)}
    if abnormal.curve is not None:
        axes["pr_curve.png"] = plots.pr_curve(
            abnormal.curve,
            prevalence=abnormal.prevalence,
            auprc=None if abnormal.auprc is None else abnormal.auprc.value,
            name="abnormal beats",
        )
    if abnormal.reliability is not None:
        axes["reliability.png"] = plots.reliability(abnormal.reliability, name="abnormal beats")
    for name, ax in axes.items():
        plots.save(ax, folder / name)
    return tuple(name for name in PLOTS if name in axes)


def prepare_outputs(
    folder: Path | None, page: Path | None, inputs: Sequence[Path], *, force: bool
) -> None:
    """Make the folders, and check that no file is lost, before annotation, which takes minutes.

    Parameters
    ----------
    folder, page : Path, optional
        Where `write_evaluation` and `write_benchmarks` would write.
    inputs : sequence of Path
        Files that are read.
    force : bool
        Accept files that can be replaced.

    Raises
    ------
    FormatError
        If one of the files exists, or is an input, or a folder cannot be made.
    """
    files, folders = [], []
    if folder is not None:
        files += [folder / name for name in ("evaluation.json", "evaluation.md", *PLOTS)]
        folders.append(folder / RESULTS)
    if page is not None:
        files.append(page)
        folders.append(page.parent / BENCHMARK_RESULTS)
    files += [each / name for each in folders for name in (*TABLE_FILES, README)]
    for path in files:
        refuse_input(path, inputs)
        refuse_existing(path, force=force)
    for each in folders:
        make_folder(each)
