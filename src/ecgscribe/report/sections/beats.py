"""The section on beats: how many of each class, and the burden of ectopic beats."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgscribe.formatting import percent
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import key
from ecgscribe.report.wording import number, share, strip_cell
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

__all__ = ["BeatsEntry", "ClassEntry", "beats_blocks", "beats_entry"]


@dataclass(frozen=True)
class ClassEntry:
    """Beats of one AAMI class, and the number of the strip with an example."""

    class_name: str = field(metadata=key("class"))
    name: str
    count: int
    percent: float
    strip: int | None


@dataclass(frozen=True)
class BeatsEntry:
    """Beats by class; percentages are None if no beat is counted.

    `sve_percent` is that of the beats outside atrial fibrillation. Both burdens are None if the
    classes are withheld.
    """

    counted: int
    in_noise: int
    in_fibrillation: int
    s_in_fibrillation: int
    classes: tuple[ClassEntry, ...]
    all_percent: float | None
    pvc_percent: float | None
    sve_percent: float | None


def beats_entry(inputs: ReportInputs) -> BeatsEntry:
    """Count the beats of each class.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    BeatsEntry
    """
    beats = inputs.measures.beats
    numbers = np.bincount(beats.class_index, minlength=len(AAMI_CLASSES)).tolist()
    counts = dict(zip(AAMI_CLASSES, numbers, strict=True))
    total = len(beats)
    fibrillation = inputs.measures.in_fibrillation
    s_inside = int(np.sum(fibrillation & (beats.class_index == AAMI_CLASSES.index("S"))))
    withheld = inputs.classes_withheld
    outside = total - int(fibrillation.sum())
    return BeatsEntry(
        counted=total,
        in_noise=beats.in_noise,
        in_fibrillation=int(fibrillation.sum()),
        s_in_fibrillation=s_inside,
        classes=tuple(
            ClassEntry(c, CLASS_NAMES[c], count, percent(count, total), _example(inputs, k))
            for k, (c, count) in enumerate(counts.items())
        ),
        all_percent=100.0 if total else None,
        pvc_percent=percent(counts["V"], total) if total and not withheld else None,
        sve_percent=percent(counts["S"] - s_inside, outside) if outside and not withheld else None,
    )


def _example(inputs: ReportInputs, class_index: int) -> int | None:
    of_class = np.flatnonzero(inputs.measures.beats.class_index == class_index).tolist()
    return inputs.strip_of((range(k, k + 1) for k in of_class), AAMI_CLASSES[class_index])


def beats_blocks(beats: BeatsEntry) -> tuple[str | Table, ...]:
    """Show the beats of each class.

    Parameters
    ----------
    beats : BeatsEntry

    Returns
    -------
    tuple of str or Table
    """
    withheld = beats.counted > 0 and beats.pvc_percent is None
    rows = tuple(
        (strip_cell(f"{c.class_name}: {c.name}", c.strip), number(c.count), share(c.percent))
        for c in beats.classes
        if c.class_name == "Q" or not withheld
    )
    total = ("All", number(beats.counted), share(beats.all_percent))
    table = Table("Beats by AAMI class", ("Class", "Beats", "Share"), (*rows, total))
    blocks: list[str | Table] = [table]
    if beats.counted == 0:
        blocks.insert(0, "No readable beat was found.")
    elif beats.pvc_percent is not None:
        blocks.append(_burden(beats))
    if beats.in_noise:
        blocks.append(f"{number(beats.in_noise)} more beats are in noise and not counted.")
    return tuple(blocks)


def _burden(beats: BeatsEntry) -> str:
    of = "S of all beats" if beats.in_fibrillation == 0 else "S of the beats outside fibrillation"
    text = (
        f"PVC burden (V of all beats) {share(beats.pvc_percent)}; SVE burden ({of}) "
        f"{share(beats.sve_percent)}."
    )
    if beats.in_fibrillation:
        text += (
            f" {number(beats.in_fibrillation)} beats are in atrial fibrillation, "
            f"{number(beats.s_in_fibrillation)} of them of class S."
        )
    return text
