"""Check whether the span that an explanation points at matters more than the rest of the beat.

``python benchmarks/explain.py [--data-dir DIR] [--model M] [--split ds1] [--beats 200]``

For each beat the script determines the span of 47 ms that changes the decision most, as
`ecgscribe.explain` does, with the mean of the typical beats as replacement. It then replaces this
span in two other ways, by a straight line and by added noise, and does the same to spans of this
length elsewhere in the same 0.8 s, which do not touch it and are off the grid that was searched. It
compares the change, up or down, of the probability of the predicted class. Beats are drawn with a
fixed seed, equally many of each predicted class, from its patients in turn. Intervals come from
resampling patients.
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
from ecgscribe.explanation.explain import STRETCHES, preferred_fill
from ecgscribe.explanation.occlusion import Scene, find, scene
from ecgscribe.explanation.replacements import REACH, fills
from ecgscribe.metrics.bootstrap import interval, patient_weights
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.symbols import AAMI_CLASSES

CLASSES = "NSVF"  # hardly any beat is classified as Q
ELSEWHERE = 4
"""Number of other spans to compare with."""
LENGTH = STRETCHES[0][1] - STRETCHES[0][0]
NOISE = 0.5
"""Standard deviation of the noise; in the conditioned signal a QRS complex spans about 2."""
SEED = 0
EDGE_S = 0.5
"""Seconds at each end of a recording from which no beats are drawn."""

Floats = NDArray[np.float32]
Drawn = dict[str, list[tuple[int, str]]]
"""Beats of each record: their number and their predicted class."""


@dataclass(frozen=True)
class Measured:
    """Changes of one beat's probability by one kind of replacement."""

    patient: str
    aami_class: str
    way: str
    pointed: float
    elsewhere: float


def drawn(model: Model, names: Sequence[str], n: int, data_dir: str | None) -> Drawn:
    """Draw beats, equally many of each predicted class, if there are enough."""
    rng = np.random.default_rng(SEED)
    pools: dict[str, dict[str, list[tuple[str, int]]]] = {c: defaultdict(list) for c in CLASSES}
    for name in names:
        record, _ = datasets.load("mitdb", name, data_dir=data_dir)
        beats = annotate(record, model=model).beats()
        at = beats.sample / record.fs
        whole = (at > EDGE_S) & (at < record.duration - EDGE_S)
        for index in rng.permutation(len(at)).tolist():
            aami_class = AAMI_CLASSES[beats.class_index[index]]
            if aami_class in pools and whole[index]:
                pools[aami_class][datasets.subject("mitdb", name)].append((name, index))
    chosen: Drawn = defaultdict(list)
    for aami_class, of_patient in pools.items():
        for name, index in list(_in_turn(list(of_patient.values())))[: n // len(CLASSES)]:
            chosen[name].append((index, aami_class))
    return chosen


def _in_turn(pools: list[list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    for k in range(max(map(len, pools), default=0)):
        yield from (pool[k] for pool in pools if k < len(pool))


def measured(
    model: Model, name: str, beats: list[tuple[int, str]], data_dir: str | None
) -> Iterator[Measured]:
    """Measure some beats of one record."""
    record, _ = datasets.load("mitdb", name, data_dir=data_dir)
    conditioner = Conditioner.for_record(record)
    found = find(model, conditioner)
    rng = np.random.default_rng([SEED, int(name)])
    written = np.flatnonzero(found.written)
    for index, aami_class in sorted(beats):
        here = scene(model, conditioner, found, int(written[index]))
        for way, pointed, elsewhere in _changes(here, aami_class, rng):
            yield Measured(
                datasets.subject("mitdb", name), aami_class, way, pointed, float(np.mean(elsewhere))
            )


def _changes(
    here: Scene, aami_class: str, rng: np.random.Generator
) -> Iterator[tuple[str, float, list[float]]]:
    """Yield the changes by the span pointed at, and elsewhere, for each kind of replacement."""
    told = AAMI_CLASSES.index(aami_class)
    before = float(next(here.signals([here.signal]))[0][told])

    def moves(changed: Iterator[Floats]) -> list[float]:
        return [abs(float(p[told]) - before) for p, _ in here.signals(changed)]

    ways = fills(here)
    used = preferred_fill(ways)
    by_used = moves(ways[used](b, e) for b, e in STRETCHES)
    begin, end = STRETCHES[int(np.argmax(by_used))]
    off_grid = [b for b in range(-REACH, REACH - LENGTH + 1) if (b - STRETCHES[0][0]) % LENGTH]
    apart = [b for b in off_grid if b >= end or b + LENGTH <= begin]
    places = [begin, *rng.choice(apart, ELSEWHERE, replace=False).tolist()]
    checks = {"line": ways["line"], "noise": _noisy(here, rng)}
    checks.pop(used, None)  # a span found with a line cannot be checked with a line
    for name, way in checks.items():
        pointed, *elsewhere = moves(way(b, b + LENGTH) for b in places)
        yield name, pointed, elsewhere


def _noisy(here: Scene, rng: np.random.Generator) -> Callable[[int, int], Floats]:
    """Return a function that adds the same noise to any span, in the leads with a signal."""
    noise = NOISE * rng.standard_normal((LENGTH, here.signal.shape[1])).astype(np.float32)
    noise *= here.signal.any(axis=0)

    def add(begin: int, end: int) -> Floats:
        changed = here.signal.copy()
        changed[here.at + begin : here.at + end] += noise
        return changed

    return add


def row(what: str, beats: list[Measured]) -> str:
    """Return one row of the table."""
    pointed, elsewhere = (
        np.array([getattr(b, k) for b in beats]) for k in ("pointed", "elsewhere")
    )
    patients = sorted({b.patient for b in beats})
    own = np.array([[b.patient == p for b in beats] for p in patients], dtype=np.float64)
    weights = patient_weights(len(patients)).astype(np.float64)
    difference = pointed - elsewhere
    low, high = interval(weights @ (own @ difference) / (weights @ own.sum(axis=1)))
    return (
        f"| {what} | {len(beats)} | {pointed.mean():.3f} | {elsewhere.mean():.3f} | "
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
    results: list[Measured] = []
    try:
        model = load_model(options.model)
        names = datasets.split_records("mitdb", options.split)
        beats = drawn(model, names, options.beats, options.data_dir)
        for name in sorted(beats):
            sys.stderr.write(f"explain: {name}, {len(beats[name])} beats\n")
            results += measured(model, name, beats[name], options.data_dir)
    except EcgScribeError as error:
        sys.stderr.write(f"explain: {error}\n")
        return 1
    lines = [
        "| replaced by; class | beats | pointed at | elsewhere | difference (95%) | larger |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for way in dict.fromkeys(r.way for r in results):
        of_way = [r for r in results if r.way == way]
        lines.append(row(f"{way}; all", of_way))
        for c in CLASSES:
            of_class = [r for r in of_way if r.aami_class == c]
            lines += [row(f"{way}; {c}", of_class)] if of_class else []
    sys.stdout.write(f"model {model.hash[:12]}, {options.split}\n\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
