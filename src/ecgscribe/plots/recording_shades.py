"""What pictures of a whole recording shade: unreadable spans, and some rhythms."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rhythm_episodes import kind_of
from ecgscribe.metrics.rhythm_spans import marked_rhythms
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "RHYTHM_SHADES",
    "UNREADABLE",
    "end_s",
    "length",
    "note_rhythms",
    "rhythms_s",
    "shade",
    "unreadable_s",
]


UNREADABLE = "#BBBBBB"
RHYTHM_SHADES = {
    "AFIB": "#CFE8F7",
    "SVTA": "#D3EBD3",
    "VT": "#F9D5C2",
    "VFL": "#F2A98A",
    "ASYS": "#E3D3F0",
}
"""Colour behind the rhythms that pictures shade, by `rhythm_episodes.kind_of`."""
RHYTHM_NOTES = {
    "AFIB": "atrial fibrillation or flutter (blue)",
    "SVTA": "supraventricular tachyarrhythmia (green)",
    "VT": "ventricular tachycardia (pale orange)",
    "VFL": "ventricular flutter or fibrillation (orange)",
    "ASYS": "standstill (violet)",
}
NOTE_LETTERS = 70
"""Letters in a line of what is written of the shades: it shares its place with the title."""
Doubles = NDArray[np.float64]


def length(annotation: Annotation) -> int:
    """Return the length of the recording in samples, or what is known of it."""
    if annotation.n_samples is not None:
        return annotation.n_samples
    return int(annotation.sample[-1]) + 1 if len(annotation) else 1


def end_s(annotation: Annotation) -> float:
    """Return when the recording ends, or the last annotation of one whose length is not known."""
    known = annotation.n_samples is not None
    return (length(annotation) - (0 if known else 1)) / annotation.fs


def unreadable_s(annotation: Annotation) -> Doubles:
    """Return the unreadable spans in seconds, shape (n, 2)."""
    return unreadable_spans(annotation, length(annotation)) / annotation.fs


def rhythms_s(annotation: Annotation) -> list[tuple[float, float, str]]:
    """Return begin and end in seconds, and the shade, of each rhythm that has one."""
    marked = marked_rhythms(annotation, length(annotation))
    spans = zip(marked.begin.tolist(), marked.end.tolist(), marked.label.tolist(), strict=True)
    fs = annotation.fs
    return [
        (begin / fs, end / fs, RHYTHM_SHADES[kind])
        for begin, end, label in spans
        if (kind := kind_of(label)) in RHYTHM_SHADES
    ]


def shade(ax: Axes, annotation: Annotation, seconds: float) -> None:
    """Shade the unreadable spans and some rhythms; `seconds` is the unit of the axis."""
    for begin, end in unreadable_s(annotation) / seconds:
        ax.axvspan(begin, end, color=UNREADABLE, linewidth=0, zorder=0)
    for begin, end, colour in rhythms_s(annotation):
        ax.axvspan(begin / seconds, end / seconds, color=colour, linewidth=0, zorder=-1)
    note_rhythms(ax, annotation)


def note_rhythms(ax: Axes, annotation: Annotation) -> None:
    """Write what the shades mean that are in a picture."""
    shades = {colour for _, _, colour in rhythms_s(annotation)}
    names = [RHYTHM_NOTES[kind] for kind, colour in RHYTHM_SHADES.items() if colour in shades]
    if names:
        text = textwrap.fill("shaded: " + ", ".join(names), NOTE_LETTERS)
        ax.set_title(text, fontsize=8, loc="right")
