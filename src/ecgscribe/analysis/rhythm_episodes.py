"""Episodes of rhythms that matter to a reader, with their heart rates.

They come from the rhythm annotations of a recording, a reference's or the model's. Atrial
fibrillation and flutter are one kind here, and so are ventricular fibrillation and flutter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.rr_intervals import BeatSeries, mean_rate, rate_extremes
from ecgscribe.record import LazyRecord
from ecgscribe.rhythms import RhythmSpan

__all__ = [
    "EPISODE_KINDS",
    "MISSED",
    "RhythmEpisode",
    "RhythmRates",
    "beats_inside",
    "kind_of",
    "of_intervals",
    "readable_length",
    "rhythm_episodes",
    "rhythm_rates",
]


EPISODE_KINDS = ("VFL", "VT", "ASYS", "AFIB")
"""Kinds of episodes, the most urgent first."""
MISSED = 1.5
"""Of the median RR interval of a tachycardia: in a longer one, a beat was missed."""
_KIND_OF = {"VF": "VFL", "VFIB": "VFL", "AFL": "AFIB"}
_WAVES_HZ = (1.5, 8.0)  # of ventricular flutter and fibrillation: 90 to 480 per minute
_WAVES_S = 30.0  # from the middle of an episode, whose waves are counted


@dataclass(frozen=True)
class RhythmRates:
    """Beats per minute; the lowest and the highest as of `rr_intervals.rate_extremes`."""

    lowest: float | None
    mean: float | None
    highest: float | None


@dataclass(frozen=True, kw_only=True)
class RhythmEpisode:
    """Time in one rhythm.

    Parameters
    ----------
    kind : str
        One of `EPISODE_KINDS`, or the name that a reference gives to another rhythm.
    begin, end : int
        First sample, and the one after the last.
    rates : RhythmRates
        Of the beats inside; the mean of ventricular flutter or fibrillation is the rate of its
        waves. In ventricular tachycardia, intervals in which a beat must have been missed, longer
        than `MISSED` times the median, are left out.
    """

    kind: str
    begin: int
    end: int
    rates: RhythmRates


def kind_of(label: str) -> str:
    """Return the kind of episode of a rhythm's label, or the label itself."""
    return _KIND_OF.get(label, label)


def rhythm_episodes(
    record: LazyRecord, beats: BeatSeries, rhythms: Sequence[RhythmSpan], columns: Sequence[int]
) -> tuple[RhythmEpisode, ...]:
    """Join the spans of one kind that touch, and measure their rates.

    Parameters
    ----------
    record : LazyRecord
        The recording, of which only pieces of ventricular flutter or fibrillation are read.
    beats : BeatSeries
        Its readable beats.
    rhythms : sequence of RhythmSpan
        In time order.
    columns : sequence of int
        Leads; the waves of flutter are counted in the first.

    Returns
    -------
    tuple of RhythmEpisode
        In time order.
    """
    joined: list[tuple[str, int, int]] = []
    for span in rhythms:
        kind = kind_of(span.kind)
        if joined and joined[-1][0] == kind and joined[-1][2] == span.begin:
            joined[-1] = (kind, joined[-1][1], span.end)
        else:
            joined.append((kind, span.begin, span.end))
    return tuple(
        RhythmEpisode(
            kind=kind, begin=begin, end=end, rates=_rates(record, beats, columns, kind, begin, end)
        )
        for kind, begin, end in joined
    )


def _rates(
    record: LazyRecord, beats: BeatSeries, columns: Sequence[int], kind: str, begin: int, end: int
) -> RhythmRates:
    first, last = np.searchsorted(beats.sample, [begin, end]).tolist()
    inside = dataclasses.replace(
        beats,
        sample=beats.sample[first:last],
        class_index=beats.class_index[first:last],
        index=beats.index[first:last],
        rr=np.where(np.arange(last - first) == 0, np.nan, beats.rr[first:last]),
        in_noise=0,
    )
    if kind == "VFL":
        return RhythmRates(None, _wave_rate(record, columns[0], begin, end), None)
    if kind == "VT" and inside.has_rr.any():
        missed = inside.rr > MISSED * np.nanmedian(inside.rr)
        inside = dataclasses.replace(inside, rr=np.where(missed, np.nan, inside.rr))
    return rhythm_rates(inside)


def rhythm_rates(beats: BeatSeries) -> RhythmRates:
    """Return the rates over the intervals that count."""
    extremes = rate_extremes(beats)
    lowest, highest = (None, None) if extremes is None else (e.rate for e in extremes)
    return RhythmRates(lowest, mean_rate(beats), highest)


def _wave_rate(record: LazyRecord, column: int, begin: int, end: int) -> float | None:
    """Return how many waves a minute has: the frequency with the most power."""
    from scipy.signal import welch

    middle, reach = (begin + end) / 2, min(end - begin, _WAVES_S * record.fs) / 2
    signal = record.read(int(middle - reach), int(middle + reach))[:, column].astype(np.float64)
    if len(signal) < 2 * record.fs or not np.isfinite(signal).all():
        return None
    window = min(len(signal), round(4 * record.fs))
    frequency, power = welch(signal, fs=record.fs, nperseg=window, nfft=8 * window)
    waves = (frequency >= _WAVES_HZ[0]) & (frequency <= _WAVES_HZ[1])
    if not waves.any() or power[waves].max() == 0:
        return None
    return float(60.0 * frequency[waves][np.argmax(power[waves])])


def readable_length(episodes: Iterable[RhythmEpisode], unreadable: NDArray[np.int64]) -> int:
    """Return how many samples of episodes are readable.

    Parameters
    ----------
    episodes : iterable of RhythmEpisode
    unreadable : ndarray of int64, shape (m, 2)
        First sample of each unreadable span, and the one after the last; they do not touch.
    """
    readable = 0
    for episode in episodes:
        lost = unreadable.clip(episode.begin, episode.end)
        readable += episode.end - episode.begin - int((lost[:, 1] - lost[:, 0]).sum())
    return readable


def beats_inside(
    beats: BeatSeries, episodes: Sequence[RhythmEpisode], kind: str
) -> NDArray[np.bool_]:
    """Return which beats are inside episodes of a kind, shape (n_beats,)."""
    inside = np.zeros(len(beats), dtype=np.bool_)
    for episode in episodes:
        if episode.kind == kind:
            first, last = np.searchsorted(beats.sample, [episode.begin, episode.end]).tolist()
            inside[first:last] = True
    return inside


def of_intervals(beats: BeatSeries, chosen: NDArray[np.bool_]) -> BeatSeries:
    """Return the same beats with only the intervals between two chosen ones, shape (n_beats,)."""
    both = chosen.copy()
    both[1:] &= chosen[:-1]
    both[:1] = False
    return dataclasses.replace(beats, rr=np.where(both, beats.rr, np.nan))
