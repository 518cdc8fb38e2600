"""What an evaluation leaves behind: its tables, its plots and the log of runs on DS2."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecgscribe import plots
from ecgscribe.evaluation.markdown import markdown
from ecgscribe.files import make_folder, refuse_existing, write_text

__all__ = ["log_ds2", "refuse_overwriting", "write_evaluation"]


PLOTS = ("pr_curve.png", "confusion.png", "reliability.png")
LOG_COLUMNS = ["hash", "date", "purpose"]


def log_ds2(path: Path, *, model_hash: str, purpose: str) -> bool:
    """Note that a model was run on DS2, unless its hash is in the log already.

    Parameters
    ----------
    path : Path
        The log, a CSV file with the columns hash, date and purpose; made where it is absent.
    model_hash : str
        SHA-256 of the model.
    purpose : str
        Why it was run.

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


def write_evaluation(report: dict[str, Any], out: Path, *, force: bool = False) -> None:
    """Write evaluation.json, evaluation.md and, where beats were classified, the plots.

    Parameters
    ----------
    report : dict
        What `evaluate` gives.
    out : Path
        Folder to write into; made if it is absent.
    force : bool
        Overwrite files that are there.

    Raises
    ------
    FormatError
        If a file is there and `force` is false, or cannot be written.
    """
    make_folder(out)
    text = json.dumps(report, indent=1, allow_nan=False)
    write_text(out / "evaluation.json", text + "\n", force=force)
    drawn = _draw(report["views"][0], out, force=force) if report["views"] else ()
    write_text(out / "evaluation.md", markdown(report, plots=drawn), force=force)


def _draw(view: dict[str, Any], out: Path, *, force: bool) -> tuple[str, ...]:
    abnormal = view["abnormal"]
    axes = {"confusion.png": plots.confusion(view["matrix"])}
    if "curve" in abnormal:
        axes["pr_curve.png"] = plots.pr_curve(
            abnormal["curve"],
            prevalence=abnormal["prevalence"],
            auprc=abnormal["auprc"]["value"],
            name="abnormal beats",
        )
        axes["reliability.png"] = plots.reliability(abnormal["reliability"], name="abnormal beats")
    for name, ax in axes.items():
        plots.save(ax, out / name, force=force)
    return tuple(name for name in PLOTS if name in axes)


def refuse_overwriting(out: Path | None, benchmarks: Path | None) -> None:
    """Refuse existing files before records are annotated, which takes minutes.

    Raises
    ------
    FormatError
        If one of the files to write already exists.
    """
    files = [] if out is None else [out / n for n in ("evaluation.json", "evaluation.md", *PLOTS)]
    for path in files + ([] if benchmarks is None else [benchmarks]):
        refuse_existing(path)
