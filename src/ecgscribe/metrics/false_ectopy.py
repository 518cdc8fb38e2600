"""False ectopy: normal beats of the reference that are classified as S, V or F.

It is counted per 1,000 normal beats, missed ones included, from a beat-by-beat comparison. Beats in
what is marked as noise count like all others, and once more in a row of their own. Counts of
recordings add up, so that a bootstrap over patients sums and reweights them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.comparison import Comparison, Ratio
from ecgscribe.metrics.performance import Doubles, ratio
from ecgscribe.metrics.spans import hold, union
from ecgscribe.quality_annotations import spans, unreadable_spans
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping, class_indices

__all__ = ["LIMIT_PER_1000", "PLACES", "PREDICTED", "false_ectopy", "per_1000", "share_above"]


PLACES: tuple[str, ...] = ("all", "noise")
"""Rows of the counts: all normal beats, and those of them in what is marked as noise."""


PREDICTED: tuple[str, ...] = ("N beats", "S", "V", "F")
"""Columns of the counts: normal beats of the reference, and those classified as S, V and F."""


LIMIT_PER_1000 = 5.0
"""Rate above which a recording is counted by `share_above`, per 1,000 N."""


_Int = NDArray[np.int64]
_N, _S, _F = 0, 1, 3


def false_ectopy(
    comparison: Comparison,
    reference: Annotation,
    test: Annotation,
    *,
    n_samples: int,
    mapping: Mapping = "literature",
) -> _Int:
    """Count the normal beats of the reference, and those classified as S, V or F.

    A beat is in noise where the reference marks any lead as noisy or lost, or where the test
    annotation marks every lead so, that is, as unreadable.

    Parameters
    ----------
    comparison : Comparison
        The result of `ecgscribe.metrics.ec57.compare` for the two annotations.
    reference, test : Annotation
        The annotations that were compared.
    n_samples : int
        Length of the recording in samples.
    mapping : {"literature", "ec57"}
        The table of the comparison.

    Returns
    -------
    ndarray of int64, shape (2, 4)
        Counts, `PLACES` by `PREDICTED`.

    Raises
    ------
    ValueError
        If the comparison was made with the other mapping, or of other annotations.
    """
    beats, test_beats = reference.beats(), test.beats()
    pairs = comparison.pairs
    in_reference = pairs.reference_index >= 0
    i, j = pairs.reference_index[in_reference], pairs.test_index[in_reference]
    expected = class_indices(beats.symbol, mapping=mapping)[i]
    predicted = np.append(class_indices(test_beats.symbol, mapping=mapping), -1)[j]
    normal = expected == _N
    sample, predicted = beats.sample[i[normal]], predicted[normal]
    counts = np.stack(
        [_count(predicted), _count(predicted[_in_noise(sample, reference, test, n_samples)])]
    )
    matrix = comparison.matrix[_N]
    if not np.array_equal(counts[0], np.append(matrix.sum(), matrix[_S : _F + 1])):
        raise ValueError(
            f"record {comparison.name}: expected the annotations and the mapping of the comparison "
            f"({matrix.sum()} N), found {counts[0, 0]} N; compare them anew with {mapping!r}"
        )
    return counts


def _count(predicted: NDArray[np.int8]) -> _Int:
    ectopic = [np.count_nonzero(predicted == k) for k in range(_S, _F + 1)]
    return np.array([len(predicted), *ectopic], dtype=np.int64)


def _in_noise(
    sample: _Int, reference: Annotation, test: Annotation, n_samples: int
) -> NDArray[np.bool_]:
    """Return which samples are in what is marked as noise."""
    of_reference = spans(reference, n_samples)
    bad = (of_reference.state.lost | of_reference.state.noisy).any(axis=1)
    noise = np.stack([of_reference.begin[bad], of_reference.end[bad]], axis=1)
    return hold(union(noise, unreadable_spans(test, n_samples)), sample)


def per_1000(counts: ArrayLike) -> Doubles:
    """Return false S, V, F, and the three together, per 1,000 normal beats.

    Parameters
    ----------
    counts : array_like of int, shape (..., 4)
        Counts of `false_ectopy`, or sums of them.

    Returns
    -------
    ndarray of float64, shape (..., 4)
        NaN without normal beats.
    """
    table = np.asarray(counts)
    ectopic = table[..., 1:]
    both = np.concatenate([ectopic, ectopic.sum(axis=-1, keepdims=True)], axis=-1)
    return 1000.0 * ratio(both, table[..., :1])


def share_above(counts: ArrayLike, limit: float = LIMIT_PER_1000) -> Ratio:
    """Return the share of recordings with more false ectopy than `limit` per 1,000 normal beats.

    Parameters
    ----------
    counts : array_like of int, shape (n_recordings, 2, 4)
        Counts of `false_ectopy`, one per recording; those without normal beats do not count.
    limit : float
        Beats classified as S, V or F per 1,000 normal beats, noise included.

    Returns
    -------
    Ratio
    """
    of_all = np.asarray(counts).reshape(-1, len(PLACES), len(PREDICTED))[:, 0]
    rate = per_1000(of_all)[:, -1]
    return Ratio(int(np.count_nonzero(rate > limit)), int(np.count_nonzero(of_all[:, 0])))
