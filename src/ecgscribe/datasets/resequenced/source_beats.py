"""The beats of a record that are placed anew: normal ones in sinus rhythm, far from noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe import quality_annotations
from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record

__all__ = ["FEWEST_BEATS", "SourceBeats", "source_beats"]

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]


FEWEST_BEATS = 30
"""Usable beats below which a record is refused."""
QRS_BEFORE_S, QRS_AFTER_S = 0.08, 0.12
"""Seconds around the R-peak that are the QRS, whatever the rate."""
_SYMBOLS = "NLR"
_SINUS = ("(N", "(NSR", "(SBR", "(PREX")  # rhythms with a P wave before each QRS
_RR_S = (0.4, 1.8)  # RR intervals that are used
_STEADY = 0.2  # largest relative difference from the RR intervals around
_AROUND = 11  # beats
_P_S, _T_S = 0.26, 0.46  # s from the R-peak to the start of the P wave and the end of T at 60/min
_LEVEL_S = 0.02  # the level there is the mean over as much on each side
_ALIGN_S = 0.07  # how far a mark may be off
_ALIKE = 0.8  # least correlation with the median QRS
_ROUGHEST = 3.0  # largest noise before the QRS, relative to the median beat
_LARGEST_STEP = 0.3  # between the levels before and after a beat, relative to the QRS amplitude


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceBeats:
    """Beats of a record with the reach of their waves.

    Parameters
    ----------
    sample : ndarray of int64, shape (n,)
        R-peak of each, aligned to that of the others by the shape of the QRS.
    symbol : ndarray of str, shape (n,)
        WFDB symbol.
    rr : ndarray of float64, shape (n,)
        RR interval around each in s.
    before, after : ndarray of int64, shape (n,)
        Samples from the start of the P wave to the R-peak, and from there to the end of the T wave.
    level_before, level_after : ndarray of float64, shape (n, leads)
        Level of the baseline there.
    qrs_amplitude : ndarray of float64, shape (leads,)
        Median peak-to-peak amplitude of the QRS.
    """

    sample: Positions
    symbol: NDArray[np.str_]
    rr: Doubles
    before: Positions
    after: Positions
    level_before: Doubles
    level_after: Doubles
    qrs_amplitude: Doubles

    def __len__(self) -> int:
        return len(self.sample)


def source_beats(record: Record, annotation: Annotation) -> SourceBeats:
    """Return the usable beats of a record.

    A beat is usable if it and its neighbours are normal beats (N, L, R) in sinus rhythm at steady
    RR intervals, nothing near it is marked as noise or artefact or missing in any lead, its QRS is
    like the others of its symbol, and its baseline does not step.

    Parameters
    ----------
    record : Record
        The signals.
    annotation : Annotation
        Its reference annotations.

    Returns
    -------
    SourceBeats

    Raises
    ------
    FormatError
        If fewer than `FEWEST_BEATS` are usable.
    """
    beats = annotation.beats()
    usable = _in_steady_rhythm(beats, record.fs) & _in_clean_signal(beats, record, annotation)
    at = np.flatnonzero(usable)
    sample, alike = _aligned(record, beats.sample[at], beats.symbol[at])
    at, sample = at[alike], sample[alike]
    _check_number(record, len(sample))
    rr_before = np.diff(beats.sample)[at - 1] / record.fs
    rr_after = np.diff(beats.sample)[at] / record.fs
    rr = (rr_before + rr_after) / 2
    reach_before = np.minimum(_P_S * rr**0.2, 0.45 * rr_before)
    reach_after = np.minimum(_T_S * np.cbrt(rr), rr_after - _P_S * rr**0.2)
    before, after = (np.rint(s * record.fs).astype(np.int64) for s in (reach_before, reach_after))
    level_before = _level(record, sample - before)
    level_after = _level(record, sample + after)
    qrs_amplitude = _qrs_amplitude(record, sample)
    step = np.abs(level_after - level_before)
    keep = np.all(step <= _LARGEST_STEP * np.maximum(qrs_amplitude, 1e-6), axis=1)
    roughness = _roughness(record, sample, before)
    keep &= np.all(roughness <= _ROUGHEST * np.median(roughness[keep], axis=0), axis=1)
    _check_number(record, int(np.count_nonzero(keep)))
    return SourceBeats(
        sample=sample[keep],
        symbol=beats.symbol[at][keep],
        rr=rr[keep],
        before=before[keep],
        after=after[keep],
        level_before=level_before[keep],
        level_after=level_after[keep],
        qrs_amplitude=qrs_amplitude,
    )


def _check_number(record: Record, usable: int) -> None:
    if usable < FEWEST_BEATS:
        raise FormatError(
            f"record {record.name}: expected {FEWEST_BEATS} normal beats in steady sinus rhythm "
            f"without noise, found {usable}; choose another record"
        )


def _in_steady_rhythm(beats: Annotation, fs: float) -> Flags:
    """Return which beats are normal between normal beats at steady RR intervals."""
    result = np.zeros(len(beats), dtype=np.bool_)
    if len(beats) < _AROUND + 1:
        return result
    normal = np.isin(beats.symbol, list(_SYMBOLS))
    rr = np.diff(beats.sample) / fs
    padded = np.pad(rr, _AROUND // 2, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, _AROUND), axis=1)
    steady = (np.abs(rr / usual - 1) <= _STEADY) & (rr >= _RR_S[0]) & (rr <= _RR_S[1])
    result[1:-1] = normal[:-2] & normal[1:-1] & normal[2:] & steady[:-1] & steady[1:]
    return result


def _in_clean_signal(beats: Annotation, record: Record, annotation: Annotation) -> Flags:
    """Return which beats have only clean signal in sinus rhythm from neighbour to neighbour."""
    n = record.n_samples
    bad: Flags = np.asarray(~np.isfinite(record.signal).all(axis=1))
    spans = quality_annotations.spans(annotation, n)
    noisy = (spans.state.lost | spans.state.noisy).any(axis=1)
    for begin, end in zip(spans.begin[noisy], spans.end[noisy], strict=True):
        bad[begin:end] = True
    for begin, end in _other_rhythms(annotation, n):
        bad[begin:end] = True
    artefact = annotation.sample[annotation.symbol == "|"]
    bad[artefact[(artefact >= 0) & (artefact < n)]] = True
    count = np.concatenate(([0], np.cumsum(bad)))
    neighbour = np.clip(beats.sample, 0, n)
    result = np.zeros(len(beats), dtype=np.bool_)
    if len(beats) > 2:
        result[1:-1] = count[neighbour[2:]] == count[neighbour[:-2]]
    margin = round(1.0 * record.fs)
    result &= (beats.sample >= margin) & (beats.sample < n - margin)
    return result


def _other_rhythms(annotation: Annotation, n_samples: int) -> list[tuple[int, int]]:
    """Return the spans of rhythms in which a P wave need not come before each QRS."""
    change = annotation.symbol == "+"
    edge = np.append(annotation.sample[change], n_samples).tolist()
    names = [note.rstrip("\x00 ") for note in annotation.aux_note[change].tolist()]
    return [
        (begin, end)
        for name, begin, end in zip(names, edge[:-1], edge[1:], strict=True)
        if name.startswith("(") and name not in _SINUS
    ]


def _aligned(
    record: Record, sample: Positions, symbol: NDArray[np.str_]
) -> tuple[Positions, Flags]:
    """Return R-peaks moved so that all QRS of a symbol coincide, and which are like the others.

    Marks are moved relative to each other: their median offset stays as it is.
    """
    moved, alike = sample.copy(), np.zeros(len(sample), dtype=np.bool_)
    reach, most = round(QRS_BEFORE_S * record.fs), round(_ALIGN_S * record.fs)
    offset = np.arange(-reach - most, reach + most + 1)
    for kind in np.unique(symbol):
        of_kind = np.flatnonzero(symbol == kind)
        around = record.signal[sample[of_kind, None] + offset]
        template = np.median(around[:, most : most + 2 * reach + 1], axis=0)
        template -= template.mean(axis=0)
        template /= np.sqrt(np.sum(template**2)) or 1.0
        likeness = np.empty((2 * most + 1, len(of_kind)))
        for lag in range(2 * most + 1):
            part = around[:, lag : lag + 2 * reach + 1]
            part = part - part.mean(axis=1, keepdims=True)
            size = np.sqrt(np.sum(part**2, axis=(1, 2)))
            likeness[lag] = np.tensordot(part, template, axes=2) / np.maximum(size, 1e-9)
        best = likeness.argmax(axis=0)
        alike[of_kind] = likeness.max(axis=0) >= _ALIKE
        shift = best - most
        moved[of_kind] += shift - round(float(np.median(shift)))
    return moved, alike


def _level(record: Record, centre: Positions) -> Doubles:
    """Return the mean of the signal around samples, shape (n, leads)."""
    reach = max(round(_LEVEL_S * record.fs), 1)
    around = record.signal[centre[:, None] + np.arange(-reach, reach + 1)]
    level: Doubles = around.mean(axis=1, dtype=np.float64)
    return level


def _roughness(record: Record, sample: Positions, before: Positions) -> Doubles:
    """Return the root mean square of second differences outside the QRS, shape (n, leads)."""
    n = record.signal.shape[0]
    square = np.zeros((n + 1, record.signal.shape[1]))
    second = np.diff(record.signal.astype(np.float64), n=2, axis=0)
    square[2:n] = np.cumsum(np.nan_to_num(second) ** 2, axis=0)
    square[n] = square[n - 1]
    reach = round(QRS_BEFORE_S * record.fs), round(QRS_AFTER_S * record.fs)
    early = square[sample - reach[0]] - square[sample - before]
    late = square[sample + 2 * reach[1]] - square[sample + reach[1]]
    length = before - reach[0] + reach[1]
    rough: Doubles = np.sqrt((early + late) / length[:, None])
    return rough


def _qrs_amplitude(record: Record, sample: Positions) -> Doubles:
    """Return the median peak-to-peak amplitude of the QRS, shape (leads,)."""
    reach = round(QRS_BEFORE_S * record.fs)
    around = record.signal[sample[:, None] + np.arange(-reach, reach + 1)]
    amplitude: Doubles = np.median(np.ptp(around, axis=1), axis=0).astype(np.float64)
    return amplitude
