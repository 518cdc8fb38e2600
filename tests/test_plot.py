from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from ecgscribe import plot
from ecgscribe._plot_results import new_axes
from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.synthetic import synthesize


@pytest.fixture(scope="module")
def recording() -> tuple[Record, Annotation]:
    return synthesize(duration=30, seed=2, v_rate=0.2, s_rate=0.2)


def _letters(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text() in AAMI_CLASSES]


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_a_new_strip_is_to_scale(recording: tuple[Record, Annotation], seconds: float) -> None:
    axes = plot.strip(*recording, start=5.0, end=5.0 + seconds)
    axes.figure.canvas.draw()
    box = axes.get_window_extent()
    low, high = axes.get_ylim()
    mm_per_pixel = 25.4 / axes.figure.dpi
    assert box.width * mm_per_pixel == pytest.approx(25 * seconds, rel=1e-3)
    assert box.height * mm_per_pixel == pytest.approx(10 * (high - low), rel=1e-3)


def test_given_axes_keep_the_proportion_of_the_paper(
    recording: tuple[Record, Annotation],
) -> None:
    axes = new_axes((4.0, 4.0))
    assert plot.strip(*recording, end=4.0, ax=axes) is axes
    assert axes.get_aspect() == pytest.approx(10 / 25)


def test_a_strip_names_the_class_of_every_beat_in_it(
    recording: tuple[Record, Annotation],
) -> None:
    record, annotation = recording
    at = annotation.sample / record.fs
    inside = (at >= 3) & (at < 12)
    expected = [AAMI_CLASSES[k] for k in annotation.class_index[inside]]
    assert sorted(_letters(plot.strip(*recording, start=3.0, end=12.0))) == sorted(expected)


def test_leads_do_not_overlap(recording: tuple[Record, Annotation]) -> None:
    axes = plot.strip(recording[0], end=10.0)
    upper, lower = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    assert upper.min() > lower.max()


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 1000.0), ("V", 0.001)])
def test_units_are_brought_to_millivolts(unit: str, factor: float) -> None:
    wave = np.sin(np.arange(1000) / 50)[:, None]
    record = Record((factor * wave).astype(np.float32), 100.0, ("II",), (unit,))
    drawn = np.asarray(plot.strip(record).lines[0].get_ydata(), dtype=float)
    assert np.ptp(drawn) == pytest.approx(2.0, rel=1e-3)


def test_a_lead_of_unknown_unit_says_that_it_is_not_to_scale() -> None:
    signal = np.stack([np.sin(np.arange(500) / 9), np.zeros(500)], axis=1).astype(np.float32)
    record = Record(signal, 100.0, ("II", "V1"), ("adu", "mV"))
    texts = [text.get_text() for text in plot.strip(record).texts]
    assert texts == [" II (not to scale)", " V1"]


def test_missing_and_dead_leads_are_drawn_without_a_warning() -> None:
    signal = np.full((500, 2), np.nan, np.float32)
    signal[:, 1] = 1.0
    plot.strip(Record(signal, 100.0, ("II", "V1"), ("mV", "adu"))).figure.canvas.draw()


@pytest.mark.parametrize(
    ("start", "end", "what"),
    [(-1.0, 5.0, "inside"), (40.0, None, "inside"), (5.0, 5.0, "inside"), (0.0, 90.0, "shorter")],
)
def test_a_stretch_that_cannot_be_drawn_is_refused(
    start: float, end: float | None, what: str
) -> None:
    record = Record(np.zeros((3500 if what == "inside" else 9500, 1), np.float32), 100.0, ("II",))
    with pytest.raises(FormatError, match=what):
        plot.strip(record, start=start, end=end)


def test_unreadable_stretches_end_at_the_next_mark_or_at_the_end() -> None:
    marks = Annotation(
        sample=np.array([10, 20, 30, 40, 50]),
        symbol=np.array(["~", "N", "~", "~", "~"]),
        fs=100.0,
        subtype=np.array([0x10, 0, 0, 0x01, -1]),
    )
    assert plot.unreadable(marks, end=60) == [(10, 30, 1), (50, 60, 3)]


def test_only_the_lead_that_cannot_be_read_is_shaded() -> None:
    record = Record(np.zeros((1000, 3), np.float32), 100.0, ("a", "b", "c"))
    for subtype, shaded in ((0x10, 1), (0x20, 1), (0x30, 3), (0x03, 0)):
        marks = Annotation(np.array([200]), np.array(["~"]), 100.0, np.array([subtype]))
        axes = plot.strip(record, marks)
        bare = plot.strip(record)
        assert len(axes.collections) - len(bare.collections) == shaded


def test_the_overview_counts_each_class(recording: tuple[Record, Annotation]) -> None:
    axes = plot.overview(recording[1])
    beats = recording[1]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == [
        f"{name}: {np.sum(beats.class_index == k)}"
        for k, name in enumerate(AAMI_CLASSES)
        if np.any(beats.class_index == k)
    ]


def test_the_overview_draws_the_rate_of_the_interval_before_a_beat() -> None:
    beats = Annotation(np.array([100, 200, 250]), np.array(["N", "N", "N"]), 100.0)
    drawn = np.asarray(plot.overview(beats).collections[0].get_offsets())
    np.testing.assert_allclose(drawn[1:, 1], [60, 120])


@pytest.mark.parametrize("n", [0, 1])
def test_the_overview_takes_a_recording_without_intervals(n: int) -> None:
    beats = Annotation(np.arange(n), np.array(["N"] * n, dtype=str), 100.0)
    plot.overview(beats).figure.canvas.draw()


def test_pr_curves_share_axes_and_one_prevalence_line() -> None:
    axes = plot.pr_curve([0, 0.5, 1], [1, 0.9, 0.2], prevalence=0.1, auprc=0.8)
    plot.pr_curve([0, 0.5, 1], [1, 0.7, 0.1], prevalence=0.1, name="classic", ax=axes)
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["model: AUPRC 0.800", "prevalence 0.100", "classic"]
    assert axes.lines[0].get_color() != axes.lines[2].get_color()


def test_the_confusion_matrix_shows_counts_and_shares_of_the_row() -> None:
    matrix = np.zeros((7, 7), dtype=np.int64)
    matrix[0, 0], matrix[0, 2], matrix[6, 0] = 1500, 500, 3
    axes = plot.confusion(matrix)
    shown = {(*text.get_position(), text.get_text()) for text in axes.texts}
    assert shown == {(0, 0, "1,500\n75.0%"), (2, 0, "500\n25.0%"), (0, 6, "3\n100.0%")}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list("NSVFQOX")


def test_the_reliability_curve_leaves_out_empty_bins() -> None:
    axes = plot.reliability([0.1, np.nan, 0.9], [0.2, np.nan, 0.8], [10, 0, 20])
    np.testing.assert_allclose(np.asarray(axes.lines[1].get_xdata(), dtype=float), [0.1, 0.9])
    assert [text.get_text() for text in axes.texts] == ["10", "20"]


def test_training_curves_put_losses_left_and_scores_right() -> None:
    axes = plot.training_curves({"loss": [3, 2], "val_loss": [3, 1], "val_auprc": [0.1, 0.5]})
    assert [line.get_label() for line in axes[0].lines] == ["loss", "val_loss"]
    assert [line.get_label() for line in axes[1].lines] == ["val_auprc"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_picture_is_written_whole_and_never_over_another(tmp_path: Path, suffix: str) -> None:
    axes = plot.training_curves({"loss": [3, 2]})
    path = tmp_path / f"curves{suffix}"
    assert plot.save(axes, path, dpi=50) == path
    assert path.stat().st_size > 1000
    with pytest.raises(FormatError):
        plot.save(axes, path)
    plot.save(axes, path, force=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_picture_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"\.png, \.svg or \.pdf"):
        plot.save(new_axes((1, 1)), tmp_path / "curve.bmp")


def test_plotting_never_loads_pyplot() -> None:
    code = (
        "import sys, ecgscribe.plot as p, ecgscribe.synthetic as s\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.strip(*s.synthesize(duration=3)).figure.canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
