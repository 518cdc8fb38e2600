"""Make the tables of R-peaks that the beat head learns from, of records and of changed copies.

A table holds the R-peaks that the trunk detects in one record, with its outputs there, so that the
head learns from what it sees in use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.model.features import beat_features, logit_features
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.signal.filters import scale
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT
from ecgscribe.training.augmentation import augment, draw_noise, noise_gain
from ecgscribe.training.config import TrainingConfig
from ecgscribe.training.examples import Example
from ecgscribe.training.keras_scoring import score_examples
from ecgscribe.training.matching import match_r_peaks
from ecgscribe.training.noise_only import noise_only_signal
from ecgscribe.training.rhythm_augmentation import augment_rhythm

__all__ = ["CANDIDATE", "NOISE_ONLY", "UNKNOWN", "BeatTable", "BeatTables", "make_tables"]

Floats = NDArray[np.float32]

CANDIDATE = 0.3
"""Least R-peak score with which the head is asked whether an R-peak is a beat."""
UNKNOWN = -1
"""Class of an R-peak where the reference is unknown (in ventricular flutter)."""
NOISE_ONLY = "noise_only"
"""Name of the tables of noise-only signals."""
NOISE_ONLY_S = 300
"""Length of a noise-only signal in seconds; there is one for each copy of a record."""
NOISE_ONLY_PART = 0.03
"""Fraction of the spans of a copy that are replaced by a noise-only signal."""
SPAN_S = 20
"""Length in seconds of the spans of a copy that are augmented separately."""
MOST_AUGMENTED = 0.6
"""Largest fraction of the spans of a copy that are augmented."""
NOISE_S = 120
"""Seconds for which noise is present, and then absent, in a noisy copy, as in the noise stress
test."""
NOISY_SNR_DB = (-9.0, 12.0)
"""Range of the SNR in a noisy copy."""
LOGIT_SHIFT = 1.5
"""Standard deviation of what is added to the class logits of a copy, the same for all of its beats:
the trunk has an error that is common to all beats of a patient and differs between patients."""


@dataclass(frozen=True, eq=False)
class BeatTable:
    """The R-peaks that the trunk detects in one record, as inputs and targets of the beat head.

    Parameters
    ----------
    name : str
        Name of the record, as in ``mitdb/100``, with the rhythm that it was given, if any, as in
        ``mitdb/100/wandering``; `NOISE_ONLY` for a noise-only signal.
    peak_score : ndarray of float32, shape (n_beats,)
        R-peak scores, `CANDIDATE` or more.
    logit_features : ndarray of float32, shape (n_beats, 20)
        The trunk's outputs; see `ecgscribe.model.features.logit_features`.
    features : ndarray of float32, shape (n_beats, n_features)
        See `ecgscribe.model.features.beat_features`.
    class_index : ndarray of int8, shape (n_beats,)
        Class of the reference beat at each R-peak; `NO_BEAT` for a false detection, `UNKNOWN`
        where the reference is unknown.
    offset : ndarray of float32, shape (n_beats,)
        Seconds from the reference beat to the R-peak; NaN without a reference beat.
    missed : int
        Reference beats without an R-peak.
    """

    name: str
    peak_score: Floats
    logit_features: Floats
    features: Floats
    class_index: NDArray[np.int8]
    offset: Floats
    missed: int

    @property
    def is_beat(self) -> NDArray[np.bool_]:
        """Whether each R-peak is a beat of a class that is known, shape (n_beats,)."""
        return ~np.isin(self.class_index, (UNKNOWN, NO_BEAT))


@dataclass(frozen=True, eq=False)
class BeatTables:
    """Tables of the records of a fold.

    Parameters
    ----------
    unchanged : list of BeatTable
        One for each record.
    copies : list of BeatTable
        Of changed copies of the records, and of noise-only signals.
    noisy : list of BeatTable
        Of copies in loud noise.
    weak : list of BeatTable
        Of recordings that are labelled as a whole; see `ecgscribe.training.weak_labels`.
    """

    unchanged: list[BeatTable]
    copies: list[BeatTable]
    noisy: list[BeatTable]
    weak: list[BeatTable] = field(default_factory=list)


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
    """Make the tables of records and of copies of them.

    Parameters
    ----------
    trunk : keras.Model
    examples : sequence of Example
    config : TrainingConfig
    noise : sequence of ndarray
        Noise recordings for the copies.
    copies : int
        Augmented copies of each record, and noise-only signals.
    rhythm_copies : int
        Number of times that each record is given every other rhythm that it allows; see
        `ecgscribe.training.rhythm_augmentation`.
    noisy_copies : int
        Copies of each record with loud noise in spans of two minutes, for the choice of
        thresholds.

    Returns
    -------
    BeatTables
    """
    tables = BeatTables([], [], [])
    for k, example in enumerate(examples):
        tables.unchanged.append(_table(trunk, example, config))
        rng = np.random.default_rng([config.seed, k])
        others = [example] * copies
        for _ in range(rhythm_copies):
            others += augment_rhythm(example, rng)
        lost_lead = config.beats.lost_lead
        changed = [_augmented(other, noise, rng, lost_lead=lost_lead) for other in others]
        for other in [*changed, *(_noise_only(noise, rng) for _ in range(copies))]:
            tables.copies.append(_table(trunk, other, config, _logit_shift(rng)))
        for _ in range(noisy_copies):
            noisy = _noisy(example, noise, rng)
            tables.noisy.append(_table(trunk, noisy, config, _logit_shift(rng)))
    return tables


def _table(
    trunk: Any, example: Example, config: TrainingConfig, shift: Floats | float = 0.0
) -> BeatTable:
    """Make the table of one record; `shift` is added to the class logits of all of its beats."""
    (scores,) = score_examples(trunk, [example], config)
    r_peaks, peak_score = find_beats(scores.peak, example.signal, threshold=CANDIDATE)
    of_reference, of_detected = match_r_peaks(r_peaks, example)
    inside = np.minimum(r_peaks.astype(np.int64), len(example.signal) - 1)
    class_index = np.where(example.masked[inside], UNKNOWN, NO_BEAT).astype(np.int8)
    class_index[of_detected] = example.class_index[of_reference]
    offset = np.full(len(r_peaks), np.nan, dtype=np.float32)
    offset[of_detected] = (r_peaks[of_detected] - example.r_peaks[of_reference]) / FS
    logits = scores.class_logits_at(r_peaks)
    return BeatTable(
        example.name,
        peak_score,
        logit_features(logits + shift, peak_score),
        beat_features(example.signal, r_peaks),
        class_index,
        offset,
        len(example.r_peaks) - len(of_reference),
    )


def _logit_shift(rng: Generator) -> Floats:
    return rng.normal(0, LOGIT_SHIFT, len(AAMI_CLASSES)).astype(np.float32)


def _augmented(
    example: Example, noise: Sequence[Floats], rng: Generator, *, lost_lead: float
) -> Example:
    """Return a copy of a record with its leads changed and some of its spans augmented."""
    signal = example.signal.copy()
    if rng.random() < 0.5:
        signal = signal[:, ::-1].copy()
    if rng.random() < lost_lead:
        signal[:, rng.integers(2)] = 0
    signal *= rng.choice([1, -1], size=2).astype(np.float32)
    length = SPAN_S * FS
    augmented_part = rng.uniform(0, MOST_AUGMENTED)
    kept = np.ones(len(example.r_peaks), dtype=np.bool_)
    noise_only = noise_only_signal(NOISE_ONLY_S * FS, noise, rng)
    for begin in range(0, len(signal) - length + 1, length):
        span = slice(begin, begin + length)
        if rng.random() < NOISE_ONLY_PART:
            at = int(rng.integers(len(noise_only) - length))
            signal[span] = noise_only[at : at + length]
            kept &= (example.r_peaks < begin) | (example.r_peaks >= begin + length)
        elif rng.random() < augmented_part:
            signal[span] = augment(signal[span], noise, rng)
    return dataclasses.replace(
        example,
        signal=signal,
        r_peaks=example.r_peaks[kept],
        class_index=example.class_index[kept],
    )


def _noisy(example: Example, noise: Sequence[Floats], rng: Generator) -> Example:
    """Return a copy of a record with intermittent loud noise."""
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


def _noise_only(noise: Sequence[Floats], rng: Generator) -> Example:
    """Return an example without beats."""
    signal = noise_only_signal(NOISE_ONLY_S * FS, noise, rng)
    masked = np.zeros(len(signal), dtype=np.bool_)
    return Example(NOISE_ONLY, signal, np.zeros(0), np.zeros(0, dtype=np.int8), masked)
