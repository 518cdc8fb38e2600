"""The trend of the heart rate over a recording, and of V and S below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.measures import Measures
from ecgscribe.analysis.rr_intervals import mean_rate
from ecgscribe.plots.style import CLASS_COLOURS, GREY
from ecgscribe.record import LazyRecord
from ecgscribe.report.figures import plain, shade, time_axis
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["rate_trend", "trend_steps"]


_STEPS_S = ((600.0, 10.0, 60.0), (7200.0, 60.0, 300.0), (np.inf, 60.0, 3600.0))
_RANGE = "#BBDDF0"


def trend_steps(duration: float) -> tuple[float, float]:
    """Return the seconds of each mean of the rate, and of each bar of ectopy.

    Parameters
    ----------
    duration : float
        Length of the recording in seconds.

    Returns
    -------
    tuple of float
        A minute and an hour in a recording of two hours or more; less in a shorter one.
    """
    return next((rate, bar) for longest, rate, bar in _STEPS_S if duration < longest)


def rate_trend(
    measures: Measures, record: LazyRecord, *, ectopy: bool = True
) -> NDArray[np.object_]:
    """Draw the heart rate over the time of the recording, and bars of V and S below it.

    Parameters
    ----------
    measures : Measures
    record : LazyRecord
    ectopy : bool
        Whether to draw the bars.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (2,) or (1,)
        The heart rate, and the bars.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4 if ectopy else 2.4), layout="constrained")
    heights = (2, 1) if ectopy else (1,)
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    rate = axes[0]
    step, bar_s = trend_steps(record.duration)
    _draw_rate(rate, measures, record, step)
    if ectopy:
        _draw_bars(axes[1], measures, record, bar_s)
    shade(rate, measures.unreadable, measures.rhythms, record.fs)
    time_axis(axes[-1], record)
    for ax in axes:
        plain(ax)
    return np.asarray(axes)


def _draw_rate(ax: Axes, measures: Measures, record: LazyRecord, step: float) -> None:
    from matplotlib.ticker import MaxNLocator

    beats = measures.beats
    edges = np.arange(0.0, record.duration + step, step)
    part = np.searchsorted(edges, beats.time, side="right") - 1
    n = len(edges) - 1
    seconds = np.bincount(part, np.nan_to_num(beats.rr), minlength=n)[:n]
    counts = np.bincount(part[beats.has_rr], minlength=n)[:n]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(counts > 0, 60.0 * counts / seconds, np.nan)
    known = np.isfinite(measures.rates)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, part[known], measures.rates[known])
    np.maximum.at(high, part[known], measures.rates[known])
    empty = low > high
    low[empty] = high[empty] = np.nan
    middle = edges[:-1] + step / 2
    ax.fill_between(middle, low, high, color=_RANGE, linewidth=0, zorder=2)
    ax.plot(middle, mean, color=CLASS_COLOURS["N"], linewidth=1.2, zorder=3)
    if (overall := mean_rate(beats)) is not None:
        ax.axhline(overall, color=GREY, linewidth=0.6, linestyle=":", zorder=1)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_ylabel("heart rate (1/min)")


def _draw_bars(ax: Axes, measures: Measures, record: LazyRecord, step: float) -> None:
    from matplotlib.ticker import MaxNLocator

    beats = measures.beats
    edges = np.arange(0.0, record.duration + step, step)
    for k, name in enumerate(("V", "S")):
        of_class = beats.class_index == AAMI_CLASSES.index(name)
        counts = np.histogram(beats.time[of_class], edges)[0]
        ax.bar(
            edges[:-1] + (0.1 + 0.4 * k) * step,
            counts,
            0.4 * step,
            align="edge",
            color=CLASS_COLOURS[name],
            label=name,
        )
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_ylim(0, max(1.0, ax.get_ylim()[1]))
    ax.set_ylabel("V and S per h" if step == 3600 else f"V, S in {step / 60:g} min")
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper right", bbox_to_anchor=(1.0, 1.3))
