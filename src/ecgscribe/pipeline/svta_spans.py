"""Supraventricular tachyarrhythmia: runs of S that are fast, as spans of rhythm.

At least three beats of class S in a row at more than 100 per minute, on average, are one
tachyarrhythmia: above that rate a supraventricular rhythm counts as tachycardia (Page et al.,
Circulation 133(14):e506-e574, 2016), and from three beats on as a run (ANSI/AAMI EC57). The
reference of DS1 of the MIT-BIH Arrhythmia Database marks ``(SVTA`` by the same rule: in 21 of the
22 runs that are so long and so fast, and nowhere else.

It exists only within a plain rhythm: a run is part of no fibrillation, of no ventricular rhythm and
of no standstill.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import runs
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.signal.windows import FS

__all__ = ["with_svta"]

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 3
"""Beats of the shortest run."""
SLOWEST_S = 0.6
"""RR interval below which the mean of a run is: 100 per minute."""
LONGEST_S = 2 * SLOWEST_S
"""Longest RR interval in a run: after a longer one, another begins."""


def with_svta(
    spans: Sequence[StepSpan], r_peaks: Doubles, is_s: Flags, probability: NDArray[np.floating]
) -> list[StepSpan]:
    """Cut supraventricular tachyarrhythmia out of the plain spans of a recording.

    Parameters
    ----------
    spans : sequence of StepSpan
        In time order, without gaps.
    r_peaks : ndarray of float64, shape (n,)
        All beats, in steps, in time order.
    is_s : ndarray of bool, shape (n,)
        Which are readable and of class S.
    probability : ndarray of float, shape (n,)
        That each is of class S.

    Returns
    -------
    list of StepSpan
        In time order, without gaps. A tachyarrhythmia lasts from its first beat to one mean RR
        interval after its last, but not beyond the next beat; its probability is the mean of that
        of its beats. The parts that are left of a plain span keep its probability.
    """
    if not spans:
        return []
    of_span = np.searchsorted([span.begin for span in spans], r_peaks, side="right") - 1
    is_plain = np.array([span.kind == "N" for span in spans])
    joined = np.zeros(len(r_peaks), dtype=np.bool_)
    joined[1:] = is_s[:-1] & is_s[1:] & (np.diff(r_peaks) <= LONGEST_S * FS)
    joined[1:] &= (np.diff(of_span) == 0) & is_plain[of_span[1:]]
    found: dict[int, list[StepSpan]] = {}
    for after_first, end in runs(joined).tolist():
        first, last = after_first - 1, end - 1
        interval = (r_peaks[last] - r_peaks[first]) / (last - first)
        if end - first >= FEWEST and interval < SLOWEST_S * FS:
            own = int(of_span[first])
            stop = r_peaks[last] + interval
            if end < len(r_peaks):
                stop = min(stop, r_peaks[end])
            run = StepSpan(
                begin=int(r_peaks[first]),
                end=min(int(stop), spans[own].end),
                kind="SVTA",
                probability=float(probability[first:end].mean()),
            )
            found.setdefault(own, []).append(run)
    return [part for k, span in enumerate(spans) for part in _parts(span, found.get(k, ()))]


def _parts(plain: StepSpan, inside: Iterable[StepSpan]) -> list[StepSpan]:
    """Cut a span into runs, and what is left of it."""
    parts = []
    begin = plain.begin
    for run in inside:
        parts += [dataclasses.replace(plain, begin=begin, end=run.begin), run]
        begin = run.end
    parts.append(dataclasses.replace(plain, begin=begin))
    return [part for part in parts if len(part)]
