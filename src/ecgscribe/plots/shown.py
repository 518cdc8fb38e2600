"""Figures and axes that a notebook shows where a cell ends with them, without a magic."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ecgscribe.plots.saving import png

__all__ = ["ShownAxes", "ShownFigure", "shown_together"]


DPI = 80
"""Dots per inch in a notebook, about those of a screen."""


class ShownAxes(Axes):
    """Axes that show their whole figure."""

    def _repr_png_(self) -> bytes:
        return png(self, dpi=DPI)


class ShownFigure(Figure):
    """A figure, without pyplot."""

    def _repr_png_(self) -> bytes:
        return png(self.axes[0], dpi=DPI)


class _ShownTogether(np.ndarray[tuple[int, ...], np.dtype[np.object_]]):
    def _repr_png_(self) -> bytes:
        return png(self.tolist()[0], dpi=DPI)


def shown_together(axes: Iterable[Axes]) -> NDArray[np.object_]:
    """Return an array of axes of one figure, which shows that figure.

    Parameters
    ----------
    axes : iterable of matplotlib.axes.Axes
        At least one.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    return np.array(list(axes), dtype=object).view(_ShownTogether)
