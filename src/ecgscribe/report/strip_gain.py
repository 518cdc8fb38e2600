"""How high 1 mV is on the paper of a strip: 10 mm, and half of it where a row would be too high."""

from __future__ import annotations

from collections.abc import Sequence

from ecgscribe.plots.strips import paper_height
from ecgscribe.record import LazyRecord
from ecgscribe.report.paper_rows import Row, row_samples, shown_leads

__all__ = ["GAINS", "strip_gain"]


GAINS = (10.0, 5.0, 2.5)
"""In mm/mV, the usual one first."""
_HIGHEST_MM = 68.0  # of paper: with its texts a third of a page, so that no page is a third empty


def strip_gain(record: LazyRecord, columns: Sequence[int], rows: Sequence[Row]) -> float:
    """Choose the gain of a strip, the same for all of its rows.

    Parameters
    ----------
    record : LazyRecord
    columns : sequence of int
        Leads to draw.
    rows : sequence of Row
        What the paper shows.

    Returns
    -------
    float
        The first of `GAINS` with which no row is too high, or the last.
    """
    parts = [shown_leads(record.record(*row_samples(record, row)), columns) for row in rows]
    for gain in GAINS:
        heights = [
            paper_height(part, 0.0, part.duration, calibration=True, mm_per_mv=gain)
            for part in parts
        ]
        if max(heights) <= _HIGHEST_MM:
            return gain
    return GAINS[-1]
