"""An explanation as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.text import describe_rhythm
from ecgscribe.formatting import format_both_times
from ecgscribe.plots.strips import strip
from ecgscribe.plots.style import GREY
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ecgscribe.explanation.result import Explanation, FeatureEffect, SpanEffect

__all__ = ["draw"]


AROUND_S = 1.2
"""Seconds of signal on each side of the R-peak, or more, up to the beats before and after it."""
FARTHEST_S = 3.0
BESIDE_S = 0.3
"""Seconds of signal beyond those beats, and seconds beyond which they are not shown."""
FOR, AGAINST = "#D55E00", "#56B4E9"
LEAST_SCALE = 0.1
"""Smallest range of an axis of changes, so that a beat whose class depends on nothing looks so."""
DARKEST = 0.6
"""Opacity of the span with the largest change."""
IF_REPLACED: dict[str | None, str] = {
    "typical": "if the signal were that\nof the typical beat here",
    "linear": "if the signal were\na straight line here",
}
KEY = (
    "Orange: the probability would fall, so this part speaks for the class. Blue and hatched: it "
    "would rise, so this part speaks\nagainst it. Evidence from the waveform is what the network "
    "sees in the signal around the beat before it compares beats."
)
PACED_TITLE = "paced: the model was not trained on paced beats, so the class is unreliable"
LEAD_MARKERS = ("^", "v")


def draw(explanation: Explanation, record: Record | LazyRecord) -> NDArray[np.object_]:
    """Draw the beat on paper, shaded by influence, and the effects of spans and features.

    Parameters
    ----------
    explanation : Explanation
        Of a beat.
    record : Record or LazyRecord
        Its recording.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (3,)
        The strip; below it the change of the probability of the predicted class when each span is
        replaced; and the change when each group of features is typical. Darker spans on the strip
        matter more. If replacing a part lowers the probability, the part spoke for the class and
        is orange; if it raises the probability, the part spoke against it and is blue and hatched.
        Without features, shape (2,). If the rhythm decided the class, the strip alone, shape (1,),
        with the rhythm in its title. A triangle below the strip points to the beat; the beats
        before and after it are shown, too, with their classes and RR intervals.
    """
    from ecgscribe.plots.shown import ShownFigure, shown_together

    e = explanation
    if e.rhythm is not None:
        figure = ShownFigure(figsize=(8.0, 3.4), layout="constrained")
        ax = figure.subplots()
        _strip(ax, e, record, reason=describe_rhythm(e.rhythm))
        return shown_together([ax])
    figure = ShownFigure(figsize=(8.0, 7.8 if e.features else 5.8), layout="constrained")
    figure.supxlabel(KEY, fontsize=8, x=0.01, ha="left")
    rows = (
        figure.subplots(3, 1, height_ratios=(3.2, 1.4, 2.4))
        if e.features
        else figure.subplots(2, 1)
    )
    paper, below, *rest = rows
    change = f"change of the probability\nof {e.aami_class}"
    _strip(paper, e, record)
    _shade(paper, e, _limit(e, e.short_spans()))
    _draw_spans(below, e, _limit(e, e.spans))
    below.set(xlim=paper.get_xlim(), ylabel=f"{change} {IF_REPLACED[e.replacement]}")
    if rest:
        _draw_features(rest[0], e, _limit(e, e.features))
        rest[0].set_xlabel(
            f"change of the probability of {e.aami_class} if these features were typical"
        )
    for ax in (below, *rest):
        ax.tick_params(labelsize=8)
        ax.xaxis.label.set_size(9)
        ax.yaxis.label.set_size(9)
    return shown_together(rows)


def _strip(ax: Axes, e: Explanation, record: Record | LazyRecord, *, reason: str = "") -> None:
    times = [beat.time for beat in e.nearby]
    first = max(min([e.time - AROUND_S, *(t - BESIDE_S for t in times)]), e.time - FARTHEST_S)
    last = min(max([e.time + AROUND_S, *(t + BESIDE_S for t in times)]), e.time + FARTHEST_S)
    beats = Annotation(
        sample=np.array([beat.sample for beat in e.nearby], dtype=np.int64),
        symbol=np.array([beat.aami_class for beat in e.nearby], dtype="U1"),
        fs=record.fs,
    )
    strip(record, beats, start=max(first, 0.0), end=min(last, record.duration), rr=True, ax=ax)
    ax.set_aspect("auto")
    ax.axvline(e.time, color=GREY, linewidth=0.8, linestyle=":")
    bottom = ax.get_ylim()[0]
    ax.plot(e.time, bottom, marker="^", color="black", markersize=9, clip_on=False, zorder=6)
    p = e.probability[AAMI_CLASSES.index(e.aami_class)]
    notes = [note for note in (reason, PACED_TITLE if e.paced else "") if note]
    title = f"{e.record}, {format_both_times(e.time, e.start)}: {e.aami_class}, probability {p:.2f}"
    ax.set_title(
        "\n".join([f"{title}; squares of 0.2 s and 0.5 mV", *notes]), fontsize=10, loc="left"
    )


def _limit(e: Explanation, effects: Sequence[SpanEffect | FeatureEffect]) -> float:
    """Return the largest change, for the range of an axis."""
    return max([LEAST_SCALE, *(abs(e.change(effect)) for effect in effects)])


def _shade(ax: Axes, e: Explanation, limit: float) -> None:
    low, high = ax.get_ylim()
    for span in e.short_spans():
        change = e.change(span)
        ax.fill_between(
            [e.time + span.begin, e.time + span.end],
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


def _draw_spans(ax: Axes, e: Explanation, limit: float) -> None:
    for span in e.short_spans():
        change = e.change(span)
        width = span.end - span.begin
        ax.bar(e.time + span.begin, change, 0.9 * width, align="edge", **_style(change))
    for k, span in enumerate(e.broad_spans()):
        ax.plot(
            [e.time + span.begin, e.time + span.end],
            2 * [e.change(span)],
            color="black",
            linewidth=1.2,
            marker="|",
            label=None if k else "this whole span",
        )
    if len(e.leads) > 1:
        for lead, marker in zip(e.leads, LEAD_MARKERS, strict=False):
            single = [s for s in e.spans if s.leads == (lead,)]
            x = [e.time + (s.begin + s.end) / 2 for s in single]
            ax.plot(
                x,
                [e.change(s) for s in single],
                linestyle="none",
                marker=marker,
                color="black",
                markersize=5,
                label=f"in {lead} only",
            )
    ax.legend(fontsize=8, loc="upper right")
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(e.time, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(-1.1 * limit, 1.1 * limit)
    at = np.arange(-400, 401, 200)
    ax.set_xticks(e.time + at / 1000, [str(t) for t in at])
    ax.set_xlabel("ms from the R-peak")


def _draw_features(ax: Axes, e: Explanation, limit: float) -> None:
    for k, effect in enumerate(e.features):
        change = e.change(effect)
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
    ax.set_yticks(range(len(e.features)), [effect.name for effect in e.features])
    ax.set(ylim=(len(e.features) - 0.4, -0.6), xlim=(-1.25 * limit, 1.25 * limit))
