"""What an annotation adds to a strip: colours and letters of beats, RR intervals, quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series
from ecgscribe.plots.style import CLASS_COLOURS, LETTER_COLOURS
from ecgscribe.quality_annotations import spans
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["mark_beats", "shade_quality", "write_intervals", "write_rate"]


Doubles = NDArray[np.float64]
_FAINT = "#4A4A4A"
_BEFORE, _AFTER = 0.08, 0.12  # s around an R-peak that are drawn in the colour of its class


def mark_beats(
    ax: Axes,
    annotation: Annotation,
    readable: BeatSeries,
    time: Doubles,
    stacked: Doubles,
    *,
    level: float | None,
) -> None:
    """Colour the readable beats, and write the classes of all at a level if there is one."""
    at, class_index = annotation.sample / annotation.fs, annotation.class_index
    shown = np.zeros(len(annotation), dtype=np.bool_)
    shown[readable.index] = True
    inside = (at >= time[0]) & (at <= time[-1])
    for index, name in enumerate(AAMI_CLASSES):
        mine = inside & (class_index == index)
        _colour(ax, time, stacked, at[mine & shown], CLASS_COLOURS[name])
        if level is None:
            continue
        for x, counts in zip(at[mine].tolist(), shown[mine].tolist(), strict=True):
            ax.text(
                x,
                level,
                name if counts else f"({name})",
                color=LETTER_COLOURS[name] if counts else _FAINT,
                fontsize=9,
                fontweight="bold" if counts else "normal",
                ha="center",
                va="center",
                zorder=5,
                clip_on=True,
            )


def _colour(ax: Axes, time: Doubles, stacked: Doubles, r_peaks: Doubles, colour: str) -> None:
    """Draw the signal around R-peaks in a colour."""
    near = np.zeros(len(time) + 1, dtype=np.int64)
    np.add.at(near, np.searchsorted(time, r_peaks - _BEFORE), 1)
    np.add.at(near, np.searchsorted(time, r_peaks + _AFTER), -1)
    inside = np.cumsum(near[:-1]) > 0
    if not inside.any():
        return
    for lead in stacked.T:
        ax.plot(time, np.where(inside, lead, np.nan), color=colour, linewidth=1.3, zorder=4)


def write_intervals(ax: Axes, beats: BeatSeries, start: float, end: float, *, level: float) -> None:
    """Write each RR interval that counts between its beats, where both are on the paper."""
    for k in np.flatnonzero(beats.has_rr).tolist():
        before, after = float(beats.time[k - 1]), float(beats.time[k])
        if start <= before and after < end:
            ax.text(
                (before + after) / 2,
                level,
                f"{1000 * beats.rr[k]:.0f}",
                color=_FAINT,
                fontsize=6,
                ha="center",
                va="center",
                zorder=5,
                clip_on=True,
            )


def write_rate(ax: Axes, beats: BeatSeries, start: float, end: float) -> None:
    """Add the mean heart rate of the paper to its title."""
    inside = beats.has_rr & (beats.time < end)
    inside[1:] &= beats.time[:-1] >= start
    if inside.any():
        rate = f"{60.0 / beats.rr[inside].mean():.0f}/min"
        ax.set_title(f"{ax.get_title(loc='left')}, {rate}", fontsize=9, loc="left")


def shade_quality(
    ax: Axes, annotation: Annotation, record: Record | LazyRecord, bands: Doubles
) -> None:
    """Shade the leads where they are lost, and hatch them where they are noisy."""
    quality = spans(annotation, record.n_samples)
    edges = np.stack([quality.begin, quality.end], axis=1) / record.fs
    r_peaks = beat_series(annotation, record.n_samples).time
    styles: list[tuple[NDArray[np.bool_], dict[str, Any]]] = [
        (quality.state.lost, {"color": "#999999", "alpha": 0.35}),
        (quality.state.noisy, {"facecolor": "none", "edgecolor": "#BBBBBB", "hatch": "//"}),
    ]
    for affected, style in styles:
        for (begin, end), leads in zip(edges, affected, strict=True):
            edge = _beside_beats(begin, end, r_peaks)
            for k, (low, high) in enumerate(bands):
                # A subtype describes two leads; further ones are drawn as these where both agree.
                if leads[k] if k < len(leads) else leads.all():
                    ax.fill_between(edge, low - 0.25, high + 0.25, linewidth=0, zorder=2, **style)


def _beside_beats(begin: float, end: float, r_peaks: Doubles) -> tuple[float, float]:
    """Shorten a span at its edges, so that it does not cover the QRS of a readable beat there.

    Quality is known by the second: the first or last of them may hold part of a clean beat.
    """
    before = r_peaks[(r_peaks <= begin) & (r_peaks + _AFTER > begin)]
    after = r_peaks[(r_peaks >= end) & (r_peaks - _BEFORE < end)]
    begin = float(before[-1]) + _AFTER if len(before) else begin
    return begin, max(begin, float(after[0]) - _BEFORE if len(after) else end)
