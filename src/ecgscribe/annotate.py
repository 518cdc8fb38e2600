"""One record, end to end: this is the whole of what ecgscribe does."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.beats import classify, decide
from ecgscribe.errors import SignalWarning
from ecgscribe.peaks import find_beats
from ecgscribe.record import Annotation, Record
from ecgscribe.runtime import Model, load_model
from ecgscribe.signal import Conditioned, condition, long_runs
from ecgscribe.windows import FS, steps_to_samples

__all__ = ["CLASS_SYMBOLS", "annotate"]

CLASS_SYMBOLS = np.array(["N", "A", "V", "F", "Q"])
"""The WFDB symbol that is written for each AAMI class."""
SHORT_S = 10.0
"""Length of the usual strip; in less, too few beats stand beside each to tell what is premature."""
BRIDGED_S = 0.1
"""Stretches shorter than this that no lead can be read in do not hide a beat: conditioning bridges
them."""


def annotate(
    record: Record,
    *,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
) -> Annotation:
    """Find and classify every beat of a recording.

    Parameters
    ----------
    record : Record
        One lead or more, fs from 100 to 2,000 Hz, any unit, any polarity.
    model : Model, str or Path, optional
        A loaded model, or what `ecgscribe.load_model` takes; the one in the package by default.
    leads : sequence of str or int, optional
        One or two leads to use; by default those that serve best.

    Returns
    -------
    Annotation
        A beat at each R-peak with the probabilities of the five classes, and a ``~`` wherever
        leads are lost or come back: subtype -1 where none can be read, 16 or 32 where the first
        or the second cannot, 0 where all can.

    Raises
    ------
    FormatError
        If the recording cannot be used; see `ecgscribe.signal.condition`.
    ModelError
        If the model is absent or was altered.

    Warns
    -----
    SignalWarning
        If a lead, a stretch, the length or the kind of patient is not what the model can read.
    """
    if not isinstance(model, Model):
        model = load_model(model or "default")
    conditioned = condition(record, leads=leads)
    scores = model.score_signal(conditioned.signal)
    thresholds = model.meta["thresholds"]
    step, height = find_beats(scores.peak, conditioned.signal, threshold=thresholds["peak"])
    lost = long_runs(~conditioned.readable, round(BRIDGED_S * FS))
    seen = ~lost[np.minimum(step.astype(np.int64), len(lost) - 1)]
    step, height = step[seen], height[seen]
    probability, of_beat = classify(model, conditioned.signal, scores, step, height)
    if model.has_beat_head:
        beat = of_beat >= thresholds["beat"]
        step, height, of_beat = step[beat], height[beat], of_beat[beat]
        if not beat.all():  # without the others the rhythm is another
            probability, _ = classify(model, conditioned.signal, scores, step, height)
    symbols = CLASS_SYMBOLS[decide(probability, thresholds)]
    sample = steps_to_samples(step, conditioned.ratio, record.n_samples)
    _warn(record, conditioned, len(sample))
    return _merge(record, sample, symbols, probability, of_beat, _marks(conditioned))


def _warn(record: Record, conditioned: Conditioned, n_beats: int) -> None:
    if record.paced:
        warnings.warn(
            f"{record.name}: header or annotations tell of a pacemaker; the model has learnt from "
            "none, so paced beats are not told apart",
            SignalWarning,
            stacklevel=3,
        )
    lost = 1 - float(np.mean(conditioned.readable))
    if lost > 0:
        warnings.warn(
            f"{record.name}: {lost * record.duration:.1f} s cannot be read in any lead; "
            "marked by ~ annotations",
            SignalWarning,
            stacklevel=3,
        )
    if record.duration < SHORT_S:
        warnings.warn(
            f"{record.name}: only {record.duration:.1f} s; classes are less sure with less than "
            f"{SHORT_S:g} s of rhythm to compare with",
            SignalWarning,
            stacklevel=3,
        )
    if n_beats == 0:
        warnings.warn(f"{record.name}: no beats found", SignalWarning, stacklevel=3)


@dataclass(frozen=True, eq=False)
class _Marks:
    """``~`` annotations: one wherever the set of leads that can be read changes."""

    sample: NDArray[np.int64]
    subtype: NDArray[np.int64]
    aux_note: NDArray[np.str_]


# Subtypes of `~` as in the MIT-BIH database: all bits set, no signal can be read; 0, all can.
# Bits 4 and 5 stand for the first and the second signal.
_NONE_READABLE, _ALL_READABLE = -1, 0
_LEAD_BITS = (16, 32)


def _marks(conditioned: Conditioned) -> _Marks:
    """Mark where leads are lost and where they come back; a lead's short losses do not count."""
    every = ~conditioned.readable
    state = np.zeros(len(every), dtype=np.int64)
    for k in range(len(conditioned.leads)):
        state += _LEAD_BITS[k] * long_runs(conditioned.lost[:, k], FS)
    state[every] = _NONE_READABLE
    # After the last sample all is well again: that closes a stretch that runs to the end.
    step = np.flatnonzero(np.diff(state, prepend=_ALL_READABLE, append=_ALL_READABLE))
    subtype = np.append(state, _ALL_READABLE)[step]
    sample = steps_to_samples(step.astype(np.float64), conditioned.ratio, conditioned.n_samples)
    # Of two changes that fall on one sample the last holds.
    keep = np.diff(sample, append=conditioned.n_samples + 1) > 0
    sample, subtype = sample[keep], subtype[keep]
    keep = np.diff(subtype, prepend=_ALL_READABLE) != 0
    notes = {_NONE_READABLE: "unreadable", _ALL_READABLE: "readable"}
    for bit, lead in zip(_LEAD_BITS, conditioned.leads, strict=False):
        notes[bit] = f"{lead} unreadable"
    return _Marks(
        sample[keep],
        subtype[keep],
        np.array([notes[value] for value in subtype[keep].tolist()], dtype=np.str_),
    )


def _merge(
    record: Record,
    sample: NDArray[np.int64],
    symbol: NDArray[np.str_],
    probability: NDArray[np.float32],
    score: NDArray[np.float32],
    marks: _Marks,
) -> Annotation:
    """Put beats and the marks of unreadable stretches in one time order."""
    n, m = len(sample), len(marks.sample)
    everything = np.concatenate([sample, marks.sample])
    # At one sample, a beat lies outside the stretch that no lead can be read in.
    place = np.where(marks.subtype == _NONE_READABLE, 1, -1)
    order = np.lexsort((np.concatenate([np.zeros(n), place]), everything))
    nothing = np.full((m, 5), np.nan, dtype=np.float32)
    return Annotation(
        sample=everything[order],
        symbol=np.concatenate([symbol, np.full(m, "~")])[order],
        fs=record.fs,
        subtype=np.concatenate([np.zeros(n, dtype=np.int64), marks.subtype])[order],
        aux_note=np.concatenate([np.full(n, ""), marks.aux_note])[order],
        probability=np.concatenate([probability, nothing])[order],
        score=np.concatenate([score, nothing[:, 0]])[order],
        name=record.name,
        start=record.start,
    )
