"""Beat-by-beat comparison of two annotations of one recording according to ANSI/AAMI EC57.

The rules are those of the standard (ANSI/AAMI EC57:2012, Testing and reporting performance
results of cardiac rhythm and ST segment measurement algorithms) as the program bxb of the WFDB
Software Package 10.7.0 applies them, count for count. Where the standard leaves something open,
a comment next to the code explains what that program does. This module does not depend on models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics.arguments import check_comparable, to_samples
from ecgscribe.metrics.comparison import COLUMNS, Comparison, Pairs
from ecgscribe.metrics.switches import FAR, Spans, flutter_switches, join_switches
from ecgscribe.quality_annotations import decode_subtype
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = ["compare"]


_O, _X = 5, 6  # of ROWS and of COLUMNS


_Int = NDArray[np.int64]
_Bool = NDArray[np.bool_]
_Doubles = NDArray[np.float64]


def _flutter(annotation: Annotation) -> Spans:
    """Return ventricular flutter or fibrillation, from a ``[`` to its ``]``, both included."""
    spans = flutter_switches(annotation)
    return Spans(spans.first, spans.stop + 1)


def _shutdown(annotation: Annotation) -> Spans:
    """Return shutdown: from a ``~`` with both bits set to the next one without."""
    at = np.flatnonzero(annotation.symbol == "~")
    on = decode_subtype(annotation.subtype[at]).all_lost
    return join_switches(zip(annotation.sample[at].tolist(), on.tolist(), strict=True))


def _walk(reference: _Int, test: _Int, window: int) -> Iterator[tuple[int, int]]:
    """Pair two lists of samples one to one in time order; -1 stands for no partner."""
    n, m = len(reference), len(test)
    a, b = [*reference.tolist(), FAR, FAR], [*test.tolist(), FAR, FAR]
    i = j = 0
    while i < n or j < m:
        at, detected = a[i], b[j]
        # The later of the two may have a better partner: the beat that follows the earlier one,
        # also if it is equally near (no reference table has such a tie). That does not count if
        # the two following beats are nearer to each other still.
        rival = abs(at - b[j + 1]) if detected < at else abs(detected - a[i + 1])
        gap = abs(at - detected)
        match = gap <= window and (gap < rival or abs(a[i + 1] - b[j + 1]) < rival)
        if match:
            yield i, j
            i, j = i + 1, j + 1
        elif detected < at:
            yield -1, j
            j += 1
        else:
            yield i, -1
            i += 1


def _rr_intervals(beats: _Int, without_beats: Sequence[Spans], used: _Bool) -> _Doubles:
    """Return the RR interval that ends at the current beat of every step, in samples.

    Parameters
    ----------
    beats : ndarray of int64, shape (n,)
        Samples of one list of beats.
    without_beats : sequence of Spans
        Spans without beats: an interval that touches one is NaN, and so is that of the first beat.
    used : ndarray of bool, shape (n_steps,)
        Which steps use up a beat of this list; after the last beat the interval is NaN.
    """
    rr = np.full(len(beats) + 1, np.nan)
    rr[1:-1] = np.diff(beats)
    for spans in without_beats:
        rr[1:-1][spans.break_intervals(beats)] = np.nan
    return rr[np.cumsum(used) - used]


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
    beats in ventricular flutter (``[`` to ``]``) are ignored, and test beats there without a match
    are not counted. Extra beats where the reference annotates both signals as unreadable go to row
    X; missed beats where the test annotation does so go to column x.

    Parameters
    ----------
    reference, test : Annotation
        The annotations; everything but beats, ``[``, ``]`` and ``~`` is ignored.
    start : float
        Where the comparison begins, in seconds. The standard allows 5 minutes of learning. A
        pair across the start counts.
    end : float, optional
        Where it ends, in seconds (a beat at this time no longer counts); by default the end of the
        annotations. A pair across the end counts.
    window : float
        Largest distance of two beats that match, in seconds; rounded to whole samples.
    mapping : {"ec57", "literature"}
        Table from symbols to classes, for both annotations.

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
    check_comparable(reference, test, start=start, end=end, window=window)
    fs = reference.fs
    flutter, shutdown = _flutter(reference), _shutdown(reference)
    test_flutter, test_shutdown = _flutter(test), _shutdown(test)
    classes = class_indices(reference.symbol, mapping=mapping)
    test_classes = class_indices(test.symbol, mapping=mapping)
    kept = np.flatnonzero(~flutter.hold(reference.sample[classes >= 0]))
    beats = reference.sample[classes >= 0][kept]
    test_beats = test.sample[test_classes >= 0]

    steps = np.array(list(_walk(beats, test_beats, to_samples(window, fs))), dtype=np.int64)
    i, j = steps.reshape(-1, 2).T
    # Index -1, no beat, picks the value that is appended.
    at, detected = np.append(beats, -FAR)[i], np.append(test_beats, -FAR)[j]
    counted = (np.maximum(at, detected) >= to_samples(start, fs)) & ~(
        (i < 0) & flutter.hold(detected)
    )
    if end is not None:
        earlier = np.minimum(np.where(i < 0, detected, at), np.where(j < 0, at, detected))
        counted &= earlier < to_samples(end, fs)

    rows = np.append(classes[classes >= 0][kept], _O).astype(np.int64)[i]
    rows[(i < 0) & shutdown.hold(detected)] = _X
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
