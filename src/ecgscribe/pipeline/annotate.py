"""One record, end to end: this is the whole of what ecgscribe does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import warn
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.classification import Beats, join, tell
from ecgscribe.pipeline.detection import BLOCK_WINDOWS, LeadsSeen, scan
from ecgscribe.pipeline.signal_quality import grade, quality_at, trust
from ecgscribe.quality_annotations import (
    ALL_READABLE,
    NONE_READABLE,
    decode_subtype,
    encode_note,
    encode_subtype,
)
from ecgscribe.record import READABLE, Annotation, LazyRecord, Record
from ecgscribe.signal.conditioning import Conditioner, warn_of_lost_leads
from ecgscribe.signal.windows import FS, steps_to_samples
from ecgscribe.symbols import CLASS_SYMBOLS

__all__ = ["annotate"]


Candidates = tuple[NDArray[np.float64], NDArray[np.float32]]
"""Steps and scores of candidates for R-peaks."""


Gathered = dict[str, list[NDArray[Any]]]
"""Parts, piece by piece, of what an annotation says of all beats."""
SHORT_S = 10.0
"""Length of the usual strip; in less, too few beats stand beside each to tell what is premature."""


def annotate(
    record: Record | LazyRecord,
    *,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    block_windows: int = BLOCK_WINDOWS,
    progress: Callable[[int, int], object] | None = None,
) -> Annotation:
    """Find and classify every beat of a recording.

    It is worked through in blocks, so that memory hardly grows with its length. What is found
    does not depend on the blocks.

    Parameters
    ----------
    record : Record or LazyRecord
        One lead or more, fs from 100 to 2,000 Hz, any unit, any polarity.
    model : Model, str or Path, optional
        A loaded model, or what `ecgscribe.load_model` takes; the one in the package by default.
    leads : sequence of str or int, optional
        One or two leads to use; by default those that serve best.
    block_windows : int
        Windows of the trunk to a block; see `ecgscribe.pipeline.detection`.
    progress : callable, optional
        Called after each block with how much is done, and how much there is.

    Returns
    -------
    Annotation
        A beat at each R-peak with the probabilities of the five classes, and a ``~`` wherever
        leads are lost or come back: subtype -1 where none can be read, 16 or 32 where the first
        or the second cannot, 0 where all can. Noise adds 1 and 2 for the leads that are not lost:
        3 where both are there. Beats in noise are told of with a low quality; see
        `ecgscribe.pipeline.signal_quality`.

    Raises
    ------
    FormatError
        If the recording cannot be used; see `ecgscribe.signal.conditioning.Conditioner.for_record`.
    ModelError
        If the model is absent or was altered.

    Warns
    -----
    SignalWarning
        If a lead, a stretch, the length or the kind of patient is not what the model can read.
    """
    model = load_model(model)
    conditioner = Conditioner.for_record(record, leads=leads)
    leads_seen = LeadsSeen(np.zeros(len(conditioner.leads), dtype=np.int64))
    r_peaks = scan(model, conditioner, leads_seen, block_windows=block_windows, progress=progress)
    thresholds = model.thresholds
    candidates: list[Candidates] = []
    beats = _noted(tell(model, r_peaks), candidates)
    if model.has_beat_head:  # without those that are none the rhythm is another
        beats = tell(model, _only_beats(beats, thresholds.beat), rescore=False)
    gathered = _gathered(beats, thresholds)
    quality = _quality(candidates, conditioner, leads_seen, thresholds.noise)
    if model.has_beat_head:
        gathered = _surer_in_noise(gathered, quality, thresholds.beat_in_noise)
    _warn(record, conditioner, leads_seen, sum(map(len, gathered["step"])))
    marks = _marks(conditioner, leads_seen, quality)
    return _merge(record, conditioner, gathered, quality, marks)


def _noted(pieces: Iterable[Beats], candidates: list[Candidates]) -> Iterator[Beats]:
    """Note all candidates for R-peaks as they pass."""
    for piece in pieces:
        candidates.append((piece.step.copy(), piece.score.copy()))
        yield piece


def _only_beats(pieces: Iterable[Beats], threshold: float) -> Iterator[Beats]:
    for piece in pieces:
        yield piece[piece.score >= threshold]


def _quality(
    candidates: list[Candidates], conditioner: Conditioner, seen: LeadsSeen, threshold: float
) -> NDArray[np.float32]:
    """Give the quality of each second of the recording."""
    none = join([])
    steps, scores = zip((none.step, none.score), *candidates, strict=True)
    trusted = trust(
        np.concatenate(steps), np.concatenate(scores), conditioner.n_steps, lost=seen.stretches()
    )
    return grade(trusted, threshold)


def _gathered(pieces: Iterable[Beats], thresholds: Thresholds) -> Gathered:
    """Gather what an annotation says of all beats, and no more than that."""
    gathered: Gathered = {name: [] for name in ("step", "symbol", "probability", "score")}
    for piece in chain([join([])], pieces):
        # Copies: a part of an array would keep the whole of it, waveforms and all, in memory.
        gathered["step"].append(piece.step.copy())
        gathered["symbol"].append(CLASS_SYMBOLS[decide(piece.probability, thresholds)])
        gathered["probability"].append(piece.probability.copy())
        gathered["score"].append(piece.score.copy())
    return gathered


def _surer_in_noise(gathered: Gathered, quality: NDArray[np.float32], least: float) -> Gathered:
    """Leave out the beats in noise whose score does not reach `least`."""
    kept = [
        (score >= least) | (quality_at(step, quality) >= READABLE)
        for step, score in zip(gathered["step"], gathered["score"], strict=True)
    ]
    return {
        name: [part[of_part] for part, of_part in zip(parts, kept, strict=True)]
        for name, parts in gathered.items()
    }


def _warn(
    record: Record | LazyRecord, conditioner: Conditioner, seen: LeadsSeen, n_beats: int
) -> None:
    if record.paced:
        warn(
            f"{record.name}: header or annotations tell of a pacemaker; the model has learnt from "
            "none, so paced beats are not told apart"
        )
    warn_of_lost_leads(record.name, conditioner.leads, seen.lost.tolist(), conditioner.n_steps)
    if seen.unreadable > 0:
        warn(
            f"{record.name}: {seen.unreadable / FS:.1f} s cannot be read in any lead; "
            "marked by ~ annotations"
        )
    if record.duration < SHORT_S:
        warn(
            f"{record.name}: only {record.duration:.1f} s; classes are less sure with less than "
            f"{SHORT_S:g} s of rhythm to compare with"
        )
    if n_beats == 0:
        warn(f"{record.name}: no beats found")


@dataclass(frozen=True, eq=False)
class _Marks:
    """``~`` annotations: one wherever the set of leads that can be read changes."""

    sample: NDArray[np.int64]
    subtype: NDArray[np.int64]
    aux_note: NDArray[np.str_]


def _marks(conditioner: Conditioner, seen: LeadsSeen, quality: NDArray[np.float32]) -> _Marks:
    """Mark where leads are lost, where all is noise, and where they come back."""
    n_samples, n_steps = conditioner.record.n_samples, conditioner.n_steps
    noisy = quality < READABLE
    second = np.flatnonzero(np.diff(noisy, prepend=False))
    change, state = seen.changes()
    step = np.unique(np.concatenate([change, second * FS, [n_steps]]))
    subtype = np.append(ALL_READABLE, state)[np.searchsorted(change, step, side="right")]
    noisy = np.append(noisy, False)[np.minimum(step // FS, len(noisy))]
    subtype = encode_subtype(decode_subtype(subtype).lost, noisy=noisy)
    subtype[step >= n_steps] = ALL_READABLE  # after the last sample all is well again
    sample = steps_to_samples(step.astype(np.float64), conditioner.ratio, n_samples)
    # Of two changes that fall on one sample the last holds.
    keep = np.diff(sample, append=n_samples + 1) > 0
    sample, subtype = sample[keep], subtype[keep]
    keep = np.diff(subtype, prepend=ALL_READABLE) != 0
    notes = [encode_note(value, conditioner.leads) for value in subtype[keep].tolist()]
    return _Marks(sample[keep], subtype[keep], np.array(notes, dtype=np.str_))


def _merge(
    record: Record | LazyRecord,
    conditioner: Conditioner,
    gathered: Gathered,
    quality: NDArray[np.float32],
    marks: _Marks,
) -> Annotation:
    """Put beats and marks in one time order; `gathered` is used up, to have room for it."""
    step = np.concatenate(gathered.pop("step"))
    sample = steps_to_samples(step, conditioner.ratio, record.n_samples)
    of_beat = quality_at(step, quality)
    # At one sample, a beat lies outside the stretch that no lead can be read in.
    place = np.where(
        marks.subtype == NONE_READABLE,
        np.searchsorted(sample, marks.sample, side="right"),
        np.searchsorted(sample, marks.sample, side="left"),
    )
    at = place + np.arange(len(place))
    # Filled rather than inserted into: of many beats, notes are the largest of all.
    note = np.full(len(sample) + len(at), "", dtype=marks.aux_note.dtype)
    subtype = np.zeros(len(note), dtype=np.int64)
    note[at], subtype[at] = marks.aux_note, marks.subtype
    return Annotation(
        sample=np.insert(sample, place, marks.sample),
        symbol=np.insert(np.concatenate(gathered.pop("symbol")), place, "~"),
        fs=record.fs,
        subtype=subtype,
        aux_note=note,
        probability=np.insert(np.concatenate(gathered.pop("probability")), place, np.nan, axis=0),
        score=np.insert(np.concatenate(gathered.pop("score")), place, np.nan),
        quality=np.insert(of_beat, place, np.nan),
        name=record.name,
        start=record.start,
    )
