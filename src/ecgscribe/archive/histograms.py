"""Pictures of how a figure is distributed over the recordings of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.plots.style import CLASS_COLOURS, new_axes
from ecgscribe.report.figures import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["histogram"]

_SIZE = (7.2, 1.9)  # inches
_BINS = 50


def histogram(values: NDArray[np.float64], label: str, *, rare: bool = False) -> Axes:
    """Draw how many recordings have each value.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least one.
    label : str
        What they are, with the unit.
    rare : bool
        Count on a logarithmic axis, where what matters is rare.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

    ax = new_axes(_SIZE)
    ax.hist(values, bins=min(_BINS, max(len(values), 5)), color=CLASS_COLOURS["N"], log=rare)
    ax.set(xlabel=label, ylabel="recordings")
    if rare:
        ax.set_ylim(bottom=0.5)  # so that one recording is seen
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return plain(ax)
