"""Pictures of the beats of a whole recording: heart rate, RR intervals, when classes occur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.plots.beat_points import FASTEST, TITLE_PAD, draw_points, name_points
from ecgscribe.plots.hour_lines import HOUR
from ecgscribe.plots.recording_shades import end_s, length, shade
from ecgscribe.plots.style import CLASS_COLOURS, GREY, new_axes, write_right
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heart_rate", "lorenz", "timeline"]


LONGEST_RR = 3.0
"""Seconds; the axes of `lorenz` end there at the latest."""
MOST_BARS = 200
BAR_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
LEAST_BAR = 0.07
"""Height of the smallest bar in its lane: a single beat in a day must be visible."""


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
    beats = beat_series(annotation, length(annotation))
    draw_points(ax, beats.time / 60, np.minimum(60 / beats.rr, FASTEST), beats.class_index)
    shade(ax, annotation, 60.0)
    ax.set(xlabel="time from the start (min)", ylabel="heart rate (1/min)", ylim=(0, FASTEST))
    ax.set_title(f"{annotation.name}: {len(beats):,} beats", fontsize=9, loc="left", pad=TITLE_PAD)
    name_points(ax, above=True)
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
    beats = beat_series(annotation, length(annotation))
    before, after = beats.rr[:-1], beats.rr[1:]
    both = np.isfinite(before) & np.isfinite(after)
    fits = np.maximum(before, after) <= LONGEST_RR  # false where one is missing
    draw_points(
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
    name_points(ax)
    return ax


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
    beats = beat_series(annotation, length(annotation))
    present = np.unique(beats.class_index).tolist()
    ax = new_axes((10.0, 1.0 + 0.6 * max(len(present), 1))) if ax is None else ax
    end = max(end_s(annotation), 1.0)
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
        write_right(ax, f"most: {count.max():,}", lane + 0.55)
    shade(ax, annotation, per)
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
