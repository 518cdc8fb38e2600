"""Beat-by-beat comparison of two annotations of one recording, after ANSI/AAMI EC57.

The rules are those of the standard (ANSI/AAMI EC57:2012, Testing and reporting performance
results of cardiac rhythm and ST segment measurement algorithms) as the program bxb of the WFDB
Software Package 10.7.0 applies them, count for count. Where the standard leaves something open,
the comment beside the code says what that program does. Nothing here knows of models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.metrics.comparison import COLUMNS, Comparison, Pairs
from ecgscribe.quality_annotations import decode_subtype
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = ["compare"]


_O, _X = 5, 6  # of ROWS and of COLUMNS
_FAR = 1 << 62  # beyond any sample: where a list that has ended stands


_Int = NDArray[np.int64]
_Bool = NDArray[np.bool_]
_Float = NDArray[np.float64]


class _Spans(NamedTuple):
    """Stretches that do not overlap, from `first` up to but without `stop`, in time order."""

    first: _Int
    stop: _Int

    def hold(self, sample: _Int) -> _Bool:
        """Tell which samples lie inside a stretch."""
        k = np.searchsorted(self.first, sample, side="right")
        return sample < np.append(np.int64(-1), self.stop)[k]

    def break_intervals(self, sample: _Int) -> _Bool:
        """Tell which intervals between neighbouring samples a stretch touches; shape (n - 1,)."""
        k = np.searchsorted(self.first, sample[1:], side="left")
        return sample[:-1] < np.append(np.int64(-1), self.stop)[k]


def _spans(marks: Iterable[tuple[int, bool]]) -> _Spans:
    """Join marks (sample, on) to stretches; one that is never closed lasts for ever."""
    first: list[int] = []
    stop: list[int] = []
    for sample, on in marks:
        if on and len(first) == len(stop):
            first.append(sample)
        elif not on and len(first) > len(stop):
            stop.append(sample)
    stop += [_FAR] * (len(first) - len(stop))
    return _Spans(np.array(first, dtype=np.int64), np.array(stop, dtype=np.int64))


def _flutter(annotation: Annotation) -> _Spans:
    """Find ventricular flutter or fibrillation, from a ``[`` to its ``]``, both included."""
    at = np.flatnonzero(np.isin(annotation.symbol, ("[", "]")))
    on = annotation.symbol[at] == "["
    return _spans(zip((annotation.sample[at] + ~on).tolist(), on.tolist(), strict=True))


def _shutdown(annotation: Annotation) -> _Spans:
    """Find shutdown: from a ``~`` with both of its bits set to the next one without."""
    at = np.flatnonzero(annotation.symbol == "~")
    on = decode_subtype(annotation.subtype[at]).all_lost
    return _spans(zip(annotation.sample[at].tolist(), on.tolist(), strict=True))


def _walk(reference: _Int, test: _Int, window: int) -> Iterator[tuple[int, int]]:
    """Pair two lists of samples one to one in time order; -1 stands for no partner."""
    n, m = len(reference), len(test)
    a, b = [*reference.tolist(), _FAR, _FAR], [*test.tolist(), _FAR, _FAR]
    i = j = 0
    while i < n or j < m:
        at, found = a[i], b[j]
        # The later of the two may have a better partner: the next neighbour of the earlier one,
        # also where it is just as near (a tie that none of the reference tables holds). It goes
        # without where the two next neighbours are nearer each other still.
        rival = abs(at - b[j + 1]) if found < at else abs(found - a[i + 1])
        gap = abs(at - found)
        match = gap <= window and (gap < rival or abs(a[i + 1] - b[j + 1]) < rival)
        if match:
            yield i, j
            i, j = i + 1, j + 1
        elif found < at:
            yield -1, j
            j += 1
        else:
            yield i, -1
            i += 1


def _rr_intervals(beats: _Int, unmarked: Sequence[_Spans], used: _Bool) -> _Float:
    """RR interval that ends at the current beat of every step of the walk, in samples.

    Parameters
    ----------
    beats : ndarray of int64, shape (n,)
        Samples of one list of beats.
    unmarked : sequence of _Spans
        Stretches without beats: an interval that one touches is NaN, as is the first beat's.
    used : ndarray of bool, shape (n_steps,)
        Which steps use up a beat of this list; past the last beat the interval is NaN.
    """
    rr = np.full(len(beats) + 1, np.nan)
    rr[1:-1] = np.diff(beats)
    for spans in unmarked:
        rr[1:-1][spans.break_intervals(beats)] = np.nan
    return rr[np.cumsum(used) - used]


def _samples(seconds: float, fs: float) -> int:
    """Round a time to the nearest sample, halves up."""
    return math.floor(seconds * fs + 0.5)


def _check(
    reference: Annotation, test: Annotation, start: float, end: float | None, window: float
) -> None:
    if reference.fs != test.fs:
        raise FormatError(
            f"annotation {test.name}: expected the reference's sampling frequency "
            f"{reference.fs:g} Hz, found {test.fs:g} Hz; compare annotations of one recording"
        )
    if not (start >= 0 and math.isfinite(start)):
        raise ValueError(f"expected a start of 0 seconds or later, found {start}; use 0 or 300")
    if end is not None and not (end > start and math.isfinite(end)):
        raise ValueError(f"expected an end after {start} seconds, found {end}; leave it out")
    if not (window > 0 and math.isfinite(window)):
        raise ValueError(f"expected a window above 0 seconds, found {window}; use 0.15")


def compare(
    reference: Annotation,
    test: Annotation,
    *,
    start: float = 300.0,
    end: float | None = None,
    window: float = 0.15,
    mapping: Mapping = "ec57",
) -> Comparison:
    """Compare two annotations of one recording beat by beat.

    Both lists are walked once in time order, in time proportional to their length. Reference
    beats in ventricular flutter (``[`` to ``]``) do not exist, and test beats there that match
    nothing are not counted. Extra beats while the reference marks both signals as unreadable go
    to row X, beats missed while the test annotation does go to column x.

    Parameters
    ----------
    reference, test : Annotation
        The annotations; what is not a beat, a ``[``, a ``]`` or a ``~`` is passed over.
    start : float
        Where the comparison begins, in seconds. The standard grants 5 minutes of learning. A
        pair that straddles the start counts.
    end : float, optional
        Where it ends, in seconds (the beats there no longer count); the end of the annotations
        if not given. A pair that straddles the end counts.
    window : float
        Largest distance of two beats that match, in seconds; rounded to whole samples.
    mapping : {"ec57", "literature"}
        Table that gives the symbols of both annotations their classes.

    Returns
    -------
    Comparison

    Raises
    ------
    FormatError
        If the two annotations differ in sampling frequency.
    ValueError
        If `start`, `end` or `window` is out of range.
    """
    _check(reference, test, start, end, window)
    fs = reference.fs
    flutter, shutdown = _flutter(reference), _shutdown(reference)
    test_flutter, test_shutdown = _flutter(test), _shutdown(test)
    classes = class_indices(reference.symbol, mapping=mapping)
    test_classes = class_indices(test.symbol, mapping=mapping)
    kept = np.flatnonzero(~flutter.hold(reference.sample[classes >= 0]))
    beats = reference.sample[classes >= 0][kept]
    test_beats = test.sample[test_classes >= 0]

    steps = np.array(list(_walk(beats, test_beats, _samples(window, fs))), dtype=np.int64)
    i, j = steps.reshape(-1, 2).T
    # Index -1, no beat, picks the value that is appended.
    at, found = np.append(beats, -_FAR)[i], np.append(test_beats, -_FAR)[j]
    counted = (np.maximum(at, found) >= _samples(start, fs)) & ~((i < 0) & flutter.hold(found))
    if end is not None:
        earlier = np.minimum(np.where(i < 0, found, at), np.where(j < 0, at, found))
        counted &= earlier < _samples(end, fs)

    rows = np.append(classes[classes >= 0][kept], _O).astype(np.int64)[i]
    rows[(i < 0) & shutdown.hold(found)] = _X
    columns = np.append(test_classes[test_classes >= 0], _O).astype(np.int64)[j]
    columns[(j < 0) & test_shutdown.hold(at)] = _X
    cells = (rows * len(COLUMNS) + columns)[counted]

    # The reference program takes the error at every step, also at a miss or an extra beat: of
    # the intervals that end at its two current beats, whether this step uses them up or not.
    errors = _rr_intervals(beats, (flutter, shutdown), i >= 0)
    errors -= _rr_intervals(test_beats, (test_flutter, test_shutdown), j >= 0)
    errors = errors[counted & ~np.isnan(errors)] * 1000.0 / fs
    return Comparison(
        name=reference.name,
        matrix=np.bincount(cells, minlength=49).reshape(7, 7).astype(np.int64),
        rr_error_ms=float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan,
        pairs=Pairs(np.append(kept, -1)[i][counted], j[counted]),
    )
