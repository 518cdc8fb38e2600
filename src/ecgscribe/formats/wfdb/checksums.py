"""The checksums of WFDB signals, made sure of as the signals are read, piece by piece.

The sum of a signal's samples in 16 bits, as its header states it:
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

__all__ = ["checker"]


_Interval = tuple[int, int]


def checker(
    base: Path, header: Any, per_frame: Sequence[int]
) -> Callable[[Sequence[int], int, Sequence[NDArray[Any]]], None]:
    """Be ready to compare the checksums of a header with the samples.

    Parameters
    ----------
    base : Path
        The record's or segment's path, for the message.
    header : wfdb.Record
        Its header. Nothing is compared where it gives no checksum or 0, which stands for none in
        headers written by hand; no length; or a skew, as some samples then are not read.
    per_frame : sequence of int
        Samples a frame of each signal.

    Returns
    -------
    callable
        To be given every piece that is read: the columns, the first frame, and the digital samples
        of each column. Raises `FormatError` once the whole of a signal has been read, in whatever
        order, if its sum is not the one stated.
    """
    stated = {
        k: int(header.checksum[k])
        for k in range(header.n_sig)
        if header.checksum[k] and header.sig_len and not header.skew[k]
    }
    seen: dict[int, list[_Interval]] = {k: [] for k in stated}
    sums = dict.fromkeys(stated, 0)
    lock = Lock()  # pieces may be read in threads

    def check(columns: Sequence[int], begin: int, samples: Sequence[NDArray[Any]]) -> None:
        for k, values in zip(columns, samples, strict=True):
            if k not in stated:
                continue
            step = per_frame[k]
            with lock:
                new, seen[k] = _joined(seen[k], (begin, begin + len(values) // step))
                for a, b in new:
                    part = values[(a - begin) * step : (b - begin) * step]
                    sums[k] += int(np.sum(part, dtype=np.int64))
                found, complete = sums[k], seen[k] == [(0, header.sig_len)]
            if complete and (found - stated[k]) % 2**16:
                raise FormatError(
                    f"{base}: expected the checksum {stated[k]} of signal {k + 1} as its header "
                    f"says, found {(found + 2**15) % 2**16 - 2**15}: samples are damaged; "
                    "get a fresh copy (or write 0 for the checksum, which is not compared)"
                )

    return check


def _joined(seen: Sequence[_Interval], new: _Interval) -> tuple[list[_Interval], list[_Interval]]:
    """Give the parts of an interval that are not seen yet, and all that is seen with it, in order.

    Intervals are disjoint, and joined where they touch.
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
