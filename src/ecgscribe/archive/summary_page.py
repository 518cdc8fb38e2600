"""The page of an archive: what to look at first, distributions, and what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import numpy as np

from ecgscribe._version import __version__
from ecgscribe.analysis.rhythm_episodes import EPISODE_KINDS
from ecgscribe.archive.histograms import histogram
from ecgscribe.archive.summary import short_names, urgent_first
from ecgscribe.archive.tables import report_file, result_file
from ecgscribe.files import write_text
from ecgscribe.formatting import percent
from ecgscribe.plots.saving import picture
from ecgscribe.report.blocks import Block, Bullets, Cell, Link, Page, Picture, Section, Table
from ecgscribe.report.content import INTENDED_USE
from ecgscribe.report.html import html
from ecgscribe.report.wording import NONE, counted, episode_name, number, share
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PAGE", "archive_page", "write_page"]

PAGE = "summary.html"
_MOST_FIRST = 25  # recordings that are listed
_MOST_FINDINGS = 3  # of each of these
_MOST_FAILED = 50
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


class _Figure(NamedTuple):
    """A figure of recordings: its column, what it is, its unit and the factor to it."""

    column: str
    title: str
    unit: str
    factor: float
    digits: int
    rare: bool = False


_FIGURES = (
    _Figure("mean_rate", "Mean heart rate", "/min", 1.0, 0),
    _Figure("pvc_burden", "PVC burden", "%", 100.0, 2, rare=True),
    _Figure("sve_burden", "SVE burden", "%", 100.0, 2, rare=True),
    _Figure("afib_burden", "Atrial fibrillation", "% of the readable time", 100.0, 1, rare=True),
    _Figure("readable_share", "Readable time", "%", 100.0, 1, rare=True),
    _Figure("duration", "Length", " h", 1 / 3600, 2),
)


def write_page(rows: pd.DataFrame, dest: Path) -> Path:
    """Write the page of an archive into its folder, and return its path.

    Parameters
    ----------
    rows : pandas.DataFrame
        As of `ecgscribe.archive.summary.read_summary`.
    dest : Path
        Folder of the archive.

    Raises
    ------
    FormatError
        If it cannot be written.
    """
    return write_text(dest / PAGE, html(archive_page(rows, dest)), force=True)


def archive_page(rows: pd.DataFrame, dest: Path) -> Page:
    """Make the page; see `write_page`."""
    rows = rows.assign(name=short_names(rows))
    done, failed = rows[rows["status"] == "done"], rows[rows["status"] != "done"]
    above = str(rows["recording"].iloc[0]).removesuffix(str(rows["name"].iloc[0]))
    return Page(
        title=f"ECG archive: {dest.absolute().name}",
        subtitle=f"{counted(len(rows), 'recording')}; paths are below {above}",
        notice=INTENDED_USE,
        key_figures=_key_figures(done, failed),
        sections=(
            Section("Look first", _look_first(done, dest)),
            Section("Distributions", _distributions(done)),
            Section("Beats", (_classes(done),)),
            Section("Rhythms", (_rhythms(done),)),
            Section("Failed", _failed(failed)),
        ),
        foot=(
            f"Made by ecgscribe {__version__}.",
            *(f"Model SHA-256 {model}." for model in sorted(done["model"].unique())),
        ),
    )


def _key_figures(done: pd.DataFrame, failed: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    hours, readable = done["duration"].sum() / 3600, done["readable"].sum() / 3600
    ventricular = done[["vfl_seconds", "vt_seconds"]].fillna(0).sum(axis=1) > 0
    return (
        ("Annotated", number(len(done))),
        ("Failed", number(len(failed))),
        ("Hours of ECG", number(float(hours), digits=1)),
        ("Readable", share(percent(readable, hours))),
        ("Beats", number(int(done["beats"].sum()))),
        ("With atrial fibrillation", number(int((done["afib_seconds"] > 0).sum()))),
        ("With VT or VF", number(int(ventricular.sum()))),
        ("Paced", number(int(done["paced"].fillna(False).sum()))),
    )


def _look_first(done: pd.DataFrame, dest: Path) -> tuple[Block, ...]:
    urgent = urgent_first(done)
    if urgent.empty:
        return ("No recording has an arrhythmia, a pause or an ectopic beat.",)
    first = urgent.head(_MOST_FIRST)
    text = (
        f"{counted(len(urgent), 'recording has', 'recordings have')} an arrhythmia, a pause or "
        f"ectopic beats. The most urgent {number(len(first))}, in the order of a report's "
        "findings: ventricular flutter or fibrillation, ventricular tachycardia, standstill, no "
        "beats, pauses, runs of V, atrial fibrillation, runs of S, burden; of each, the most first."
    )
    items = (
        _recording(name, key, dest) for name, key in zip(first["name"], first["key"], strict=True)
    )
    return (text, Bullets(tuple(items)))


def _recording(name: str, key: str, dest: Path) -> tuple[Cell, ...]:
    """Return a line on a recording, with a link to its report if the archive has that."""
    row = json.loads(result_file(dest, key).read_text(encoding="utf-8"))
    report = report_file(dest, key)
    file = quote(report.relative_to(dest).as_posix())
    shown: Cell = Link(name, file=file) if report.is_file() else name
    return (shown, ": ", " ".join(_ended(text) for text in row["findings"][:_MOST_FINDINGS]))


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _distributions(done: pd.DataFrame) -> tuple[Block, ...]:
    if done.empty:
        return ("No recording was annotated.",)
    header = ("Figure", "Recordings", *(f"{q:.0%}" for q in _QUANTILES[:-1]), "Highest")
    rows, pictures = [], []
    for figure in _FIGURES:
        values = (done[figure.column] * figure.factor).dropna()
        unit = figure.unit.strip()
        cells = [NONE] * len(_QUANTILES)
        if not values.empty:
            cells = [f"{v:,.{figure.digits}f}" for v in values.quantile(list(_QUANTILES))]
            pictures.append(_picture(figure, values, cells))
        rows.append((f"{figure.title} ({unit})", number(len(values)), *cells))
    text = (
        "So many percent of the recordings have at most the figure in each column. Burdens leave "
        "out paced recordings, whose classes are not judged."
    )
    return (text, Table("Figures over the recordings", header, tuple(rows)), *pictures)


def _picture(figure: _Figure, values: pd.Series[float], cells: list[str]) -> Picture:
    middle, high, highest = cells[2], cells[4], cells[5]
    shown = (
        f"{figure.title}: median {middle}{figure.unit}, 95% of {counted(len(values), 'recording')} "
        f"at most {high}, highest {highest}."
    )
    drawn = histogram(
        np.asarray(values, dtype=np.float64),
        f"{figure.title} ({figure.unit.strip()})",
        rare=figure.rare,
    )
    axis = " The number of recordings is on a logarithmic axis." if figure.rare else ""
    return Picture(picture(drawn), f"Histogram. {shown}", f"{shown}{axis}", title=figure.title)


def _classes(done: pd.DataFrame) -> Table:
    counts = {name: int(done[name].sum()) for name in AAMI_CLASSES}
    total = sum(counts.values())
    return Table(
        "Readable beats by AAMI class",
        ("Class", "Beats", "Share", "Recordings with any"),
        tuple(
            (
                f"{name}: {CLASS_NAMES[name]}",
                number(count),
                share(percent(count, total)),
                number(int((done[name] > 0).sum())),
            )
            for name, count in counts.items()
        ),
    )


def _rhythms(done: pd.DataFrame) -> Table:
    return Table(
        "Rhythms",
        ("Rhythm", "Recordings", "Hours"),
        tuple(
            (
                episode_name(kind),
                number(int((done[column] > 0).sum())),
                number(float(done[column].sum() / 3600), digits=2),
            )
            for kind in EPISODE_KINDS
            for column in (f"{kind.lower()}_seconds",)
        ),
    )


def _failed(failed: pd.DataFrame) -> tuple[Block, ...]:
    if failed.empty:
        return ("None.",)
    text = counted(len(failed), "recording")
    if len(failed) > _MOST_FAILED:
        text += f", of which the first {_MOST_FAILED} are listed; recordings.parquet has all"
    shown = failed.sort_values("recording").head(_MOST_FAILED)
    items = zip(shown["name"], shown["error"], strict=True)
    return (f"{text}.", Bullets(tuple((f"{name}: {error}",) for name, error in items)))
