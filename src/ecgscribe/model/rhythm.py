"""The rhythm of every second: what the rhythm network sees of a recording, and how it is run.

Seconds are whole seconds of the conditioned signal, counted from its first step. The network over
one lead runs in windows on the trunk's grid, so that a recording can be embedded block by block.
All that is relative to the whole recording is added at its end, when little is left in memory: some
thirty numbers a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.decision import softmax
from ecgscribe.model.features import segments
from ecgscribe.model.rhythm_features import IRREGULARITY_GAIN, rhythm_features
from ecgscribe.signal.windows import FS, Grid

__all__ = [
    "BEAT_FEATURE_NAMES",
    "COUNTED_S",
    "EMBEDDING",
    "N_INTERVAL_FEATURES",
    "N_RHYTHMS",
    "N_SECOND_FEATURES",
    "P_WAVE_NAMES",
    "WINDOW_S",
    "Rhythm",
    "RhythmNetwork",
    "Seconds",
    "beat_features_by_second",
    "embed_windows",
    "heights",
    "predict_rhythm",
    "relative_amplitude",
    "second_features",
    "shapes_of",
    "typical_heights",
]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Rhythm(IntEnum):
    """What the network tells apart, in the order of its outputs."""

    PLAIN = 0
    """None of the others: sinus rhythm, but also block, a pacemaker or atrial tachycardia."""
    FIBRILLATION = 1
    """Of the atria, or flutter."""
    TACHYCARDIA = 2
    """Of the ventricles."""
    FLUTTER = 3
    """Of the ventricles, or fibrillation."""
    STANDSTILL = 4
    NOISE = 5


N_RHYTHMS = len(Rhythm)
EMBEDDING = 24
"""Numbers by which the network describes a second of one lead."""
BEAT_FEATURE_NAMES = (
    "rr_before/near",
    "irregular_near",
    "irregular_far",
    "rr_near",
    "rr_before",
    "alike",
    "predictable",
    "rr_before/previous",
)
"""Rhythm features of the last R-peak candidate of a second."""
P_WAVE_NAMES = ("p_near", "p_height_near")
"""Shape features of that candidate, of the lead in which each is largest."""
IRREGULAR = IRREGULARITY_GAIN * 0.05
"""Irregularity from which P waves count: the median change between RR intervals, as a share of the
interval. They show whether an irregular rhythm is fibrillation; what comes before the beats of a
regular tachycardia resembles them."""
SHAPE_NAMES = (*P_WAVE_NAMES, "width")
"""Shape features of a candidate, of each lead, that are kept for its rhythm."""
N_BEAT_FEATURES = len(BEAT_FEATURE_NAMES) + len(P_WAVE_NAMES) + 2
N_SECOND_FEATURES = EMBEDDING + 1 + N_BEAT_FEATURES + 1
N_INTERVAL_FEATURES = 5
"""Numbers that describe an interval between R-peaks."""

BEAT_AGE_S = 3
"""Seconds for which the features of an R-peak candidate are used if no other follows."""
COUNTED_S = (3, 2)
"""Seconds before and after the end of a second whose candidates are counted."""
LARGEST_AMPLITUDE = 6.0
"""Powers of 2 beyond which a larger or smaller amplitude means nothing more."""
AMPLITUDE_GAIN = 1 / 3
"""Brings amplitudes to the order of one."""
WINDOW_S = 64
"""Seconds that the network over seconds sees at once, as in its training."""
HALO_S = 16
"""Seconds at each end of such a window whose rhythm is taken from the neighbouring one."""
WINDOWS_AT_ONCE = 64


class RhythmNetwork(Protocol):
    """What computes the rhythm; see `ecgscribe.model.rhythm_network`."""

    def embed(self, signal: Floats) -> Floats:
        """Describe the seconds of one lead of each window.

        Parameters
        ----------
        signal : ndarray of float32, shape (n, n_steps, 1)
            Conditioned; `n_steps` is a multiple of `FS`.

        Returns
        -------
        ndarray of float32, shape (n, n_steps / FS, `EMBEDDING`)
        """

    def classify(self, seconds: Floats) -> Floats:
        """Return the logits of the rhythms of sequences of seconds.

        Parameters
        ----------
        seconds : ndarray of float32, shape (n, n_seconds, `N_SECOND_FEATURES`)

        Returns
        -------
        ndarray of float32, shape (n, n_seconds, `N_RHYTHMS`)
        """

    def judge_intervals(self, intervals: Floats) -> Floats:
        """Return the logit of atrial fibrillation at each R-peak of some sequences.

        Parameters
        ----------
        intervals : ndarray of float32, shape (n, n_beats, `N_INTERVAL_FEATURES`)
            See `ecgscribe.model.intervals.interval_features`.

        Returns
        -------
        ndarray of float32, shape (n, n_beats)
        """


@dataclass(frozen=True, eq=False)
class Seconds:
    """What is kept of each second of a recording, or of a part of one, for its rhythm.

    Parameters
    ----------
    embedding : ndarray of float32, shape (n, `EMBEDDING`)
        Mean over the leads that are not lost; zeros where all are.
    height : ndarray of float32, shape (n, n_leads)
        Peak-to-peak value of each lead, filtered but not scaled.
    lost : ndarray of bool, shape (n, n_leads)
        Whether a lead is lost for the whole second.
    """

    embedding: Floats
    height: Floats
    lost: Flags

    def __len__(self) -> int:
        return len(self.embedding)

    @classmethod
    def join(cls, parts: Sequence[Seconds]) -> Seconds:
        """Join consecutive parts, at least one."""
        return cls(
            np.concatenate([part.embedding for part in parts]),
            np.concatenate([part.height for part in parts]),
            np.concatenate([part.lost for part in parts]),
        )


def embed_windows(
    network: RhythmNetwork,
    signal: Floats,
    unscaled: Floats,
    lost: Flags,
    grid: Grid,
    first: int,
    last: int,
    *,
    begin: int = 0,
) -> Seconds:
    """Describe the seconds that the windows `first` up to `last` of a grid answer for.

    Parameters
    ----------
    network : RhythmNetwork
    signal, unscaled : ndarray of float32, shape (n_steps, 2)
        The whole conditioned signal, scaled and before, or the part that those windows span.
    lost : ndarray of bool, shape (n_steps, n_leads)
        Whether each lead is lost.
    grid : Grid
        Windows of the whole, all multiples of a second; see `ecgscribe.model.scoring.trunk_grid`.
    first, last : int
        Range of windows.
    begin : int
        Position in the whole of the first row, a multiple of `FS`.

    Returns
    -------
    Seconds
        Windows end where the recording does: what is not there would be taken for standstill.
    """
    n_leads, n_seconds = lost.shape[1], grid.n // FS
    height, gone = heights(unscaled[:, :n_leads]), lost_seconds(lost)
    parts = []
    for window in range(first, last):
        own = slice(window * grid.core // FS, min((window + 1) * grid.core // FS, n_seconds))
        if own.start >= own.stop:
            continue
        seen = slice(
            max(own.start - grid.halo // FS, 0), min(own.stop + grid.halo // FS, n_seconds)
        )
        rows = slice(seen.start * FS - begin, seen.stop * FS - begin)
        leads = np.ascontiguousarray(signal[rows, :n_leads].T[..., None])
        inside = slice(own.start - seen.start, own.stop - seen.start)
        embedding = network.embed(leads)[:, inside]
        here = slice(own.start - begin // FS, own.stop - begin // FS)
        readable = ~gone[here]
        parts.append(Seconds(_mean_over(embedding, readable), height[here], gone[here]))
    if parts:
        return Seconds.join(parts)
    nothing = np.zeros((0, n_leads), dtype=np.float32)
    return Seconds(np.zeros((0, EMBEDDING), dtype=np.float32), nothing, nothing > 0)


def _mean_over(embedding: Floats, readable: Flags) -> Floats:
    """Return the mean over leads, shape (n, `EMBEDDING`), of (n_leads, n, `EMBEDDING`)."""
    weight = readable.T[..., None].astype(np.float32)
    return np.asarray((embedding * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1))


def heights(unscaled: Floats) -> Floats:
    """Return the peak-to-peak value of each whole second, shape (n_seconds, n_leads)."""
    n, n_leads = len(unscaled) // FS, unscaled.shape[1]
    by_lead = np.ascontiguousarray(unscaled[: n * FS].T).reshape(n_leads, n, FS)
    return np.ascontiguousarray(np.ptp(by_lead, axis=2).T)


def lost_seconds(lost: Flags) -> Flags:
    """Return whether each lead is lost for all of each second, shape (n_seconds, n_leads)."""
    n, n_leads = len(lost) // FS, lost.shape[1]
    by_lead = np.ascontiguousarray(lost[: n * FS].T).reshape(n_leads, n, FS)
    return np.ascontiguousarray(by_lead.all(axis=2).T)


def typical_heights(height: Floats, lost: Flags) -> Floats:
    """Return the median height of each lead over the seconds in which it is not lost."""
    columns = zip(height.T, lost.T, strict=True)
    typical = [np.median(own[~gone]) if not gone.all() else 1.0 for own, gone in columns]
    return np.maximum(np.array(typical, dtype=np.float32), np.float32(1e-6))


def relative_amplitude(height: Floats, typical: Floats, lost: Flags) -> Floats:
    """Compare the height of each second with the typical one of its lead.

    Parameters
    ----------
    height : ndarray of float32, shape (n, n_leads)
    typical : ndarray of float32, shape (n_leads,)
    lost : ndarray of bool, shape (n, n_leads)

    Returns
    -------
    ndarray of float32, shape (n,)
        Powers of 2, scaled to the order of one: the mean over the leads that are not lost.
    """
    power = np.log2(np.maximum(height, 1e-9) / typical)
    power = AMPLITUDE_GAIN * np.clip(power, -LARGEST_AMPLITUDE, LARGEST_AMPLITUDE)
    total = np.where(lost, 0, power).sum(axis=1)
    return np.asarray(total / np.maximum((~lost).sum(axis=1), 1), dtype=np.float32)


def shapes_of(features: Floats, names: Sequence[str]) -> Floats:
    """Return the shape features of R-peak candidates that their rhythm depends on.

    Parameters
    ----------
    features : ndarray of float32, shape (n, len(names))
    names : sequence of str
        Of its columns; see `ecgscribe.model.features.FEATURE_NAMES`.

    Returns
    -------
    ndarray of float32, shape (n, len(`SHAPE_NAMES`), 2)
        Of each lead; zeros without such columns.
    """
    wanted = [[f"{name}_{k + 1}" for k in range(2)] for name in SHAPE_NAMES]
    if wanted[0][0] not in names:
        return np.zeros((len(features), *np.shape(wanted)), dtype=np.float32)
    return features[:, [[names.index(name) for name in of_leads] for of_leads in wanted]]


def beat_features_by_second(
    r_peaks: Doubles, peak_scores: Floats, shapes: Floats, n_seconds: int
) -> Floats:
    """Return what the R-peak candidates show of the rhythm of each second.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps, in time order.
    peak_scores : ndarray of float32, shape (n,)
        Their scores.
    shapes : ndarray of float32, shape (n, len(`SHAPE_NAMES`), 2)
        Of each lead; see `shapes_of`.
    n_seconds : int

    Returns
    -------
    ndarray of float32, shape (n_seconds, `N_BEAT_FEATURES`)
        `BEAT_FEATURE_NAMES` and, where it is irregular, `P_WAVE_NAMES` of the last candidate, the
        candidates a second around, and the mean of their scores; zeros where there are none.
    """
    features = np.zeros((n_seconds, N_BEAT_FEATURES), dtype=np.float32)
    if len(r_peaks) < 2:
        return features
    end = (np.arange(n_seconds) + 1.0) * FS
    last = np.searchsorted(r_peaks, end) - 1
    recent = (last >= 0) & (end - r_peaks[np.maximum(last, 0)] < BEAT_AGE_S * FS)
    of_beats = np.empty((len(r_peaks), N_BEAT_FEATURES - 2), dtype=np.float32)
    of_beats[:, len(BEAT_FEATURE_NAMES) :] = shapes[:, : len(P_WAVE_NAMES)].max(axis=2)
    for segment in segments(len(r_peaks)):
        columns = rhythm_features(r_peaks, segment)
        for k, name in enumerate(BEAT_FEATURE_NAMES):
            of_beats[segment, k] = columns[name]
    regular = of_beats[:, BEAT_FEATURE_NAMES.index("irregular_far")] <= IRREGULAR
    of_beats[regular, len(BEAT_FEATURE_NAMES) :] = 0
    features[recent, :-2] = of_beats[last[recent]]
    before, after = COUNTED_S
    first, stop = (np.searchsorted(r_peaks, end + s * FS) for s in (-before, after))
    total = np.concatenate(([0.0], np.cumsum(peak_scores, dtype=np.float64)))
    features[:, -2] = (stop - first) / (before + after)
    features[:, -1] = (total[stop] - total[first]) / np.maximum(stop - first, 1)
    return features


def second_features(
    seconds: Seconds,
    r_peaks: Doubles,
    peak_scores: Floats,
    shapes: Floats,
    *,
    typical: Floats | None = None,
) -> Floats:
    """Join all that the network over seconds sees of a whole recording, or of a part of one.

    Parameters
    ----------
    seconds : Seconds
    r_peaks, peak_scores, shapes
        See `beat_features_by_second`; of a part, `ecgscribe.model.rhythm_features.FAR` or all
        that there are to each side, too.
    typical : ndarray of float32, shape (n_leads,), optional
        Height of each lead with which those of a part are compared; see `typical_heights`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `N_SECOND_FEATURES`)
        The embedding, the amplitude relative to the typical one, the features of R-peak candidates,
        and the number of leads that are not lost, less one.
    """
    if typical is None:
        typical = typical_heights(seconds.height, seconds.lost)
    amplitude = relative_amplitude(seconds.height, typical, seconds.lost)
    beats = beat_features_by_second(r_peaks, peak_scores, shapes, len(seconds))
    n_leads = (~seconds.lost).sum(axis=1).astype(np.float32)
    return np.concatenate(
        [seconds.embedding, amplitude[:, None], beats, n_leads[:, None] - 1], axis=1
    )


def predict_rhythm(network: RhythmNetwork, features: Floats) -> Floats:
    """Predict the rhythm of every second of a recording.

    Parameters
    ----------
    network : RhythmNetwork
    features : ndarray of float32, shape (n_seconds, `N_SECOND_FEATURES`)
        See `second_features`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `N_RHYTHMS`)
        Probabilities. Windows lie within the recording: each second is answered by the one in whose
        core it lies, the first and the last seconds by the first and the last window.
    """
    n = len(features)
    logits = np.zeros((n, N_RHYTHMS), dtype=np.float32)
    if n == 0:
        return logits
    length = min(WINDOW_S, n)
    starts = [*range(0, n - length, WINDOW_S - 2 * HALO_S), n - length]
    for k in range(0, len(starts), WINDOWS_AT_ONCE):
        some = starts[k : k + WINDOWS_AT_ONCE]
        of_windows = network.classify(np.stack([features[s : s + length] for s in some]))
        # A later window replaces what an earlier one said of the seconds behind its halo.
        for start, own in zip(some, of_windows, strict=True):
            skipped = HALO_S if start else 0
            logits[start + skipped : start + length] = own[skipped:]
    return softmax(logits)
