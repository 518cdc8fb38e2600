"""The checksums of WFDB signals, compared while the signals are read piece by piece.

A checksum is the sum of the samples of a signal in 16 bits, stated in the header:
https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.wfdb.header import SignalLine

__all__ = ["checker"]


_Interval = tuple[int, int]


def checker(
    base: Path, lines: Sequence[SignalLine], n_frames: int | None
) -> Callable[[Sequence[int], int, Sequence[NDArray[Any]]], None]:
    """Return a function that compares the checksums of a header with the samples.

    Parameters
    ----------
    base : Path
        The record's or segment's path, for the message.
    lines : sequence of SignalLine
        Its signals. A signal is not compared if its checksum is missing or 0, which means none in
        headers written by hand, or if it has a skew, because then some samples are not read.
    n_frames : int or None
        Length that the header states; nothing is compared if it states none.

    Returns
    -------
    callable
        To be called with every piece: the columns, the first frame, and the digital samples of
        each column. Raises `FormatError` once all samples of a signal have been read, in any
        order, if their sum differs from the checksum.
    """
    stated = {
        k: line.checksum
        for k, line in enumerate(lines)
        if line.checksum and n_frames and not line.skew
    }
    seen: dict[int, list[_Interval]] = {k: [] for k in stated}
    sums = dict.fromkeys(stated, 0)
    lock = Lock()  # pieces may be read in threads

    def check(columns: Sequence[int], begin: int, samples: Sequence[NDArray[Any]]) -> None:
        for k, values in zip(columns, samples, strict=True):
            if k not in stated:
                continue
            step = lines[k].per_frame
            with lock:
                new, seen[k] = _joined(seen[k], (begin, begin + len(values) // step))
                for a, b in new:
                    part = values[(a - begin) * step : (b - begin) * step]
                    sums[k] += int(np.sum(part, dtype=np.int64))
                total, complete = sums[k], seen[k] == [(0, n_frames)]
            if complete and (total - stated[k]) % 2**16:
                raise FormatError(
                    f"{base}: expected the checksum {stated[k]} of signal {k + 1} as its header "
                    f"says, found {(total + 2**15) % 2**16 - 2**15}: samples are damaged; "
                    "get a fresh copy (or write 0 for the checksum, which is not compared)"
                )

    return check


def _joined(seen: Sequence[_Interval], new: _Interval) -> tuple[list[_Interval], list[_Interval]]:
    """Return the parts of an interval not seen before, and all intervals seen, both in order.

    Intervals are disjoint; those that touch are joined.
    """
    begin, end = new
    touched = [(a, b) for a, b in seen if a <= end and b >= begin]
    parts, at = [], begin
    for a, b in touched:
        if at < a:
            parts.append((at, a))
        at = max(at, b)
    if at < end:
        parts.append((at, end))
    low = min([begin, *(a for a, _ in touched)])
    high = max([end, *(b for _, b in touched)])
    others = [each for each in seen if each not in touched]
    return parts, sorted([*others, (low, high)])
