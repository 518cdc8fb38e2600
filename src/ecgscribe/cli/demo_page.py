"""The page of ``ecgscribe demo``, made of the blocks of a report."""

from __future__ import annotations

import math

import numpy as np

from ecgscribe import metrics, plots
from ecgscribe.metrics.comparison import Ratio, Ratios
from ecgscribe.plots.saving import picture
from ecgscribe.record import Annotation, Record
from ecgscribe.report.blocks import Page, Picture, Section, Table
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

__all__ = ["NOTE", "demo_page"]

NOTE = (
    "An illustration on a synthetic recording, not evidence: these figures say nothing about "
    "recordings of people. A research tool, not a medical device."
)
"""What the table and the page state about themselves."""

_STRIP = 10.0
"""Seconds of paper in each picture."""


def demo_page(
    record: Record,
    reference: Annotation,
    predicted: Annotation,
    comparison: metrics.Comparison,
    *,
    model_hash: str,
) -> Page:
    """Show how the model annotated a synthetic recording.

    Parameters
    ----------
    record : Record
        The recording.
    reference, predicted : Annotation
        Its beats as they were made, and as the model annotated them.
    comparison : Comparison
        Of the two.
    model_hash : str
        SHA-256 of the model.

    Returns
    -------
    Page
    """
    ratios = comparison.ratios
    strips = [
        _strip(record, reference, predicted, start=start, title=title)
        for start, title in _events(reference, predicted, comparison, last=record.duration - _STRIP)
    ]
    return Page(
        title="ecgscribe: a demonstration",
        subtitle=NOTE,
        notice="A research tool, not a medical device.",
        key_figures=(
            ("Beats", str(len(reference.beats()))),
            ("R-peaks found", _percent(ratios.qrs_se)),
            ("V beats found", _percent(ratios.veb_se)),
            ("S beats found", _percent(ratios.sveb_se)),
        ),
        sections=(
            Section("The recording", (_origin(record, reference, model_hash),)),
            Section("Beat by beat", (_figures(ratios), _confusion(comparison))),
            Section("On ECG paper", (_legend(reference), *strips)),
            Section("The whole recording", (_heart_rate(predicted),)),
        ),
        foot=(f"Model: SHA-256 {model_hash}",),
    )


def _percent(ratio: Ratio) -> str:
    return "-" if math.isnan(ratio.value) else f"{100 * ratio.value:.2f}%"


def _counts(reference: Annotation) -> dict[str, int]:
    """Count the beats of each class that occurs."""
    counts = np.bincount(reference.beats().class_index, minlength=len(AAMI_CLASSES)).tolist()
    return {name: count for name, count in zip(AAMI_CLASSES, counts, strict=True) if count}


def _origin(record: Record, reference: Annotation, model_hash: str) -> str:
    beats = ", ".join(f"{count} {name}" for name, count in _counts(reference).items())
    return (
        f"{record.duration / 60:.0f} minutes of {len(record.leads)} leads at {record.fs:g} Hz, "
        f"synthesised with beats of known class ({beats}) and with baseline wander, mains hum, "
        "muscle and electrode noise, by settings that training never uses. The model in the "
        f"package (SHA-256 {model_hash}) annotated it; the colours and letters in the pictures "
        "are its classes."
    )


def _figures(ratios: Ratios) -> Table:
    rows = (
        ("All beats (QRS)", ratios.qrs_se, ratios.qrs_pp),
        ("Ventricular (V)", ratios.veb_se, ratios.veb_pp),
        ("Supraventricular (S)", ratios.sveb_se, ratios.sveb_pp),
    )
    return Table(
        "Sensitivity: share of the reference beats that the model found. Positive predictivity: "
        "share of the model's beats that are right. By ANSI/AAMI EC57, within 150 ms.",
        ("", "Sensitivity", "Beats", "Positive predictivity", "Beats"),
        tuple(
            (name, _percent(se), f"{se.hits}/{se.total}", _percent(pp), f"{pp.hits}/{pp.total}")
            for name, se, pp in rows
        ),
    )


def _confusion(comparison: metrics.Comparison) -> Picture:
    caption = "Beats by reference class and predicted class."
    return Picture(picture(plots.confusion(comparison.matrix)), caption, caption)


def _heart_rate(predicted: Annotation) -> Picture:
    caption = "Heart rate at every beat that the model found, by class."
    return Picture(picture(plots.heart_rate(predicted)), caption, caption)


def _legend(reference: Annotation) -> str:
    return "; ".join(f"{name}: {CLASS_NAMES[name]}" for name in _counts(reference)) + "."


def _strip(
    record: Record, reference: Annotation, predicted: Annotation, *, start: float, title: str
) -> Picture:
    drawn = plots.strip(record, predicted, start=start, end=start + _STRIP)
    classes = f"Reference: {_letters(reference, start)}. Model: {_letters(predicted, start)}."
    return Picture(picture(drawn), f"{title}, on ECG paper", classes, title)


def _events(
    reference: Annotation, predicted: Annotation, comparison: metrics.Comparison, *, last: float
) -> list[tuple[float, str]]:
    """Choose what to show: the first beat of each ectopic class, and the first mistake."""
    beats, answers = reference.beats(), predicted.beats()
    events = [
        (int(beats.sample[np.flatnonzero(beats.class_index == index)[0]]), title)
        for index, title in (
            (1, "The first supraventricular beat"),
            (2, "The first ventricular beat"),
        )
        if np.any(beats.class_index == index)
    ]
    pairs = comparison.pairs
    for i, j in zip(pairs.reference_index, pairs.test_index, strict=True):
        if i < 0 or j < 0 or beats.class_index[i] != answers.class_index[j]:
            events.append(
                (int(beats.sample[i] if i >= 0 else answers.sample[j]), "The first mistake")
            )
            break
    strips: dict[float, str] = {}
    for sample, title in sorted(events):
        start = min(max(0.0, sample / reference.fs - _STRIP / 2), last)
        strips[start] = f"{strips[start]}. {title}" if start in strips else title
    return list(strips.items())


def _letters(annotation: Annotation, start: float) -> str:
    """Write the classes of the beats in a strip as one word of letters."""
    beats = annotation.beats()
    time = beats.sample / beats.fs
    inside = (time >= start) & (time <= start + _STRIP)
    return "".join(AAMI_CLASSES[k] for k in beats.class_index[inside])
