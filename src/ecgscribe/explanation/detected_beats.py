"""All beats of a recording, with what is needed to classify one of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.classification import Beats, join, tell
from ecgscribe.pipeline.detection import LeadsSeen, scan
from ecgscribe.pipeline.signal_quality import grade, quality_at, trust
from ecgscribe.record import READABLE
from ecgscribe.signal.conditioning import Conditioner

__all__ = ["DetectedBeats", "detect_beats"]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DetectedBeats:
    """All beats of a recording, including those that `ecgscribe.annotate` leaves out.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps.
    peak_scores : ndarray of float32, shape (n_beats,)
        Scores of the R-peaks, 0 to 1.
    logits : ndarray of float32, shape (n_beats, 5)
        Class logits of the trunk.
    beat_probability : ndarray of float32, shape (n_beats,)
        Probability that each is a beat.
    quality : ndarray of float32, shape (n_beats,)
        Signal quality, 0 to 1.
    annotated : ndarray of bool, shape (n_beats,)
        False for doubtful beats in noise, which are not annotated.
    """

    r_peaks: Doubles
    peak_scores: Floats
    logits: Floats
    beat_probability: Floats
    quality: Floats
    annotated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.r_peaks)


def detect_beats(
    model: Model,
    conditioner: Conditioner,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> DetectedBeats:
    """Detect the beats of a recording; their waveforms are not kept.

    Parameters
    ----------
    model : Model
    conditioner : Conditioner
        The recording.
    progress : callable, optional
        As for `ecgscribe.annotate`.

    Returns
    -------
    DetectedBeats
    """
    leads = LeadsSeen(np.zeros(len(conditioner.leads), dtype=np.int64))
    candidates = tell(model, scan(model, conditioner, leads, progress=progress))
    pieces = list(_without_waveforms(chain([join([])], candidates)))
    r_peaks, peak_scores, logits, beat_probability = (
        np.concatenate(parts) for parts in zip(*pieces, strict=True)
    )
    trusted = trust(r_peaks, beat_probability, conditioner.n_steps, lost=leads.stretches())
    quality = quality_at(r_peaks, grade(trusted, model.thresholds.noise))
    annotated = (quality >= READABLE) | (beat_probability >= model.thresholds.beat_in_noise)
    beat = beat_probability >= model.thresholds.beat
    return DetectedBeats(
        r_peaks[beat],
        peak_scores[beat],
        logits[beat],
        beat_probability[beat],
        quality[beat],
        annotated[beat],
    )


def _without_waveforms(pieces: Iterable[Beats]) -> Iterator[tuple[Doubles, Floats, Floats, Floats]]:
    for piece in pieces:
        yield piece.step.copy(), piece.height.copy(), piece.logits.copy(), piece.score.copy()
