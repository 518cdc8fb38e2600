"""What an archive contains, in about twenty lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.archive.tables import read_results
from ecgscribe.errors import FormatError
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["summary_text"]

_FIRST = 3  # recordings that are named in a line


def summary_text(dest: Path) -> str:
    """Summarize an archive.

    Parameters
    ----------
    dest : Path
        Its folder.

    Returns
    -------
    str

    Raises
    ------
    FormatError
        If there is no archive in the folder.
    """
    if not (rows := read_results(dest)):
        raise FormatError(f"{dest}: expected an archive, found no results in it; check the path")
    done = [row for row in rows if row["status"] == "done"]
    failed = [row for row in rows if row["status"] != "done"]
    hours = sum(row["duration"] for row in done) / 3600
    readable = sum(row["readable"] for row in done) / 3600
    beats = sum(row["beats"] for row in done)
    models = sorted({row["model"][:12] for row in done})
    lines = [
        f"recordings        {len(rows):,}: {len(done):,} annotated, {len(failed):,} failed",
        f"models            {', '.join(models) or 'none'}",
        f"hours             {hours:,.1f}, readable {readable:,.1f}",
        f"beats             {beats:,}",
        *(f"  class {name}         {sum(row[name] for row in done):,}" for name in AAMI_CLASSES),
        f"beats in noise    {sum(row['beats_in_noise'] for row in done):,}",
        _spread("mean rate (/min)", done, lambda row: row["mean_rate"], ".0f"),
        _spread("PVC burden", done, lambda row: row["pvc_burden"], ".2%"),
        _spread("AFIB burden", done, lambda row: row["afib_burden"], ".1%"),
        _spread("readable share", done, lambda row: row["readable"] / row["duration"], ".1%"),
        _most("most PVCs", done, "pvc_burden", ".2%"),
        _most("most AFIB", done, "afib_burden", ".1%"),
        _most("most runs of V", done, "v_runs", ".0f"),
        _most("most pauses", done, "pauses", ".0f"),
        *(f"failed            {_failure(row)}" for row in failed[:_FIRST]),
    ]
    return "\n".join(lines)


def _failure(row: dict[str, Any]) -> str:
    recording, error = str(row["recording"]), str(row["error"])
    return error if recording in error else f"{recording}: {error}"


def _spread(
    title: str, rows: Sequence[dict[str, Any]], figure: Callable[[dict[str, Any]], Any], shown: str
) -> str:
    values = [value for row in rows if (value := figure(row)) is not None]
    if not values:
        return f"{title:<18}none"
    low, middle, high = np.percentile(values, [5, 50, 95]).tolist()
    return f"{title:<18}median {middle:{shown}}, from {low:{shown}} (5%) to {high:{shown}} (95%)"


def _most(title: str, rows: Sequence[dict[str, Any]], name: str, shown: str) -> str:
    some = sorted((row for row in rows if row[name]), key=lambda row: -row[name])[:_FIRST]
    named = ", ".join(f"{row['recording']} ({row[name]:{shown}})" for row in some)
    return f"{title:<18}{named or 'none'}"
