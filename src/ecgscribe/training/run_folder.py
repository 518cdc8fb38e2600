"""The folder of a training run: its log, its weights and its curves."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.errors import ModelError
from ecgscribe.files import atomic_write, write_text
from ecgscribe.training.config import TrainingConfig

__all__ = ["Log", "save_weights", "write_history"]


def open_run(out: Path, config: TrainingConfig, *, resume: bool) -> Log:
    """Make or reopen the run folder; give the function that logs to it and to the terminal."""
    settings = json.dumps(dataclasses.asdict(config), indent=1) + "\n"
    path = out / "config.json"
    if path.is_file() and not resume:
        raise ModelError(
            f"{out}: expected a new folder for the run, found an earlier run; "
            "go on with it by --resume, or name another --out"
        )
    if path.is_file() and path.read_text(encoding="utf-8") != settings:
        raise ModelError(
            f"{out}: expected the configuration that the run began with (config.json), found "
            "another; give the same --config, or name another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    write_text(path, settings, force=True)
    started = time.monotonic()

    def log(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {line}\n")
        sys.stderr.flush()
        with (out / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    return log


def draw_curves(out: Path) -> None:
    from ecgscribe import plots

    for phase in ("trunk", "beats"):
        path = out / f"{phase}.csv"
        if not path.is_file():
            continue
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        history = {
            key: [float(row[key]) if row[key] else np.nan for row in rows]
            for key in rows[0]
            if key != "pass"
        }
        plots.save(plots.training_curves(history), out / f"{phase}.png", force=True)


Log = Callable[[str], None]


def save_weights(model: Any, path: Path) -> None:
    """Write the weights of a Keras model, whole or not at all."""
    atomic_write(path, model.save_weights, force=True)


def write_history(path: Path, history: Sequence[Mapping[str, object]]) -> None:
    """Write the course of a training, or another table of rows, as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in history for key in row)))
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue(), force=True)
