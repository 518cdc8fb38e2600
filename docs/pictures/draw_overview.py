"""Draw what ecgscribe does, in one picture, from a synthetic recording.

python docs/pictures/draw_overview.py    # writes overview.png beside this file
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.plots.style import CLASS_COLOURS
from ecgscribe.symbols import AAMI_CLASSES

START, END = 2.6, 10.6  # s: the span that is shown


def _signal(ax: Axes, record: ecgscribe.Record) -> None:
    first, last = round(START * record.fs), round(END * record.fs)
    time = [k / record.fs for k in range(first, last)]
    ax.plot(time, record.signal[first:last, 0], color="#333", linewidth=1.0)
    ax.set_xlim(START, END)
    ax.set_axis_off()


def draw(out: Path) -> None:
    """Draw a recording above, and the same with its beats below."""
    record, _ = synthesize(duration=60, seed=3, name="synthetic")
    beats = ecgscribe.annotate(record).beats()
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    above, below = figure.subplots(2, height_ratios=(2, 3.2))
    _signal(above, record)
    above.set_title(
        "A recording goes in: any length, one lead or more, 100 to 2,000 Hz", loc="left"
    )
    _signal(below, record)
    below.set_title(
        "Every heartbeat comes out: its class (N normal, V ventricular, S supraventricular …),\n"
        "how sure that is, and the time of its R-peak",
        loc="left",
    )
    lowest, highest = below.get_ylim()
    below.set_ylim(lowest, highest + 0.55 * (highest - lowest))
    assert beats.probability is not None
    for sample, index, probability in zip(
        beats.sample, beats.class_index, beats.probability, strict=True
    ):
        time, name = sample / record.fs, AAMI_CLASSES[index]
        if not START < time < END:
            continue
        colour = CLASS_COLOURS[name]
        around = slice(round(sample - 0.08 * record.fs), round(sample + 0.12 * record.fs))
        span = [k / record.fs for k in range(around.start, around.stop)]
        below.plot(span, record.signal[around, 0], color=colour, linewidth=2.2)
        below.plot(time, record.signal[sample, 0], "o", color=colour, markersize=5)
        text = f"{100 * probability[index]:.1f}%\n{time:.2f} s"
        below.text(time, highest + 0.12, text, color=colour, ha="center", va="bottom", fontsize=8)
        below.text(
            time, highest + 0.47 * (highest - lowest), name,
            color=colour, ha="center", va="center", fontsize=13, fontweight="bold",
        )  # fmt: skip
    figure.savefig(out, dpi=130, facecolor="white", metadata={"Software": None})


if __name__ == "__main__":
    draw(Path(__file__).with_name("overview.png"))
