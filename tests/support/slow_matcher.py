"""The comparison of `ecgscribe.metrics.ec57` step by step: slow, and easy to check by eye.

Beats are plain tuples, every question is asked of the whole annotation again, and nothing is
shared with the package but the table of symbols.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ecgscribe.record import Annotation
from ecgscribe.symbols import MAPPINGS, Mapping

ROWS = "NSVFQOX"


@dataclass
class SlowComparison:
    matrix: list[list[int]] = field(default_factory=lambda: [[0] * 7 for _ in ROWS])
    pairs: list[tuple[int, int]] = field(default_factory=list)
    errors_ms: list[float] = field(default_factory=list)

    @property
    def rr_error_ms(self) -> float:
        squares = [e * e for e in self.errors_ms]
        return math.sqrt(sum(squares) / len(squares)) if squares else math.nan


@dataclass(frozen=True)
class Beat:
    index: int
    sample: int
    aami: str


def beats_of(annotation: Annotation, mapping: Mapping) -> list[Beat]:
    beats: list[Beat] = []
    for sample, symbol in zip(annotation.sample, annotation.symbol, strict=True):
        for aami, symbols in MAPPINGS[mapping].items():
            if symbol in symbols:
                beats.append(Beat(len(beats), int(sample), aami))
    return beats


def flutter_of(annotation: Annotation) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    since = None
    for sample, symbol in zip(annotation.sample, annotation.symbol, strict=True):
        if symbol == "[" and since is None:
            since = int(sample)
        elif symbol == "]" and since is not None:
            spans.append((since, sample + 0.5))
            since = None
    return spans if since is None else [*spans, (since, math.inf)]


def shutdown_of(annotation: Annotation) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    since = None
    rows = zip(annotation.sample, annotation.symbol, annotation.subtype, strict=True)
    for sample, symbol, subtype in rows:
        if symbol != "~":
            continue
        both_unreadable = bool(subtype & 16) and bool(subtype & 32)
        if both_unreadable and since is None:
            since = int(sample)
        elif not both_unreadable and since is not None:
            spans.append((since, float(sample)))
            since = None
    return spans if since is None else [*spans, (since, math.inf)]


def inside(sample: int, spans: list[tuple[float, float]]) -> bool:
    return any(first <= sample < stop for first, stop in spans)


def interval(beats: list[Beat], k: int, unmarked: list[tuple[float, float]]) -> int | None:
    if k == 0 or k >= len(beats):
        return None
    before, here = beats[k - 1].sample, beats[k].sample
    if any(first < here and stop > before for first, stop in unmarked):
        return None
    return here - before


def should_pair(reference: list[Beat], test: list[Beat], window: float) -> bool:
    """Tell whether the heads of the two lists of what is left are partners."""
    if not reference or not test:
        return False
    r, t = reference[0].sample, test[0].sample
    if abs(r - t) > window:
        return False
    next_r = reference[1].sample if len(reference) > 1 else None
    next_t = test[1].sample if len(test) > 1 else None
    rival_gap = math.inf
    if t < r and next_t is not None:
        rival_gap = abs(r - next_t)
    elif r <= t and next_r is not None:
        rival_gap = abs(t - next_r)
    if abs(r - t) < rival_gap:
        return True
    return next_r is not None and next_t is not None and abs(next_r - next_t) < rival_gap


def slow_compare(
    reference: Annotation,
    test: Annotation,
    *,
    start: float = 300.0,
    end: float | None = None,
    window: float = 0.15,
    mapping: Mapping = "ec57",
) -> SlowComparison:
    fs = reference.fs
    first = math.floor(start * fs + 0.5)
    stop = math.inf if end is None else math.floor(end * fs + 0.5)
    flutter = flutter_of(reference)
    shutdown = shutdown_of(reference)
    test_shutdown = shutdown_of(test)
    every = [b for b in beats_of(reference, mapping) if not inside(b.sample, flutter)]
    every_test = beats_of(test, mapping)
    left, left_test = list(every), list(every_test)
    result = SlowComparison()
    while left or left_test:
        k, k_test = len(every) - len(left), len(every_test) - len(left_test)
        rr = interval(every, k, flutter + shutdown)
        rr_test = interval(every_test, k_test, flutter_of(test) + test_shutdown)
        beat = test_beat = None
        if should_pair(left, left_test, math.floor(window * fs + 0.5)):
            beat, test_beat = left.pop(0), left_test.pop(0)
        elif not left or (left_test and left_test[0].sample < left[0].sample):
            test_beat = left_test.pop(0)
        else:
            beat = left.pop(0)

        samples = [b.sample for b in (beat, test_beat) if b is not None]
        if max(samples) < first or min(samples) >= stop:
            continue
        if beat is None and inside(samples[0], flutter):
            continue
        row = beat.aami if beat else "X" if inside(samples[0], shutdown) else "O"
        column = test_beat.aami if test_beat else "X" if inside(samples[0], test_shutdown) else "O"
        result.matrix[ROWS.index(row)][ROWS.index(column)] += 1
        result.pairs.append((beat.index if beat else -1, test_beat.index if test_beat else -1))
        if rr is not None and rr_test is not None:
            result.errors_ms.append((rr - rr_test) * 1000.0 / fs)
    return result
