"""What every comparison of two annotations checks before it begins."""

from __future__ import annotations

import math

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation

__all__ = ["check_comparable", "to_samples"]


def to_samples(seconds: float, fs: float) -> int:
    """Round a time in seconds to the nearest sample at `fs` Hz, halves up."""
    return math.floor(seconds * fs + 0.5)


def check_comparable(
    reference: Annotation,
    test: Annotation,
    *,
    start: float,
    end: float | None = None,
    window: float = 0.15,
) -> None:
    """Raise an error unless two annotations can be compared.

    Parameters
    ----------
    reference, test : Annotation
        The annotations.
    start, end : float
        Where the comparison begins and ends, in seconds; no end if None.
    window : float
        Largest distance of two beats that match, in seconds.

    Raises
    ------
    FormatError
        If the two annotations differ in sampling frequency.
    ValueError
        If `start`, `end` or `window` is out of range.
    """
    if reference.fs != test.fs:
        raise FormatError(
            f"annotation {test.name}: expected the reference's sampling frequency "
            f"{reference.fs:g} Hz, found {test.fs:g} Hz; compare annotations of one recording"
        )
    if not (start >= 0 and math.isfinite(start)):
        raise ValueError(f"expected a start of 0 seconds or later, found {start}; use 0 or 300")
    if end is not None and not (end > start and math.isfinite(end)):
        raise ValueError(f"expected an end after {start} seconds, found {end}; omit it")
    if not (window > 0 and math.isfinite(window)):
        raise ValueError(f"expected a window above 0 seconds, found {window}; use 0.15")
