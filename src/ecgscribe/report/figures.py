"""Pictures of a report: RR histogram, tachogram, overlaid beats, a strip without its margins."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe import plots
from ecgscribe.analysis.morphology import AFTER_S, BEFORE_S, Shape
from ecgscribe.analysis.rhythm_episodes import RhythmEpisode
from ecgscribe.analysis.rr_histogram import RRHistogram
from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.formatting import format_time
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.plots.recording_shades import RHYTHM_SHADES, UNREADABLE
from ecgscribe.plots.saving import figure_of, picture
from ecgscribe.plots.style import new_axes
from ecgscribe.quality_annotations import excerpt
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.paper_rows import Row, row_samples, shown_leads
from ecgscribe.report.strips import Mark, Strip
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "beat_overlay",
    "of_recording",
    "paper_strip",
    "plain",
    "rr_histogram",
    "shade",
    "tachogram",
    "time_axis",
]


_WIDTH, _HEIGHT = 7.2, 2.4  # inches
_LONGEST_RR = 2.5  # s that the axes reach to
_FAINT = 25  # single beats drawn behind the median one
_GREY = "#777777"
_EDGE_IN = 0.21  # inches of margin that a strip keeps, for its times


def rr_histogram(histogram: RRHistogram, *, ax: Axes | None = None) -> Axes:
    """Draw a histogram of RR intervals, those from N to N apart from the others.

    Parameters
    ----------
    histogram : RRHistogram
        What is longer than 2.5 s is drawn at 2.5 s.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((_WIDTH, _HEIGHT)) if ax is None else ax
    bin_ms, longest = histogram.bin_ms, round(1000.0 * _LONGEST_RR)
    begin = np.minimum(histogram.edges_ms[:-1], longest // bin_ms * bin_ms)
    ax.hist(
        [begin, begin],
        weights=[histogram.normal, histogram.other],
        bins=list(range(begin[0], begin[-1] + 2 * bin_ms, bin_ms)),
        stacked=True,
        color=[plots.CLASS_COLOURS["N"], plots.CLASS_COLOURS["S"]],
        label=["from N to N", "others"],
        rasterized=True,
    )
    ax.legend(frameon=False, fontsize=8, loc="upper right")
    room = max(3 * bin_ms, 60.0)
    ax.set_xlim(begin[0] - room, begin[-1] + bin_ms + room)
    ax.set(xlabel="RR interval (ms)", ylabel="intervals")
    return plain(ax)


def tachogram(
    beats: BeatSeries,
    record: LazyRecord,
    *,
    unreadable: NDArray[np.int64] | None = None,
    rhythms: Sequence[RhythmEpisode] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw every RR interval over the time of the recording, coloured by class.

    Parameters
    ----------
    beats : BeatSeries
        The readable beats.
    record : LazyRecord
        Their recording, for its length and its start.
    unreadable : ndarray of int64, shape (m, 2), optional
        Unreadable spans in samples, shaded.
    rhythms : sequence of RhythmEpisode
        Those of `ecgscribe.plots.recording_shades.RHYTHM_SHADES` are shaded.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((_WIDTH, _HEIGHT)) if ax is None else ax
    many = len(beats) > 5000
    shown = np.minimum(beats.rr, _LONGEST_RR)
    for index, name in enumerate(AAMI_CLASSES):
        of_class = beats.has_rr & (beats.class_index == index)
        if of_class.any():
            ax.plot(
                beats.time[of_class],
                shown[of_class],
                linestyle="none",
                marker=".",
                markersize=(1.2 if many else 2.5) if name == "N" else (2.5 if many else 5),
                markeredgewidth=0,
                color=plots.CLASS_COLOURS[name],
                label=name,
                rasterized=True,
                zorder=2 + (name != "N"),
            )
    shade(ax, unreadable, rhythms, record.fs)
    time_axis(ax, record)
    top = float(np.nanmax(shown)) if beats.has_rr.any() else 1.5
    ax.set(
        ylim=(0, max(1.5, min(_LONGEST_RR, 1.1 * top))),
        ylabel="RR interval (s)",
    )
    if beats.has_rr.any():
        ax.legend(
            ncols=5, fontsize=8, frameon=False, markerscale=4 if many else 2, loc="upper right",
            bbox_to_anchor=(1.0, 1.16), handletextpad=0.1, columnspacing=1.0,
        )  # fmt: skip
    return plain(ax)


def time_axis(ax: Axes, record: LazyRecord) -> None:
    """Let an axis be the time of a whole recording, of the day where that is known.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With seconds from the start as x.
    record : LazyRecord
    """
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    first = 0.0
    if record.start is not None:
        first = (record.start.hour * 60 + record.start.minute) * 60.0 + record.start.second
    step = _step(record.duration)
    seconds = step < 60
    ax.xaxis.set_major_locator(MultipleLocator(step, offset=-(first % step)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _of_day(first + x, seconds)))
    label = f"time from the start ({'h:mm:ss' if seconds else 'h:mm'})"
    ax.set(xlim=(0, record.duration), xlabel="time of day" if record.start is not None else label)


def shade(
    ax: Axes,
    unreadable: NDArray[np.int64] | None,
    rhythms: Sequence[RhythmEpisode],
    fs: float,
) -> None:
    """Shade unreadable spans and some rhythms.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With seconds from the start as x.
    unreadable : ndarray of int64, shape (m, 2), optional
        Spans in samples.
    rhythms : sequence of RhythmEpisode
        Those of `ecgscribe.plots.recording_shades.RHYTHM_SHADES` are shaded.
    fs : float
        Sampling frequency in Hz.
    """
    for begin, end in () if unreadable is None else unreadable / fs:
        ax.axvspan(begin, end, color=UNREADABLE, alpha=0.6, linewidth=0, zorder=1)
    for episode in rhythms:
        if episode.kind in RHYTHM_SHADES:
            edges = episode.begin / fs, episode.end / fs
            ax.axvspan(*edges, color=RHYTHM_SHADES[episode.kind], linewidth=0, zorder=0)


def _step(duration: float) -> float:
    """Choose seconds between ticks, so that there are at most about ten."""
    steps = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 86400)
    return float(next((s for s in steps if duration / s <= 12), 86400 * 2))


def _of_day(time: float, with_seconds: bool) -> str:
    text = format_time(round(time) % 86400, hours=True)
    return text if with_seconds else text[:-3]


def beat_overlay(
    shapes: Sequence[Shape],
    leads: Sequence[str],
    units: Sequence[str],
    *,
    ax: NDArray[np.object_] | None = None,
) -> NDArray[np.object_]:
    """Draw the median beat of each class over single ones, one panel per lead.

    Parameters
    ----------
    shapes : sequence of Shape
    leads, units : sequence of str
        Of the leads of the shapes.
    ax : ndarray of matplotlib.axes.Axes, optional
        One per lead; new ones by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (n_leads,)
    """
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, 2.8), layout="constrained")
        ax = figure.subplots(1, len(leads), squeeze=False)[0]
    for k, (panel, lead) in enumerate(zip(ax, leads, strict=True)):
        for shape in shapes:
            colour = plots.CLASS_COLOURS[shape.class_name]
            time = 1000.0 * np.linspace(-BEFORE_S, AFTER_S, len(shape.median), endpoint=False)
            faint = shape.beats[:: max(1, len(shape.beats) // _FAINT), :, k]
            panel.plot(time, faint.T, color=colour, linewidth=0.4, alpha=0.25, zorder=2)
            panel.plot(
                time, shape.median[:, k], color=colour, linewidth=2.0, label=shape.class_name,
                zorder=3,
            )  # fmt: skip
        medians = [shape.median[:, k] for shape in shapes]
        if medians:  # not by single beats, which may stray far in noise
            low, high = min(map(np.min, medians)), max(map(np.max, medians))
            room = max(0.35 * (high - low), 0.1)
            panel.set_ylim(low - room, high + room)
        unit = "mV" if units[k].lower() in MILLIVOLTS else units[k]
        panel.set(xlabel="time from the R-peak (ms)", ylabel=unit)
        panel.set_title(_plain_text(lead), fontsize=9, loc="left")
        panel.axvline(0, color=_GREY, linewidth=0.5, linestyle=":", zorder=1)
        plain(panel)
    if shapes:
        ax[-1].legend(frameon=False, fontsize=8, loc="upper right")
    return ax


def paper_strip(
    record: LazyRecord,
    annotation: Annotation,
    columns: Sequence[int],
    strip: Strip,
    *,
    mm_per_mv: float = 10.0,
) -> tuple[bytes, ...]:
    """Draw a strip to scale, reading only that piece, and return each row as PNG without margins.

    Parameters
    ----------
    record : LazyRecord
    annotation : Annotation
        Of the whole recording.
    columns : sequence of int
        Leads to draw.
    strip : Strip
    mm_per_mv : float
        As of `ecgscribe.report.strip_gain.strip_gain`.

    Returns
    -------
    tuple of bytes
    """
    return tuple(
        _paper_row(record, annotation, columns, row, strip.marks, mm_per_mv=mm_per_mv)
        for row in strip.rows
    )


def _paper_row(
    record: LazyRecord,
    annotation: Annotation,
    columns: Sequence[int],
    row: Row,
    marks: Sequence[Mark],
    *,
    mm_per_mv: float,
) -> bytes:
    from matplotlib.ticker import FuncFormatter, MultipleLocator
    from matplotlib.transforms import Bbox

    begin, end = row_samples(record, row)
    part = shown_leads(record.record(begin, end), columns)
    part = dataclasses.replace(
        part, name=_plain_text(part.name), leads=tuple(_plain_text(lead) for lead in part.leads)
    )
    ax = plots.strip(
        part,
        excerpt(annotation, begin, end),
        end=part.duration,
        rr=True,
        calibration=True,
        mm_per_mv=mm_per_mv,
    )
    ax.set_title("", loc="left")
    origin = begin / record.fs  # the ticks are whole seconds of the recording
    ax.xaxis.set_major_locator(MultipleLocator(1.0, offset=-(origin % 1.0)))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: format_time(origin + x, start=record.start, hours=True))
    )
    for mark in marks:
        _draw_mark(ax, mark, origin, part.duration, above=2.5 / mm_per_mv)
    width, height = figure_of(ax).get_size_inches()
    box = ax.get_position()
    shown = Bbox.from_extents(
        box.x0 * width - _EDGE_IN / 8,
        box.y0 * height - 1.7 * _EDGE_IN,
        box.x1 * width + _EDGE_IN,
        box.y1 * height + _EDGE_IN / 8,
    )
    return picture(ax, box=shown)


def _draw_mark(ax: Axes, mark: Mark, origin: float, duration: float, *, above: float) -> None:
    """Draw the part of an arrow that is on a row, above its edge, and its text in the middle."""
    begin, end = max(mark.begin - origin, 0.0), min(mark.end - origin, duration)
    if end - begin < 0.5:
        return
    level = ax.get_ylim()[0] + above
    first = "<" if mark.begin >= origin else ""
    last = ">" if mark.end <= origin + duration else ""
    arrow = {"arrowstyle": f"{first}-{last}", "color": "black", "linewidth": 0.9}
    ax.annotate("", (end, level), (begin, level), arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0})
    ax.text(
        (begin + end) / 2, level, f" {mark.text} ", fontsize=8, ha="center", va="center", zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def of_recording(annotation: Annotation, record: LazyRecord) -> Annotation:
    """Return an annotation with the recording's length, start, and name fit for a picture.

    Parameters
    ----------
    annotation : Annotation
    record : LazyRecord

    Returns
    -------
    Annotation
    """
    return dataclasses.replace(
        annotation,
        name=_plain_text(record.name),
        start=record.start,
        n_samples=record.n_samples,
    )


def _plain_text(name: str) -> str:
    """Keep matplotlib from reading mathematics into a name."""
    return name.replace("$", r"\$")


def plain(ax: Axes) -> Axes:
    """Leave out the frame above and at the right, and make the writing small."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=8)
    ax.xaxis.label.set_fontsize(8)
    ax.yaxis.label.set_fontsize(8)
    return ax
