"""Notes of other rhythms among the beats change no count of a report, and plots take them."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from ecgscribe import plots
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.record import Annotation
from ecgscribe.report.build import report
from support.report_pages import recording_with_ectopy

matplotlib.use("agg")


def with_marks(annotation: Annotation, marks: list[tuple[int, str, str]]) -> Annotation:
    """Insert annotations (sample, symbol, note) before beats at the same sample."""
    sample = np.array([mark[0] for mark in marks])
    at = np.searchsorted(annotation.sample, sample)
    assert annotation.probability is not None
    assert annotation.score is not None
    assert annotation.quality is not None
    return Annotation(
        np.insert(annotation.sample, at, sample),
        np.insert(annotation.symbol, at, [mark[1] for mark in marks]),
        annotation.fs,
        aux_note=np.insert(annotation.aux_note.astype("U8"), at, [mark[2] for mark in marks]),
        probability=np.insert(annotation.probability, at, np.nan, axis=0),
        score=np.insert(annotation.score, at, np.nan),
        quality=np.insert(annotation.quality, at, np.nan),
        name=annotation.name,
    )


def test_a_report_counts_beats_as_it_does_without_rhythms() -> None:
    record, annotation = recording_with_ectopy()
    marked = report(record, with_marks(annotation, [(0, "+", "(N"), (20_000, "+", "(B")]))
    plain = report(record, annotation)
    assert marked.pop("rhythms") != plain.pop("rhythms")
    assert marked["variability"].pop("rhythms_known") != plain["variability"].pop("rhythms_known")
    assert marked == plain


def test_no_interval_spans_ventricular_flutter() -> None:
    record, annotation = recording_with_ectopy(duration=60.0)
    begin, end = round(20 * record.fs), round(40 * record.fs)
    outside = (annotation.sample < begin) | (annotation.sample >= end)
    marks = [(begin, "+", "(VFL"), (begin, "[", ""), (end, "]", ""), (end, "+", "(N")]
    marked = with_marks(annotation.select(outside), marks)
    series = beat_series(marked, record.n_samples)
    assert np.nanmax(series.rr) < 5
    assert report(record, marked)["pauses"]["count"] == 0


@pytest.mark.parametrize("draw", [plots.heart_rate, plots.lorenz, plots.day, plots.timeline])
def test_plots_take_rhythm_annotations(draw: object) -> None:
    _, annotation = recording_with_ectopy(duration=60.0)
    marks = [(0, "+", "(N"), (5_000, "+", "(VFL"), (5_000, "[", ""), (9_000, "]", "")]
    assert callable(draw)
    draw(with_marks(annotation, marks))
