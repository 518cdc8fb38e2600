"""Draw windows of a minute for the rhythm network, with made standstill and made noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.leads import N_LEADS
from ecgscribe.model.rhythm import WINDOW_S, Rhythm
from ecgscribe.model.second_features import beat_features_by_second
from ecgscribe.model.seconds import heights, lost_seconds, relative_amplitude
from ecgscribe.signal.filters import scale
from ecgscribe.signal.windows import FS
from ecgscribe.training.rhythm_labels import UNKNOWN
from ecgscribe.training.rhythm_records import RhythmRecord

__all__ = ["RhythmPools", "RhythmWindow", "add_noise", "cut_window", "make_standstill", "to_inputs"]

Floats = NDArray[np.float32]

KILLING = (Rhythm.TACHYCARDIA, Rhythm.FLUTTER, Rhythm.STANDSTILL)
GROUPS = {
    "vfdb, killing": 0.22,
    "vfdb": 0.1,
    "cudb, killing": 0.12,
    "cudb": 0.05,
    "mitdb": 0.16,
    "svdb": 0.14,
    "cinc2017 N": 0.06,
    "cinc2017 A": 0.12,
    "cinc2017 ~": 0.05,
    "afpdb": 0.04,
    "aftdb": 0.06,
    "made AF": 0.1,
    "made VT": 0.1,
    "made": 0.06,
}
"""Relative frequency with which windows are drawn from each group of records."""
NEAR_RHYTHM = 0.5
"""Share of the windows of mitdb that are drawn around a rhythm."""
IRREGULAR = 0.4
"""Share of the windows of plain records that are drawn where R-peaks are irregular."""

STANDSTILL = 0.1
NOISE = 0.15
"""Share of the windows in which a standstill, or noise, is made."""
NO_BEATS, NO_FEATURE = 0.25, 0.1
"""Share of the windows without features of beats, and of the single features that are dropped."""
ONE_LEAD = 0.3
"""Share of the windows with two leads that lose one."""
DROWNED, MASKED = 2.5, 1.0
"""Height of noise, in typical heights of the lead, above which it is noise, or unknown."""


@dataclass(eq=False)
class RhythmWindow:
    """A part of a recording, of at most `WINDOW_S` seconds, that augmentation changes in place.

    Parameters
    ----------
    unscaled : ndarray of float32, shape (n_seconds * FS, n_leads)
    lost : ndarray of bool, shape (n_seconds * FS, n_leads)
    typical : ndarray of float32, shape (n_leads,)
    r_peaks : ndarray of float64, shape (n,)
        In steps from its begin.
    peak_scores : ndarray of float32, shape (n,)
    shapes : ndarray of float32, shape (n, 3, 2)
    label : ndarray of int8, shape (n_seconds,)
    """

    unscaled: Floats
    lost: NDArray[np.bool_]
    typical: Floats
    r_peaks: NDArray[np.float64]
    peak_scores: Floats
    shapes: Floats
    label: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.label)


def cut_window(record: RhythmRecord, begin: int) -> RhythmWindow:
    """Copy the window of a record that begins at second `begin`."""
    end = min(begin + WINDOW_S, len(record.label))
    steps = slice(begin * FS, end * FS)
    # Candidates before it show in the features of its first seconds, as in a whole recording.
    first, last = np.searchsorted(record.r_peaks, [(begin - WINDOW_S) * FS, (end + 2) * FS])
    return RhythmWindow(
        record.unscaled[steps].copy(),
        record.lost[steps],
        record.typical,
        record.r_peaks[first:last] - begin * FS,
        record.peak_scores[first:last],
        record.shapes[first:last].copy(),
        record.label[begin:end].copy(),
    )


def _part(window: RhythmWindow, rng: Generator, least: int, most: int) -> tuple[int, int]:
    """Draw the first and the last second, excluded, of a part of a window."""
    begin = int(rng.integers(0, max(len(window) - least, 1)))
    return begin, min(begin + int(rng.integers(least, most)), len(window))


def _set_label(window: RhythmWindow, begin: int, end: int, label: int) -> None:
    """Label a part, and leave the seconds next to it unknown."""
    window.label[max(begin - 1, 0) : end + 1] = UNKNOWN
    window.label[begin:end] = label


def make_standstill(window: RhythmWindow, rng: Generator) -> None:
    """Replace some seconds by a quiet baseline without beats; P waves may go on.

    Parameters
    ----------
    window : RhythmWindow
        Changed in place.
    rng : numpy.random.Generator
    """
    begin, end = _part(window, rng, 4, 25)
    n, n_leads = (end - begin) * FS, window.unscaled.shape[1]
    smooth = np.ones(int(rng.choice([1, 4, 16, 64])))
    noise = rng.normal(size=(n, n_leads))
    noise = np.stack([np.convolve(x, smooth / np.sqrt(len(smooth)), "same") for x in noise.T], 1)
    baseline = np.exp(rng.uniform(np.log(0.005), np.log(0.15))) * noise
    if rng.random() < 0.4:
        period = 1 / rng.uniform(0.8, 2)
        phase = (np.arange(n) / FS) % period - 0.2
        p_wave = np.exp(-0.5 * (phase / 0.03) ** 2)
        baseline += (0.08 * rng.uniform(0.3, 1) * p_wave)[:, None]
    window.unscaled[begin * FS : end * FS] = baseline * window.typical
    beats = (window.r_peaks < begin * FS) | (window.r_peaks >= end * FS)
    window.r_peaks, window.peak_scores = window.r_peaks[beats], window.peak_scores[beats]
    window.shapes = window.shapes[beats]
    _set_label(window, begin, end, Rhythm.STANDSTILL)


def add_noise(window: RhythmWindow, noise: Sequence[Floats], rng: Generator) -> tuple[int, int]:
    """Replace some seconds by noise, or add noise to them.

    Parameters
    ----------
    window : RhythmWindow
        Changed in place; what drowns is labelled noise.
    noise : sequence of ndarray, shape (n_steps, 2)
        At least one, longer than the window.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of int
        First and last second, excluded, that it replaced; none if it was added.
    """
    begin, end = _part(window, rng, 4, WINDOW_S)
    source = noise[int(rng.integers(len(noise)))]
    n, n_leads = len(window) * FS, window.unscaled.shape[1]
    start = int(rng.integers(len(source) - n + 1))
    part = source[start : start + n, :n_leads]
    typical = np.maximum(np.median(heights(part), axis=0), 1e-6)
    gain = np.exp(rng.uniform(np.log(0.1), np.log(6)))
    steps = slice(begin * FS, end * FS)
    added = (part / typical * window.typical)[steps]
    if rng.random() < 0.5:
        window.unscaled[steps] = max(gain, 0.5) * added
        _set_label(window, begin, end, Rhythm.NOISE)
        return begin, end
    window.unscaled[steps] += gain * added
    known = window.label[begin:end] != UNKNOWN
    if gain > MASKED:
        drowned = Rhythm.NOISE if gain > DROWNED else UNKNOWN
        window.label[begin:end] = np.where(known, drowned, UNKNOWN)
    return begin, begin


def _augment(window: RhythmWindow, noise: Sequence[Floats], rng: Generator) -> Floats:
    """Change a window in place; return the features of its beats by the second."""
    n = len(window)
    window.unscaled *= rng.choice([-1, 1], size=window.unscaled.shape[1]).astype(np.float32)
    what = rng.random()
    replaced = (0, 0)
    if what < STANDSTILL and (window.label == Rhythm.PLAIN).mean() > 0.5:
        make_standstill(window, rng)
    elif STANDSTILL <= what < STANDSTILL + NOISE and noise:
        replaced = add_noise(window, noise, rng)
    beats = beat_features_by_second(window.r_peaks, window.peak_scores, window.shapes, n)
    if rng.random() > 0.3:  # in noise there may be candidates, as there were before it
        beats[slice(*replaced)] = 0
    beats *= rng.random(beats.shape[1]) > NO_FEATURE
    beats *= rng.random() > NO_BEATS
    return np.asarray(beats + rng.normal(0, 0.1, beats.shape) * (beats != 0), dtype=np.float32)


def to_inputs(
    window: RhythmWindow, beats: Floats, used: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, NDArray[np.int32]]:
    """Return what the network sees of a window, padded with zeros to its full length.

    Parameters
    ----------
    window : RhythmWindow
    beats : ndarray of float32, shape (n_seconds, n_features)
        See `ecgscribe.model.second_features.beat_features_by_second`.
    used : ndarray of bool, shape (n_leads,)
        Leads that are there.

    Returns
    -------
    signal : ndarray of float32, shape (`WINDOW_S` * FS, 2)
    readable : ndarray of float32, shape (`WINDOW_S`, 2)
        1 where a lead can be read.
    rest : ndarray of float32, shape (`WINDOW_S`, n)
        All that the head sees but the embedding.
    label : ndarray of int32, shape (`WINDOW_S`,)
    """
    n = len(window)
    signal = np.zeros((WINDOW_S * FS, N_LEADS), dtype=np.float32)
    readable = np.zeros((WINDOW_S, N_LEADS), dtype=np.float32)
    lost = lost_seconds(window.lost) | ~used
    for k in np.flatnonzero(used).tolist():
        signal[: n * FS, k] = scale(window.unscaled[:, k], window.lost[:, k])
    readable[:n, : lost.shape[1]] = ~lost
    amplitude = relative_amplitude(heights(window.unscaled), window.typical, lost)
    n_leads = readable[:n].sum(axis=1, keepdims=True) - 1
    rest = np.zeros((WINDOW_S, beats.shape[1] + 2), dtype=np.float32)
    rest[:n] = np.concatenate([amplitude[:, None], beats, n_leads], axis=1)
    label = np.full(WINDOW_S, UNKNOWN, dtype=np.int32)
    label[:n] = np.where(lost.all(axis=1), UNKNOWN, window.label)
    return signal, readable, rest, label


class RhythmPools:
    """Records to draw windows from, by database and by what they hold.

    Parameters
    ----------
    records : sequence of RhythmRecord
    noise : sequence of ndarray of float32, shape (n_steps, 2)
        Longer than a window each; may be empty.
    """

    def __init__(self, records: Sequence[RhythmRecord], noise: Sequence[Floats]) -> None:
        self._noise = noise
        pools: dict[str, list[RhythmRecord]] = {}
        for record in records:
            for group in _groups(record):
                pools.setdefault(group, []).append(record)
        self._pools = {group: pools[group] for group in GROUPS if group in pools}
        share = np.array([GROUPS[group] for group in self._pools])
        self._share = share / share.sum()

    def draw(self, n: int, rng: Generator) -> tuple[tuple[Floats, ...], NDArray[np.int32]]:
        """Draw a batch of `n` windows: three inputs and labels; see `to_inputs`."""
        groups = rng.choice(list(self._pools), n, p=self._share).tolist()
        rows = [self._window(group, rng) for group in groups]
        *inputs, labels = (np.stack(column) for column in zip(*rows, strict=True))
        return tuple(inputs), labels

    def _window(
        self, group: str, rng: Generator
    ) -> tuple[Floats, Floats, Floats, NDArray[np.int32]]:
        pool = self._pools[group]
        record = pool[int(rng.integers(len(pool)))]
        window = cut_window(record, _begin(record, group, rng))
        used = np.ones(window.unscaled.shape[1], dtype=np.bool_)
        if len(used) > 1 and rng.random() < ONE_LEAD:
            unused = int(rng.integers(len(used)))
            used[unused], window.shapes[..., unused] = False, 0
        beats = _augment(window, self._noise, rng)
        return to_inputs(window, beats, used)


def _groups(record: RhythmRecord) -> list[str]:
    """Return the groups of `GROUPS` that a record belongs to."""
    db = record.database
    if not (record.label != UNKNOWN).any():
        return []
    if db == "cinc2017":
        of_label = {Rhythm.PLAIN: "N", Rhythm.FIBRILLATION: "A", Rhythm.NOISE: "~"}
        return [f"cinc2017 {of_label[Rhythm(int(record.label.max()))]}"]
    if db == "made":
        if record.has(Rhythm.TACHYCARDIA):
            return ["made VT"]
        return ["made AF" if record.has(Rhythm.FIBRILLATION) else "made"]
    killing = db in ("vfdb", "cudb") and record.has(*KILLING)
    return [db, f"{db}, killing"] if killing else [db]


def _begin(record: RhythmRecord, group: str, rng: Generator) -> int:
    """Draw the first second of a window: around a rhythm that is rare, or anywhere."""
    latest = max(len(record.label) - WINDOW_S, 0)
    wanted: tuple[Rhythm, ...] = ()
    if group.endswith(", killing"):
        wanted = KILLING
    elif group == "mitdb" and rng.random() < NEAR_RHYTHM:
        wanted = (Rhythm.FIBRILLATION, *KILLING)
    present = [rhythm for rhythm in wanted if record.has(rhythm)]
    if present:
        seconds = np.flatnonzero(record.label == present[int(rng.integers(len(present)))])
    elif rng.random() < IRREGULAR:
        seconds = np.flatnonzero(record.irregular & (record.label == Rhythm.PLAIN))
    else:
        seconds = np.zeros(0, dtype=np.int64)
    if len(seconds) == 0:
        return int(rng.integers(latest + 1))
    inside = int(seconds[int(rng.integers(len(seconds)))])
    return int(np.clip(inside - int(rng.integers(WINDOW_S)), 0, latest))
