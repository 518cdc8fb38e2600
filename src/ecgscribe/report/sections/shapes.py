"""The section on beat shapes: the median beat of each class."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgscribe.analysis.morphology import MOST_SAMPLED, qrs_correlation
from ecgscribe.analysis.templates import ALIKE
from ecgscribe.formatting import rounded
from ecgscribe.report.blocks import Picture, Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.wording import number

__all__ = [
    "ShapeEntry",
    "ShapesEntry",
    "TemplateEntry",
    "shapes_blocks",
    "shapes_entry",
    "template_name",
    "width_ms",
]


@dataclass(frozen=True)
class TemplateEntry:
    """Beats of one class that are alike: their name, and how many of the sampled beats they are.

    The correlation is that of the median QRS with the dominant one.
    """

    name: str
    count: int
    qrs_ms: int | None
    correlation: float | None


@dataclass(frozen=True)
class ShapeEntry:
    """The beats of one class; the correlation is that of the median QRS with the dominant one."""

    class_name: str = field(metadata=key("class"))
    count: int
    sampled: int = field(metadata=key("looked_at"))
    qrs_ms: int | None
    correlation: float | None = field(metadata=key("likeness"))
    templates: tuple[TemplateEntry, ...]


@dataclass(frozen=True)
class ShapesEntry:
    """The most beats that are sampled per class, and the classes, the dominant one first.

    Beats of one template have at least the correlation `alike`.
    """

    most: int
    alike: float
    classes: tuple[ShapeEntry, ...]


def template_name(class_name: str, k: int) -> str:
    """Name the k-th template of a class, such as ``V b``."""
    return f"{class_name} {'abcdefgh'[k]}"


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
        alike=ALIKE,
        classes=tuple(
            ShapeEntry(
                class_name=shape.class_name,
                count=shape.count,
                sampled=len(shape.beats),
                qrs_ms=width_ms(shape.qrs_s),
                correlation=rounded(qrs_correlation(shape.median, shapes[0].median, fs), 2),
                templates=tuple(
                    TemplateEntry(
                        name=template_name(shape.class_name, k),
                        count=template.count,
                        qrs_ms=width_ms(template.qrs_s),
                        correlation=rounded(
                            qrs_correlation(template.median, shapes[0].median, fs), 2
                        ),
                    )
                    for k, template in enumerate(templates)
                ),
            )
            for shape, templates in zip(shapes, inputs.measures.templates, strict=True)
        ),
    )


def shapes_blocks(
    shapes: ShapesEntry, *, overlay: bytes | None, templates: bytes | None
) -> tuple[str | Table | Picture, ...]:
    """Show the beats of each class.

    Parameters
    ----------
    shapes : ShapesEntry
    overlay : bytes or None
        Median beats over single ones, as PNG; None without beats.
    templates : bytes or None
        The templates, as PNG; None where there are none.

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
            f"Median beat of each class over single beats, one panel per lead: {_widths(shapes)}.",
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
        *(() if templates is None else _templates(shapes, templates)),
    )


def _widths(shapes: ShapesEntry) -> str:
    """Return what a reader sees in the picture of the median beats."""
    return ", ".join(f"QRS of {s.class_name} {number(s.qrs_ms, ' ms')}" for s in shapes.classes)


def _templates(shapes: ShapesEntry, drawn: bytes) -> tuple[Picture | Table, ...]:
    several = [(shape, template) for shape in shapes.classes for template in shape.templates]
    counts = ", ".join(f"{t.name} {number(t.count)} of {number(s.sampled)}" for s, t in several)
    return (
        Picture(
            drawn,
            f"Templates, the median beat of each: {counts} sampled beats.",
            "Templates: sampled beats of one class whose QRS have a correlation of at least "
            f"{number(shapes.alike)}, the most frequent first, as their median beat. Beats that "
            "resemble few others are not shown.",
        ),
        Table(
            "Templates of each class",
            ("Template", "Sampled beats", "Of so many", "QRS width, approximate", "Correlation"),
            tuple(
                (
                    template.name,
                    number(template.count),
                    number(shape.sampled),
                    number(template.qrs_ms, " ms"),
                    number(template.correlation, digits=2),
                )
                for shape, template in several
            ),
        ),
    )
