"""A few samples far off their neighbours: errors of transmission, which no heart makes.

A QRS, however narrow, rises and falls within some samples. Samples that lie far from those on both
of their sides, which change little from one to the next, are not of a heart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["REACH_S", "bridge_bad_samples"]


MOST = 3
"""Bad samples in a row at any sampling frequency."""
NARROW_S = 0.012
"""Seconds of bad samples in a row, where these are more."""
LEAST_FS = 200.0
"""Hz. Below it an R-peak may be as narrow."""
AROUND_S = 0.05
"""Seconds on each side in which nothing may change as suddenly."""
TIMES = 4.0
"""Times the largest bend of the signal around them that bad samples stand out at least."""
TIMES_WIDE = 16.0
"""The same where an R-peak may be as narrow."""
HEIGHT_S = 1.5
"""Seconds on each side whose peak-to-peak value bad samples exceed; a single one need not, except
where an R-peak may be as narrow."""
REACH_S = HEIGHT_S + 2 * AROUND_S
"""Seconds on each side on which it depends whether a sample is bad."""


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


class _Spans(NamedTuple):
    """Samples that may be bad, from `begin` up to, but without, `end`; each has the shape (n,).

    The first and the last one lie `off` or farther from the line between their neighbours; `bend`
    is the largest bend of the signal around them.
    """

    begin: Positions
    end: Positions
    off: Floats
    bend: Floats

    def select(self, which: Flags) -> _Spans:
        return _Spans(self.begin[which], self.end[which], self.off[which], self.bend[which])


def bridge_bad_samples(lead: Floats, fs: float) -> Floats:
    """Replace up to three samples, or 12 ms, far off by the line between their neighbours.

    Parameters
    ----------
    lead : ndarray of float32, shape (n_samples,)
        In any unit; samples next to one that is not finite stay as they are.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        The lead itself where nothing is replaced. Its first and last three samples stay.
    """
    if len(lead) < 7:
        return lead
    with np.errstate(invalid="ignore", over="ignore"):
        spans = _sudden_spans(lead, fs)
        if len(spans.begin) == 0:
            return lead
        width = spans.end - spans.begin
        narrow = (width <= NARROW_S * fs) & (fs >= LEAST_FS)
        # Bad samples may come in numbers, but beats do, too, if they are as narrow.
        height = _heights(_bridge(lead, spans.select(narrow)), spans, int(HEIGHT_S * fs))
        far = (spans.off > height) & (narrow | (spans.off > TIMES_WIDE * spans.bend))
    return _bridge(lead, spans.select(far | (narrow & (width == 1))))


def _sudden_spans(lead: Floats, fs: float) -> _Spans:
    """Return the spans that stand out from the signal around them, the shortest first."""
    reach = int(AROUND_S * fs)
    bend = np.zeros(len(lead) + 2 * reach, dtype=np.float32)  # of sample k at k + reach
    bend[reach + 1 : -reach - 1] = np.abs(lead[1:-1] - 0.5 * (lead[:-2] + lead[2:]))
    begin, end = _likely_spans(lead, bend[reach:-reach], fs)
    before, after = lead[begin - 1], lead[end]
    step = (after - before) / (end - begin + 1)
    off = np.minimum(np.abs(lead[begin] - before - step), np.abs(lead[end - 1] - after + step))
    spans = _Spans(begin, end, off, np.maximum(bend[begin + reach - 2], bend[end + reach + 1]))
    begin, end, off, _ = spans = spans.select(off > TIMES * spans.bend)
    around = np.arange(1, reach)
    bend_before = bend[begin[:, None] - 1 + around].max(axis=1)
    bend_after = bend[end[:, None] + reach + around].max(axis=1)
    spans = spans._replace(bend=np.maximum(bend_before, bend_after))
    return spans.select(off > TIMES * spans.bend)


def _likely_spans(lead: Floats, bend: Floats, fs: float) -> NDArray[np.int64]:
    """Return begins and ends, shape (2, n); the bends next to them rule out most spans."""
    spans = []
    widths = range(1, max(MOST, int(NARROW_S * fs)) + 1)
    if fs >= LEAST_FS:
        widths = widths[1:]
        single = np.flatnonzero(bend[3:-3] > TIMES * np.maximum(bend[1:-5], bend[5:-1])) + 3
        spans.append(np.stack((single, single + 1)))
    # What is farther off than its neighbours differ changes by half as much at both of its ends.
    change = np.abs(np.diff(lead))
    near = TIMES / 2 * np.maximum(bend[1:], bend[:-1])
    begins = np.flatnonzero(change[2:-3] > near[:-5]) + 3
    is_end = np.zeros(len(lead) + len(widths), dtype=np.bool_)
    is_end[4 : len(lead) - 2] = change[3:-2] > near[5:]
    for width in widths:
        begin = begins[is_end[begins + width]]
        spans.append(np.stack((begin, begin + width)))
    return np.concatenate(spans, axis=1)


def _heights(lead: Floats, spans: _Spans, reach: int) -> Floats:
    """Return the peak-to-peak value of the samples around each span, without its own."""
    first = np.maximum(spans.begin - reach, 0)
    last = np.minimum(spans.end + reach, len(lead))
    edges = np.stack((first, spans.begin, spans.end, last), axis=1).reshape(-1)
    padded = np.append(lead, np.float32(0))  # so that there is a sample at each edge
    highest = np.fmax.reduceat(padded, edges).reshape(-1, 4)[:, ::2].max(axis=1)
    lowest = np.fmin.reduceat(padded, edges).reshape(-1, 4)[:, ::2].min(axis=1)
    return np.asarray(highest - lowest)


def _bridge(lead: Floats, spans: _Spans) -> Floats:
    if len(spans.begin) == 0:
        return lead
    bridged = lead.copy()
    for begin, end in zip(spans.begin.tolist(), spans.end.tolist(), strict=True):
        at, whole = np.arange(1, end - begin + 1, dtype=np.float32), end - begin + 1
        bridged[begin:end] = (lead[begin - 1] * (whole - at) + lead[end] * at) / whole
    return bridged
