"""A strip of a recording on ECG paper, to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formatting import format_time
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.plots.style import CLASS_COLOURS
from ecgscribe.quality_annotations import spans
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["strip"]


Doubles = NDArray[np.float64]
_LONGEST_STRIP = 60.0  # s: 1.5 m of paper
_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_MARGIN_MM = 14.0
_BEFORE, _AFTER = 0.08, 0.12  # s around an R-peak that are drawn in the colour of its class


def strip(
    record: Record,
    annotation: Annotation | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a span of a recording on ECG paper, its beats coloured by AAMI class.

    Parameters
    ----------
    record : Record
        Its leads are drawn one below the other.
    annotation : Annotation, optional
        Beats, and a ``~`` wherever the quality of a lead changes: grey where it is lost, hatched
        where it is noisy.
    start, end : float
        Seconds from the start of the recording; `end` is 10 s after `start` if absent.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure is to scale: 25 mm/s and 10 mm/mV, with a line every 1 mm and a
        stronger one every 5 mm. Given axes keep the proportion.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    FormatError
        If there is no sample between `start` and `end`, or more than 60 s.
    """
    end = min(start + 10.0 if end is None else end, record.duration)
    if not 0 <= start < end:
        raise FormatError(
            f"plot of {record.name}: expected a start from 0 s to its end at "
            f"{record.duration:.1f} s and an end after it, found {start} to {end:.1f} s; "
            "choose a span inside the recording"
        )
    if end - start > _LONGEST_STRIP:
        raise FormatError(
            f"plot of {record.name}: expected at most {_LONGEST_STRIP:.0f} s of paper, "
            f"found {end - start:.1f} s; choose a shorter span"
        )
    first, last = int(start * record.fs), min(int(np.ceil(end * record.fs)), record.n_samples)
    time = np.arange(first, last) / record.fs
    millivolts, to_scale = _millivolts(record, first, last)
    offsets, bands = _stack(millivolts)
    bottom, top = bands[-1, 0] - 0.5, bands[0, 1] + 1.0
    if ax is None:
        ax = _paper(end - start, top - bottom)
    _grid(ax, start, end, bottom, top)
    for k, lead in enumerate(record.leads):
        ax.plot(time, millivolts[:, k] + offsets[k], color="black", linewidth=0.8, zorder=3)
        note = lead if to_scale[k] else f"{lead} (not to scale)"
        ax.text(start, bands[k, 1] + 0.05, f" {note}", fontsize=8, va="bottom", zorder=5)
    if annotation is not None:
        _mark_beats(ax, annotation, time, millivolts + offsets, level=top - 0.25)
        _shade(ax, annotation, record, bands)
    ax.set_title(f"{record.name}: 25 mm/s, 10 mm/mV", fontsize=9, loc="left")
    return ax


def _millivolts(record: Record, first: int, last: int) -> tuple[Doubles, list[bool]]:
    """Return a span in mV, centred; a lead in another unit is scaled to a height of 2 mV."""
    part = record.signal[first:last].astype(np.float64)
    to_scale = [unit.lower() in MILLIVOLTS for unit in record.units]
    for k, unit in enumerate(record.units):
        finite = part[np.isfinite(part[:, k]), k]
        if len(finite) == 0:
            continue
        factor = MILLIVOLTS.get(unit.lower())
        if factor is None:
            factor = 2.0 / (float(np.ptp(finite)) or 2.0)
        part[:, k] = (part[:, k] - np.median(finite)) * factor
    return np.clip(part, -5.0, 5.0), to_scale


def _stack(millivolts: Doubles) -> tuple[Doubles, Doubles]:
    """Return offsets in mV that separate the leads, and the lowest and highest level of each."""
    offsets = np.zeros(millivolts.shape[1])
    bands = np.zeros((millivolts.shape[1], 2))
    for k, lead in enumerate(millivolts.T):
        finite = lead[np.isfinite(lead)]
        low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
        low, high = np.floor(2 * min(low, -0.25)) / 2, np.ceil(2 * max(high, 0.25)) / 2
        offsets[k] = bands[k - 1, 0] - 0.5 - high if k else 0.0
        bands[k] = offsets[k] + low, offsets[k] + high
    return offsets, bands


def _paper(seconds: float, millivolts: float) -> Axes:
    """Make new axes whose size in millimetres is to scale."""
    width, height = seconds * _MM_PER_S, millivolts * _MM_PER_MV
    whole = np.array([width + 2 * _MARGIN_MM, height + 2 * _MARGIN_MM])
    edge_x, edge_y = _MARGIN_MM / whole
    from matplotlib.figure import Figure

    figure = Figure(figsize=tuple(whole / 25.4))
    return figure.add_axes((edge_x, edge_y, width / whole[0], height / whole[1]))


def _grid(ax: Axes, start: float, end: float, bottom: float, top: float) -> None:
    """Draw the paper: lines every 0.04 s and 0.1 mV, stronger ones every 0.2 s and 0.5 mV."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    for step_x, step_y, colour, width in (
        (0.04, 0.1, "#F7DCDC", 0.4),
        (0.2, 0.5, "#EBB5B5", 0.7),
    ):
        x = np.arange(np.ceil(start / step_x - 1e-6), end / step_x + 1e-6) * step_x
        y = np.arange(np.ceil(bottom / step_y - 1e-6), top / step_y + 1e-6) * step_y
        ax.vlines(x, bottom, top, color=colour, linewidth=width, zorder=1)
        ax.hlines(y, start, end, color=colour, linewidth=width, zorder=1)
    ax.set(xlim=(start, end), ylim=(bottom, top), yticks=[])
    ax.set_aspect(_MM_PER_MV / _MM_PER_S)
    ax.xaxis.set_major_locator(MultipleLocator(1.0))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: format_time(x)))
    ax.tick_params(labelsize=7)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _mark_beats(
    ax: Axes,
    annotation: Annotation,
    time: Doubles,
    stacked: Doubles,
    *,
    level: float,
) -> None:
    beats = annotation.beats()
    at = beats.sample / beats.fs
    for index, name in enumerate(AAMI_CLASSES):
        mine = at[(beats.class_index == index) & (at >= time[0]) & (at <= time[-1])]
        left = np.searchsorted(time, mine - _BEFORE)
        right = np.searchsorted(time, mine + _AFTER)
        near = np.zeros(len(time) + 1, dtype=np.int64)
        np.add.at(near, left, 1)
        np.add.at(near, right, -1)
        inside = np.cumsum(near[:-1]) > 0
        colour = CLASS_COLOURS[name]
        for lead in stacked.T:
            coloured = np.where(inside, lead, np.nan)
            ax.plot(time, coloured, color=colour, linewidth=1.3, zorder=4)
        for x in mine:
            ax.text(
                x,
                level,
                name,
                color=colour,
                fontsize=9,
                fontweight="bold",
                ha="center",
                va="center",
                zorder=5,
                clip_on=True,
            )


def _shade(ax: Axes, annotation: Annotation, record: Record, bands: Doubles) -> None:
    """Shade the leads where they are lost, and hatch them where they are noisy."""
    quality = spans(annotation, record.n_samples)
    edges = np.stack([quality.begin, quality.end], axis=1) / record.fs
    styles: list[tuple[NDArray[np.bool_], dict[str, Any]]] = [
        (quality.state.lost, {"color": "#999999", "alpha": 0.35}),
        (quality.state.noisy, {"facecolor": "none", "edgecolor": "#BBBBBB", "hatch": "//"}),
    ]
    for affected, style in styles:
        for edge, leads in zip(edges, affected, strict=True):
            for k, (low, high) in enumerate(bands):
                # A subtype describes two leads; further ones are drawn as these where both agree.
                if leads[k] if k < len(leads) else leads.all():
                    ax.fill_between(edge, low - 0.25, high + 0.25, linewidth=0, zorder=2, **style)
