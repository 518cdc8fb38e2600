"""A strip of a recording on ECG paper, to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries, beat_series
from ecgscribe.errors import FormatError
from ecgscribe.formatting import format_both_times, format_time
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.plots.style import CLASS_COLOURS, LETTER_COLOURS
from ecgscribe.quality_annotations import spans
from ecgscribe.record import Annotation, LazyRecord, Record, check_is_record
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_strip", "paper_height", "strip", "strip_rows"]


Doubles = NDArray[np.float64]
_LONGEST_STRIP = 60.0  # s: 1.5 m of paper
_MM_PER_S, _MM_PER_MV = 25.0, 10.0  # by default
_MARGIN_MM = 14.0
_ROW_S = 10.0  # of paper, where a span breaks into rows
_ROOM_MM, _BELOW_MM = 12.0, 2.0  # around the leads, and the part of it below them
_BETWEEN_MM = 3.0
_PULSE_MV, _PULSE_ROOM_S = 1.0, 0.3
_FAINT = "#4A4A4A"
_BEFORE, _AFTER = 0.08, 0.12  # s around an R-peak that are drawn in the colour of its class


def strip(
    record: Record,
    annotation: Annotation | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
    letters: bool = True,
    rr: bool = False,
    calibration: bool = False,
    mm_per_mv: float = _MM_PER_MV,
    ax: Axes | None = None,
) -> Axes:
    """Draw a span of a recording on ECG paper, its beats coloured by AAMI class.

    Parameters
    ----------
    record : Record
        Its leads are drawn one below the other.
    annotation : Annotation, optional
        Beats, and a ``~`` wherever the quality of a lead changes: grey where it is lost, hatched
        where it is noisy. Beats in noise have a grey letter in parentheses.
    start, end : float
        Seconds from the start of the recording; `end` is 10 s after `start` if absent.
    letters : bool
        Write the class of each beat above it.
    rr : bool
        Write the RR intervals in ms between the beats.
    calibration : bool
        Draw a pulse of 1 mV before each lead.
    mm_per_mv : float
        Height of 1 mV on the paper.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure is to scale: 25 mm/s and `mm_per_mv`, with a line every 1 mm
        and a stronger one every 5 mm. Given axes keep the proportion.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    FormatError
        If there is no sample between `start` and `end`, or more than 60 s.
    """
    end = check_strip(record, start, end)
    first, last = _samples(record, start, end)
    time = np.arange(first, last) / record.fs
    millivolts, to_scale = _millivolts(record, first, last)
    least_top = _PULSE_MV if calibration else 0.0
    offsets, bands = _stack(millivolts, between=_BETWEEN_MM / mm_per_mv, least_top=least_top)
    bottom = bands[-1, 0] - _BELOW_MM / mm_per_mv
    top = bands[0, 1] + (_ROOM_MM - _BELOW_MM) / mm_per_mv
    left = start - _PULSE_ROOM_S if calibration else start
    if ax is None:
        ax = _paper((end - left) * _MM_PER_S, (top - bottom) * mm_per_mv)
    _grid(ax, left, end, bottom, top, mm_per_mv=mm_per_mv)
    _clock(ax, record, start, mm_per_mv=mm_per_mv)
    for k, lead in enumerate(record.leads):
        ax.plot(time, millivolts[:, k] + offsets[k], color="black", linewidth=0.8, zorder=3)
        note = lead if to_scale[k] else f"{lead} (not to scale)"
        ax.text(start, bands[k, 1] + 0.5 / mm_per_mv, f" {note}", fontsize=8, va="bottom", zorder=5)
        if calibration and to_scale[k]:
            _pulse(ax, start, offsets[k])
    if annotation is not None:
        level = top - 2.5 / mm_per_mv
        beats = beat_series(annotation, record.n_samples)
        _mark_beats(
            ax, annotation, beats, time, millivolts + offsets, level=level if letters else None
        )
        if rr:
            _write_intervals(ax, beats, start, end, level=level)
            _write_rate(ax, beats, start, end)
        _shade(ax, annotation, record, bands)
    return ax


def check_strip(record: Record | LazyRecord, start: float, end: float | None = None) -> float:
    """Refuse a span that cannot be drawn.

    Parameters
    ----------
    record : Record or LazyRecord
    start, end : float
        As `strip` takes them.

    Returns
    -------
    float
        The end.

    Raises
    ------
    FormatError
        If there is no sample between `start` and `end`, or more than 60 s.
    """
    check_is_record(record)
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
    return end


def strip_rows(
    record: Record,
    annotation: Annotation | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
    letters: bool = True,
    rr: bool = False,
) -> NDArray[np.object_]:
    """Draw a span of a recording on ECG paper in rows of 10 s.

    Parameters
    ----------
    record, annotation, start, end, letters, rr
        As `strip` takes them; with `rr` the mean heart rate of each row is in its title.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (n_rows,)
        In one figure, to scale.

    Raises
    ------
    FormatError
        As `strip` raises it.
    """
    from ecgscribe.plots.shown import ShownFigure, shown_together

    end = check_strip(record, start, end)
    begins = np.arange(start, end - 1e-6, _ROW_S).tolist()
    edges = [(begin, min(begin + _ROW_S, end)) for begin in begins]
    heights = [paper_height(record, *edge) for edge in edges]
    width = min(_ROW_S, end - start) * _MM_PER_S + 2 * _MARGIN_MM
    whole = sum(height + 2 * _MARGIN_MM for height in heights)
    figure = ShownFigure(figsize=(width / 25.4, whole / 25.4))
    top, axes = whole, []
    for (begin, stop), paper in zip(edges, heights, strict=True):
        ax = figure.add_axes(
            (
                _MARGIN_MM / width,
                (top - _MARGIN_MM - paper) / whole,
                (stop - begin) * _MM_PER_S / width,
                paper / whole,
            )
        )
        strip(record, annotation, start=begin, end=stop, letters=letters, rr=rr, ax=ax)
        top -= paper + 2 * _MARGIN_MM
        axes.append(ax)
    return shown_together(axes)


def paper_height(
    record: Record,
    start: float,
    end: float,
    *,
    calibration: bool = False,
    mm_per_mv: float = _MM_PER_MV,
) -> float:
    """Return how high the paper of a strip is.

    Parameters
    ----------
    record, start, end, calibration, mm_per_mv
        As `strip` takes them.

    Returns
    -------
    float
        Millimetres, without the margins.
    """
    first, last = _samples(record, start, end)
    _, bands = _stack(
        _millivolts(record, first, last)[0],
        between=_BETWEEN_MM / mm_per_mv,
        least_top=_PULSE_MV if calibration else 0.0,
    )
    return float(bands[0, 1] - bands[-1, 0]) * mm_per_mv + _ROOM_MM


def _samples(record: Record, start: float, end: float) -> tuple[int, int]:
    return int(start * record.fs), min(int(np.ceil(end * record.fs)), record.n_samples)


def _clock(ax: Axes, record: Record, start: float, *, mm_per_mv: float) -> None:
    """Write which time the axis shows, and in the title both times of its start."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    ax.xaxis.set_major_locator(MultipleLocator(1.0))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: format_time(x, start=record.start, hours=True))
    )
    label = "time from the start (h:mm:ss)" if record.start is None else "time of day"
    ax.set_xlabel(label, fontsize=7)
    scale = f"{_MM_PER_S:g} mm/s, {mm_per_mv:g} mm/mV"
    times = format_both_times(start, record.start)
    ax.set_title(f"{record.name}, {times}: {scale}", fontsize=9, loc="left")


def _pulse(ax: Axes, start: float, level: float) -> None:
    """Draw a calibration pulse before a lead."""
    x = start - _PULSE_ROOM_S + np.array([0.02, 0.06, 0.06, 0.26, 0.26, 0.3])
    y = level + _PULSE_MV * np.array([0, 0, 1, 1, 0, 0])
    ax.plot(x, y, color="black", linewidth=0.8, zorder=3)


def _write_intervals(
    ax: Axes, beats: BeatSeries, start: float, end: float, *, level: float
) -> None:
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


def _stack(
    millivolts: Doubles, *, between: float, least_top: float = 0.0
) -> tuple[Doubles, Doubles]:
    """Return offsets in mV that separate the leads, and the lowest and highest level of each."""
    offsets = np.zeros(millivolts.shape[1])
    bands = np.zeros((millivolts.shape[1], 2))
    for k, lead in enumerate(millivolts.T):
        finite = lead[np.isfinite(lead)]
        low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
        low = np.floor(10 * min(low, -0.25)) / 10
        high = np.ceil(10 * max(high, 0.25, least_top)) / 10
        offsets[k] = bands[k - 1, 0] - between - high if k else 0.0
        bands[k] = offsets[k] + low, offsets[k] + high
    return offsets, bands


def _paper(width: float, height: float) -> Axes:
    """Make new axes of so many millimetres."""
    whole = np.array([width + 2 * _MARGIN_MM, height + 2 * _MARGIN_MM])
    edge_x, edge_y = _MARGIN_MM / whole
    from ecgscribe.plots.shown import ShownAxes, ShownFigure

    figure = ShownFigure(figsize=tuple(whole / 25.4))
    place = (edge_x, edge_y, width / whole[0], height / whole[1])
    return figure.add_axes(place, axes_class=ShownAxes)


def _grid(
    ax: Axes, start: float, end: float, bottom: float, top: float, *, mm_per_mv: float
) -> None:
    """Draw the paper: lines every 1 mm, and stronger ones every 5 mm."""
    for step_mm, colour, width in ((1.0, "#F7DCDC", 0.4), (5.0, "#EBB5B5", 0.7)):
        step_x, step_y = step_mm / _MM_PER_S, step_mm / mm_per_mv
        x = np.arange(np.ceil(start / step_x - 1e-6), end / step_x + 1e-6) * step_x
        y = np.arange(np.ceil(bottom / step_y - 1e-6), top / step_y + 1e-6) * step_y
        ax.vlines(x, bottom, top, color=colour, linewidth=width, zorder=1)
        ax.hlines(y, start, end, color=colour, linewidth=width, zorder=1)
    ax.set(xlim=(start, end), ylim=(bottom, top), yticks=[])
    ax.set_aspect(mm_per_mv / _MM_PER_S)
    ax.tick_params(labelsize=7)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _write_rate(ax: Axes, beats: BeatSeries, start: float, end: float) -> None:
    """Add the mean heart rate of the paper to its title."""
    inside = beats.has_rr & (beats.time < end)
    inside[1:] &= beats.time[:-1] >= start
    if inside.any():
        rate = f"{60.0 / beats.rr[inside].mean():.0f}/min"
        ax.set_title(f"{ax.get_title(loc='left')}, {rate}", fontsize=9, loc="left")


def _mark_beats(
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


def _shade(ax: Axes, annotation: Annotation, record: Record, bands: Doubles) -> None:
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
