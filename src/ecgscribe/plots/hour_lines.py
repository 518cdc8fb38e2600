"""The heart rate of a long recording, one hour per line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.formatting import format_time
from ecgscribe.plots.beat_points import FASTEST, TITLE_PAD, draw_points, name_points
from ecgscribe.plots.recording_shades import (
    UNREADABLE,
    end_s,
    length,
    note_rhythms,
    rhythms_s,
    unreadable_s,
)
from ecgscribe.plots.style import GREY, new_axes, write_right
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HOUR", "day"]


GUIDE = "#D9D9D9"
HOUR, SHORT_LINE = 3600.0, 300.0
"""Seconds of a line, of a long and of a short recording."""
Doubles = NDArray[np.float64]


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
    end = end_s(annotation)
    if line is None:
        line = HOUR if end >= 2 * HOUR else SHORT_LINE
    n_lines = max(int(np.ceil(end / line)), 1)
    ax = new_axes((10.0, 0.8 + 0.45 * n_lines)) if ax is None else ax
    beats = beat_series(annotation, length(annotation))
    row, x = np.divmod(beats.time, line)
    rate = 60 / beats.rr
    low, high = _rates(rate)

    def level(beats_per_minute: Doubles) -> Doubles:
        return 0.92 - 0.84 * np.clip((beats_per_minute - low) / (high - low), 0, 1)

    draw_points(ax, x / 60, row + level(rate), beats.class_index)
    of_lines = "from the start" if annotation.start is None else "by the time of day"
    xlabel = f"minutes of each line; lines are named {of_lines}"
    ax.set(xlim=(0, line / 60), ylim=(n_lines, 0), xlabel=xlabel)
    for begin, stop in unreadable_s(annotation) / line:
        _shade_lines(ax, begin, stop, line / 60)
    for begin, stop, colour in rhythms_s(annotation):
        _shade_lines(ax, begin / line, stop / line, line / 60, colour=colour, zorder=-1)
    note_rhythms(ax, annotation)
    rates = np.arange(low, high + 1, 40.0 if high - low <= 120 else 80.0)
    _rule(ax, n_lines, level(rates), rates)
    starts = [_line_start(k * line, annotation.start, line) for k in range(n_lines)]
    ax.set_yticks(np.arange(n_lines) + 0.5, starts, fontsize=8)
    ax.tick_params(axis="y", length=0, pad=20)  # room for the rates
    for k in range(n_lines):
        _count(ax, k, beats.class_index[row == k])
    ax.set_title(f"{annotation.name}: heart rate (1/min)", fontsize=9, loc="left", pad=TITLE_PAD)
    name_points(ax, above=True)
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
    write_right(ax, text if counts[0] == 0 else "  ".join(text.split("  ")[1:]), line + 0.5)
