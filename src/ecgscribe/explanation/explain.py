"""Explain the class of a beat: which parts of the signal, and which features, it depends on.

By occlusion (Zeiler and Fergus, ECCV 2014): a part is replaced, the beat is classified again, and
the change is attributed to the part. A beat is abnormal because it differs from the typical beats
of its recording, so the replacement comes from them: a span of 47 ms of the conditioned signal
becomes that of the mean typical beat, or a straight line if there are no typical beats nearby, and
a group of features gets its typical values. Hence nothing changes the class of a typical beat.
Parts are replaced one at a time: if two parts show the same, neither may seem to matter.

Where the rhythm decided the class, no part did: the explanation then names the rhythm alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.explanation.deciding_rhythm import deciding_rhythm
from ecgscribe.explanation.detected_beats import detect_beats
from ecgscribe.explanation.feature_groups import with_typical_features
from ecgscribe.explanation.occlusion import BeatContext, beat_context
from ecgscribe.explanation.replacements import Replace, preferred, replacements
from ecgscribe.explanation.result import (
    SPAN_STEPS,
    Explanation,
    FeatureEffect,
    NearbyBeat,
    SpanEffect,
)
from ecgscribe.model.decision import decide
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.signal_quality import quality_at
from ecgscribe.record import LazyRecord, Record, check_is_record
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["BROAD_SPANS", "SHORT_SPANS", "SINGLE_LEADS", "explain"]


Floats = NDArray[np.float32]
Part = tuple[int, int, tuple[int, ...]]
"""First step of a span, the one after its last, both from the R-peak, and columns of leads."""


SHORT_SPANS: tuple[tuple[int, int], ...] = tuple(
    (SPAN_STEPS * k - SPAN_STEPS // 2, SPAN_STEPS * k + SPAN_STEPS // 2) for k in range(-8, 9)
)
"""First step of each span and the one after its last, counted from the R-peak: one span at the
R-peak and eight on each side (0.4 s)."""
BROAD_SPANS: tuple[tuple[int, int], ...] = ((-51, -9), (-9, 15), (15, 51))
"""The same, before the QRS complex, of it, and after it. A wide or clear beat keeps its class
without any 47 ms of it."""
SINGLE_LEADS = 3
"""The most important short spans, so many, are also replaced in each lead alone."""


def explain(
    record: Record | LazyRecord,
    *,
    at: float,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Explanation:
    """Explain the class of the beat nearest to a time.

    The whole recording is annotated, because the class depends on what is typical of it.

    Parameters
    ----------
    record : Record or LazyRecord
        As for `ecgscribe.annotate`.
    at : float
        Seconds from the start.
    model, leads, progress
        As for `ecgscribe.annotate`.

    Returns
    -------
    Explanation

    Raises
    ------
    FormatError
        If `at` is outside the recording, or the recording has no beat or cannot be used.
    ModelError
        If the model is missing or was altered.
    """
    check_is_record(record)
    if not 0 <= at <= record.duration:
        raise FormatError(
            f"{record.name}: expected a time within its {record.duration:.1f} s, found {at:g} s; "
            "choose another"
        )
    model = load_model(model)
    conditioner = Conditioner.for_record(record, leads=leads)
    beats = detect_beats(model, conditioner, progress=progress)
    written, quality = beats.written.beats, beats.written.quality
    if len(written) == 0:
        raise FormatError(f"{record.name}: expected a beat to explain, found none; choose another")
    step = conditioner.steps_at(np.array([at * record.fs]))
    nearest = int(np.argmin(np.abs(written.r_peaks - step)))
    r_peak = written.r_peaks[[nearest]]
    around = slice(max(nearest - 1, 0), nearest + 2)
    samples = conditioner.samples_at(written.r_peaks[around])
    nearby = tuple(
        NearbyBeat(sample=s, time=s / record.fs, aami_class=_predicted_class(model, probability))
        for s, probability in zip(samples.tolist(), written.class_probability[around], strict=True)
    )
    own = nearby[nearest - around.start]
    explanation = Explanation(
        record=record.name,
        sample=own.sample,
        time=own.time,
        aami_class=own.aami_class,
        annotated_class=own.aami_class,
        probability=written.class_probability[nearest],
        score=float(written.beat_probability[nearest]),
        quality=float(quality_at(r_peak, quality)[0]),
        leads=conditioner.leads,
        spans=(),
        replacement=None,
        features=(),
        model=model.hash,
        rhythm=deciding_rhythm(beats, nearest, model.thresholds),
        nearby=nearby,
        start=record.start,
        paced=record.paced,
    )
    if explanation.rhythm is not None:
        return explanation
    index = int(np.searchsorted(beats.r_peaks, r_peak[0]))
    context = beat_context(model, conditioner, beats, index)
    probability, _ = next(context.classify_signals([context.signal]))
    ways = replacements(context)
    replacement = preferred(ways)
    return dataclasses.replace(
        explanation,
        aami_class=_predicted_class(model, probability),
        probability=probability,
        spans=_span_effects(context, ways[replacement], conditioner, probability),
        replacement=replacement,
        features=_feature_effects(context),
    )


def _predicted_class(model: Model, probability: Floats) -> str:
    return AAMI_CLASSES[int(decide(probability[None], model.thresholds)[0])]


def _span_effects(
    context: BeatContext, replace: Replace, conditioner: Conditioner, probability: Floats
) -> tuple[SpanEffect, ...]:
    """Replace each span in all leads, and the most important ones in each lead alone."""
    r_peak = context.row + context.begin
    short, broad = (
        [(b, e) for b, e in spans if r_peak + b > 0 and r_peak + e < conditioner.n_steps]
        for spans in (SHORT_SPANS, BROAD_SPANS)
    )
    columns = tuple(range(len(conditioner.leads)))
    parts = [(b, e, columns) for b, e in short + broad]
    effects = _replaced(context, replace, parts, conditioner.leads)
    if len(columns) == 1:
        return tuple(effects)
    predicted = AAMI_CLASSES.index(_predicted_class(context.model, probability))
    change = [abs(s.probability[predicted] - probability[predicted]) for s in effects[: len(short)]]
    largest = np.argsort(-np.array(change), kind="stable")[:SINGLE_LEADS]
    parts = [(*short[k], (column,)) for k in largest for column in columns]
    return tuple(effects + _replaced(context, replace, parts, conditioner.leads))


def _replaced(
    context: BeatContext, replace: Replace, parts: Sequence[Part], leads: Sequence[str]
) -> list[SpanEffect]:
    classified = context.classify_signals(replace(b, e, columns) for b, e, columns in parts)
    return [
        SpanEffect(
            begin=b / FS,
            end=e / FS,
            leads=tuple(leads[k] for k in columns),
            aami_class=_predicted_class(context.model, probability),
            probability=probability,
            score=score,
        )
        for (b, e, columns), (probability, score) in zip(parts, classified, strict=True)
    ]


def _feature_effects(context: BeatContext) -> tuple[FeatureEffect, ...]:
    if not context.model.head.feature_names:
        return ()
    effects = []
    for group in with_typical_features(context):
        probability, score = context.classify_features(group.features)
        effects.append(
            FeatureEffect(
                name=group.name,
                aami_class=_predicted_class(context.model, probability),
                probability=probability,
                score=score,
                observed=group.observed,
                typical=group.typical,
            )
        )
    return tuple(effects)
