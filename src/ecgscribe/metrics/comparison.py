"""What a beat-by-beat comparison gives: counts, the standard's figures, and both as text.

`ecgscribe.metrics.ec57` makes these and is where to import them from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "ROWS", "Comparison", "Pairs", "summarize"]


ROWS: tuple[str, ...] = ("N", "S", "V", "F", "Q", "O", "X")
"""Rows of a matrix: classes of reference beats; O extra test beats, X those in shutdown."""


COLUMNS: tuple[str, ...] = ("n", "s", "v", "f", "q", "o", "x")
"""Columns of a matrix: classes of test beats; o missed beats, x those missed in shutdown."""


_S, _V, _F, _Q, _O = range(1, 6)
_BEATS = slice(0, _O)


_Int = NDArray[np.int64]


class Ratio(NamedTuple):
    """A share as its two counts.

    Parameters
    ----------
    hits, total : int
        Numerator and denominator.
    """

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share from 0 to 1; NaN where the total is zero."""
        return self.hits / self.total if self.total else math.nan


class Ratios(NamedTuple):
    """EC57's sensitivities (Se) and positive predictivities (+P).

    Parameters
    ----------
    qrs_se, qrs_pp : Ratio
        All beats, whatever class they were given.
    veb_se, veb_pp : Ratio
        Class V. A reference F or Q called V is not charged to +P.
    sveb_se, sveb_pp : Ratio
        Class S. A reference Q called S is not charged to +P.
    """

    qrs_se: Ratio
    qrs_pp: Ratio
    veb_se: Ratio
    veb_pp: Ratio
    sveb_se: Ratio
    sveb_pp: Ratio


def ratios(matrix: _Int, *, charge_fusion: bool = True) -> Ratios:
    """Give a matrix's figures as the standard defines them.

    Parameters
    ----------
    matrix : ndarray of int64, shape (7, 7)
        Counts, `ROWS` by `COLUMNS`.
    charge_fusion : bool
        Whether a reference F called S is charged to SVEB +P. The program bxb, which reports on
        one record, does so; the program sumstats, which reports on a set, reads F and Q as one
        count and charges neither.
    """
    found = int(matrix[_BEATS, _BEATS].sum())

    def class_pair(index: int, not_charged: list[int]) -> tuple[Ratio, Ratio]:
        hits = int(matrix[index, index])
        charged = np.delete(matrix[:, index], not_charged)
        return Ratio(hits, int(matrix[index].sum())), Ratio(hits, int(charged.sum()))

    return Ratios(
        Ratio(found, int(matrix[_BEATS].sum())),
        Ratio(found, int(matrix[:, _BEATS].sum())),
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
        -1 in `reference_index` marks an extra beat, -1 in `test_index` a missed one.
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
        Root mean square of the RR interval error in ms; NaN where there is none to take.
    pairs : Pairs
        The steps that were counted.
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
        """Give names, counts and figures as JSON holds them; None where a figure is undefined."""
        return {"record": self.name} | _figures(self.matrix, self.ratios, self.rr_error_ms)


@dataclass(frozen=True, eq=False)
class Summary:
    """A set of records: gross (from summed counts) and average (mean over records) figures.

    As in the reference program for sets, sumstats, neither charges an F called S to SVEB +P; the
    figures of each record do (see `ratios`).

    Parameters
    ----------
    comparisons : tuple of Comparison
        One a record.
    matrix : ndarray of int64, shape (7, 7)
        Sum of the records' matrices.
    average : dict of str to float
        Mean of each of `Ratios`' figures, 0 to 1, over the records where it is defined.
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
        """Give the records, gross and average as JSON holds them; None where undefined."""
        return {
            "records": [c.to_dict() for c in self.comparisons],
            "gross": _figures(self.matrix, self.gross),
            "average": {
                **{key: _or_none(value) for key, value in self.average.items()},
                "rr_error_ms": _or_none(self.rr_error_ms),
            },
        }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _figures(matrix: _Int, parts: Ratios, rr_error_ms: float | None = None) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "rows": list(ROWS),
        "columns": list(COLUMNS),
        "matrix": matrix.tolist(),
    }
    for key, ratio in parts._asdict().items():
        figures[key] = ratio._asdict() | {"value": _or_none(ratio.value)}
    if rr_error_ms is not None:  # no gross one is defined
        figures["rr_error_ms"] = _or_none(rr_error_ms)
    return figures


def summarize(comparisons: Iterable[Comparison]) -> Summary:
    """Sum up a set of records: gross and average figures.

    Parameters
    ----------
    comparisons : iterable of Comparison
        One a record; no record gives a matrix of zeros and averages of NaN.

    Returns
    -------
    Summary
    """
    every = tuple(comparisons)

    def mean(values: Iterable[float]) -> float:
        known = [v for v in values if not math.isnan(v)]
        return sum(known) / len(known) if known else math.nan

    figures = [ratios(c.matrix, charge_fusion=False) for c in every]
    return Summary(
        comparisons=every,
        matrix=sum((c.matrix for c in every), np.zeros((7, 7), dtype=np.int64)),
        average={
            key: mean(figure[k].value for figure in figures) for k, key in enumerate(Ratios._fields)
        },
        rr_error_ms=mean(c.rr_error_ms for c in every),
    )


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"


def _matrix_lines(matrix: _Int) -> list[str]:
    lines = ["    " + "".join(f"{c:>8}" for c in COLUMNS)]
    for k, row in enumerate(ROWS):
        # An extra beat cannot be a missed one too.
        cells = matrix[k] if k < _O else matrix[k, _BEATS]
        lines.append(f"  {row} " + "".join(f"{count:8d}" for count in cells))
    return lines


def format_report(name: str, ref: object, test: object, comparison: Comparison) -> str:
    """Lay one record's comparison out as text.

    Parameters
    ----------
    name : str
        Name of the record.
    ref, test : object
        What the two annotations are called, such as their paths.
    comparison : Comparison
        What `compare` gave.

    Returns
    -------
    str
        Several lines, without a newline at the end.
    """
    r = comparison.ratios
    lines = [f"Record {name}: {test} (columns) against {ref} (rows)"]
    lines += _matrix_lines(comparison.matrix)
    for what, se, pp in (
        ("QRS", r.qrs_se, r.qrs_pp),
        ("VEB", r.veb_se, r.veb_pp),
        ("SVEB", r.sveb_se, r.sveb_pp),
    ):
        parts = (f"{_percent(x.value):>6} % ({x.hits}/{x.total})" for x in (se, pp))
        lines.append("{:<5} Se {}  +P {}".format(what, *parts))
    rr_error = comparison.rr_error_ms
    error = "-" if math.isnan(rr_error) else f"{rr_error:.2f} ms"
    return "\n".join([*lines, f"RMS RR interval error {error}"])


def format_summary(summary: Summary) -> str:
    """Lay a set of records out as text: a line a record, gross, average and the summed matrix.

    Parameters
    ----------
    summary : Summary
        What `summarize` gave.

    Returns
    -------
    str
        Several lines, without a newline at the end. Se and +P in percent, RR error in ms.
    """

    def line(name: str, values: Iterable[float], error: str) -> str:
        cells = "".join(f"{_percent(v):>8}" for v in values)
        return f"{name:<10}{cells}{error:>9}".rstrip()

    heads = ("Q Se", "Q +P", "V Se", "V +P", "S Se", "S +P")
    lines = [f"{'Record':<10}" + "".join(f"{h:>8}" for h in heads) + f"{'RR err':>9}"]
    for c in summary.comparisons:
        error = "-" if math.isnan(c.rr_error_ms) else f"{c.rr_error_ms:.2f}"
        lines.append(line(c.name, (r.value for r in c.ratios), error))
    mean_error = "-" if math.isnan(summary.rr_error_ms) else f"{summary.rr_error_ms:.2f}"
    lines.append(line("Gross", (r.value for r in summary.gross), ""))
    lines.append(line("Average", summary.average.values(), mean_error))
    return "\n".join([*lines, "", *_matrix_lines(summary.matrix)])
