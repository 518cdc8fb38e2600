"""Tables of beats for the beat head to learn from: of records as they are and as they might be."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.features import beat_features, logit_features
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.signal.filters import scale
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT
from ecgscribe.training.augmentation import augment, draw_noise, noise_gain
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example, match
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.noise_only import heartless
from ecgscribe.training.rhythm_augmentation import remake

__all__ = ["CANDIDATE", "SILENT", "UNKNOWN", "BeatTable", "BeatTables", "make_tables"]

Floats = NDArray[np.float32]


CANDIDATE = 0.3
"""Score from which on the head is asked whether an R-peak is one."""
UNKNOWN = -1
"""Class of an R-peak of which the reference says nothing (in ventricular flutter)."""
CHUNK_S = 20
"""Seconds of a record that are augmented alike."""
MOST_CHANGED = 0.6
"""Share of the stretches of a copy that are augmented at most."""
HEARTLESS = 0.03
"""Share of the stretches of a copy in which no heart beats."""
HEARTLESS_S = 300
"""Length of the signals without a heart; there is one beside each copy of a record."""
SILENT = "heartless"
"""Name of the signals without a heart."""
NOISE_S = 120
"""Seconds that noise stays and is away in a noisy copy, as in the noise stress test."""
NOISY_SNR_DB = (-9.0, 12.0)
LOGIT_SHIFT = 1.5
"""Deviation of what is added to a copy's class logits, the same for all of its beats: how far the
trunk is off, as a whole, differs from patient to patient."""


@dataclass(frozen=True, eq=False)
class BeatTable:
    """The R-peaks that the trunk finds in one record, as the beat head sees them.

    Parameters
    ----------
    name : str
        Of the record, as in ``mitdb/100``, and what rhythm was made of it, as in
        ``mitdb/100/wandering``; ``heartless`` where it is none.
    height : ndarray of float32, shape (n_beats,)
        Scores of the R-peaks, `CANDIDATE` or more.
    class_facts : ndarray of float32, shape (n_beats, 20)
        What the trunk says of them; see `ecgscribe.model.features.logit_features`.
    facts : ndarray of float32, shape (n_beats, n_facts)
    class_index : ndarray of int8, shape (n_beats,)
        Of the reference beat at each, `NO_BEAT` where there is none, `UNKNOWN` where that is not
        known.
    offset : ndarray of float32, shape (n_beats,)
        Seconds that each lies behind its reference beat; NaN where there is none.
    missed : int
        Reference beats without an R-peak.
    """

    name: str
    height: Floats
    logit_features: Floats
    features: Floats
    class_index: NDArray[np.int8]
    offset: Floats
    missed: int

    @property
    def is_beat(self) -> NDArray[np.bool_]:
        """Whether a reference beat lies at each R-peak, shape (n_beats,)."""
        return np.isfinite(self.offset)


@dataclass(frozen=True, eq=False)
class BeatTables:
    """Tables of the records of a fold.

    Parameters
    ----------
    unchanged : list of BeatTable
        One of each record.
    copies : list of BeatTable
        Of records changed, and of signals without a heart.
    noisy : list of BeatTable
        Of records in loud noise.
    """

    unchanged: list[BeatTable]
    copies: list[BeatTable]
    noisy: list[BeatTable]


def _augmented(example: Example, noise: Sequence[Floats], rng: np.random.Generator) -> Example:
    """Give a copy of a record whose leads and stretches were changed."""
    signal = example.signal.copy()
    if rng.random() < 0.5:
        signal = signal[:, ::-1].copy()
    if rng.random() < 0.3:
        signal[:, rng.integers(2)] = 0
    signal *= rng.choice([1, -1], size=2).astype(np.float32)
    chunk = CHUNK_S * FS
    share = rng.uniform(0, MOST_CHANGED)
    kept = np.ones(len(example.step), dtype=np.bool_)
    silence = heartless(HEARTLESS_S * FS, noise, rng)
    for begin in range(0, len(signal) - chunk + 1, chunk):
        place = slice(begin, begin + chunk)
        if rng.random() < HEARTLESS:
            at = int(rng.integers(len(silence) - chunk))
            signal[place] = silence[at : at + chunk]
            kept &= (example.step < begin) | (example.step >= begin + chunk)
        elif rng.random() < share:
            signal[place] = augment(signal[place], noise, rng)
    return dataclasses.replace(
        example, signal=signal, step=example.step[kept], class_index=example.class_index[kept]
    )


def _noisy(example: Example, noise: Sequence[Floats], rng: np.random.Generator) -> Example:
    """Give a copy of a record with loud noise that comes and goes."""
    signal = example.signal.copy()
    period = NOISE_S * FS
    for begin in range(int(rng.integers(2 * period)), len(signal) - period + 1, 2 * period):
        added = draw_noise(period, noise, rng)
        snr_db = rng.uniform(*NOISY_SNR_DB)
        for lead in range(2):
            gain = noise_gain(added[:, lead], snr_db)
            signal[begin : begin + period, lead] += gain * added[:, lead]
    nothing_lost = np.zeros(len(signal), dtype=np.bool_)
    signal = np.stack([scale(lead, nothing_lost) for lead in signal.T], axis=1)
    return dataclasses.replace(example, signal=signal)


def _silent(noise: Sequence[Floats], rng: np.random.Generator) -> Example:
    """Give a record without a beat."""
    signal = heartless(HEARTLESS_S * FS, noise, rng)
    none = np.zeros(0, dtype=np.int8)
    masked = np.zeros(len(signal), dtype=np.bool_)
    return Example(SILENT, signal, none.astype(np.float64), none, masked)


def _shift(rng: np.random.Generator) -> Floats:
    return rng.normal(0, LOGIT_SHIFT, len(AAMI_CLASSES)).astype(np.float32)


def _table(
    trunk: Any, example: Example, config: TrainingConfig, shift: Floats | float = 0.0
) -> BeatTable:
    """Gather what the trunk says at the R-peaks that it finds in a record."""
    (said,) = score_examples(trunk, [example], config)
    step, height = find_beats(said.peak, example.signal, threshold=CANDIDATE)
    of_reference, of_step = match(step, example)
    inside = np.minimum(step.astype(np.int64), len(example.signal) - 1)
    class_index = np.where(example.masked[inside], UNKNOWN, NO_BEAT).astype(np.int8)
    class_index[of_step] = example.class_index[of_reference]
    offset = np.full(len(step), np.nan, dtype=np.float32)
    offset[of_step] = (step[of_step] - example.step[of_reference]) / FS
    logits = said.class_logits_at(step)
    return BeatTable(
        example.name,
        height,
        logit_features(logits + shift, height),
        beat_features(example.signal, step),
        class_index,
        offset,
        len(example.step) - len(of_reference),
    )


def make_tables(
    trunk: Any,
    examples: Sequence[Example],
    config: TrainingConfig,
    *,
    noise: Sequence[Floats] = (),
    copies: int = 0,
    rhythm_copies: int = 0,
    noisy_copies: int = 0,
) -> BeatTables:
    """Gather what the trunk says at the R-peaks that it finds in records, and in copies of them.

    Parameters
    ----------
    trunk : keras.Model
    examples : sequence of Example
    config : TrainingConfig
    noise : sequence of ndarray
        Noise recordings for the copies.
    copies : int
        Copies of each record with leads and stretches changed, and signals without a heart.
    rhythm_copies : int
        Times that each record is made again in every other rhythm that it allows; see
        `ecgscribe.training.rhythm_augmentation`.
    noisy_copies : int
        Copies of each record with loud noise in stretches of two minutes, to choose by.

    Returns
    -------
    BeatTables
    """
    tables = BeatTables([], [], [])
    for number, example in enumerate(examples):
        tables.unchanged.append(_table(trunk, example, config))
        rng = np.random.default_rng([config.seed, number])
        others = [example] * copies
        for _ in range(rhythm_copies):
            others += remake(example, rng)
        changed = [_augmented(other, noise, rng) for other in others]
        for other in [*changed, *(_silent(noise, rng) for _ in range(copies))]:
            tables.copies.append(_table(trunk, other, config, _shift(rng)))
        for _ in range(noisy_copies):
            tables.noisy.append(_table(trunk, _noisy(example, noise, rng), config, _shift(rng)))
    return tables
