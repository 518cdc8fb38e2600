"""Place beats with their waves into a signal.

The QRS of a beat is copied sample by sample. The T wave is resampled in time with the RR interval,
as Fridericia's formula has it for QT (Acta Med Scand 53:469-486, 1920), half of it at once and half
with the delay that Lau et al. measured (Pacing Clin Electrophysiol 11:1271-1281, 1988); the PR
interval changes less. A beat is measured from the line between the levels before its P wave and
after its T wave, so that it can be added to any baseline, and to the T wave of the beat before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.resequenced.plans import Paced, Plan
from ecgscribe.datasets.resequenced.rhythm import BeatSequence
from ecgscribe.datasets.resequenced.source_beats import (
    QRS_AFTER_S,
    QRS_BEFORE_S,
    SourceBeats,
)
from ecgscribe.record import Record

__all__ = ["Placement", "place", "placement", "spikes"]

Doubles = NDArray[np.float64]

_QT_EXPONENT, _PR_EXPONENT = 1 / 3, 0.2
_LAG_S, _AT_ONCE = 60.0, 0.5
_LONGEST_RR = 1.5  # s; longer ones, which are pauses, change no QT
_QT_RANGE, _PR_RANGE = (0.6, 1.4), (0.7, 1.15)
_END_FADE_S = 0.05  # at the start of the P wave and the end of the T wave
_P_FADE_S, _T_FADE_S = 0.04, 0.08  # next to the QRS, where P or T has another size
_SPIKE = (1.0, -0.25, -0.08)  # a pulse of 1 ms after the filters of an amplifier


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """Where the waves of each beat of a new record come from.

    Parameters
    ----------
    source : ndarray of int64, shape (n,)
        Index of each beat among the source beats.
    p_time, qrs_time, t_time : ndarray of float64, shape (n,)
        Factor of the duration of each part.
    p_wave, t_wave : ndarray of float64, shape (n,)
        Factor of its height.
    """

    source: NDArray[np.int64]
    p_time: Doubles
    qrs_time: Doubles
    t_time: Doubles
    p_wave: Doubles
    t_wave: Doubles


def placement(
    plan: Plan, sequence: BeatSequence, source: SourceBeats, fs: float, *, first: int
) -> Placement:
    """Return where the waves of each beat come from.

    The beats of the record follow each other as they were recorded, from number `first` on; at the
    end they are used backwards, then forwards again.

    Parameters
    ----------
    plan : Plan
        The settings.
    sequence : BeatSequence
        The new beats.
    source : SourceBeats
        The beats of the record.
    fs : float
        Sampling frequency in Hz.
    first : int
        Number of the source beat that comes first.

    Returns
    -------
    Placement
    """
    last = len(source) - 1
    turn = (np.arange(len(sequence.sample)) + first + last) % (2 * last)
    index = np.abs(turn - last)
    relative = _lasting_rr(sequence.sample, fs) / source.rr[index]
    paced = sequence.paced
    widening, t_wave = (plan.widening, plan.t_wave) if isinstance(plan, Paced) else (1.0, 1.0)
    return Placement(
        source=index,
        p_time=np.clip(relative**_PR_EXPONENT, *_PR_RANGE) * sequence.p_time,
        qrs_time=np.where(paced, widening, 1.0),
        t_time=np.clip(relative**_QT_EXPONENT, *_QT_RANGE),
        p_wave=sequence.p_wave,
        t_wave=np.where(paced, t_wave, 1.0),
    )


def _lasting_rr(sample: NDArray[np.int64], fs: float) -> Doubles:
    """Return the RR interval in s to which the heart has adapted at each beat."""
    rr = np.minimum(np.diff(sample) / fs, _LONGEST_RR)
    if len(rr) == 0:
        return np.ones(len(sample))
    rr = np.concatenate((rr[:1], rr))
    recent = np.convolve(np.pad(rr, (3, 0), mode="edge"), np.full(4, 0.25), mode="valid")
    slow = rr.copy()
    for k in range(1, len(rr)):
        slow[k] = slow[k - 1] + (rr[k] - slow[k - 1]) * (1 - np.exp(-rr[k] / _LAG_S))
    return _AT_ONCE * recent + (1 - _AT_ONCE) * slow


def place(
    record: Record, source: SourceBeats, where: Placement, sequence: BeatSequence
) -> tuple[Doubles, Doubles]:
    """Return the waves of all beats of a new record, and how much of its signal they are.

    Parameters
    ----------
    record : Record
        The signals of the source beats.
    source : SourceBeats
        The beats of the record.
    where : Placement
        What each new beat is made from.
    sequence : BeatSequence
        The new beats.

    Returns
    -------
    waves : ndarray of float64, shape (n_samples, leads)
        Zero between the T wave of a beat and the P wave of the next.
    share : ndarray of float64, shape (n_samples,)
        Share of the noise that came with the beats, 0 to 1.
    """
    fs, n = record.fs, sequence.n_samples
    waves, share = np.zeros((n, record.signal.shape[1])), np.zeros(n)
    for j, r_peak in enumerate(sequence.sample.tolist()):
        k = int(where.source[j])
        reach = _Reach.of(where, j, int(source.before[k]), int(source.after[k]), fs)
        offset = np.arange(max(-reach.before, -r_peak), min(reach.after + 1, n - r_peak))
        time = reach.source_time(offset)
        weight = reach.weight(offset, float(where.p_wave[j]), float(where.t_wave[j]), fs)
        part = (time + source.before[k]) / (source.before[k] + source.after[k])
        line = np.outer(1 - part, source.level_before[k]) + np.outer(part, source.level_after[k])
        value = _interpolated(record.signal, source.sample[k] + time) - line
        here = slice(r_peak + int(offset[0]), r_peak + int(offset[-1]) + 1)
        waves[here] += weight[:, None] * value
        share[here] = np.maximum(share[here], np.minimum(weight**2, 1.0))
    return waves, share


@dataclass(frozen=True)
class _Reach:
    """The parts of a new beat, in samples of the new record and of the source."""

    before: int
    after: int
    qrs_before: float
    qrs_after: float
    p_time: float
    qrs_time: float
    t_time: float

    @staticmethod
    def of(where: Placement, j: int, before: int, after: int, fs: float) -> _Reach:
        qrs_before, qrs_after = round(QRS_BEFORE_S * fs), round(QRS_AFTER_S * fs)
        p_time, qrs_time, t_time = (
            float(factor[j]) for factor in (where.p_time, where.qrs_time, where.t_time)
        )
        return _Reach(
            before=int(qrs_before * qrs_time + (before - qrs_before) * p_time),
            after=int(qrs_after * qrs_time + (after - qrs_after) * t_time),
            qrs_before=qrs_before * qrs_time,
            qrs_after=qrs_after * qrs_time,
            p_time=p_time,
            qrs_time=qrs_time,
            t_time=t_time,
        )

    def source_time(self, offset: NDArray[np.int64]) -> Doubles:
        """Return the samples after the source's R-peak at samples after the new one."""
        within = np.clip(offset, -self.qrs_before, self.qrs_after)
        time: Doubles = within / self.qrs_time
        time += np.minimum(offset + self.qrs_before, 0) / self.p_time
        time += np.maximum(offset - self.qrs_after, 0) / self.t_time
        return time

    def weight(self, offset: NDArray[np.int64], p_wave: float, t_wave: float, fs: float) -> Doubles:
        """Return the factor of the source: 1 in the QRS, 0 at both ends."""
        until_qrs = np.maximum(-offset - self.qrs_before, 0)
        since_qrs = np.maximum(offset - self.qrs_after, 0)
        end = _END_FADE_S * fs
        weight: Doubles = np.where(
            until_qrs > 0,
            1 + (p_wave - 1) * _smooth(until_qrs / (_P_FADE_S * fs)),
            1 + (t_wave - 1) * _smooth(since_qrs / (_T_FADE_S * fs)),
        )
        return weight * _smooth((offset + self.before) / end) * _smooth((self.after - offset) / end)


def _smooth(part: NDArray[np.floating]) -> Doubles:
    """Rise from 0 at 0 to 1 at 1, as half a cosine."""
    rise: Doubles = 0.5 - 0.5 * np.cos(np.pi * np.clip(part, 0, 1))
    return rise


def _interpolated(signal: NDArray[np.float32], at: Doubles) -> Doubles:
    """Return the signal at fractional samples, interpolated linearly, shape (n, leads)."""
    low = np.clip(np.floor(at), 0, len(signal) - 2).astype(np.int64)
    part = (at - low)[:, None]
    value: Doubles = signal[low] * (1 - part) + signal[low + 1] * part
    return value


def spikes(sequence: BeatSequence, plan: Paced, fs: float, height: Doubles) -> Doubles:
    """Return the spikes of a pacemaker, those without a beat, too.

    Parameters
    ----------
    sequence : BeatSequence
        The beats.
    plan : Paced
        The settings.
    fs : float
        Sampling frequency in Hz.
    height : ndarray of float64, shape (leads,)
        Height in each lead, with its sign.

    Returns
    -------
    ndarray of float64, shape (n_samples, leads)
        Each spike is largest at its own sample: `Paced.spike_before_s` before the R-peak.
    """
    result = np.zeros((sequence.n_samples, len(height)))
    at = sequence.sample[sequence.paced] - round(plan.spike_before_s * fs)
    at = np.append(at, np.array(sequence.lone_spikes, dtype=np.int64))
    for delay, factor in enumerate(_SPIKE):
        result[at + delay] += factor * height
    return result
