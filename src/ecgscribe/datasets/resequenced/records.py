"""Resequence a record, or all those of a database."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.resequenced.baseline import noise_like, slow_course
from ecgscribe.datasets.resequenced.fibrillation import f_waves, fibrillation_intervals
from ecgscribe.datasets.resequenced.plans import Fibrillation, Paced, Plan, find_plan
from ecgscribe.datasets.resequenced.rhythm import BeatSequence, beat_sequence
from ecgscribe.datasets.resequenced.source_beats import SourceBeats, source_beats
from ecgscribe.datasets.resequenced.waves import place, placement, spikes
from ecgscribe.errors import FormatError
from ecgscribe.flags import runs
from ecgscribe.record import Annotation, Record

__all__ = ["resequence", "resequenced_records"]


def resequence(
    record: Record,
    annotation: Annotation,
    *,
    plan: Plan | str,
    seed: int = 0,
    data_dir: str | Path | None = None,
) -> tuple[Record, Annotation]:
    """Place the normal beats of a record at other RR intervals.

    Each beat keeps its QRS, sample by sample, and its P and T wave, whose timing follows the rate;
    the baseline of the record and its noise remain. Used are normal beats in steady sinus rhythm
    without noise around them, in the order in which they were recorded.

    Parameters
    ----------
    record : Record
        The signals, at any sampling frequency, which the result has, too.
    annotation : Annotation
        Its reference annotations: beats, changes of rhythm (``+``) and of quality (``~``).
    plan : Plan or str
        The rhythm: a key of `PLANS`, or settings of one's own.
    seed : int
        With the name of the record: of all that is random.
    data_dir : str or Path, optional
        Folder that holds afdb, whose RR intervals only `Fibrillation` uses; see
        `fibrillation_intervals`.

    Returns
    -------
    record : Record
        Without start time and comments; of the same name.
    annotation : Annotation
        The beats at their R-peaks (``N``, ``L`` or ``R``; ``A`` in a run of `Sudden`; ``/`` if
        paced), ``^`` at spikes without a beat, and ``+`` at each change of rhythm: ``(N``,
        ``(SVTA``, ``(AFIB``, ``(P`` at the first beat of the rhythm; ``(ASYS`` where the first
        missing beat should have been, and the ``(N`` that ends it 0.3 s before the next R-peak.

    Raises
    ------
    FormatError
        If fewer than 30 beats of the record are usable.
    DatasetError
        If there is no such plan, or afdb is needed and missing.
    """
    settings = find_plan(plan) if isinstance(plan, str) else plan
    source = source_beats(record, annotation)
    intervals = (
        fibrillation_intervals(data_dir=data_dir) if isinstance(settings, Fibrillation) else ()
    )
    rng = np.random.default_rng((seed, zlib.crc32(record.name.encode())))
    sequence = beat_sequence(settings, record.fs, rng, intervals=intervals)
    where = placement(settings, sequence, source, record.fs, first=int(rng.integers(len(source))))
    waves, share = place(record, source, where, sequence)
    signal = slow_course(record, source, sequence.n_samples)
    signal += noise_like(record, source, sequence.n_samples, rng) * np.sqrt(1 - share)[:, None]
    signal += waves
    signal += _added(settings, sequence, source, record.fs, rng)
    made = dataclasses.replace(
        record,
        signal=signal.astype(np.float32),
        start=None,
        comments=(),
        paced=isinstance(settings, Paced),
    )
    return made, _annotation(sequence, source.symbol[where.source], record)


def _added(
    plan: Plan,
    sequence: BeatSequence,
    source: SourceBeats,
    fs: float,
    rng: np.random.Generator,
) -> NDArray[np.float64] | float:
    """Return what is in the record besides its own beats and baseline: f-waves or spikes."""
    amplitude = source.qrs_amplitude
    if isinstance(plan, Fibrillation):
        inside = np.zeros(sequence.n_samples, dtype=np.bool_)
        # From the beat before to the last one.
        for begin, end in runs(sequence.fibrillating).tolist():
            inside[sequence.sample[max(begin - 1, 0)] : sequence.sample[end - 1]] = True
        return f_waves(sequence.n_samples, fs, inside, plan.f_wave * amplitude, rng)
    if isinstance(plan, Paced):
        sign = rng.choice((-1.0, 1.0), len(amplitude))
        return spikes(sequence, plan, fs, plan.spike * amplitude * sign)
    return 0.0


def _annotation(sequence: BeatSequence, symbol: NDArray[np.str_], record: Record) -> Annotation:
    """Return the beats, changes of rhythm and lone spikes, a change before a beat at its sample."""
    note_at = np.array([sample for sample, _ in sequence.notes], dtype=np.int64)
    spike_at = np.array(sequence.lone_spikes, dtype=np.int64)
    beat = np.where(sequence.symbol == "", symbol, sequence.symbol)
    sample = np.concatenate((note_at, sequence.sample, spike_at))
    symbols = np.concatenate((np.full(len(note_at), "+"), beat, np.full(len(spike_at), "^")))
    notes = np.concatenate(
        ([text for _, text in sequence.notes], np.full(len(beat) + len(spike_at), ""))
    )
    order = np.argsort(sample, kind="stable")
    return Annotation(
        sample=sample[order],
        symbol=symbols[order],
        fs=record.fs,
        aux_note=notes[order],
        name=record.name,
    )


def resequenced_records(
    db: str,
    names: Iterable[str],
    *,
    plan: Plan | str,
    seed: int = 0,
    data_dir: str | Path | None = None,
    refused: Callable[[str, FormatError], None] | None = None,
) -> Iterator[tuple[str, Record, Annotation]]:
    """Resequence records of a database one by one.

    Parameters
    ----------
    db : str
        Name of the database; see `ecgscribe.datasets.DATABASES`.
    names : iterable of str
        Its records.
    plan, seed, data_dir
        See `resequence`; `data_dir` also holds `db`.
    refused : callable, optional
        Called with the name of a record that has too few usable beats, and the error, which is
        raised if this is omitted.

    Yields
    ------
    tuple of (str, Record, Annotation)
        Name, signals and reference annotations.

    Raises
    ------
    FormatError
        If a record has too few usable beats and `refused` is omitted, or a file is damaged.
    DatasetError
        If there is no such plan, or a database or a record is missing.
    """
    settings = find_plan(plan) if isinstance(plan, str) else plan
    for name in names:
        record, annotation = datasets.load(db, name, data_dir=data_dir)
        try:
            made, beats = resequence(
                record, annotation, plan=settings, seed=seed, data_dir=data_dir
            )
        except FormatError as error:
            if refused is None:
                raise
            refused(name, error)
            continue
        yield name, made, beats
