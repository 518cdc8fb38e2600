"""What an archive contains, in twenty lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.archive.tables import read_columns
from ecgscribe.errors import FormatError
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["URGENT_FIRST", "read_summary", "short_names", "summary_text", "urgent_first"]

URGENT_FIRST = (
    "vfl_seconds", "vt_seconds", "asys_seconds", "longest_gap", "longest_pause", "longest_v_run",
    "afib_burden", "longest_s_run", "pvc_burden", "sve_burden",
)  # fmt: skip
"""Columns that order recordings, as findings are ordered in a report: the most urgent first."""
_COLUMNS = (
    "recording", "key", "status", "error", "model", "duration", "readable", "paced", "beats",
    *AAMI_CLASSES, "beats_in_noise", "mean_rate", "afib_seconds", "v_runs", "pauses", *URGENT_FIRST,
)  # fmt: skip
_FIRST = 3  # recordings that are named in a line


def read_summary(dest: Path) -> pd.DataFrame:
    """Read what is summarized of every recording of an archive, a run at work included.

    Parameters
    ----------
    dest : Path
        Its folder.

    Returns
    -------
    pandas.DataFrame
        Columns of ``recordings.parquet``, and ``readable_share``.

    Raises
    ------
    FormatError
        If there is no archive in the folder.
    """
    rows: pd.DataFrame = read_columns(dest, _COLUMNS).to_pandas()
    if rows.empty:
        raise FormatError(f"{dest}: expected an archive, found no results in it; check the path")
    rows["readable_share"] = rows["readable"] / rows["duration"]
    return rows


def urgent_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the recordings that have anything of `URGENT_FIRST`, the most urgent first."""
    some = rows[(rows[list(URGENT_FIRST)].fillna(0) > 0).any(axis=1)]
    return some.sort_values(
        [*URGENT_FIRST, "recording"], ascending=[*[False] * len(URGENT_FIRST), True]
    )


def short_names(rows: pd.DataFrame) -> pd.Series[str]:
    """Return the path of each recording below the folder that all of them are in."""
    paths = rows["recording"].tolist()
    first, last = min(paths), max(paths)
    same = next(
        (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return rows["recording"].str[first.rfind("/", 0, same) + 1 :]


def summary_text(rows: pd.DataFrame) -> str:
    """Summarize an archive.

    Parameters
    ----------
    rows : pandas.DataFrame
        As of `read_summary`.

    Returns
    -------
    str
        Twenty lines.
    """
    rows = rows.assign(name=short_names(rows))
    done, failed = rows[rows["status"] == "done"], rows[rows["status"] != "done"]
    models = sorted({str(model)[:12] for model in done["model"].unique()})
    lines = [
        f"recordings        {len(rows):,}: {len(done):,} annotated, {len(failed):,} failed",
        f"models            {', '.join(models) or 'none'}",
        f"hours             {done['duration'].sum() / 3600:,.1f}, "
        f"readable {done['readable'].sum() / 3600:,.1f}",
        f"beats             {done['beats'].sum():,.0f}",
        *(f"  class {name}         {done[name].sum():,.0f}" for name in AAMI_CLASSES),
        f"beats in noise    {done['beats_in_noise'].sum():,.0f}",
        _spread("mean rate (/min)", done["mean_rate"], ".0f"),
        _spread("PVC burden", done["pvc_burden"], ".2%"),
        _spread("AFIB burden", done["afib_burden"], ".1%"),
        _spread("readable share", done["readable_share"], ".1%"),
        _most("most PVCs", done, "pvc_burden", ".2%"),
        _most("most AFIB", done, "afib_burden", ".1%"),
        _most("most runs of V", done, "v_runs", ".0f"),
        _most("most pauses", done, "pauses", ".0f"),
        _named("look first at", urgent_first(done)["name"].head(_FIRST).tolist()),
        _named("failed", failed["name"].head(_FIRST).tolist()),
    ]
    return "\n".join(lines)


def _spread(title: str, values: pd.Series[float], shown: str) -> str:
    values = values.dropna()
    if values.empty:
        return f"{title:<18}none"
    low, middle, high = values.quantile([0.05, 0.5, 0.95]).tolist()
    return f"{title:<18}median {middle:{shown}}, from {low:{shown}} (5%) to {high:{shown}} (95%)"


def _most(title: str, rows: pd.DataFrame, column: str, shown: str) -> str:
    some = rows[rows[column].fillna(0) > 0].sort_values(
        [column, "recording"], ascending=[False, True]
    )
    first = some.head(_FIRST)
    return _named(
        title,
        [
            f"{name} ({value:{shown}})"
            for name, value in zip(first["name"], first[column], strict=True)
        ],
    )


def _named(title: str, names: list[str]) -> str:
    return f"{title:<18}{', '.join(names) or 'none'}"
