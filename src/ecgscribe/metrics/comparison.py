"""The results of a beat-by-beat comparison: counts, and the ratios that EC57 defines on them.

`ecgscribe.metrics.ec57.compare` returns a `Comparison`; `comparison_text` formats it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "COLUMNS",
    "N_CLASSES",
    "ROWS",
    "Comparison",
    "Pairs",
    "Ratio",
    "Ratios",
    "Summary",
    "mean_of_defined",
    "none_if_nan",
    "ratios",
    "summarize",
]


ROWS: tuple[str, ...] = ("N", "S", "V", "F", "Q", "O", "X")
"""Rows of a matrix: classes of reference beats; O extra test beats, X extra in shutdown."""


COLUMNS: tuple[str, ...] = ("n", "s", "v", "f", "q", "o", "x")
"""Columns of a matrix: classes of test beats; o missed beats, x beats missed in shutdown."""


_S, _V, _F, _Q = range(1, 5)
N_CLASSES = len(AAMI_CLASSES)
"""Rows and columns that hold classes; extra and missed beats come after them."""
_BEATS = slice(0, N_CLASSES)


_Int = NDArray[np.int64]


def none_if_nan(value: float) -> float | None:
    """Return None for NaN, which JSON does not have."""
    return None if math.isnan(value) else value


def mean_of_defined(values: Iterable[float]) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    defined = [v for v in values if not math.isnan(v)]
    return sum(defined) / len(defined) if defined else math.nan


class Ratio(NamedTuple):
    """A ratio of two counts.

    Parameters
    ----------
    hits, total : int
        Numerator and denominator.
    """

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The ratio, from 0 to 1; NaN where the total is zero."""
        return self.hits / self.total if self.total else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return both counts and the value as JSON types; None where it is undefined."""
        return self._asdict() | {"value": none_if_nan(self.value)}


class Ratios(NamedTuple):
    """EC57's sensitivities (Se) and positive predictivities (+P).

    Parameters
    ----------
    qrs_se, qrs_pp : Ratio
        All beats, regardless of class.
    veb_se, veb_pp : Ratio
        Class V. A reference F or Q classified as V does not lower +P.
    sveb_se, sveb_pp : Ratio
        Class S. A reference Q classified as S does not lower +P.
    """

    qrs_se: Ratio
    qrs_pp: Ratio
    veb_se: Ratio
    veb_pp: Ratio
    sveb_se: Ratio
    sveb_pp: Ratio


def ratios(matrix: _Int, *, charge_fusion: bool = True) -> Ratios:
    """Return the ratios of a confusion matrix as the standard defines them.

    Parameters
    ----------
    matrix : ndarray of int64, shape (7, 7)
        Counts, `ROWS` by `COLUMNS`.
    charge_fusion : bool
        Whether a reference F classified as S lowers SVEB +P. It does in the program bxb, which
        reports on one record; it does not in the program sumstats, which reports on a set and
        reads F and Q as one count.

    Returns
    -------
    Ratios
    """
    detected = int(matrix[_BEATS, _BEATS].sum())

    def class_pair(index: int, excluded: list[int]) -> tuple[Ratio, Ratio]:
        hits = int(matrix[index, index])
        counted = np.delete(matrix[:, index], excluded)
        return Ratio(hits, int(matrix[index].sum())), Ratio(hits, int(counted.sum()))

    return Ratios(
        Ratio(detected, int(matrix[_BEATS].sum())),
        Ratio(detected, int(matrix[:, _BEATS].sum())),
        *class_pair(_V, [_F, _Q]),
        *class_pair(_S, [_Q] if charge_fusion else [_F, _Q]),
    )


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every counted step of a comparison, in time order: a match, a miss or an extra beat.

    Parameters
    ----------
    reference_index, test_index : ndarray of int64, shape (n,)
        Indices into the beats (`Annotation.beats`) of the reference and of the test annotation;
        -1 in `reference_index` means an extra beat, -1 in `test_index` a missed beat.
    """

    reference_index: _Int
    test_index: _Int


@dataclass(frozen=True, eq=False)
class Comparison:
    """How a test annotation of one recording compares with the reference.

    Parameters
    ----------
    name : str
        Name of the record.
    matrix : ndarray of int64, shape (7, 7)
        Counts, `ROWS` by `COLUMNS`.
    rr_error_ms : float
        Root mean square of the RR interval error in ms; NaN without RR intervals.
    pairs : Pairs
        The counted steps.
    """

    name: str
    matrix: _Int
    rr_error_ms: float
    pairs: Pairs

    @property
    def ratios(self) -> Ratios:
        """EC57's Se and +P of QRS, VEB and SVEB."""
        return ratios(self.matrix)

    def to_dict(self) -> dict[str, Any]:
        """Return name, counts and ratios as JSON types; None where a value is undefined."""
        return {"record": self.name} | _matrix_and_ratios(
            self.matrix, self.ratios, self.rr_error_ms
        )


@dataclass(frozen=True, eq=False)
class Summary:
    """A set of records: gross ratios (from summed counts) and averages (means over records).

    As in sumstats, the reference program for sets, an F classified as S lowers neither the gross
    nor the average SVEB +P. It lowers the SVEB +P of each record (see `ratios`).

    Parameters
    ----------
    comparisons : tuple of Comparison
        One per record.
    matrix : ndarray of int64, shape (7, 7)
        Sum of the records' matrices.
    average : dict of str to float
        Mean of each of the `Ratios`, 0 to 1, over the records where it is defined.
    rr_error_ms : float
        Mean of the records' RMS RR interval errors in ms.
    """

    comparisons: tuple[Comparison, ...]
    matrix: _Int
    average: dict[str, float]
    rr_error_ms: float

    @property
    def gross(self) -> Ratios:
        """Se and +P of QRS, VEB and SVEB from the summed counts."""
        return ratios(self.matrix, charge_fusion=False)

    def to_dict(self) -> dict[str, Any]:
        """Return records, gross and average as JSON types; None where a value is undefined."""
        return {
            "records": [c.to_dict() for c in self.comparisons],
            "gross": _matrix_and_ratios(self.matrix, self.gross),
            "average": {
                **{key: none_if_nan(value) for key, value in self.average.items()},
                "rr_error_ms": none_if_nan(self.rr_error_ms),
            },
        }


def _matrix_and_ratios(
    matrix: _Int, parts: Ratios, rr_error_ms: float | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "rows": list(ROWS),
        "columns": list(COLUMNS),
        "matrix": matrix.tolist(),
    }
    for key, ratio in parts._asdict().items():
        content[key] = ratio.to_dict()
    if rr_error_ms is not None:  # the standard defines no gross RR error
        content["rr_error_ms"] = none_if_nan(rr_error_ms)
    return content


def summarize(comparisons: Iterable[Comparison]) -> Summary:
    """Summarize a set of records by gross and average ratios.

    Parameters
    ----------
    comparisons : iterable of Comparison
        One per record; without records the matrix is zero and the averages are NaN.

    Returns
    -------
    Summary
    """
    every = tuple(comparisons)

    of_records = [ratios(c.matrix, charge_fusion=False) for c in every]
    return Summary(
        comparisons=every,
        matrix=sum((c.matrix for c in every), np.zeros((7, 7), dtype=np.int64)),
        average={
            key: mean_of_defined(record[k].value for record in of_records)
            for k, key in enumerate(Ratios._fields)
        },
        rr_error_ms=mean_of_defined(c.rr_error_ms for c in every),
    )
