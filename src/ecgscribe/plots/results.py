"""Pictures of results: curves and matrices made of plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.metrics.performance import PrCurve, Reliability
from ecgscribe.plots.style import GREY, LINES, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion", "pr_curve", "reliability", "training_curves"]


_CURVE = "curve"
"""Group id of the lines that each get the next colour and style."""


def _next_line(ax: Axes) -> tuple[str, Any]:
    """Return the colour and style of the next curve in these axes."""
    return LINES[sum(line.get_gid() == _CURVE for line in ax.lines) % len(LINES)]


def _part(result: object, key: str) -> NDArray[np.float64]:
    """Return numbers of a result, a dataclass of `metrics.performance` or its dict in JSON."""
    values = result[key] if isinstance(result, Mapping) else getattr(result, key)
    return np.asarray(values, dtype=np.float64)


def pr_curve(
    curve: PrCurve | Mapping[str, Any],
    *,
    prevalence: float | None = None,
    auprc: float | None = None,
    name: str = "model",
    ax: Axes | None = None,
) -> Axes:
    """Draw a precision-recall curve; call again with the same `ax` to compare.

    Parameters
    ----------
    curve : ecgscribe.metrics.performance.PrCurve or mapping
        With ``recall`` and ``precision``, as `ecgscribe.evaluate` returns it under ``abnormal``.
    prevalence : float, optional
        Share of positives, the precision of a guess; drawn as a thin grey line.
    auprc : float, optional
        Average precision, for the legend.
    name : str
        Name of the curve in the legend.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((5.0, 4.5)) if ax is None else ax
    colour, style = _next_line(ax)
    label = name if auprc is None else f"{name}: AUPRC {auprc:.3f}"
    # Average precision is a sum over steps, so the curve is drawn as steps.
    ax.step(
        _part(curve, "recall"),
        _part(curve, "precision"),
        where="pre",
        label=label,
        color=colour,
        linestyle=style,
        gid=_CURVE,
    )
    if prevalence is not None:
        text = f"prevalence {prevalence:.3f}"
        if text not in ax.get_legend_handles_labels()[1]:
            ax.axhline(prevalence, color=GREY, linewidth=0.8, label=text)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall (Se)", ylabel="precision (+P)")
    ax.legend(fontsize=8, loc="lower left")
    return ax


def confusion(
    matrix: ArrayLike,
    *,
    rows: Sequence[str] = tuple("NSVFQOX"),
    columns: Sequence[str] = tuple("nsvfqox"),
    ax: Axes | None = None,
) -> Axes:
    """Draw a confusion matrix with counts and the share of each row.

    Parameters
    ----------
    matrix : array_like of int, shape (n_rows, n_columns)
        Counts, with the reference in rows and the test in columns, as in
        `ecgscribe.metrics.ec57`.
    rows, columns : sequence of str
        Names; those beyond the shape of `matrix` are ignored.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    counts = np.asarray(matrix)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    ax = new_axes((0.9 * counts.shape[1] + 1.2, 0.6 * counts.shape[0] + 1.0)) if ax is None else ax
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            ax.text(
                column,
                row,
                f"{count:,}\n{share[row, column]:.1%}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share[row, column] > 0.5 else "black",
            )
    ax.set_xticks(range(counts.shape[1]), columns[: counts.shape[1]])
    ax.set_yticks(range(counts.shape[0]), rows[: counts.shape[0]])
    ax.set(xlabel="test (o, x: missed)", ylabel="reference (O, X: extra)")
    return ax


def reliability(
    bins: Reliability | Mapping[str, Any],
    *,
    name: str = "model",
    ax: Axes | None = None,
) -> Axes:
    """Draw the observed share over the predicted probability.

    Parameters
    ----------
    bins : ecgscribe.metrics.performance.Reliability or mapping
        With ``predicted``, ``observed`` and ``count``, as `ecgscribe.evaluate` returns it under
        ``abnormal``. Each point shows its count; empty bins, NaN or None, are left out.
    name : str
        Name of the curve in the legend.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((5.0, 4.5)) if ax is None else ax
    x, y, count = (_part(bins, key) for key in ("predicted", "observed", "count"))
    drawn = np.isfinite(x) & np.isfinite(y)
    colour, style = _next_line(ax)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    ax.plot(
        x[drawn],
        y[drawn],
        marker="o",
        markersize=4,
        label=name,
        color=colour,
        linestyle=style,
        gid=_CURVE,
    )
    for px, py, k in zip(x[drawn], y[drawn], count[drawn], strict=True):
        ax.annotate(f"{k:,.0f}", (px, py), xytext=(5, -9), textcoords="offset points", fontsize=7)
    # Room for the counts of points at the edge.
    ax.set(
        xlim=(-0.02, 1.08), ylim=(-0.08, 1.04), xlabel="probability given", ylabel="share observed"
    )
    ax.legend(fontsize=8, loc="upper left")
    return ax


def training_curves(
    history: Mapping[str, Sequence[float]], *, ax: Sequence[Axes] | None = None
) -> NDArray[np.object_]:
    """Draw losses on the left and scores on the right, by epoch.

    Parameters
    ----------
    history : mapping of str to sequence of float
        One value per epoch; names that contain ``loss`` are drawn on the left.
    ax : sequence of two matplotlib.axes.Axes, optional
        Where to draw; a new figure if absent.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (2,)
    """
    from ecgscribe.plots.shown import ShownFigure, shown_together

    if ax is None:
        ax = ShownFigure(figsize=(10.0, 4.0), layout="constrained").subplots(1, 2)
    left, right = axes = shown_together(ax)
    for name, values in history.items():
        side = left if "loss" in name else right
        colour, style = LINES[len(side.lines) % len(LINES)]
        epoch = np.arange(1, len(values) + 1)
        side.plot(epoch, values, color=colour, linestyle=style, marker=".", label=name)
    for side, what in ((left, "loss"), (right, "score")):
        side.xaxis.get_major_locator().set_params(integer=True)
        side.set(xlabel="epoch", ylabel=what)
        if side.lines:
            side.legend(fontsize=8)
    return axes
