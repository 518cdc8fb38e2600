"""The section with pictures of the whole recording: the heart rate line by line, and Lorenz."""

from __future__ import annotations

from ecgscribe.report.blocks import Block, Picture
from ecgscribe.report.sections.beats import BeatsEntry
from ecgscribe.report.sections.heart_rate import HeartRateEntry
from ecgscribe.report.wording import number, per_minute

__all__ = ["overview_blocks"]


def overview_blocks(
    beats: BeatsEntry, rate: HeartRateEntry, *, day: bytes | None, lorenz: bytes | None
) -> tuple[Block, ...]:
    """Show the whole recording.

    Parameters
    ----------
    beats : BeatsEntry
    rate : HeartRateEntry
    day, lorenz : bytes or None
        As PNG; None without RR intervals.

    Returns
    -------
    tuple of Block
    """
    if day is None or lorenz is None:
        return ("No RR interval is readable.",)
    counts = ", ".join(f"{number(c.count)} {c.class_name}" for c in beats.classes if c.count)
    return (
        Picture(
            day,
            f"Heart rate of every beat, line by line: {counts}; mean {per_minute(rate.mean)}.",
            "Heart rate at every beat, line by line; on the right the beats of each line that are "
            "not N. Unreadable spans are grey.",
        ),
        Picture(
            lorenz,
            f"Lorenz plot of {counts}.",
            "Lorenz plot: each RR interval against the next. A regular rhythm is one cloud on the "
            "diagonal, premature beats lie above it, and atrial fibrillation is a fan.",
        ),
    )
