"""The section on RR intervals: histogram and tachogram."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgscribe.analysis.rr_histogram import RRHistogram
from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Picture
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import INLINE
from ecgscribe.report.wording import number

__all__ = ["RRIntervalsEntry", "RRSummary", "rr_blocks", "rr_entry"]


@dataclass(frozen=True)
class RRSummary:
    """Shortest, median and longest interval, and the histogram."""

    shortest_ms: float | None
    median_ms: float | None
    longest_ms: float | None
    bin_ms: int
    first_bin_ms: int
    normal: tuple[int, ...]
    other: tuple[int, ...]


@dataclass(frozen=True)
class RRIntervalsEntry:
    """Number of intervals that count, of those from N to N, and their summary if there are any."""

    count: int
    normal_to_normal: int
    summary: RRSummary | None = field(metadata=INLINE)


def rr_entry(inputs: ReportInputs) -> RRIntervalsEntry:
    """Describe the RR intervals.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    RRIntervalsEntry
    """
    beats, histogram = inputs.measures.beats, inputs.measures.rr_histogram
    return RRIntervalsEntry(
        count=int(beats.has_rr.sum()),
        normal_to_normal=int(beats.normal.sum()),
        summary=None if histogram is None else _summary(beats, histogram),
    )


def _summary(beats: BeatSeries, histogram: RRHistogram) -> RRSummary:
    rr = 1000.0 * beats.rr[beats.has_rr]
    return RRSummary(
        shortest_ms=rounded(rr.min(), 0),
        median_ms=rounded(float(np.median(rr)), 0),
        longest_ms=rounded(rr.max(), 0),
        bin_ms=histogram.bin_ms,
        first_bin_ms=histogram.first_ms,
        normal=tuple(histogram.normal.tolist()),
        other=tuple(histogram.other.tolist()),
    )


def rr_blocks(
    rr: RRIntervalsEntry, *, histogram: bytes | None, tachogram: bytes | None
) -> tuple[str | Picture, ...]:
    """Show the RR intervals.

    Parameters
    ----------
    rr : RRIntervalsEntry
    histogram, tachogram : bytes or None
        As PNG; None without intervals.

    Returns
    -------
    tuple of str or Picture
    """
    summary = rr.summary
    if summary is None or histogram is None or tachogram is None:
        return ("No RR interval is readable.",)
    text = (
        f"{number(rr.count)} RR intervals, {number(rr.normal_to_normal)} of them from N to N; "
        f"shortest {number(summary.shortest_ms)} ms, median {number(summary.median_ms)} ms, "
        f"longest {number(summary.longest_ms)} ms"
    )
    return (
        Picture(
            histogram,
            f"Histogram of RR intervals: {text}.",
            f"Histogram in bins of {summary.bin_ms} ms: {text}.",
        ),
        Picture(
            tachogram,
            f"RR interval of every beat over the time of the recording, coloured by class: {text}.",
            "Tachogram: the RR interval before every beat, coloured by the beat's class; "
            "unreadable spans are grey.",
        ),
    )
