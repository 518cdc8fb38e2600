"""How a report writes times and numbers, and names files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.record import Source

__all__ = ["at", "clock", "file_sums", "percent", "rounded"]


def clock(seconds: float) -> str:
    """Write seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def at(source: Source, seconds: float) -> dict[str, Any]:
    """Tell a time: seconds from the start, and the text that is shown for it.

    The text is h:mm:ss from the start, after the time of day where the recording has one.
    """
    text = clock(seconds)
    if source.start is not None:
        day = source.start + timedelta(seconds=seconds)
        text = f"{day:%H:%M:%S} ({text})"
    return {"seconds": round(seconds, 3), "text": text}


def rounded(value: float | None, digits: int) -> float | int | None:
    """Round; to whole numbers with 0 digits, and to nothing what is not known."""
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), digits) + 0.0 if digits else round(float(value))  # no -0.0


def percent(part: float, whole: float) -> float:
    """Give a share in percent, to one digit; to two where it is below one percent."""
    share = 100.0 * part / whole if whole else 0.0
    return round(share, 1 if share >= 1 else 2)


def file_sums(files: Iterable[str | Path]) -> list[dict[str, str]]:
    """Give name and SHA-256 of files."""
    sums = []
    for file in map(Path, files):
        with file.open("rb") as stream:
            sums.append(
                {"name": file.name, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
            )
    return sums
