"""Why a beat was given its class: which part of the signal, and which facts, moved the decision.

By occlusion (Zeiler and Fergus, ECCV 2014): a part is taken away, the decision is made again, and
what changes is put down to the part. What makes a beat abnormal is how it differs from the usual
ones of its recording, so these take a part's place: stretches of 47 ms of the conditioned signal
around the R-peak give way to the mean of the usual beats around, or to a straight line where there
are none, and groups of facts to what they are of the usual beats. So a usual beat is moved by
nothing. Parts are taken away one at a time: where two tell the same, neither may seem to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.explanation.feature_groups import replaced
from ecgscribe.explanation.occlusion import Scene, find, scene
from ecgscribe.explanation.replacements import Fill, fills
from ecgscribe.explanation.result import STRETCH_STEPS, Explanation, Fact, Stretch
from ecgscribe.model.decision import decide
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.record import LazyRecord, Record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS, samples_to_steps, steps_to_samples
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["STRETCHES", "Floats", "explain", "preferred_fill"]


Floats = NDArray[np.float32]
STRETCHES: tuple[tuple[int, int], ...] = tuple(
    (STRETCH_STEPS * k - STRETCH_STEPS // 2, STRETCH_STEPS * k + STRETCH_STEPS // 2)
    for k in range(-8, 9)
)
"""First step, and the one after the last, of each stretch, counted from the R-peak: one on it, and
eight to each side, 0.4 s either way."""
BROAD: tuple[tuple[int, int], ...] = ((-51, -9), (-9, 15), (15, 51))
"""The same, of longer ones: what lies before the QRS complex, the complex, what lies after it. A
wide or clear beat is told the same without any 47 ms of it."""
SINGLE_LEADS = 3
"""Of so many `STRETCHES`, those that move the decision most, each lead is also taken away alone."""


def explain(
    record: Record | LazyRecord,
    *,
    at: float,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Explanation:
    """Explain the class of the beat nearest to a time.

    The whole recording is annotated, as what is usual in it decides, too.

    Parameters
    ----------
    record : Record or LazyRecord
        As of `ecgscribe.annotate`.
    at : float
        Seconds from the start.
    model, leads, progress
        As of `ecgscribe.annotate`.

    Returns
    -------
    Explanation

    Raises
    ------
    FormatError
        If `at` lies outside the recording, it holds no beat, or cannot be used.
    ModelError
        If the model is absent or was altered.
    """
    if not 0 <= at <= record.duration:
        raise FormatError(
            f"{record.name}: expected a time within its {record.duration:.1f} s, found {at:g} s; "
            "choose another"
        )
    model = load_model(model)
    conditioner = Conditioner.for_record(record, leads=leads)
    found = find(model, conditioner, progress=progress)
    written = np.flatnonzero(found.written)
    if len(written) == 0:
        raise FormatError(f"{record.name}: expected a beat to explain, found none; choose another")
    place = samples_to_steps(np.array([at * record.fs]), conditioner.ratio)
    index = int(written[np.argmin(np.abs(found.step[written] - place))])
    of_beat = scene(model, conditioner, found, index)
    probability, _ = next(of_beat.signals([of_beat.signal]))
    aami_class = _decided(model, probability)
    ways = fills(of_beat)
    fill = preferred_fill(ways)
    sample = int(steps_to_samples(found.step[[index]], conditioner.ratio, record.n_samples)[0])
    return Explanation(
        record=record.name,
        sample=sample,
        time=sample / record.fs,
        aami_class=aami_class,
        probability=probability,
        score=float(found.score[index]),
        quality=float(found.quality[index]),
        leads=conditioner.leads,
        stretches=_stretches(of_beat, ways[fill], conditioner, probability),
        fill=fill,
        features=_facts(of_beat),
        model=model.hash,
    )


def preferred_fill(ways: Mapping[str, Fill]) -> str:
    """Return the name of the replacement that spans are taken away by."""
    return "usual" if "usual" in ways else "line"


def _decided(model: Model, probability: Floats) -> str:
    return AAMI_CLASSES[int(decide(probability[None], model.thresholds)[0])]


def _stretches(
    of_beat: Scene, fill: Fill, conditioner: Conditioner, probability: Floats
) -> tuple[Stretch, ...]:
    """Take away each stretch in all leads, and those that matter most in each lead alone."""
    r_peak = of_beat.at + of_beat.begin
    short, broad = (
        [(b, e) for b, e in parts if r_peak + b > 0 and r_peak + e < conditioner.n_steps]
        for parts in (STRETCHES, BROAD)
    )
    every = tuple(range(len(conditioner.leads)))
    parts = [(b, e, every) for b, e in short + broad]
    whole = _without(of_beat, fill, parts, conditioner.leads)
    if len(every) == 1:
        return tuple(whole)
    told = AAMI_CLASSES.index(_decided(of_beat.model, probability))
    moves = [-abs(s.probability[told] - probability[told]) for s in whole[: len(short)]]
    most = [short[k] for k in np.argsort(moves, kind="stable")[:SINGLE_LEADS]]
    parts = [(b, e, (k,)) for b, e in most for k in every]
    return tuple(whole + _without(of_beat, fill, parts, conditioner.leads))


def _without(
    of_beat: Scene, fill: Fill, parts: list[tuple[int, int, tuple[int, ...]]], leads: Sequence[str]
) -> list[Stretch]:
    answers = of_beat.signals(fill(b, e, columns) for b, e, columns in parts)
    return [
        Stretch(
            begin=b / FS,
            end=e / FS,
            leads=tuple(leads[k] for k in columns),
            aami_class=_decided(of_beat.model, probability),
            probability=probability,
            score=score,
        )
        for (b, e, columns), (probability, score) in zip(parts, answers, strict=True)
    ]


def _facts(of_beat: Scene) -> tuple[Fact, ...]:
    if not of_beat.model.head.feature_names:
        return ()
    features = []
    for group in replaced(of_beat):
        probability, score = of_beat.from_facts(group.logit_features, group.features)
        decided = _decided(of_beat.model, probability)
        features.append(Fact(group.name, decided, probability, score, group.own, group.usual))
    return tuple(features)
