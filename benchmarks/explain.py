"""Measure whether the span that an explanation shows matters more than the rest of the beat.

``python benchmarks/explain.py [--data-dir DIR] [--model M] [--split ds1] [--beats 200]``

For each beat, the span of 47 ms with the largest effect is found as `ecgscribe.explain` finds it,
by replacing it by the typical beat. It is then replaced in two other ways: by a straight line, and
by the signal with noise added. The same is done to spans of that length elsewhere in the same
0.8 s; they do not touch it and are off the grid that was searched. The change of the probability of
the predicted class, up or down, is compared. Beats are drawn with a fixed seed: the same number of
each predicted class, taken from its patients in turn. Intervals come from resampling patients.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.explanation.detected_beats import detect_beats
from ecgscribe.explanation.explain import SHORT_SPANS
from ecgscribe.explanation.occlusion import BeatContext, beat_context
from ecgscribe.explanation.replacements import REACH, preferred, replacements
from ecgscribe.metrics.bootstrap import interval, patient_weights
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.symbols import AAMI_CLASSES

CLASSES = "NSVF"  # hardly any beat is classified as Q
ELSEWHERE = 4
"""Spans with which the one with the largest effect is compared."""
LENGTH = SHORT_SPANS[0][1] - SHORT_SPANS[0][0]
NOISE = 0.5
"""Standard deviation of the noise, in a conditioned signal whose QRS spans about 2."""
SEED = 0
EDGE_S = 0.5
"""Seconds at each end of a recording from which no beat is drawn."""

Floats = NDArray[np.float32]
Beats = dict[str, list[tuple[int, str]]]
"""Beats of each record: their index and predicted class."""


@dataclass(frozen=True)
class Effect:
    """Changes of the probability of one beat, for one way to replace spans."""

    patient: str
    aami_class: str
    check: str
    largest: float
    elsewhere: float


def draw_beats(model: Model, names: Sequence[str], n: int, data_dir: str | None) -> Beats:
    """Draw `n` beats, the same number of each predicted class if the patients have so many."""
    rng = np.random.default_rng(SEED)
    pools: dict[str, dict[str, list[tuple[str, int]]]] = {c: defaultdict(list) for c in CLASSES}
    for name in names:
        record, _ = datasets.load("mitdb", name, data_dir=data_dir)
        beats = annotate(record, model=model).beats()
        at = beats.sample / record.fs
        inside = (at > EDGE_S) & (at < record.duration - EDGE_S)
        for index in rng.permutation(len(at)).tolist():
            aami_class = AAMI_CLASSES[beats.class_index[index]]
            if aami_class in pools and inside[index]:
                pools[aami_class][datasets.subject("mitdb", name)].append((name, index))
    chosen: Beats = defaultdict(list)
    for aami_class, by_patient in pools.items():
        for name, index in list(_in_turn(list(by_patient.values())))[: n // len(CLASSES)]:
            chosen[name].append((index, aami_class))
    return chosen


def _in_turn(pools: list[list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    for k in range(max(map(len, pools), default=0)):
        yield from (pool[k] for pool in pools if k < len(pool))


def effects(
    model: Model, name: str, beats: list[tuple[int, str]], data_dir: str | None
) -> Iterator[Effect]:
    """Measure the effects of spans for some beats of one record."""
    record, _ = datasets.load("mitdb", name, data_dir=data_dir)
    conditioner = Conditioner.for_record(record)
    detected = detect_beats(model, conditioner)
    rng = np.random.default_rng([SEED, int(name)])
    annotated = np.flatnonzero(detected.annotated)
    for index, aami_class in sorted(beats):
        context = beat_context(model, conditioner, detected, int(annotated[index]))
        for check, largest, elsewhere in _changes(context, aami_class, rng):
            yield Effect(
                patient=datasets.subject("mitdb", name),
                aami_class=aami_class,
                check=check,
                largest=largest,
                elsewhere=float(np.mean(elsewhere)),
            )


def _changes(
    context: BeatContext, aami_class: str, rng: np.random.Generator
) -> Iterator[tuple[str, float, list[float]]]:
    """Yield the change for the span with the largest effect and for others, for each check."""
    predicted = AAMI_CLASSES.index(aami_class)
    before = float(next(context.classify_signals([context.signal]))[0][predicted])

    def changes(signals: Iterator[Floats]) -> list[float]:
        return [abs(float(p[predicted]) - before) for p, _ in context.classify_signals(signals)]

    ways = replacements(context)
    used = preferred(ways)
    searched = changes(ways[used](b, e) for b, e in SHORT_SPANS)
    begin, end = SHORT_SPANS[int(np.argmax(searched))]
    off_grid = [b for b in range(-REACH, REACH - LENGTH + 1) if (b - SHORT_SPANS[0][0]) % LENGTH]
    apart = [b for b in off_grid if b >= end or b + LENGTH <= begin]
    places = [begin, *rng.choice(apart, ELSEWHERE, replace=False).tolist()]
    checks: dict[str, Callable[[int, int], Floats]] = {"noise": _noisy(context, rng)}
    if used != "linear":  # a line cannot check what a line found
        checks = {"line": ways["linear"], **checks}
    for name, replace in checks.items():
        largest, *elsewhere = changes(replace(b, b + LENGTH) for b in places)
        yield name, largest, elsewhere


def _noisy(context: BeatContext, rng: np.random.Generator) -> Callable[[int, int], Floats]:
    """Return a function that adds the same noise to any span, in the leads that exist."""
    noise = NOISE * rng.standard_normal((LENGTH, context.signal.shape[1])).astype(np.float32)
    noise *= context.signal.any(axis=0)

    def add(begin: int, end: int) -> Floats:
        changed = context.signal.copy()
        changed[context.row + begin : context.row + end] += noise
        return changed

    return add


def row(title: str, measured: list[Effect]) -> str:
    """Return a line of the table."""
    largest = np.array([effect.largest for effect in measured])
    elsewhere = np.array([effect.elsewhere for effect in measured])
    patients = sorted({effect.patient for effect in measured})
    own = np.array([[e.patient == p for e in measured] for p in patients], dtype=np.float64)
    weights = patient_weights(len(patients)).astype(np.float64)
    difference = largest - elsewhere
    low, high = interval(weights @ (own @ difference) / (weights @ own.sum(axis=1)))
    return (
        f"| {title} | {len(measured)} | {largest.mean():.3f} | {elsewhere.mean():.3f} | "
        f"{difference.mean():.3f} ({low:.3f} to {high:.3f}) | {np.mean(difference > 0):.0%} |"
    )


def main() -> int:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description="Check what explanations point at.")
    parser.add_argument("--data-dir", help="folder that holds mitdb")
    parser.add_argument("--model", default="default", help="model (default: the shipped one)")
    parser.add_argument("--split", choices=["ds1", "ds2"], default="ds1", help="default: ds1")
    parser.add_argument("--beats", type=int, default=200, help="beats to draw (default: 200)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    results: list[Effect] = []
    try:
        model = load_model(options.model)
        names = datasets.split_records("mitdb", options.split)
        beats = draw_beats(model, names, options.beats, options.data_dir)
        for name in sorted(beats):
            sys.stderr.write(f"explain: {name}, {len(beats[name])} beats\n")
            results += effects(model, name, beats[name], options.data_dir)
    except EcgScribeError as error:
        sys.stderr.write(f"explain: {error}\n")
        return 1
    lines = [
        "| replaced by; class | beats | pointed at | elsewhere | difference (95%) | larger |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for check in dict.fromkeys(r.check for r in results):
        of_check = [r for r in results if r.check == check]
        lines.append(row(f"{check}; all", of_check))
        for c in CLASSES:
            of_class = [r for r in of_check if r.aami_class == c]
            lines += [row(f"{check}; {c}", of_class)] if of_class else []
    sys.stdout.write(f"model {model.hash[:12]}, {options.split}\n\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
