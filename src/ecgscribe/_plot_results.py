"""Pictures of results: curves and matrices made of plain numbers. Public through `plot`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.errors import FormatError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion", "new_axes", "png", "pr_curve", "reliability", "save", "training_curves"]

_GREY = "#666666"
# Okabe and Ito again, without yellow, which is too pale for a thin line on white.
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def new_axes(size: tuple[float, float]) -> Axes:
    """Make axes in a figure of its own, `size` in inches, without pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").add_subplot()


def save(
    ax: Axes | NDArray[np.object_], path: str | Path, *, dpi: int = 150, force: bool = False
) -> Path:
    """Write the figure that holds `ax`; the suffix names the format.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or array of them
        As a function of this module returned it.
    path : str or Path
        ``.png``, ``.svg`` or ``.pdf``.
    dpi : int
        Dots per inch of a PNG; at 150 a small square of the paper is 5.9 dots wide.
    force : bool
        Overwrite what is there.

    Returns
    -------
    Path
        What was written; either the whole file or nothing.

    Raises
    ------
    FormatError
        If the suffix is another, or the file exists or cannot be written.
    """
    from ecgscribe.formats import atomic_write

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg", ".pdf"):
        raise FormatError(
            f"{path}: expected a picture that ends in .png, .svg or .pdf, "
            f"found {suffix or 'no suffix'!r}; rename it"
        )
    figure = _figure(np.ravel(np.array(ax, dtype=object))[0])

    def write(temporary: Path) -> None:
        figure.savefig(temporary, dpi=dpi, format=suffix[1:])

    atomic_write(path, write, force=force)
    return path


def png(ax: Axes, *, dpi: int = 110) -> bytes:
    """Give the figure that holds `ax` as the bytes of a PNG, to put into a page."""
    target = io.BytesIO()
    _figure(ax).savefig(target, dpi=dpi, format="png")
    return target.getvalue()


def _figure(ax: Axes) -> Figure:
    """Find the whole figure, also where the axes lie in a part of one."""
    figure = ax.figure
    while figure is not figure.figure:
        figure = figure.figure
    return figure


def pr_curve(
    recall: ArrayLike,
    precision: ArrayLike,
    *,
    prevalence: float | None = None,
    auprc: float | None = None,
    name: str = "model",
    ax: Axes | None = None,
) -> Axes:
    """Draw a precision-recall curve; call again with the same `ax` to compare.

    Parameters
    ----------
    recall, precision : array_like, shape (n,)
        Points of the curve, 0 to 1.
    prevalence : float, optional
        Share of positives: the precision of a guess, drawn as a dashed line.
    auprc : float, optional
        Average precision, for the legend.
    name : str
        What the curve belongs to.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((5.0, 4.5)) if ax is None else ax
    drawn = sum(line.get_linestyle() == "-" for line in ax.lines)
    label = name if auprc is None else f"{name}: AUPRC {auprc:.3f}"
    # Average precision is a sum over steps, so the curve is drawn as steps.
    ax.step(
        np.asarray(recall),
        np.asarray(precision),
        where="pre",
        label=label,
        color=_LINES[drawn % len(_LINES)],
    )
    if prevalence is not None:
        text = f"prevalence {prevalence:.3f}"
        if text not in ax.get_legend_handles_labels()[1]:
            ax.axhline(prevalence, color=_GREY, linestyle="--", linewidth=1, label=text)
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
        Counts, rows reference and columns test, as `ecgscribe.ec57` gives them.
    rows, columns : sequence of str
        Names; only as many as there are rows and columns are used.
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
    predicted: ArrayLike,
    observed: ArrayLike,
    count: ArrayLike | None = None,
    *,
    name: str = "model",
    ax: Axes | None = None,
) -> Axes:
    """Draw how often what was given a probability came true.

    Parameters
    ----------
    predicted, observed : array_like, shape (n_bins,)
        Mean probability and share of positives of each bin; NaN where a bin is empty.
    count : array_like of int, shape (n_bins,), optional
        Beats of each bin, written beside its point.
    name : str
        What the curve belongs to.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes if absent.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes((5.0, 4.5)) if ax is None else ax
    x, y = np.asarray(predicted, float), np.asarray(observed, float)
    there = np.isfinite(x) & np.isfinite(y)
    ax.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1)
    drawn = sum(line.get_linestyle() == "-" for line in ax.lines)
    ax.plot(
        x[there],
        y[there],
        marker="o",
        markersize=4,
        label=name,
        color=_LINES[drawn % len(_LINES)],
    )
    if count is not None:
        for px, py, k in zip(x[there], y[there], np.asarray(count)[there], strict=True):
            ax.annotate(
                f"{k:,}",
                (px, py),
                xytext=(5, -9),
                textcoords="offset points",
                fontsize=7,
                color=_GREY,
            )
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="probability given", ylabel="share observed")
    ax.legend(fontsize=8, loc="upper left")
    return ax


def training_curves(
    history: Mapping[str, Sequence[float]], *, ax: Sequence[Axes] | None = None
) -> NDArray[np.object_]:
    """Draw losses on the left and scores on the right, by epoch.

    Parameters
    ----------
    history : mapping of str to sequence of float
        One value an epoch; names that hold ``loss`` go to the left.
    ax : sequence of two matplotlib.axes.Axes, optional
        Where to draw; a new figure if absent.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (2,)
    """
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(10.0, 4.0), layout="constrained").subplots(1, 2)
    left, right = axes = np.array(ax, dtype=object)
    for name, values in history.items():
        side = left if "loss" in name else right
        colour = _LINES[len(side.lines) % len(_LINES)]
        epoch = np.arange(1, len(values) + 1)
        side.plot(epoch, values, color=colour, marker=".", label=name)
    for side, what in ((left, "loss"), (right, "score")):
        side.xaxis.get_major_locator().set_params(integer=True)
        side.set(xlabel="epoch", ylabel=what)
        if side.lines:
            side.legend(fontsize=8)
    return axes
