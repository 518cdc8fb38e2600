"""One record, end to end: this is the whole of what ecgscribe does."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.beats import classify, decide
from ecgscribe.errors import SignalWarning
from ecgscribe.peaks import find_peaks
from ecgscribe.record import Annotation, Record
from ecgscribe.runtime import Model, load_model
from ecgscribe.signal import Conditioned, condition
from ecgscribe.windows import steps_to_samples

__all__ = ["CLASS_SYMBOLS", "annotate"]

CLASS_SYMBOLS = np.array(["N", "A", "V", "F", "Q"])
"""The WFDB symbol that is written for each AAMI class."""
SHORT_S = 10.0
"""Length of the usual strip; in less, too few beats stand beside each to tell what is premature."""


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
        A beat at each R-peak with the probabilities of the five classes, and pairs of ``~``
        around each stretch that no lead can be read in.

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
    step, height = find_peaks(scores.peak, threshold=model.meta["thresholds"]["peak"])
    seen = conditioned.readable[np.minimum(step.astype(np.int64), len(conditioned.readable) - 1)]
    step, height = step[seen], height[seen]
    probability = classify(model, conditioned.signal, scores, step)
    symbols = CLASS_SYMBOLS[decide(probability, model.meta["thresholds"])]
    sample = steps_to_samples(step, conditioned.ratio, record.n_samples)
    _warn(record, conditioned, len(sample))
    return _merge(record, sample, symbols, probability, height, _unreadable_edges(conditioned))


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


def _unreadable_edges(conditioned: Conditioned) -> NDArray[np.int64]:
    """Give the samples where unreadable stretches begin and end, in turn."""
    lost = np.concatenate(([0], (~conditioned.readable).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(lost)).astype(np.float64)
    pairs = steps_to_samples(edges, conditioned.ratio, conditioned.n_samples).reshape(-1, 2)
    return pairs[pairs[:, 0] < pairs[:, 1]].reshape(-1)


# Subtypes of `~` as in the MIT-BIH database: all bits set, no signal can be read; 0, both can.
_UNREADABLE, _CLEAN = -1, 0


def _merge(
    record: Record,
    sample: NDArray[np.int64],
    symbol: NDArray[np.str_],
    probability: NDArray[np.float32],
    score: NDArray[np.float32],
    edges: NDArray[np.int64],
) -> Annotation:
    """Put beats and the marks of unreadable stretches in one time order."""
    n, m = len(sample), len(edges)
    everything = np.concatenate([sample, edges])
    begins = np.arange(m) % 2 == 0
    # At one sample, what is outside a pair stays outside: its end first, then beats, its begin.
    place = np.concatenate([np.zeros(n), np.where(begins, 1, -1)])
    order = np.lexsort((place, everything))
    nothing = np.full((m, 5), np.nan, dtype=np.float32)
    return Annotation(
        sample=everything[order],
        symbol=np.concatenate([symbol, np.full(m, "~")])[order],
        fs=record.fs,
        subtype=np.concatenate([np.zeros(n), np.where(begins, _UNREADABLE, _CLEAN)])[order],
        aux_note=np.concatenate([np.full(n, ""), np.where(begins, "unreadable", "readable")])[
            order
        ],
        probability=np.concatenate([probability, nothing])[order],
        score=np.concatenate([score, nothing[:, 0]])[order],
        name=record.name,
        start=record.start,
    )
