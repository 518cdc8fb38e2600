"""Write figures to files or to bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.files import atomic_write, refuse_existing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

__all__ = ["DPI", "check_picture", "figure_of", "picture", "png", "save"]


DPI = 150
"""Dots per inch: a small square of the paper is 5.9 dots wide."""
_COLOURS = 36  # enough for lines and letters, and few bytes


def picture(ax: Axes | NDArray[np.object_], *, box: Any = None) -> bytes:
    """Return the figure of `ax` as a small PNG.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or array of them
    box : matplotlib.transforms.Bbox, optional
        Part of the figure to keep, in inches.

    Returns
    -------
    bytes
        A PNG with `DPI` dots per inch and few colours.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure = figure_of(np.ravel(np.array(ax, dtype=object))[0])
    canvas: Any = FigureCanvasAgg(figure)  # Matplotlib types it in part
    figure.set_dpi(DPI)
    with _plain_text(figure):
        canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())
    image = Image.fromarray(drawn)
    if box is not None:
        left, right = round(DPI * box.x0), round(DPI * box.x1)
        top, bottom = (image.height - round(DPI * y) for y in (box.y1, box.y0))
        image = image.crop((left, top, right, bottom))
    return _small(image)


def _small(image: Image) -> bytes:
    from PIL.Image import Dither, Quantize

    reduced = image.convert("RGB").quantize(
        _COLOURS, method=Quantize.FASTOCTREE, dither=Dither.NONE
    )
    target = io.BytesIO()
    reduced.save(target, format="PNG", optimize=True, dpi=(DPI, DPI))
    return target.getvalue()


def save(
    ax: Axes | NDArray[np.object_], path: str | Path, *, dpi: int = 150, force: bool = False
) -> Path:
    """Write the figure of `ax` to a file; the suffix names the format.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or array of them
        As a function of `ecgscribe.plots` returns it.
    path : str or Path
        ``.png``, ``.svg`` or ``.pdf``.
    dpi : int
        Dots per inch of a PNG; at 150 a small square of the paper is 5.9 dots wide.
    force : bool
        Replace an existing file.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FormatError
        If the suffix is another one, or the file exists or cannot be written. No partial file is
        left.
    """
    path = Path(path)
    check_picture(path, force=force)
    suffix = path.suffix.lower()
    figure = figure_of(np.ravel(np.array(ax, dtype=object))[0])

    def write(temporary: Path) -> None:
        with _plain_text(figure):
            figure.savefig(temporary, dpi=dpi, format=suffix[1:])

    atomic_write(path, write, force=force)
    return path


@contextmanager
def _plain_text(figure: Figure) -> Iterator[None]:
    """Draw names as they are: ``$`` begins no mathematics, and no character controls a terminal.

    A box replaces a letter that the font lacks; names too long for the layout overlap it.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_parse_math(False)
            shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in text.get_text())
            if shown != text.get_text():
                text.set_text(shown)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        yield


def check_picture(path: str | Path, *, force: bool = False) -> None:
    """Refuse, before any work is done, a picture that could not be written.

    Parameters
    ----------
    path : str or Path
        The picture.
    force : bool
        Whether it may be overwritten.

    Raises
    ------
    FormatError
        If it has another suffix than ``.png``, ``.svg`` or ``.pdf``, already exists, or its
        folder does not.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg", ".pdf"):
        raise FormatError(
            f"{path}: expected a picture that ends in .png, .svg or .pdf, "
            f"found {suffix or 'no suffix'!r}; rename it"
        )
    if not path.parent.is_dir():
        raise FormatError(
            f"{path}: expected a folder {path.parent} to write into, found none; make it first"
        )
    refuse_existing(path, force=force)


def png(ax: Axes, *, dpi: int = 110) -> bytes:
    """Return the figure of `ax` as the bytes of a PNG."""
    target = io.BytesIO()
    figure = figure_of(ax)
    with _plain_text(figure):
        figure.savefig(target, dpi=dpi, format="png")
    return target.getvalue()


def figure_of(ax: Axes) -> Figure:
    """Return the whole figure of `ax`, also if it is in a subfigure."""
    figure = ax.figure
    while figure is not figure.figure:
        figure = figure.figure
    return figure
