"""Bins of beats by the shape of their QRS: every beat of a recording is in one.

The templates of a report (`ecgscribe.analysis.templates`) are found among some beats of a class.
Here all beats are read, whatever their class, in pieces, so that memory hardly grows with the
length of the recording. In each piece the beats that resemble no bin so far found new ones: the
beat that most others resemble, together with those. Relabelling a beat leaves its shape as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.morphology import QRS_S, SHIFT_S
from ecgscribe.analysis.templates import ALIKE
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord

__all__ = ["MOST_SHAPES", "OTHER", "Shapes", "bin_beats", "find_shapes"]


MOST_SHAPES = 24
"""Most shapes of a recording."""
OTHER = -1
"""Bin of the beats that resemble few others, or have a flat lead or invalid samples."""
_LEAST_BEATS = 3  # of a shape
_FS = 250.0  # Hz to which beats are reduced before they are compared
_MOST_APART_S = 4.0  # between beats that are read together
_PIECE = 1024  # beats that are compared at once
_MOST_FOUNDING = 400  # beats among which new shapes are sought at once


Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shapes:
    """The shapes of the QRS of a recording.

    Parameters
    ----------
    waves : ndarray of float64, shape (shapes, points, leads)
        Median QRS of the beats that founded each, in mV (or the lead's own unit), from `QRS_S` and
        `SHIFT_S` before the R-peak to as much after it.
    fs : float
        Sampling frequency of these in Hz.
    columns : tuple of int
        Their leads.
    """

    waves: Doubles
    fs: float
    columns: tuple[int, ...]


def find_shapes(
    record: LazyRecord,
    samples: NDArray[np.int64],
    columns: Sequence[int],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Shapes, NDArray[np.int16]]:
    """Find the shapes of beats, and the bin of each beat.

    Parameters
    ----------
    record : LazyRecord
        It is read twice at most, in pieces.
    samples : ndarray of int64, shape (n,)
        R-peaks in time order.
    columns : sequence of int
        Leads in which beats are compared; two beats are alike if the mean of their correlations
        is at least `ecgscribe.analysis.templates.ALIKE`.
    progress : callable, optional
        Called with the beats done and all.

    Returns
    -------
    shapes : Shapes
        The shape of most beats first.
    bins : ndarray of int16, shape (n,)
        Index of the shape of each beat, or `OTHER`.
    """
    step = _step(record)
    bins = np.full(len(samples), OTHER, np.int16)
    n_points = 2 * _reach(record, step) + 1
    waves = np.zeros((0, n_points, len(columns)))
    for begin in range(0, len(samples), _PIECE):
        piece = slice(begin, begin + _PIECE)
        beats = _read(record, samples[piece], columns)
        bins[piece] = _assign(beats, waves, record.fs / step)
        waves = _found(beats[bins[piece] == OTHER], waves, record.fs / step)
        bins[piece] = _assign(beats, waves, record.fs / step)
        if progress is not None:
            progress(min(begin + _PIECE, len(samples)), len(samples))
    # Beats of a rare shape are in many pieces, too few in each; and a shape may be found late.
    left = np.flatnonzero(bins == OTHER)
    some = left[
        np.unique(np.linspace(0, len(left) - 1, min(len(left), _MOST_FOUNDING)).astype(int))
    ]
    waves = _found(_read(record, samples[some], columns), waves, record.fs / step)
    for begin in range(0, len(left), _PIECE):
        piece_left = left[begin : begin + _PIECE]
        beats = _read(record, samples[piece_left], columns)
        bins[piece_left] = _assign(beats, waves, record.fs / step)
    count = np.bincount(bins[bins != OTHER], minlength=len(waves))
    order = np.argsort(-count, kind="stable")
    place = np.empty(len(waves) + 1, np.int16)
    place[order], place[OTHER] = np.arange(len(waves)), OTHER
    return Shapes(waves[order], record.fs / step, tuple(columns)), place[bins]


def bin_beats(record: LazyRecord, samples: NDArray[np.int64], shapes: Shapes) -> NDArray[np.int16]:
    """Return the bin of each of some beats.

    Parameters
    ----------
    record : LazyRecord
    samples : ndarray of int64, shape (n,)
        R-peaks.
    shapes : Shapes
        Of the same recording.

    Returns
    -------
    ndarray of int16, shape (n,)
        Index of the shape that each resembles most, or `OTHER`.
    """
    bins = np.full(len(samples), OTHER, np.int16)
    for begin in range(0, len(samples), _PIECE):
        beats = _read(record, samples[begin : begin + _PIECE], shapes.columns)
        bins[begin : begin + _PIECE] = _assign(beats, shapes.waves, shapes.fs)
    return bins


def _step(record: LazyRecord) -> int:
    return max(1, int(np.ceil(record.fs / _FS)))


def _reach(record: LazyRecord, step: int) -> int:
    return round((QRS_S + SHIFT_S) * record.fs / step)


def _read(record: LazyRecord, samples: NDArray[np.int64], columns: Sequence[int]) -> Doubles:
    """Read the QRS of beats, each point the mean of some samples; shape (n, points, leads)."""
    step = _step(record)
    reach = _reach(record, step)
    offsets = step * np.arange(-reach, reach + 1)[:, None] + np.arange(step) - step // 2
    factors = np.array([MILLIVOLTS.get(record.units[k].lower(), 1.0) for k in columns])
    beats = np.full((len(samples), 2 * reach + 1, len(columns)), np.nan)
    edges = np.flatnonzero(np.diff(samples) > _MOST_APART_S * record.fs) + 1
    for group in np.split(np.arange(len(samples)), edges):
        if len(group) == 0:
            continue
        first = int(samples[group].min()) + int(offsets.min())
        last = int(samples[group].max()) + int(offsets.max()) + 1
        inside = slice(max(first, 0), min(last, record.n_samples))
        signal = np.full((last - first, len(columns)), np.nan)
        signal[inside.start - first : inside.stop - first] = (
            record.read(inside.start, inside.stop)[:, list(columns)] * factors
        )
        beats[group] = signal[samples[group, None, None] - first + offsets].mean(axis=2)
    return beats


def _assign(beats: Doubles, waves: Doubles, fs: float) -> NDArray[np.int16]:
    """Return the shape that each beat resembles most; `OTHER` if none enough."""
    if len(beats) == 0 or len(waves) == 0:
        return np.full(len(beats), OTHER, np.int16)
    alike = _correlations(beats, waves, fs)
    return np.where(alike.max(axis=1) >= ALIKE, alike.argmax(axis=1), OTHER).astype(np.int16)


def _found(beats: Doubles, waves: Doubles, fs: float) -> Doubles:
    """Add the shapes of beats that resemble none so far."""
    beats = beats[np.isfinite(beats).all(axis=(1, 2))]
    if len(waves) == MOST_SHAPES or len(beats) < _LEAST_BEATS:
        return waves
    if len(beats) > _MOST_FOUNDING:
        beats = beats[np.linspace(0, len(beats) - 1, _MOST_FOUNDING).astype(int)]
    alike = _correlations(beats, beats, fs) >= ALIKE
    left = np.ones(len(beats), np.bool_)
    while len(waves) < MOST_SHAPES and int(left.sum()) >= _LEAST_BEATS:
        resembled = (alike & left).sum(axis=1) * left
        own = alike[int(resembled.argmax())] & left
        if int(own.sum()) < _LEAST_BEATS:
            break
        waves = np.concatenate([waves, np.median(beats[own], axis=0)[None]])
        left &= ~own
        left[left] = _assign(beats[left], waves[-1:], fs) == OTHER
    return waves


def _correlations(beats: Doubles, others: Doubles, fs: float) -> Doubles:
    """Correlate each QRS with each other one, highest over small shifts; shape (n, m).

    A beat with a flat lead or invalid samples has only correlations of -1.
    """
    shifts = round(SHIFT_S * fs)
    length = beats.shape[1] - 2 * shifts
    best = np.full((len(beats), len(others)), -1.0)
    target, has_target = _unit(others[:, shifts : shifts + length])
    for shift in range(2 * shifts + 1):
        part, has_part = _unit(beats[:, shift : shift + length])
        both = has_part[:, None] & has_target[None, :]
        best = np.where(both, np.maximum(best, part @ target.T), best)
    return best


def _unit(parts: Doubles) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return parts so scaled that their products are mean correlations, and which can be."""
    valid = np.isfinite(parts).all(axis=(1, 2))
    centred = np.nan_to_num(parts - parts.mean(axis=1, keepdims=True))
    norm = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    scaled = centred / np.where(norm > 0, norm, 1.0) / np.sqrt(parts.shape[2])
    return scaled.reshape(len(parts), -1), np.asarray(valid & (norm[:, 0] > 0).all(axis=1))
