"""The folder of a training run: its settings, its log, its weights and its learning curves."""

from __future__ import annotations

import csv
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.errors import ModelError
from ecgscribe.files import atomic_write, make_folder, write_text
from ecgscribe.training.config import TrainingConfig

__all__ = ["Log", "check_run", "draw_curves", "open_run", "prefixed", "save_weights"]

Log = Callable[[str], None]
"""Takes one line of progress."""
_CONFIG, _MODEL = "config.json", "model.json"


def check_run(out: Path, config: TrainingConfig, *, resume: bool) -> None:
    """Refuse a folder that may not become that of a run, and make none; see `open_run`."""
    path = out / _CONFIG
    settings = _settings(config)
    earlier = path.read_text(encoding="utf-8") if path.is_file() else settings
    if path.is_file() and not resume:
        raise ModelError(
            f"{out}: expected a new folder for the run, found an earlier run; "
            "resume it with --resume, or name another --out"
        )
    if (out / _MODEL).is_file() and not path.is_file():
        raise ModelError(
            f"{out}: expected a new folder for the run, found a model ({_MODEL}); name another "
            "--out"
        )
    # A run of an earlier version lacks the parts of a configuration that it did not know.
    if json.loads(settings) != json.loads(settings) | json.loads(earlier):
        raise ModelError(
            f"{out}: expected the configuration that the run began with ({_CONFIG}), found "
            "another; give the same --config, or name another --out"
        )
    if out.exists():
        make_folder(out)  # refuses what is no folder


def _settings(config: TrainingConfig) -> str:
    return json.dumps(dataclasses.asdict(config), indent=1) + "\n"


def open_run(
    out: Path, config: TrainingConfig, *, resume: bool, progress: Log | None = None
) -> Log:
    """Make or reopen a run folder.

    Parameters
    ----------
    out : Path
    config : TrainingConfig
        Written as ``config.json``.
    resume : bool
        Accept a folder that holds a run with the same configuration.
    progress : callable, optional
        Takes each line of the log, with the seconds since this call in front.

    Returns
    -------
    callable
        Writes one line to ``log.txt`` and to `progress`.

    Raises
    ------
    ModelError
        If the folder holds a run that is not to be resumed, one with another configuration, or a
        model of none.
    """
    check_run(out, config, resume=resume)
    make_folder(out)
    write_text(out / _CONFIG, _settings(config), force=True)
    started = time.monotonic()

    def log(line: str) -> None:
        if progress is not None:
            progress(f"{time.monotonic() - started:6.0f} s  {line}")
        with (out / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    return log


def prefixed(log: Log, part: str) -> Log:
    """Return a log that names a part of the run in front of each line, as in ``fold 2: ...``."""

    def log_part(line: str) -> None:
        log(f"{part}: {line}")

    return log_part


def save_weights(model: Any, path: Path) -> None:
    """Write the weights of a Keras model, whole or not at all."""
    atomic_write(path, model.save_weights, force=True)


def draw_curves(folder: Path) -> None:
    """Draw the history of the trunk, the beat head and the rhythm networks, if any, as PNG."""
    from ecgscribe import plots

    for part in ("trunk", "beats", "rhythm", "intervals"):
        path = folder / f"{part}.csv"
        if not path.is_file():
            continue
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        history = {
            key: [float(row[key]) if row[key] else np.nan for row in rows]
            for key in rows[0]
            if key != "epoch"
        }
        plots.save(plots.training_curves(history), folder / f"{part}.png", force=True)
