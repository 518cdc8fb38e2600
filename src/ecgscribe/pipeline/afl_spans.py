"""Atrial flutter within atrial fibrillation: RR intervals that are multiples of one interval.

In atrial flutter the atria beat regularly, 180 to 350 times per minute, and the ventricles follow
every second, third or fourth of their beats: each RR interval is a multiple of the flutter's. In
fibrillation none is. Where nearly all of 32 intervals fit such a multiple for 30 s, a span that was
recognised as fibrillation or flutter is flutter.

By the reference of afdb and its R-peaks. The limits were chosen on 20 of its recordings and 3 of
DS1; in the other 5, of other people, 71% of the time that is called flutter is flutter, and 72% of
the flutter is found (the measure itself was chosen on all of them). Flutter that is conducted
irregularly (203 of DS1: none of 5 minutes) stays part of fibrillation, as do runs below 30 s.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.signal.windows import FS

__all__ = ["regularity", "with_flutter"]

Doubles = NDArray[np.float64]

CYCLES_S = np.geomspace(0.17, 0.34, 48)
"""Intervals of the atria that are tried, in seconds."""
FITS_S = 0.02
"""Most by which an RR interval differs from a multiple."""
WINDOW = 32
"""RR intervals over which it is averaged how many fit."""
LEAST_FIT = 0.6
"""Least part of them that fits, of those that do not fit by chance."""
LONGEST_S = 3.0
"""RR interval beyond which nothing is known: beats are missed there, or cannot be seen."""
LEAST_S = 30
"""Shortest flutter in seconds, as of fibrillation."""


def with_flutter(spans: Sequence[StepSpan], r_peaks: Doubles) -> list[StepSpan]:
    """Cut atrial flutter out of the spans of atrial fibrillation.

    Parameters
    ----------
    spans : sequence of StepSpan
        In time order.
    r_peaks : ndarray of float64, shape (n,)
        All beats, in steps, in time order.

    Returns
    -------
    list of StepSpan
        Flutter lasts from beat to beat, or to the end of the span that it was cut out of. All parts
        of such a span keep its probability, which is that of fibrillation or flutter.
    """
    parts: list[StepSpan] = []
    for span in spans:
        if span.kind != "AFIB":
            parts.append(span)
            continue
        first, last = np.searchsorted(r_peaks, [span.begin, span.end]).tolist()
        parts += _parts(span, r_peaks[first:last])
    return parts


def _parts(span: StepSpan, r_peaks: Doubles) -> list[StepSpan]:
    """Cut a span of fibrillation, with its beats, into flutter and the rest."""
    if len(r_peaks) <= WINDOW:
        return [span]
    rr = np.diff(r_peaks) / FS
    fits = (regularity(rr) >= LEAST_FIT) & (rr <= LONGEST_S)
    parts, begin = [], span.begin
    for first, last in runs(fits).tolist():
        if r_peaks[last] - r_peaks[first] >= LEAST_S * FS:
            start = int(r_peaks[first]) if first else span.begin
            end = int(r_peaks[last]) if last < len(fits) else span.end
            parts.append(dataclasses.replace(span, begin=begin, end=start))
            parts.append(dataclasses.replace(span, begin=start, end=end, kind="AFL"))
            begin = end
    parts.append(dataclasses.replace(span, begin=begin))
    return [part for part in parts if len(part)]


def regularity(rr: Doubles) -> Doubles:
    """Return how many of the RR intervals around each are multiples of one interval.

    Parameters
    ----------
    rr : ndarray of float64, shape (n,)
        In seconds.

    Returns
    -------
    ndarray of float64, shape (n,)
        1 if all are, about 0 if no more than by chance; that of the interval with most.
    """
    from scipy.ndimage import uniform_filter1d

    most = np.full(len(rr), -np.inf)
    for cycle in CYCLES_S.tolist():
        fit = np.abs(rr - np.round(rr / cycle) * cycle) < FITS_S
        chance = 2 * FITS_S / cycle
        share = uniform_filter1d(fit.astype(np.float64), WINDOW, mode="nearest")
        most = np.maximum(most, (share - chance) / (1 - chance))
    return most
