"""Recordings with one finding after another, each at a known place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ecgscribe.record import Annotation, Record

FS = 250.0
_WIDTH_S = {"N": 0.03, "S": 0.03, "V": 0.07}


@dataclass(frozen=True)
class Made:
    """A recording, its annotation, and begin and end in seconds of each finding by its name."""

    record: Record
    annotation: Annotation
    spans: dict[str, list[tuple[float, float]]]


def made_recording(plan: str, *, gap_s: float = 13.1, flutter_s: float = 20.0) -> Made:
    """Make a recording of one lead from a plan.

    A word is a beat, N, S or V, or SLOW (a beat after 1.6 s), or one of the following, and ``*12``
    repeats it. ``pause``: 2.6 s to the next beat. ``gap``: a quiet baseline that is annotated as
    noise. ``noise``: noise as high as a QRS, likewise. ``VFL``: waves at 240 per minute. ``VT``: 6
    beats of V. ``AFIB``: 30 irregular beats, every third of them of class S.
    """
    rng = np.random.default_rng(0)
    beats: list[tuple[float, str]] = []
    marks: list[tuple[float, str, int, str]] = [(0.0, "+", 0, "(N")]
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    waves: list[tuple[float, float, str]] = []
    time = 1.0
    for word in plan.split():
        name, _, count = word.partition("*")
        for _ in range(int(count or 1)):
            if name in _WIDTH_S:
                beats.append((time, name))
                time += 0.9
            elif name == "SLOW":
                time += 0.7
                beats.append((time, "N"))
                time += 0.9
            elif name == "pause":
                time += 2.6 - 0.9
                spans[name].append((time - 2.6, time))
            elif name in ("gap", "noise"):
                last = time - 0.9
                time = last + gap_s
                marks += [(last + 2, "~", 3, ""), (time - 2, "~", 0, "")]
                spans[name].append((last, time))
                if name == "noise":
                    waves.append((last + 0.5, time - 0.5, name))
            elif name == "VFL":
                end = time + flutter_s
                marks += [(time, "+", 0, "(VFL"), (time, "[", 0, ""), (end, "]", 0, "")]
                marks.append((end, "+", 0, "(N"))
                waves.append((time, end, name))
                spans[name].append((time, end))
                time = end + 1.0
            else:
                begin = time - 0.3
                marks.append((begin, "+", 0, f"({name}"))
                for k in range(6 if name == "VT" else 30):
                    symbol = "V" if name == "VT" else "S" if k % 3 == 2 else "N"
                    beats.append((time, symbol))
                    time += 0.4 if name == "VT" else float(rng.uniform(0.45, 1.1))
                marks.append((time - 0.2, "+", 0, "(N"))
                spans[name].append((begin, time - 0.2))
                time += 0.4
    return Made(*_drawn(time + 1.0, beats, marks, waves), dict(spans))


def _drawn(
    duration: float,
    beats: list[tuple[float, str]],
    marks: list[tuple[float, str, int, str]],
    waves: list[tuple[float, float, str]],
) -> tuple[Record, Annotation]:
    rng = np.random.default_rng(1)
    t = np.arange(round(duration * FS)) / FS
    signal = 0.01 * rng.standard_normal(len(t))
    for at, name in beats:
        near = slice(*np.searchsorted(t, [at - 0.4, at + 0.4]))
        signal[near] += np.exp(-(((t[near] - at) / _WIDTH_S[name]) ** 2))
    for begin, end, name in waves:
        part = (t >= begin) & (t < end)
        fresh = rng.standard_normal(int(part.sum()))
        signal[part] += fresh if name == "noise" else np.sin(2 * np.pi * 4 * t[part])
    rows = sorted(
        [(at, {"S": "A"}.get(name, name), 0, "") for at, name in beats] + marks,
        key=lambda row: row[0],
    )
    annotation = Annotation(
        sample=np.array([round(row[0] * FS) for row in rows]),
        symbol=np.array([row[1] for row in rows]),
        fs=FS,
        subtype=np.array([row[2] for row in rows]),
        aux_note=np.array([row[3] for row in rows]),
        name="made",
        n_samples=len(t),
    )
    return Record(signal[:, None].astype(np.float32), FS, ("II",), name="made"), annotation
