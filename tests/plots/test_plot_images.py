"""Pictures of synthetic recordings against those in `baseline`, by pytest-mpl.

``pytest tests/plots/test_plot_images.py --mpl-generate-path=tests/plots/baseline`` redraws them:
look at each before you commit it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from numpy.typing import NDArray

from ecgscribe import plots
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.explanation.explain import BROAD_SPANS, SHORT_SPANS
from ecgscribe.explanation.figure import draw
from ecgscribe.explanation.result import Explanation, FeatureEffect, NearbyBeat, SpanEffect
from ecgscribe.metrics import performance
from ecgscribe.plots.style import new_axes
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.windows import FS

BASELINE = Path(__file__).parent / "baseline"
TOLERANCE = 0.5
"""Root mean square of grey levels; the smallest change tried below makes 1.25, none makes 0."""
DPI = 72

looks_as_before = pytest.mark.mpl_image_compare(
    style="default", tolerance=TOLERANCE, savefig_kwargs={"dpi": DPI}
)


@cache
def made() -> tuple[Record, Annotation]:
    """Make ten minutes with beats of four classes, a lost lead and noise."""
    record, reference = synthesize(
        duration=600, seed=3, classes=("N", "S", "V", "F"), v_rate=0.1, s_rate=0.08, f_rate=0.03
    )
    changes = [(2000, 0x30), (2400, 0), (3000, 0x01), (3300, 0), (90_000, 3), (95_000, 0)]
    at = np.array([c[0] for c in changes])
    place = np.searchsorted(reference.sample, at)
    annotation = dataclasses.replace(
        reference,
        sample=np.insert(reference.sample, place, at),
        symbol=np.insert(reference.symbol, place, "~"),
        subtype=np.insert(reference.subtype, place, [c[1] for c in changes]),
        aux_note=np.insert(reference.aux_note, place, ""),
    )
    return record, annotation


def figure(axes: Axes) -> Figure:
    whole = axes.figure
    assert isinstance(whole, Figure)
    return whole


def results() -> tuple[performance.PrCurve, performance.PrCurve, performance.Reliability]:
    """Make two curves and a reliability from made scores."""
    rng = np.random.default_rng(1)
    ill = rng.random(400) < 0.2
    good, poor = (np.clip(0.3 * ill + w * rng.random(400), 0, 1) for w in (0.5, 0.8))
    of_good, of_poor = performance.pr_curve(good, ill), performance.pr_curve(poor, ill)
    return of_good, of_poor, performance.reliability(good, ill, bins=5)


@looks_as_before
def test_strip() -> Figure:
    return figure(plots.strip(*made(), start=4.0, end=10.0))


@looks_as_before
def test_heart_rate() -> Figure:
    return figure(plots.heart_rate(made()[1], ax=new_axes((6.0, 2.5))))


@looks_as_before
def test_day() -> Figure:
    return figure(plots.day(made()[1], line=150.0, ax=new_axes((6.0, 3.0))))


@looks_as_before
def test_lorenz() -> Figure:
    return figure(plots.lorenz(made()[1], ax=new_axes((4.0, 4.0))))


@looks_as_before
def test_timeline() -> Figure:
    return figure(plots.timeline(made()[1], ax=new_axes((6.0, 3.0))))


@looks_as_before
def test_pr_curves() -> Figure:
    good, poor, _ = results()
    axes = plots.pr_curve(good, prevalence=0.2, auprc=0.9, ax=new_axes((4.0, 3.5)))
    return figure(plots.pr_curve(poor, prevalence=0.2, name="other", ax=axes))


@looks_as_before
def test_reliability() -> Figure:
    return figure(plots.reliability(results()[2], ax=new_axes((4.0, 3.5))))


@looks_as_before
def test_confusion() -> Figure:
    matrix = np.diag([900, 40, 60, 8, 0, 0, 0])
    matrix[0, 1], matrix[1, 0], matrix[6, 0], matrix[2, 6] = 12, 30, 4, 3
    return figure(plots.confusion(matrix))


@looks_as_before
def test_training_curves() -> Figure:
    history = {"loss": [3, 2, 1.5], "val_loss": [3, 2.4, 2.2], "val_auprc": [0.2, 0.5, 0.6]}
    return figure(plots.training_curves(history)[0])


@looks_as_before
def test_explanation() -> Figure:
    record, beats = made()
    sample = int(beats.sample[beats.symbol == "V"][2])

    def probability(p: float) -> NDArray[np.float32]:
        return np.array([1 - p, 0, p, 0, 0], dtype=np.float32)

    change = np.sin(np.arange(len(SHORT_SPANS)))
    both, alone = record.leads, record.leads[1:]
    parts = [(*where, both, 0.6 + 0.3 * c) for where, c in zip(SHORT_SPANS, change, strict=True)]
    parts += [
        (*BROAD_SPANS[0], both, 0.5),
        (*BROAD_SPANS[1], both, 0.1),
        (*SHORT_SPANS[9], alone, 0.4),
    ]
    explanation = Explanation(
        record="made",
        sample=sample,
        time=sample / record.fs,
        aami_class="V",
        annotated_class="V",
        probability=probability(0.6),
        score=1.0,
        quality=1.0,
        leads=both,
        spans=tuple(
            SpanEffect(b / FS, e / FS, on, "V", probability(p), 1.0) for b, e, on, p in parts
        ),
        replacement="typical",
        features=(
            FeatureEffect("P wave", "V", probability(0.3), 1.0),
            FeatureEffect("T wave", "V", probability(0.7), 1.0),
        ),
        model="",
        nearby=tuple(
            NearbyBeat(sample=s, time=s / record.fs, aami_class=c)
            for s, c in zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True)
            if abs(s - sample) < 1.5 * record.fs
        ),
    )
    return figure(draw(explanation, record)[0])


# That the comparison would see a change


def _without_a_marker(axes: Axes) -> None:
    (drawn,) = (c for c in axes.collections if str(c.get_label()).startswith("F:"))
    drawn.set_offsets(np.asarray(drawn.get_offsets())[1:])


def _in_another_colour(axes: Axes) -> None:
    (drawn,) = (c for c in axes.collections if str(c.get_label()).startswith("F:"))
    drawn.set_facecolor("#56B4E9")


def _with_another_marker(axes: Axes) -> None:
    drawn = {str(c.get_label())[:2]: c for c in axes.collections}
    drawn["F:"].set_paths(drawn["S:"].get_paths())


def _without_a_letter(axes: Axes) -> None:
    axes.texts[0].remove()


def _unchanged(axes: Axes) -> None:
    pass


@pytest.mark.parametrize(
    ("draw", "change"),
    [
        (test_lorenz, _without_a_marker),
        (test_lorenz, _in_another_colour),
        (test_lorenz, _with_another_marker),
        (test_day, _without_a_marker),
        (test_heart_rate, _in_another_colour),
        (test_heart_rate, _without_a_marker),
        (test_strip, _without_a_letter),
    ],
)
def test_a_small_change_would_be_seen(
    tmp_path: Path, draw: Callable[[], Figure], change: Callable[[Axes], None]
) -> None:
    """As pytest-mpl does, but of a picture that was changed."""
    differs = []
    for change_or_not in (_unchanged, change):
        whole = draw()
        change_or_not(whole.axes[0])
        path = tmp_path / f"{change_or_not.__name__}.png"
        whole.savefig(path, dpi=DPI)
        expected = BASELINE / f"{draw.__name__}.png"
        differs.append(compare_images(str(expected), str(path), tol=TOLERANCE) is not None)
    assert differs == [False, True]
