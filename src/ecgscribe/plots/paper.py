"""ECG paper: axes to scale, the lines on them, the time, and the pulse that shows the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecgscribe.formatting import format_both_times, format_time
from ecgscribe.record import LazyRecord, Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "MARGIN_MM",
    "MM_PER_MV",
    "MM_PER_S",
    "PULSE_MV",
    "PULSE_ROOM_S",
    "draw_clock",
    "draw_lines",
    "draw_pulse",
    "new_paper",
]


MM_PER_S, MM_PER_MV = 25.0, 10.0  # by default
MARGIN_MM = 14.0
PULSE_MV, PULSE_ROOM_S = 1.0, 0.3
"""Height of the calibration pulse, and the paper before a lead that it takes."""


def new_paper(width: float, height: float) -> Axes:
    """Make new axes of so many millimetres."""
    from ecgscribe.plots.shown import ShownAxes, ShownFigure

    whole = np.array([width + 2 * MARGIN_MM, height + 2 * MARGIN_MM])
    edge_x, edge_y = MARGIN_MM / whole
    figure = ShownFigure(figsize=tuple(whole / 25.4))
    place = (edge_x, edge_y, width / whole[0], height / whole[1])
    return figure.add_axes(place, axes_class=ShownAxes)


def draw_lines(
    ax: Axes, start: float, end: float, bottom: float, top: float, *, mm_per_mv: float
) -> None:
    """Draw the paper: lines every 1 mm, and stronger ones every 5 mm."""
    for step_mm, colour, width in ((1.0, "#F7DCDC", 0.4), (5.0, "#EBB5B5", 0.7)):
        step_x, step_y = step_mm / MM_PER_S, step_mm / mm_per_mv
        x = np.arange(np.ceil(start / step_x - 1e-6), end / step_x + 1e-6) * step_x
        y = np.arange(np.ceil(bottom / step_y - 1e-6), top / step_y + 1e-6) * step_y
        ax.vlines(x, bottom, top, color=colour, linewidth=width, zorder=1)
        ax.hlines(y, start, end, color=colour, linewidth=width, zorder=1)
    ax.set(xlim=(start, end), ylim=(bottom, top), yticks=[])
    ax.set_aspect(mm_per_mv / MM_PER_S)
    ax.tick_params(labelsize=7)
    for spine in ax.spines.values():
        spine.set_visible(False)


def draw_clock(ax: Axes, record: Record | LazyRecord, start: float, *, mm_per_mv: float) -> None:
    """Write which time the axis shows, and in the title both times of its start."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    ax.xaxis.set_major_locator(MultipleLocator(1.0))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: format_time(x, start=record.start, hours=True))
    )
    label = "time from the start (h:mm:ss)" if record.start is None else "time of day"
    ax.set_xlabel(label, fontsize=7)
    scale = f"{MM_PER_S:g} mm/s, {mm_per_mv:g} mm/mV"
    times = format_both_times(start, record.start)
    ax.set_title(f"{record.name}, {times}: {scale}", fontsize=9, loc="left")


def draw_pulse(ax: Axes, start: float, level: float) -> None:
    """Draw a calibration pulse before a lead."""
    x = start - PULSE_ROOM_S + np.array([0.02, 0.06, 0.06, 0.26, 0.26, 0.3])
    y = level + PULSE_MV * np.array([0, 0, 1, 1, 0, 0])
    ax.plot(x, y, color="black", linewidth=0.8, zorder=3)
