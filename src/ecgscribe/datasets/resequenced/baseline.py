"""What a record shows between beats: the slow course of its baseline, and its noise."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.datasets.resequenced.source_beats import QRS_AFTER_S, SourceBeats
from ecgscribe.record import Record

__all__ = ["noise_like", "slow_course"]

Doubles = NDArray[np.float64]

_FADE_S = 0.04  # over which one piece of noise passes into the next
_SHORTEST_S = 0.15  # of a piece, without the fades
_QUIET = 1.25  # largest peak-to-peak amplitude of a piece, relative to the median
_SKIP_S = 0.03  # after the QRS, where its end may differ from beat to beat


def slow_course(record: Record, source: SourceBeats, n: int) -> Doubles:
    """Return the baseline of a record, through the levels before the P waves of its beats.

    Parameters
    ----------
    record : Record
        The signals.
    source : SourceBeats
        Its usable beats.
    n : int
        Number of samples; beyond its end the record is read backwards, then forwards again.

    Returns
    -------
    ndarray of float64, shape (n, leads)
        Constant before the first beat and after the last one.
    """
    from scipy.interpolate import PchipInterpolator

    at = source.sample - source.before
    course = PchipInterpolator(at, source.level_before, axis=0)
    last = record.n_samples - 1
    time = np.abs((np.arange(n) + last) % (2 * last) - last) if last else np.zeros(n, np.int64)
    whole = course(np.clip(np.arange(record.n_samples), at[0], at[-1]))
    result: Doubles = whole[time]
    return result


def noise_like(record: Record, source: SourceBeats, n: int, rng: Generator) -> Doubles:
    """Make noise like that of a record, without a beat in it.

    Two beats in succession have the same T wave: their difference from the end of the QRS to the P
    wave, over the square root of two, is noise. Such pieces follow each other in random order.

    Parameters
    ----------
    record : Record
        The signals.
    source : SourceBeats
        Its usable beats.
    n : int
        Number of samples.
    rng : numpy.random.Generator
        Draws the order.

    Returns
    -------
    ndarray of float64, shape (n, leads)
        Without its slow course; zeros if no two beats in succession are usable.
    """
    fade = max(round(_FADE_S * record.fs), 2)
    pieces = _pieces(record, source, fade)
    noise = np.zeros((n, record.signal.shape[1]))
    if not pieces:
        return noise
    rise = np.sin(np.linspace(0, np.pi / 2, fade))[:, None]  # powers add up to 1
    begin = 0
    while begin < n:
        for number in rng.permutation(len(pieces)):
            piece = pieces[number].copy()
            piece[:fade] *= rise
            piece[-fade:] *= rise[::-1]
            end = min(begin + len(piece), n)
            noise[begin:end] += piece[: end - begin]
            begin += len(piece) - fade
            if begin >= n:
                break
    return noise


def _pieces(record: Record, source: SourceBeats, fade: int) -> list[Doubles]:
    """Return differences of beats in succession, level at both ends, without the loudest."""
    skip = round((QRS_AFTER_S + _SKIP_S) * record.fs)
    shortest = round(_SHORTEST_S * record.fs) + 2 * fade
    pieces: list[Doubles] = []
    for k in range(len(source) - 1):
        distance = int(source.sample[k + 1] - source.sample[k])
        if distance > 1.5 * source.rr[k] * record.fs:
            continue  # beats between them are not usable
        length = min(distance, int(source.rr[k + 1] * record.fs)) - int(source.before[k + 1]) - skip
        if length < shortest:
            continue
        first, second = source.sample[k : k + 2].tolist()
        part = record.signal[first + skip : first + skip + length].astype(np.float64)
        part -= record.signal[second + skip : second + skip + length]
        pieces.append(_level(part / np.sqrt(2), fade))
    if not pieces:
        return []
    spread = np.array([np.ptp(piece, axis=0) for piece in pieces])
    quiet = np.all(spread <= _QUIET * np.median(spread, axis=0), axis=1)
    return [piece for piece, keep in zip(pieces, quiet, strict=True) if keep]


def _level(piece: Doubles, edge: int) -> Doubles:
    """Return a piece less the line through the means at its ends."""
    first, last = piece[:edge].mean(axis=0), piece[-edge:].mean(axis=0)
    part = np.linspace(0, 1, len(piece))[:, None]
    level: Doubles = piece - first * (1 - part) - last * part
    return level
