"""Pictures of recordings and of results; each function takes ``ax=None`` and returns its Axes.

Figures are made without pyplot, so no window opens and no figure stays in memory; a notebook shows
them without a magic. No picture shows anything by colour alone; see `ecgscribe.plots.style`.
"""

from __future__ import annotations

from ecgscribe.plots.hour_lines import day
from ecgscribe.plots.overview import heart_rate, lorenz, timeline
from ecgscribe.plots.results import confusion, pr_curve, reliability, training_curves
from ecgscribe.plots.saving import check_picture, png, save
from ecgscribe.plots.strips import check_strip, strip, strip_rows
from ecgscribe.plots.style import CLASS_COLOURS, CLASS_MARKERS

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "check_picture",
    "check_strip",
    "confusion",
    "day",
    "heart_rate",
    "lorenz",
    "png",
    "pr_curve",
    "reliability",
    "save",
    "strip",
    "strip_rows",
    "timeline",
    "training_curves",
]
