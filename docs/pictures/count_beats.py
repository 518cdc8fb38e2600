"""Count the beats of DS1 and DS2 by class, from the reference annotations, and draw them.

python docs/pictures/count_beats.py --data-dir data    # writes beats.csv and beats.svg
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

from ecgscribe import datasets, formats
from ecgscribe.plots.style import CLASS_COLOURS
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

HERE = Path(__file__).parent


def count(split: str, *, data_dir: Path | None = None) -> dict[str, int]:
    """Count the beats of a split of mitdb by class, as papers assign symbols to classes."""
    folder = datasets.locate("mitdb", data_dir=data_dir)
    found: Counter[str] = Counter()
    for record in datasets.split_records("mitdb", split):
        annotation = formats.read_annotation(folder / record, "atr")
        found.update(AAMI_CLASSES[k] for k in annotation.class_index if k >= 0)
    return {name: found[name] for name in AAMI_CLASSES}


def rows(*, data_dir: Path | None = None) -> list[list[str]]:
    """Give the table: a row a class, with numbers and shares."""
    splits = {split: count(split, data_dir=data_dir) for split in ("ds1", "ds2")}
    table = [["class", "", "DS1", "%", "DS2", "%"]]
    for name in AAMI_CLASSES:
        row = [name, CLASS_NAMES[name]]
        for counts in splits.values():
            row += [f"{counts[name]:,}", f"{100 * counts[name] / sum(counts.values()):.2f}"]
        table.append(row)
    return table


def draw(table: list[list[str]], out: Path) -> None:
    """Draw the numbers; on the usual scale the rare classes would not be seen."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "ecgscribe", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 3), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, column, split in zip(axes, (2, 4), ("DS1: training", "DS2: test"), strict=True):
            numbers = [int(row[column].replace(",", "")) for row in table[1:]]
            ax.bar(AAMI_CLASSES, numbers, color=[CLASS_COLOURS[c] for c in AAMI_CLASSES])
            for k, number in enumerate(numbers):
                ax.text(k, number * 1.15, f"{number:,}", ha="center", fontsize=8)
            ax.set(yscale="log", ylim=(1, 3e5), title=split)
            ax.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel("beats (a step is tenfold)")
        figure.savefig(out, facecolor="white", metadata={"Date": None})


def main() -> None:
    """Count, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="folder that holds mitdb")
    table = rows(data_dir=parser.parse_args().data_dir)
    with (HERE / "beats.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    draw(table, HERE / "beats.svg")


if __name__ == "__main__":
    main()
