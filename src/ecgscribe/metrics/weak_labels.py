"""Recordings that are labelled as a whole: ectopy in those labelled N and A, and F1.

The labels are those of the PhysioNet/CinC Challenge 2017 (Clifford et al., Comput Cardiol 44,
2017): N sinus rhythm, A atrial fibrillation, O another rhythm, ``~`` too noisy. Each recording is
its own patient there, as none is named. Counts of recordings add up, so that a bootstrap sums and
reweights them.

A test annotation *calls* a recording by the first of these rules that holds:

- A: atrial fibrillation or flutter (``(AFIB``, ``(AFL``) covers more than half of the readable
  time;
- ``~``: at least half of the time is unreadable;
- O: a readable beat is S, V or F, or a rhythm other than sinus rhythm (``(N``, ``(NSR``) is in
  force somewhere, or ``[`` begins one;
- N: otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.performance import Doubles, ratio
from ecgscribe.metrics.rhythm_spans import flutter_spans, rhythm_spans
from ecgscribe.metrics.shown_rhythm import is_readable
from ecgscribe.metrics.spans import covered
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "LABELS",
    "MEASURES",
    "ChallengeF1",
    "WeakShares",
    "called_label",
    "challenge_f1",
    "weak_labels",
    "weak_shares",
]


LABELS: tuple[str, ...] = ("N", "A", "O", "~")
"""Rows of the counts: the label of the recording."""


MEASURES: tuple[str, ...] = (
    "recordings",
    "with ectopy",
    "readable beats",
    "S beats",
    "with rhythm",
    "called N",
    "called A",
    "called O",
    "called ~",
)
"""Columns of the counts: recordings, those with any S, V or F among the readable beats, readable
beats, those of them that are S, recordings whose rhythm is annotated, and how they are called."""


_CALLED = slice(5, 9)
_SINUS = ("N", "NSR")
_S, _V, _F = (AAMI_CLASSES.index(c) for c in "SVF")


_Int = NDArray[np.int64]


def weak_labels(label: str, test: Annotation, *, n_samples: int) -> _Int:
    """Count what an annotation holds of a recording that is labelled as a whole.

    Parameters
    ----------
    label : {"N", "A", "O", "~"}
        Label of the recording.
    test : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    ndarray of int64, shape (4, 9)
        Counts, `LABELS` by `MEASURES`, in the row of the label.

    Raises
    ------
    ValueError
        If there is no such label.
    """
    if label not in LABELS:
        raise ValueError(f"expected a label of {', '.join(LABELS)}, found {label!r}; correct it")
    of_beats = test.class_index[is_readable(test, n_samples)]
    counts = np.zeros((len(LABELS), len(MEASURES)), dtype=np.int64)
    row = counts[LABELS.index(label)]
    row[:4] = 1, _any_ectopy(of_beats), len(of_beats), np.count_nonzero(of_beats == _S)
    row[4] = len(rhythm_spans(test, n_samples).label) > 0
    row[_CALLED][LABELS.index(called_label(test, n_samples))] = 1
    return counts


def called_label(test: Annotation, n_samples: int) -> str:
    """Return the label by which an annotation calls its recording; see the module for the rules.

    Parameters
    ----------
    test : Annotation
    n_samples : int
        Length of the recording in samples.

    Returns
    -------
    {"N", "A", "O", "~"}
    """
    rhythms, unreadable = rhythm_spans(test, n_samples), unreadable_spans(test, n_samples)
    fibrillation = rhythms.of("AFIB", "AFL")
    not_read = int(np.diff(unreadable).sum())
    readable_fibrillation = int(np.diff(fibrillation).sum()) - int(
        covered(unreadable, fibrillation.ravel())[::2].sum()
    )
    if 2 * readable_fibrillation > n_samples - not_read:
        return "A"
    if 2 * not_read >= n_samples:
        return "~"
    other = not np.isin(rhythms.label, _SINUS).all() or len(flutter_spans(test, n_samples)) > 0
    return "O" if other or _any_ectopy(test.class_index[is_readable(test, n_samples)]) else "N"


def _any_ectopy(class_index: NDArray[np.int8]) -> bool:
    return bool(np.isin(class_index, (_S, _V, _F)).any())


@dataclass(frozen=True, eq=False, kw_only=True)
class WeakShares:
    """Ectopy in the recordings of each label, each of shape (..., 4) by `LABELS`, from 0 to 1.

    Parameters
    ----------
    with_ectopy : ndarray of float64
        Share of the recordings with any S, V or F among the readable beats. Those labelled N
        should have few.
    s_beats : ndarray of float64
        Share of the readable beats, of all recordings together, that are classified as S. In those
        labelled A none can be.
    """

    with_ectopy: Doubles
    s_beats: Doubles


def weak_shares(counts: ArrayLike) -> WeakShares:
    """Return shares from counts, or from sums of counts, of shape (..., 4, 9)."""
    table = np.asarray(counts)
    return WeakShares(
        with_ectopy=ratio(table[..., 1], table[..., 0]),
        s_beats=ratio(table[..., 3], table[..., 2]),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ChallengeF1:
    """F1 of the labels as the Challenge 2017 defines it, each of shape (...), from 0 to 1.

    Parameters
    ----------
    n, a, o : ndarray of float64
        Twice the recordings of the label that are called so, over those of the label and those
        called so together. NaN where no rhythm is annotated, or no recording has or is called by
        the label.
    mean : ndarray of float64
        Mean of the three, by which the Challenge ranked.
    """

    n: Doubles
    a: Doubles
    o: Doubles
    mean: Doubles


def challenge_f1(counts: ArrayLike) -> ChallengeF1:
    """Return F1 from sums of counts of shape (..., 4, 9).

    Recordings labelled or called ``~`` count in the sums of the three others, but have no F1 of
    their own. Without any rhythm in the annotations there is nothing to call A by, and F1 is NaN.
    """
    table = np.asarray(counts)
    called = table[..., _CALLED]
    right = np.diagonal(called, axis1=-2, axis2=-1)
    f1 = ratio(2 * right, called.sum(axis=-1) + called.sum(axis=-2))
    f1 = np.where(table[..., 4].sum(axis=-1, keepdims=True) > 0, f1, np.nan)[..., :3]
    n, a, o = np.moveaxis(f1, -1, 0)
    return ChallengeF1(n=n, a=a, o=o, mean=f1.mean(axis=-1))
