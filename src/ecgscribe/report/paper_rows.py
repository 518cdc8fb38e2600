"""Where paper is laid along a recording: rows of one length, two at most."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import LazyRecord, Record

__all__ = ["ROW_S", "Row", "one_row", "row_samples", "rows_around", "shown_leads"]


ROW_S = 7.0
"""Seconds of a row of paper: 175 mm, which fits a page."""
_EDGE_S = 0.5  # least paper before and after what is shown
_STEP_S = 0.25  # by which a row is moved to find the cleanest place


Row = tuple[float, float]
"""Seconds from which and up to which a row of paper shows."""


def one_row(
    begin: float, end: float, duration: float, *, unreadable: NDArray[np.float64]
) -> tuple[Row, ...]:
    """Lay one row that shows a span, or its beginning, and as little unreadable time as possible.

    Parameters
    ----------
    begin, end : float
        Seconds.
    duration : float
        Length of the recording in seconds.
    unreadable : ndarray of float64, shape (m, 2)
        Unreadable spans in seconds.

    Returns
    -------
    tuple of Row
        Among the cleanest places the one with the span nearest to its middle.
    """
    end = min(end, begin + ROW_S - 2 * _EDGE_S)
    middle = (begin + end - ROW_S) / 2
    reach = (ROW_S - (end - begin)) / 2 - _EDGE_S
    moved = np.arange(0.0, reach + 1e-9, _STEP_S)
    first = np.clip(middle + np.append(moved, -moved), 0.0, max(duration - ROW_S, 0.0))
    overlap = np.clip(
        np.minimum(unreadable[:, 1], first[:, None] + ROW_S)
        - np.maximum(unreadable[:, 0], first[:, None]),
        0.0,
        None,
    ).sum(axis=1)
    best = np.lexsort((np.abs(first - middle), np.round(overlap, 3)))[0]
    return (_row(float(first[best]), duration),)


def rows_around(begin: float, end: float, duration: float) -> tuple[Row, ...]:
    """Lay the rows that show both ends of a span.

    Parameters
    ----------
    begin, end : float
        Seconds.
    duration : float
        Length of the recording in seconds.

    Returns
    -------
    tuple of Row
        One row in which the span is in the middle if it fits, else two: the second continues the
        first, or begins later if the span is longer than both.
    """
    begin, end = max(begin, 0.0), min(end, duration)
    if end - begin <= ROW_S - 2 * _EDGE_S or duration <= ROW_S:
        return (_row((begin + end - ROW_S) / 2, duration),)
    if end - begin <= 2 * (ROW_S - _EDGE_S):
        first = max(0.0, min((begin + end) / 2 - ROW_S, duration - 2 * ROW_S))
        second = first + ROW_S
        return (first, second), (second, min(second + ROW_S, duration))
    edge = 3 * _EDGE_S
    return _row(begin - edge, duration), _row(end + edge - ROW_S, duration)


def _row(first: float, duration: float) -> Row:
    first = max(0.0, min(first, duration - ROW_S))
    return first, min(first + ROW_S, duration)


def row_samples(record: LazyRecord, row: Row) -> tuple[int, int]:
    """Return the first sample of a row, and the one after its last."""
    return int(row[0] * record.fs), min(int(np.ceil(row[1] * record.fs)), record.n_samples)


def shown_leads(record: Record, columns: Sequence[int]) -> Record:
    """Return some leads of a recording."""
    return dataclasses.replace(
        record,
        signal=record.signal[:, list(columns)],
        leads=tuple(record.leads[k] for k in columns),
        units=tuple(record.units[k] for k in columns),
    )
