"""Full disclosure: every second of one lead, a minute a line and an hour a page.

One minute is read at a time, and each page is a PNG of few colours, so memory does not grow with
the length of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.formatting import format_time
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.plots.style import LETTER_COLOURS
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["LINES", "full_pages"]


LINES = 60
"""Lines of a page, each of a minute."""
_LINE_S = 60.0
_WIDTH, _LINE = 1080, 23  # pixels of a line: at 150 dots per inch 183 mm and 3.9 mm
_LEFT, _TOP = 62, 14  # pixels for the times, and above the first line
_HEIGHT = 0.8  # of a line, that the dominant QRS is high
_HALF_S = 0.08  # to each side of an R-peak, in the colour of its class
_PAPER, _GREY, _INK = 0, 1, 2  # colours; after these the classes


Pixels = NDArray[np.uint8]


def full_pages(inputs: ReportInputs) -> Iterator[bytes]:
    """Draw the pages of the first lead that the report shows.

    Parameters
    ----------
    inputs : ReportInputs

    Yields
    ------
    bytes
        PNG of an hour each; unreadable time is grey, and beats have the colours of their classes.
    """
    duration = inputs.record.duration
    per_unit = _pixels_per_unit(inputs)
    for first in range(0, max(1, int(-(-duration // _LINE_S))), LINES):
        begins = [_LINE_S * k for k in range(first, first + LINES) if _LINE_S * k < duration]
        page = np.full((2 * _TOP + _LINE * len(begins), _LEFT + _WIDTH), _PAPER, dtype=np.uint8)
        for line, begin in enumerate(begins):
            _draw_line(page, inputs, begin, _TOP + _LINE * line, per_unit)
        yield _png(page, [_label(inputs, begin) for begin in begins])


def _pixels_per_unit(inputs: ReportInputs) -> float:
    """Return the gain at which the dominant QRS fits a line; that of 1 mV without beats."""
    shapes = inputs.measures.shapes
    height = float(np.ptp(shapes[0].median[:, 0])) if shapes else 1.0
    return _HEIGHT * _LINE / height if height > 0 else float(_LINE)


def _draw_line(page: Pixels, inputs: ReportInputs, begin: float, top: int, per_unit: float) -> None:
    record, column = inputs.record, inputs.columns[0]
    first = round(begin * record.fs)
    last = min(round((begin + _LINE_S) * record.fs), record.n_samples)
    factor = MILLIVOLTS.get(record.units[column].lower(), 1.0)
    signal = record.read(first, last)[:, column].astype(np.float64) * factor
    spans = inputs.unreadable_s
    for span in spans[(spans[:, 1] > begin) & (spans[:, 0] < begin + _LINE_S)]:
        edges = np.clip((span - begin) / _LINE_S, 0.0, 1.0) * _WIDTH
        left, right = _LEFT + np.rint(edges).astype(int)
        page[top : top + _LINE, left:right] = np.maximum(page[top : top + _LINE, left:right], _GREY)
    valid = np.isfinite(signal)
    if not valid.any():
        return
    x = np.arange(last - first) * _WIDTH // round(_LINE_S * record.fs)
    low, high = np.full(_WIDTH, np.inf), np.full(_WIDTH, -np.inf)
    level = signal - np.median(signal[valid])
    np.minimum.at(low, x[valid], level[valid])
    np.maximum.at(high, x[valid], level[valid])
    colours = _colours(inputs, begin)
    middle = top + _LINE / 2
    limits = max(top - _LINE, 0), min(top + 2 * _LINE, len(page)) - 1  # of what wanders away
    # Each column reaches the one before, so that a steep line has no gaps.
    upper, lower = middle - high * per_unit, middle - low * per_unit
    for k in np.flatnonzero(low <= high).tolist():
        above, below = upper[k], lower[k]
        if k and low[k - 1] <= high[k - 1]:
            above, below = min(above, lower[k - 1]), max(below, upper[k - 1])
        rows = np.clip([round(above), round(below)], *limits)
        page[rows[0] : rows[1] + 1, _LEFT + k] = colours[k]


def _colours(inputs: ReportInputs, begin: float) -> Pixels:
    """Return the colour of each column of a line."""
    beats = inputs.measures.beats
    colours = np.full(_WIDTH, _INK, dtype=np.uint8)
    edges = np.searchsorted(beats.time, [begin - _HALF_S, begin + _LINE_S + _HALF_S])
    for k in range(*edges.tolist()):
        if (index := int(beats.class_index[k])) == 0:
            continue
        at = (beats.time[k] - begin) / _LINE_S * _WIDTH
        reach = _HALF_S / _LINE_S * _WIDTH + 0.5
        colours[max(int(at - reach), 0) : max(int(at + reach) + 1, 0)] = _INK + 1 + index
    return colours


def _label(inputs: ReportInputs, begin: float) -> str:
    return format_time(begin, start=inputs.record.start, hours=True)


def _png(page: Pixels, labels: list[str]) -> bytes:
    import io

    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    from ecgscribe.plots.saving import DPI

    image = Image.fromarray(page)
    image.putpalette(_palette())
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    font = ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", 12)
    for line, label in enumerate(labels):
        middle = _TOP + _LINE * line + _LINE / 2
        draw.text((_LEFT - 5, middle), label, fill=_INK, font=font, anchor="rm")
    target = io.BytesIO()
    image.save(target, format="PNG", optimize=True, bits=4, dpi=(DPI, DPI))
    return target.getvalue()


def _palette() -> list[int]:
    colours = ["#FFFFFF", "#DDDDDD", "#1C2430", *(LETTER_COLOURS[c] for c in AAMI_CLASSES)]
    return [int(colour[k : k + 2], 16) for colour in colours for k in (1, 3, 5)]
