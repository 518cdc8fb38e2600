"""RR intervals and f-waves of atrial fibrillation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.errors import DatasetError
from ecgscribe.record import Annotation

__all__ = ["FIBRILLATION_RECORDS", "f_waves", "fibrillation_intervals", "intervals_within"]

Doubles = NDArray[np.float64]


FIBRILLATION_RECORDS: tuple[str, ...] = ("04936", "06426", "07910", "08219", "08434")
"""Records of afdb whose RR intervals are for evaluation: paroxysms and lasting fibrillation.
Nothing trains on them."""
_FS = 250.0  # of afdb
_SHORTEST_RR, _LONGEST_RR = 0.28, 2.5  # s; others are errors of the detector
_DOMINANT_HZ = (4.8, 7.2)  # range of the dominant frequency of f-waves
_SPREAD_HZ = 0.5  # standard deviation around it
_FADE_S = 0.3


def fibrillation_intervals(*, data_dir: str | Path | None = None) -> tuple[Doubles, ...]:
    """Return RR intervals in atrial fibrillation, of people.

    Parameters
    ----------
    data_dir : str or Path, optional
        Folder that holds the MIT-BIH Atrial Fibrillation Database, as ``afdb`` or itself; by
        default that of `ecgscribe.datasets.default_dir`.

    Returns
    -------
    tuple of ndarray of float64
        RR intervals in s, in order, of each of `FIBRILLATION_RECORDS`.

    Raises
    ------
    DatasetError
        If afdb is missing.
    FormatError
        If a file is damaged.
    """
    from ecgscribe import datasets

    root = Path(data_dir) if data_dir else datasets.default_dir()
    for folder in (root / "afdb", root):
        if (folder / f"{FIBRILLATION_RECORDS[0]}.qrs").is_file():
            return tuple(value.copy() for value in _read(folder.resolve()))
    raise DatasetError(
        f"afdb: expected its annotations in {root / 'afdb'}, found none; run "
        "`ecgscribe fetch afdb`, or point --data-dir or ECGSCRIBE_DATA at a copy"
    )


@lru_cache(maxsize=2)
def _read(folder: Path) -> tuple[Doubles, ...]:
    from ecgscribe import formats

    return tuple(
        intervals_within(
            formats.read_annotation(folder / name, "atr", fs=_FS),
            formats.read_annotation(folder / name, "qrs", fs=_FS),
        )
        for name in FIBRILLATION_RECORDS
    )


def intervals_within(rhythms: Annotation, r_peaks: Annotation) -> Doubles:
    """Return the RR intervals that lie in atrial fibrillation.

    Parameters
    ----------
    rhythms : Annotation
        With a ``+`` wherever the rhythm changes; fibrillation is ``(AFIB``.
    r_peaks : Annotation
        Beats of the same recording.

    Returns
    -------
    ndarray of float64, shape (n,)
        In s, in order; without those below 0.28 s or above 2.5 s, which a detector made.
    """
    change = rhythms.symbol == "+"
    begins = rhythms.sample[change]
    is_fibrillation = np.char.startswith(rhythms.aux_note[change], "(AFIB")
    sample = r_peaks.beats().sample
    span = np.searchsorted(begins, sample, side="right") - 1
    inside = (span >= 0) & np.append(is_fibrillation, False)[span]
    rr = np.diff(sample) / r_peaks.fs
    kept = inside[1:] & (span[1:] == span[:-1]) & (rr >= _SHORTEST_RR) & (rr <= _LONGEST_RR)
    intervals: Doubles = rr[kept]
    return intervals


def f_waves(
    n: int, fs: float, inside: NDArray[np.bool_], height: Doubles, rng: Generator
) -> Doubles:
    """Make the waves of fibrillating atria: a narrow band of noise around one frequency.

    Parameters
    ----------
    n : int
        Number of samples.
    fs : float
        Sampling frequency in Hz.
    inside : ndarray of bool, shape (n,)
        Where the atria fibrillate.
    height : ndarray of float64, shape (leads,)
        Root mean square in the lead where they are largest.
    rng : numpy.random.Generator
        Draws frequency, phase and the share of each lead.

    Returns
    -------
    ndarray of float64, shape (n, leads)
        They swell and fade over 0.3 s within the spans.
    """
    size = 1 << (n - 1).bit_length()  # a fast length
    frequency = np.fft.rfftfreq(size, 1 / fs)
    shape = np.exp(-0.5 * ((frequency - rng.uniform(*_DOMINANT_HZ)) / _SPREAD_HZ) ** 2)
    draw = rng.standard_normal((2, len(frequency)))
    wave = np.fft.irfft(shape * (draw[0] + 1j * draw[1]), size)[:n]
    reach = max(round(_FADE_S * fs), 1)
    steps = np.concatenate(([0.0], np.cumsum(inside)))
    edge = np.clip(np.arange(n)[:, None] + np.array([-reach, reach + 1]), 0, n)
    swell = np.diff(steps[edge], axis=1)[:, 0] / (2 * reach + 1)
    envelope = inside * np.clip(2 * swell - 1, 0, 1)
    share = rng.uniform(0.4, 1.0, len(height))
    share /= share.max()
    result: Doubles = (wave / wave.std() * envelope)[:, None] * (height * share)
    return result
