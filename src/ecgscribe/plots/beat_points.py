"""One point per beat, with the marker and the colour of its class, and the legend of them.

All is designed for a day of 100,000 beats: points are rasterised, so that a PDF or SVG stays
small, while axes and letters remain lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.plots.style import CLASS_COLOURS, CLASS_MARKERS
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FASTEST", "TITLE_PAD", "draw_points", "name_points"]


FASTEST = 250.0
"""Highest heart rate of a picture, in beats per minute."""
TITLE_PAD = 24.0
"""Points between axes and title: room for the legend."""
DOT_SIZE, MARKER_SIZE = 2.5, 14.0
Doubles = NDArray[np.float64]


def draw_points(ax: Axes, x: Doubles, y: Doubles, class_index: NDArray[np.int8]) -> None:
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


def name_points(ax: Axes, *, above: bool = False) -> None:
    """Name the markers, inside the axes or above them, where the names cannot hide a point."""
    if not ax.get_legend_handles_labels()[0]:
        return
    where: dict[str, Any] = {"loc": "upper right"}
    if above:
        where = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 5, "frameon": False}
    ax.legend(fontsize=9, markerscale=1.8, **where)
