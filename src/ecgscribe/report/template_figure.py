"""The picture of the templates: the median beat of each in a panel of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import AFTER_S, BEFORE_S, Shape
from ecgscribe.analysis.templates import Template
from ecgscribe.plots.style import CLASS_COLOURS, GREY
from ecgscribe.report.sections.shapes import template_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["template_panels"]


_COLUMNS = 4
_WIDTH, _ROW = 7.2, 1.5  # inches


def template_panels(
    shapes: Sequence[Shape], templates: Sequence[Sequence[Template]], leads: Sequence[str]
) -> NDArray[np.object_]:
    """Draw each template, all on one scale, the leads one below the other.

    Parameters
    ----------
    shapes : sequence of Shape
    templates : sequence of sequence of Template
        Of each shape; at least one in all.
    leads : sequence of str
        Leads of the templates.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (n,)
        One per template.
    """
    from matplotlib.figure import Figure

    drawn = [
        (shape, template_name(shape.class_name, k), template)
        for shape, own in zip(shapes, templates, strict=True)
        for k, template in enumerate(own)
    ]
    rows = -(-len(drawn) // _COLUMNS)
    figure = Figure(figsize=(_WIDTH, _ROW * rows + 0.2), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    medians = np.stack([template.median for _, _, template in drawn])
    # Each lead below the one before, by the room that its highest and lowest templates need.
    high, low = medians.max(axis=(0, 1)), medians.min(axis=(0, 1))
    levels = np.append(0.0, np.cumsum(low[:-1] - high[1:] - 0.2))
    time = 1000.0 * np.linspace(-BEFORE_S, AFTER_S, medians.shape[1], endpoint=False)
    for panel, (shape, name, template) in zip(panels, drawn, strict=False):
        colour = CLASS_COLOURS[shape.class_name]
        panel.plot(time, template.median + levels, color=colour, linewidth=1.4)
        panel.set_title(
            f"{name}: {template.count:,} of {len(shape.beats):,}", fontsize=8, loc="left"
        )
        _plain(panel)
    for lead, level in zip(leads, levels, strict=True):
        text = lead.replace("$", r"\$")
        panels[0].text(time[0], level + 0.1, text, fontsize=7, color=GREY, va="bottom")
    for panel in panels[len(drawn) :]:
        panel.set_axis_off()
    figure.supxlabel("time from the R-peak (ms)", fontsize=8)
    return np.asarray(panels[: len(drawn)])


def _plain(panel: Axes) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.tick_params(labelsize=7, labelbottom=True)
    panel.axvline(0, color=GREY, linewidth=0.5, linestyle=":")
