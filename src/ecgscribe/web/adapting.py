"""Adaptation to the patient among the edits of a reviewer: a layer under the reviewer's own labels.

An adaptation is an edit of kind ``adapt``. It holds the beats whose class changed, so that it stays
what it was even if the model or the rule that made it changes. The last one counts; one without
beats takes adaptation back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS
from ecgscribe.web.edits import ADJUDICATE, Edit

__all__ = [
    "ADAPT",
    "adaptation_of",
    "in_numbers",
    "labels_of",
    "last_adaptation",
    "with_adaptation",
]


ADAPT = "adapt"
"""Kind of the edit."""


def labels_of(base: Annotation, edits: Sequence[Edit]) -> tuple[dict[int, str], set[int]]:
    """Return what a reviewer has said about the beats of the model.

    Parameters
    ----------
    base : Annotation
        The model's.
    edits : sequence of Edit
        In order.

    Returns
    -------
    labels : dict of int to str
        Class that the reviewer gave to each beat of the model, by its sample; of a beat that the
        reviewer confirmed, too.
    removed : set of int
        Samples of beats of the model that were deleted or moved: they teach nothing.
    """
    known = set(base.sample[base.class_index >= 0].tolist())
    labels: dict[int, str] = {}
    removed: set[int] = set()

    def remove(samples: Sequence[int]) -> None:
        for sample in samples:
            labels.pop(sample, None)
        removed.update(known.intersection(samples))

    def label(sample: int, name: str) -> None:
        if sample in known:
            removed.discard(sample)
            labels[sample] = name

    for edit in edits:
        content = edit.content
        if edit.kind == "add":
            label(content["sample"], content["class"])
        elif edit.kind == "relabel":
            kept = known.intersection(content["samples"]) - removed
            labels.update(dict.fromkeys(kept, content["class"]))
        elif edit.kind == "delete":
            remove(content["samples"])
        elif edit.kind == "move":
            remove([content["sample"]])
        elif edit.kind == ADJUDICATE:
            remove(content["remove"])
            for sample, name in content["beats"]:
                label(sample, name)
        elif edit.kind == "span" and content["as"] == "pause":
            remove([sample for sample in known if content["begin"] < sample < content["end"]])
    return labels, removed


def adaptation_of(before: Annotation, after: Annotation, n_labels: int) -> dict[str, Any]:
    """Return the content of the edit that turns the beats of one annotation into another's.

    Parameters
    ----------
    before, after : Annotation
        With the same beats, and probabilities.
    n_labels : int
        Number of labels that it was made from.

    Returns
    -------
    dict
        ``labels``; of the beats whose class changed ``samples``, ``classes``, a letter per beat,
        and ``percent``, of each class.
    """
    changed = np.flatnonzero(before.class_index != after.class_index)
    percent = np.rint(100 * np.nan_to_num(np.asarray(after.probability)[changed])).astype(int)
    classes = "".join(AAMI_CLASSES[k] for k in after.class_index[changed].tolist())
    return {
        "labels": n_labels,
        "samples": after.sample[changed].tolist(),
        "classes": classes,
        "percent": percent.tolist(),
    }


def last_adaptation(edits: Sequence[Edit]) -> Mapping[str, Any] | None:
    """Return the content of the adaptation that counts; None if there is none, or no longer."""
    contents = [edit.content for edit in edits if edit.kind == ADAPT]
    return contents[-1] if contents and contents[-1]["labels"] else None


def in_numbers(edits: Sequence[Edit]) -> dict[str, int] | None:
    """Return how many labels the adaptation that counts was made from, and how many beats changed.

    Returns
    -------
    dict of str to int or None
        ``labels`` and ``changed``; None if there is no adaptation.
    """
    found = last_adaptation(edits)
    return None if found is None else {"labels": found["labels"], "changed": len(found["samples"])}


def with_adaptation(base: Annotation, edits: Sequence[Edit]) -> Annotation:
    """Return the model's annotation with the adaptation that counts.

    Parameters
    ----------
    base : Annotation
        The model's; it stays as it is.
    edits : sequence of Edit
        In order.

    Returns
    -------
    Annotation
        With the same beats. A beat that is not in `base`, as another model made it, is left out.
    """
    adaptation = last_adaptation(edits)
    if adaptation is None:
        return base
    at = np.flatnonzero(base.class_index >= 0)
    symbol = base.symbol.copy()
    probability = None if base.probability is None else np.array(base.probability)
    samples = np.array(adaptation["samples"], np.int64)
    index = np.array([AAMI_CLASSES.index(name) for name in adaptation["classes"]], np.int64)
    order = np.searchsorted(base.sample[at], samples)
    known = np.isin(samples, base.sample[at])
    rows = at[order[known]]
    symbol[rows] = CLASS_SYMBOLS[index[known]]
    if probability is not None and len(rows):
        probability[rows] = np.array(adaptation["percent"])[known] / 100
    return dataclasses.replace(base, symbol=symbol, probability=probability)
