"""The section on beat shapes: the median beat of each class."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgscribe.analysis.morphology import MOST_SAMPLED, qrs_correlation
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Picture, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.wording import number

__all__ = ["ShapeEntry", "ShapesEntry", "shapes_blocks", "shapes_entry", "width_ms"]


@dataclass(frozen=True)
class ShapeEntry:
    """The beats of one class; the correlation is that of the median QRS with the dominant one."""

    class_name: str = field(metadata=key("class"))
    count: int
    sampled: int = field(metadata=key("looked_at"))
    qrs_ms: int | None
    correlation: float | None = field(metadata=key("likeness"))


@dataclass(frozen=True)
class ShapesEntry:
    """The most beats that are sampled per class, and the classes, the dominant one first."""

    most: int
    classes: tuple[ShapeEntry, ...]


def width_ms(seconds: float | None) -> int | None:
    """Return a QRS width in ms, to the nearest 10 ms; None for None."""
    return None if seconds is None else round(100 * seconds) * 10


def shapes_entry(inputs: ReportInputs) -> ShapesEntry:
    """Describe the beats of each class.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    ShapesEntry
    """
    shapes, fs = inputs.measures.shapes, inputs.record.fs
    return ShapesEntry(
        most=MOST_SAMPLED,
        classes=tuple(
            ShapeEntry(
                class_name=shape.class_name,
                count=shape.count,
                sampled=len(shape.beats),
                qrs_ms=width_ms(shape.qrs_s),
                correlation=rounded(qrs_correlation(shape.median, shapes[0].median, fs), 2),
            )
            for shape in shapes
        ),
    )


def shapes_blocks(
    shapes: ShapesEntry, *, overlay: bytes | None
) -> tuple[str | Table | Picture, ...]:
    """Show the beats of each class.

    Parameters
    ----------
    shapes : ShapesEntry
    overlay : bytes or None
        Median beats over single ones, as PNG; None without beats.

    Returns
    -------
    tuple of str, Table or Picture
    """
    if not shapes.classes or overlay is None:
        return ("No beats to show.",)
    rows = tuple(
        (
            shape.class_name,
            number(shape.count),
            number(shape.sampled),
            number(shape.qrs_ms, " ms"),
            number(shape.correlation, digits=2),
        )
        for shape in shapes.classes
    )
    return (
        Picture(
            overlay,
            "Median beat of each class over single beats, one panel per lead.",
            f"Median beat of each class over up to {shapes.most} single beats, spread over the "
            "recording.",
        ),
        Table(
            "Shapes of the classes",
            ("Class", "Beats", "Beats sampled", "QRS width, approximate", "Correlation"),
            rows,
        ),
        "Correlation is that of the median QRS with the dominant one, of class "
        f"{shapes.classes[0].class_name}. Widths are estimated from the slope of the signal, for "
        "comparison within the recording; manual measurement gives larger values.",
    )
