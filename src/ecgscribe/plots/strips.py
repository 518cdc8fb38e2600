"""A strip of a recording on ECG paper, to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.errors import FormatError
from ecgscribe.plots.paper import (
    MARGIN_MM,
    MM_PER_MV,
    MM_PER_S,
    PULSE_MV,
    PULSE_ROOM_S,
    draw_clock,
    draw_lines,
    draw_pulse,
    new_paper,
)
from ecgscribe.plots.stacked_leads import in_millivolts, stack
from ecgscribe.plots.strip_marks import mark_beats, shade_quality, write_intervals, write_rate
from ecgscribe.record import Annotation, LazyRecord, Record, check_is_record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_strip", "paper_height", "strip", "strip_rows"]


_LONGEST_STRIP = 60.0  # s: 1.5 m of paper
_ROW_S = 10.0  # of paper, where a span breaks into rows
_ROOM_MM, _BELOW_MM = 12.0, 2.0  # around the leads, and the part of it below them
_BETWEEN_MM = 3.0


def strip(
    record: Record | LazyRecord,
    annotation: Annotation | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
    letters: bool = True,
    rr: bool = False,
    calibration: bool = False,
    mm_per_mv: float = MM_PER_MV,
    ax: Axes | None = None,
) -> Axes:
    """Draw a span of a recording on ECG paper, its beats coloured by AAMI class.

    Parameters
    ----------
    record : Record or LazyRecord
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
    millivolts, to_scale = in_millivolts(record, first, last)
    least_top = PULSE_MV if calibration else 0.0
    offsets, bands = stack(millivolts, between=_BETWEEN_MM / mm_per_mv, least_top=least_top)
    bottom = bands[-1, 0] - _BELOW_MM / mm_per_mv
    top = bands[0, 1] + (_ROOM_MM - _BELOW_MM) / mm_per_mv
    left = start - PULSE_ROOM_S if calibration else start
    if ax is None:
        ax = new_paper((end - left) * MM_PER_S, (top - bottom) * mm_per_mv)
    draw_lines(ax, left, end, bottom, top, mm_per_mv=mm_per_mv)
    draw_clock(ax, record, start, mm_per_mv=mm_per_mv)
    for k, lead in enumerate(record.leads):
        ax.plot(time, millivolts[:, k] + offsets[k], color="black", linewidth=0.8, zorder=3)
        note = lead if to_scale[k] else f"{lead} (not to scale)"
        ax.text(start, bands[k, 1] + 0.5 / mm_per_mv, f" {note}", fontsize=8, va="bottom", zorder=5)
        if calibration and to_scale[k]:
            draw_pulse(ax, start, offsets[k])
    if annotation is not None:
        level = top - 2.5 / mm_per_mv
        beats = beat_series(annotation, record.n_samples)
        mark_beats(
            ax, annotation, beats, time, millivolts + offsets, level=level if letters else None
        )
        if rr:
            write_intervals(ax, beats, start, end, level=level)
            write_rate(ax, beats, start, end)
        shade_quality(ax, annotation, record, bands)
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
    record: Record | LazyRecord,
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
    width = min(_ROW_S, end - start) * MM_PER_S + 2 * MARGIN_MM
    whole = sum(height + 2 * MARGIN_MM for height in heights)
    figure = ShownFigure(figsize=(width / 25.4, whole / 25.4))
    top, axes = whole, []
    for (begin, stop), paper in zip(edges, heights, strict=True):
        ax = figure.add_axes(
            (
                MARGIN_MM / width,
                (top - MARGIN_MM - paper) / whole,
                (stop - begin) * MM_PER_S / width,
                paper / whole,
            )
        )
        strip(record, annotation, start=begin, end=stop, letters=letters, rr=rr, ax=ax)
        top -= paper + 2 * MARGIN_MM
        axes.append(ax)
    return shown_together(axes)


def paper_height(
    record: Record | LazyRecord,
    start: float,
    end: float,
    *,
    calibration: bool = False,
    mm_per_mv: float = MM_PER_MV,
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
    _, bands = stack(
        in_millivolts(record, first, last)[0],
        between=_BETWEEN_MM / mm_per_mv,
        least_top=PULSE_MV if calibration else 0.0,
    )
    return float(bands[0, 1] - bands[-1, 0]) * mm_per_mv + _ROOM_MM


def _samples(record: Record | LazyRecord, start: float, end: float) -> tuple[int, int]:
    return int(start * record.fs), min(int(np.ceil(end * record.fs)), record.n_samples)
