"""What the rhythm changes: which candidates are beats, their class, and what is unreadable.

What kills is never noise. In ventricular tachycardia every candidate, even a faint one, is a beat
of class V, however wide and slurred; in ventricular flutter or fibrillation there are no beats to
find; in these and in standstill the recording can be read, as it shows what it is. In atrial
fibrillation no beat is early, as none is on time: one that would be called S is called N, unless it
looks ventricular.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics.spans import union
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.model.traits import no_traits
from ecgscribe.pipeline.beats_by_sequence import temper_s
from ecgscribe.pipeline.candidates import ClassifiedCandidates, FaintPeaks
from ecgscribe.pipeline.rhythm import FoundRhythms
from ecgscribe.pipeline.step_spans import StepSpan
from ecgscribe.record import READABLE
from ecgscribe.signal.windows import FS, ceil_div
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["apply_rhythms", "grade_by_rhythm", "killing_spans", "without_beats"]

Floats = NDArray[np.float32]
Positions = NDArray[np.int64]
KILLING = ("VT", "VFL", "ASYS")
NOISE_LEAST = 0.5
"""Least probability of noise in a second that cannot be read."""
CLEAR_MOST = 0.05
"""Probability that there is no signal, noise or a lead that is off, below which it can be read."""
S, V = (AAMI_CLASSES.index(name) for name in "SV")


def apply_rhythms(
    candidates: ClassifiedCandidates,
    faint: FaintPeaks,
    rhythms: Sequence[StepSpan],
    thresholds: Thresholds,
) -> ClassifiedCandidates:
    """Classify the candidates of a recording knowing the rhythm that each stands in.

    Parameters
    ----------
    candidates : ClassifiedCandidates
        All of them, false detections too.
    faint : FaintPeaks
        R-peaks that are beats in ventricular tachycardia alone.
    rhythms : sequence of StepSpan
        In time order.
    thresholds : Thresholds

    Returns
    -------
    ClassifiedCandidates
        Without those in ventricular flutter or fibrillation and in standstill. The probabilities of
        the others are what they are if the rhythm is the predicted one.
    """
    candidates = _with_faint_peaks(candidates, faint, rhythms)
    beat, of_class = candidates.beat_probability.copy(), candidates.class_probability.copy()
    kept = np.ones(len(candidates), dtype=np.bool_)
    sure = max(thresholds.beat, thresholds.beat_in_noise)
    for span in rhythms:
        own = slice(*np.searchsorted(candidates.r_peaks, [span.begin, span.end]).tolist())
        if span.kind in ("VFL", "ASYS"):
            kept[own] = False
        elif span.kind == "VT":
            beat[own] = np.maximum(beat[own], max(span.probability, sure))
            of_class[own] = np.eye(len(AAMI_CLASSES))[V]
        elif span.kind == "AFIB":
            temper_s(of_class[own], decide(of_class[own], thresholds) == S)
    changed = dataclasses.replace(candidates, beat_probability=beat, class_probability=of_class)
    return changed[kept]


def _with_faint_peaks(
    candidates: ClassifiedCandidates, faint: FaintPeaks, rhythms: Sequence[StepSpan]
) -> ClassifiedCandidates:
    """Add the faint peaks of ventricular tachycardia to the candidates."""
    inside = np.zeros(len(faint), dtype=np.bool_)
    for span in rhythms:
        if span.kind == "VT":
            inside |= (faint.r_peaks >= span.begin) & (faint.r_peaks < span.end)
    if not inside.any():
        return candidates
    n = int(np.count_nonzero(inside))
    added = ClassifiedCandidates(
        faint.r_peaks[inside],
        np.zeros(n, dtype=np.float32),
        np.zeros((n, len(AAMI_CLASSES)), dtype=np.float32),
        faint.peak_scores[inside],
        np.zeros((n, *candidates.shapes.shape[1:]), dtype=np.float32),
        no_traits(n),
    )
    joined = ClassifiedCandidates.join([candidates, added])
    order = np.argsort(joined.r_peaks, kind="stable")
    return ClassifiedCandidates(
        *(getattr(joined, f.name)[order] for f in dataclasses.fields(joined))
    )


def without_beats(unreadable: Positions, rhythms: Sequence[StepSpan]) -> Positions:
    """Return the spans in which no beat is expected.

    Parameters
    ----------
    unreadable : ndarray of int64, shape (m, 2)
        Spans in which all leads are lost, from step to step, in time order.
    rhythms : sequence of StepSpan
        In time order.

    Returns
    -------
    ndarray of int64, shape (k, 2)
        Those and the spans of ventricular flutter or fibrillation and of standstill, joined.
    """
    return union(unreadable, _spans_of(rhythms, ("VFL", "ASYS")))


def killing_spans(rhythms: Sequence[StepSpan]) -> Positions:
    """Return the spans of what kills, from step to step, shape (m, 2)."""
    return _spans_of(rhythms, KILLING)


def _spans_of(rhythms: Sequence[StepSpan], kinds: Collection[str]) -> Positions:
    spans = [[span.begin, span.end] for span in rhythms if span.kind in kinds]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def grade_by_rhythm(quality: Floats, found: FoundRhythms) -> Floats:
    """Return the quality of every second, knowing where the rhythm shows and where noise does.

    Parameters
    ----------
    quality : ndarray of float32, shape (seconds,)
        See `ecgscribe.pipeline.signal_quality.scale_quality`.
    found : FoundRhythms

    Returns
    -------
    ndarray of float32, shape (seconds,)
        None below `READABLE` in what kills and where a rhythm shows clearly, and none above half of
        it where noise is probable.
    """
    raised = quality.copy()
    n = len(found.noise)
    is_noise, is_clear = found.noise > NOISE_LEAST, found.no_signal < CLEAR_MOST
    raised[:n][is_noise] = np.minimum(raised[:n], READABLE / 2)[is_noise]
    raised[:n][is_clear] = np.maximum(raised[:n], READABLE)[is_clear]
    for begin, end in killing_spans(found.spans).tolist():
        own = slice(begin // FS, ceil_div(end, FS))
        raised[own] = np.maximum(raised[own], READABLE)
    return raised
