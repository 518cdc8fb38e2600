"""Pictures of the beats of a whole recording.

All are designed for a day of 100,000 beats: points are rasterised, so that a PDF or SVG stays
small, while axes and letters remain lines.
"""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rhythm_episodes import kind_of
from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series
from ecgscribe.formatting import format_time
from ecgscribe.metrics.rhythm_spans import marked_rhythms
from ecgscribe.plots.style import CLASS_COLOURS, CLASS_MARKERS, GREY, new_axes
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["day", "heart_rate", "lorenz", "timeline"]


GUIDE, UNREADABLE = "#D9D9D9", "#BBBBBB"
RHYTHM_SHADES = {
    "AFIB": "#CFE8F7",
    "SVTA": "#D3EBD3",
    "VT": "#F9D5C2",
    "VFL": "#F2A98A",
    "ASYS": "#E3D3F0",
}
"""Colour behind the rhythms that pictures shade, by `rhythm_episodes.kind_of`."""
RHYTHM_NOTES = {
    "AFIB": "atrial fibrillation or flutter (blue)",
    "SVTA": "supraventricular tachyarrhythmia (green)",
    "VT": "ventricular tachycardia (pale orange)",
    "VFL": "ventricular flutter or fibrillation (orange)",
    "ASYS": "standstill (violet)",
}
LONGEST_RR = 3.0
"""Seconds; the axes of `lorenz` end there at the latest."""
HOUR, SHORT_LINE = 3600.0, 300.0
MOST_BARS = 200
BAR_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
LEAST_BAR = 0.07
"""Height of the smallest bar in its lane: a single beat in a day must be visible."""
FASTEST = 250.0
"""Highest heart rate of a picture, in beats per minute."""
ABOVE = 24.0
"""Points between axes and title: room for the legend."""
NOTE_LETTERS = 70
"""Letters in a line of what is written of the shades: it shares its place with the title."""
DOT_SIZE, MARKER_SIZE = 2.5, 14.0


Doubles = NDArray[np.float64]


def _length(annotation: Annotation) -> int:
    """Return the length of the recording in samples, or what is known of it."""
    if annotation.n_samples is not None:
        return annotation.n_samples
    return int(annotation.sample[-1]) + 1 if len(annotation) else 1


def _end_s(annotation: Annotation) -> float:
    """Return when the recording ends, or the last annotation of one whose length is not known."""
    known = annotation.n_samples is not None
    return (_length(annotation) - (0 if known else 1)) / annotation.fs


def _beat_series(annotation: Annotation) -> BeatSeries:
    return beat_series(annotation, _length(annotation))


def _unreadable(annotation: Annotation) -> Doubles:
    """Return the unreadable spans in seconds, shape (n, 2)."""
    return unreadable_spans(annotation, _length(annotation)) / annotation.fs


def _scatter(ax: Axes, x: Doubles, y: Doubles, class_index: NDArray[np.int8]) -> None:
    """Draw one point per beat with the marker of its class.

    The legend counts the beats of each class, also those of which there is no point.
    """
    shown = np.isfinite(x) & np.isfinite(y)
    for index, name in enumerate(AAMI_CLASSES):
        of_class = class_index == index
        mine = shown & of_class
        if of_class.any():
            usual = name == "N"
            ax.scatter(
                x[mine],
                y[mine],
                # N is drawn small and first: readers look for the rare classes.
                s=DOT_SIZE if usual else MARKER_SIZE,
                color=CLASS_COLOURS[name],
                marker=CLASS_MARKERS[name],
                linewidths=0,
                label=f"{name}: {of_class.sum():,}",
                rasterized=True,
                zorder=3 + index,
            )


def _legend(ax: Axes, *, above: bool = False) -> None:
    """Name the markers, inside the axes or above them, where the names cannot hide a point."""
    if not ax.get_legend_handles_labels()[0]:
        return
    where: dict[str, Any] = {"loc": "upper right"}
    if above:
        where = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 5, "frameon": False}
    ax.legend(fontsize=9, markerscale=1.8, **where)


def _shade(ax: Axes, annotation: Annotation, seconds: float) -> None:
    """Shade the unreadable spans and some rhythms; `seconds` is the unit of the axis."""
    for begin, end in _unreadable(annotation) / seconds:
        ax.axvspan(begin, end, color=UNREADABLE, linewidth=0, zorder=0)
    for begin, end, colour in _rhythms(annotation):
        ax.axvspan(begin / seconds, end / seconds, color=colour, linewidth=0, zorder=-1)
    _note_rhythms(ax, annotation)


def _rhythms(annotation: Annotation) -> list[tuple[float, float, str]]:
    """Return begin and end in seconds, and the shade, of each rhythm that has one."""
    marked = marked_rhythms(annotation, _length(annotation))
    spans = zip(marked.begin.tolist(), marked.end.tolist(), marked.label.tolist(), strict=True)
    fs = annotation.fs
    return [
        (begin / fs, end / fs, RHYTHM_SHADES[kind])
        for begin, end, label in spans
        if (kind := kind_of(label)) in RHYTHM_SHADES
    ]


def _note_rhythms(ax: Axes, annotation: Annotation) -> None:
    """Write what the shades mean that are in a picture."""
    shades = {colour for _, _, colour in _rhythms(annotation)}
    names = [RHYTHM_NOTES[kind] for kind, colour in RHYTHM_SHADES.items() if colour in shades]
    if names:
        text = textwrap.fill("shaded: " + ", ".join(names), NOTE_LETTERS)
        ax.set_title(text, fontsize=8, loc="right")


def heart_rate(annotation: Annotation, *, ax: Axes | None = None) -> Axes:
    """Draw the heart rate at every beat of a recording, coloured by AAMI class.

    Parameters
    ----------
    annotation : Annotation
        Beats; the rate at a beat is that of the RR interval that ends at it, see
        `ecgscribe.analysis.rr_intervals`. Unreadable spans are grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((10.0, 3.0)) if ax is None else ax
    beats = _beat_series(annotation)
    _scatter(ax, beats.time / 60, np.minimum(60 / beats.rr, FASTEST), beats.class_index)
    _shade(ax, annotation, 60.0)
    ax.set(xlabel="time from the start (min)", ylabel="heart rate (1/min)", ylim=(0, FASTEST))
    ax.set_title(f"{annotation.name}: {len(beats):,} beats", fontsize=9, loc="left", pad=ABOVE)
    _legend(ax, above=True)
    return ax


def lorenz(annotation: Annotation, *, ax: Axes | None = None) -> Axes:
    """Draw each RR interval against the next, coloured by the class of the beat between them.

    Also known as Poincare plot. A regular rhythm is one cloud on the diagonal. Premature beats are
    above it, the beats after their pause below it. In atrial fibrillation the points form a fan.

    Parameters
    ----------
    annotation : Annotation
        Beats. Only intervals that count are drawn, see `ecgscribe.analysis.rr_intervals`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
        Both axes are in seconds and have the same scale.
    """
    ax = new_axes((5.5, 5.5)) if ax is None else ax
    beats = _beat_series(annotation)
    before, after = beats.rr[:-1], beats.rr[1:]
    both = np.isfinite(before) & np.isfinite(after)
    fits = np.maximum(before, after) <= LONGEST_RR  # false where one is missing
    _scatter(
        ax,
        np.append(np.where(fits, before, np.nan), np.nan)[: len(beats)],
        np.append(after, np.nan)[: len(beats)],
        beats.class_index,
    )
    shown = np.concatenate([before[fits], after[fits], [0.6, 1.0]])
    low, high = np.floor(10 * shown.min() - 0.5) / 10, np.ceil(10 * shown.max() + 0.5) / 10
    ax.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=0.8, zorder=2)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.set(xlabel="RR interval before the beat (s)", ylabel="RR interval after the beat (s)")
    longer = int(np.sum(both & ~fits))
    rest = f", {longer:,} with more than {LONGEST_RR:g} s left out" if longer else ""
    drawn = f"{fits.sum():,} of {len(beats):,} beats"
    ax.set_title(f"{annotation.name}: {drawn}{rest}", fontsize=9, loc="left")
    _legend(ax)
    return ax


def day(annotation: Annotation, *, line: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the heart rate at every beat of a long recording, one hour per line.

    Parameters
    ----------
    annotation : Annotation
        Beats. Unreadable spans are grey; rates out of range are drawn at the edge of their line.
    line : float, optional
        Seconds per line; by default an hour, or five minutes if the recording is shorter than two
        hours.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent, whose height follows the number of lines.

    Returns
    -------
    matplotlib.axes.Axes
        Line k is between y = k and k + 1, the first on top; x is in minutes. Its start time is on
        the left, the number of beats that are not N on the right.
    """
    end = _end_s(annotation)
    if line is None:
        line = HOUR if end >= 2 * HOUR else SHORT_LINE
    n_lines = max(int(np.ceil(end / line)), 1)
    ax = new_axes((10.0, 0.8 + 0.45 * n_lines)) if ax is None else ax
    beats = _beat_series(annotation)
    row, x = np.divmod(beats.time, line)
    rate = 60 / beats.rr
    low, high = _rates(rate)

    def level(beats_per_minute: Doubles) -> Doubles:
        return 0.92 - 0.84 * np.clip((beats_per_minute - low) / (high - low), 0, 1)

    _scatter(ax, x / 60, row + level(rate), beats.class_index)
    of_lines = "from the start" if annotation.start is None else "by the time of day"
    xlabel = f"minutes of each line; lines are named {of_lines}"
    ax.set(xlim=(0, line / 60), ylim=(n_lines, 0), xlabel=xlabel)
    for begin, stop in _unreadable(annotation) / line:
        _shade_lines(ax, begin, stop, line / 60)
    for begin, stop, colour in _rhythms(annotation):
        _shade_lines(ax, begin / line, stop / line, line / 60, colour=colour, zorder=-1)
    _note_rhythms(ax, annotation)
    rates = np.arange(low, high + 1, 40.0 if high - low <= 120 else 80.0)
    _rule(ax, n_lines, level(rates), rates)
    starts = [_line_start(k * line, annotation.start, line) for k in range(n_lines)]
    ax.set_yticks(np.arange(n_lines) + 0.5, starts, fontsize=8)
    ax.tick_params(axis="y", length=0, pad=20)  # room for the rates
    for k in range(n_lines):
        _count(ax, k, beats.class_index[row == k])
    ax.set_title(f"{annotation.name}: heart rate (1/min)", fontsize=9, loc="left", pad=ABOVE)
    _legend(ax, above=True)
    return ax


def _line_start(seconds: float, start: datetime | None, line: float) -> str:
    """Return the start time of a line: the time of day if known, or the time since the start."""
    if start is None and line % HOUR == 0:
        return f"{seconds / HOUR:.0f} h"
    return format_time(seconds, start=start)


def _rates(rate: Doubles) -> tuple[float, float]:
    """Return the range of rates to draw, in whole steps of 20: nearly all, and at least 80 wide."""
    finite = rate[np.isfinite(rate)]
    low, high = np.quantile(finite, [0.005, 0.995]) if len(finite) else (60.0, 100.0)
    low = 20 * np.floor(low / 20)
    return float(low), float(max(min(20 * np.ceil(high / 20), FASTEST), low + 80))


def _rule(ax: Axes, n_lines: int, level: Doubles, rates: Doubles) -> None:
    """Draw the border of each line and its levels of equal rate; the first line names them."""
    ax.hlines(np.arange(1, n_lines), *ax.get_xlim(), color=GREY, linewidth=0.6, zorder=1)
    for y, rate in zip(level, rates, strict=True):
        ax.hlines(np.arange(n_lines) + y, *ax.get_xlim(), color=GUIDE, linewidth=0.5, zorder=1)
        ax.annotate(
            f"{rate:.0f}",
            (0, y),
            xytext=(-2, 0),
            textcoords="offset points",
            fontsize=6,
            ha="right",
            va="center",
        )


def _shade_lines(
    ax: Axes,
    first: float,
    stop: float,
    minutes: float,
    *,
    colour: str = UNREADABLE,
    zorder: float = 0,
) -> None:
    """Shade a span, given in lines from the start, on each line that it crosses."""
    for k in range(int(first), int(np.ceil(stop))):
        begin, end = max(first - k, 0) * minutes, min(stop - k, 1) * minutes
        ax.fill_between([begin, end], k, k + 1, color=colour, linewidth=0, zorder=zorder)


def _count(ax: Axes, line: int, class_index: NDArray[np.int8]) -> None:
    """Write the number of beats that are not N to the right of a line."""
    counts = np.bincount(class_index, minlength=len(AAMI_CLASSES)).tolist()
    text = "  ".join(f"{c} {n:,}" for c, n in zip(AAMI_CLASSES, counts, strict=True) if n)
    ax.annotate(
        text if counts[0] == 0 else "  ".join(text.split("  ")[1:]),
        (1, line + 0.5),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=8,
        va="center",
        annotation_clip=False,
    )


def timeline(annotation: Annotation, *, ax: Axes | None = None) -> Axes:
    """Draw when the beats of each class occur: one lane per class, one bar per period.

    Parameters
    ----------
    annotation : Annotation
        Beats. Unreadable spans are grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
        One lane per class that occurs, N on top. Each has its own scale: its highest bar, whose
        count is on the right, fills the lane, and a single beat is always visible.
    """
    beats = _beat_series(annotation)
    present = np.unique(beats.class_index).tolist()
    ax = new_axes((10.0, 1.0 + 0.6 * max(len(present), 1))) if ax is None else ax
    end = max(_end_s(annotation), 1.0)
    width = next((w for w in BAR_S if end / w <= MOST_BARS), BAR_S[-1])
    edges = np.arange(0, end + width, width)
    unit, per = ("h", HOUR) if end >= 2 * HOUR else ("min", 60.0)
    for lane, index in enumerate(present):
        name = AAMI_CLASSES[index]
        count, _ = np.histogram(beats.time[beats.class_index == index], edges)
        height = 0.86 * np.where(count, np.maximum(count / count.max(), LEAST_BAR), 0)
        ax.bar(
            edges[:-1] / per,
            -height,
            width / per,
            bottom=lane + 0.95,
            align="edge",
            color=CLASS_COLOURS[name],
            linewidth=0,
        )
        ax.annotate(
            f"most: {count.max():,}",
            (1, lane + 0.55),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
        )
    _shade(ax, annotation, per)
    lanes = [f"{AAMI_CLASSES[k]}  {np.sum(beats.class_index == k):,}" for k in present]
    ax.set_yticks(np.arange(len(present)) + 0.55, lanes, fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.set(
        xlim=(0, end / per), ylim=(max(len(present), 1), 0), xlabel=f"time from the start ({unit})"
    )
    ax.set_title(f"{annotation.name}: beats in each {_period(width)}", fontsize=9, loc="left")
    return ax


def _period(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
