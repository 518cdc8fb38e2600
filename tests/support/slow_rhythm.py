"""Runs and episodes as the definitions read, without regard to speed."""

from __future__ import annotations

import numpy as np

from ecgscribe.record import Annotation
from ecgscribe.symbols import class_indices

Counts = list[list[int]]

ATRIAL = ("(AFIB", "(AFL")
VENTRICULAR = ("(VFL", "(VF", "(VFIB")


class SlowAnnotation:
    """An annotation whose state at each entry is found by going through all entries before it."""

    def __init__(self, annotation: Annotation) -> None:
        self.sample = annotation.sample.tolist()
        self.symbol = annotation.symbol.tolist()
        self.note = annotation.aux_note.tolist()
        self.lost = [
            s == "~" and t & 0x30 == 0x30
            for s, t in zip(self.symbol, annotation.subtype.tolist(), strict=True)
        ]
        self.index = class_indices(annotation.symbol, mapping="ec57").tolist()

    def in_progress(self, kind: str, n: int) -> bool:
        """Return whether fibrillation of a kind is in progress after the first `n` entries."""
        for i in range(n - 1, -1, -1):
            if self.lost[i]:
                return False
            if self.symbol[i] == "+":
                return self.note[i] in (ATRIAL if kind == "S" else VENTRICULAR)
            if kind == "V" and self.symbol[i] in "[]":
                return bool(self.symbol[i] == "[")
        return False

    def begins(self, kind: str, i: int) -> bool:
        return self.in_progress(kind, i + 1) and not self.in_progress(kind, i)

    def ends(self, kind: str, i: int) -> bool:
        return self.in_progress(kind, i) and not self.in_progress(kind, i + 1)

    def in_run(self, kind: str, i: int) -> bool:
        """Return whether a beat belongs to runs of a kind."""
        if kind == "V":
            return self.index[i] in (2, 3)
        rhythms = [self.note[k] for k in range(i) if self.symbol[k] == "+"]
        return self.index[i] == 1 or (self.index[i] == 0 and rhythms[-1:] in [[r] for r in ATRIAL])

    def runs(self, kind: str, start: int) -> list[tuple[int, int | None, int]]:
        """Return first and last sample and length of each run."""
        runs: list[tuple[int, int | None, int]] = []
        first, last, length = start, None, 0
        before = [i for i in range(len(self.sample)) if self.sample[i] < start]
        if self.in_progress(kind, len(before)):
            length = 6
        for i in range(len(before), len(self.sample)):
            at = self.sample[i]
            if self.index[i] >= 0 and self.in_run(kind, i):
                first, last, length = (at if length == 0 else first), at, length + 1
            elif self.index[i] >= 0 or self.lost[i]:
                runs += [(first, last, length)] if length else []
                last, length = None, 0
            elif self.begins(kind, i) and length == 0:
                first, length = at, 6
            elif self.ends(kind, i) and length:
                last = at
        return runs + ([(first, last, length)] if length else [])

    def longest(self, kind: str, begin: int, end: int) -> int:
        """Return the length of the longest run between two samples, both included."""
        before = sum(s < begin for s in self.sample)
        if begin < 0 or self.in_progress(kind, before):
            return 6
        best = length = 0
        for i in range(before, len(self.sample)):
            if self.sample[i] > end:
                break
            if self.index[i] >= 0 and self.in_run(kind, i):
                length += 1
            elif self.begins(kind, i):
                return 6
            elif self.index[i] >= 0 or self.lost[i] or self.begins("SV"[kind == "S"], i):
                length = 0
            best = max(best, length)
        return min(best, 6)

    def inside(self, kind: str, n_samples: int) -> list[bool]:
        """Return for each sample whether it lies in an episode of AF or VF."""
        on, state = False, []
        for at in range(n_samples):
            for i in np.flatnonzero(np.array(self.sample) == at):
                if kind == "AF" and self.symbol[i] == "+":
                    on = self.note[i] == "(AFIB"
                elif kind == "VF" and self.symbol[i] in "[]":
                    on = self.symbol[i] == "["
            state.append(on)
        return state


def slow_runs(
    reference: Annotation, test: Annotation, *, kind: str, start: int, margin: int
) -> tuple[Counts, Counts]:
    """Return the sensitivity and the predictivity matrix of runs of V or S."""
    ref, tst = SlowAnnotation(reference), SlowAnnotation(test)
    sensitivity = [[0] * 7 for _ in range(7)]
    predictivity = [[0] * 7 for _ in range(7)]
    for first, last, length in ref.runs(kind, start):
        near = first - margin if last is None else last + margin
        sensitivity[min(length, 6)][tst.longest(kind, first - margin, near)] += 1
    for first, last, length in tst.runs(kind, start):
        near = first - margin if last is None else last + margin
        predictivity[ref.longest(kind, first - margin, near)][min(length, 6)] += 1
    return sensitivity, predictivity


def slow_episodes(
    reference: Annotation, test: Annotation, *, kind: str, start: int, n_samples: int
) -> list[int]:
    """Return hits and episodes of the reference and of the test, overlap and both durations."""
    ref = SlowAnnotation(reference).inside(kind, n_samples)[start:]
    tst = SlowAnnotation(test).inside(kind, n_samples)[start:]

    def hits(mine: list[bool], other: list[bool]) -> list[int]:
        found = []
        for i, on in enumerate(mine):
            if on and (i == 0 or not mine[i - 1]):
                found.append(False)
            if on and other[i]:
                found[-1] = True
        return [sum(found), len(found)]

    both = sum(a and b for a, b in zip(ref, tst, strict=True))
    return [*hits(ref, tst), *hits(tst, ref), both, sum(ref), sum(tst)]
