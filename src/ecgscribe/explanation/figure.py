"""An explanation as a picture. Public through `ecgscribe.explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.formatting import format_time
from ecgscribe.plots.paper import strip
from ecgscribe.plots.style import GREY
from ecgscribe.record import Record
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ecgscribe.explanation.result import Explanation, Fact, Stretch

__all__ = ["draw"]


AROUND_S = 1.2
FOR, AGAINST = "#D55E00", "#56B4E9"
LEAST_SCALE = 0.1
"""Change of the probability that fills an axis where nothing changes it by more: a picture of a
beat that nothing moves shows just that."""
DARKEST = 0.6
"""Opacity of the stretch that changes the probability most."""
AWAY = {"line": "with a line here", "usual": "with the usual here"}
LEAD_MARKERS = ("^", "v")


def draw(explanation: Explanation, record: Record) -> NDArray[np.object_]:
    """Draw the beat on paper shaded by influence, and the influence of stretches and facts.

    Parameters
    ----------
    explanation : Explanation
        Of a beat.
    record : Record
        The recording it belongs to.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (3,)
        The strip, the change without each stretch below it, and that with each group of facts as
        usual. The darker a stretch is on the strip, the more it matters. Where the probability of
        the told class falls without a part, the part spoke for it and is orange; where it rises,
        the part spoke against it and is blue and hatched.
    """
    from matplotlib.figure import Figure

    e = explanation
    figure = Figure(figsize=(8.0, 7.2 if e.features else 5.2), layout="constrained")
    rows = (
        figure.subplots(3, 1, height_ratios=(3.2, 1.4, 2.4))
        if e.features
        else figure.subplots(2, 1)
    )
    paper, below, *rest = rows
    told = f"P({e.aami_class})"
    _strip(paper, e, record)
    _shade(paper, e, _limit(e, e.short()))
    _of_stretches(below, e, _limit(e, e.stretches))
    below.set(xlim=paper.get_xlim(), ylabel=f"change of {told}\n{AWAY[e.fill]}")
    if rest:
        _of_facts(rest[0], e, _limit(e, e.features))
        rest[0].set_xlabel(f"change of {told} with this as usual")
    for ax in (below, *rest):
        ax.tick_params(labelsize=8)
        ax.xaxis.label.set_size(9)
        ax.yaxis.label.set_size(9)
    return np.array(rows, dtype=object)


def _strip(ax: Axes, e: Explanation, record: Record) -> None:
    start, end = max(e.time - AROUND_S, 0.0), min(e.time + AROUND_S, record.duration)
    strip(record, start=start, end=end, ax=ax)
    ax.set_aspect("auto")
    p = e.probability[AAMI_CLASSES.index(e.aami_class)]
    ax.set_title(
        f"{e.record} at {format_time(e.time)}: {e.aami_class}, P({e.aami_class}) = {p:.2f}; "
        "squares of 0.2 s and 0.5 mV",
        fontsize=10,
        loc="left",
    )


def _limit(e: Explanation, parts: Sequence[Stretch | Fact]) -> float:
    """Give the largest change that parts make, for the scale of an axis."""
    return max([LEAST_SCALE, *(abs(e.change(part)) for part in parts)])


def _shade(ax: Axes, e: Explanation, limit: float) -> None:
    low, high = ax.get_ylim()
    for stretch in e.short():
        change = e.change(stretch)
        ax.fill_between(
            [e.time + stretch.begin, e.time + stretch.end],
            low,
            high,
            zorder=2,
            linewidth=0,
            **_style(change, alpha=DARKEST * abs(change) / limit),
        )


def _style(change: float, *, alpha: float = 1.0) -> dict[str, Any]:
    if change <= 0:
        return {"color": FOR, "alpha": alpha}
    return {"facecolor": AGAINST, "edgecolor": "white", "hatch": "///", "alpha": alpha}


def _of_stretches(ax: Axes, e: Explanation, limit: float) -> None:
    for stretch in e.short():
        change = e.change(stretch)
        width = stretch.end - stretch.begin
        ax.bar(e.time + stretch.begin, change, 0.9 * width, align="edge", **_style(change))
    for k, stretch in enumerate(e.broad()):
        ax.plot(
            [e.time + stretch.begin, e.time + stretch.end],
            2 * [e.change(stretch)],
            color="black",
            linewidth=1.2,
            marker="|",
            label=None if k else "all of this",
        )
    if len(e.leads) > 1:
        for lead, marker in zip(e.leads, LEAD_MARKERS, strict=False):
            alone = [s for s in e.stretches if s.leads == (lead,)]
            x = [e.time + (s.begin + s.end) / 2 for s in alone]
            ax.plot(
                x,
                [e.change(s) for s in alone],
                linestyle="none",
                marker=marker,
                color="black",
                markersize=5,
                label=f"in {lead} alone",
            )
    ax.legend(fontsize=8, loc="upper right")
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(e.time, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(-1.1 * limit, 1.1 * limit)
    at = np.arange(-400, 401, 200)
    ax.set_xticks(e.time + at / 1000, [str(t) for t in at])
    ax.set_xlabel("ms from the R-peak")


def _of_facts(ax: Axes, e: Explanation, limit: float) -> None:
    for k, fact in enumerate(e.features):
        change = e.change(fact)
        ax.barh(k, change, 0.7, **_style(change))
        ax.annotate(
            f"{change:+.2f}" if abs(change) >= 0.005 else "0",
            (change, k),
            xytext=(3 if change > 0 else -3, 0),
            textcoords="offset points",
            ha="left" if change > 0 else "right",
            va="center",
            fontsize=8,
        )
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_yticks(range(len(e.features)), [fact.name for fact in e.features])
    ax.set(ylim=(len(e.features) - 0.4, -0.6), xlim=(-1.25 * limit, 1.25 * limit))
