"""What all pictures share: axes without pyplot, colours, markers and line styles.

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any kind of
colour vision can distinguish. Nothing is shown by colour alone: classes also have a marker or their
letter, and curves a line style.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "GREY",
    "LETTER_COLOURS",
    "LINES",
    "new_axes",
    "write_right",
]


CLASS_COLOURS = {"N": "#0072B2", "S": "#E69F00", "V": "#D55E00", "F": "#009E73", "Q": "#CC79A7"}
"""Colour of each AAMI class."""


LETTER_COLOURS = {"N": "#00507D", "S": "#704500", "V": "#843800", "F": "#005A41", "Q": "#7D3560"}
"""Colour of each class for letters: the same hues, with a contrast of 4.5 to the lines of ECG
paper and 7 to the white between them."""


CLASS_MARKERS = {"N": "o", "S": "^", "V": "X", "F": "D", "Q": "P"}
"""Marker of each AAMI class."""


GREY = "#666666"


LINES = (
    ("#0072B2", "-"),
    ("#D55E00", "--"),
    ("#009E73", "-."),
    ("#CC79A7", ":"),
    ("#E69F00", (0, (5, 1, 1, 1, 1, 1))),
    ("#56B4E9", (0, (3, 3))),
    ("#000000", (0, (1, 2))),
)
"""Colour and style of the first, second … curve; no yellow, which is too pale on white."""


def new_axes(size: tuple[float, float]) -> Axes:
    """Make axes in a new figure without pyplot, which a notebook shows; `size` is in inches."""
    from ecgscribe.plots.shown import ShownAxes, ShownFigure

    return ShownFigure(figsize=size, layout="constrained").add_subplot(axes_class=ShownAxes)


def write_right(ax: Axes, text: str, y: float) -> None:
    """Write a text to the right of the axes, at a height in their units."""
    ax.annotate(
        text,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=8,
        va="center",
        annotation_clip=False,
    )
