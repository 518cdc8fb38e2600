"""Shape features: likeness of each beat to the dominant ones of its record, lead by lead.

Everything is relative to the record's own beats, so that neither the lead nor its polarity matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.order_statistics import quantiles, rolling_quantile
from ecgscribe.model.rhythm_features import NEAR, RATIO_GAIN

__all__ = [
    "AFTER",
    "ALIKE",
    "BEFORE",
    "SHAPE_FEATURE_NAMES",
    "WAVEFORM",
    "TypicalBeats",
    "shape_features",
    "typical_beats",
    "waveforms",
]


Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

BEFORE, AFTER = 32, 51
"""Steps of a beat's waveform around its R-peak: 0.25 s before, 0.4 s after."""
P_WAVE = slice(0, 22)
QRS = slice(20, 46)
T_WAVE = slice(46, BEFORE + AFTER)
SHIFTS = range(-2, 3)
WAVEFORM = BEFORE + AFTER + 2 * max(SHIFTS)
"""Steps of a waveform with room to shift it."""
ALIKE = 0.75
"""Correlation below which a beat is not of the dominant shape."""
LEAST_BEATS = 3
"""Beats that a template needs."""
P_EDGE = 3
"""Steps at each end of the P wave that its baseline runs through."""
LEAST_P_WAVE = 0.01
"""Part of the height of the dominant QRS below which a mean P wave is as good as none."""


FLAT = 0.05
"""Height of a dominant QRS, whose usual height is 2, up to which the lead is missing."""
LEAST_ENERGY = 0.1
"""Sum of squares of a dominant QRS by which a distance is divided at the least."""
SMALLEST = 1e-3
"""What sizes of the order of one are raised to before something is divided by them."""
# Beyond these, more means nothing, and extremes must not outweigh the rest.
HEIGHT_RATIOS = (0.1, 10)
WIDTH_RATIOS = (0.2, 5)
LARGEST_DISTANCE = 4
P_PARTS = (-1, 3)
LARGEST_P_HEIGHT = 6


WIDTH_UNIT = 8
"""Steps, of the order of a QRS's width, that it is measured in."""
P_HEIGHT_GAIN = 10
"""A P wave's height is of the order of a tenth of the QRS's."""


@dataclass(frozen=True, eq=False)
class _Shapes:
    """What the features of the beats of one segment are made of, shape (2 leads, beats) each."""

    like_dominant: Floats
    like_second: Floats
    p_like_dominant: Floats
    t_like_dominant: Floats
    height_ratio: Floats
    width_ratio: Floats
    width: Floats
    distance: Floats
    p_part: Floats
    p_near: Floats
    p_height_near: Floats
    distance_near: Floats


def _log_ratio(ratio: Floats, limits: tuple[float, float]) -> Floats:
    return np.asarray(RATIO_GAIN * np.log(np.clip(ratio, *limits)), dtype=np.float32)


_OF_BEAT: dict[str, Callable[[_Shapes], Floats]] = {
    "qrs_like_dominant": lambda shapes: shapes.like_dominant,
    "qrs_like_second": lambda shapes: shapes.like_second,
    "p_like_dominant": lambda shapes: shapes.p_like_dominant,
    "t_like_dominant": lambda shapes: shapes.t_like_dominant,
    "height/dominant": lambda shapes: _log_ratio(shapes.height_ratio, HEIGHT_RATIOS),
    "width/dominant": lambda shapes: _log_ratio(shapes.width_ratio, WIDTH_RATIOS),
    "width": lambda shapes: np.asarray(shapes.width / WIDTH_UNIT, dtype=np.float32),
    "distance": lambda shapes: shapes.distance,
    "p_part": lambda shapes: shapes.p_part,
}
_OF_NEIGHBOURS: dict[str, Callable[[_Shapes], Floats]] = {
    "p_near": lambda shapes: shapes.p_near,
    "p_height_near": lambda shapes: shapes.p_height_near,
    "distance_near": lambda shapes: shapes.distance_near,
}


def _by_lead(
    of_beat: Mapping[str, Floats], share_dominant: Floats, of_neighbours: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Name the values of each lead: those of the beats lead after lead, then the others."""
    columns = {f"{name}_{k + 1}": x[k] for k in range(2) for name, x in of_beat.items()}
    columns["share_dominant"] = share_dominant
    return columns | {
        f"{name}_{k + 1}": x[k] for name, x in of_neighbours.items() for k in range(2)
    }


def _no_shapes(n: int) -> dict[str, Floats]:
    nothing = np.zeros((2, n), dtype=np.float32)
    return _by_lead(
        dict.fromkeys(_OF_BEAT, nothing), nothing[0], dict.fromkeys(_OF_NEIGHBOURS, nothing)
    )


SHAPE_FEATURE_NAMES: tuple[str, ...] = tuple(_no_shapes(0))


def waveforms(signal: Floats, r_peaks: NDArray[np.float64]) -> Floats:
    """Cut the beats out of a signal, with room to shift them; zeros stand outside it.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_steps, 2)
    r_peaks : ndarray of float64, shape (n_beats,)
        In steps.

    Returns
    -------
    ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
    """
    begin = np.rint(r_peaks).astype(np.int64) - BEFORE - max(SHIFTS)
    beats = np.zeros((len(r_peaks), WAVEFORM, 2), dtype=np.float32)
    inside = (begin >= 0) & (begin <= len(signal) - WAVEFORM)
    if inside.any():
        windows = np.lib.stride_tricks.sliding_window_view(signal, WAVEFORM, axis=0)
        beats[inside] = windows[begin[inside]].swapaxes(1, 2)
    for k in np.flatnonzero(~inside).tolist():
        part = signal[max(begin[k], 0) : max(begin[k] + WAVEFORM, 0)]
        first = max(-begin[k], 0)
        beats[k, first : first + len(part)] = part
    return beats


@dataclass(frozen=True, eq=False)
class TypicalBeats:
    """What the beats of a record are compared with, lead by lead."""

    dominant: Floats
    """The dominant QRS, shape (2, steps of `QRS`)."""
    mean: Floats
    """Mean of the beats like it, shape (2, `BEFORE` + `AFTER`)."""
    second: Floats | None
    """The dominant QRS of the other beats, if there are enough."""
    share: float
    """Share of the beats that are like the dominant one."""


def typical_beats(beats: Floats, regular: Flags) -> TypicalBeats | None:
    """Return what the beats of a record are compared with; None of fewer than three beats.

    Parameters
    ----------
    beats : ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
        See `waveforms`.
    regular : ndarray of bool, shape (n_beats,)
        See `shape_features`.
    """
    by_lead = _by_lead_first(beats)
    dominant = _dominant(by_lead, regular)
    return None if dominant is None else _compare(by_lead, dominant).typical()


def shape_features(
    beats: Floats, regular: Flags, typical: TypicalBeats | None = None
) -> dict[str, Floats]:
    """Compute the shape features of each beat of one segment.

    Parameters
    ----------
    beats : ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
        See `waveforms`.
    regular : ndarray of bool, shape (n_beats,)
        Beats that are likely of the dominant shape: the template starts from those.
    typical : TypicalBeats, optional
        What the beats are compared with; by default that of the segment.

    Returns
    -------
    dict
        From each of `SHAPE_FEATURE_NAMES` to its values, shape (n_beats,). Those of a missing lead
        are zero, and all where there are fewer than three beats.
    """
    by_lead = _by_lead_first(beats)
    dominant = _dominant(by_lead, regular) if typical is None else typical.dominant
    if dominant is None:
        return _no_shapes(len(beats))
    compared = _compare(by_lead, dominant)
    typical = compared.typical() if typical is None else typical
    shapes = _shapes(compared, typical)
    present = (np.ptp(dominant, axis=1) > FLAT)[:, None]
    of_beat = {name: np.where(present, of(shapes), 0) for name, of in _OF_BEAT.items()}
    of_neighbours = {name: of(shapes) * present for name, of in _OF_NEIGHBOURS.items()}
    share = np.full(len(beats), typical.share, dtype=np.float32)
    return _by_lead(of_beat, share, of_neighbours)


def _by_lead_first(beats: Floats) -> Floats:
    return np.ascontiguousarray(beats.transpose(2, 0, 1))  # the steps of a beat are contiguous


def _dominant(beats: Floats, regular: Flags) -> Floats | None:
    """Return the dominant QRS of beats (2, n, `WAVEFORM`)."""
    room = max(SHIFTS)
    qrs = beats[..., room : room + BEFORE + AFTER][..., QRS]
    spread = _spread(qrs)
    dominant = _template(qrs, spread, regular)
    if dominant is None:
        dominant = _template(qrs, spread, np.ones(beats.shape[1], dtype=np.bool_))
    return dominant


@dataclass(frozen=True, eq=False)
class _Compared:
    """Beats that are aligned with the dominant QRS of their record, and how like it they are."""

    beats: Floats
    """Shape (2, n, steps)."""
    dominant: Floats
    spread: Floats
    """Of their QRS, shape (2, n)."""
    like: Floats
    """Shape (2, n)."""
    unlike: Flags
    """Shape (n,)."""

    def typical(self) -> TypicalBeats:
        """Return what the beats of a record of these alone are compared with."""
        alike = self.beats if self.unlike.all() else self.beats[:, ~self.unlike]
        return TypicalBeats(
            dominant=self.dominant,
            mean=alike.mean(axis=1),
            second=_template(self.beats[..., QRS], self.spread, self.unlike),
            share=1 - float(self.unlike.mean()),
        )


def _compare(beats: Floats, dominant: Floats) -> _Compared:
    beats = _align(beats, dominant)
    spread = _spread(beats[..., QRS])
    like = _likeness(beats[..., QRS], spread, dominant)
    return _Compared(beats, dominant, spread, like, like.max(axis=0) < ALIKE)


def _shapes(compared: _Compared, typical: TypicalBeats) -> _Shapes:
    """Compare aligned beats with the dominant QRS and the mean of beats like it."""
    beats, dominant, like = compared.beats, compared.dominant, compared.like
    qrs, p_wave, t_wave = (beats[..., part] for part in (QRS, P_WAVE, T_WAVE))
    width, dominant_width = _width(qrs), _width(dominant)[:, None]
    dominant_height = np.maximum(np.ptp(dominant, axis=1), FLAT)[:, None]
    apart = qrs - dominant[:, None]
    energy = np.maximum((dominant**2).sum(axis=1), LEAST_ENERGY)[:, None]
    distance = np.sqrt(np.einsum("...s,...s->...", apart, apart) / energy)
    distance = np.minimum(distance, LARGEST_DISTANCE)
    p_like = _likeness(p_wave, _spread(p_wave), typical.mean[:, P_WAVE])
    p_part, p_height = _p_waves(p_wave, ~compared.unlike, dominant_height)
    near = rolling_quantile(np.concatenate([p_like, distance]), NEAR)
    second = typical.second
    return _Shapes(
        like_dominant=like,
        like_second=(
            np.zeros_like(like) if second is None else _likeness(qrs, compared.spread, second)
        ),
        p_like_dominant=p_like,
        t_like_dominant=_likeness(t_wave, _spread(t_wave), typical.mean[:, T_WAVE]),
        height_ratio=np.ptp(qrs, axis=2) / dominant_height,
        width_ratio=np.asarray(width / np.maximum(dominant_width, SMALLEST), dtype=np.float32),
        width=width,
        distance=distance,
        p_part=p_part,
        p_near=near[:2],
        p_height_near=p_height,
        distance_near=near[2:],
    )


def _spread(beats: Floats) -> Floats:
    """Return the root of the sum of squares around the mean, (2, ..., steps) to (2, ...)."""
    # Not by a centred copy of all beats, and not by matrix products: threads of BLAS would take
    # the processors from the trunk.
    squares = np.einsum("...s,...s->...", beats, beats)
    squares -= np.einsum("...s->...", beats) ** 2 / beats.shape[-1]
    return np.asarray(np.sqrt(np.maximum(squares, 0, out=squares), out=squares))


def _likeness(beats: Floats, spread: Floats, template: Floats) -> Floats:
    """Correlate beats (2, ..., steps) with a template (2, steps), lead by lead: (2, ...)."""
    centred = template - template.mean(axis=1, keepdims=True)
    size = np.sqrt(np.einsum("ls,ls->l", centred, centred))
    norm = np.maximum((spread.T * size).T, SMALLEST)
    return np.asarray(np.einsum("l...s,ls->l...", beats, centred) / norm, dtype=np.float32)


def _template(qrs: Floats, spread: Floats, candidates: Flags) -> Floats | None:
    """Average the beats that are most like one another, from `candidates`; None if too few."""
    if np.count_nonzero(candidates) < LEAST_BEATS:
        return None
    chosen, spread = qrs[:, candidates], spread[:, candidates]
    template = quantiles(chosen.swapaxes(1, 2), 0.5)[0]
    for _ in range(3):
        like = _likeness(chosen, spread, template).mean(axis=0)
        template = chosen[:, like >= quantiles(like, 0.5)[0]].mean(axis=1)
    return np.asarray(template, dtype=np.float32)


def _align(beats: Floats, template: Floats) -> Floats:
    """Shift each beat by up to two steps to where its QRS is most like the template."""
    shifted = np.lib.stride_tricks.sliding_window_view(beats, BEFORE + AFTER, axis=2)
    qrs = shifted[..., QRS]
    best = _likeness(qrs, _spread(qrs), template).sum(axis=0).argmax(axis=1)
    return np.asarray(shifted[:, np.arange(len(best)), best])


def _width(qrs: Floats) -> Floats:
    """Return area over height of each QRS, in steps, shape (2, ...)."""
    size = np.abs(qrs)
    largest = np.maximum(size.max(axis=-1), SMALLEST)
    return np.asarray(size.sum(axis=-1) / largest, dtype=np.float32)


def _p_waves(beats: Floats, usual: Flags, qrs_height: Floats) -> tuple[Floats, Floats]:
    """Compare P waves, shape (2, n, steps), with the mean of those of neighbouring usual beats.

    The mean shows what noise hides in one beat. Where atria fibrillate, it is flat.

    Returns
    -------
    part : ndarray, shape (2, n)
        How much of the mean P wave is in each: 1 if it is the same, 0 if it is missing.
    height : ndarray, shape (2, n)
        Of the mean P wave, in tenths of the height of the dominant QRS.
    """
    from scipy.ndimage import uniform_filter1d

    ramp = np.linspace(0, 1, beats.shape[2], dtype=np.float32)
    first, last = (beats[..., edge].mean(axis=2) for edge in (slice(P_EDGE), slice(-P_EDGE, None)))
    level = beats - first[..., None] * (1 - ramp)
    level -= last[..., None] * ramp
    weight = uniform_filter1d(usual.astype(np.float32), NEAR, mode="constant")
    mean = uniform_filter1d(level * usual[:, None], NEAR, axis=1, mode="constant")
    mean /= np.maximum(weight, 0.5 / NEAR)[:, None]
    least = beats.shape[2] * (LEAST_P_WAVE * qrs_height) ** 2
    product = np.einsum("...s,...s->...", level, mean)
    part = product / np.maximum(np.einsum("...s,...s->...", mean, mean), least)
    height = P_HEIGHT_GAIN * np.ptp(mean, axis=2) / qrs_height
    return np.clip(part, *P_PARTS), np.minimum(height, LARGEST_P_HEIGHT)
