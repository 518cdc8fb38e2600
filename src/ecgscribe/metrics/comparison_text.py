"""A comparison, or a set of them, as plain text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics.comparison import COLUMNS, N_CLASSES, ROWS, Comparison, Ratio, Summary

__all__ = ["format_report", "format_summary", "ratio_text"]


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"


def ratio_text(ratio: Ratio, *, write: Callable[[int], str] = str) -> str:
    """Return a ratio as text, such as `` 98.50 % (197/200)``; ``-`` without a value.

    Parameters
    ----------
    ratio : Ratio
        The ratio.
    write : callable
        How to write its two counts.
    """
    return f"{_percent(ratio.value):>6} % ({write(ratio.hits)}/{write(ratio.total)})"


def _matrix_lines(matrix: NDArray[np.int64]) -> list[str]:
    lines = ["    " + "".join(f"{c:>8}" for c in COLUMNS)]
    for k, row in enumerate(ROWS):
        # An extra beat cannot be a missed beat.
        cells = matrix[k] if k < N_CLASSES else matrix[k, :N_CLASSES]
        lines.append(f"  {row} " + "".join(f"{count:8d}" for count in cells))
    return lines


def format_report(name: str, ref: object, test: object, comparison: Comparison) -> str:
    """Return the comparison of one record as text.

    Parameters
    ----------
    name : str
        Name of the record.
    ref, test : object
        Names of the two annotations, such as their paths.
    comparison : Comparison
        The result of `compare`.

    Returns
    -------
    str
        Several lines without a newline at the end.
    """
    r = comparison.ratios
    lines = [f"Record {name}: {test} (columns) against {ref} (rows)"]
    lines += _matrix_lines(comparison.matrix)
    for what, se, pp in (
        ("QRS", r.qrs_se, r.qrs_pp),
        ("VEB", r.veb_se, r.veb_pp),
        ("SVEB", r.sveb_se, r.sveb_pp),
    ):
        lines.append(f"{what:<5} Se {ratio_text(se)}  +P {ratio_text(pp)}")
    rr_error = comparison.rr_error_ms
    error = "-" if math.isnan(rr_error) else f"{rr_error:.2f} ms"
    return "\n".join([*lines, f"RMS RR interval error {error}"])


def format_summary(summary: Summary) -> str:
    """Return a set of records as text: a line per record, gross, average and the summed matrix.

    Parameters
    ----------
    summary : Summary
        The result of `summarize`.

    Returns
    -------
    str
        Several lines without a newline at the end. Se and +P in percent, RR error in ms.
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
