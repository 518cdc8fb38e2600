"""Pictures of recordings and of results; each function takes ``ax=None`` and returns its Axes.

Figures are made without pyplot, so no window opens and no figure stays in memory. No picture shows
anything by colour alone; see `ecgscribe.plots.style`.
"""

from __future__ import annotations

from ecgscribe.plots.overview import day, heart_rate, lorenz, timeline
from ecgscribe.plots.paper import strip
from ecgscribe.plots.results import confusion, pr_curve, reliability, training_curves
from ecgscribe.plots.saving import png, save
from ecgscribe.plots.style import CLASS_COLOURS, CLASS_MARKERS

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "confusion",
    "day",
    "heart_rate",
    "lorenz",
    "png",
    "pr_curve",
    "reliability",
    "save",
    "strip",
    "timeline",
    "training_curves",
]
