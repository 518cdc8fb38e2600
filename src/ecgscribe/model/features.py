"""Features of each beat, relative to its record: what the beat head decides from.

Nothing here is learned: see `ecgscribe.model.rhythm_features` and
`ecgscribe.model.shape_features`, and `logit_features` for the trunk's output.

"Record" here means a segment of `SEGMENT` beats (half an hour and more): what a day-long recording
calls normal changes with the hours, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.order_statistics import quantiles
from ecgscribe.model.rhythm_features import (
    RATIO_GAIN,
    RHYTHM_FEATURE_NAMES,
    UsualIntervals,
    rhythm_features,
    usual_intervals,
)
from ecgscribe.model.shape_features import (
    SHAPE_FEATURE_NAMES,
    TypicalBeats,
    shape_features,
    typical_beats,
    waveforms,
)
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "FEATURE_NAMES",
    "LOGIT_FEATURE_NAMES",
    "SEGMENT",
    "RecordStatistics",
    "beat_features",
    "logit_features",
    "record_statistics",
    "segment_features",
    "segments",
]


Floats = NDArray[np.float32]

SEGMENT = 2048
IN_TIME = RATIO_GAIN * 0.1
"""Deviation from the neighbourhood's RR interval, about 10%, below which a beat is in time."""
FEATURE_NAMES: tuple[str, ...] = RHYTHM_FEATURE_NAMES + SHAPE_FEATURE_NAMES
"""Names of the columns of `beat_features`."""


def segments(n: int) -> Iterator[slice]:
    """Cut beats into segments of `SEGMENT`; a rest of up to half as many joins the last one."""
    count = max((n + SEGMENT // 2 - 1) // SEGMENT, 1)
    edges = [min(k * SEGMENT, n) for k in range(count)] + [n]
    for begin, end in pairwise(edges):
        yield slice(begin, end)


def beat_features(signal: Floats, r_peaks: NDArray[np.float64]) -> Floats:
    """Compute rhythm and shape of each beat, relative to its own record.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal; a missing lead is zero.
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps, in time order.

    Returns
    -------
    ndarray of float32, shape (n_beats, len(FEATURE_NAMES))
    """
    features = np.empty((len(r_peaks), len(FEATURE_NAMES)), dtype=np.float32)
    for segment in segments(len(r_peaks)):
        beats = waveforms(signal, r_peaks[segment])
        features[segment] = segment_features(r_peaks, segment, beats)
    return features


@dataclass(frozen=True, eq=False)
class RecordStatistics:
    """What the beats of a record are compared with, where they are not all there at once."""

    intervals: UsualIntervals
    log_odds: Floats
    """Quantiles of the log odds of `logit_features`, shape (4, 5)."""
    beats: TypicalBeats | None
    """None of fewer than three beats."""


def record_statistics(
    r_peaks: NDArray[np.float64], *, logits: Floats, peak_scores: Floats, waveforms: Floats
) -> RecordStatistics:
    """Return what the beats of a record are compared with, from all of them or the latest.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps; at least two.
    logits, peak_scores, waveforms : ndarray of float32
        As for `ecgscribe.model.beat_head.BeatHead.features`.
    """
    regular = _in_time(rhythm_features(r_peaks, slice(0, len(r_peaks))))
    return RecordStatistics(
        usual_intervals(r_peaks),
        _odds_quantiles(_odds_of(logits, peak_scores)),
        typical_beats(waveforms, regular),
    )


def segment_features(
    r_peaks: NDArray[np.float64],
    segment: slice,
    beats: Floats,
    record: RecordStatistics | None = None,
) -> Floats:
    """Compute rhythm and shape of each beat of one segment, as `beat_features` does of all.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps: those of the segment, and `ecgscribe.model.rhythm_features.FAR` or all that there
        are to each side.
    segment : slice
        Which of them the segment is; one that `segments` returns for a whole record.
    beats : ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
        Waveforms of the beats of the segment; see `ecgscribe.model.shape_features.waveforms`.
    record : RecordStatistics, optional
        What they are compared with; by default that of the segment.

    Returns
    -------
    ndarray of float32, shape (n_beats, len(FEATURE_NAMES))
    """
    rhythm = rhythm_features(r_peaks, segment, None if record is None else record.intervals)
    shape = shape_features(beats, _in_time(rhythm), None if record is None else record.beats)
    columns = rhythm | shape
    return np.stack([columns[name] for name in FEATURE_NAMES], axis=1)


def _in_time(rhythm: dict[str, Floats]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(rhythm["rr_before/near"]) < IN_TIME)


LARGEST_LOG_ODDS = 15.0
LOW = 0.1
"""Quantile that stands for the most normal beats, where ectopic ones are the majority too."""
ODDS_GAIN = 0.3
"""Brings log odds to the order of one, as the network learns best from such inputs."""
SPREAD_GAIN = 0.5
LEAST_SPREAD = 0.5
"""What is added to the distance of the quartiles before something is divided by it."""
LARGEST_OF_SPREAD = 8.0


@dataclass(frozen=True, eq=False)
class _Odds:
    """Log odds of the beats of one segment, shape (n_beats, 5), and their quantiles."""

    own: Floats
    low: Floats
    first: Floats
    median: Floats
    third: Floats


def _over_spread(odds: _Odds) -> Floats:
    over = (odds.own - odds.median) / (odds.third - odds.first + LEAST_SPREAD)
    return np.asarray(SPREAD_GAIN * np.clip(over, -LARGEST_OF_SPREAD, LARGEST_OF_SPREAD))


_AGAINST: dict[str, Callable[[_Odds], Floats]] = {
    "": lambda odds: ODDS_GAIN * odds.own,
    "-median": lambda odds: ODDS_GAIN * (odds.own - odds.median),
    "-low": lambda odds: ODDS_GAIN * (odds.own - odds.low),
    "/spread": _over_spread,
}


def _log_odds(logits: Floats, peak_scores: Floats) -> dict[str, Floats]:
    """Return log odds against N, of S, V, F and of all that is not N, and those of the R-peak."""
    relative = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    abnormal = np.log(np.exp(relative[:, 1:]).sum(axis=1) + 1e-9)
    sure = np.clip(peak_scores, 1e-6, 1 - 1e-6).astype(np.float32)
    odds = {f"{AAMI_CLASSES[k]}:N": relative[:, k] - relative[:, 0] for k in (1, 2, 3)}
    odds |= {"abnormal:N": abnormal - relative[:, 0], "R-peak:none": np.log(sure / (1 - sure))}
    return {name: np.clip(x, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS) for name, x in odds.items()}


LOGIT_FEATURE_NAMES: tuple[str, ...] = tuple(
    f"{odds}{against}"
    for against in _AGAINST
    for odds in _log_odds(np.zeros((0, len(AAMI_CLASSES)), np.float32), np.zeros(0, np.float32))
)
"""Names of the columns of `logit_features`."""


def _odds_of(logits: Floats, peak_scores: Floats) -> Floats:
    return np.stack(list(_log_odds(logits, peak_scores).values()), axis=1)


def _odds_quantiles(odds: Floats) -> Floats:
    return quantiles(odds.T, LOW, 0.25, 0.5, 0.75)


def logit_features(
    logits: Floats, peak_scores: Floats, record: RecordStatistics | None = None
) -> Floats:
    """Compare the trunk's output for each beat with its output for the whole record.

    In most patients the trunk separates ectopic beats from normal ones well, but it does not know
    where to draw the line: in a fast rhythm, or with a bundle branch block, every beat may look
    abnormal to it.

    Parameters
    ----------
    logits : ndarray of float32, shape (n_beats, 5)
        Class logits at the R-peaks, in time order.
    peak_scores : ndarray of float32, shape (n_beats,)
        Score of each R-peak, 0 to 1.
    record : RecordStatistics, optional
        What they are compared with; by default that of their segments.

    Returns
    -------
    ndarray of float32, shape (n_beats, len(LOGIT_FEATURE_NAMES))
        Log odds against N, of S, V, F and of all that is not N, and those of the R-peak:
        themselves, less the median and the lower quantile of the record, and over their spread.
    """
    odds = _odds_of(logits, peak_scores)
    features = np.empty((len(odds), len(LOGIT_FEATURE_NAMES)), dtype=np.float32)
    for segment in segments(len(odds)):
        own = odds[segment]
        if len(own):
            of_segment = _Odds(own, *(_odds_quantiles(own) if record is None else record.log_odds))
            features[segment] = np.concatenate([of(of_segment) for of in _AGAINST.values()], axis=1)
    return features
