"""How recordings and annotations look in a notebook: a strip and a table, as HTML.

Only figures and names of leads are shown, nothing from a header that may identify a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formatting import format_time
from ecgscribe.rhythms import RHYTHM_NAMES
from ecgscribe.symbols import AAMI_CLASSES

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["annotation_html", "record_html"]

STRIP_S = 10.0
"""Seconds of signal that a strip shows."""
SHOWN_LEADS = 2
SHOWN_SPANS = 10
"""Rhythms in the table; the rest are counted."""
WIDTH, HEIGHT = 800, 80
"""Size of a strip in pixels."""
_POINTS = 2000
"""Intervals drawn at most; a longer recording is thinned out."""


def record_html(record: Record | LazyRecord) -> str:
    """Return the beginning of the first leads as a picture, and what the recording is.

    Parameters
    ----------
    record : Record or LazyRecord

    Returns
    -------
    str
        HTML.
    """
    shown = min(record.n_samples, round(STRIP_S * record.fs))
    strips = []
    for k, lead in enumerate(record.leads[:SHOWN_LEADS]):
        try:
            strip = _line(_beginning(record, shown)[:, k])
        except (FormatError, OSError):  # a damaged file still has a table
            break
        strips.append(f"<div>{escape(lead)}</div>{strip}")
    rows = {
        "length": format_time(record.duration, hours=True),
        "sampling frequency": f"{record.fs:g} Hz",
        "leads": ", ".join(
            f"{lead} ({unit})" for lead, unit in zip(record.leads, record.units, strict=True)
        ),
    }
    return "".join(strips) + _table(rows)


def annotation_html(annotation: Annotation) -> str:
    """Return the RR intervals as a picture, and the number of beats and the rhythms.

    Parameters
    ----------
    annotation : Annotation

    Returns
    -------
    str
        HTML.
    """
    beats = annotation.beats()
    rr = beats.rr
    known = np.flatnonzero(np.isfinite(rr))
    known = known[:: 1 + len(known) // _POINTS]
    rows = {"beats": ", ".join(f"{name} {count}" for name, count in annotation.counts().items())}
    spans = annotation.episodes()
    for span in spans[:SHOWN_SPANS]:
        begin, end = (format_time(at / annotation.fs, hours=True) for at in (span.begin, span.end))
        name = RHYTHM_NAMES.get(span.kind, span.kind)
        rows[f"{begin} to {end}"] = name
    if len(spans) > SHOWN_SPANS:
        rows["more rhythms"] = str(len(spans) - SHOWN_SPANS)
    picture = ""
    if len(known):
        dots = _dots(beats.time[known], rr[known], beats.class_index[known])
        picture = f"<div>RR intervals, 0 to {_TOP_S:g} s</div>{dots}"
    return picture + _table(rows)


_TOP_S = 2.0
"""Longest interval in the picture of RR intervals; longer ones are drawn at the top."""


def _beginning(record: Record | LazyRecord, end: int) -> NDArray[np.float32]:
    return np.asarray(record.signal[:end] if hasattr(record, "signal") else record.read(0, end))


def _line(samples: NDArray[np.float32]) -> str:
    """Draw one lead, with gaps where samples are missing."""
    if not np.isfinite(samples).any():
        return _svg("")
    low, high = float(np.nanmin(samples)), float(np.nanmax(samples))
    x = np.linspace(0, WIDTH, len(samples))
    y = HEIGHT * (1 - (samples - low) / max(high - low, 1e-12))
    points, pen = [], "M"
    for at, value in zip(x, y, strict=True):
        if np.isfinite(value):
            points.append(f"{pen}{at:.1f} {value:.1f}")
            pen = "L"
        else:
            pen = "M"
    return _svg(f'<path d="{"".join(points)}" fill="none" stroke="currentColor"/>')


def _dots(time: NDArray[np.float64], rr: NDArray[np.float64], index: NDArray[np.int8]) -> str:
    """Draw RR intervals over time; those that end in a beat that is not N are larger."""
    x = WIDTH * time / max(float(time[-1]), 1e-9)
    y = HEIGHT * (1 - np.minimum(rr, _TOP_S) / _TOP_S)
    return _svg(
        "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{3 if k else 1}"><title>{AAMI_CLASSES[k]} '
            f"{length:.2f} s</title></circle>"
            for a, b, k, length in zip(x, y, index, rr, strict=True)
        )
    )


def _svg(content: str) -> str:
    return (
        f'<svg viewBox="0 -4 {WIDTH} {HEIGHT + 8}" width="{WIDTH}" height="{HEIGHT + 8}" '
        f'fill="currentColor" style="max-width:100%">{content}</svg>'
    )


def _table(rows: Mapping[str, str]) -> str:
    lines: Sequence[str] = [
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items()
    ]
    return f"<table>{''.join(lines)}</table>"
