from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from ecgscribe import plots
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.metrics import performance
from ecgscribe.plots.saving import figure_of, picture
from ecgscribe.plots.style import LETTER_COLOURS, new_axes
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES


@pytest.fixture(scope="module")
def recording() -> tuple[Record, Annotation]:
    return synthesize(duration=30, seed=2, v_rate=0.2, s_rate=0.2)


def _letters(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text() in AAMI_CLASSES]


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_a_new_strip_is_to_scale(recording: tuple[Record, Annotation], seconds: float) -> None:
    axes = plots.strip(*recording, start=5.0, end=5.0 + seconds)
    axes.figure.canvas.draw()
    box = axes.get_window_extent()
    low, high = axes.get_ylim()
    mm_per_pixel = 25.4 / axes.figure.dpi
    assert box.width * mm_per_pixel == pytest.approx(25 * seconds, rel=1e-3)
    assert box.height * mm_per_pixel == pytest.approx(10 * (high - low), rel=1e-3)


def test_a_strip_reads_what_it_shows(recording: tuple[Record, Annotation]) -> None:
    record, annotation = recording
    asked: list[tuple[int, int]] = []

    def read(begin: int, end: int) -> NDArray[np.float32]:
        asked.append((begin, end))
        return record.signal[begin:end]

    lazy = replace(record.lazy(), reader=read)
    axes = plots.strip(lazy, annotation, start=5.0, end=9.0)
    assert asked == [(round(5 * record.fs), round(9 * record.fs))]
    shown, expected = axes.lines, plots.strip(record, annotation, start=5.0, end=9.0).lines
    for line, other in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())


def test_given_axes_keep_the_proportion_of_the_paper(
    recording: tuple[Record, Annotation],
) -> None:
    axes = new_axes((4.0, 4.0))
    assert plots.strip(*recording, end=4.0, ax=axes) is axes
    assert axes.get_aspect() == pytest.approx(10 / 25)


def test_a_strip_names_the_class_of_every_beat_in_it(
    recording: tuple[Record, Annotation],
) -> None:
    record, annotation = recording
    at = annotation.sample / record.fs
    inside = (at >= 3) & (at < 12)
    expected = [AAMI_CLASSES[k] for k in annotation.class_index[inside]]
    assert sorted(_letters(plots.strip(*recording, start=3.0, end=12.0))) == sorted(expected)


def test_leads_do_not_overlap(recording: tuple[Record, Annotation]) -> None:
    axes = plots.strip(recording[0], end=10.0)
    upper, lower = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    assert upper.min() > lower.max()


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 1000.0), ("V", 0.001)])
def test_units_are_converted_to_millivolts(unit: str, factor: float) -> None:
    wave = np.sin(np.arange(1000) / 50)[:, None]
    record = Record((factor * wave).astype(np.float32), 100.0, ("II",), (unit,))
    drawn = np.asarray(plots.strip(record).lines[0].get_ydata(), dtype=float)
    assert np.ptp(drawn) == pytest.approx(2.0, rel=1e-3)


def test_a_lead_in_an_unknown_unit_is_labelled_not_to_scale() -> None:
    signal = np.stack([np.sin(np.arange(500) / 9), np.zeros(500)], axis=1).astype(np.float32)
    record = Record(signal, 100.0, ("II", "V1"), ("adu", "mV"))
    texts = [text.get_text() for text in plots.strip(record).texts]
    assert texts == [" II (not to scale)", " V1"]


def test_missing_and_dead_leads_are_drawn_without_a_warning() -> None:
    signal = np.full((500, 2), np.nan, np.float32)
    signal[:, 1] = 1.0
    plots.strip(Record(signal, 100.0, ("II", "V1"), ("mV", "adu"))).figure.canvas.draw()


@pytest.mark.parametrize(
    ("start", "end", "what"),
    [(-1.0, 5.0, "inside"), (40.0, None, "inside"), (5.0, 5.0, "inside"), (0.0, 90.0, "shorter")],
)
def test_a_span_that_cannot_be_drawn_is_refused(start: float, end: float | None, what: str) -> None:
    record = Record(np.zeros((3500 if what == "inside" else 9500, 1), np.float32), 100.0, ("II",))
    with pytest.raises(FormatError, match=what):
        plots.strip(record, start=start, end=end)


def test_only_the_lead_that_is_lost_or_noisy_is_shaded() -> None:
    record = Record(np.zeros((1000, 3), np.float32), 100.0, ("a", "b", "c"))
    for subtype, shaded in ((0x10, 1), (0x20, 1), (0x30, 3), (0x03, 3), (0x12, 2), (0, 0)):
        quality = Annotation(np.array([200]), np.array(["~"]), 100.0, np.array([subtype]))
        axes = plots.strip(record, quality)
        bare = plots.strip(record)
        assert len(axes.collections) - len(bare.collections) == shaded


def _beats(at: list[int], symbols: str | None = None, **about: Any) -> Annotation:
    """Make beats at these hundredths of a second."""
    letters = symbols or "N" * len(at)
    return Annotation(np.array(at, dtype=np.int64), np.array(list(letters)), 100.0, **about)


def _points(axes: Axes, name: str) -> np.ndarray[Any, Any]:
    """Return the points of a class, shape (n, 2)."""
    (drawn,) = (c for c in axes.collections if str(c.get_label()).startswith(f"{name}:"))
    return np.asarray(drawn.get_offsets())


OF_ALL_BEATS = (plots.day, plots.heart_rate, plots.lorenz, plots.timeline)


@pytest.mark.parametrize("draw", OF_ALL_BEATS)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_recordings_with_few_beats_are_drawn(draw: Callable[..., Axes], n: int) -> None:
    axes = draw(_beats([100 * k for k in range(n)]))
    axes.figure.canvas.draw()


def test_a_notebook_shows_whatever_is_drawn(recording: tuple[Record, Annotation]) -> None:
    record, beats = recording
    axes = plots.strip(record, beats)
    for shown in (
        axes,
        axes.figure,
        plots.strip_rows(record, end=15.0),
        plots.training_curves({"loss": [1.0, 0.5], "score": [0.1, 0.2]}),
        *(draw(beats) for draw in OF_ALL_BEATS),
    ):
        assert shown._repr_png_().startswith(b"\x89PNG")  # type: ignore[union-attr]


@pytest.mark.parametrize("draw", OF_ALL_BEATS)
def test_given_axes_are_drawn_into(draw: Callable[..., Axes]) -> None:
    axes = new_axes((4.0, 4.0))
    assert draw(_beats([0, 100, 200]), ax=axes) is axes


@pytest.mark.parametrize("draw", [plots.day, plots.heart_rate, plots.lorenz])
def test_every_class_has_a_marker_and_a_colour_of_its_own(draw: Callable[..., Axes]) -> None:
    axes = draw(_beats([100 * k for k in range(12)], "NNNAAVVFFQQN"))
    drawn: list[Any] = [c for c in axes.collections if _is_class(c)]
    shapes = {c.get_paths()[0].vertices.tobytes() for c in drawn}
    colours = {tuple(c.get_facecolor()[0]) for c in drawn}
    assert len(shapes) == len(colours) == 5


def _is_class(drawn: Any) -> bool:
    return str(drawn.get_label())[:2] in {f"{name}:" for name in AAMI_CLASSES}


def test_the_heart_rate_at_a_beat_is_that_of_the_interval_before_it() -> None:
    drawn = _points(plots.heart_rate(_beats([100, 200, 250])), "N")
    np.testing.assert_allclose(drawn, [[2 / 60, 60], [2.5 / 60, 120]])


def test_a_lorenz_plot_puts_each_beat_between_its_intervals() -> None:
    axes = plots.lorenz(_beats([0, 80, 160, 210, 320, 400], "NNNVNN"))
    np.testing.assert_allclose(_points(axes, "V"), [[0.5, 1.1]])
    np.testing.assert_allclose(_points(axes, "N"), [[0.8, 0.8], [0.8, 0.5], [1.1, 0.8]])
    assert axes.get_title(loc="left") == "record: 4 of 6 beats"


def test_a_lorenz_plot_counts_what_it_leaves_out() -> None:
    axes = plots.lorenz(_beats([0, 100, 200, 510, 610, 700]))
    title = "record: 2 of 6 beats, 2 with more than 3 s left out"
    assert axes.get_title(loc="left") == title
    assert len(_points(axes, "N")) == 2


@pytest.mark.parametrize("symbols", ["NNN[]NNN", "NNN[!]NN", "NNN[N]NN"])
def test_no_interval_is_drawn_over_ventricular_flutter(symbols: str) -> None:
    over_flutter = _beats([0, 90, 180, 200, 400, 580, 670, 760], symbols)
    before, after = symbols.split("[")[0], symbols.split("]")[1]
    n_intervals = len(before) + len(after) - 2
    rate = plots.heart_rate(over_flutter)
    np.testing.assert_allclose(_points(rate, "N")[:, 1], [60 / 0.9] * n_intervals)
    day = _points(plots.day(over_flutter), "N")
    assert len(day) == n_intervals
    assert len(np.unique(day[:, 1])) == 1
    np.testing.assert_allclose(
        _points(plots.lorenz(over_flutter), "N"), [[0.9, 0.9]] * (n_intervals - 2)
    )


@pytest.mark.parametrize(
    ("subtype", "left"), [(-1, 3), (0x30, 3), (0x03, 3), (0x21, 3), (0x10, 5), (0x02, 5)]
)
def test_no_interval_is_drawn_over_an_unreadable_span(subtype: int, left: int) -> None:
    quality = Annotation(
        sample=np.array([0, 100, 200, 250, 260, 300, 400, 500]),
        symbol=np.array(list("NNN~~NNN")),
        fs=100.0,
        subtype=np.array([0, 0, 0, subtype, 0, 0, 0, 0]),
    )
    assert len(_points(plots.heart_rate(quality), "N")) == left + (subtype != 0 and left == 3)


def test_beats_in_noise_have_no_intervals() -> None:
    quality = np.array([1, 1, 1, 0.2, 1, 1, 1], dtype=np.float32)
    axes = plots.heart_rate(_beats([100 * k for k in range(7)], quality=quality))
    np.testing.assert_allclose(_points(axes, "N")[:, 0] * 60, [1, 2, 5, 6])


def test_a_day_has_a_line_for_each_hour_and_counts_its_ectopic_beats() -> None:
    hour = 360_000
    axes = plots.day(_beats([0, 100, 200, hour + 100, hour + 180, 3 * hour - 1], "NNVNAN"))
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0 h", "1 h", "2 h"]
    counts = [text.get_text() for text in axes.texts if not text.get_text().isdigit()]
    assert counts == ["V 1", "S 1", ""]
    (s,) = _points(axes, "S")
    assert s[0] == pytest.approx(1.8 / 60)
    assert 1 < s[1] < 2


def test_a_day_begins_at_the_clock_time_of_the_recording() -> None:
    beats = _beats([0, 3 * 360_000], start=datetime(2020, 5, 1, 23, 15))
    labels = [tick.get_text() for tick in plots.day(beats).get_yticklabels()]
    assert labels == ["23:15:00", "00:15:00", "01:15:00"]


def test_faster_beats_are_higher_on_their_line_of_a_day() -> None:
    drawn = _points(plots.day(_beats([0, 100, 200, 260, 320, 420])), "N")
    y = dict(zip(np.round(60 * drawn[:, 0], 1), drawn[:, 1], strict=True))
    assert y[2.6] == y[3.2] < y[1.0] == y[4.2]


def test_noise_over_the_end_of_a_line_is_shaded_on_both() -> None:
    quality = Annotation(
        sample=np.array([100, 29_000, 31_000, 45_000]),
        symbol=np.array(list("N~~N")),
        fs=100.0,
        subtype=np.array([0, 3, 0, 0]),
    )
    shaded = [c for c in plots.day(quality).collections if isinstance(c, PolyCollection)]
    boxes = [c.get_paths()[0].get_extents() for c in shaded]
    np.testing.assert_allclose([(b.x0, b.x1, b.y0) for b in boxes], [(29 / 6, 5, 0), (0, 1 / 6, 1)])


def test_a_timeline_counts_the_beats_of_each_class() -> None:
    axes = plots.timeline(_beats([0, 50, 120, 190, 1010], "NNNAA"))
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["N  3", "S  2"]
    assert [text.get_text() for text in axes.texts] == ["most: 2", "most: 1"]
    heights = [-p.get_height() for p in axes.patches if isinstance(p, Rectangle)]
    n, s = np.array(heights).reshape(2, -1)
    np.testing.assert_allclose(n[:3] / n.max(), [1, 0.5, 0])
    assert np.flatnonzero(s).tolist() == [1, 10]


def test_a_single_beat_in_a_timeline_is_visible() -> None:
    at = [*range(0, 100), 150]
    axes = plots.timeline(_beats(at))
    heights = [-p.get_height() for p in axes.patches if isinstance(p, Rectangle)]
    assert heights[1] > 0.05


@pytest.mark.parametrize("draw", OF_ALL_BEATS)
def test_a_day_of_beats_takes_seconds_and_a_small_file(
    draw: Callable[..., Axes], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.integers(60, 110, 100_000))
    beats = Annotation(sample, rng.choice(list("NAVFQ"), 100_000), 100.0)
    begin = time.process_time()
    path = plots.save(draw(beats), tmp_path / "day.pdf")
    assert time.process_time() - begin < 20
    assert path.stat().st_size < 3_000_000


def test_pr_curves_share_axes_and_one_prevalence_line() -> None:
    curve = performance.pr_curve([0.9, 0.5, 0.1], [True, False, True])
    axes = plots.pr_curve(curve, prevalence=0.1, auprc=0.8)
    plots.pr_curve({"recall": [0, 1], "precision": [1, 0.1]}, prevalence=0.1, name="b", ax=axes)
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["model: AUPRC 0.800", "prevalence 0.100", "b"]
    first, _, second = axes.lines
    np.testing.assert_allclose(np.asarray(first.get_xdata(), dtype=float), curve.recall)
    np.testing.assert_allclose(np.asarray(first.get_ydata(), dtype=float), curve.precision)
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_the_confusion_matrix_shows_counts_and_shares_of_the_row() -> None:
    matrix = np.zeros((7, 7), dtype=np.int64)
    matrix[0, 0], matrix[0, 2], matrix[6, 0] = 1500, 500, 3
    axes = plots.confusion(matrix)
    shown = {(*text.get_position(), text.get_text()) for text in axes.texts}
    assert shown == {(0, 0, "1,500\n75.0%"), (2, 0, "500\n25.0%"), (0, 6, "3\n100.0%")}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list("NSVFQOX")


def test_the_reliability_curve_leaves_out_empty_bins() -> None:
    bins = {"predicted": [0.1, None, 0.9], "observed": [0.2, None, 0.8], "count": [10, 0, 20]}
    axes = plots.reliability(bins)
    np.testing.assert_allclose(np.asarray(axes.lines[1].get_xdata(), dtype=float), [0.1, 0.9])
    assert [text.get_text() for text in axes.texts] == ["10", "20"]


def test_training_curves_put_losses_left_and_scores_right() -> None:
    axes = plots.training_curves({"loss": [3, 2], "val_loss": [3, 1], "val_auprc": [0.1, 0.5]})
    assert [line.get_label() for line in axes[0].lines] == ["loss", "val_loss"]
    assert [line.get_label() for line in axes[1].lines] == ["val_auprc"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_picture_is_written_whole_and_replaces_no_other(tmp_path: Path, suffix: str) -> None:
    axes = plots.training_curves({"loss": [3, 2]})
    path = tmp_path / f"curves{suffix}"
    assert plots.save(axes, path, dpi=50) == path
    assert path.stat().st_size > 1000
    with pytest.raises(FormatError):
        plots.save(axes, path)
    plots.save(axes, path, force=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_picture_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"\.png, \.svg or \.pdf"):
        plots.save(new_axes((1, 1)), tmp_path / "curve.bmp")


def test_plotting_never_loads_pyplot() -> None:
    code = (
        "import sys, ecgscribe.plots as p, ecgscribe.datasets.synthetic as s\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.strip(*s.synthesize(duration=3)).figure.canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_pictures_count_the_same_beats() -> None:
    quality = np.array([1, 1, 1, 0.2, 1, 1, 1, 1], dtype=np.float32)
    beats = _beats([100 * k for k in range(8)], "NVNVNANN", quality=quality)
    n = {"N": 5, "V": 1, "S": 1}  # one V is in noise
    for draw in (plots.day, plots.heart_rate, plots.lorenz):
        labels = [str(c.get_label()) for c in draw(beats).collections if _is_class(c)]
        assert dict(label.split(": ") for label in labels) == {k: str(v) for k, v in n.items()}
    lanes = [tick.get_text() for tick in plots.timeline(beats).get_yticklabels()]
    assert dict(lane.split() for lane in lanes) == {k: str(v) for k, v in n.items()}
    assert plots.heart_rate(beats).get_title(loc="left") == "record: 7 beats"


def _with_rhythm(note: str) -> Annotation:
    """Make a minute of beats, the second half of it in a rhythm."""
    return Annotation(
        sample=np.array([*range(0, 3000, 100), 3000, *range(3000, 6000, 100)]),
        symbol=np.array(["N"] * 30 + ["+"] + ["N"] * 30),
        fs=100.0,
        aux_note=np.array([""] * 30 + [note] + [""] * 30),
        n_samples=6000,
    )


@pytest.mark.parametrize("draw", [plots.day, plots.heart_rate, plots.timeline])
def test_fibrillation_is_shaded_and_named(draw: Callable[..., Axes]) -> None:
    assert "atrial fibrillation" in draw(_with_rhythm("(AFIB")).get_title(loc="right")
    assert draw(_with_rhythm("(N")).get_title(loc="right") == ""


@pytest.mark.parametrize("draw", [plots.day, plots.heart_rate, plots.timeline])
def test_the_names_of_many_rhythms_do_not_cover_the_title(draw: Callable[..., Axes]) -> None:
    notes = [f"({label}" for label in ("AFIB", "SVTA", "VT", "VFL", "ASYS", "N")]
    marks = np.arange(0, 6000, 1000)
    beats = np.arange(50, 6000, 100)
    sample = np.concatenate([marks, beats])
    order = np.argsort(sample)
    several = Annotation(
        sample=sample[order],
        symbol=np.array(["+"] * 6 + ["N"] * 60)[order],
        fs=100.0,
        aux_note=np.array(notes + [""] * 60)[order],
        name="recording",
        n_samples=6000,
    )
    ax = draw(several)
    picture(ax)  # lays it out
    left, right = (
        next(t for t in ax.get_children() if isinstance(t, Text) and t.get_text() == shown)
        for shown in (ax.get_title(loc="left"), ax.get_title(loc="right"))
    )
    assert right.get_text().count("(") == 5
    assert not left.get_window_extent().overlaps(right.get_window_extent())
    assert right.get_window_extent().y1 <= figure_of(ax).bbox.y1


def test_beats_in_noise_have_a_letter_in_parentheses() -> None:
    record = Record(np.zeros((1000, 1), np.float32), 100.0, ("II",))
    quality = np.array([1, 0.2, 1], dtype=np.float32)
    axes = plots.strip(record, _beats([100, 200, 300], "NVN", quality=quality))
    assert [t.get_text() for t in axes.texts if t.get_text().strip("()") in "NV"] == [
        "N", "N", "(V)",
    ]  # fmt: skip


def test_a_strip_writes_intervals_and_letters_on_request() -> None:
    record = Record(np.zeros((1000, 1), np.float32), 100.0, ("II",))
    beats = _beats([100, 180, 300], "NVN")
    axes = plots.strip(record, beats, letters=False, rr=True)
    assert [t.get_text() for t in axes.texts] == [" II", "800", "1200"]
    assert axes.get_title(loc="left").endswith(", 60/min")


def test_noise_is_not_hatched_over_a_clean_beat() -> None:
    record = Record(np.zeros((1000, 1), np.float32), 100.0, ("II",))
    annotation = Annotation(
        sample=np.array([198, 200, 500, 503]),
        symbol=np.array(list("N~~N")),
        fs=100.0,
        subtype=np.array([0, 3, 0, 0]),
    )
    hatched = [c for c in plots.strip(record, annotation).collections if c.get_hatch()]
    (box,) = (c.get_paths()[0].get_extents() for c in hatched)
    assert (box.x0, box.x1) == pytest.approx((1.98 + 0.12, 5.03 - 0.08))


def test_a_strip_says_which_time_it_shows() -> None:
    signal = np.zeros((2000, 1), np.float32)
    axes = plots.strip(Record(signal, 100.0, ("II",)), start=5.0)
    assert axes.get_xlabel() == "time from the start (h:mm:ss)"
    assert "0:00:05 from the start" in axes.get_title(loc="left")
    start = datetime(2020, 5, 1, 23, 15)
    axes = plots.strip(Record(signal, 100.0, ("II",), start=start), start=5.0)
    axes.figure.canvas.draw()
    assert axes.get_xlabel() == "time of day"
    assert "23:15:05 (0:00:05 from the start)" in axes.get_title(loc="left")
    assert "23:15:06" in [tick.get_text() for tick in axes.get_xticklabels()]


def test_a_long_strip_breaks_into_rows_to_scale(recording: tuple[Record, Annotation]) -> None:
    rows = plots.strip_rows(*recording, start=2.0, end=27.0)
    assert [row.get_xlim() for row in rows] == [(2, 12), (12, 22), (22, 27)]
    rows[0].figure.canvas.draw()
    for row in rows:
        box = row.get_window_extent()
        low, high = row.get_xlim()
        mm = 25.4 / row.figure.dpi
        assert box.width * mm == pytest.approx(25 * (high - low), rel=1e-2)
        low, high = row.get_ylim()
        assert box.height * mm == pytest.approx(10 * (high - low), rel=1e-2)


def test_the_pulse_is_one_millivolt_before_each_lead(recording: tuple[Record, Annotation]) -> None:
    plain = plots.strip(recording[0], end=5.0)
    axes = plots.strip(recording[0], end=5.0, calibration=True)
    assert axes.get_xlim()[0] == pytest.approx(-0.3)
    pulses = [line for line in axes.lines if np.max(np.asarray(line.get_xdata())) <= 0]
    assert len(pulses) == len(axes.lines) - len(plain.lines) == 2
    for pulse in pulses:
        assert np.ptp(np.asarray(pulse.get_ydata(), dtype=float)) == 1.0


def _luminance(colour: str) -> float:
    """As of WCAG 2."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", AAMI_CLASSES)
@pytest.mark.parametrize("paper", ["#EBB5B5", "#F7DCDC", "#FFFFFF"])
def test_letters_stand_out_on_the_paper(name: str, paper: str) -> None:
    contrast = (_luminance(paper) + 0.05) / (_luminance(LETTER_COLOURS[name]) + 0.05)
    assert contrast >= 4.5
